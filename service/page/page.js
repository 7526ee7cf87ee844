// The page's frame: which view is shown, the theme, the notice, and the key where one is asked for.

import * as ask from "./ask.js";
import * as documents from "./documents.js";
import { at, withCode } from "./elements.js";
import * as improve from "./improve.js";
import { call, dropKey, keyOf, useKey } from "./service.js";

const views = { ask, improve, documents };
let asking = "query"; // the kind of key the form is for

export function tell(sentence) {
  at("notice").replaceChildren(...withCode(sentence || ""));
  at("notice").hidden = !sentence;
}

// Shows a problem where the person is; a refused key is forgotten and asked for.
export function trouble(error, kind = "query") {
  if (error.name === "AbortError") return;
  if (error.status !== 401 && error.status !== 403) return tell(error.message);
  const had = keyOf(kind) !== null;
  dropKey(kind);
  needKey(kind);
  if (had) tell("That key is not the right one, or not any more.");
}

export function needKey(kind) {
  asking = kind;
  const admin = kind === "admin";
  at("improve-body").hidden = true;
  at("key-label").textContent = admin ? "Admin key" : "Key";
  at("key-why").textContent = admin
    ? "Changing documents or what serves needs the admin key. The terminal showed it when the service first started, and the file admin.key of the home (~/.reread) keeps it, unless REREAD_ADMIN_KEY says another. It is kept for this tab only."
    : "This service asks for a key. It is kept for this tab only.";
  at("key-form").hidden = false;
  at("key").focus();
}

function show() {
  const name = location.hash.slice(1) in views ? location.hash.slice(1) : "ask";
  for (const each of Object.keys(views)) {
    at(each).hidden = each !== name;
    const link = document.querySelector(`nav a[href="#${each}"]`);
    if (each === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${document.querySelector(`nav a[href="#${name}"]`).textContent} · Reread`;
  tell("");
  at("key-form").hidden = true;
  for (const [each, view] of Object.entries(views)) if (each !== name) view.leave?.();
  views[name].enter();
  footer();
}

export async function footer() {
  try {
    const info = await call("info");
    at("footer").textContent = `Reader ${info.reader.name}, ${info.generation === null ? "nothing published yet" : `generation ${info.generation}`}, Reread ${info.versions.reread}`;
  } catch (error) {
    trouble(error);
  }
}

function switchTheme() {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
    || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("reread.theme", document.documentElement.dataset.theme);
}

const kept = localStorage.getItem("reread.theme");
if (kept) document.documentElement.dataset.theme = kept;
at("theme").addEventListener("click", switchTheme);
at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey(asking, at("key").value.trim());
  at("key").value = "";
  show();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash is the view's name
  at("view").focus();
});
addEventListener("hashchange", show);
ask.begin();
improve.begin();
documents.begin();
show();
