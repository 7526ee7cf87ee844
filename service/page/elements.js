// Pieces of the page made from values: elements, bars, texts with marks. Knows no view.

export const at = (id) => document.getElementById(id);

export function make(name, { text, on = {}, share, ...rest } = {}, ...children) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  for (const [key, value] of Object.entries(rest)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(key, value === true ? "" : value);
  }
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  element.append(...children);
  return element;
}

export const percent = (share) => (share > 0 && share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`);

// A sentence whose commands stand between backticks.
export const withCode = (sentence) => sentence.split("`").map((part, i) => (i % 2 ? make("code", { text: part }) : part));

// From which confidence on what is said of an answer; docs/how-it-works.md explains them.
const BANDS = [
  [0.75, "Sure", ""],
  [0.45, "Fairly sure", ""],
  [0.2, "Not sure", "check it against the passages"],
  [0, "Probably wrong", "trust the passages, not the answer"],
];
export const isDoubtful = ({ found, confidence }) => found && confidence < BANDS[1][0];

// Rounded down: 74.9 % is not yet the 75 % from which the word is another.
const confidently = (confidence) => percent(Math.floor(100 * confidence + 1e-6) / 100);

export function sureness({ confidence, found }) {
  if (!found) return "Nothing found.";
  const [, word, advice] = BANDS.find(([least]) => confidence >= least) || BANDS.at(-1);
  return `${word} (${confidently(confidence)})${advice && `: ${advice}`}.`;
}

// A share as a bar, with another value of 0 to 1 pale behind it.
export function bar(share, label, kind = "", behind = 0) {
  const part = (name, value) => {
    const inner = make("span", { class: name });
    inner.style.setProperty("--share", `${100 * Math.min(1, Math.max(0, value))}%`);
    return inner;
  };
  const parts = behind ? [part("behind", behind), part("front", share)] : [part("front", share)];
  return make("div", { class: `bar ${kind}`, role: "img", "aria-label": label }, ...parts);
}

// The text with the characters of some spans marked; spans may touch or overlap.
export function marked(text, spans) {
  const points = Array.from(text); // the service counts code points, JavaScript halves of some
  const within = new Array(points.length).fill(false);
  for (const { start, end } of spans) within.fill(true, start, end);
  const pieces = [];
  for (let i = 0; i < points.length;) {
    let end = i;
    while (end < points.length && within[end] === within[i]) end += 1;
    const piece = points.slice(i, end).join("");
    pieces.push(within[i] ? make("mark", { text: piece }) : piece);
    i = end;
  }
  return pieces;
}

// The text with every token shaded by its score, the highest of all passages darkest. A segment's
// tokens begin with the question and the title; what stands in the text is found by its letters.
export function shaded(text, tokens, low, high) {
  const places = placed(text, tokens);
  const pieces = [];
  let done = 0;
  for (const { start, end, score } of places) {
    if (start > done) pieces.push(text.slice(done, start));
    const token = make("span", { class: "token", text: text.slice(start, end), title: score.toFixed(2) });
    const height = high > low ? (score - low) / (high - low) : 0;
    token.style.setProperty("--weight", `${(80 * height ** 2).toFixed(0)}%`);
    pieces.push(token);
    done = end;
  }
  return [...pieces, text.slice(done)];
}

const NEAR = 12; // letters that a token unlike its text (an unknown one) may hide

// Blanks count for nothing here: a table's cells stand far apart, and no token is a blank.
function placed(text, tokens) {
  const letters = tokens.map(([token, score]) => [token.replace(/^##|[▁Ġ\s]+/g, "").toLowerCase(), score]);
  const places = [...text.matchAll(/\S/g)].map((one) => one.index);
  const lower = places.map((place) => text[place].toLowerCase()[0]).join(""); // one for one: "İ" has two small letters
  let best = [];
  for (let first = 0; first < letters.length; first += 1) {
    if (letters.length - first <= best.length) break;
    const found = along(lower, letters.slice(first));
    if (found.length > best.length) best = found;
  }
  return best.map(({ start, end, score }) => ({ start: places[start], end: places[end - 1] + 1, score }));
}

function along(lower, letters) {
  const found = [];
  let at = 0;
  let missed = 0; // letters of tokens that were not found since the last one that was
  for (const [token, score] of letters) {
    if (!token) continue;
    const start = lower.indexOf(token, at);
    if (start < 0 || start - at > NEAR + missed) {
      if (!found.length) return found;
      missed += token.length;
      continue;
    }
    at = start + token.length;
    missed = 0;
    found.push({ start, end: at, score });
  }
  return found;
}

export const day = (seconds) => new Date(1000 * seconds).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
