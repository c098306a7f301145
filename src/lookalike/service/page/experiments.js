// Experiments: what runs on a system and what ran, each with its steps and what was seen.
import { json } from "./api.js";
import { quiet, words } from "./answer.js";
import { date, element, short, svg } from "./draw.js";

const heads = (...names) => element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
const row = (name, ...cells) => element("tr", {}, element("th", { scope: "row" }, name), ...cells.map((text) => element("td", { class: "n" }, String(text))));
const between = ({ low, high }) => `${short(low)} to ${short(high)}`;
const kinds = { ab: "A/B test", interleaving: "interleaving", canary: "canary", shadow: "shadow" };

// One interval a look, oldest first, around the line of no difference.
function intervals(looks, metric, treatment) {
  const found = looks.map((look) => look.metrics.find((m) => m.metric === metric && m.treatment === treatment)).filter((m) => m?.difference_low != null && m?.difference_high != null);
  if (!found.length) return quiet("No interval yet.");
  const most = Math.max(...found.flatMap((m) => [Math.abs(m.difference_low), Math.abs(m.difference_high)])) || 1;
  const width = 320, height = 90, x = (i) => 20 + (width - 40) * (found.length < 2 ? 0.5 : i / (found.length - 1)), y = (v) => height / 2 - (height / 2 - 8) * v / most;
  const last = found.at(-1);
  const label = `${metric} of ${treatment}, difference over ${found.length} looks; the last is ${short(last.difference)}, ${between({ low: last.difference_low, high: last.difference_high })}`;
  const drawn = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "intervals", role: "img", "aria-label": label },
    svg("line", { x1: 0, x2: width, y1: y(0), y2: y(0), class: "zero" }),
    ...found.flatMap((m, i) => [svg("line", { x1: x(i), x2: x(i), y1: y(m.difference_low), y2: y(m.difference_high) }), svg("circle", { cx: x(i), cy: y(m.difference), r: 3 })]));
  return element("div", {}, drawn, element("p", { class: "quiet" }, `difference ${short(last.difference)}, ${between({ low: last.difference_low, high: last.difference_high })}`));
}

function looked({ looks }) {
  if (!looks.length) return [quiet("Nobody has looked yet: a service looks once a day, and when it is asked to.")];
  const last = looks.at(-1), verdicts = Object.entries(last.verdicts).map(([name, v]) => element("p", {}, element("b", {}, `${name}: ${v.word}. `), v.reasons.join(" ")));
  const each = last.metrics.map((m) => element("div", {}, element("h3", {}, `${m.metric}, ${m.treatment}${m.control == null ? "" : `: ${short(m.treatment_value)} beside ${short(m.control)}`} (${m.outcome})`), intervals(looks, m.metric, m.treatment)));
  return [...verdicts, element("div", { class: "pair" }, ...each)];
}

function preferred({ preference: p }) {
  if (!p) return [quiet("No list has a winner yet.")];
  return [element("p", {}, element("b", {}, `${p.of} wins ${Math.round(100 * p.share)}%`), ` of the lists with a winner (95% interval ${between(p)}; one half is no preference), p = ${short(p.p_value)}.`)];
}

function differences({ differences: found }) {
  const verbs = Object.entries(found);
  if (!verbs.length) return [quiet("No request was answered twice yet.")];
  return verbs.map(([verb, means]) => element("table", {}, element("caption", { class: "quiet" }, `${verb}, ${means.requests.toLocaleString("en")} requests`), heads("of each request", "mean", "95% interval"),
    ...Object.entries(means).filter(([, m]) => m.mean != null).map(([name, m]) => row(words(name), short(m.mean), between(m)))));
}

function progress({ answers, requests }) {
  const share = Math.min(1, answers.canary.lists / requests), bar = element("i");
  bar.style.width = `${100 * share}%`;
  return [element("div", { class: "bar", role: "meter", "aria-valuemin": 0, "aria-valuemax": 1, "aria-valuenow": share, "aria-label": "requests of the canary" }, bar), element("p", { class: "quiet" }, `${answers.canary.lists.toLocaleString("en")} of ${requests.toLocaleString("en")} requests`)];
}

const seenOf = { ab: looked, interleaving: preferred, shadow: differences, canary: progress };

function shares({ variants, coverage, unit }) {
  const each = variants.map((v) => `${v.name} ${Math.round(100 * v.weight)}%: ${v.generation ? `generation ${v.generation}` : "what answers"}`).join(", ");
  return `${each}. ${Math.round(100 * coverage)}% of the ${{ user: "users", session: "sessions", query: "requests" }[unit]} are in it.`;
}

const shadowed = ({ variants, coverage }) => `Generation ${variants[1].generation} answers ${Math.round(100 * coverage)}% of the requests a second time, unseen.`;

function experimentCard(found) {
  return element("div", { class: "card experiment" },
    element("div", { class: "row spread" }, element("h2", {}, found.key), element("span", { class: "pill" }, `${kinds[found.kind]}, ${found.state}`)),
    element("p", { class: "quiet" }, `Version ${found.version}. ${found.kind === "shadow" ? shadowed(found) : shares(found)}`),
    ...seenOf[found.kind](found),
    element("div", { class: "scroll" }, element("table", {}, heads("", "lists", "failed", "slow"), ...Object.entries(found.answers).map(([name, n]) => row(name, n.lists, n.failed, n.slow)))),
    element("details", {}, element("summary", {}, "Every step"), element("ol", { class: "steps" }, ...found.steps.map((s) => element("li", {}, element("time", {}, date(s.at)), ` ${s.step}: ${s.reason}`)))));
}

export function experimentsView(system) {
  const box = element("div", { class: "stack" });
  return {
    nodes: [box],
    async open() {
      const { experiments } = await json("v1/experiments"), own = experiments.filter((each) => each.system === system.name).slice(0, 20);
      const whole = await Promise.all(own.filter((e, i) => own.findIndex((other) => other.key === e.key) === i).map((e) => json(`v1/experiments/${encodeURIComponent(e.key)}`)));
      box.replaceChildren(...(whole.length ? whole.map(experimentCard) : [element("div", { class: "card" }, element("h2", {}, "No experiment"), quiet("Two generations are compared by lookalike experiments start, or POST v1/experiments."))]));
    },
  };
}
