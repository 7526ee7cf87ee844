// The view Improve: the loop as it stands, a retraining as it goes, generations, and the log.

import { put } from "./ask.js";
import { chart } from "./chart.js";
import { at, bar, day, make, percent, sureness } from "./elements.js";
import { needKey, tell, trouble } from "./page.js";
import { call, events, keyOf } from "./service.js";

const FIGURES = {
  ndcg: "Orders passages as the reader would",
  top_1_agreement: "Puts the reader's favourite first",
  coverage_at_20: "Has the reader's favourite among 20",
};
const SWAP_MS = 1500; // the service looks for a new generation twice a second, and loads it
const STAGES = ["reading log", "rereading", "training", "gating", "building"];
let watching = null;
let seen = null; // the log and what serves, as the loop is drawn

export function begin() {
  at("retrain").addEventListener("click", () => retrain(at("force").checked));
  at("compare-form").addEventListener("submit", (event) => {
    event.preventDefault();
    compare();
  });
}

export async function enter() {
  if (!keyOf("admin")) return needKey("admin");
  try {
    const [jobs, generations, log] = await Promise.all(
      ["admin/jobs", "admin/generations", "admin/log"].map((path) => call(path, { kind: "admin" })));
    at("improve-body").hidden = false;
    showLog(log);
    showGenerations(generations);
    const newest = jobs.jobs[0];
    seen = { log, serving: generations.serving };
    showLoop(newest);
    if (newest) {
      showJob(newest);
      if (!ended(newest)) watch(newest.id);
    }
  } catch (error) {
    at("improve-body").hidden = true;
    trouble(error, "admin");
  }
}

export function leave() {
  watching?.abort();
  watching = null;
}

const ended = (job) => !["queued", "running"].includes(job.state);

function showLoop(job) {
  const { log, serving } = seen;
  const running = job && !ended(job);
  const steps = [
    ["Questions answered", log.answers, "each logged with what the reader looked at", false],
    ["Retriever taught", running ? job.stage || "waiting" : "idle", "by the reader's attention", running && job.stage !== "gating" && job.stage !== "building"],
    ["Gate", job ? verdict(job) : "nothing yet", "only what is better passes", running && job.stage === "gating"],
    ["Generation", serving ?? "none", "serves new questions", running && job.stage === "building"],
  ];
  at("loop").replaceChildren(...steps.map(([name, value, about, now]) =>
    make("li", { class: now ? "now" : undefined, "aria-current": now ? "step" : undefined },
      make("span", { class: "soft", text: name }), make("strong", { text: value }), make("span", { class: "soft", text: about }))));
}

// Refused for want of new questions: it can be had all the same, without the gate's judgement.
const isShort = (job) => job.state === "rejected" && !job.metrics.gate && job.metrics.records > 0;

const verdict = (job) => ({ done: "passed", rejected: job.metrics.gate ? "refused" : "not reached", failed: "not reached", cancelled: "not reached" }[job.state] || "waiting");

async function retrain(force) {
  tell("");
  try {
    const body = force ? { force: true } : {};
    const job = await call("admin/retrain", { method: "POST", body, kind: "admin" });
    showJob(job);
    watch(job.id);
  } catch (error) {
    trouble(error, "admin");
  }
}

async function watch(id) {
  watching?.abort();
  const mine = watching = new AbortController();
  try {
    for await (const [, job] of events(`admin/jobs/${id}/events`, { kind: "admin", signal: mine.signal })) {
      showJob(job);
      if (ended(job)) return setTimeout(enter, job.state === "done" ? SWAP_MS : 0);
    }
    if (mine === watching) setTimeout(() => mine === watching && watch(id), 1000); // the service went on to stop
  } catch (error) {
    if (error.status === 0 && mine === watching) {
      tell("The service is away; this run goes on, and so does this page when it is back.");
      setTimeout(() => mine === watching && enter().then(() => tell("")), 2000);
    } else trouble(error, "admin");
  }
}

function showJob(job) {
  showLoop(job);
  const parts = [];
  if (ended(job)) {
    const words = {
      done: ["good", `Done: generation ${job.generation} serves.`],
      rejected: ["", job.metrics.gate ? "Refused by the gate: what serves stays." : "Not trained: what serves stays."],
      failed: ["bad", "Failed."],
      cancelled: ["", "Cancelled."],
    }[job.state];
    parts.push(make("p", { class: words[0] || undefined, text: `${words[1]} ${day(job.updated_s)}` }));
    if (job.error) parts.push(make("p", { text: job.error }));
    if (isShort(job)) parts.push(make("button", { type: "button", class: "quiet", text: "Retrain anyway", on: { click: () => retrain(true) } }));
  } else {
    const place = STAGES.indexOf(job.stage);
    const stage = place < 0 ? "Waiting for the trainer" : `${job.stage} (step ${place + 1} of ${STAGES.length})`;
    parts.push(make("p", { text: `${stage}, ${percent(job.progress)}` }),
      make("progress", { max: "1", value: String(job.progress), "aria-label": "Progress of the retraining" }),
      make("button", { type: "button", class: "quiet", text: "Cancel", on: { click: () => cancel(job.id) } }));
  }
  parts.push(...report(job.metrics));
  at("job").replaceChildren(...parts);
  at("retrain").disabled = !ended(job);
}

// The gate's report: what served before, and the candidate, in words and bars.
function report({ gate, before, after, log }) {
  const parts = log?.feedback?.judged_answers ? [make("p", { class: "soft", text: peoplesWord(log.feedback) })] : [];
  if (!gate) return parts;
  const said = (figures) => figures?.said?.recall_at?.["5"];
  const rows = [
    ...Object.entries(FIGURES).map(([name, label]) => [label, before?.[name], after?.[name]]),
    [`Has what people marked or corrected among 5 (${after?.said?.questions} questions)`, said(before), said(after)],
  ].filter(([, old, now]) => typeof old === "number" && typeof now === "number")
    .flatMap(([label, old, now]) => [
      make("span", { text: label }),
      make("span", { class: "both" }, bar(old, `before ${percent(old)}`, "before"), bar(now, `after ${percent(now)}`)),
      make("span", { text: `${percent(old)} → ${percent(now)}` }),
    ]);
  return [make("p", { class: "soft", text: gate.reason || (gate.accepted ? "The gate let it pass." : "") }),
    make("div", { class: "figures" }, ...rows), ...inWords(before, after), ...parts];
}

// What the middle figure means; it is the one that people ask about.
function inWords(before, after) {
  const [old, now] = [before?.top_1_agreement, after?.top_1_agreement];
  if (typeof old !== "number" || typeof now !== "number") return [];
  const asked = after.trained_on ? "questions it was trained on (which says little of others)" : "questions kept out of training";
  return [make("p", { text: `In words: of 100 ${asked}, the passage that the reader leaned on most came first for ${Math.round(100 * old)}, and now does for ${Math.round(100 * now)}.` })];
}

// What became of feedback: for its own question alone, and not when the texts have changed.
function peoplesWord(told) {
  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const aside = [
    told.outdated_answers && `${told.outdated_answers} set aside, as their documents changed`,
    told.contested_questions && `${count(told.contested_questions, "question")} set aside, as people disagree`,
  ].filter(Boolean);
  return `People judged ${count(told.judged_answers, "answer")}: marks teach ${count(told.marked_questions, "question")}, `
    + `${count(told.labelled_questions, "question")} can measure${aside.length ? `; ${aside.join(", ")}` : ""}.`;
}

async function cancel(id) {
  try {
    await call(`admin/jobs/${id}/cancel`, { method: "POST", kind: "admin" });
  } catch (error) {
    trouble(error, "admin");
  }
}

function showGenerations({ generations, serving }) {
  const head = ["Generation", "Finds by", "Passages", "Made", "State"].map((text) => make("th", { scope: "col", text }));
  const kinds = { bm25: "words", dense: "one vector", late: "token by token" };
  const rows = [...generations].reverse().map((one) => {
    const action = one.generation === serving ? make("span", { class: "good", text: "serves" })
      : one.problem ? make("span", { class: "bad", text: one.problem })
      : make("button", { type: "button", class: "quiet", text: "Activate", "aria-label": `Activate generation ${one.generation}`, on: { click: () => activate(one.generation) } });
    return make("tr", {}, make("td", { text: one.generation }), make("td", { text: kinds[one.retriever] || one.retriever || "" }),
      make("td", { text: one.count ?? "" }), make("td", { text: one.created_s ? day(one.created_s) : "" }), make("td", {}, action));
  });
  at("generations").replaceChildren(make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
  at("chart").replaceChildren(...chart(generations, serving));
  for (const [id, number] of [["left", generations.at(-2)], ["right", generations.at(-1)]]) {
    at(id).replaceChildren(...generations.map((one) => make("option", { value: one.generation, text: `Generation ${one.generation}` })));
    at(id).value = (number ?? generations.at(-1))?.generation ?? "";
  }
}

async function activate(number) {
  tell("");
  try {
    await call(`admin/generations/${number}/activate`, { method: "POST", kind: "admin" });
  } catch (error) {
    trouble(error, "admin");
  }
  await enter();
}

async function compare() {
  tell("");
  at("compared").replaceChildren(make("p", { class: "soft", text: "Asking both …" }));
  const question = at("compare-question").value;
  const sides = await Promise.all(["left", "right"].map(async (id) => {
    const generation = Number(at(id).value);
    try {
      return side(generation, await call("answer", { method: "POST", body: { question, generation } }));
    } catch (error) {
      return make("div", {}, make("h3", { text: `Generation ${generation}` }), make("p", { class: "bad", text: error.message }));
    }
  }));
  at("compared").replaceChildren(...sides);
}

function side(generation, answer) {
  const passages = answer.passages.slice(0, 5).map((one) => make("li", {},
    make("span", { text: one.title || one.id }), bar(one.relevance, `${percent(one.relevance)} of the reader's weight`)));
  return make("div", {}, make("h3", { text: `Generation ${generation}` }),
    make("p", { class: "said", text: answer.found ? answer.answer : "nothing found" }),
    make("p", { class: "soft", text: sureness(answer) }), make("ol", {}, ...passages));
}

function showLog(log) {
  const words = Object.entries(log.verdicts).map(([name, count]) => `${count} ${name}`).join(", ") || "none yet";
  at("log-volume").textContent = `${log.answers} answers are logged. Of the newest ${log.looked_at}: judged by people: ${words}; nothing found: ${log.not_found}.`;
  at("unsure").replaceChildren(...log.unsure.map((one) => make("li", {},
    make("button", { type: "button", class: "plain", text: one.question, on: { click: () => put(one.question) } }),
    make("span", { class: "soft", text: `${one.answer} (${percent(one.confidence)})` }))));
  if (!log.unsure.length) at("unsure").replaceChildren(make("li", { class: "soft", text: "None: nothing was asked yet, or all of it was judged." }));
}
