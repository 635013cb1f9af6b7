// The steps to a fast objective, and the last one on the machine of the reader.

import { axes, back, explore, logTicks, panel, slider, svg, traits } from "./shared.js";
import { createTraining, many } from "./training.js";

const HERE = "5 in your browser";

/** What was recorded, with the seconds of each step by the number of trials. */
export function recordedOf(model) {
  const names = ["compared", "epochs", "tolerance", "steps", "seconds", "means", "spreads"];
  return { ...traits(model, names), counts: model.get("limits").trials.options };
}

/** The learning rates of so many trials: the recorded ones, and others between them. */
export function rates({ compared: chosen }, trials) {
  const [low, high] = [chosen[0], chosen.at(-1)];
  const others = Array.from(
    { length: trials - chosen.length },
    (_, place) => low * (high / low) ** ((place + 1) / (trials - chosen.length + 1)),
  );
  return [...chosen, ...others];
}

/** The seconds of each step, by name. */
export function secondsOfSteps({ counts, steps, seconds }, { trials }) {
  return steps.map((step, i) => [step, seconds[i][counts.indexOf(trials)]]);
}

/** Which of the errors at the recorded rates are those of NumPy, within the tolerance. */
export function agrees({ means, spreads, tolerance }, errors) {
  return means.map((mean, i) => Math.abs(errors[i] - mean) <= tolerance * spreads[i]);
}

const say = (seconds) => `${Number(seconds.toPrecision(2))} s`;

function inWords(recorded, state) {
  const [first, , , last] = secondsOfSteps(recorded, state);
  return (
    `${state.trials} trials, 1,000 updates each, took ${say(first[1])} as documented and ` +
    `${say(last[1])} all at once, on one core, when this was recorded. The fifth step is yours: ` +
    "train here."
  );
}

function inWordsHere(recorded, state, { curves, isDone, milliseconds }) {
  const { compared: chosen, means, spreads, tolerance } = recorded;
  if (!isDone) return inWords(recorded, state);
  const [[, first]] = secondsOfSteps(recorded, state);
  const errors = chosen.map((_, i) => curves[i].at(-1));
  const compared = chosen.map(
    (rate, i) =>
      `${errors[i].toFixed(3)} at ${rate} (${means[i].toFixed(3)} ± ` +
      `${(tolerance * spreads[i]).toFixed(3)})`,
  );
  const same = agrees(recorded, errors).filter(Boolean).length;
  const cores = navigator.hardwareConcurrency || 2;
  return (
    `${state.trials} trials in ${say(milliseconds / 1000)} on ${many(cores, "core")} of your ` +
    "machine: " +
    `${Math.round((1000 * first) / milliseconds).toLocaleString("en")} times as fast as step 1 ` +
    `on one of ours. Its errors, and those of NumPy with ${tolerance} standard deviations ` +
    `between seeds: ${compared.join(", ")}. ${same} of ${chosen.length} agree.`
  );
}

const SECONDS = logTicks([0.01, 0.1, 1, 10, 100]);

function drawLadder(plot, recorded, state, here) {
  const own = here?.isDone ? [[HERE, here.milliseconds / 1000]] : [];
  const rows = [...secondsOfSteps(recorded, state), ...own];
  const { x, y, area, element } = plot;
  const at = (seconds) => x(Math.log(Math.max(seconds, 0.005)));
  const names = [...recorded.steps, HERE];
  element.replaceChildren(
    ...axes(plot, {
      xTicks: SECONDS,
      yTicks: names.map((name, i) => [i, name]),
      xLabel: `seconds for ${state.trials} trials`,
    }),
    ...rows.map(([, seconds], i) =>
      svg("circle", {
        class: i < recorded.steps.length ? "trial" : "trial own-step",
        cx: at(seconds),
        cy: y(i),
        r: 7,
      }),
    ),
    ...rows.map(([, seconds], i) =>
      svg("text", { x: Math.min(at(seconds) + 14, area.right - 70), y: y(i) - 10 }, say(seconds)),
    ),
  );
}

function render({ model, el }) {
  const recorded = recordedOf(model);
  const panels = [
    panel({
      width: 640,
      height: 300,
      x: [Math.log(0.005), Math.log(500)],
      y: [recorded.steps.length + 0.4, -0.6],
      left: 190,
      right: 24,
      bottom: 60,
      class: "full",
      phone: { left: 160 },
      label: "Seconds of each step on a logarithmic axis, and of the page once it has trained",
    }),
  ];
  const training = createTraining(model, {
    requestOf: ({ trials, seed }, { length: trained }) =>
      trained
        ? null
        : {
            networks: rates(recorded, trials).map((rate) => ({ learning_rate: rate })),
            epochs: recorded.epochs,
            seed,
          },
  });
  const redraw = (state) => {
    const here = training.of(state);
    drawLadder(panels[0], recorded, state, here);
    return here ? inWordsHere(recorded, state, here) : inWords(recorded, state);
  };
  const legend = [["circle", "trial", "recorded"]];
  const knobs = [slider(model, "trials")];
  return explore({ model, el, panels, legend, knobs, redraw, training, buttons: [back(model)] });
}

export default { render };
