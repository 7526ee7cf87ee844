// The view Improve: the loop as it stands, a retraining as it goes, and the log.

import { put } from "./ask.js";
import { at, day, make, percent, withCode } from "./elements.js";
import { report } from "./gate.js";
import { compare, showGenerations } from "./generations.js";
import { footer, needKey, tell, trouble } from "./page.js";
import { call, events, keyOf } from "./service.js";

const SWAP_MS = 1500; // the service looks for a new generation twice a second, and loads it
const STAGES = ["reading log", "rereading", "training", "gating", "building"];
let watching = null;
let seen = null; // the log, what serves and whether a trainer runs, as the loop is drawn

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
    const [jobs, generations, log, info] = await Promise.all(
      ["admin/jobs", "admin/generations", "admin/log", "info"].map((path) => call(path, { kind: "admin" })));
    at("improve-body").hidden = false;
    showLog(log);
    for (const one of generations.generations) { // older ones have the gate's figures in their job alone
      if (!one.metrics?.after) one.metrics = jobs.jobs.find((job) => job.generation === one.generation)?.metrics;
    }
    showGenerations(generations, activate);
    const newest = jobs.jobs[0];
    seen = { log, serving: generations.serving, trained: info.pids.trainer !== null };
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

const verdict = (job) => ({ done: job.params.force ? "skipped" : "passed", rejected: job.metrics.gate ? "refused" : "not reached", failed: "not reached", cancelled: "not reached" }[job.state] || "waiting");

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
      if (ended(job)) return setTimeout(() => mine === watching && enter().then(footer), job.state === "done" ? SWAP_MS : 0);
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
    if (job.error) parts.push(make("p", {}, ...withCode(job.error)));
    if (isShort(job)) parts.push(make("button", { type: "button", class: "quiet", text: "Retrain anyway", on: { click: () => retrain(true) } }));
  } else {
    const place = STAGES.indexOf(job.stage);
    const waits = seen.trained ? "Waiting for the trainer" : "Waiting for the trainer (none runs beside this service: start `reread trainer`)";
    const stage = place < 0 ? waits : `${job.stage} (step ${place + 1} of ${STAGES.length})`;
    parts.push(make("p", {}, ...withCode(`${stage}, ${percent(job.progress)}`)),
      make("progress", { max: "1", value: String(job.progress), "aria-label": "Progress of the retraining" }),
      make("button", { type: "button", class: "quiet", text: "Cancel", on: { click: () => cancel(job.id) } }));
  }
  parts.push(...report(job.metrics));
  at("job").replaceChildren(...parts);
  at("retrain").disabled = !ended(job);
}

async function cancel(id) {
  try {
    await call(`admin/jobs/${id}/cancel`, { method: "POST", kind: "admin" });
  } catch (error) {
    trouble(error, "admin");
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
  footer();
}

function showLog(log) {
  const words = Object.entries(log.verdicts).map(([name, count]) => `${count} ${name}`).join(", ") || "none yet";
  at("log-volume").textContent = `${log.answers} answers are logged. Of the newest ${log.looked_at}: judged by people: ${words}; nothing found: ${log.not_found}.`;
  at("unsure").replaceChildren(...log.unsure.map((one) => make("li", {},
    make("button", { type: "button", class: "plain", text: one.question, on: { click: () => put(one.question) } }),
    make("span", { class: "soft", text: `${one.answer} (${percent(one.confidence)})` }))));
  if (!log.unsure.length) at("unsure").replaceChildren(make("li", { class: "soft", text: "None: nothing was asked yet, or all of it was judged." }));
}
