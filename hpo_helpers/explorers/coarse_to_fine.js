// Rounds of trials in ever smaller boxes around the best so far, and as many random trials.

import { draws, explore, quantile, remembered, select, slider, svg } from "./shared.js";
import {
  dots,
  drawFound,
  drawSurface,
  foundPanel,
  lookUp,
  surfacePanel,
  surfacesOf,
} from "./surfaces.js";

/** The trials of a search in rounds, with their errors, and the box of each round. */
export function search(surface, { rounds, trials, shrink }, seed) {
  const next = draws(seed);
  const tried = [],
    boxes = [];
  let low = [0, 0],
    side = 1,
    best = null;
  for (let round = 0; round < rounds; round += 1) {
    boxes.push({ low, side });
    for (let i = 0; i < trials; i += 1) {
      const point = [low[0] + side * next(), low[1] + side * next()];
      const trial = { point, error: lookUp(surface, point), round };
      tried.push(trial);
      if (best === null || trial.error < best.error) best = trial;
    }
    side *= shrink;
    low = best.point.map((middle) => Math.min(1 - side, Math.max(0, middle - side / 2)));
  }
  return { trials: tried, boxes, best };
}

/** As many random trials, from the same numbers: one round in the whole square. */
export function random(surface, { rounds, trials }, seed) {
  return search(surface, { rounds: 1, trials: rounds * trials, shrink: 1 }, seed);
}

/** The best errors of either search, over as many seeds as there are searches. */
export function found(surface, sizes, searches) {
  const over = (kind) =>
    Array.from({ length: searches }, (_, seed) => kind(surface, sizes, seed).best.error);
  return { fine: over(search), random: over(random) };
}

function inWords({ rounds, trials }, fine, drawn, overSeeds) {
  const searches = overSeeds.fine.length;
  const share = (count) => `${Math.round((100 * count) / searches)} %`;
  const better = overSeeds.fine.filter((error, i) => error < overSeeds.random[i] - 1e-9).length;
  const worse = overSeeds.fine.filter((error, i) => error > overSeeds.random[i] + 1e-9).length;
  const unlucky = (errors) => quantile(errors, 0.9).toFixed(3);
  return (
    `${rounds * trials} trials. Coarse to fine: best error ${fine.best.error.toFixed(3)}; ` +
    `at random: ${drawn.best.error.toFixed(3)}. Of ${searches} searches, coarse to fine is ` +
    `better in ` +
    `${share(better)}, worse in ${share(worse)}, equal in the rest. One search in ten ends at ` +
    `${unlucky(overSeeds.fine)} or above, one random search in ten at ` +
    `${unlucky(overSeeds.random)} or above.`
  );
}

function marksOf(plot, { trials, boxes, best }) {
  return [
    ...boxes.map(({ low: [left, bottom], side }, round) =>
      svg("rect", {
        class: `box round-${round}`,
        x: plot.x(left),
        y: plot.y(bottom + side),
        width: plot.x(side) - plot.x(0),
        height: plot.y(0) - plot.y(side),
      }),
    ),
    ...boxes.flatMap((_, round) =>
      dots(
        plot,
        trials.filter((trial) => trial.round === round).map(({ point }) => point),
        `round-${round}`,
      ),
    ),
    svg("circle", {
      class: "incumbent",
      cx: plot.x(best.point[0]),
      cy: plot.y(best.point[1]),
      r: 8,
    }),
  ];
}

function render({ model, el }) {
  const surfaces = surfacesOf(model),
    searches = model.get("searches");
  const panels = [
    surfacePanel(
      "The boxes and the trials of a search from coarse to fine, on the recorded errors",
    ),
    surfacePanel("As many random trials on the same errors"),
    foundPanel(`Histograms of the best errors of ${searches} searches of either kind`),
  ];
  const foundOn = remembered(({ surface, ...sizes }) => found(surfaces[surface], sizes, searches));
  const knobs = [
    slider(model, "rounds"),
    slider(model, "trials", { label: "trials a round" }),
    slider(model, "shrink", {
      label: "side of the next box",
      step: 0.05,
      say: (shrink) => `× ${shrink.toFixed(2)}`,
    }),
    select(model, "surface", { label: "recorded errors" }),
  ];
  const legend = [
    ["area", "box round-0", "round 0: all"],
    ["area", "box round-1", "round 1"],
    ["area", "box round-2", "round 2"],
    ["area", "box round-3", "round 3"],
    ["dot", "on-surface", "trial"],
    ["circle", "incumbent", "incumbent"],
    ["line", "middle", "median"],
    ["area", "low", "low error"],
    ["area", "high", "high error"],
  ];
  const redraw = (state) => {
    const surface = surfaces[state.surface];
    const fine = search(surface, state, state.seed);
    const drawn = random(surface, state, state.seed);
    const { rounds, trials, shrink } = state;
    const overSeeds = foundOn({ surface: state.surface, rounds, trials, shrink });
    drawSurface(panels[0], "coarse to fine", surface, marksOf(panels[0], fine));
    drawSurface(panels[1], "random", surface, marksOf(panels[1], drawn));
    drawFound(panels[2], surface, [
      ["coarse to fine", overSeeds.fine, "bar"],
      ["random", overSeeds.random, "bar other"],
    ]);
    return inWords(state, fine, drawn, overSeeds);
  };
  return explore({ model, el, panels, legend, knobs, redraw });
}

export default { render };
