// What a Gaussian process believes of the response, and where the next trial promises most.

import {
  axes,
  bytesOf,
  draws,
  explore,
  logTicks,
  panel,
  powers,
  sayRate,
  slider,
  svg,
  traits,
} from "./shared.js";

/** The Matern kernel with 2.5, of the distance in length scales. */
function matern(distance) {
  const r = Math.sqrt(5) * distance;
  return (1 + r + (r * r) / 3) * Math.exp(-r);
}

/** The lower triangle L of a positive definite matrix A = L L', by rows. */
function cholesky(matrix) {
  const lower = matrix.map((row) => row.map(() => 0));
  matrix.forEach((row, i) => {
    for (let j = 0; j <= i; j += 1) {
      let rest = row[j];
      for (let k = 0; k < j; k += 1) rest -= lower[i][k] * lower[j][k];
      lower[i][j] = i === j ? Math.sqrt(rest) : rest / lower[j][j];
    }
  });
  return lower;
}

/** Solve L x = b. */
function forward(lower, b) {
  const x = [];
  lower.forEach((row, i) => {
    let rest = b[i];
    for (let k = 0; k < i; k += 1) rest -= row[k] * x[k];
    x.push(rest / row[i]);
  });
  return x;
}

/** Mean and standard deviation at each place, after what was seen at some of them. */
function posterior(places, tried, seen, { length_scale: scale, noise }) {
  const kernel = (a, b) => matern(Math.abs(a - b) / scale);
  const at = tried.map((i) => places[i]);
  const lower = cholesky(
    at.map((a, i) => at.map((b, j) => kernel(a, b) + (i === j ? noise * noise + 1e-6 : 0))),
  );
  const weights = forward(lower, seen);
  return places.map((place) => {
    const reach = forward(
      lower,
      at.map((a) => kernel(a, place)),
    );
    const mean = reach.reduce((sum, value, i) => sum + value * weights[i], 0);
    const variance = 1 - reach.reduce((sum, value) => sum + value * value, 0);
    return { mean, deviation: Math.sqrt(Math.max(variance, 0)) };
  });
}

/** The normal distribution function, by Abramowitz and Stegun 7.1.26: right to 1.5e-7. */
function normalCdf(z) {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const tail = series.reduce((sum, each) => (sum + each) * t, 0) * Math.exp(-x * x);
  return z < 0 ? tail / 2 : 1 - tail / 2;
}

export function expectedImprovement({ mean, deviation }, best, exploration) {
  const gain = best - exploration - mean;
  if (deviation === 0) return Math.max(gain, 0);
  const share = gain / deviation;
  return (
    gain * normalCdf(share) + (deviation * Math.exp((-share * share) / 2)) / Math.sqrt(2 * Math.PI)
  );
}

/** What is believed after these trials, and which comes next. */
export function belief(logs, tried, state) {
  const places = logs.map((_, i) => i / (logs.length - 1));
  const seen = tried.map((i) => logs[i]);
  const center = seen.reduce((sum, value) => sum + value, 0) / seen.length;
  const spread = seen.reduce((sum, value) => sum + (value - center) ** 2, 0) / seen.length;
  const scale = Math.max(Math.sqrt(spread), 1e-6);
  const standard = seen.map((value) => (value - center) / scale);
  const after = posterior(places, tried, standard, state);
  const improvement = after.map((each) =>
    expectedImprovement(each, Math.min(...standard), state.exploration),
  );
  let next = -1;
  improvement.forEach((value, i) => {
    if (!tried.includes(i) && (next < 0 || value > improvement[next])) next = i;
  });
  return { tried, center, scale, posterior: after, improvement, next };
}

/** The recorded validation error at each rate. */
export function response({ wrong, images }) {
  return Array.from(wrong, (count) => count / images);
}

/** What is believed after the first trials, and after each that follows. */
export function beliefs(recorded, state) {
  const size = recorded.rates.length;
  const logs = response(recorded).map(Math.log);
  const next = draws(state.seed);
  const first = Array.from({ length: recorded.first }, next);
  let tried = first.map((share) => Math.min(size - 1, Math.floor(share * size)));
  const steps = [belief(logs, tried, state)];
  while (tried.length < state.trials) {
    tried = [...tried, steps[steps.length - 1].next];
    steps.push(belief(logs, tried, state));
  }
  return steps;
}

export function recordedOf(model) {
  return {
    ...traits(model, ["rates", "images", "first"]),
    wrong: bytesOf(model, "wrong", Uint16Array),
  };
}

function inWords({ rates, wrong, images }, { tried, next }) {
  const errors = tried.map((i) => wrong[i] / images);
  const best = errors.indexOf(Math.min(...errors));
  const lowest = Math.min(...wrong) / images;
  return (
    `After ${tried.length} trials the incumbent has a validation error of ` +
    `${errors[best].toFixed(3)}, at a ` +
    `learning rate of ${sayRate(rates[tried[best]])}. The lowest recorded error is ` +
    `${lowest.toFixed(3)}. ` +
    `The next trial is at ${sayRate(rates[next])}, ` +
    `${wrong[next] < wrong[tried[best]] ? "and will" : "and will not"} ` +
    "improve on it."
  );
}

const RATES = powers(-6, 1);
const ERRORS = logTicks([0.1, 0.2, 0.5, 1]);

function drawBelief(
  plot,
  { rates, wrong, images, first },
  { tried, next, center, scale, posterior: after },
) {
  const { x, y, area, element } = plot;
  const at = (i) => x(Math.log10(rates[i])).toFixed(1);
  const bound = (value) =>
    Math.min(area.bottom, Math.max(area.top, y(center + scale * value))).toFixed(1);
  const line = (value) => after.map((each, i) => `${at(i)},${bound(value(each))}`);
  const upper = line(({ mean, deviation }) => mean + 2 * deviation);
  const lower = line(({ mean, deviation }) => mean - 2 * deviation).reverse();
  const error = (i) => y(Math.log(wrong[i] / images));
  element.replaceChildren(
    svg("polygon", { class: "band", points: [...upper, ...lower].join(" ") }),
    ...axes(plot, { xTicks: RATES, yTicks: ERRORS, xLabel: "", yLabel: "validation error" }),
    svg("polyline", {
      class: "response",
      points: rates.map((_, i) => `${at(i)},${error(i).toFixed(1)}`).join(" "),
    }),
    svg("polyline", { class: "belief", points: line(({ mean }) => mean).join(" ") }),
    svg("line", { class: "next", x1: at(next), x2: at(next), y1: area.top, y2: area.bottom }),
    ...tried.map((i, place) =>
      svg("circle", {
        class: place < first ? "trial first" : "trial",
        cx: at(i),
        cy: error(i),
        r: 6,
      }),
    ),
  );
}

function drawImprovement(plot, { rates }, { next, improvement }) {
  const { x, y, area, element } = plot;
  const tallest = Math.max(...improvement, 1e-12);
  const at = (i) => x(Math.log10(rates[i])).toFixed(1);
  const points = improvement.map((value, i) => `${at(i)},${y(value / tallest).toFixed(1)}`);
  element.replaceChildren(
    ...axes(plot, {
      xTicks: RATES,
      yTicks: [
        [0, "0"],
        [1, tallest < 0.001 ? "<0.001" : tallest.toFixed(3)],
      ],
      xLabel: "learning rate",
      yLabel: "",
    }),
    svg("text", { class: "title", x: area.left + 6, y: 14 }, "expected improvement"),
    svg("polyline", { class: "improvement", points: points.join(" ") }),
    svg("line", { class: "next", x1: at(next), x2: at(next), y1: area.top, y2: area.bottom }),
  );
}

function render({ model, el }) {
  const recorded = recordedOf(model);
  const panels = [
    panel({
      width: 640,
      height: 290,
      x: [-6, 1],
      y: [Math.log(0.08), Math.log(1.6)],
      left: 64,
      bottom: 30,
      class: "full",
      label:
        "The posterior of the validation error over the learning rate, the trials, and the next " +
        "one",
    }),
    panel({
      width: 640,
      height: 130,
      x: [-6, 1],
      y: [0, 1],
      left: 64,
      top: 22,
      class: "full",
      label: "Expected improvement over the learning rate",
    }),
  ];
  const say = (value) => value.toFixed(2);
  const knobs = [
    slider(model, "trials"),
    slider(model, "length_scale", { label: "length scale", step: 0.01, say }),
    slider(model, "noise", { step: 0.05, say }),
    slider(model, "exploration", { step: 0.05, say }),
  ];
  const legend = [
    ["line", "response", "recorded, and unknown to the search"],
    ["line", "belief", "posterior mean"],
    ["area", "band", "± two standard deviations"],
    ["circle", "trial first", "random trial"],
    ["circle", "trial", "trial chosen by the search"],
    ["line", "next", "next trial"],
  ];
  const redraw = (state) => {
    const last = beliefs(recorded, state).pop();
    drawBelief(panels[0], recorded, last);
    drawImprovement(panels[1], recorded, last);
    return inWords(recorded, last);
  };
  return explore({ model, el, panels, legend, knobs, redraw });
}

export default { render };
