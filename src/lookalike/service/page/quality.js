// Quality: what was measured when the generation was made, and two generations compared.
import { json, system } from "./api.js";
import { element, grey, picture } from "./draw.js";

const title = (name) => name.replaceAll("_", " ");

function metricTable(metrics) {
  const body = element("tbody");
  for (const [name, m] of Object.entries(metrics)) {
    const range = element("div", { class: "range" }), band = element("i"), mark = element("b");
    const low = Math.max(0, m.low), high = Math.min(1, Math.max(m.high, 0));
    band.style.left = `${100 * low}%`; band.style.width = `${Math.max(0.6, 100 * (high - low))}%`; mark.style.left = `${100 * Math.min(1, Math.max(0, m.value))}%`;
    range.append(band, mark);
    body.append(element("tr", {}, element("th", { scope: "row" }, title(name)), element("td", { class: "n" }, m.value.toFixed(4)), element("td", { class: "n" }, `${m.low.toFixed(4)} to ${m.high.toFixed(4)}`), element("td", { class: "wide" }, range)));
  }
  return element("table", { class: "wide" }, element("thead", {}, element("tr", {}, element("th", {}, "metric"), element("th", {}, "value"), element("th", {}, "95% interval"), element("th", {}, "0 … 1"))), body);
}

function confusionTable({ classes, confusion }) {
  const most = Math.max(1, ...confusion.flatMap((row, i) => row.filter((_, j) => i !== j)));
  const table = element("table", { class: "confusion" }, element("caption", { class: "quiet" }, "Rows: what it is. Columns: what it was taken for."));
  table.append(element("tr", {}, element("th", {}), ...classes.map((c) => element("th", { scope: "col" }, String(c)))));
  confusion.forEach((row, i) => {
    const cells = row.map((n, j) => {
      const cell = element("td", {}, String(n)), right = i === j;
      const share = right ? 0.32 : Math.sqrt(n / most);
      cell.style.background = `color-mix(in srgb, var(${right ? "--good" : "--bad"}) ${Math.round(60 * share)}%, transparent)`;
      return cell;
    });
    table.append(element("tr", {}, element("th", { scope: "row" }, String(classes[i])), ...cells));
  });
  return table;
}

function mistakes({ errors, shape }) {
  return errors.map((e) => {
    const image = grey(Uint8Array.from(atob(e.pixels), (c) => c.charCodeAt(0)), shape[1], shape[0]);
    return element("div", { class: "hit other", title: `It is ${e.truth}, taken for ${e.predicted}` },
      element("div", { class: "thumb" }, picture(image, `A ${e.truth} taken for ${e.predicted}`)),
      element("div", { class: "text" }, element("span", {}, `${e.truth} → `, element("b", {}, String(e.predicted)))));
  });
}

async function comparison(where) {
  const box = document.getElementById("compare"), { current, generations } = await json(`${where}/generations`);
  const whole = generations.filter((g) => g.whole).map((g) => g.name);
  if (whole.length < 2) return box.replaceChildren(element("p", { class: "quiet" }, "There is one generation; train another to compare."));
  const choose = (picked, label) => {
    const select = element("select", { "aria-label": label }, ...whole.map((name) => element("option", name === picked ? { selected: "" } : {}, name)));
    select.addEventListener("change", draw);
    return select;
  };
  const first = choose(current, "First generation"), second = choose(whole.filter((n) => n !== current).at(-1), "Second generation"), result = element("div");
  async function draw() {
    const told = await json(`${where}/generations/compare?first=${first.value}&second=${second.value}`);
    const rows = Object.keys(told.first).filter((name) => told.second[name]).map((name) => element("tr", {}, element("th", { scope: "row" }, title(name)),
      ...["first", "second"].map((side) => element("td", { class: "n" }, `${told[side][name].value.toFixed(4)} [${told[side][name].low.toFixed(4)}, ${told[side][name].high.toFixed(4)}]`))));
    result.replaceChildren(element("table", { class: "wide" }, element("tr", {}, element("th", {}, ""), element("th", {}, first.value), element("th", {}, second.value)), ...rows), element("p", {}, told.sentence));
  }
  box.replaceChildren(element("div", { class: "row" }, first, " beside ", second), result);
  await draw();
}

export async function openQuality() {
  const where = await system(), found = await json(`${where}/quality`);
  document.getElementById("metrics").replaceChildren(metricTable(found.metrics));
  const none = () => element("p", { class: "quiet" }, "This generation was saved without its test answers.");
  document.getElementById("confusion").replaceChildren(found.quality ? confusionTable(found.quality) : none());
  document.getElementById("errors").replaceChildren(...(found.quality ? mistakes(found.quality) : [none()]));
  await comparison(where);
}
