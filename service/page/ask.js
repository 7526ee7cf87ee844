// The view Ask: a question, its answer as it is read, the passages with what the reader made of
// them, and what a person says about it.

import { at, bar, isDoubtful, make, marked, percent, shaded, sureness } from "./elements.js";
import { tell, trouble } from "./page.js";
import { call, events } from "./service.js";

const KEPT = 20;
let shown = null; // the answer on the page
let reading = null; // aborts the question that is being read

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
  if (!shown) begin_with_examples();
  at("question").focus();
}

export function put(question) {
  location.hash = "#ask";
  at("question").value = question;
  ask(question);
}

async function begin_with_examples() {
  if (past().length) return;
  try {
    const { examples } = await call("examples");
    at("examples").replaceChildren(...examples.map((one) =>
      make("button", { type: "button", class: "quiet", text: one, on: { click: () => put(one) } })));
  } catch (error) {
    if (error.status !== 503) return trouble(error);
    const way = error.message.startsWith("No generation") ? [" ", make("a", { href: "#documents", text: "Add documents" })] : [];
    at("examples").replaceChildren(make("p", {}, error.message, ...way));
  }
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
      if (name === "passages") showPassages(data.passages, []);
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
  at("judge").hidden = at("attend").hidden = at("follow").hidden = true;
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
  showPassages(answer.passages, answer.spans);
  at("attend").hidden = at("follow").hidden = false;
  showJudge(answer);
}

function showPassages(passages, spans, tokens = null) {
  const scores = tokens ? tokens.flat().map((one) => one[1]) : [];
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  at("passages").replaceChildren(...passages.map((one, i) => {
    const heading = make("div", {}, make("span", { class: "title", text: one.title || one.id }));
    if (one.source) heading.append(make("span", { class: "soft", text: `  ${one.source}` }));
    const card = make("li", {}, heading);
    if (one.relevance !== undefined) {
      const label = `The reader's weight on this passage: ${percent(one.relevance)}`;
      card.append(make("div", { class: "weight" }, bar(one.relevance, label), make("span", { text: percent(one.relevance) })));
    }
    const own = spans.filter((span) => span.passage === one.id);
    card.append(make("div", { class: "text" }, ...(tokens ? shaded(one.text || "", tokens[i], low, high) : marked(one.text || "", own))));
    return card;
  }));
}

async function attend() {
  const answer = shown;
  const pressed = at("attend").getAttribute("aria-pressed") === "true";
  at("attend").setAttribute("aria-pressed", String(!pressed));
  if (pressed) return showPassages(answer.passages, answer.spans);
  try {
    const passages = answer.passages.map(({ title, text }) => ({ title: title || "", text }));
    const said = await call("relevance", { method: "POST", body: { question: answer.question, passages, tokens: true } });
    if (answer === shown) showPassages(answer.passages, answer.spans, said.passages.map((one) => one.tokens));
  } catch (error) {
    at("attend").setAttribute("aria-pressed", "false");
    trouble(error);
  }
}

function showJudge(answer) {
  const better = make("input", { type: "text", maxlength: "10000", "aria-label": "The right answer", placeholder: "The answer is …" });
  const holding = answer.passages.map((one) => make("input", { type: "checkbox", value: one.id }));
  const judge = async (verdict) => {
    const ids = holding.filter((one) => one.checked).map((one) => one.value);
    const body = { answer_id: answer.id, verdict };
    if (better.value.trim()) body.answer = better.value.trim();
    if (ids.length) body.passage_ids = ids;
    try {
      await call("feedback", { method: "POST", body });
      at("judge").replaceChildren(make("p", { class: "good", role: "status", text: "Thank you, that is kept and will be learnt from." }));
    } catch (error) {
      trouble(error);
    }
  };
  const button = (text, verdict) => make("button", { type: "button", class: "quiet", text, on: { click: () => judge(verdict) } });
  const correction = make("form", { class: "row", on: { submit: (event) => { event.preventDefault(); judge(better.value.trim() ? "wrong" : "partial"); } } },
    better, make("button", { class: "quiet", text: "Send" }));
  const passages = make("details", {}, make("summary", { text: "Which passages hold the answer?" }),
    ...answer.passages.map((one, i) => make("p", {}, make("label", { class: "check" }, holding[i], one.title || one.id))));
  at("judge").replaceChildren(
    make("div", { class: "row" }, make("span", { text: "Is this right?" }), button("Right", "correct"), button("Wrong", "wrong"), button("In part", "partial")),
    make("details", {}, make("summary", { text: "Put it right" }), correction, passages));
  at("judge").hidden = false;
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
