// What a round says of itself: the figures its gate compared, in words and bars, and people's part.

import { bar, make, percent } from "./elements.js";

const FIGURES = {
  ndcg: "Orders passages as the reader would",
  top_1_agreement: "Puts the reader's favourite first",
  coverage_at_20: "Has the reader's favourite among 20",
};

// The gate's report: what served before, and the candidate, in words and bars.
export function report({ gate, before, after, log }) {
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
  const key = make("p", { class: "soft key" }, make("span", { class: "before", text: "before" }), make("span", { class: "after", text: "after" }));
  return [make("p", { class: "soft", text: gate.reason || (gate.accepted ? "The gate let it pass." : "") }),
    ...(rows.length ? [key] : []), make("div", { class: "figures" }, ...rows), ...inWords(before, after), ...parts];
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
