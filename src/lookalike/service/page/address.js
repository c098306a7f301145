// The address: which system, which section, and what was asked there, so that it can be kept and sent.
const kept = new Map();

export function read() {
  const [path, query = ""] = location.hash.split("?"), [, name, section] = path.split("/");
  return { name, section, asked: Object.fromEntries(new URLSearchParams(query)) };
}

const written = (name, section, asked) => {
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== "" && value != null)).toString();
  return `#/${name}/${section}${query ? `?${query}` : ""}`;
};

// Go to a section: with what is to be asked there, or as it was left. Not the name alone: a browser moves the focus to the element of that id.
export function go(name, section, asked) {
  location.hash = written(name, section, asked ?? kept.get(`${name}/${section}`) ?? {}).slice(1);
}

// Note what was asked; a step back leads to what was asked before.
export function note(system, asked) {
  const hash = written(system.name, "ask", asked);
  kept.set(`${system.name}/ask`, asked);
  if (location.hash !== hash) history.pushState(null, "", hash);
}
