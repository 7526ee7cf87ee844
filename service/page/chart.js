// Generations over time as a line: how far each agrees with the reader, by its own round's gate.

import { make, percent } from "./elements.js";

const SPACE = "http://www.w3.org/2000/svg";
const WIDTH = 640, HEIGHT = 190, LEFT = 44, BOTTOM = 26, TOP = 14;

export function chart(generations, serving) {
  const points = generations.map((one, i) => [one.generation, quality(one, generations[i + 1])]).filter((one) => one[1] !== null);
  if (points.length < 2) return [make("p", { class: "soft", text: "A chart comes with the first generation that was taught." })];
  const low = Math.max(0, Math.floor(10 * Math.min(...points.map((one) => one[1])) - 0.5) / 10);
  const x = (i) => LEFT + 16 + (i * (WIDTH - LEFT - 40)) / (points.length - 1);
  const y = (value) => TOP + ((1 - value) * (HEIGHT - TOP - BOTTOM)) / (1 - low);
  const label = points.map(([number, value]) => `generation ${number}: ${percent(value)}`).join(", ");
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `Agreement with the reader, ${label}` });
  for (const value of [low, (1 + low) / 2, 1]) {
    svg.append(draw("line", { class: "axis", x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }), draw("text", { x: 0, y: y(value) + 4 }, percent(value)));
  }
  svg.append(draw("polyline", { class: "line", points: points.map(([, value], i) => `${x(i)},${y(value)}`).join(" ") }));
  points.forEach(([number, value], i) => svg.append(
    draw("circle", { cx: x(i), cy: y(value), r: number === serving ? 7 : 4.5, class: number === serving ? "current" : "" }),
    draw("text", { x: x(i), y: HEIGHT - 6, "text-anchor": "middle" }, String(number))));
  const forced = generations.filter((one) => one.metrics?.after?.trained_on).map((one) => one.generation);
  const but = forced.length ? ` Without a gate, so on questions trained on: ${forced.join(", ")}.` : "";
  return [svg, make("p", { class: "soft", text: `How far each generation's order of passages agrees with the reader's (nDCG on questions kept out of training; every round asks its own).${but}` })];
}

// What its own gate said; for one that was never a candidate, what the next one's gate said of it.
function quality(one, next) {
  const own = one.metrics?.after?.ndcg;
  const seen = next?.metrics?.before?.ndcg;
  return typeof own === "number" ? own : typeof seen === "number" ? seen : null;
}

function draw(name, attributes, text) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}
