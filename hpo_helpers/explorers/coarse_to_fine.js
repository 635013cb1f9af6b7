// Rounds of trials in ever smaller boxes around the best so far, and as many random trials.

import { draws, explore, quantile, remembered, select, slider, svg } from "./shared.js";
import {
  coloured,
  dots,
  drawFound,
  drawSurface,
  EPOCHS_HERE,
  FIELD,
  foundPanel,
  lookUp,
  NETWORKS_HERE,
  requestAt,
  sayTally,
  surfacePanel,
  surfacesOf,
  tallyOf,
} from "./surfaces.js";
import { createTraining } from "./training.js";

/**
 * The trials of a search in rounds, with their errors, and the box of each round. An error is
 * asked for by the point and the number of its trial; so many of them are `known`, and who comes
 * after the round that they end with is not drawn yet.
 */
function searchBy(errorOf, { rounds, trials, shrink }, seed, known = Infinity) {
  const next = draws(seed);
  const tried = [],
    boxes = [];
  let low = [0, 0],
    side = 1,
    best = null;
  for (let round = 0; round < rounds && tried.length <= known; round += 1) {
    if (best) low = best.point.map((middle) => Math.min(1 - side, Math.max(0, middle - side / 2)));
    boxes.push({ low, side });
    for (let i = 0; i < trials; i += 1) {
      const point = [low[0] + side * next(), low[1] + side * next()];
      const trial = { point, error: errorOf(point, tried.length), round };
      tried.push(trial);
      if (best === null || trial.error < best.error) best = trial;
    }
    side *= shrink;
  }
  return { trials: tried, boxes, best };
}

/** A search in rounds on recorded errors. */
export function search(surface, sizes, seed) {
  return searchBy((point) => lookUp(surface, point), sizes, seed);
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

const isTrained = (curve) => curve.length === EPOCHS_HERE;

/**
 * What has been trained here of either search: each round of the one beside as many trials of
 * the other, so that both have had equal shares at any time.
 */
export function searchesHere(sizes, seed, curves) {
  const { rounds, trials } = sizes;
  const isFine = (_, i) => i % (2 * trials) < trials;
  const halves = [curves.filter(isFine), curves.filter((_, i) => !isFine(_, i))];
  const searchOf = (half, shape) => {
    const errorOf = (_, number) => half[number]?.at(-1) ?? 1;
    return { ...searchBy(errorOf, shape, seed, half.filter(isTrained).length), curves: half };
  };
  return {
    fine: searchOf(halves[0], sizes),
    drawn: searchOf(halves[1], { rounds: 1, trials: rounds * trials, shrink: 1 }),
  };
}

/** What is asked of the trainer next: a round, and as many random trials. */
export function requestOf(sizes, seed, curves) {
  const { rounds, trials } = sizes;
  const round = curves.length / (2 * trials);
  if (round === rounds) return null;
  const { fine, drawn } = searchesHere(sizes, seed, curves);
  const share = (search) => search.trials.slice(round * trials, (round + 1) * trials);
  const points = [...share(fine), ...share(drawn)].map(({ point }) => point);
  // Other first weights in each round.
  return requestAt(points, seed + round);
}

function inWordsHere({ rounds, trials }, { isDone }, { fine, drawn }, tally) {
  if (!isDone) {
    return (
      `${rounds * trials} networks from coarse to fine and as many at random, each with ` +
      `${NETWORKS_HERE}. The next box is laid when a round has been trained. The lower the ` +
      "error, the darker the dot."
    );
  }
  return (
    `${rounds * trials} trials. Coarse to fine: best error ${fine.best.error.toFixed(3)}; ` +
    `at random: ${drawn.best.error.toFixed(3)}. ` +
    sayTally(tally, "random search")
  );
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

function marksOf(plot, { trials, boxes, best, curves }) {
  const dotsOf = (round) => {
    const chosen = trials.filter((trial) => trial.round === round).map(({ point }) => point);
    if (!curves) return dots(plot, chosen, `round-${round}`);
    const start = trials.findIndex((trial) => trial.round === round);
    return coloured(plot, chosen, curves.slice(start, start + chosen.length));
  };
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
    ...boxes.flatMap((_, round) => dotsOf(round)),
    // Of networks that have not been trained yet none is best.
    ...(curves && best.error === 1 ? [] : [best.point]).map(([x, y]) =>
      svg("circle", { class: "incumbent", cx: plot.x(x), cy: plot.y(y), r: 8 }),
    ),
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
  const sizesOf = ({ rounds, trials, shrink }) => ({ rounds, trials, shrink });
  const keyOf = (state) => ({ ...sizesOf(state), seed: state.seed });
  const training = createTraining(model, {
    keyOf,
    requestOf: (state, curves) => requestOf(sizesOf(state), state.seed, curves),
  });
  const draw = (surface, { fine, drawn }, found) => {
    drawSurface(panels[0], "coarse to fine", surface, marksOf(panels[0], fine));
    drawSurface(panels[1], "random", surface, marksOf(panels[1], drawn));
    drawFound(panels[2], surface, [
      ["coarse to fine", found[0], "bar"],
      ["random", found[1], "bar other"],
    ]);
  };
  const tally = tallyOf();
  const redrawHere = (state, here) => {
    const both = searchesHere(sizesOf(state), state.seed, here.curves);
    if (here.isDone) tally.keep(keyOf(state), both.fine.best.error, both.drawn.best.error);
    const found = tally.of(keyOf(state));
    draw(FIELD, both, found);
    return inWordsHere(state, here, both, found);
  };
  const redraw = (state) => {
    const [surface, here] = [surfaces[state.surface], training.of(state)];
    knobs.at(-1).element.hidden = Boolean(here);
    if (here) return redrawHere(state, here);
    const both = {
      fine: search(surface, state, state.seed),
      drawn: random(surface, state, state.seed),
    };
    const overSeeds = foundOn({ surface: state.surface, ...sizesOf(state) });
    draw(surface, both, [overSeeds.fine, overSeeds.random]);
    return inWords(state, both.fine, both.drawn, overSeeds);
  };
  return explore({ model, el, panels, legend, knobs, redraw, training });
}

export default { render };
