// A feed: posts that go on as one scrolls, what one does with them, and what other weights would change.
import { json, newId, post, say, seen } from "./api.js";
import { number, quiet, whyItem } from "./answer.js";
import { element, scrolled } from "./draw.js";

const PAGE = 8;

// named : the field with the user
export function feedCards(system, named) {
  const posts = element("ol", { id: "feed", class: "posts", tabindex: 0, "aria-label": "Posts" });
  const end = element("div", { class: "row", "aria-live": "polite" });
  let user = "", cursor = null, turn = 0, busy = false;

  function act(action, id, query, card) {
    const event = {
      event_id: newId(), application: "page", action_name: action, user_id: user, query_id: query,
      timestamp: new Date().toISOString(), event_attributes: { object: { object_id: id } },
    };
    return post("v1/events", { events: [event] }).then(() => {
      if (action === "hide") card.remove();
      else card.querySelector(".like").setAttribute("aria-pressed", "true");
      end.replaceChildren(quiet("What comes next follows from it."), more);
    }).catch((error) => say(error.message));
  }

  function shown(hit, query) {
    const [about, worth] = (hit.reason || "").split("; worth ");
    const card = element("li", { class: "post" });
    card.append(element("b", {}, about), worth ? element("span", { class: "quiet" }, `worth ${worth}`) : "",
      element("div", { class: "row" },
        element("button", { class: "like", "aria-label": `Like ${hit.id}`, "aria-pressed": "false", onclick: () => act("like", hit.id, query, card) }, "Like"),
        element("button", { class: "hide", "aria-label": `Hide ${hit.id}`, onclick: () => act("hide", hit.id, query, card) }, "Hide"),
        element("button", { "aria-label": `Why ${hit.id}?`, onclick: () => whyItem(system, { user }, hit) }, "Why?")));
    return card;
  }

  async function next() {
    if (busy || !user) return;
    busy = true;
    const mine = turn;
    try {
      const found = await post(`${system.path}/recommend`, { user, k: PAGE, ...(cursor ? { cursor } : {}) });
      if (mine !== turn) return;
      say(""); seen(system, found.generation);
      const [answer] = found.answers;
      posts.append(...answer.hits.map((hit) => shown(hit, found.query_id)));
      cursor = answer.cursor;
      end.replaceChildren(...(cursor ? [more] : [quiet("That is all there is for now.")]));
    } catch (error) { if (mine === turn) say(error.message); }
    finally { busy = false; }
  }

  const more = element("button", { id: "more", onclick: next }, "More");
  posts.addEventListener("scroll", () => { if (cursor && posts.scrollTop + posts.clientHeight > posts.scrollHeight - 40) next(); });

  function open() {
    const name = named.value.trim();
    if (!name) return named.focus();
    turn += 1; busy = false; user = name; cursor = null;
    posts.replaceChildren(); end.replaceChildren();
    next();
  }

  return [
    element("div", { class: "card" }, element("div", { class: "row spread" }, element("h2", {}, "The feed, as one scrolls it"),
      element("button", { id: "open-feed", onclick: open }, "Open the feed")), posts, end),
    weightsCard(system),
  ];
}

function weightsCard(system) {
  const fields = element("div", { class: "row" }), told = scrolled({ id: "previewed", "aria-label": "What would change" }, quiet("Nothing was changed: this shows what would be."));
  const inputs = new Map();
  let asked = false;

  async function preview(event) {
    event.preventDefault();
    const weights = Object.fromEntries([...inputs].map(([head, field]) => [head, +field.value]));
    try {
      const found = await post(`${system.path}/weights/preview`, { weights });
      say(""); told.replaceChildren(...previewed(found));
    } catch (error) { say(error.message); }
  }

  async function fill() {
    if (asked) return;
    asked = true;
    try {
      const { weights } = await json(`${system.path}/weights`);
      for (const [head, weight] of Object.entries(weights)) {
        const field = element("input", { type: "number", step: "any", required: "", value: weight, id: `weight-${head}`, "aria-label": `Weight of ${head}` });
        inputs.set(head, field);
        fields.append(element("label", { class: "inline" }, `${head} `, field));
      }
    } catch (error) { asked = false; say(error.message); }
  }

  fill();
  return element("div", { class: "card" }, element("h2", {}, "What other weights would change"),
    element("form", { id: "weights", onsubmit: preview }, fields, element("div", { class: "row" }, element("button", {}, "Show what would change"))), told);
}

function previewed({ heads, groups, n_other: other, n_decisions: n }) {
  const change = (value, interval) => [element("td", { class: "n" }, `${value > 0 ? "+" : ""}${number(value)}`),
    element("td", { class: "n" }, interval ? `${number(interval[0])} to ${number(interval[1])}` : "the log cannot say")];
  const table = (first, rows, name) => element("table", { class: "wide" },
    element("tr", {}, ...[first, "now", "change", "95% interval"].map((text) => element("th", { scope: "col" }, text))),
    ...rows.map((row) => element("tr", {}, element("td", {}, row[name]), element("td", { class: "n" }, number(row.now)), ...change(row.change, row.interval))));
  return [element("p", {}, `Another post would stand in ${other.toLocaleString("en")} of ${n.toLocaleString("en")} places that were drawn at random.`),
    table("of each place", heads, "head"), element("h3", {}, "Who gains, and who loses"), table("share of the places", groups, "group")];
}
