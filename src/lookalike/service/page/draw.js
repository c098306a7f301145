// Small things to look at: thumbnails, bars, charts.
import { call, system } from "./api.js";

const known = new Map();

export async function thumbnails(ids) {
  const missing = [...new Set(ids)].filter((id) => !known.has(id));
  for (let start = 0; start < missing.length; start += 100) {
    const some = missing.slice(start, start + 100);
    const query = new URLSearchParams(some.map((id) => ["id", id]));
    const answer = await call(`${await system()}/thumbnails?${query}`);
    const [height, width, colours = 1] = answer.headers.get("x-shape").split("x").map(Number);
    const bytes = new Uint8Array(await answer.arrayBuffer()), size = height * width * colours;
    some.forEach((id, i) => known.set(id, (colours === 1 ? grey : coloured)(bytes.subarray(i * size, (i + 1) * size), width, height)));
  }
  return ids.map((id) => known.get(id));
}

export function grey(bytes, width, height) {
  const image = new ImageData(width, height);
  for (let i = 0; i < bytes.length; i++) {
    image.data.fill(bytes[i], 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  return image;
}

function coloured(bytes, width, height) {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) image.data.set([...bytes.subarray(3 * i, 3 * i + 3), 255], 4 * i);
  return image;
}

export function picture(image, label) {
  const canvas = document.createElement("canvas");
  canvas.width = image.width; canvas.height = image.height;
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label || "");
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
