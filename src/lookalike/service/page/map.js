// Map: every point an item, near means alike. Drag to move, wheel to zoom, lasso a group.
import { json, say, seen, tell } from "./api.js";
import { bytesOf, colours, element, picture, thumbnails } from "./draw.js";

export function mapView(system) {
  const shows = system.can("gallery");
  const plot = element("canvas", { id: "plot", tabindex: 0, "aria-label": "Map of the catalogue. Plus and minus zoom, the arrow keys move." });
  const tip = element("div", { class: "tip", hidden: "" }), legend = element("div", { id: "legend", class: "legend" }), note = element("p", { id: "map-note", class: "quiet" });
  const inside = element("div", { id: "group", class: "hits small" });
  const fingers = new Map();
  let points = null, generation = null, moved = 0, only = null, view = { x: 0.5, y: 0.5, zoom: 1 }, lasso = false, path = [], drag = null, shown = -1;

  const size = () => Math.min(plot.clientWidth, plot.clientHeight) * 0.94 * view.zoom;
  const screen = (i) => [plot.clientWidth / 2 + (points.x[i] - view.x) * size(), plot.clientHeight / 2 - (points.y[i] - view.y) * size()];
  const labelOf = (i) => points.classes[points.label[i]];

  function paint() {
    if (!points || !plot.clientWidth) return;
    const scale = devicePixelRatio || 1;
    plot.width = plot.clientWidth * scale; plot.height = plot.clientHeight * scale;
    const pen = plot.getContext("2d");
    pen.scale(scale, scale);
    const r = Math.min(5, Math.max(1.2, 60 / Math.sqrt(points.n)) * Math.sqrt(view.zoom));
    pen.globalAlpha = 0.7;
    for (let c = 0; c < points.classes.length; c++) {
      if (only !== null && only !== c) continue;
      pen.fillStyle = colours[c % colours.length];
      pen.beginPath();
      for (let i = 0; i < points.n; i++) if (points.label[i] === c) { const [x, y] = screen(i); pen.rect(x - r, y - r, 2 * r, 2 * r); }
      pen.fill();
    }
    pen.globalAlpha = 1;
    if (path.length > 1) {
      pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent"); pen.lineWidth = 2; pen.setLineDash([6, 4]);
      pen.beginPath(); path.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y))); pen.closePath(); pen.stroke();
    }
  }

  function zoom(factor, x = plot.clientWidth / 2, y = plot.clientHeight / 2) {
    const before = size();
    view.zoom = Math.min(60, Math.max(0.8, view.zoom * factor));
    const change = 1 / before - 1 / size();
    view.x += (x - plot.clientWidth / 2) * change; view.y -= (y - plot.clientHeight / 2) * change;
    paint();
  }

  function nearest(x, y) {
    let best = -1, least = 144;
    for (let i = 0; i < points.n; i++) {
      if (only !== null && points.label[i] !== only) continue;
      const [px, py] = screen(i), d = (px - x) ** 2 + (py - y) ** 2;
      if (d < least) { least = d; best = i; }
    }
    return best;
  }

  const like = (i) => element("button", { class: "like-this", onclick: () => dispatchEvent(new CustomEvent("more-like", { detail: { id: points.ids[i] } })) }, "More like this");

  // What lies there: shown for as long as the mouse is over it, or, where it was tapped, until another is.
  async function hover(x, y, kept = false) {
    const i = points ? nearest(x, y) : -1;
    if (i === shown && !kept) return;
    shown = i; tip.hidden = true;
    if (i < 0) return;
    const [image] = shows ? await thumbnails(system, [points.ids[i]]) : [];
    if (shown !== i) return;
    tip.classList.toggle("kept", kept);
    tip.replaceChildren(image ? picture(image, `Item ${points.ids[i]}`) : "", element("div", {}, `${labelOf(i)} · item ${points.ids[i]}`), ...(kept ? [like(i)] : []));
    tip.style.left = `${Math.min(x + 14, plot.clientWidth - 130)}px`; tip.style.top = `${Math.min(y + 14, plot.clientHeight - 130)}px`;
    tip.hidden = false;
    if (kept) tell(`Item ${points.ids[i]}, ${labelOf(i)}`);
  }

  function isInside([x, y]) {
    let found = false;
    for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
      const [xi, yi] = path[i], [xj, yj] = path[j];
      if (yi > y !== yj > y && x < (xj - xi) * (y - yi) / (yj - yi) + xi) found = !found;
    }
    return found;
  }

  async function group() {
    const chosen = [];
    for (let i = 0; i < points.n; i++) if ((only === null || points.label[i] === only) && isInside(screen(i))) chosen.push(i);
    const counts = points.classes.map((name, c) => [name, chosen.filter((i) => points.label[i] === c).length]).filter(([, n]) => n);
    const text = counts.map(([name, n]) => `${n} of ${name}`).join(", ");
    note.textContent = chosen.length ? `${chosen.length} items inside: ${text}.` : "Nothing inside.";
    const some = shows ? chosen.slice(0, 60) : [], images = await thumbnails(system, some.map((i) => points.ids[i]));
    inside.replaceChildren(...some.map((i, at) => element("button", { class: "hit", "aria-label": `More like item ${points.ids[i]}, ${labelOf(i)}`, onclick: () => dispatchEvent(new CustomEvent("more-like", { detail: { id: points.ids[i] } })) }, element("div", { class: "thumb" }, picture(images[at])))));
    tell(note.textContent);
  }

  const at = (event) => { const box = plot.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  // Two fingers: their distance zooms, and their middle moves.
  function pinched() {
    const [[ax, ay], [bx, by]] = fingers.values();
    return { far: Math.hypot(ax - bx, ay - by) || 1, middle: [(ax + bx) / 2, (ay + by) / 2] };
  }

  plot.addEventListener("pointerdown", (event) => {
    plot.setPointerCapture(event.pointerId); fingers.set(event.pointerId, at(event)); moved = 0;
    drag = at(event);
    if (fingers.size > 1) { moved = Infinity; path = []; } else if (lasso) path = [drag];
  });
  plot.addEventListener("pointermove", (event) => {
    const now = at(event);
    if (!drag) return void (event.pointerType === "mouse" && !tip.classList.contains("kept") && hover(...now));
    if (fingers.size > 1) {
      const before = pinched();
      fingers.set(event.pointerId, now);
      const { far, middle } = pinched();
      view.x -= (middle[0] - before.middle[0]) / size(); view.y += (middle[1] - before.middle[1]) / size();
      return zoom(far / before.far, ...middle);
    }
    moved += Math.hypot(now[0] - drag[0], now[1] - drag[1]);
    if (lasso) path.push(now);
    else { view.x -= (now[0] - drag[0]) / size(); view.y += (now[1] - drag[1]) / size(); }
    drag = now;
    paint();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    plot.addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      if (!fingers.size) drag = null;
      if (end === "pointercancel" || !points) return;
      if (moved < 6) { tip.classList.remove("kept"); shown = -1; hover(...at(event), true).catch((error) => say(error.message)); }
      else if (lasso && path.length > 2 && !fingers.size) group();
    });
  }
  plot.addEventListener("pointerleave", () => { if (!tip.classList.contains("kept")) { tip.hidden = true; shown = -1; } });
  plot.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, ...at(event)); }, { passive: false });
  plot.addEventListener("keydown", (event) => {
    const step = 0.1 / view.zoom, move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    if (move) { event.preventDefault(); view.x += move[0]; view.y += move[1]; paint(); }
    if (event.key === "+") zoom(1.3); if (event.key === "-") zoom(1 / 1.3);
  });
  addEventListener("resize", paint);

  const button = (id, text, onclick, more = {}) => element("button", { id, onclick, ...more }, text);
  const tools = element("div", { class: "row" },
    button("lasso", "Lasso", (event) => { lasso = !lasso; path = []; event.target.setAttribute("aria-pressed", lasso); plot.classList.toggle("lasso", lasso); paint(); }, { "aria-pressed": false }),
    button("zoom-in", "+", () => zoom(1.4), { "aria-label": "Zoom in" }), button("zoom-out", "−", () => zoom(1 / 1.4), { "aria-label": "Zoom out" }),
    button("zoom-all", "All", () => { view = { x: 0.5, y: 0.5, zoom: 1 }; path = []; paint(); }));

  return {
    nodes: [element("div", { class: "card" },
      element("div", { class: "row spread" }, element("h2", {}, "The catalogue in two dimensions"), tools),
      element("div", { class: "plot" }, plot, tip), legend, note, inside)],
    async open() { if (points && generation === system.generation) paint(); else await load(); },
    follow: async () => { if (points && generation !== system.generation) await load(); },
  };

  async function load() {
    const found = await json(`${system.path}/map?n=10000`);
    const fine = (text) => Float32Array.from(new Uint16Array(bytesOf(text).buffer), (v) => v / 65535);
    generation = found.generation;
    points = { n: found.n, classes: found.classes, ids: found.ids, label: bytesOf(found.label), x: fine(found.x), y: fine(found.y) };
    only = null; path = []; tip.hidden = true; inside.replaceChildren();
    seen(system, generation);
    legend.replaceChildren(...points.classes.map((name, c) => {
      const dot = element("i"); dot.style.background = colours[c % colours.length];
      return element("button", { "aria-pressed": "false", title: "Show these alone", onclick: (event) => isolate(c, event.currentTarget) }, dot, String(name));
    }));
    note.textContent = `${found.n.toLocaleString("en")} of ${found.count.toLocaleString("en")} items of generation ${generation}, laid out so that the classes part best (linear discriminants).`;
    paint();
  }

  // One class alone, or all again.
  function isolate(c, button) {
    only = only === c ? null : c;
    for (const each of legend.children) each.setAttribute("aria-pressed", each === button && only !== null);
    paint();
  }
}
