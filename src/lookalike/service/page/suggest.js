// Type-ahead: a search box that completes what is typed, with the keyboard alone, too.
import { note } from "./address.js";
import { post, say, seen, tell } from "./api.js";
import { quiet, whyAnswer } from "./answer.js";
import { element } from "./draw.js";

const kinds = { asked: "asked before", unseen: "not asked yet", spelling: "spelled otherwise", within: "has the word within" };

export function suggestView(system) {
  const list = element("ul", { id: "suggestions", role: "listbox", "aria-label": "Suggestions", hidden: "" });
  const box = element("input", { id: "typed", role: "combobox", type: "text", maxlength: 200, autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-label": "Query",
    "aria-autocomplete": "list", "aria-controls": "suggestions", "aria-expanded": "false", placeholder: "Begin to type, such as “" + system.example.body.text + "”" });
  const told = element("div", { class: "visually-hidden", role: "status", id: "told" }), chosen = element("div", { id: "said" }, quiet("Nothing was asked yet."));
  let turn = 0, found = [], active = -1, typed = "";

  // The list of ARIA's combobox: the focus stays in the box, and the box names the option that is active.
  function mark(at) {
    active = at;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", i === at));
    if (at < 0) box.removeAttribute("aria-activedescendant");
    else { box.setAttribute("aria-activedescendant", list.children[at].id); list.children[at].scrollIntoView({ block: "nearest" }); }
    box.value = at < 0 ? typed : found[at].query;
  }

  function open(shown) {
    list.hidden = !shown;
    box.setAttribute("aria-expanded", shown);
  }

  function close() { turn++; found = []; active = -1; list.replaceChildren(); box.removeAttribute("aria-activedescendant"); open(false); }

  async function complete() {
    const mine = ++turn;
    typed = box.value;
    if (!/[\p{L}\p{N}]/u.test(typed)) { close(); told.textContent = ""; return; }
    try {
      const answer = await post(`${system.path}/suggest`, { text: typed, k: 8 });
      if (mine !== turn) return;
      say(""); seen(system, answer.generation);
      [{ suggestions: found }] = answer.answers;
      list.replaceChildren(...found.map(option));
      active = -1; box.removeAttribute("aria-activedescendant");
      open(found.length > 0);
      told.textContent = found.length ? `${found.length} suggestions` : "No suggestions";
    } catch (error) {
      if (mine === turn) { close(); say(error.message); }
    }
  }

  // What is typed stands plain and what is added bold.
  function option({ query, kind }, at) {
    const begun = typed.trimStart().toLowerCase(), same = query.startsWith(begun) ? begun.length : 0;
    return element("li", { id: `suggestion-${at}`, role: "option", "aria-selected": "false",
      onpointerdown: (event) => event.preventDefault(), onclick: () => { mark(at); ask(); } },
      element("span", {}, query.slice(0, same), element("b", {}, query.slice(same))), element("small", {}, kinds[kind] || kind));
  }

  function ask() {
    const query = box.value.trim(), from = typed, place = active + 1, first = found.length > 0;
    if (!query) return;
    close();
    typed = query;
    note(system, { q: query });
    tell(`${query} is asked.`);
    chosen.replaceChildren(element("p", { class: "asked" }, query), quiet(place ? `Suggestion ${place} for “${from}”: ${query.length - from.length} letters less to type.` : "Typed to the end."),
      ...(system.can("explain") && first && from !== "" ? [element("button", { id: "why-answer", onclick: () => whyAnswer(system, { text: from }) }, "Why the first suggestion?")] : []));
  }

  box.addEventListener("input", complete);
  box.addEventListener("blur", () => { if (active >= 0) typed = box.value; close(); });
  box.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], n = found.length + 1;
    if (step && event.altKey === false) {
      event.preventDefault();
      if (list.hidden) complete();
      else mark((active + 1 + step + n) % n - 1);  // past either end is what was typed
    } else if (event.key === "Enter") {
      event.preventDefault(); ask();
    } else if (event.key === "Escape") {
      event.preventDefault();
      const shown = !list.hidden;
      box.value = shown ? typed : "";
      close();
      if (!shown) typed = "";
    }
  });
  const form = element("form", { role: "search", onsubmit: (event) => { event.preventDefault(); ask(); } }, element("h2", {}, "Begin to type"),
    element("div", { class: "combobox" }, box, list), told,
    element("div", { class: "row" }, element("button", { id: "go" }, "Ask"), element("span", { class: "inline" }, "↑ ↓ choose, Enter asks, Esc closes")));
  return { nodes: [element("div", { class: "ask card" }, form), element("div", { class: "answer card" }, element("h2", {}, "What is asked"), chosen)],
    open({ q } = {}) { if (q && q !== box.value) { box.value = typed = q; ask(); } } };
}
