// The loop: every run that learned again, each step with its reason.
import { json } from "./api.js";
import { quiet } from "./answer.js";
import { card, date, element } from "./draw.js";

export async function loopCards(system) {
  if (!system.can("retrain")) return [];
  const { steps } = await json(`${system.path}/loop?n=10`), runs = new Map();
  for (const step of steps) runs.set(step.run, [...(runs.get(step.run) || []), step]);
  const told = [...runs.values()].map((run) => element("details", {}, element("summary", {}, `${date(run[0].timestamp)}: ${run[0].step}. ${run[0].reason}`),
    element("ol", { class: "steps" }, ...[...run].reverse().map((s) => element("li", {}, element("time", {}, date(s.timestamp)), ` ${s.step}: ${s.reason}`)))));
  return [card("Learned again", "loop", ...(told.length ? told : [quiet("It has not learned again.")]))];
}
