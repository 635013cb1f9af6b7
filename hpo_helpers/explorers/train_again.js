// Train again: the winner of a search and a calmer configuration, run after run.

import {
  againAndBack,
  axes,
  button,
  bytesOf,
  drawnWithoutRepetition,
  draws,
  explore,
  logTicks,
  panel,
  select,
  set,
  settings,
  slider,
  svg,
  traits,
} from "./shared.js";

const NAMES = ["A", "B"];
const mean = (values) => values.reduce((sum, each) => sum + each, 0) / values.length;

/** What was recorded, by what is new, configuration and run. */
export function recordedOf(model) {
  const { new: sources, runs } = model.get("limits");
  return {
    ...traits(model, ["images", "promised", "quantiles"]),
    sources: sources.options,
    runs: runs.max,
    wrong: bytesOf(model, "wrong", Uint16Array),
  };
}

/** Images wrong in the runs so far, of A and of B. */
export function again(recorded, state) {
  const { sources, runs, wrong } = recorded;
  const next = draws(state.seed);
  return NAMES.map((_, place) => {
    const start = (sources.indexOf(state.new) * NAMES.length + place) * runs;
    const order = drawnWithoutRepetition(next, runs, runs).slice(0, state.runs);
    return order.map((run) => wrong[start + run]);
  });
}

/** The validation errors of the runs so far. */
export function errors(recorded, state) {
  return again(recorded, state).map((wrong) => wrong.map((each) => each / recorded.images));
}

/** How A and B compare after at least one run of each. */
export function compared({ quantiles }, [a, b]) {
  const variance = (values) => {
    const middle = mean(values);
    return mean(values.map((each) => (each - middle) ** 2)) * (values.length / (values.length - 1));
  };
  const { length: runs } = a;
  return {
    gap: mean(a) - mean(b),
    margin:
      runs === 1 ? Infinity : quantiles[runs - 2] * Math.sqrt((variance(a) + variance(b)) / runs),
    lower: a.filter((each, i) => each < b[i]).length,
  };
}

const times = (count) => (count === 1 ? "once" : `${count} times`);

function inWords(recorded, state, wrong) {
  const { images, promised } = recorded;
  const say = (count) => (count / images).toFixed(4);
  const search = `In the search A had an error of ${say(promised[0])}, and B ${say(promised[1])}.`;
  if (!state.runs) return `${search} Would A win again? Press Train A and B again.`;
  const { gap, margin, lower } = compared(recorded, wrong);
  const means =
    `${search} Trained again ${times(state.runs)}, new each time: ${state.new}. A has ` +
    `${say(mean(wrong[0]))}${state.runs > 1 ? " on average" : ""}, B ${say(mean(wrong[1]))}. ` +
    `A was the lower one in ${lower} of ${state.runs}.`;
  if (state.runs === 1) return `${means} One run of each has no interval.`;
  const [ahead, verdict] = gap > 0 ? ["B", "B is ahead"] : ["A", "A is ahead"];
  return (
    `${means} ${ahead} is lower by ${say(Math.abs(gap))} ± ${say(margin)}: ` +
    `${Math.abs(gap) > margin ? verdict : "undecided"}.`
  );
}

const ERRORS = logTicks([0.15, 0.2, 0.25, 0.3]);

function drawRuns(plot, { images, promised }, wrong) {
  const { x, area } = plot;
  const step = (area.bottom - area.top) / NAMES.length;
  const at = (count) => x(Math.log(count / images)).toFixed(1);
  plot.element.replaceChildren(
    ...axes(plot, { xTicks: ERRORS, yTicks: [], xLabel: "validation error" }),
    ...ERRORS.map(([value]) =>
      svg("line", { class: "grid", x1: x(value), x2: x(value), y1: area.top, y2: area.bottom }),
    ),
    ...NAMES.flatMap((name, place) => {
      const middle = area.top + (place + 0.5) * step;
      const down = (run) => middle + step * 0.66 * (((run * 0.6180339887) % 1) - 0.5);
      const runs = wrong[place];
      const kind = `run ${name.toLowerCase()}`;
      return [
        svg("text", { class: "title", x: area.left - 22, y: middle + 7 }, name),
        ...runs.map((count, run) =>
          svg("circle", {
            class: kind,
            cx: at(count),
            cy: down(run),
            r: run === runs.length - 1 ? 8 : 5,
          }),
        ),
        svg("circle", { class: "promise", cx: at(promised[place]), cy: middle, r: 9 }),
        ...(runs.length
          ? [
              svg("line", {
                class: "middle",
                x1: at(mean(runs)),
                x2: at(mean(runs)),
                y1: middle - step * 0.4,
                y2: middle + step * 0.4,
              }),
            ]
          : []),
      ];
    }),
  );
}

/** The gap between the means and its interval, run after run. */
function drawGap(plot, recorded, wrong) {
  const { x, y, area } = plot;
  const { images } = recorded;
  const at = (runs) => x(Math.log(runs));
  const clip = (count) => y(Math.min(0.06, Math.max(-0.03, count / images)));
  const found = wrong[0].map((_, run) => {
    const soFar = wrong.map((runs) => runs.slice(0, run + 1));
    return compared(recorded, soFar);
  });
  const points = found.map(({ gap }, run) => `${at(run + 1)},${clip(gap)}`);
  const ends = (sign) =>
    found.slice(1).map(({ gap, margin }, i) => `${at(i + 2)},${clip(gap + sign * margin)}`);
  plot.element.replaceChildren(
    ...axes(plot, {
      xTicks: logTicks([1, 2, 5, 10, 30, 100]),
      yTicks: [-0.02, 0, 0.02, 0.04].map((gap) => [gap, String(gap)]),
      xLabel: "runs of each",
    }),
    svg("text", { class: "title", x: area.left, y: 22 }, "B ahead by"),
    svg("polygon", { class: "band", points: [...ends(1), ...ends(-1).reverse()].join(" ") }),
    svg("line", { class: "zero", x1: area.left, x2: area.right, y1: y(0), y2: y(0) }),
    svg("polyline", { class: "belief", points: points.join(" ") }),
    ...(found.length === 1
      ? [svg("circle", { class: "run b", cx: at(1), cy: clip(found[0].gap), r: 4 })]
      : []),
  );
}

function render({ model, el }) {
  const recorded = recordedOf(model);
  const panels = [
    panel({
      width: 640,
      height: 250,
      x: [Math.log(0.145), Math.log(0.34)],
      y: [0, 1],
      left: 50,
      right: 18,
      top: 6,
      bottom: 58,
      class: "full",
      phone: { height: 210 },
      label: "Validation errors of A and of B, in the search and trained again",
    }),
    panel({
      width: 640,
      height: 250,
      x: [0, Math.log(105)],
      y: [-0.03, 0.06],
      left: 92,
      right: 18,
      top: 36,
      bottom: 58,
      class: "full",
      phone: { height: 210 },
      label: "How far B is ahead, with a 95 % interval, against the number of runs",
    }),
  ];
  const knobs = [select(model, "new", { label: "new each time" }), slider(model, "runs")];
  const buttons = [
    button({
      label: "Train A and B again",
      press: () => {
        const { runs } = settings(model);
        if (runs < recorded.runs) set(model, { runs: runs + 1 });
      },
      ready: ({ runs }) => runs < recorded.runs,
    }),
    ...againAndBack(model),
  ];
  const legend = [
    ["circle", "promise", "in the search"],
    ["circle", "run a", "A, the winner of 4,000 trials"],
    ["circle", "run b", "B, number 157"],
    ["line", "middle", "mean of the runs"],
    ["line", "belief", "lead of B, with its 95 % interval"],
  ];
  const redraw = (state) => {
    const wrong = again(recorded, state);
    drawRuns(panels[0], recorded, wrong);
    drawGap(panels[1], recorded, wrong);
    return inWords(recorded, state, wrong);
  };
  return explore({ model, el, panels, legend, knobs, redraw, buttons });
}

export default { render };
