// The view Documents: what the corpus holds, files added by dropping them, documents removed.

import { at, make } from "./elements.js";
import { tell, trouble } from "./page.js";
import { call, keyOf } from "./service.js";

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
      const { documents, notes } = await send(file);
      said.textContent = summary(documents);
      said.className = "good";
      for (const note of notes) line.append(make("span", { class: "soft note", text: note }));
    } catch (error) {
      said.textContent = error.message;
      said.className = "bad";
      if (error.status === 401 || error.status === 403) {
        said.textContent = "not sent yet: give the admin key and drop it again";
        return trouble(error, "admin");
      }
    }
  }
  if (files.length) await enter();
}

const megabytes = (bytes) => `${(bytes / 1048576).toFixed(bytes < 10485760 ? 1 : 0)} MB`;

async function send(file) {
  const most = (await call("info")).max_file_bytes;
  if (file.size > most) throw new Error(`It has ${megabytes(file.size)} and the page takes ${megabytes(most)}; use \`reread ingest\` for this file.`);
  if (!file.size) throw new Error("It is empty.");
  const body = new Blob([file]); // without the file's own type
  return call(`documents/file?name=${encodeURIComponent(file.name)}`, { method: "POST", kind: "admin", body });
}

function summary(documents) {
  const passages = documents.reduce((sum, one) => sum + one.passages.length, 0);
  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const counts = {};
  for (const one of documents) counts[one.status] = (counts[one.status] || 0) + 1;
  const became = Object.entries(counts).map(([status, number]) => (documents.length === 1 ? status : `${number} ${status}`));
  return `${became.join(", ")}: ${documents.length === 1 ? "" : `${count(documents.length, "document")}, `}${count(passages, "passage")}`;
}
