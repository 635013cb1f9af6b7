// Recorded learning curves that successive halving cuts: what it finds, spends and loses.

import {
  axes,
  bytesOf,
  drawnWithoutRepetition,
  draws,
  explore,
  logTicks,
  panel,
  remembered,
  sayRate,
  slider,
  svg,
  traits,
} from "./shared.js";
import { createTraining, many } from "./training.js";

// What is trained in the page: one hidden layer, and what is drawn for it, log-uniformly.
const HIDDEN = [32],
  BATCH_SIZE = 32,
  SPACE = { learning_rate: [1e-4, 1], weight_decay: [1e-6, 1e-1] };

/** What was recorded, and what each of the seeds that are compared draws of it. */
export function recordedOf(model) {
  const { searches, ...recorded } = traits(model, ["images", "epochs", "searches"]);
  recorded.wrong = bytesOf(model, "wrong", Uint16Array);
  recorded.most = model.get("limits").trials.max;
  recorded.drawn = Array.from({ length: searches }, (_, seed) => rows(recorded, seed));
  return recorded;
}

/** The rungs: so many trials, each trained for so many epochs in total. */
export function rungs({ trials, eta, r_min }, epochs) {
  const steps = [];
  for (let level = r_min, left = trials; left >= 1; left = Math.floor(left / eta)) {
    steps.push({ trials: left, epochs: level });
    if (level === epochs) break;
    level = Math.min(level * eta, epochs);
  }
  return steps;
}

/** The recorded configurations in the order in which a seed draws them, as far as is needed. */
export function rows({ epochs, wrong, most }, seed) {
  return drawnWithoutRepetition(draws(seed), wrong.length / epochs, most);
}

/** The trials of each rung in turn, and those of the last one ranked: places in the draw. */
function cutAt(steps, drawn, { epochs, wrong }) {
  let ranked = Uint32Array.from({ length: steps[0].trials }, (_, number) => number);
  return steps.map((rung) => {
    ranked = ranked.slice(0, rung.trials);
    // One number a trial, sorted as numbers: its errors first, then its place in the draw.
    for (let i = 0; i < ranked.length; i += 1) {
      ranked[i] += wrong[drawn[ranked[i]] * epochs + rung.epochs - 1] * 128;
    }
    ranked.sort();
    for (let i = 0; i < ranked.length; i += 1) ranked[i] %= 128;
    return ranked;
  });
}

/** What is drawn under a seed, how long each trial is trained, and who is in the last rung. */
export function search(recorded, state, seed) {
  const { epochs, wrong } = recorded;
  const steps = rungs(state, epochs);
  const drawn = rows(recorded, seed).slice(0, state.trials);
  const trained = new Array(state.trials).fill(0);
  const members = cutAt(steps, drawn, recorded);
  members.forEach((numbers, i) => {
    for (const number of numbers) trained[number] = steps[i].epochs;
  });
  const last = Array.from(members[members.length - 1]);
  const final = drawn.map((row) => wrong[row * epochs + epochs - 1]);
  const least = Math.min(...final);
  return {
    rows: drawn,
    trained,
    last,
    final,
    lowest: final.indexOf(least),
    spent: trained.reduce((sum, each) => sum + each, 0),
    isKept: last.some((number) => final[number] === least),
  };
}

/** Over all draws: how often the lowest last error is kept, and the sum of the shortfalls. */
export function found(recorded, state) {
  const { epochs, wrong } = recorded;
  const steps = rungs(state, epochs);
  let [kept, shortfall] = [0, 0];
  for (const drawn of recorded.drawn) {
    const last = cutAt(steps, drawn, recorded).pop();
    const final = (number) => wrong[drawn[number] * epochs + epochs - 1];
    let least = Infinity,
      lowest = Infinity;
    for (let number = 0; number < state.trials; number += 1) least = Math.min(least, final(number));
    for (const number of last) lowest = Math.min(lowest, final(number));
    kept += lowest === least;
    shortfall += final(last[0]) - least;
  }
  return { kept, shortfall };
}

/** The networks that a seed draws to be trained here. */
export function networksOf({ trials, seed }) {
  const next = draws(seed);
  const drawnFrom = ([low, high]) => low * (high / low) ** next();
  return Array.from({ length: trials }, () => ({
    learning_rate: drawnFrom(SPACE.learning_rate),
    weight_decay: drawnFrom(SPACE.weight_decay),
  }));
}

/** What is asked of the trainer: it stops at the rungs, and goes on with the best of each. */
export function requestOf(state, epochs) {
  const steps = rungs(state, epochs);
  const choose = ({ epoch, numbers, errors }) => {
    const next = steps[steps.findIndex((rung) => rung.epochs === epoch) + 1];
    const rank = (i) => (Number.isNaN(errors[i]) ? 1 : errors[i]);
    const order = numbers.map((_, i) => i).sort((a, b) => rank(a) - rank(b) || a - b);
    return order.slice(0, next.trials).map((i) => numbers[i]);
  };
  return {
    networks: networksOf(state),
    hidden: HIDDEN,
    batch_size: BATCH_SIZE,
    seed: state.seed,
    epochs: steps.at(-1).epochs,
    stops: steps.slice(0, -1).map((rung) => rung.epochs),
    choose,
  };
}

/** What has been trained here so far: who goes on, and which epochs will never be trained. */
export function cutHere({ curves }, epochs) {
  const trained = curves.map((curve) => curve.length);
  const [most, numbers] = [Math.max(0, ...trained), trained.map((_, number) => number)];
  const last = numbers.filter((number) => trained[number] === most);
  last.sort((a, b) => curves[a].at(-1) - curves[b].at(-1) || a - b);
  const cut = trained.filter((each) => each < most);
  return {
    trained,
    last,
    spent: trained.reduce((sum, each) => sum + each, 0),
    saved: cut.reduce((sum, each) => sum + epochs - each, 0),
  };
}

const inFull = (count) => count.toLocaleString("en");

function inWords(recorded, state, cut, { kept, shortfall }) {
  const {
    images,
    epochs,
    wrong,
    drawn: { length: searches },
  } = recorded;
  const steps = rungs(state, epochs);
  const [winner, all] = [cut.last[0], state.trials * epochs];
  const reached = wrong[cut.rows[winner] * epochs + cut.trained[winner] - 1] / images;
  const fate = cut.isKept
    ? "it was kept"
    : `it was cut after ${many(cut.trained[cut.lowest], "epoch")}`;
  return (
    `Trials × epochs: ${steps.map((rung) => `${rung.trials} × ${rung.epochs}`).join(", ")}. ` +
    `Best error found: ${reached.toFixed(4)}, after ${many(cut.trained[winner], "epoch")}. The lowest ` +
    `last error of the ${state.trials}, under this seed, is ` +
    `${(cut.final[cut.lowest] / images).toFixed(4)} after ${epochs} epochs; ${fate}. ` +
    `${inFull(cut.spent)} epochs spent, ${inFull(all - cut.spent)} saved. Of ${searches} draws ` +
    `the lowest last error is kept in ${Math.round((100 * kept) / searches)} %; the winner, ` +
    `trained to the end, lies above it by ` +
    `${(shortfall / (searches * images)).toFixed(4)} on average.`
  );
}

function inWordsHere(state, cut, { curves, isDone, milliseconds }, epochs) {
  const plan = rungs(state, epochs).map((rung) => `${rung.trials} × ${rung.epochs}`);
  if (!isDone) {
    return (
      `${state.trials} networks of your own, with a hidden layer of ${HIDDEN[0]} units, each with ` +
      `a learning rate and a weight decay by chance. Trials × epochs: ${plan.join(", ")}, on 2,000 ` +
      `images. What is cut is trained no further: no curve shows what would have become of it.`
    );
  }
  const winner = cut.last[0];
  const network = networksOf(state)[winner];
  const [seconds, more] = [milliseconds, (milliseconds * cut.saved) / cut.spent].map((each) =>
    (each / 1000).toFixed(1),
  );
  return (
    `Best error found: ${curves[winner].at(-1).toFixed(3)}, after ${many(cut.trained[winner], "epoch")}, ` +
    `at a learning rate of ${sayRate(network.learning_rate)} and a weight decay of ` +
    `${sayRate(network.weight_decay)}. ${inFull(cut.spent)} epochs trained in ${seconds} s; ` +
    `${inFull(cut.saved)} never were, and at this pace would have taken ${more} s more.`
  );
}

const EPOCHS = logTicks([1, 3, 9, 27]);
const ERRORS = logTicks([0.15, 0.2, 0.3, 0.5, 0.9]);

/** The path of a curve from one epoch to another. */
function pathOf(points, from, to) {
  return from < Math.min(to, points.length) ? `M${points.slice(from - 1, to).join("L")}` : "";
}

/** The place of each count of images on the axis of a plot; there are as many as images. */
const heightsIn = (plot) =>
  remembered((images) =>
    Array.from({ length: images + 1 }, (_, count) =>
      plot.y(Math.log(Math.max(count, 1) / images)).toFixed(1),
    ),
  );

/** How high each trial stands after each epoch, by its number: as recorded, or as far as trained. */
function heightsOf(plot, { images, epochs, wrong }, cut, here) {
  if (here)
    return here.curves.map((curve) => curve.map((error) => plot.y(Math.log(error)).toFixed(1)));
  const high = plot.heights(images);
  return cut.rows.map((row) =>
    Array.from({ length: epochs }, (_, i) => high[wrong[row * epochs + i]]),
  );
}

function drawCurves(plot, epochs, heights, state, cut) {
  const { area, element } = plot;
  const at = (epoch) => plot.x(Math.log(epoch)).toFixed(1);
  const places = Array.from({ length: epochs }, (_, i) => at(i + 1));
  const curves = heights.map((curve) => curve.map((high, i) => `${places[i]} ${high}`));
  const inLast = new Set(cut.last);
  const numbers = curves.map((_, number) => number);
  const losers = numbers.filter((number) => !inLast.has(number));
  // All curves of a kind in one path, for a move has to be drawn within a frame.
  const draw = (kind, chosen, part) =>
    svg("path", {
      class: `curve ${kind}`,
      d: chosen.map((number) => part(curves[number], cut.trained[number])).join(""),
    });
  const trainedPart = (points, trained) => pathOf(points, 1, trained);
  const end = (points, trained) => (trained ? `M${points[trained - 1]}h0` : "");
  element.replaceChildren(
    ...axes(plot, { xTicks: EPOCHS, yTicks: ERRORS, xLabel: "epochs", yLabel: "validation error" }),
    ...rungs(state, epochs).flatMap((rung) => [
      svg("line", {
        class: "rung",
        x1: at(rung.epochs),
        x2: at(rung.epochs),
        y1: area.top,
        y2: area.bottom,
      }),
      svg(
        "text",
        { x: at(rung.epochs), y: area.top - 6, "text-anchor": "middle" },
        String(rung.trials),
      ),
    ]),
    svg("text", { x: area.left - 18, y: area.top - 6, "text-anchor": "end" }, "trials"),
    draw("rest", numbers, (points, trained) => pathOf(points, trained, epochs)),
    draw("cut", losers, trainedPart),
    draw("cut end", losers, end),
    draw(cut.last.length > 9 ? "kept many" : "kept", cut.last, trainedPart),
    draw("kept end", cut.last, end),
    ...(cut.rows ? [draw("best", [cut.lowest], (points) => pathOf(points, 1, epochs))] : []),
  );
}

function drawSpent(plot, state, epochs, { spent, saved = state.trials * epochs - spent }) {
  const { area, element, y } = plot;
  const all = state.trials * epochs;
  const width = (area.right - area.left) / 2;
  const bars = [
    ["spent", spent, "bar"],
    ["saved", saved, "bar other"],
  ].flatMap(([name, count, kind], i) => {
    const middle = area.left + (i + 0.5) * width;
    return [
      svg("rect", {
        class: kind,
        x: middle - 0.36 * width,
        width: 0.72 * width,
        y: y(count / all),
        height: area.bottom - y(count / all),
      }),
      svg("text", { x: middle, y: y(count / all) - 6, "text-anchor": "middle" }, inFull(count)),
      svg("text", { x: middle, y: area.bottom + 19, "text-anchor": "middle" }, name),
    ];
  });
  element.replaceChildren(
    svg("line", { class: "grid", x1: area.left, x2: area.right, y1: area.bottom, y2: area.bottom }),
    ...bars,
    svg(
      "text",
      { x: (area.left + area.right) / 2, y: plot.height - 5, "text-anchor": "middle" },
      `of ${inFull(all)} epochs`,
    ),
  );
}

function render({ model, el }) {
  const recorded = recordedOf(model);
  const panels = [
    panel({
      width: 420,
      height: 320,
      x: [0, Math.log(recorded.epochs)],
      y: [Math.log(0.145), 0],
      left: 64,
      right: 20,
      top: 26,
      class: "wide",
      label: "Learning curves of the trials, each drawn as far as it was trained, with the rungs",
    }),
    panel({
      width: 206,
      height: 320,
      x: [0, 1],
      y: [0, 1],
      left: 10,
      top: 30,
      label: "Epochs spent beside epochs saved",
    }),
  ];
  panels[0].heights = heightsIn(panels[0]);
  const foundWith = remembered((key) => found(recorded, key));
  const knobs = [
    slider(model, "trials", { label: "trials, first rung" }),
    slider(model, "eta"),
    slider(model, "r_min", { label: "r_min in epochs" }),
  ];
  const legend = [
    ["line", "curve cut", "cut"],
    ["line", "curve kept", "in the last rung"],
    ["line", "curve rest", "never trained"],
    ["line", "curve best", "lowest last error under this seed"],
    ["line", "rung", "rung, with its trials"],
  ];
  const { epochs } = recorded;
  const training = createTraining(model, {
    requestOf: (state, { length: trained }) => (trained ? null : requestOf(state, epochs)),
  });
  const redraw = (state) => {
    const here = training.of(state);
    const cut = here ? cutHere(here, epochs) : search(recorded, state, state.seed);
    const { trials, eta, r_min } = state;
    drawCurves(panels[0], epochs, heightsOf(panels[0], recorded, cut, here), state, cut);
    drawSpent(panels[1], state, epochs, cut);
    if (here) return inWordsHere(state, cut, here, epochs);
    return inWords(recorded, state, cut, foundWith({ trials, eta, r_min }));
  };
  return explore({ model, el, panels, legend, knobs, redraw, training });
}

export default { render };
