// The view Documents: what the corpus holds, files added by dropping them, documents removed.

import { at, make } from "./elements.js";
import { tell, trouble } from "./page.js";
import { call, keyOf } from "./service.js";

const LARGEST = 2 * 1024 * 1024; // a request's body may be 4 MiB, and JSON escapes grow a text
const PAGE = 50;
let listed = [];
let after = null;

export function begin() {
  const drop = at("drop");
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    add([...event.dataTransfer.files]);
  });
  at("files").addEventListener("change", () => add([...at("files").files]).then(() => { at("files").value = ""; }));
  at("filter").addEventListener("input", show);
  at("more").addEventListener("click", more);
}

export async function enter() {
  listed = [];
  after = null;
  await more();
}

async function more() {
  try {
    const place = after === null ? "" : `&after=${encodeURIComponent(after)}`;
    const { documents, next } = await call(`documents?limit=${PAGE}${place}`);
    listed.push(...documents);
    after = next;
    at("documents-note").textContent = listed.length ? `${listed.length}${after === null ? "" : " of more"} documents.` : "No documents yet.";
  } catch (error) {
    if (error.status === 404) at("documents-note").textContent = "This service does not list its documents; `reread status` says what the corpus holds.";
    else trouble(error);
  }
  at("more").hidden = after === null;
  show();
}

function show() {
  const wanted = at("filter").value.trim().toLowerCase();
  const fitting = listed.filter((one) => `${one.title || ""} ${one.id} ${one.source || ""}`.toLowerCase().includes(wanted));
  at("document-list").replaceChildren(...fitting.map((one) => make("li", {},
    make("span", {}, make("span", { class: "title", text: one.title || one.id }), make("span", { class: "soft", text: `  ${one.source || ""}` })),
    make("button", { type: "button", class: "quiet", text: "Remove", "aria-label": `Remove ${one.title || one.id}`, on: { click: (event) => ask(event.target, one) } }))));
}

// A second press removes: what is gone is gone from the next answers.
function ask(button, one) {
  if (button.dataset.sure) return remove(one);
  button.dataset.sure = "yes";
  button.textContent = "Really remove?";
  setTimeout(() => {
    delete button.dataset.sure;
    button.textContent = "Remove";
  }, 4000);
}

async function remove(one) {
  tell("");
  try {
    await call(`documents/${encodeURIComponent(one.id)}`, { method: "DELETE", kind: "admin" });
    listed = listed.filter((other) => other !== one);
    show();
  } catch (error) {
    trouble(error, "admin");
  }
}

async function add(files) {
  tell("");
  for (const file of files) {
    const line = make("li", {}, make("span", { class: "title", text: file.name }));
    const said = line.appendChild(make("span", { class: "soft", text: "reading …" }));
    at("received").prepend(line);
    try {
      said.textContent = await send(file);
      said.className = "good";
    } catch (error) {
      said.textContent = error.status === 404 ? "This service takes no documents while it runs; use `reread ingest`." : error.message;
      said.className = "bad";
      if (error.status === 401 || error.status === 403) return trouble(error, "admin");
    }
  }
  if (keyOf("admin") !== null || files.length) await enter();
}

async function send(file) {
  if (file.size > LARGEST) throw new Error(`It has ${(file.size / 1048576).toFixed(1)} MB and the page takes 2; use \`reread ingest\`.`);
  const text = await file.arrayBuffer().then((bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes))
    .catch(() => { throw new Error("It is not text; use `reread ingest` for PDF, Word and others."); });
  if (!text.trim()) throw new Error("It is empty.");
  if (text.includes("\u0000")) throw new Error("It is not text; use `reread ingest` for PDF, Word and others.");
  const title = /^#\s+(.+)$/m.exec(text)?.[1] || file.name.replace(/\.[^.]+$/, "");
  const { documents } = await call("documents", { method: "POST", kind: "admin", body: { documents: [{ id: file.name, title, text, source: file.name }] } });
  const [one] = documents;
  return `${one.status}${one.passages ? `, ${one.passages.length} passages` : ""}`;
}
