// Drawing on a canvas: with a mouse, a finger or the arrow keys, and a pen that is seen.
import { element } from "./draw.js";

// side : pixels of the square canvas; begun : called when a stroke begins; done : when one has ended
export function drawing(canvas, side, begun, done) {
  const pen = canvas.getContext("2d", { willReadFrequently: true }), tip = element("span", { class: "pen", "aria-hidden": "true", hidden: "" });
  const line = (from, to) => { pen.beginPath(); pen.moveTo(...from); pen.lineTo(...to); pen.stroke(); };
  const place = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return [(clientX - box.left) * side / box.width, (clientY - box.top) * side / box.height];
  };
  let at = [side / 2, side / 2], inking = false, last = null;

  function point() { tip.style.left = `${100 * at[0] / side}%`; tip.style.top = `${100 * at[1] / side}%`; }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId); begun(); tip.hidden = true;
    last = place(event); line(last, last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (last) { const next = place(event); line(last, next); last = next; }
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { if (last) { last = null; done(); } });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [0, -10], ArrowDown: [0, 10], ArrowLeft: [-10, 0], ArrowRight: [10, 0] }[event.key];
    if (event.key === " ") { inking = true; begun(); event.preventDefault(); line(at, at); tip.classList.add("down"); }
    if (!step) return;
    event.preventDefault();
    const next = at.map((v, i) => Math.min(side - 10, Math.max(10, v + step[i])));
    if (inking) line(at, next);
    at = next; tip.hidden = false; point();
  });
  canvas.addEventListener("keyup", (event) => { if (event.key === " ") { inking = false; tip.classList.remove("down"); done(); } });
  canvas.addEventListener("focus", () => { tip.hidden = !canvas.matches(":focus-visible"); point(); });
  canvas.addEventListener("blur", () => { tip.hidden = true; });
  return tip;
}
