// Texts: type one; see what was found in it, or what it is, or which known texts are like it.
import { note } from "./address.js";
import { encoded, post, say, seen, tell } from "./api.js";
import { countChoice, lines, number, quiet, verdict, whyAnswer, whyItem, words } from "./answer.js";
import { element } from "./draw.js";
import { shrunk } from "./shrink.js";

export function textView(system) {
  const names = system.can("classify"), finds = system.can("search"), counts = system.can("facets"), chosen = {};
  const typed = element("textarea", { id: "text", rows: 6, "aria-label": "Text", maxlength: 100000, placeholder: "Type or paste a text" });
  const count = countChoice([5, 10, 20, 50], 10, () => typed.value && ask());
  const meant = element("div", { id: "meant" }), more = element("div", { id: "more" });
  const said = element("div", { id: "said" }, quiet("Nothing was asked yet.")), hits = element("div", { id: "hits" }), facets = element("div", { id: "facets" });
  const reasons = system.can("explain_item") ? (text) => (hit) => whyItem(system, { text }, hit) : () => undefined;
  let turn = 0;
  const chooses = system.takes("post"), file = element("input", { type: "file", id: "post-picture", accept: "image/*", "aria-label": "A picture beside the text", onchange: () => ask() });
  typed.value = system.example.body.text ?? "";

  // What is asked: the text, and the picture beside it where one was chosen.
  async function asked(text) {
    const [picture] = file.files;
    return picture ? { ...(text ? { text } : {}), picture: await encoded((await shrunk(picture)).blob) } : { text };
  }

  async function ask() {
    const mine = ++turn, text = typed.value;
    try {
      const sent = await asked(text);
      const where = counts ? { where: { ...chosen } } : {};
      const [records, found, counted] = await Promise.all([names && post(`${system.path}/classify`, sent),
        finds && post(`${system.path}/search`, { text, k: +count.value, ...where }), counts && post(`${system.path}/facets`, { text, ...where })]);
      if (mine !== turn) return;
      say(""); seen(system, (found || records).generation);
      note(system, file.files[0] ? {} : { q: text.slice(0, 500), k: finds && count.value !== "10" ? count.value : "" });
      tell(found ? `${found.answers[0].hits.length} texts were found.` : "It was answered.");
      const why = element("button", { id: "why-answer", onclick: () => whyAnswer(system, sent) }, "Why?");
      if (records) said.replaceChildren(...told(text, records.answers), ...(system.can("explain") ? [why] : []));
      if (found) meant.replaceChildren(...suggested(found.answers[0].did_you_mean));
      if (found) hits.replaceChildren(found.answers[0].hits.length ? lines(found.answers[0].hits, reasons(text)) : quiet("There is nothing like it."));
      if (found) more.replaceChildren(...next(found.answers[0].cursor, { text, k: +count.value, ...where }, () => mine === turn));
      if (counted) facets.replaceChildren(...Object.entries(counted.facets).flatMap(choices));
    } catch (error) {
      if (mine === turn) refuse(error.message);
    }
  }

  // Nothing of an earlier answer is left beside a refusal.
  function refuse(sentence) {
    said.replaceChildren(element("p", { class: "refusal" }, sentence));
    for (const each of [meant, hits, more, facets]) each.replaceChildren();
    if (!names) hits.replaceChildren(element("p", { class: "refusal" }, sentence));
    say(sentence);
  }

  // A button that adds the next page, if there is one; an answer that came too late is dropped.
  function next(cursor, asked, current) {
    if (!cursor) return [];
    return [element("button", { onclick: async (event) => {
      event.target.disabled = true;
      try {
        const [page] = (await post(`${system.path}/search`, { ...asked, cursor })).answers;
        if (!current()) return;
        hits.querySelector("ol")?.append(...lines(page.hits, reasons(asked.text)).children);
        more.replaceChildren(...next(page.cursor, asked, current));
      } catch (error) {
        event.target.disabled = false;
        if (current()) say(error.message);
      }
    } }, "Show more")];
  }

  // What a misspelt query was meant as; pressing it asks that.
  function suggested(query) {
    const ask_it = () => { typed.value = query; ask(); };
    return query ? [element("p", {}, "Did you mean ", element("button", { class: "link", onclick: ask_it }, query), "?")] : [];
  }

  // The values of an attribute with how often each is found; pressing one lets only these through, or all again.
  function choices([name, values]) {
    const some = Object.entries(values).slice(0, 12);
    return some.length ? [element("h3", {}, words(name)), element("div", { class: "chips" }, ...some.map(([value, n]) =>
      element("button", { "aria-pressed": String(name in chosen), onclick: () => { if (name in chosen) delete chosen[name]; else chosen[name] = value; ask(); } }, `${value} ${n}`)))] : [];
  }

  const form = element("form", { onsubmit: (event) => { event.preventDefault(); ask(); } }, element("h2", {}, "Type a text"), typed, ...(chooses ? [file] : []),
    element("div", { class: "row" }, element("button", { id: "go" }, "Ask"), ...(finds ? [element("label", { class: "inline" }, "show ", count)] : []), element("span", { class: "inline" }, "or Ctrl and Enter")));
  typed.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); ask(); } });
  return {
    nodes: [
      element("div", { class: "ask card" }, form),
      element("div", { class: "answer card" },
        ...(names ? [element("h2", {}, "The answer"), said] : []), ...(finds ? [element("h2", {}, counts ? "What was found" : "What is like it"), meant, facets, hits, more] : [])),
    ],
    open(given = {}) {
      if (given.k) count.value = given.k;
      if (given.q && given.q !== typed.value.slice(0, 500)) { typed.value = given.q; ask(); }
    },
  };
}

// Records with start and end are parts of the text: it is shown with them marked.
function told(text, records) {
  if (!records.every((record) => "start" in record)) return records.map(verdict);
  const found = records.filter(({ start }) => start !== null).sort((a, b) => a.start - b.start);
  const letters = Array.from(text), shown = element("p", { class: "marked" });  // offsets count characters, not halves of them
  let at = 0;
  for (const { start, end, ...rest } of found) {
    if (start < at) continue;
    shown.append(letters.slice(at, start).join(""), element("mark", { title: fields(rest) }, letters.slice(start, end).join("")));
    at = end;
  }
  shown.append(letters.slice(at).join(""));
  if (!found.length) return [shown, quiet("Nothing was found in this text.")];
  return [shown, element("ul", { id: "found" }, ...found.map(({ start, end, ...rest }) =>
    element("li", {}, element("b", {}, letters.slice(start, end).join("")), ` ${fields(rest)}, characters ${start} to ${end}`)))];
}

const fields = (record) => Object.entries(record).filter(([name, value]) => name !== "input" && typeof value === "number").map(([name, value]) => `${words(name)} ${number(value)}`).join(", ");
