// What systems answer: labels with bars, items that were found, and the reasons.
import { say, send } from "./api.js";
import { bars, bytesOf, element, grey, picture, thumbnails } from "./draw.js";

export const quiet = (text) => element("p", { class: "quiet" }, text);
export const words = (name) => name.replaceAll("_", " ");
export const number = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 100 ? 3 : 1));
export const countChoice = (counts, chosen, onchange) => element("select", { id: "k", "aria-label": "How many", onchange },
  ...counts.map((n) => element("option", n === chosen ? { selected: "" } : {}, String(n))));

// One record of classify: a label, and whatever fields the system adds.
export function verdict(record) {
  const fields = Object.entries(record).filter(([name, value]) => name !== "input" && value !== null && value !== "");
  const shares = fields.filter(([, value]) => typeof value === "object" && !Array.isArray(value) && Object.keys(value).length);
  const plain = fields.filter(([name, value]) => typeof value !== "object" && name !== "label" && value !== false);
  if (record.evidence && record.probabilities) return voted(record);
  if (record.label == null && !shares.length && !plain.length) return element("p", {}, "Nothing was found.");
  const flag = plain.find(([, value]) => value === true), label = String(record.label ?? (flag ? words(flag[0]) : "no answer"));
  const facts = plain.filter(([name, value]) => value !== true && !(name === "probability" && shares.length));
  return element("div", { class: "verdict" },
    element("div", { class: label.length > 2 ? "big long" : "big" }, label),
    ...shares.map(([name, value]) => bars(value, words(name))),
    ...facts.map(([name, value]) => element("span", { class: "fact" }, `${words(name)} `, element("b", {}, typeof value === "number" ? number(value) : value))));
}

// A label that neighbours voted for. Votes are no probability, and of what is unlike anything known they say little.
function voted({ label, probabilities, evidence, unlike_known: unlike }) {
  const n = evidence.length, votes = Math.round(n * probabilities[label]), count = `${votes} of ${n} votes`;
  const tied = Object.keys(probabilities).filter((each) => probabilities[each] === probabilities[label]);
  const shown = tied.length > 1 && !unlike
    ? element("div", { class: "unlike" }, element("b", {}, `${tied.slice(0, -1).join(", ")} or ${tied.at(-1)}?`), element("p", { class: "quiet" }, `The votes are tied: ${count} for each.`))
    : unlike
    ? element("div", { class: "unlike" }, element("b", {}, "Unlike anything known."), element("p", { class: "quiet" }, `The nearest known ones, which are far from it, are called ${label} (${count}).`))
    : element("div", {}, element("div", { class: String(label).length > 2 ? "big long" : "big" }, String(label)), element("div", { class: "fact" }, count));
  return element("div", { class: "verdict" }, shown, bars(probabilities, "votes for", { say: (share) => `${Math.round(n * share)} of ${n}` }));
}

// Items with pictures, each a button.
export async function tiles(system, hits, chosen, marked = () => "") {
  const images = await thumbnails(system, hits.map((hit) => hit.id));
  return hits.map((hit, i) => {
    const [what, near] = "distance" in hit ? ["distance", hit.distance] : ["similarity", hit.similarity ?? hit.score];
    const name = String(hit.label ?? hit.id).split("/").pop();
    return element("button",
      { class: `hit ${marked(hit)}`, title: hit.label ?? hit.id, "aria-label": `Item ${hit.id}, ${name}, ${what} ${near.toFixed(2)}. Why?`, onclick: () => chosen(hit, i, images[i]) },
      element("div", { class: "thumb" }, picture(images[i])),
      element("div", { class: "text" }, element("b", name.length > 6 ? { class: "long" } : {}, name), element("small", {}, near.toFixed(2))));
  });
}

// Items by name, one a line, with the reason where there is one.
export function lines(hits, why, without) {
  return element("ol", { class: "lines" }, ...hits.map((hit) => element("li", {},
    element("div", {}, element("b", {}, String(hit.title ?? hit.label ?? hit.id)), hit.reason ? element("span", { class: "quiet" }, hit.reason) : "",
      hit.passage ? element("p", { class: "passage" }, ...marked(hit.passage, hit.matches)) : ""),
    element("small", { title: "score" }, number(hit.score)),
    why ? element("button", { "aria-label": `Why ${hit.title ?? hit.label ?? hit.id}?`, onclick: () => why(hit) }, "Why?") : "",
    without ? element("button", { class: "without", "aria-label": `Not ${hit.title ?? hit.label ?? hit.id}`, onclick: () => without(hit) }, "Not this") : "")));
}

// A text with the parts between these offsets marked; offsets count characters, not halves of them.
export function marked(text, spans) {
  const letters = Array.from(text), shown = [];
  let at = 0;
  for (const [start, end] of spans) {
    shown.push(letters.slice(at, start).join(""), element("mark", {}, letters.slice(start, end).join("")));
    at = end;
  }
  return [...shown, letters.slice(at).join("")];
}

export function showDialog(title, ...nodes) {
  document.getElementById("why-title").textContent = title;
  document.getElementById("why-body").replaceChildren(...nodes);
  document.getElementById("why").showModal();
}

const list = (title, sentences) => (sentences?.length ? [element("h3", {}, title), element("ul", {}, ...sentences.map((each) => element("li", {}, each)))] : []);
const source = ({ generation, embedding_version: version }) => quiet(`Generation ${generation}${version ? `, embedding ${version}` : ""}.`);
export const figure = (image, text) => element("figure", {}, picture(image, text), element("figcaption", {}, text));

// The reasons for a whole answer.
export async function whyAnswer(system, request) {
  try {
    const found = await send(system, "explain", request);
    showDialog("Why this answer", ...list("Reasons, the strongest first", found.reasons), source(found));
  } catch (error) { say(error.message); }
}

// The reasons for one item: whatever parts the system's explanation has.
export async function whyItem(system, { k, ...request }, hit, image, ...more) {
  const options = k ? { k } : {};
  try {
    const found = await send(system, "explain", request, { ...options, id: hit.id });
    const place = found.rank ? `Place ${found.rank}` : "Not in the list";
    const value = found.distance === undefined ? `score ${number(found.score)}` : `at a distance of ${number(found.distance)}`;
    const parts = found.parts || [], added = parts.filter((part) => "adds" in part).map((part) => `${part.part} adds ${number(part.adds)}${part.because}`);
    const shares = Object.fromEntries(parts.filter((part) => "dimension" in part).map((part) => [`direction ${part.dimension}`, part.share]));
    showDialog(`Why ${hit.title ?? found.title ?? `item ${hit.id}`}`,
      ...(image ? [element("div", { class: "pair" }, ...compared(found, image))] : []),
      element("p", {}, `${place}, ${value}${found.votes ? "; it votes." : "."}`), ...more,
      ...list("Reasons", found.reasons), ...list("What the score is made of", added),
      ...(Object.keys(shares).length ? [element("h3", {}, "Which parts of the description differ most (shares of the squared distance)"), bars(shares, "share of")] : []),
      ...list("Rules", found.rules),
      ...(found.features ? [element("details", {}, element("summary", {}, "What the ranking is computed from"), featureTable(found.features))] : []),
      source(found));
  } catch (error) { say(error.message); }
}

const featureTable = (features) => element("table", { class: "wide" }, ...Object.entries(features).map(([name, value]) =>
  element("tr", {}, element("th", { scope: "row" }, words(name)), element("td", { class: "n" }, number(value)))));

function compared({ query, id, label }, item) {
  const its = figure(item, `item ${id}${label == null ? "" : `, a ${label}`}`);
  if (!query) return [its];
  const { width, height } = query, yours = grey(bytesOf(query.pixels), width, height), difference = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const d = yours.data[4 * i] - item.data[4 * i];
    difference.data.set([d > 0 ? d : 0, Math.abs(d) / 4, d < 0 ? -d : 0, 255], 4 * i);
  }
  return [figure(yours, "yours, prepared"), its, figure(difference, "red: only yours, blue: only its")];
}
