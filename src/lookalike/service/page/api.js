// Requests to the service: one place for the key, and for sentences when something is wrong.
let key = sessionStorage.getItem("key"), asking = null, found = null;

export function say(sentence) {
  document.getElementById("status").textContent = sentence || "";
}

function askForKey() {
  const dialog = document.getElementById("ask-key");
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      key = document.getElementById("key").value.trim();
      sessionStorage.setItem("key", key);
      done();
    }, { once: true });
    dialog.showModal();
  });
}

export async function call(path, options = {}, again = true) {
  const headers = { ...(options.headers || {}) };
  if (key) headers.Authorization = `Bearer ${key}`;
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("The service does not answer.");
  }
  if (answer.status === 401 && again) {
    asking ??= askForKey().finally(() => { asking = null; });  // once for requests that are sent together
    await asking;
    return call(path, options, false);
  }
  if (!answer.ok) {
    let sentence = `The service answered ${answer.status}.`;
    try { sentence = (await answer.json()).detail; } catch { /* no JSON: keep ours */ }
    throw Object.assign(new Error(sentence), { status: answer.status });
  }
  return answer;
}

export const json = async (path, options) => (await call(path, options)).json();

export const post = (path, body) => json(path, {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
});

// An id that nothing else has, also where the page did not come over HTTPS.
export const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

// A file as a request carries it.
export async function encoded(file) {
  if (file.size > 6e6) throw new Error("The file is larger than 6 MB.");
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return { base64: btoa(text) };
}

// What is served, in the order in which it was given to the service.
export async function systems() {
  found ??= (await json("v1/systems")).systems.map((each) => ({
    ...each, path: `v1/${each.name}`, can: (verb) => each.capabilities.includes(verb), takes: (form) => each.forms.includes(form),
  }));
  return found;
}

// An answer says which generation gave it, which may be a newer one.
export function seen(system, generation = system.generation) {
  system.generation = generation;
  document.getElementById("generation").textContent = `${system.name} · generation ${generation}`;
}
