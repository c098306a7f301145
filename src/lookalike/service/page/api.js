// Requests to the service: one place for the key, and for sentences when something is wrong.
let key = sessionStorage.getItem("key"), asking = null, found = null;

const MOST_SECONDS = 60, SIGN_AFTER = 150;
let pending = 0, sign = 0;

export function say(sentence) {
  document.getElementById("status").textContent = sentence || "";
}

// One short sentence for those who listen; what is shown is not read out.
export function tell(sentence) {
  document.getElementById("spoken").textContent = sentence;
}

// A sign that something is under way, where it takes longer than one notices.
function work(change) {
  pending += change;
  if (pending && !sign) sign = setTimeout(() => document.body.classList.add("working"), SIGN_AFTER);
  if (!pending) { clearTimeout(sign); sign = 0; document.body.classList.remove("working"); }
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
  work(1);
  try {
    answer = await fetch(path, { signal: AbortSignal.timeout(1000 * MOST_SECONDS), ...options, headers });
  } catch (error) {
    throw new Error(error.name === "TimeoutError" ? `The service did not answer within ${MOST_SECONDS} seconds.` : "The service does not answer.");
  } finally { work(-1); }
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

// Asks a system, with what is asked: a picture or clip goes as it is, the options in the address.
export async function send(system, verb, { blob, ...query }, options = {}) {
  if (!blob) return post(`${system.path}/${verb}`, { ...query, ...options });
  if (blob.size > 8e6) throw new Error("The file is larger than 8 MB.");
  const type = blob.type.startsWith("image/") ? blob.type : "application/octet-stream";
  return json(`${system.path}/${verb}?${new URLSearchParams(options)}`, { method: "POST", headers: { "content-type": type }, body: blob });
}

// A file as it stands inside a document.
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

// An answer says which generation gave it, which may be a newer one; whoever shows an older one is told.
export function seen(system, generation = system.generation) {
  const before = system.generation;
  system.generation = generation;
  document.getElementById("generation").textContent = `${system.name} · generation ${generation}`;
  if (before !== generation) dispatchEvent(new CustomEvent("generation", { detail: system }));
}

// Which generations answer now, where the service says so without delay.
export async function follow() {
  const now = new Map((await json("v1/systems")).systems.map((each) => [each.name, each.generation]));
  return (system) => { if (now.has(system.name) && now.get(system.name) !== system.generation) seen(system, now.get(system.name)); };
}
