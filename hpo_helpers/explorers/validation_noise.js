// What a search picks, and believes of it, by the size of its validation set.

import {
  axes,
  bytesOf,
  drawnWithoutRepetition,
  draws,
  explore,
  panel,
  powers,
  remembered,
  sayRate,
  slider,
  svg,
  traits,
} from "./shared.js";

/** What a search of this seed sees with each size of its validation set, and what is true. */
export function search(recorded, trials, seed) {
  const { rates, sizes, block, wrong } = recorded;
  const blocks = wrong.length / rates.length;
  const next = draws(seed);
  const chosen = drawnWithoutRepetition(next, rates.length, trials);
  const drawn = Array.from({ length: Math.max(...sizes) / block }, () =>
    Math.floor(next() * blocks),
  );
  const totals = chosen.map((row) => recorded.totals[row]);
  const counts = new Array(trials).fill(0);
  let used = 0;
  const bySize = sizes.map((size) => {
    for (; used < size / block; used += 1) {
      for (let i = 0; i < trials; i += 1) counts[i] += wrong[chosen[i] * blocks + drawn[used]];
    }
    let winner = 0;
    for (let i = 1; i < trials; i += 1) if (counts[i] < counts[winner]) winner = i;
    return { winner, measured: counts.map((count) => count / size) };
  });
  const truth = totals.map((count) => count / (blocks * block));
  const lowest = Math.min(...totals);
  return {
    rates: chosen.map((row) => rates[row]),
    true: truth,
    bySize,
    isBest: ({ winner }) => totals[winner] === lowest,
    optimism: ({ winner, measured }) => truth[winner] - measured[winner],
  };
}

/** How often the best is picked, and how far the winner flatters itself on average, by size. */
export function found(recorded, trials) {
  const { sizes, searches } = recorded;
  const sums = sizes.map(() => ({ picked: 0, optimism: 0 }));
  for (let seed = 0; seed < searches; seed += 1) {
    const seen = search(recorded, trials, seed);
    seen.bySize.forEach((each, i) => {
      sums[i].picked += seen.isBest(each);
      sums[i].optimism += seen.optimism(each);
    });
  }
  return sums.map(({ picked, optimism }) => ({
    picked: picked / searches,
    optimism: optimism / searches,
  }));
}

/** What was recorded, with the wrong images of each rate in total. */
export function recordedOf(model) {
  const recorded = {
    ...traits(model, ["rates", "block", "searches"]),
    sizes: model.get("limits").size.options,
    wrong: bytesOf(model, "wrong", Uint8Array),
  };
  const blocks = recorded.wrong.length / recorded.rates.length;
  recorded.totals = recorded.rates.map((_, row) =>
    recorded.wrong
      .subarray(row * blocks, (row + 1) * blocks)
      .reduce((sum, count) => sum + count, 0),
  );
  return recorded;
}

const inThousands = (size) => (size < 1000 ? String(size) : `${size / 1000}k`);
const errorOf = (p, size) => Math.sqrt((p * (1 - p)) / size);

function inWords({ size, trials }, searches, result, seen, { picked, optimism }) {
  const { winner, measured } = seen;
  return (
    `The picked trial has a learning rate of ${sayRate(result.rates[winner])}. On ` +
    `${size.toLocaleString("en")} ` +
    `images its error is ${measured[winner].toFixed(3)} ± ` +
    `${errorOf(measured[winner], size).toFixed(3)}, ` +
    `its true error ${result.true[winner].toFixed(3)}. Of ${searches} such searches ` +
    `${Math.round(100 * picked)} % pick the truly best of their ${trials} trials, and the ` +
    `winner looks better ` +
    `than it is by ${optimism.toFixed(3)} on average.`
  );
}

function drawTrials(plot, { size }, result, { winner, measured }) {
  const { x, y } = plot;
  const at = (i) => x(Math.log10(result.rates[i]));
  const best = result.true.indexOf(Math.min(...result.true));
  const bar = (i, kind) =>
    svg("line", {
      class: kind,
      x1: at(i) - 8,
      x2: at(i) + 8,
      y1: y(result.true[i]),
      y2: y(result.true[i]),
    });
  plot.element.replaceChildren(
    ...axes(plot, {
      xTicks: powers(-3, 0),
      yTicks: [0.1, 0.2, 0.3].map((e) => [e, String(e)]),
      xLabel: "learning rate",
      yLabel: "error",
    }),
    ...measured.flatMap((p, i) => [
      svg("line", {
        class: "margin",
        x1: at(i),
        x2: at(i),
        y1: y(p - errorOf(p, size)),
        y2: y(p + errorOf(p, size)),
      }),
      svg("circle", { class: "trial", cx: at(i), cy: y(p), r: 4.5 }),
      bar(i, "true"),
    ]),
    bar(best, "true best"),
    svg("circle", { class: "incumbent", cx: at(winner), cy: y(measured[winner]), r: 9 }),
  );
}

function drawOptimism(plot, { size }, { sizes }, overSeeds) {
  const { x, y } = plot;
  const at = (each) => x(Math.log10(each));
  const points = overSeeds.map(({ optimism }, i) => [at(sizes[i]), y(Math.max(0, optimism))]);
  plot.element.replaceChildren(
    ...axes(plot, {
      xTicks: [100, 1000, 10000].map((each) => [Math.log10(each), inThousands(each)]),
      yTicks: [0, 0.02, 0.04].map((e) => [e, String(e)]),
      xLabel: "validation images",
    }),
    svg(
      "text",
      { class: "title", x: (plot.area.left + plot.area.right) / 2, y: 18, "text-anchor": "middle" },
      "mean optimism",
    ),
    svg("polyline", { class: "steps", points: points.map((point) => point.join(",")).join(" ") }),
    svg("circle", { class: "incumbent", cx: at(size), cy: points[sizes.indexOf(size)][1], r: 7 }),
  );
}

function render({ model, el }) {
  const recorded = recordedOf(model);
  const { sizes } = recorded;
  const panels = [
    panel({
      width: 420,
      height: 300,
      x: [-3.1, 0.1],
      y: [0.06, 0.32],
      left: 64,
      class: "wide",
      phone: { height: 270 },
      label:
        "Errors of the trials against learning rate, as measured with error bars and as they are",
    }),
    panel({
      width: 206,
      height: 300,
      phone: { height: 210 },
      x: [1.9, 4.1],
      y: [0, 0.05],
      top: 30,
      label: "Mean optimism of the winner against the size of the validation set",
    }),
  ];
  const foundWith = remembered((trials) => found(recorded, trials));
  const knobs = [
    slider(model, "size", { label: "validation images", say: (size) => size.toLocaleString("en") }),
    slider(model, "trials"),
  ];
  const legend = [
    ["circle", "trial", "measured, ± one standard error"],
    ["line", "true", "true error"],
    ["line", "true best", "true error of the best trial"],
    ["circle", "incumbent", "picked by the search"],
  ];
  const redraw = (state) => {
    const result = search(recorded, state.trials, state.seed);
    const place = sizes.indexOf(state.size);
    const overSeeds = foundWith(state.trials);
    drawTrials(panels[0], state, result, result.bySize[place]);
    drawOptimism(panels[1], state, recorded, overSeeds);
    return inWords(state, recorded.searches, result, result.bySize[place], overSeeds[place]);
  };
  return explore({ model, el, panels, legend, knobs, redraw });
}

export default { render };
