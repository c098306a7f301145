// Images: draw, drop, paste, choose or pick one; see what it is and what looks like it, and why.
import { encoded, json, newId, post, say, seen } from "./api.js";
import { countChoice, figure, quiet, showDialog, tiles, verdict, whyAnswer, whyItem } from "./answer.js";
import { element, picture, thumbnails } from "./draw.js";

const SIDE = 280;

export function imageView(system) {
  const draws = system.takes("drawing"), names = system.can("classify"), finds = system.can("search"), shows = system.can("gallery");
  const label = draws ? "Drawing area. Draw with a mouse or finger; with the keyboard move by the arrow keys and hold space to draw." : "The picture that was asked about";
  const canvas = element("canvas", { id: "canvas", width: SIDE, height: SIDE, "aria-label": label, ...(draws ? { tabindex: 0 } : { role: "img" }) });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const hint = element("span", { class: "hint" }, draws ? "Draw here, or drop or paste a picture" : "Drop or paste a picture here, or choose a file");
  const drop = element("div", { class: draws ? "drop draws" : "drop", id: "drop" }, canvas, hint);
  const file = element("input", { id: "file", type: "file", accept: "image/*", class: "visually-hidden" });
  const words = element("input", { id: "words", type: "text", maxlength: 1000, "aria-label": "What to look for, in words", placeholder: "or say it in words" });
  const inWords = element("form", { class: "row", onsubmit: (event) => { event.preventDefault(); if (words.value.trim()) { blank(); ask({ text: words.value }); } } }, words, element("button", { id: "look" }, "Look"));
  const count = countChoice([6, 12, 24, 48], 12, () => { if (asked) ask(asked); });
  const said = element("div", { id: "said" }), hits = element("div", { id: "hits", class: "hits" }), gallery = element("div", { id: "gallery", class: "gallery", role: "group", "aria-label": "Gallery of known items" });
  let asked = null, answered = null, turn = 0, waiting, filled = false;

  function blank() {
    pen.fillStyle = "#fff"; pen.fillRect(0, 0, SIDE, SIDE);
    pen.lineWidth = 22; pen.lineCap = pen.lineJoin = "round"; pen.strokeStyle = "#111";
  }

  function clear() {
    clearTimeout(waiting); blank(); hint.hidden = false; asked = null; turn++;
    said.replaceChildren(quiet("Nothing was asked yet."));
    hits.replaceChildren();
    say("");
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
    let image, laid = null;
    try { image = await encoded(chosen); } catch (error) { return say(error.message); }
    try { laid = lay(await createImageBitmap(chosen)); } catch { blank(); /* the service says what is wrong with it */ }
    await ask({ image }, laid);
  }

  // The picture of a known item: its pixels, or a file where it is in colour.
  function pick(image) {
    const shown = picture(image), { data, width, height } = image;
    lay(shown);
    if (!image.isGrey || !system.takes("pixels")) return ask({ image: { base64: shown.toDataURL().split(",")[1] } });
    return ask({ image: { pixels: Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => data[4 * (y * width + x)])) } });
  }

  // What is asked is an image, or a text where the system takes one.
  async function ask(query, laid = null) {
    const mine = ++turn;
    try {
      const [records, found] = await Promise.all([names && post(`${system.path}/classify`, query), finds && post(`${system.path}/search`, { ...query, k: +count.value })]);
      if (mine !== turn) return;
      asked = query; answered = found; say(""); seen(system, (found || records).generation);
      name(records ? records.answers : [], laid);
      if (found) await show(found.answers[0].hits, records && records.answers[0]);
    } catch (error) {
      if (mine === turn) say(error.message);
    }
  }

  function name(records, laid) {
    const why = element("button", { id: "why-answer", onclick: () => whyAnswer(system, asked) }, "Why?");
    said.replaceChildren(...records.map(verdict), ...(system.can("explain") ? [why] : []));
    if (!laid) return;
    pen.lineWidth = 2; pen.strokeStyle = "#e02f5b";
    for (const { face } of records) {
      const [top, left, height, width] = (face || "").split(" ").map((side) => side * laid.scale);
      if (face) pen.strokeRect(laid.at[0] + left, laid.at[1] + top, width, height);
    }
  }

  async function show(found, record) {
    const votes = new Set((record?.evidence || []).map(({ id }) => id));
    const marked = (hit) => [record && hit.label !== record.label && "other", votes.has(hit.id) && "votes"].filter(Boolean).join(" ");
    hits.replaceChildren(...(shows ? await tiles(system, found, why, marked) : found.map((hit) => element("div", {}, String(hit.label ?? hit.id)))));
    if (!found.length) hits.append(quiet("There is nothing like it."));
  }

  const more = (image) => element("button", { id: "more", onclick: () => { document.getElementById("why").close(); pick(image); } }, "More like this");

  function why(hit, at, image) {
    if (system.can("explain_item")) return whyItem(system, { ...asked, k: 10 }, hit, image, more(image));
    showDialog("Why this result", element("div", { class: "pair" }, figure(image, String(hit.label))),
      element("p", {}, `Place ${at + 1}, similarity ${hit.similarity.toFixed(3)}, score ${hit.score.toFixed(3)}.`), more(image),
      element("h3", {}, "Rules"), element("ul", {}, ...(hit.rules.length ? hit.rules : ["No rule changed its place."]).map((rule) => element("li", {}, rule))));
    clicked(hit, at);
  }

  // Clicks teach the ranking. A key that may only read logs none (403).
  function clicked(hit, at) {
    const event = {
      event_id: newId(),
      action_name: "click", timestamp: new Date().toISOString(), query_id: answered.query_id,
      event_attributes: { object: { object_id: hit.id }, position: { ordinal: at + 1 } },
    };
    post("v1/events", { events: [event] }).catch((error) => { if (error.status !== 403) say(error.message); });
  }

  function drawing() {
    const place = ({ clientX, clientY }) => {
      const box = canvas.getBoundingClientRect();
      return [(clientX - box.left) * SIDE / box.width, (clientY - box.top) * SIDE / box.height];
    };
    const line = (from, to) => { pen.beginPath(); pen.moveTo(...from); pen.lineTo(...to); pen.stroke(); };
    const soon = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => ask({ image: { base64: canvas.toDataURL("image/png").split(",")[1] } }), 250);
    };
    let at = [SIDE / 2, SIDE / 2], inking = false, last = null;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId); hint.hidden = true;
      last = place(event); line(last, last);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (last) { const next = place(event); line(last, next); last = next; }
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { if (last) { last = null; soon(); } });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [0, -10], ArrowDown: [0, 10], ArrowLeft: [-10, 0], ArrowRight: [10, 0] }[event.key];
      if (event.key === " ") { inking = true; hint.hidden = true; event.preventDefault(); line(at, at); }
      if (!step) return;
      event.preventDefault();
      const next = at.map((v, i) => Math.min(SIDE - 10, Math.max(10, v + step[i])));
      if (inking) line(at, next);
      at = next;
    });
    canvas.addEventListener("keyup", (event) => { if (event.key === " ") { inking = false; soon(); } });
  }

  if (draws) drawing();
  file.addEventListener("change", () => { if (file.files[0]) take(file.files[0]); file.value = ""; });
  addEventListener("paste", (event) => { const pasted = [...event.clipboardData.files][0]; if (pasted && drop.checkVisibility()) take(pasted); });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault(); drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
    });
  }
  clear();
  return {
    nodes: [
      element("div", { class: "ask card" }, element("h2", {}, "Show me one"), drop,
        element("div", { class: "row" }, element("button", { id: "clear", onclick: clear }, "Clear"), file, element("label", { class: "button", for: "file" }, "Choose a file"), ...(finds ? [element("label", { class: "inline" }, "show ", count)] : [])),
        ...(system.takes("text") ? [inWords] : []),
        ...(shows ? [element("h3", {}, "or take one of these"), gallery] : [])),
      element("div", { class: "answer card", "aria-live": "polite" },
        ...(names ? [element("h2", {}, "What it is"), said] : []), ...(finds ? [element("h2", {}, "What looks like it"), ...(names ? [] : [said]), hits] : [])),
    ],
    async open() {
      if (!shows || filled) return;
      filled = true;
      const { ids, labels } = await json(`${system.path}/gallery?n=24`), images = await thumbnails(system, ids);
      gallery.replaceChildren(...ids.map((id, i) => element("button", { "aria-label": `Item ${id}${labels[i] == null ? "" : `, ${labels[i]}`}`, onclick: () => pick(images[i]) }, picture(images[i]))));
    },
  };
}
