// Asking the service: one place for the key, and for sentences when something is wrong.
const state = { key: sessionStorage.getItem("key"), system: null, verbs: [] };

export function say(sentence) {
  document.getElementById("status").textContent = sentence || "";
}

function askForKey() {
  const dialog = document.getElementById("ask-key");
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      state.key = document.getElementById("key").value.trim();
      sessionStorage.setItem("key", state.key);
      done();
    }, { once: true });
    dialog.showModal();
  });
}

export async function call(path, options = {}, again = true) {
  const headers = { ...(options.headers || {}) };
  if (state.key) headers.Authorization = `Bearer ${state.key}`;
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("The service does not answer.");
  }
  if (answer.status === 401 && again) {
    await askForKey();
    return call(path, options, false);
  }
  if (!answer.ok) {
    let sentence = `The service answered ${answer.status}.`;
    try { sentence = (await answer.json()).detail; } catch { /* no JSON: keep ours */ }
    throw new Error(sentence);
  }
  return answer;
}

export const json = async (path, options) => (await call(path, options)).json();

export const post = (path, body) => json(path, {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
});

export async function system() {
  if (!state.system) {
    const ready = await json("readyz");
    const names = Object.keys(ready.generations);
    const wanted = [new URLSearchParams(location.search).get("system"), "digits"];
    state.system = wanted.find((name) => names.includes(name)) || names[0];
    state.verbs = ready.verbs[state.system];
    document.getElementById("generation").textContent =
      `${state.system} · generation ${ready.generations[state.system]}`;
  }
  return `v1/${state.system}`;
}

export const can = (verb) => state.verbs.includes(verb);

export function seen(answer) {
  document.getElementById("generation").textContent =
    `${answer.system} · generation ${answer.generation}`;
}
