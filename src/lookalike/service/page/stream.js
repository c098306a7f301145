// A clip, frame by frame: boxes drawn on a canvas, each with its risk, and the risks over time.
import { call, post, say, seen } from "./api.js";
import { quiet, whyAnswer } from "./answer.js";
import { colours, element } from "./draw.js";

const percent = (share) => `${Math.round(100 * share)}%`;

export function streamView(system) {
  const typed = element("textarea", { id: "text", rows: 5, "aria-label": "Clip", placeholder: "A clip as JSON: width, height and frames with boxes" });
  const file = element("input", { type: "file", accept: ".json,.jsonl,.txt", "aria-label": "File of a clip", onchange: async () => { if (file.files[0]) typed.value = (await file.files[0].text()).split("\n")[0]; } });
  const canvas = element("canvas", { id: "street", width: 960, height: 540, role: "img", "aria-label": "Boxes of people with their risks" });
  const line = element("canvas", { id: "risks", width: 960, height: 160, role: "img", "aria-label": "The chance of crossing of everybody, frame by frame" });
  const place = element("input", { id: "frame", type: "range", min: 0, max: 0, value: 0, "aria-label": "Frame", oninput: () => { stop(); show(+place.value); } });
  const play = element("button", { id: "play", type: "button", disabled: "", onclick: () => (timer ? stop() : start()) }, "Play");
  const told = element("p", { id: "told", role: "status" }, "Nothing was played yet.");
  let clip = null, answers = [], refused = [], timer = 0, turn = 0;
  typed.value = system.example.body.text ?? "";

  // Every frame is sent as a car would send it; one that is refused is told, and the next is sent.
  async function follow() {
    const mine = ++turn;
    stop(); answers = []; refused = []; play.disabled = true;
    try {
      try { clip = JSON.parse(typed.value); } catch { throw new Error("The clip is no JSON."); }
      if (!Array.isArray(clip?.frames)) throw new Error("A clip is an object with width, height and frames, each with boxes.");
      const { stream, generation } = await post(`${system.path}/streams`, { width: clip.width, height: clip.height });
      seen(system, generation); say("");
      for (const [at, frame] of clip.frames.entries()) {
        let answer = null;
        try {
          answer = await post(`${system.path}/streams/${stream}/frames`, { frame: at, ...frame });
        } catch (error) {
          if (error.status !== 422) throw error;
          refused.push(`Frame ${at}: ${error.message}`);
        }
        if (mine !== turn) break;
        answers.push(answer);
        place.max = answers.length - 1;
        show(answers.length - 1);
      }
      await call(`${system.path}/streams/${stream}`, { method: "DELETE" });
      if (mine === turn && refused.length) say(`${refused.length} frames were refused. ${refused[0]}`);
      play.disabled = !answers.length;
    } catch (error) {
      if (mine === turn) say(error.message);
    }
  }

  function show(at) {
    const { frames, width, height } = clip, boxes = frames[at]?.boxes, risks = answers[at]?.risks || [];
    place.value = at;
    const pen = canvas.getContext("2d"), scale = canvas.width / width;
    canvas.height = Math.round(height * scale);
    pen.fillStyle = "#1b232c"; pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = "#46525e"; pen.beginPath();  // the way of the car
    pen.moveTo(canvas.width * 0.2, canvas.height); pen.lineTo(canvas.width / 2, canvas.height * 0.45); pen.lineTo(canvas.width * 0.8, canvas.height); pen.stroke();
    const of = new Map(risks.map((risk) => [risk.box, risk]));
    (Array.isArray(boxes) ? boxes : []).forEach((box, row) => {
      if (!Array.isArray(box)) return;
      const [left, top, right, bottom] = box;
      const risk = of.get(row);
      pen.strokeStyle = risk ? colours[risk.person % colours.length] : "#8894a0";
      pen.lineWidth = risk?.alarm ? 5 : 2;
      pen.setLineDash(risk ? [] : [5, 4]);
      pen.strokeRect(left * scale, top * scale, (right - left) * scale, (bottom - top) * scale);
      if (!risk) return;
      pen.font = "600 15px system-ui"; pen.fillStyle = "#fff";
      pen.fillText(`${risk.alarm ? "▲ " : ""}${percent(risk.jaywalking)}`, left * scale, Math.max(15, top * scale - 5));
    });
    pen.setLineDash([]);
    drawLine(at);
    const alarms = risks.filter((risk) => risk.alarm).length;
    told.textContent = `Frame ${answers[at]?.frame ?? at}: ${risks.length} people are judged, ${answers[at]?.waiting ?? 0} wait, ${alarms} are about to cross.`;
  }

  function drawLine(at) {
    const pen = line.getContext("2d"), { width, height } = line, n = Math.max(clip.frames.length - 1, 1), lines = new Map();
    pen.clearRect(0, 0, width, height);
    answers.forEach((answer, frame) => answer?.risks.forEach(({ person, crossing }) => lines.set(person, [...(lines.get(person) || []), [frame, crossing]])));
    for (const [person, points] of lines) {
      pen.strokeStyle = colours[person % colours.length]; pen.lineWidth = 2; pen.beginPath();
      points.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](x / n * width, (1 - y) * (height - 4) + 2));
      pen.stroke();
    }
    pen.strokeStyle = "#8894a0"; pen.lineWidth = 1; pen.beginPath(); pen.moveTo(at / n * width, 0); pen.lineTo(at / n * width, height); pen.stroke();
  }

  function start() {
    if (+place.value >= answers.length - 1) show(0);
    play.textContent = "Pause";
    timer = setInterval(() => { if (+place.value >= answers.length - 1) stop(); else show(+place.value + 1); }, 33);
  }

  function stop() { clearInterval(timer); timer = 0; play.textContent = "Play"; }

  const form = element("form", { onsubmit: (event) => { event.preventDefault(); follow(); } }, element("h2", {}, "A clip"), typed,
    element("div", { class: "row" }, element("button", { id: "go" }, "Follow"), file,
      element("button", { id: "why-answer", type: "button", onclick: () => whyAnswer(system, { text: typed.value }) }, "Why the last risk?")));
  return {
    nodes: [
      element("div", { class: "ask card" }, form),
      element("div", { class: "answer card player" }, element("h2", {}, "Who will cross"), canvas, element("div", { class: "row" }, play, place), line, told,
        quiet("On a box: the chance that somebody crosses where nobody is meant to. Below: the chance of crossing. A thick box with ▲ is an alarm; a dashed one is seen for less than sixteen frames.")),
    ],
    close: stop,
  };
}
