// The generations of a home: their table and chart, and two of them asked the same question.

import { chart } from "./chart.js";
import { at, bar, day, make, percent, sureness } from "./elements.js";
import { tell } from "./page.js";
import { call } from "./service.js";

const SHOWN = 5; // passages of each side

// `activate` publishes one of them again.
export function showGenerations({ generations, serving }, activate) {
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
  at("compare-form").hidden = generations.length < 2;
  at("compared").hidden = generations.length < 2;
  at("compare-note").hidden = generations.length > 1;
  for (const [id, number] of [["left", generations.at(-2)], ["right", generations.at(-1)]]) {
    at(id).replaceChildren(...generations.map((one) => make("option", { value: one.generation, text: `Generation ${one.generation}` })));
    at(id).value = (number ?? generations.at(-1))?.generation ?? "";
  }
}

export async function compare() {
  tell("");
  at("compared").replaceChildren(make("p", { class: "soft", text: "Asking both …" }));
  const question = at("compare-question").value;
  const numbers = ["left", "right"].map((id) => Number(at(id).value));
  const asked = numbers.map((generation) => call("answer", { method: "POST", body: { question, generation } }).catch((error) => ({ error })));
  const [left, right] = await Promise.all(asked);
  at("compared").replaceChildren(side(numbers[0], left, right), side(numbers[1], right, left));
}

function side(generation, answer, other) {
  const heading = make("h3", { text: `Generation ${generation}` });
  if (answer.error) return make("div", {}, heading, make("p", { class: "bad", text: answer.error.message }));
  const passages = answer.passages.slice(0, SHOWN).map((one, i) => make("li", {},
    make("span", { text: `${i + 1}. ${(one.title || one.id).replaceAll(" > ", " › ")}` }),
    make("span", { class: "soft", text: `  ${there(one.id, i, other)}` }), bar(one.relevance, `${percent(one.relevance)} of the reader's weight`)));
  return make("div", {}, heading,
    make("p", { class: "said", text: answer.found ? answer.answer : "nothing found" }),
    make("p", { class: "soft", text: sureness(answer) }), make("ol", {}, ...passages));
}

// Where the other generation has this passage, if not at the same place.
export function there(id, place, { passages = [], error }) {
  const found = passages.findIndex((one) => one.id === id);
  if (error || found === place) return "";
  return found < 0 ? "only here" : `${ordinal(found + 1)} there`;
}

const ordinal = (number) => `${number}${[11, 12, 13].includes(number % 100) ? "th" : ["th", "st", "nd", "rd"][number % 10] || "th"}`;
