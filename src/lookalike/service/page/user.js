// Users: choose or type one; see what is recommended, and why.
import { note } from "./address.js";
import { json, post, say, seen, tell } from "./api.js";
import { countChoice, lines, quiet, whyAnswer, whyItem } from "./answer.js";
import { auctionCard } from "./auction.js";
import { element } from "./draw.js";
import { feedCards } from "./feed.js";

export function userView(system) {
  const named = element("input", { id: "user", list: "users", autocomplete: "off", maxlength: 200, required: "", "aria-label": "User", placeholder: "Name or number of a user" });
  const options = element("datalist", { id: "users" }), some = element("div", { id: "some", class: "chips", role: "group", "aria-label": "Some known users" }), known = quiet("");
  const count = countChoice([5, 10, 20, 50], 10, () => named.value && ask());
  const said = element("div", { id: "said" }), hits = element("div", { id: "hits" }, quiet("Nobody was asked about yet."));
  const out = new Map();  // what the user does not want, by id
  let turn = 0, waiting, filled = false, last = null;
  named.value = system.example.body.user ?? "";

  async function ask() {
    const mine = ++turn, user = named.value.trim(), k = +count.value;
    if (!user) return;
    try {
      if (user !== last) out.clear();
      const found = await post(`${system.path}/recommend`, { user, k, exclude: [...out.keys()] });
      if (mine !== turn) return;
      last = user; say(""); seen(system, found.generation);
      note(system, { q: user, k: k === 10 ? "" : k });
      tell(`${found.answers[0].hits.length} are recommended to ${user}.`);
      const [answer] = found.answers;
      const why = system.can("explain_item") && ((hit) => whyItem(system, { user, k }, hit));
      said.replaceChildren(...(answer.known ? [] : [element("p", {}, `Nothing is known of “${user}”.`)]));
      hits.replaceChildren(answer.hits.length ? lines(answer.hits, why, (hit) => { out.set(hit.id, hit.title ?? hit.label ?? hit.id); ask(); }) : quiet("There is nothing left to recommend."),
        ...(out.size ? [element("p", { class: "left-out" }, `Left out: ${[...out.values()].join(", ")}. `, element("button", { class: "link", onclick: () => { out.clear(); ask(); } }, "Take them back"))] : []),
        ...(answer.rules.length ? [element("h3", {}, "Rules"), element("ul", {}, ...answer.rules.map((rule) => element("li", {}, rule)))] : []),
        ...(system.can("explain") && answer.known ? [element("button", { id: "why-answer", onclick: () => whyAnswer(system, { user }) }, "Why these?")] : []));
    } catch (error) {
      if (mine !== turn) return;
      said.replaceChildren(); hits.replaceChildren(element("p", { class: "refusal" }, error.message));
      say(error.message);
    }
  }

  async function suggest() {
    try {
      const { users } = await json(`${system.path}/users?n=20&prefix=${encodeURIComponent(named.value)}`);
      options.replaceChildren(...users.map((user) => element("option", { value: user })));
    } catch (error) { say(error.message); }
  }

  named.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(suggest, 200); });
  const form = element("form", { onsubmit: (event) => { event.preventDefault(); ask(); } }, element("h2", {}, "For whom?"), named, options,
    element("div", { class: "row" }, element("button", { id: "go" }, "Recommend"), element("label", { class: "inline" }, "show ", count)));
  return {
    nodes: [
      element("div", { class: "ask card" }, form, element("h3", {}, "or take one of these"), some, known),
      element("div", { class: "answer card" }, element("h2", {}, "What is recommended"), said, hits),
      ...(system.can("auction") ? [auctionCard(system, named)] : []),
      ...(system.can("weigh") ? [element("div", { class: "wide-card stack" }, ...feedCards(system, named))] : []),
    ],
    async open(given = {}) {
      if (given.k) count.value = given.k;
      if (given.q && given.q !== last) { named.value = given.q; ask(); }
      if (filled) return;
      filled = true;
      const { users, count: n } = await json(`${system.path}/users?n=12`);
      some.replaceChildren(...users.map((user) => element("button", { onclick: () => { named.value = user; ask(); } }, user)));
      known.textContent = `${n.toLocaleString("en")} users are known; others get what is popular.`;
    },
  };
}
