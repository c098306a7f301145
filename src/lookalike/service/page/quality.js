// Quality: what was measured when the generation was made, and two generations compared.
import { json, seen, tell } from "./api.js";
import { quiet, words } from "./answer.js";
import { bytesOf, card, element, grey, picture } from "./draw.js";
import { driftCards } from "./drift.js";
import { loopCards } from "./loop.js";

const cell = (text) => element("td", { class: "n" }, text);
const heads = (...names) => element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
const between = ({ low, high }, digits = 4) => `${low.toFixed(digits)} to ${high.toFixed(digits)}`;

function metricTable(metrics) {
  const rows = Object.entries(metrics).map(([name, m]) => {
    const range = element("div", { class: "range" }), band = element("i"), mark = element("b");
    band.style.left = `${100 * m.low}%`; band.style.width = `${Math.max(0.6, 100 * (m.high - m.low))}%`; mark.style.left = `${100 * m.value}%`;
    if (m.low >= 0 && m.high <= 1) range.append(band, mark);
    return element("tr", {}, element("th", { scope: "row" }, words(name)), cell(m.value.toFixed(4)), cell(between(m)), element("td", { class: "wide" }, range.firstChild ? range : ""));
  });
  return element("table", { class: "wide" }, heads("metric", "value", "95% interval", "0 … 1"), ...rows);
}

function comparisonTable(comparisons) {
  const rows = Object.entries(comparisons).map(([name, { difference, p_value: p, test }]) => element("tr", {},
    element("th", { scope: "row" }, name), cell(difference.value.toFixed(4)), cell(between(difference)), cell(p < 0.001 ? "< 0.001" : p.toFixed(3)), element("td", {}, test)));
  return element("table", {}, heads("compared with", "difference", "95% interval", "p", "test"), ...rows);
}

// chosen : called with the classes of a cell that was pressed
function confusionTable({ classes, confusion }, chosen) {
  const most = Math.max(1, ...confusion.flatMap((row, i) => row.filter((_, j) => i !== j)));
  const table = element("table", { class: "confusion" }, element("caption", { class: "quiet" }, "Rows: what it is. Columns: what it was taken for."), element("tr", {}, element("td"), ...classes.map((name) => element("th", { scope: "col" }, String(name)))));
  confusion.forEach((row, i) => {
    const cells = row.map((n, j) => {
      const right = i === j, press = () => chosen(classes[i], classes[j], n);
      const shown = element("td", {}, n && !right ? element("button", { "aria-label": `${n} times ${classes[i]} was taken for ${classes[j]}: show them`, onclick: press }, String(n)) : String(n));
      const share = right ? 0.32 : Math.sqrt(n / most);
      shown.style.background = `color-mix(in srgb, var(${right ? "--good" : "--bad"}) ${Math.round(60 * share)}%, transparent)`;
      return shown;
    });
    table.append(element("tr", {}, element("th", { scope: "row" }, String(classes[i])), ...cells));
  });
  return table;
}

const likeThis = (image) => dispatchEvent(new CustomEvent("more-like", { detail: { image } }));

function mistake({ truth, predicted, pixels }, shape) {
  const image = grey(bytesOf(pixels), shape[1], shape[0]);
  return element("button", { class: "hit other", title: `It is ${truth}, taken for ${predicted}`, "aria-label": `A ${truth} taken for ${predicted}: more like this`, onclick: () => likeThis(image) },
    element("div", { class: "thumb" }, picture(image)),
    element("div", { class: "text" }, element("span", {}, `${truth} → `, element("b", {}, String(predicted)))));
}

// Mistakes as pictures, each of which can be asked about; of two classes alone once a cell of the table was pressed.
function mistakes({ errors, shape }) {
  const pictures = element("div", { class: "hits small" }), told = element("p", { class: "quiet", id: "errors-note" });
  const all = element("button", { hidden: "", onclick: () => show() }, "All mistakes");

  function show(truth, predicted, n) {
    const some = truth === undefined ? errors : errors.filter((e) => String(e.truth) === String(truth) && String(e.predicted) === String(predicted));
    all.hidden = truth === undefined;
    told.textContent = truth === undefined ? `${errors.length} pictures were kept.` : `${n} times ${truth} was taken for ${predicted}; ${some.length} of these pictures were kept.`;
    pictures.replaceChildren(...some.map((each) => mistake(each, shape)));
    if (truth !== undefined) { tell(told.textContent); pictures.closest(".card").scrollIntoView({ block: "nearest" }); }
  }

  show();
  return { nodes: [element("div", { class: "row" }, told, all), pictures], show };
}

// What one generation alone took for something else.
function differing({ differing: found }, names) {
  if (!found) return [];
  return ["first", "second"].flatMap((side, i) => {
    const some = found[`wrong_in_${side}`];
    return [element("h3", {}, some.length ? `Wrong in ${names[i]} alone` : `None of the kept mistakes is of ${names[i]} alone`),
      element("div", { class: "hits small" }, ...some.map((each) => mistake(each, found.shape)))];
  });
}

async function comparison(system) {
  const { current, generations } = await json(`${system.path}/generations`);
  const whole = generations.filter((g) => g.whole).map((g) => g.name);
  if (whole.length < 2) return [quiet("There is one generation; train another to compare.")];
  const choose = (picked, label) => element("select", { "aria-label": label, onchange: draw }, ...whole.map((name) => element("option", name === picked ? { selected: "" } : {}, name)));
  const first = choose(current, "First generation"), second = choose(whole.filter((n) => n !== current).at(-1), "Second generation"), result = element("div");
  async function draw() {
    const found = await json(`${system.path}/generations/compare?first=${first.value}&second=${second.value}`);
    const side = ({ value, low, high }) => cell(`${value.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}]`);
    const rows = Object.keys(found.first).filter((name) => found.second[name]).map((name) => element("tr", {}, element("th", { scope: "row" }, words(name)), side(found.first[name]), side(found.second[name])));
    result.replaceChildren(...(rows.length ? [element("table", { class: "wide" }, heads("metric", first.value, second.value), ...rows)] : []), element("p", {}, found.sentence), ...differing(found, [first.value, second.value]));
  }
  await draw();
  return [element("div", { class: "row" }, first, " beside ", second), result];
}

export function qualityView(system) {
  const box = element("div", { class: "stack" });
  let shown = null;

  async function load() {
    const { generation, metrics, comparisons, quality } = await json(`${system.path}/quality`), some = (found) => Object.keys(found).length;
    shown = generation;
    seen(system, generation);
    const wrong = quality?.errors?.length ? mistakes(quality) : null, chosen = (...cell) => wrong?.show(...cell);
    const cards = [
      card("How good it is", "metrics", quiet(`Generation ${generation}, measured when it was made.`), some(metrics) ? metricTable(metrics) : quiet("This generation was saved without an evaluation.")),
      ...(some(comparisons) ? [card("Beside other methods, on the same test data", "comparisons", comparisonTable(comparisons))] : []),
      ...(quality?.confusion ? [card("What is taken for what", "confusion", confusionTable(quality, chosen))] : []),
      ...(wrong ? [card("Mistakes", "errors", ...wrong.nodes)] : []),
      card("Two generations", "compare", ...await comparison(system)),
      ...await driftCards(system), ...await loopCards(system)];
    if (shown === generation) box.replaceChildren(...cards);
  }

  return {
    nodes: [box],
    open: load,
    async follow() { if (shown !== system.generation) await load(); },
  };
}
