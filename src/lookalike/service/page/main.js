// The page: the systems that are served, and for each the sections that fit what it can do.
import { go, read } from "./address.js";
import { follow, say, seen, systems } from "./api.js";
import { element } from "./draw.js";

// Modules of sections come when they are first shown: those of images, which are shown most, are asked for by the page itself.
const inputs = {
  image: async (system) => (await import("./image.js")).imageView(system), text: async (system) => (await import("./text.js")).textView(system),
  user: async (system) => (await import("./user.js")).userView(system), video: async (system) => (await import("./video.js")).videoView(system),
};
const suggests = async (system) => (await import("./suggest.js")).suggestView(system), follows = async (system) => (await import("./stream.js")).streamView(system);
const sections = {
  ask: (system) => (system.can("suggest") ? suggests : system.can("stream") ? follows : inputs[system.input] || otherView)(system),
  map: async (system) => (await import("./map.js")).mapView(system), review: async (system) => (await import("./review.js")).reviewView(system),
  quality: async (system) => (await import("./quality.js")).qualityView(system), experiments: async (system) => (await import("./experiments.js")).experimentsView(system),
  live: async (system) => (await import("./live.js")).liveView(system),
};
const tabs = [...document.querySelectorAll("[role=tab]")], sectionOf = (tab) => tab.getAttribute("aria-controls");
const choice = document.getElementById("system"), made = new Map();
let system = null, open = null, turn = 0;

// A system whose inputs this page cannot make is asked over HTTP alone.
function otherView({ input, example }) {
  return { nodes: [element("div", { class: "card" }, element("h2", {}, "Ask it over HTTP"),
    element("p", {}, `This page has no form for the input “${input}”. A request that the system answers:`),
    element("pre", {}, `${example.method} ${example.path}\n${JSON.stringify(example.body, null, 1)}`))] };
}

// A view is made once, so that whoever comes back finds it as it was left.
function viewOf(system, name) {
  const id = `${system.name}/${name}`;
  if (!made.has(id)) {
    const view = Promise.resolve(sections[name](system));
    view.catch(() => made.delete(id));  // its module did not come: the next time it may
    made.set(id, view);
  }
  return made.get(id);
}

async function show() {
  const mine = ++turn;
  let view = open;
  try {
    const all = await systems(), { name, section, asked } = read();
    system = all.find((each) => each.name === name) || all[0];
    for (const tab of tabs) tab.hidden = (sectionOf(tab) === "map" && !system.can("items")) || (sectionOf(tab) === "review" && !system.can("review"));
    const chosen = tabs.find((tab) => sectionOf(tab) === section && !tab.hidden) || tabs[0];
    const next = await viewOf(system, sectionOf(chosen));
    if (mine !== turn) return;  // meanwhile another one was chosen
    view = next;
    if (view === open) return void await view.open?.(asked);
    open?.close?.();
    open = view;
    say(""); seen(system);
    choice.hidden = all.length < 2;
    choice.replaceChildren(...all.map((each) => element("option", { value: each.name }, each.name)));
    choice.value = system.name;
    document.title = `lookalike: ${system.name}`;
    document.getElementById("title").textContent = system.title;
    for (const tab of tabs) {
      const panel = document.getElementById(sectionOf(tab)), mine = tab === chosen;
      tab.setAttribute("aria-selected", mine);
      tab.tabIndex = mine ? 0 : -1;
      panel.hidden = !mine;
      if (mine) panel.replaceChildren(...view.nodes);
    }
    scrollTo(0, 0);
    await view.open?.(asked);
  } catch (error) {
    if (mine === turn && view === open) say(error.message);
  }
}

// A picture of another section is asked about.
addEventListener("more-like", async ({ detail: { id, image } }) => {
  go(system.name, "ask", id ? { id } : {});
  if (image) (await viewOf(system, "ask")).like(image);
});

// What is shown follows the generation that answers.
addEventListener("generation", ({ detail }) => { if (detail === system) open?.follow?.().catch?.((error) => say(error.message)); });
setInterval(async () => {
  if (document.hidden || !system) return;
  try { (await follow())(system); } catch { /* the next answer tells */ }
}, 5000);

tabs.forEach((tab) => {
  tab.addEventListener("click", () => (system ? go(system.name, sectionOf(tab)) : show()));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], shown = tabs.filter((each) => !each.hidden);
    if (!step) return;
    const next = shown[(shown.indexOf(tab) + step + shown.length) % shown.length];
    next.focus(); next.click();
  });
});
choice.addEventListener("change", () => go(choice.value, sectionOf(tabs.find((tab) => tab.ariaSelected === "true"))));
addEventListener("hashchange", () => { if (location.hash.startsWith("#/") || !location.hash) show(); });

document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  dispatchEvent(new Event("resize"));
});
if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");

show();
