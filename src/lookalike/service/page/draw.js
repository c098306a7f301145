// Small things to look at: thumbnails, bars, charts.
import { call } from "./api.js";

const known = new Map();
addEventListener("generation", () => known.clear());  // an id may name another item in it

export async function thumbnails(system, ids) {
  const name = (id) => `${system.name}/${id}`;
  const missing = [...new Set(ids)].filter((id) => !known.has(name(id)));
  for (let start = 0; start < missing.length; start += 100) {
    const some = missing.slice(start, start + 100);
    const query = new URLSearchParams(some.map((id) => ["id", id]));
    const answer = await call(`${system.path}/thumbnails?${query}`);
    const [height, width, colours = 1] = answer.headers.get("x-shape").split("x").map(Number);
    const bytes = new Uint8Array(await answer.arrayBuffer()), size = height * width * colours;
    some.forEach((id, i) => known.set(name(id), (colours === 1 ? grey : coloured)(bytes.subarray(i * size, (i + 1) * size), width, height)));
  }
  return ids.map((id) => known.get(name(id)));
}

export const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

export function grey(bytes, width, height) {
  const image = new ImageData(width, height);
  for (let i = 0; i < bytes.length; i++) {
    image.data.fill(bytes[i], 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  image.isGrey = true;
  return image;
}

function coloured(bytes, width, height) {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) image.data.set([...bytes.subarray(3 * i, 3 * i + 3), 255], 4 * i);
  return image;
}

export function picture(image, label) {
  const canvas = element("canvas", { width: image.width, height: image.height, ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }), ...(image.width <= 64 ? { class: "coarse" } : {}) });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// What is wider than the screen is scrolled, with the keyboard too.
export const scrolled = (attributes, ...nodes) => element("div", { class: "scroll", role: "region", tabindex: 0, ...attributes }, ...nodes);

export const card = (title, id, ...nodes) => element("div", { class: "card" }, element("h2", {}, title), scrolled({ id, "aria-label": title }, ...nodes));

export const date = (microseconds) => new Date(microseconds / 1000).toLocaleString();

export const short = (number) => (number == null ? "?" : Number(number.toPrecision(3)).toString());

// Shares of one, by name; of many only the largest.
export function bars(shares, what, { most = 12, say = (share) => `${Math.round(100 * share)}%` } = {}) {
  let rows = Object.entries(shares);
  if (rows.length > most) rows = rows.sort((a, b) => b[1] - a[1]).slice(0, most);
  return element("div", { class: "bars" }, ...rows.flatMap(([name, share]) => {
    const bar = element("i");
    bar.style.width = `${100 * share}%`;
    return [element("span", {}, name), element("span", { class: "bar", role: "meter", "aria-valuemin": 0, "aria-valuemax": 1, "aria-valuenow": share, "aria-label": `${what} ${name}` }, bar), element("span", {}, say(share))];
  }));
}

export const colours = ["#4e79d8", "#e8893a", "#d4545c", "#4aa7a0", "#5fa44f", "#c9a227", "#9a68b8", "#e07b9c", "#8d6e54", "#7f8a99"];

export function chart(canvas, lines, unit = "") {
  const scale = devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight;
  if (!w) return;
  canvas.width = w * scale; canvas.height = h * scale;
  const ink = getComputedStyle(document.documentElement);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const most = Math.max(1, ...lines.flatMap((line) => line.values));
  const step = 10 ** Math.floor(Math.log10(most)), top = Math.ceil(most / step) * step;
  const left = 44, right = w - 8, base = h - 18, height = base - 10;
  pen.font = "11px system-ui"; pen.fillStyle = ink.getPropertyValue("--quiet"); pen.strokeStyle = ink.getPropertyValue("--line");
  for (let i = 0; i <= 4; i++) {
    const y = base - height * i / 4;
    pen.beginPath(); pen.moveTo(left, y); pen.lineTo(right, y); pen.stroke();
    pen.fillText(`${+(top * i / 4).toPrecision(3)}${unit}`, 4, y + 4);
  }
  lines.forEach((line, n) => {
    pen.strokeStyle = pen.fillStyle = line.colour || colours[n]; pen.lineWidth = 2; pen.lineJoin = "round";
    pen.beginPath();
    line.values.forEach((v, i) => {
      const x = left + (right - left) * (120 - line.values.length + i) / 119, y = base - height * v / top;
      if (i) pen.lineTo(x, y); else pen.moveTo(x, y);
    });
    pen.stroke();
    pen.fillText(line.name, left + 8 + 62 * n, 10);
  });
}
