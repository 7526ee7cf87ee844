"use strict";

const at = (id) => document.getElementById(id);
const headers = () => ({ "Content-Type": "application/json",
  ...(at("key").value ? { Authorization: "Bearer " + at("key").value } : {}) });
const percent = (share) => (100 * share).toFixed(1) + " %";

function show(passage) {
  const item = document.createElement("li");
  const title = document.createElement("strong");
  title.textContent = passage.title || passage.id;
  const share = document.createElement("span");
  share.textContent = " " + percent(passage.relevance);
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.appendChild(document.createElement("span")).style.width = 100 * passage.relevance + "%";
  const text = document.createElement("div");
  text.textContent = passage.text;
  item.append(title, share, bar, text);
  return item;
}

async function ask(event) {
  event.preventDefault();
  at("answer").textContent = "";
  at("note").textContent = "Reading...";
  at("passages").replaceChildren();
  try {
    const reply = await fetch("answer", { method: "POST", headers: headers(),
      body: JSON.stringify({ question: at("question").value }) });
    const body = await reply.json();
    if (!reply.ok) { at("note").textContent = body.detail; return; }
    at("answer").textContent = body.answer || "(no answer)";
    at("note").textContent = "confidence " + percent(body.confidence) + ", generation "
      + body.generation + ", reader " + body.reader + ", " + Math.round(body.timings_ms.total) + " ms";
    at("passages").replaceChildren(...body.passages.map(show));
  } catch (error) {
    at("note").textContent = "The service did not answer: " + error.message;
  }
}
at("ask").addEventListener("submit", ask);
