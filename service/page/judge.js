// What a person says of an answer: right, wrong, in part, the right words, the passages that hold it.

import { at, make } from "./elements.js";
import { trouble } from "./page.js";
import { named, ordered } from "./passages.js";
import { call } from "./service.js";

export function showJudge(answer) {
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
  const correct = (event) => {
    event.preventDefault();
    judge(better.value.trim() ? "wrong" : "partial");
  };
  const correction = make("form", { class: "row", on: { submit: correct } }, better, make("button", { class: "quiet", text: "Send" }));
  const places = ordered(answer.passages, answer.spans, answer.found);
  const passages = make("details", {}, make("summary", { text: "Which passages hold the answer?" }),
    ...places.map((i) => make("p", {}, make("label", { class: "check" }, holding[i], named(answer.passages[i], i)))));
  at("judge").replaceChildren(
    make("div", { class: "row" }, make("span", { text: answer.found ? "Is this right?" : "Is it right that they do not?" }), button("Right", "correct"), button("Wrong", "wrong"), button("In part", "partial")),
    make("details", {}, make("summary", { text: "Put it right" }), correction, passages));
  at("judge").hidden = false;
}
