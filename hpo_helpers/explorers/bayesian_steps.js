// What a Gaussian process believes of the response, and where the next trial promises most.

import { belief } from "./gaussian_process.js";
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
