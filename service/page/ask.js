// The view Ask: a question, its answer as it is read, what was asked before, and how to begin.

import { at, isDoubtful, make, sureness, withCode } from "./elements.js";
import { showJudge } from "./judge.js";
import { footer, tell, trouble } from "./page.js";
import { showPassages, wereRead } from "./passages.js";
import { call, events } from "./service.js";

const KEPT = 20, LOOK_MS = 2000;
let shown = null; // the answer on the page
let reading = null; // aborts the question that is being read
let beginning = 0; // which look for something to begin with is the newest

const past = () => JSON.parse(localStorage.getItem("reread.past") || "[]");

export function begin() {
  at("ask-form").addEventListener("submit", (event) => {
    event.preventDefault();
    ask(at("question").value);
  });
  at("attend").addEventListener("click", attend);
  at("forget").addEventListener("click", () => {
    localStorage.removeItem("reread.past");
    listPast();
  });
}

export function enter() {
  listPast();
  beginning += 1;
  if (!shown) howToBegin(beginning);
  at("question").focus();
}

export function leave() {
  beginning += 1;
}

export function put(question) {
  location.hash = "#ask";
  at("question").value = question;
  ask(question);
}

// Examples where something serves and nobody has asked yet; else what is missing, until it is there.
async function howToBegin(mine) {
  try {
    for (let looks = 0; mine === beginning && !shown; looks += 1) {
      if ((await call("info")).generation !== null) {
        const { examples } = past().length ? { examples: [] } : await call("examples");
        if (mine === beginning && !shown) showExamples(examples);
        if (looks) footer();
        return;
      }
      const { documents } = await call("documents?limit=1");
      if (mine === beginning && !shown) showEmpty(documents.length > 0);
      await new Promise((done) => setTimeout(done, LOOK_MS));
    }
  } catch (error) {
    trouble(error);
  }
}

function showExamples(examples) {
  at("examples").replaceChildren(...examples.map((one) =>
    make("button", { type: "button", class: "quiet", text: one, on: { click: () => put(one) } })));
}

function showEmpty(begun) {
  const said = begun
    ? ["Your documents are being prepared", "Questions can be asked as soon as the first generation of them serves; this page says so."]
    : ["Begin with your documents", "Nothing can be asked yet. Drop files on the page, or in a terminal run `reread ingest PATH` and then `reread build`."];
  at("examples").replaceChildren(make("div", { class: "card empty" }, make("h2", { text: said[0] }), make("p", {}, ...withCode(said[1])),
    make("a", { class: "button", href: "#documents", text: begun ? "Add more documents" : "Add documents" })));
}

async function ask(question) {
  reading?.abort();
  const mine = reading = new AbortController();
  tell("");
  const body = { question, stream: true };
  if (shown && at("follow-up").checked) body.history = shown.turns.slice(-10);
  const turns = body.history || [];
  clear(question);
  try {
    for await (const [name, data] of events("answer", { method: "POST", body, signal: mine.signal })) {
      if (name === "passages") showPassages(data);
      if (name === "token") at("answer").textContent += data.text;
      if (name === "error") throw Object.assign(new Error(data.detail), { status: data.status });
      if (name === "done") {
        finish({ ...data, turns: [...turns, { question: data.question, answer: data.answer }] });
        keep(shown);
      }
    }
  } catch (error) {
    if (mine !== reading) return;
    at("result").hidden = true;
    trouble(error);
  } finally {
    if (mine === reading) at("answer").classList.remove("waiting");
  }
}

function clear(question) {
  shown = null;
  at("examples").replaceChildren();
  at("result").hidden = false;
  at("asked").textContent = question;
  at("answer").textContent = "";
  at("answer").className = "waiting";
  at("sure").textContent = "Finding and reading passages …";
  at("warnings").replaceChildren();
  at("passages").replaceChildren();
  for (const id of ["judge", "attend", "follow", "weights-note"]) at(id).hidden = true;
  at("attend").setAttribute("aria-pressed", "false");
  at("follow-up").checked = false;
}

function finish(answer) {
  shown = answer;
  at("result").hidden = false;
  at("asked").textContent = answer.question;
  at("answer").className = !answer.found ? "none" : isDoubtful(answer) ? "doubtful" : "";
  at("answer").textContent = answer.found ? answer.answer
    : "Your documents do not seem to answer this. Below are the passages that come nearest.";
  const where = answer.generation === null ? "Own passages" : `Generation ${answer.generation}`;
  at("sure").replaceChildren(make("span", { class: isDoubtful(answer) ? "doubt" : undefined, text: sureness(answer) }),
    ` ${where}, ${Math.round(answer.timings_ms.total)} ms`);
  at("warnings").replaceChildren(...answer.warnings.map((one) => make("li", { text: one })));
  at("passages-title").textContent = answer.found ? "What it was read from" : "The nearest passages";
  showPassages(answer);
  at("weights-note").hidden = answer.passages.length < 2 || !wereRead(answer.passages);
  at("attend").hidden = !wereRead(answer.passages);
  at("follow").hidden = false;
  showJudge(answer);
}

async function attend() {
  const answer = shown;
  const pressed = at("attend").getAttribute("aria-pressed") === "true";
  at("attend").setAttribute("aria-pressed", String(!pressed));
  if (pressed) return showPassages(answer);
  try {
    const passages = answer.passages.map(({ title, text }) => ({ title: title || "", text }));
    const said = await call("relevance", { method: "POST", body: { question: answer.question, passages, tokens: true } });
    if (answer === shown) showPassages(answer, said.passages.map((one) => one.tokens));
  } catch (error) {
    at("attend").setAttribute("aria-pressed", "false");
    trouble(error);
  }
}

function keep(answer) {
  const others = past().filter((one) => one.question !== answer.question);
  try {
    localStorage.setItem("reread.past", JSON.stringify([answer, ...others].slice(0, KEPT)));
  } catch {
    localStorage.removeItem("reread.past"); // full: what is on the page matters more
  }
  listPast();
}

function listPast() {
  at("past").hidden = past().length === 0;
  at("past-list").replaceChildren(...past().map((one) => make("li", {},
    make("button", { type: "button", class: "plain", text: one.question, on: { click: () => { at("question").value = one.question; finish(one); } } }),
    make("span", { class: "soft", text: one.found ? one.answer : "nothing found" }))));
}
