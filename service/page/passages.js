// The passages of an answer as cards: what the answer stands in first, then as the reader leaned on
// them. Knows an answer's values; asks the service nothing.

import { at, bar, make, marked, percent, shaded } from "./elements.js";

const OPEN = 3; // cards shown at once, beside those that hold the answer

// Places in the order of the cards; before the reader has read, and where it found nothing, as found.
export function ordered(passages, spans, found = true) {
  const places = passages.map((_, i) => i);
  if (!found || passages.some((one) => one.attention === undefined)) return places;
  const holding = new Set(spans.map((span) => span.passage));
  const holds = (i) => Number(holding.has(passages[i].id));
  return places.sort((a, b) => holds(b) - holds(a) || passages[b].attention - passages[a].attention || a - b);
}

export const named = (one, place) => `${place + 1}. ${(one.title || one.id).replaceAll(" > ", " › ")}`;

// "guide.pdf#page=3" as people say it.
export const placed = (source) => (source || "").replace(/#page=(\d+)$/, ", page $1");

export function showPassages({ passages, spans = [], found = true }, tokens = null) {
  const shades = tokens ? tokens.flat().map((one) => one[1]) : [];
  const scale = [Math.min(...shades), Math.max(...shades)];
  const order = ordered(passages, spans, found);
  const holding = new Set(spans.map((span) => span.passage));
  const cards = order.map((place) => card(passages, place, spans, tokens, scale));
  const open = Math.max(OPEN, order.filter((place) => holding.has(passages[place].id)).length);
  const more = at("others")?.open || tokens !== null;
  at("passages").replaceChildren(make("ol", { class: "cards" }, ...cards.slice(0, open)));
  if (cards.length <= open) return;
  at("passages").append(make("details", { id: "others", open: more },
    make("summary", { text: `${cards.length - open} more that were found` }), make("ol", { class: "cards" }, ...cards.slice(open))));
}

// Where nothing was found near enough to be read, every score is 0.
export const wereRead = (passages) => passages.some((one) => one.attention);

function card(passages, place, spans, tokens, scale) {
  const one = passages[place];
  const heading = make("div", { class: "spread" }, make("span", {},
    make("span", { class: "title", text: named(one, place) }), make("span", { class: "soft", text: `  ${placed(one.source)}` })));
  const own = spans.filter((span) => span.passage === one.id);
  if (own.length) heading.append(make("span", { class: "tag", text: "holds the answer" }));
  const parts = [heading];
  if (wereRead(passages)) parts.push(weight(passages, one));
  const text = one.text || "";
  parts.push(make("div", { class: "text" }, ...(tokens ? shaded(text, tokens[place], ...scale) : marked(text, own))));
  return make("li", {}, ...parts);
}

// The share of the reader's weight, and pale behind it the score that the shares are made of: the
// share of one passage is often all but everything, and says nothing of the order of the others.
function weight(passages, one) {
  const scores = passages.map((other) => other.attention);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const height = high > low ? (one.attention - low) / (high - low) : 0;
  const label = `The reader's weight on this passage: ${percent(one.relevance)}, score ${one.attention.toFixed(1)}`;
  return make("div", { class: "weight" }, bar(one.relevance, label, "", height),
    make("span", { text: percent(one.relevance) }), make("span", { class: "soft", text: one.attention.toFixed(1) }));
}
