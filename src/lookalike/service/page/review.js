// Review: posts that wait for a person, one at a time, masked until they are revealed.
import { json, post, say } from "./api.js";
import { number, quiet, words } from "./answer.js";
import { element } from "./draw.js";

const keys = { k: "keep", r: "remove", s: "skip", v: "reveal" };

export function reviewView(system) {
  const path = `${system.path}/review`, left = element("p", { id: "review-left", class: "quiet" }), shown = element("div", { id: "review-post", tabindex: "-1", "aria-live": "polite" });
  const buttons = element("div", { class: "row", id: "review-actions" });
  let current = null, kinds = [], busy = false;

  async function next() {
    const found = await json(`${path}?n=1`);
    kinds = found.kinds;
    left.textContent = found.waiting ? `${found.waiting.toLocaleString("en")} ${found.waiting === 1 ? "post waits" : "posts wait"}. After an hour of it, take a break.` : "";
    current = found.posts[0] || null;
    draw();
  }

  function draw() {
    buttons.hidden = !current;
    if (!current) return shown.replaceChildren(quiet("No post waits for you."));
    const { text, kind, probability, low, high, language, policy, appeal, has_picture, picture, revealed } = current;
    const facts = [["kind", kind], ["probability", `${number(probability)}, ${number(low)} to ${number(high)}`], ["language", language], ["policy", policy]];
    shown.replaceChildren(
      ...(appeal ? [element("p", { class: "appeal" }, element("b", {}, "Its author appeals: "), appeal)] : []),
      element("blockquote", { id: "review-text", dir: "auto" }, text || "(no text)"),
      ...(has_picture ? [picture ? element("img", { id: "review-picture", class: "grey", alt: "The picture of the post, without its colours", src: `data:;base64,${picture.base64}` }) : quiet("It has a picture, which is not shown.")] : []),
      element("p", {}, ...facts.filter(([, value]) => value).map(([name, value]) => element("span", { class: "fact" }, `${name} `, element("b", {}, String(value))))),
      element("fieldset", { id: "review-kinds" }, element("legend", {}, "If it is removed, for"), ...kinds.map((name) =>
        element("label", { class: "inline" }, element("input", { type: "checkbox", value: name, ...(name === kind ? { checked: "" } : {}) }), ` ${words(name)}`))),
      ...(revealed ? [] : [quiet("Letters are left out. Reveal shows the post as it is.")]));
  }

  async function act(what) {
    if (!current || busy) return;
    busy = true;
    try {
      const id = encodeURIComponent(current.id);
      if (what === "reveal") {
        current = await json(`${path}/${id}?reveal=true`);
        draw();
      } else {
        const chosen = [...shown.querySelectorAll("input:checked")].map((each) => each.value);
        await post(`${path}/${id}/decision`, { decision: what, kinds: what === "remove" ? chosen : [] });
        await next();
      }
      say("");
    } catch (error) { say(error.message); } finally { busy = false; }
  }

  buttons.append(...Object.entries(keys).map(([key, what]) => element("button", { id: `review-${what}`, "aria-keyshortcuts": key, onclick: () => act(what) }, `${what[0].toUpperCase()}${what.slice(1)} `, element("kbd", {}, key))));
  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input, textarea, select")) return;
    if (keys[event.key]) { event.preventDefault(); act(keys[event.key]); }
  }
  return {
    nodes: [element("div", { class: "card" }, element("h2", {}, "Waiting for a person"), left, shown, buttons)],
    async open() { document.addEventListener("keydown", pressed); await next(); },
    close() { document.removeEventListener("keydown", pressed); },
  };
}
