// Auctions: the places of a page, sold to ads for a user.
import { post, say, seen } from "./api.js";
import { number, quiet, words } from "./answer.js";
import { element, scrolled } from "./draw.js";

const kinds = { gsp: "generalised second price", vcg: "VCG", second_price: "second price" };
const columns = { place: "Place", id: "Ad", advertiser: "Advertiser", bid: "Bid a click", chance: "Chance of a click", price: "Price of a click", payment: "Expected payment" };

// named : the field with the user
export function auctionCard(system, named) {
  const kind = element("select", { id: "auction-kind", "aria-label": "Kind of auction" }, ...Object.entries(kinds).map(([value, name]) => element("option", { value }, name)));
  const places = element("input", { id: "auction-places", type: "number", min: 1, max: 50, value: 3, required: "", "aria-label": "Places of the page" });
  const reserve = element("input", { id: "auction-reserve", type: "number", min: 0, step: "any", value: 0, required: "", "aria-label": "Least price of a click" });
  const sold = scrolled({ id: "sold", "aria-label": "What was sold" }, quiet("Nothing was sold yet."));

  async function sell(event) {
    event.preventDefault();
    const user = named.value.trim();
    if (!user) return named.focus();
    try {
      const found = await post(`${system.path}/auction`, { user, k: +places.value, kind: kind.value, reserve: +reserve.value });
      say(""); seen(system, found.generation);
      sold.replaceChildren(...page(found.answers[0]));
    } catch (error) { say(error.message); }
  }

  const label = (text, field) => element("label", { class: "inline" }, text, field);
  return element("div", { class: "card" }, element("h2", {}, "Sell the places of a page"),
    element("form", { id: "auction", onsubmit: sell }, element("div", { class: "row" }, label("by ", kind), label("places ", places), label("reserve ", reserve), element("button", {}, "Sell"))), sold);
}

function page({ places, revenue, rules, left_out: left }) {
  if (!places.length) return [quiet("No ad may be shown, or none bids the reserve.")];
  const text = (value) => (typeof value === "number" ? number(value) : value);
  const kept = Object.entries(left).filter(([, n]) => n).map(([rule, n]) => `${n.toLocaleString("en")} left out: ${words(rule)}`);
  return [
    element("table", { class: "wide" }, element("tr", {}, ...Object.values(columns).map((name) => element("th", { scope: "col" }, name))),
      ...places.map((row) => element("tr", {}, ...Object.keys(columns).map((name) => element("td", typeof row[name] === "number" ? { class: "n" } : {}, text(row[name])))))),
    element("p", {}, `The page is expected to bring ${number(revenue)}.`),
    element("ul", {}, ...[...rules, ...kept].map((each) => element("li", {}, each)))];
}
