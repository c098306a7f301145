// Search: draw, drop, paste or pick; see what it is and what looks like it, and why.
import { can, json, post, say, seen, system } from "./api.js";
import { element, grey, picture, thumbnails } from "./draw.js";

const canvas = document.getElementById("canvas"), pen = canvas.getContext("2d", { willReadFrequently: true });
const hint = document.getElementById("hint"), drop = document.getElementById("drop");
let asked = null, answered = null, turn = 0, waiting, started = false;

function blank() {
  pen.fillStyle = "#fff"; pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.lineWidth = 22; pen.lineCap = pen.lineJoin = "round"; pen.strokeStyle = "#111";
}

function clear() {
  blank(); hint.hidden = false; asked = null; turn++;
  document.getElementById("said").replaceChildren(element("p", { class: "quiet" }, "Nothing was asked yet."));
  document.getElementById("hits").replaceChildren();
  say("");
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
}

function drawing() {
  let down = false;
  canvas.addEventListener("pointerdown", (event) => {
    down = true; canvas.setPointerCapture(event.pointerId); hint.hidden = true;
    pen.beginPath(); pen.moveTo(...place(event)); pen.lineTo(...place(event)); pen.stroke();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (down) { pen.lineTo(...place(event)); pen.stroke(); }
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { if (down) { down = false; soon(); } });
  let at = [140, 140], inking = false;
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [0, -10], ArrowDown: [0, 10], ArrowLeft: [-10, 0], ArrowRight: [10, 0] }[event.key];
    if (event.key === " ") { inking = true; hint.hidden = true; event.preventDefault(); pen.beginPath(); pen.moveTo(...at); pen.lineTo(...at); pen.stroke(); }
    if (!step) return;
    event.preventDefault();
    const next = at.map((v, i) => Math.min(270, Math.max(10, v + step[i])));
    if (inking) { pen.beginPath(); pen.moveTo(...at); pen.lineTo(...next); pen.stroke(); }
    at = next;
  });
  canvas.addEventListener("keyup", (event) => { if (event.key === " ") { inking = false; soon(); } });
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => ask({ base64: canvas.toDataURL("image/png").split(",")[1] }), 250);
}

async function take(file) {
  if (file.size > 6e6) return say("The file is larger than 6 MB.");
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  blank(); hint.hidden = true;
  try {
    const image = await createImageBitmap(file), s = Math.min(280 / image.width, 280 / image.height);
    pen.drawImage(image, (280 - s * image.width) / 2, (280 - s * image.height) / 2, s * image.width, s * image.height);
  } catch { /* the service says what is wrong with it */ }
  await ask({ base64: btoa(text) });
}

async function ask(image) {
  const mine = ++turn;
  try {
    const where = await system(), k = +document.getElementById("k").value;
    const [said, found] = await Promise.all([can("classify") && post(`${where}/classify`, { image }), post(`${where}/search`, { image, k })]);
    if (mine !== turn) return;
    asked = image; answered = found; say(""); seen(found);
    if (said) verdict(said.answers[0]);
    await show(found.answers[0].hits, said && said.answers[0].label);
  } catch (error) {
    if (mine === turn) say(error.message);
  }
}

function verdict(answer) {
  const bars = element("div", { class: "bars" });
  for (const [name, share] of Object.entries(answer.probabilities)) {
    const bar = element("i"); bar.style.width = `${100 * share}%`;
    bars.append(element("span", {}, name), element("span", { class: "bar", role: "meter", "aria-valuemin": 0, "aria-valuemax": 1, "aria-valuenow": share, "aria-label": `probability of ${name}` }, bar), element("span", {}, `${Math.round(100 * share)}%`));
  }
  const big = element("div", { class: "big" }, String(answer.label));
  document.getElementById("said").replaceChildren(element("div", { class: "verdict" }, big, bars));
}

async function show(hits, label) {
  const images = await thumbnails(hits.map((hit) => hit.id));
  document.getElementById("hits").replaceChildren(...hits.map((hit, i) => {
    const [what, near] = "distance" in hit ? ["distance", hit.distance] : ["similarity", hit.similarity];
    const other = label !== false && hit.label !== label, name = String(hit.label).split("/").pop();
    return element("button",
      { class: other ? "hit other" : "hit", title: hit.label, "aria-label": `Item ${hit.id}, ${name}, ${what} ${near.toFixed(2)}. Why?`, onclick: () => (hit.rules ? told(hit, i, images[i]) : why(hit.id)) },
      element("div", { class: "thumb" }, picture(images[i])),
      element("div", { class: "text" }, element("b", name.length > 6 ? { class: "long" } : {}, name), element("small", {}, near.toFixed(2))));
  }));
}

// What placed a picture, which its hit says itself. Who looks at it has clicked it.
function told(hit, at, image) {
  const rules = hit.rules.length ? hit.rules : ["No rule changed its place."];
  document.getElementById("why-body").replaceChildren(
    element("div", { class: "pair" }, element("figure", {}, picture(image, hit.label), element("figcaption", {}, String(hit.label)))),
    element("p", {}, `Place ${at + 1}, similarity ${hit.similarity.toFixed(3)}, score ${hit.score.toFixed(3)}.`),
    element("h3", {}, "Rules"), element("ul", {}, ...rules.map((rule) => element("li", {}, rule))),
    element("p", { class: "quiet" }, `Generation ${answered.generation}, embedding ${answered.embedding_version}.`));
  document.getElementById("why").showModal();
  const event = {
    event_id: Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join(""),
    action_name: "click", timestamp: new Date().toISOString(), query_id: answered.query_id,
    event_attributes: { object: { object_id: hit.id }, position: { ordinal: at + 1 } },
  };
  post("v1/events", { events: [event] }).catch((error) => say(error.message));
}

async function why(id) {
  try {
    const told = await post(`${await system()}/explain`, { id, image: asked, k: 10 });
    const prepared = told.query, width = prepared.width, height = prepared.height;
    const query = grey(Uint8Array.from(atob(prepared.pixels), (c) => c.charCodeAt(0)), width, height);
    const [item] = await thumbnails([id]);
    const difference = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      const d = query.data[4 * i] - item.data[4 * i];
      difference.data.set([d > 0 ? d : 0, Math.abs(d) / 4, d < 0 ? -d : 0, 255], 4 * i);
    }
    const figure = (image, text) => element("figure", {}, picture(image, text), element("figcaption", {}, text));
    const rows = told.parts.map((p) => {
      const bar = element("i"); bar.style.width = `${100 * p.share}%`;
      return [element("span", {}, `direction ${p.dimension}`), element("span", { class: "bar" }, bar), element("span", {}, `${(100 * p.share).toFixed(0)}%`)];
    });
    document.getElementById("why-body").replaceChildren(
      element("div", { class: "pair" }, figure(query, "yours, prepared"), figure(item, `item ${id}, a ${told.label}`), figure(difference, "red: only yours, blue: only its")),
      element("p", {}, told.rank ? `Place ${told.rank}, at a distance of ${told.distance.toFixed(3)}${told.votes ? "; it votes." : "."}` : `At a distance of ${told.distance.toFixed(3)}.`),
      element("h3", {}, "Which parts of the description differ most (shares of the squared distance)"),
      element("div", { class: "bars" }, ...rows.flat()),
      element("h3", {}, "Rules"), element("ul", {}, ...told.rules.map((rule) => element("li", {}, rule))),
      element("p", { class: "quiet" }, `Generation ${told.generation}, embedding ${told.embedding_version}.`));
    document.getElementById("why").showModal();
  } catch (error) { say(error.message); }
}

async function gallery() {
  const { ids, labels } = await json(`${await system()}/gallery?n=24`);
  const images = await thumbnails(ids);
  document.getElementById("gallery").replaceChildren(...ids.map((id, i) => element("button",
    { "aria-label": `Item ${id}, a ${labels[i]}`, onclick: () => pick(images[i]) }, picture(images[i]))));
}

function pick(image) {
  if (!can("classify")) {
    blank(); hint.hidden = true; pen.drawImage(picture(image), 0, 0, 280, 280);
    return ask({ base64: picture(image).toDataURL("image/png").split(",")[1] });
  }
  blank(); hint.hidden = true;
  pen.imageSmoothingEnabled = false; pen.drawImage(picture(image), 0, 0, 280, 280); pen.imageSmoothingEnabled = true;
  const rows = Array.from({ length: image.height }, (_, y) => Array.from({ length: image.width }, (_, x) => image.data[4 * (y * image.width + x)]));
  ask({ pixels: rows });
}

export async function openSearch() {
  if (started) return;
  started = true;
  if (!can("classify")) {
    document.getElementById("verdict").hidden = true;
    hint.textContent = "Drop an image here, or paste one";
  }
  blank(); drawing();
  document.getElementById("clear").addEventListener("click", clear);
  document.getElementById("file").addEventListener("change", (event) => { if (event.target.files[0]) take(event.target.files[0]); event.target.value = ""; });
  document.getElementById("k").addEventListener("change", () => { if (asked) ask(asked); });
  addEventListener("paste", (event) => { const file = [...event.clipboardData.files][0]; if (file) take(file); });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault(); drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
    });
  }
  await gallery();
}
