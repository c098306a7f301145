// Images: draw, drop, paste, choose or pick one; see what it is and what looks like it, and why.
import { note } from "./address.js";
import { json, newId, post, say, seen, send, tell } from "./api.js";
import { countChoice, figure, quiet, showDialog, tiles, verdict, whyAnswer, whyItem, words as inWords } from "./answer.js";
import { element, picture, thumbnails } from "./draw.js";
import { blobOf, shrunk } from "./shrink.js";
import { drawing } from "./strokes.js";

const SIDE = 280;

export function imageView(system) {
  const draws = system.takes("drawing"), names = system.can("classify"), finds = system.can("search"), shows = system.can("gallery"), likens = system.can("similar");
  const label = draws ? "Drawing area. Draw with a mouse or finger; with the keyboard move by the arrow keys and hold space to draw." : "The picture that was asked about";
  const canvas = element("canvas", { id: "canvas", width: SIDE, height: SIDE, role: "img", "aria-label": label, ...(draws ? { tabindex: 0, role: "application" } : {}) });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const hint = element("span", { class: "hint" }, draws ? "Draw here, or drop or paste a picture" : "Drop or paste a picture here, or choose a file");
  const drop = element("div", { class: draws ? "drop draws" : "drop", id: "drop" }, canvas, hint);
  const file = element("input", { id: "file", type: "file", accept: "image/*", class: "visually-hidden" });
  const words = element("input", { id: "words", type: "text", maxlength: 1000, "aria-label": "What to look for, in words", placeholder: "or say it in words" });
  const worded = element("form", { class: "row", onsubmit: (event) => { event.preventDefault(); if (words.value.trim()) { picked = null; blank(); hint.hidden = true; ask({ text: words.value }); } } }, words, element("button", { id: "look" }, "Look"));
  const count = countChoice([6, 12, 24, 48], 12, () => { if (asked) ask(asked); });
  const said = element("div", { id: "said" }), hits = element("div", { id: "hits", class: "hits" }), gallery = element("div", { id: "gallery", class: "gallery", role: "group", "aria-label": "Gallery of known items" });
  const answer = element("div", { class: "answer card" }, ...(names ? [element("h2", {}, "What it is"), said] : []), ...(finds ? [element("h2", {}, "What looks like it"), ...(names ? [] : [said]), hits] : []));
  let asked = null, answered = null, picked = null, drawn = false, turn = 0, waiting, filled = null;

  // The answer is in one state: empty, working, answered, unlike, or refused; nothing of another one is left.
  function state(name, ...nodes) {
    answer.dataset.state = name;
    said.replaceChildren(...nodes);
    if (name !== "answered" && name !== "unlike") hits.replaceChildren();
  }

  function blank() {
    drawn = false;
    pen.fillStyle = "#fff"; pen.fillRect(0, 0, SIDE, SIDE);
    pen.lineWidth = 22; pen.lineCap = pen.lineJoin = "round"; pen.strokeStyle = "#111";
  }

  function clear() {
    clearTimeout(waiting); blank(); hint.hidden = false; asked = picked = null; turn++;
    state("empty", quiet("Nothing was asked yet."));
    say("");
  }

  function refuse(sentence) {
    asked = null;
    state("refused", element("p", { class: "refusal" }, sentence));
    say(sentence);
  }

  // Draws a picture as large as it fits; returns where it lies and how much it was scaled.
  function lay(image) {
    const scale = Math.min(SIDE / image.width, SIDE / image.height), [width, height] = [image.width * scale, image.height * scale];
    const at = [(SIDE - width) / 2, (SIDE - height) / 2];
    blank(); hint.hidden = true;
    pen.imageSmoothingEnabled = scale < 4;
    pen.drawImage(image, ...at, width, height);
    return { at, scale };
  }

  async function take(chosen) {
    const mine = ++turn;
    picked = null;
    state("working", quiet("Reading the picture …"));
    const { blob, image } = await shrunk(chosen);
    if (mine !== turn) return;
    if (!image) blank();  // the service says what is wrong with it
    await ask({ blob }, image && lay(image));
  }

  // A picture that is known by its pixels alone, such as a mistake.
  function like(image, id = null) {
    picked = id;
    const shown = picture(image), { data, width, height } = image;
    lay(shown);
    if (!image.isGrey || !system.takes("pixels")) return blobOf(shown).then((blob) => ask({ blob }));
    return ask({ image: { pixels: Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => data[4 * (y * width + x)])) } });
  }

  // A known item: what is like it is found by what is known of it, where that is possible, not by its small picture.
  async function pick(id) {
    const [image] = await thumbnails(system, [id]);
    if (!likens) return like(image, id);
    lay(picture(image));
    return ask({ id });
  }

  async function found(query) {
    const options = { k: +count.value };
    if ("id" in query) return post(`${system.path}/similar`, { ...query, ...options });
    if (!finds) return send(system, "classify", query);
    return send(system, "search", query, { ...options, ...(names ? { classify: true } : {}) });
  }

  // What is asked is a picture, a text where the system takes one, or the id of an item.
  async function ask(query, laid = null) {
    const mine = ++turn;
    if (answer.dataset.state !== "answered") state("working", quiet("Asking …"));
    try {
      const answers = await found(query);
      if (mine !== turn) return;
      asked = query; answered = answers; say(""); seen(system, answers.generation);
      note(system, { q: query.text, id: query.id ?? picked, k: count.value === "12" ? "" : count.value });
      const records = finds ? answers.answers[0]?.named ?? [] : answers.answers, its = finds ? answers.answers[0].hits : [];
      name(records, laid, its);
      if (finds) await show(its, records[0]);
      tell(sentence(records, its));
      if (matchMedia("(max-width: 760px)").matches) answer.scrollIntoView({ block: "nearest" });
    } catch (error) {
      if (mine === turn) refuse(error.message);
    }
  }

  function sentence([record], its) {
    const what = record?.unlike_known ? "It is unlike anything known. " : record ? `It is ${record.label ?? "nothing that is known"}. ` : "";
    return `${what}${finds ? `${its.length} items look like it.` : ""}`;
  }

  function name(records, laid, its) {
    const why = element("button", { id: "why-answer", onclick: () => whyAnswer(system, asked) }, "Why?");
    const label = "id" in asked ? [quiet(`More like item ${asked.id}.`)] : [], plain = names && !("id" in asked);
    state(records[0]?.unlike_known ? "unlike" : "answered", ...(plain && !records.length ? [element("p", {}, "Nothing was found.")] : label), ...records.map(verdict),
      ...other(records[0], its), ...(system.can("explain") && !("id" in asked) ? [why] : []));
    if (!laid) return;
    pen.lineWidth = 2; pen.strokeStyle = "#e02f5b";
    for (const { face } of records) {
      const [top, left, height, width] = (face || "").split(" ").map((side) => side * laid.scale);
      if (face) pen.strokeRect(laid.at[0] + left, laid.at[1] + top, width, height);
    }
  }

  // What it would be if it were not that: the nearest item that is called otherwise.
  function other(record, its) {
    const at = record?.label == null ? -1 : its.findIndex((hit) => hit.label !== record.label);
    if (at < 0 || its[at].distance === undefined) return [];
    return [element("p", { class: "fact", id: "other" }, "or else ", element("b", {}, String(its[at].label)), `, the nearest of which is item ${at + 1} below, at ${its[at].distance.toFixed(2)}`)];
  }

  async function show(its, record) {
    const votes = new Set((record?.evidence || []).map(({ id }) => id));
    const marked = (hit) => [record && hit.label !== record.label && "other", votes.has(hit.id) && "votes"].filter(Boolean).join(" ");
    hits.replaceChildren(...(shows ? await tiles(system, its, why, marked) : its.map((hit) => element("div", {}, String(hit.label ?? hit.id)))));
    if (!its.length) hits.append(quiet("There is nothing like it."));
  }

  const more = (id) => element("button", { id: "more", onclick: () => { document.getElementById("why").close(); pick(id); } }, "More like this");

  function why(hit, at, image) {
    if (system.can("explain_item") && !("id" in asked)) return whyItem(system, { ...asked, k: 10 }, hit, image, more(hit.id));
    const rules = hit.rules ?? [];
    showDialog("Why this result", element("div", { class: "pair" }, ...original(hit, image)),
      element("p", {}, `Place ${at + 1}, similarity ${hit.similarity.toFixed(3)}, score ${hit.score.toFixed(3)}.`), more(hit.id),
      element("h3", {}, "Rules"), element("ul", {}, ...(rules.length ? rules : ["No rule changed its place."]).map((rule) => element("li", {}, rule))));
    clicked(hit, at);
  }

  // The query as it was asked, beside the item.
  const original = (hit, image) => [figure(pen.getImageData(0, 0, SIDE, SIDE), "what was asked"), figure(image, inWords(String(hit.label)))];

  // Clicks teach the ranking. A key that may only read logs none (403).
  function clicked(hit, at) {
    const event = {
      event_id: newId(),
      action_name: "click", timestamp: new Date().toISOString(), query_id: answered.query_id,
      event_attributes: { object: { object_id: hit.id }, position: { ordinal: at + 1 } },
    };
    post("v1/events", { events: [event] }).catch((error) => { if (error.status !== 403) say(error.message); });
  }

  // A drawing begins on white paper, not on the picture that was there.
  function begin() {
    if (!drawn) blank();
    drawn = hint.hidden = true;
  }

  function soon() {
    clearTimeout(waiting);
    picked = null;
    waiting = setTimeout(async () => ask({ blob: await blobOf(canvas) }), 250);
  }

  if (draws) drop.append(drawing(canvas, SIDE, begin, soon));
  file.addEventListener("change", () => { if (file.files[0]) take(file.files[0]); file.value = ""; });
  addEventListener("paste", (event) => { const pasted = [...event.clipboardData.files][0]; if (pasted && drop.checkVisibility()) take(pasted); });
  for (const kind of ["dragover", "dragleave", "drop"]) {  // wherever on the page
    addEventListener(kind, (event) => {
      if (!drop.checkVisibility() || !event.dataTransfer) return;
      event.preventDefault(); drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
    });
  }
  clear();

  async function fill() {
    if (!shows || filled === system.generation) return;
    const { ids, labels } = await json(`${system.path}/gallery?n=24`), images = await thumbnails(system, ids);
    filled = ids.length ? system.generation : null;  // an empty one is looked at again
    gallery.replaceChildren(...ids.map((id, i) => element("button", { "aria-label": `Item ${id}${labels[i] == null ? "" : `, ${labels[i]}`}`, onclick: () => pick(id) }, picture(images[i]))));
    empty.hidden = ids.length > 0;
  }

  const empty = element("p", { id: "nothing-yet", hidden: "" }, ...(system.can("refresh")
    ? ["Nothing is indexed yet. On the machine of this service, ", element("code", {}, "lookalike index add FOLDER"), " indexes a folder of pictures; it is found here within ten seconds."]
    : ["There is no item yet. ", element("a", { href: "docs" }, "Items are added"), ` by POST ${system.path}/items.`]));

  return {
    nodes: [
      element("div", { class: "ask card" }, element("h2", {}, "Show me one"), drop,
        element("div", { class: "row" }, element("button", { id: "clear", onclick: clear }, "Clear"), file, element("label", { class: "button", for: "file" }, "Choose a file"), ...(finds ? [element("label", { class: "inline" }, "show ", count)] : [])),
        ...(system.takes("text") ? [worded] : [])),
      answer,
      ...(shows ? [element("div", { class: "more card" }, element("h2", {}, "Or take one of these"), empty, gallery)] : []),
    ],
    like,
    async open(given = {}) {
      if (given.k) count.value = given.k;
      if (given.q && given.q !== asked?.text) { words.value = given.q; ask({ text: given.q }); }
      if (given.id && given.id !== (asked?.id ?? picked)) pick(given.id);
      await fill();
    },
    follow: fill,
  };
}
