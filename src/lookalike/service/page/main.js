// The page: four sections, one shown at a time, by mouse, finger or arrow keys.
import { can, say, system } from "./api.js";
import { openSearch } from "./search.js";
import { openMap } from "./map.js";
import { openQuality } from "./quality.js";
import { openLive, closeLive } from "./live.js";

const opened = { search: openSearch, map: openMap, quality: openQuality, live: openLive };
const tabs = [...document.querySelectorAll("[role=tab]")];

async function show(name) {
  for (const tab of tabs) {
    const mine = tab.getAttribute("aria-controls") === name;
    tab.setAttribute("aria-selected", mine);
    tab.tabIndex = mine ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !mine;
  }
  if (name !== "live") closeLive();
  say("");
  try {
    await system();
    if (!can("search")) throw new Error("This system has no page: /docs tells what it answers.");
    for (const tab of tabs) tab.hidden = ["map", "quality"].includes(tab.getAttribute("aria-controls")) && !can(tab.getAttribute("aria-controls"));
    await opened[name]();
  } catch (error) {
    say(error.message);
  }
}

tabs.forEach((tab, at) => {
  tab.addEventListener("click", () => { location.hash = `/${tab.getAttribute("aria-controls")}`; });
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(at + step + tabs.length) % tabs.length];
    next.focus(); next.click();
  });
});

// Not the name alone: a browser moves the focus to the element of that id.
const wanted = () => (opened[location.hash.slice(2)] ? location.hash.slice(2) : "search");
addEventListener("hashchange", () => show(wanted()));

document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  dispatchEvent(new Event("resize"));
});
if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");

show(wanted());
