// Drift: how the lists of now differ from those that the generation began with, and what rang.
import { json } from "./api.js";
import { quiet } from "./answer.js";
import { card, date, element, short, svg } from "./draw.js";

// Bars of both windows side by side, each as shares of its own lists.
function bars(name, { edges, reference, now }) {
  const shares = [reference, now].map((counts) => { const all = counts.reduce((a, b) => a + b, 0) || 1; return counts.map((n) => n / all); });
  const most = Math.max(...shares.flat()) || 1, width = 160, height = 56, step = width / reference.length;
  const drawn = shares.flatMap((each, side) => each.map((share, i) => svg("rect", { x: step * (i + 0.1 + 0.4 * side), width: 0.4 * step, y: height * (1 - share / most), height: height * share / most, class: side ? "now" : "before" })));
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "bars-of", role: "img", "aria-label": `${name} from ${short(edges[0])} to ${short(edges.at(-1))}: the first lists and those of now` }, ...drawn);
}

function features(report) {
  const moved = Object.entries(report.features).sort(([, a], [, b]) => (b.psi ?? 0) - (a.psi ?? 0)).slice(0, 24);
  const joint = report.joint ? [element("p", {}, `All features together: lists of now are told from the first ones with an area under the ROC curve of ${short(report.joint.effect)}; 0.5 is nothing.`)] : [];
  return [...joint, element("p", { class: "quiet" }, element("span", { class: "key before" }), " the first lists ", element("span", { class: "key now" }), " those of now"),
    element("div", { class: "pair" }, ...moved.map(([name, each]) => element("div", {}, element("h3", {}, name), bars(name, each),
      element("p", { class: "quiet" }, `stability index ${short(each.psi)}, p = ${short(each.corrected)}`))))];
}

function rung(alarms) {
  if (!alarms.length) return quiet("Nothing rang.");
  return element("ol", { class: "steps" }, ...alarms.map((a) => element("li", {}, element("time", {}, date(a.raised)), ` ${a.sentence}${a.acknowledged ? " (seen)" : ""}`)));
}

export async function driftCards(system) {
  const [found, { alarms }] = await Promise.all([json(`${system.path}/drift`), json(`v1/alarms?n=20&system=${encodeURIComponent(system.name)}`)]);
  const seen = found.report ? features(found.report) : [quiet(found.sentence || "Nothing was compared yet.")];
  return [card("Since it answers", "drift", ...seen), card("Alarms", "alarms", rung(alarms))];
}
