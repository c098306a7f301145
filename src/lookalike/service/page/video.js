// Videos: ask in words, with a picture or a clip; each answer plays from its second.
import { note } from "./address.js";
import { call, json, newId, post, say, seen, send, tell } from "./api.js";
import { shrunk } from "./shrink.js";
import { countChoice, quiet, showDialog, whyAnswer } from "./answer.js";
import { element, picture, thumbnails } from "./draw.js";

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}.${Math.floor((seconds % 1) * 10)}`;
const isMoving = (id) => /\.gif$/i.test(id);

export function videoView(system) {
  const words = element("input", { id: "words", type: "text", maxlength: 1000, "aria-label": "What to look for, in words", placeholder: "What to look for, in words" });
  const file = element("input", { id: "file", type: "file", accept: "image/*,video/*,.mkv,.avi", class: "visually-hidden" });
  const count = countChoice([5, 10, 20, 50], 10, () => asked && ask(asked));
  const stage = element("div", { id: "stage", class: "stage" }, quiet("Choose an answer to play it from its second."));
  const hits = element("div", { id: "hits", class: "videos" }, quiet("Nothing was asked yet."));
  const gallery = element("div", { id: "gallery", class: "gallery", role: "group", "aria-label": "Gallery of known videos" });
  let asked = null, answered = null, turn = 0, filled = false;

  async function ask(query) {
    const mine = ++turn;
    try {
      const found = await send(system, "search", query, { k: +count.value });
      if (mine !== turn) return;
      asked = query; answered = found; say(""); seen(system, found.generation);
      note(system, { q: query.text, k: count.value === "10" ? "" : count.value });
      tell(`${found.answers[0].hits.length} videos answer.`);
      const images = await thumbnails(system, found.answers[0].hits.map((hit) => hit.id));
      if (mine !== turn) return;
      hits.replaceChildren(...found.answers[0].hits.map((hit, at) => row(hit, at, images[at])));
      if (!found.answers[0].hits.length) hits.append(quiet("No video answers that."));
    } catch (error) {
      if (mine !== turn) return;
      asked = null; hits.replaceChildren(element("p", { class: "refusal" }, error.message));
      say(error.message);
    }
  }

  const row = (hit, at, image) => element("button", { class: "video", "aria-label": `Play ${hit.label} from ${clock(hit.begin)}`, onclick: () => { play(hit.id, hit.label, hit.second, hit.begin, hit.end); clicked(hit, at); } },
    picture(image),
    element("span", {}, element("b", {}, String(hit.label)), element("small", {}, `${clock(hit.begin)} to ${clock(hit.end)} of ${clock(hit.duration)}`),
      element("small", {}, `${hit.part} spoke, score ${hit.score.toFixed(3)}${hit.copies ? `, ${hit.copies} near copies` : ""}`)));

  // The file itself, in ranges of bytes; where a key is needed it is fetched whole.
  async function play(id, label, second, begin, end) {
    const address = `${system.path}/media?${new URLSearchParams({ id })}`;
    let source = address;
    try {
      if (sessionStorage.getItem("key")) source = URL.createObjectURL(await (await call(address)).blob());
      const { frames } = await json(`${system.path}/strip?${new URLSearchParams({ id })}`);
      const player = isMoving(id) ? element("img", { src: source, alt: String(label) }) : element("video", { src: source, controls: "", playsinline: "", preload: "metadata" });
      const jump = (to) => { if (!isMoving(id)) player.currentTime = to; };
      player.addEventListener("loadedmetadata", () => { jump(begin); player.play?.().catch(() => { /* the browser wants a click first */ }); }, { once: true });
      player.addEventListener("error", () => say("The browser cannot play this file, or it is no longer where it was."));
      stage.replaceChildren(player, element("h3", {}, String(label)),
        element("div", { class: "strip", role: "group", "aria-label": "Frames" }, ...frames.map((frame) =>
          element("button", { class: frame.second >= begin && frame.second <= end ? "inside" : "", "aria-label": `Go to ${clock(frame.second)}`, title: clock(frame.second), onclick: () => jump(frame.second) },
            element("img", { src: `data:image/jpeg;base64,${frame.jpeg}`, alt: "" })))));
    } catch (error) { say(error.message); }
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

  const form = element("form", { class: "row", onsubmit: (event) => { event.preventDefault(); if (words.value.trim()) ask({ text: words.value }); } }, words, element("button", { id: "look" }, "Look"));
  file.addEventListener("change", async () => {
    if (file.files[0]) await ask({ blob: (await shrunk(file.files[0])).blob });
    file.value = "";
  });
  const why = element("button", { id: "why-answer", onclick: () => (asked ? whyAnswer(system, asked) : showDialog("Why", quiet("Nothing was asked yet."))) }, "Why?");
  return {
    nodes: [
      element("div", { class: "ask card" }, element("h2", {}, "Ask for a video"), form,
        element("div", { class: "row" }, file, element("label", { class: "button", for: "file" }, "Choose a picture or clip"), element("label", { class: "inline" }, "show ", count), why),
        stage, element("h3", {}, "or watch one of these"), gallery),
      element("div", { class: "answer card" }, element("h2", {}, "What answers, and where"), hits),
    ],
    async open(given = {}) {
      if (given.k) count.value = given.k;
      if (given.q && given.q !== asked?.text) { words.value = given.q; ask({ text: given.q }); }
      if (filled) return;
      filled = true;
      const { ids, labels } = await json(`${system.path}/gallery?n=24`), images = await thumbnails(system, ids);
      gallery.replaceChildren(...ids.map((id, at) => element("button", { "aria-label": `Watch ${labels[at]}`, title: labels[at], onclick: () => play(id, labels[at], 0, 0, 0) }, picture(images[at]))));
    },
  };
}
