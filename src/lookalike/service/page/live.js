// Live: what this service does right now, from its own counters; of all its systems together.
import { json, say } from "./api.js";
import { chart, element } from "./draw.js";

const past = { rate: [], errors: [], p50: [], p95: [], p99: [] };
const canvas = (id, label) => element("canvas", { id, class: "chart", role: "img", "aria-label": label });
const tiles = element("div", { class: "tiles", id: "tiles" });
const rates = canvas("chart-rate", "Requests a second over the last two minutes"), latency = canvas("chart-latency", "Latency percentiles over the last two minutes");
const nodes = [tiles, element("div", { class: "card" }, element("h2", {}, "Requests a second"), rates), element("div", { class: "card" }, element("h2", {}, "Latency, milliseconds"), latency)];
let timer = null, before = null;

function quantile(buckets, share) {
  const total = buckets.at(-1)[1];
  if (!total) return 0;
  let low = 0, below = 0;
  for (const [edge, count] of buckets) {
    if (count >= share * total) return 1000 * (edge === null ? low : low + (edge - low) * (share * total - below) / Math.max(1, count - below));
    low = edge; below = count;
  }
  return 1000 * low;
}

const tile = (name, value) => element("div", { class: "card tile" }, element("b", {}, value), element("span", {}, name));

async function look() {
  let now;
  try { now = await json("v1/live"); say(""); } catch (error) { return say(error.message); }
  if (before && now.time > before.time) {
    const seconds = now.time - before.time, per = (key) => Math.max(0, now[key] - before[key]) / seconds;
    const buckets = now.buckets.map(([edge, count], i) => [edge, count - (before.buckets[i]?.[1] ?? 0)]);
    const add = (list, value) => { list.push(value); if (list.length > 120) list.shift(); };
    add(past.rate, per("requests")); add(past.errors, per("errors"));
    for (const [name, share] of [["p50", 0.5], ["p95", 0.95], ["p99", 0.99]]) add(past[name], quantile(buckets, share));
    tiles.replaceChildren(
      tile("requests a second", past.rate.at(-1).toFixed(1)), tile("p99, milliseconds", past.p99.at(-1).toFixed(1)), tile("errors a second", past.errors.at(-1).toFixed(1)),
      tile("events a second", per("events").toFixed(1)), tile("events stored", now.events.toLocaleString("en")), tile("changed items", now.changed.toLocaleString("en")), tile("refused", now.refused.toLocaleString("en")));
    const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
    chart(rates, [{ name: "answered", values: past.rate, colour: ink("--accent") }, { name: "errors", values: past.errors, colour: ink("--bad") }]);
    chart(latency, [{ name: "p50", values: past.p50 }, { name: "p95", values: past.p95 }, { name: "p99", values: past.p99 }]);
  }
  before = now;
}

export const liveView = () => ({
  nodes,
  async open() {
    if (timer) return;
    timer = setInterval(look, 1000);
    await look();
  },
  close() { clearInterval(timer); timer = null; },
});
