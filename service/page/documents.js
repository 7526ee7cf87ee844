// The view Documents: what the corpus holds, files added by dropping them, documents removed.

import { at, make, withCode } from "./elements.js";
import { footer, tell, trouble } from "./page.js";
import { call, keyOf } from "./service.js";

const PAGE = 50;
const LOOK_MS = 1000, LONG_LOOKS = 90;
let listed = [];
let after = null;
let reaching = null; // the next page's fetch, while it is under way: whoever wants it waits for one
let waiting = []; // files that came without a key: they are sent when it is given
let looking = 0; // which look for a first generation is the newest

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
  at("filter").addEventListener("input", find);
  at("more").addEventListener("click", more);
}

// `added`: files were taken in just now.
export async function enter(added = false) {
  listed = [];
  after = null;
  reaching = null;
  await more();
  if (waiting.length && keyOf("admin")) return add(waiting);
  if (listed.length) first(added); // as long as it takes; nobody waits for it
}

export function leave() {
  looking += 1;
  waiting = [];
}

// Where nothing serves yet, the trainer makes the first generation of what was added: say when.
async function first(added) {
  const mine = looking += 1;
  const say = (...what) => { at("first").hidden = false; at("first").replaceChildren(...what); };
  try {
    for (let looks = 0; mine === looking; looks += 1) {
      const { generation, pids } = await call("info");
      if (mine !== looking) return;
      if (generation !== null) {
        const served = looks ? `Generation ${generation} serves them now. ` : "Answers are read from them, too, from now on. ";
        if (looks || added) say(served, make("a", { class: "button", href: "#ask", text: "Ask something" }));
        if (looks) footer();
        return;
      }
      say(...withCode(pids.trainer === null ? "Nothing serves yet, and no trainer runs beside this service to change that: run `reread build`."
        : looks < LONG_LOOKS ? "Nothing serves yet: the first generation is being made of these documents …"
        : "The first generation takes longer than usual; the trainer's log says why, and `reread build` makes one too."));
      await new Promise((done) => setTimeout(done, LOOK_MS));
    }
  } catch (error) {
    trouble(error);
  }
}

function more() {
  const own = reaching ??= reach().finally(() => { if (reaching === own) reaching = null; });
  return own;
}

async function reach() {
  const mine = listed;
  try {
    const place = after === null ? "" : `&after=${encodeURIComponent(after)}`;
    const { documents, next } = await call(`documents?limit=${PAGE}${place}`);
    if (mine !== listed) return; // the view was entered again meanwhile
    listed.push(...documents);
    after = next;
    at("documents-note").textContent = listed.length ? `${count(listed.length, "document")}${after === null ? "" : " of more"}.` : "No documents yet.";
  } catch (error) {
    if (error.status === 404) at("documents-note").textContent = "This service does not list its documents; `reread status` says what the corpus holds.";
    else trouble(error);
  }
  at("more").hidden = after === null;
  show();
}

// What is looked for may lie behind the pages listed so far: they are fetched, one after another.
async function find() {
  const wanted = at("filter").value;
  show();
  while (wanted.trim() && after !== null && at("filter").value === wanted) {
    const place = after;
    await more();
    if (after === place) return; // it could not be fetched, and that was said
  }
}

function show() {
  const wanted = at("filter").value.trim().toLowerCase();
  const fitting = listed.filter((one) => `${one.title || ""} ${one.id} ${one.source || ""}`.toLowerCase().includes(wanted));
  at("document-list").replaceChildren(...fitting.map((one) => make("li", {},
    make("span", {}, make("span", { class: "title", text: heading(one) }), make("span", { class: "soft", text: `  ${one.source || ""}` })),
    make("button", { type: "button", class: "quiet", text: "Remove", "aria-label": `Remove ${one.title || one.id}`, on: { click: (event) => ask(event.target, one) } }))));
}

// A document has the title of its first passage, which names its section too.
const heading = (one) => (one.title || one.id).replaceAll(" > ", " › ");

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
  waiting = [];
  for (const old of document.querySelectorAll("#received .waiting")) old.remove();
  const taken = { files: 0, passages: 0, refused: 0 };
  for (const [place, file] of files.entries()) {
    tally(place, files.length, taken);
    const line = make("li", {}, make("span", { class: "title", text: file.name }));
    const said = line.appendChild(make("span", { class: "soft", text: "reading …" }));
    at("received").prepend(line);
    try {
      const { documents, notes } = await send(file);
      taken.files += 1;
      taken.passages += passagesOf(documents);
      said.textContent = summary(documents);
      said.className = "good";
      for (const note of notes) line.append(make("span", { class: "soft note", text: note }));
    } catch (error) {
      if (error.status === 401 || error.status === 403) {
        waiting = files.slice(place);
        line.className = "waiting";
        said.textContent = `not sent yet: give the admin key above, and ${waiting.length === 1 ? "it is" : `all ${waiting.length} files are`}`;
        at("tally").replaceChildren();
        return trouble(error, "admin");
      }
      said.replaceChildren(...withCode(error.message.replace(`${file.name}: `, ""))); // the name stands beside it
      said.className = "bad";
      line.dataset.refused = "yes";
      taken.refused += 1;
    }
  }
  at("received").prepend(...document.querySelectorAll("#received [data-refused]")); // what needs a look
  tally(files.length, files.length, taken);
  if (files.length) await enter(taken.passages > 0);
}

// How far it is, and at its end what became of it, over the lines of each file.
function tally(done, all, { files, passages, refused }) {
  if (done < all) {
    at("tally").replaceChildren(make("p", { class: "soft", text: `File ${done + 1} of ${all}` }),
      make("progress", { max: String(all), value: String(done), "aria-label": "Files taken in" }));
    return;
  }
  const parts = [`${count(files, "file")} taken in: ${count(passages, "passage")}.`];
  if (refused) parts.push(` ${count(refused, "file")} refused; the reason stands beside it.`);
  at("tally").replaceChildren(...(all > 1 ? [make("p", { text: parts.join("") })] : []));
}

const megabytes = (bytes) => `${(bytes / 1048576).toFixed(bytes < 10485760 ? 1 : 0)} MB`;

async function send(file) {
  const most = (await call("info")).max_file_bytes;
  if (file.size > most) throw new Error(`It has ${megabytes(file.size)} and the page takes ${megabytes(most)}; use \`reread ingest\` for this file.`);
  if (!file.size) throw new Error("It is empty.");
  const body = new Blob([file]); // without the file's own type
  return call(`documents/file?name=${encodeURIComponent(file.name)}`, { method: "POST", kind: "admin", body });
}

const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const passagesOf = (documents) => documents.reduce((sum, one) => sum + one.passages.length, 0);

function summary(documents) {
  const counts = {};
  for (const one of documents) counts[one.status] = (counts[one.status] || 0) + 1;
  const became = Object.entries(counts).map(([status, number]) => (documents.length === 1 ? status : `${number} ${status}`));
  return `${became.join(", ")}: ${documents.length === 1 ? "" : `${count(documents.length, "document")}, `}${count(passagesOf(documents), "passage")}`;
}
