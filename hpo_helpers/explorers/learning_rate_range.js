// How the range, the scale and the number of trials decide what a random search finds.

import {
  axes,
  bytesOf,
  draws,
  explore,
  linear,
  logTicks,
  panel,
  powers,
  sayRate,
  select,
  slider,
  svg,
  traits,
} from "./shared.js";
import { createTraining, many } from "./training.js";

// The error of a network that guesses: where all of them start.
const GUESSING = 0.9;

export function recordedOf(model) {
  const { batch_size: sizes, epochs } = model.get("limits");
  return {
    ...traits(model, ["rates", "images"]),
    wrong: bytesOf(model, "wrong", Uint16Array),
    batchSizes: sizes.options,
    epochs: epochs.max,
  };
}

/** The recorded validation error at each rate, for the epochs and batch size. */
export function response({ rates, batchSizes, epochs, images, wrong }, state) {
  const start = (batchSizes.indexOf(state.batch_size) * epochs + state.epochs - 1) * rates.length;
  return rates.map((_, i) => wrong[start + i] / images);
}

/** The recorded rate that answers for this one: the nearest on the logarithmic axis. */
function nearest(rates, rate) {
  const [first, last] = [Math.log(rates[0]), Math.log(rates[rates.length - 1])];
  const place = ((Math.log(rate) - first) / (last - first)) * (rates.length - 1);
  return Math.min(rates.length - 1, Math.max(0, Math.round(place)));
}

/** The trials: their learning rates, and their recorded validation errors. */
export function drawn(recorded, state) {
  const {
    learning_rate_range: [low, high],
    scale,
    trials,
    seed,
  } = state;
  const next = draws(seed),
    errors = response(recorded, state);
  return Array.from({ length: trials }, () => {
    const share = next();
    const rate = scale === "log" ? low * (high / low) ** share : low + (high - low) * share;
    const row = nearest(recorded.rates, rate);
    return { rate, row, error: errors[row] };
  });
}

/** The same trials, with the errors that they have come to here. */
export function trainedHere(trials, { curves }) {
  return trials.map((trial, i) => ({ ...trial, error: curves[i]?.at(-1) ?? GUESSING }));
}

/** Which of the recorded rates are the best twentieth, as a list of booleans. */
export function good(errors) {
  const limit = [...errors].sort((a, b) => a - b)[Math.round(errors.length / 20) - 1];
  return errors.map((error) => error <= limit);
}

/** The chance that one draw is answered by a good rate. */
function chanceOfOne(rates, isGood, { learning_rate_range: [low, high], scale }) {
  const half = Math.sqrt(rates[1] / rates[0]);
  const measure = (a, b) => (scale === "log" ? Math.log(b / a) : b - a);
  let sum = 0;
  rates.forEach((rate, i) => {
    const a = Math.max(low, i === 0 ? 0 : rate / half);
    const b = Math.min(high, i === rates.length - 1 ? Infinity : rate * half);
    if (isGood[i] && b > a) sum += measure(a, b);
  });
  return high > low ? sum / measure(low, high) : Number(isGood[nearest(rates, low)]);
}

/** All that the explorer shows, from its state and what has been trained here. */
export function search(recorded, state, here = null) {
  const errors = response(recorded, state);
  const isGood = good(errors);
  const trials = here ? trainedHere(drawn(recorded, state), here) : drawn(recorded, state);
  let best = 0;
  const incumbent = trials.map(({ error }, i) => {
    if (error < trials[best].error) best = i;
    return trials[best].error;
  });
  const one = chanceOfOne(recorded.rates, isGood, state);
  return {
    errors,
    isGood,
    trials,
    incumbent,
    best: { ...trials[best], number: best + 1 },
    hits: trials.filter(({ row }) => isGood[row]).length,
    one,
    chance: 1 - (1 - one) ** trials.length,
  };
}

function requestOf(trials, { epochs, batch_size, seed }) {
  return {
    networks: trials.map(({ rate }) => ({ learning_rate: rate })),
    epochs,
    batch_size,
    seed,
  };
}

function inWordsHere({ best }, { trials, epochs, batch_size: size }, { isDone }) {
  const shadow = "The faint line was recorded on 48,000 images.";
  if (!isDone) {
    return (
      `${many(trials, "learning rate")}, and a softmax regression of your own for each: ${epochs} ` +
      `epochs on 2,000 images in batches of ${size}, judged on 1,000 others. ${shadow}`
    );
  }
  return (
    `Best validation error ${best.error.toFixed(3)}, at a learning rate of ` +
    `${sayRate(best.rate)}, found by trial ${best.number} of ${trials}, on 2,000 images. ` +
    `${shadow} Another press draws and trains others.`
  );
}

/** A chance, never as one of nothing or of all. */
function sayChance(share) {
  if (share < 0.005) return "less than 0.01";
  return share > 0.995 ? "more than 0.99" : share.toFixed(2);
}

function inWords({ best, hits, one, chance }, { trials }) {
  const found =
    `Best validation error ${best.error.toFixed(3)}, at a learning rate of ` +
    `${sayRate(best.rate)}, ` +
    `found by trial ${best.number} of ${trials}. `;
  if (!one) return `${found}None of the best 5 % of all recorded rates lies in this range.`;
  return (
    `${found}${hits || "None"} of ${trials} trials fell among the best 5 % of all recorded ` +
    `rates. One trial reaches them with probability ${sayChance(one)}, at least one of ` +
    `${trials} with ${sayChance(chance)}.`
  );
}

const RATES = powers(-6, 1);
// On a logarithmic scale, for what matters in a search happens among the low errors.
const ERRORS = logTicks([0.15, 0.2, 0.3, 0.5, 0.9]);

/** From where each trial has fallen to where it is. */
function fallsOf(trials, at, y) {
  return trials.map(({ rate, error }) => `M${at(rate)} ${y(GUESSING)}V${y(error)}`).join("");
}

function drawResponse(plot, recorded, { learning_rate_range: [low, high] }, result, here) {
  const at = (rate) => plot.x(Math.log10(rate));
  const { area } = plot;
  const y = (error) => plot.y(Math.log(error));
  const points = result.errors.map((error, i) => `${at(recorded.rates[i])},${y(error)}`);
  plot.element.replaceChildren(
    svg("rect", {
      class: "searched",
      x: at(low),
      y: area.top,
      width: Math.max(1, at(high) - at(low)),
      height: area.bottom - area.top,
    }),
    ...recorded.rates
      .filter((_, i) => result.isGood[i])
      .map((rate) =>
        svg("rect", { class: "good", x: at(rate) - 2, y: area.bottom - 6, width: 4, height: 6 }),
      ),
    ...axes(plot, {
      xTicks: RATES,
      yTicks: ERRORS,
      xLabel: "learning rate",
      yLabel: "validation error",
    }),
    svg("polyline", { class: here ? "response shadow" : "response", points: points.join(" ") }),
    ...(here ? [svg("path", { class: "fall", d: fallsOf(result.trials, at, y) })] : []),
    ...result.trials.map(({ rate, error }) =>
      svg("circle", { class: "trial", cx: at(rate), cy: y(error), r: 5 }),
    ),
    svg("circle", { class: "incumbent", cx: at(result.best.rate), cy: y(result.best.error), r: 8 }),
  );
}

function drawIncumbent(plot, { trials, incumbent }) {
  const x = linear([0, trials.length], [plot.area.left, plot.area.right]);
  const y = (error) => plot.y(Math.log(error));
  const steps = incumbent.map((error, i) => `${x(i)},${y(error)} ${x(i + 1)},${y(error)}`);
  plot.element.replaceChildren(
    ...axes(
      { ...plot, x },
      {
        xTicks: [
          [0, "0"],
          [trials.length, String(trials.length)],
        ],
        yTicks: ERRORS,
        xLabel: "trials",
      },
    ),
    ...trials.map(({ error }, i) =>
      svg("circle", { class: "trial", cx: x(i + 0.5), cy: y(error), r: 3.5 }),
    ),
    svg("polyline", { class: "steps", points: steps.join(" ") }),
  );
}

function render({ model, el }) {
  const recorded = recordedOf(model);
  const y = [Math.log(0.14), 0];
  const panels = [
    panel({
      width: 420,
      height: 300,
      x: [-6, 1],
      y,
      left: 64,
      class: "wide",
      phone: { height: 270 },
      label:
        "Validation error against learning rate: the recorded response, the trials, the incumbent",
    }),
    panel({
      width: 206,
      height: 300,
      phone: { height: 210 },
      x: [0, 1],
      y,
      label: "Validation error of the incumbent against the number of trials",
    }),
  ];
  // An end of the range pushes the other one.
  const end = (place, write) =>
    slider(model, "learning_rate_range", {
      label: `${["lowest", "highest"][place]} learning rate`,
      log: true,
      step: 0.05,
      say: sayRate,
      read: (range) => range[place],
      write,
    });
  const knobs = Object.entries({
    learning_rate_range: [
      end(0, (rate, [, high]) => [rate, Math.max(rate, high)]),
      end(1, (rate, [low]) => [Math.min(rate, low), rate]),
    ],
    trials: [slider(model, "trials")],
    epochs: [slider(model, "epochs")],
    batch_size: [select(model, "batch_size", { label: "batch size" })],
    scale: [select(model, "scale", { label: "scale of the draw" })],
  }).flatMap(([name, inputs]) => (model.get("knobs").includes(name) ? inputs : []));
  const legend = [
    ["line", "response", "recorded trials"],
    ["area", "searched", "range"],
    ["circle", "trial", "drawn"],
    ["circle", "incumbent", "incumbent, the best so far"],
    ["area", "good", "best 5 % of all recorded rates"],
  ];
  const training = createTraining(model, {
    requestOf: (state, { length: trained }) =>
      trained ? null : requestOf(drawn(recorded, state), state),
  });
  const redraw = (state) => {
    const here = training.of(state);
    const result = search(recorded, state, here);
    drawResponse(panels[0], recorded, state, result, here);
    drawIncumbent(panels[1], result);
    return here ? inWordsHere(result, state, here) : inWords(result, state);
  };
  return explore({ model, el, panels, legend, knobs, redraw, training });
}

export default { render };
