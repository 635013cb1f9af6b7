// A grid and random trials of the same number, on the same recorded errors.

import { draws, explore, remembered, select, slider, svg } from "./shared.js";
import {
  coloured,
  dots,
  dotsAt,
  drawFound,
  drawSurface,
  FIELD,
  foundPanel,
  lookUp,
  NETWORKS_HERE,
  reached,
  requestAt,
  sayTally,
  surfacePanel,
  surfacesOf,
  tallyOf,
} from "./surfaces.js";
import { createTraining } from "./training.js";

/** The points of either design in the unit square, from a seed that also shifts the grid. */
export function designs(n, seed) {
  const next = draws(seed);
  const lines = [next(), next()].map((shift) =>
    Array.from({ length: n }, (_, place) => (place + shift) / n),
  );
  const grid = lines[0].flatMap((x) => lines[1].map((y) => [x, y]));
  const random = Array.from({ length: n * n }, () => [next(), next()]);
  return { grid, random };
}

function bestOf(surface, points) {
  return Math.min(...points.map((point) => lookUp(surface, point)));
}

/** The best errors of either design, over as many seeds as there are searches. */
export function found(surface, n, searches) {
  const pairs = Array.from({ length: searches }, (_, seed) => designs(n, seed));
  return {
    grid: pairs.map(({ grid }) => bestOf(surface, grid)),
    random: pairs.map(({ random }) => bestOf(surface, random)),
  };
}

function inWords(surface, { trials_per_axis: n }, { grid, random }, overSeeds) {
  const success = (errors) => `${Math.round(100 * reached(errors, surface.good))} %`;
  return (
    `The grid tries ${n} values of each axis, and its best error is ` +
    `${bestOf(surface, grid).toFixed(2)}. ` +
    `${n * n} random trials try ${n * n} values of each, and theirs is ` +
    `${bestOf(surface, random).toFixed(2)}. ` +
    `Of ${overSeeds.grid.length} searches, ${success(overSeeds.grid)} reach an error of ` +
    `${surface.good} with the grid, ` +
    `${success(overSeeds.random)} at random.`
  );
}

function inWordsHere(n, { isDone }, [grid, random], tally) {
  if (!isDone) {
    return (
      `${n * n} networks on a grid and ${n * n} at random, each with ${NETWORKS_HERE}. ` +
      "The lower the error, the darker the dot."
    );
  }
  return (
    `The grid has tried ${n} values of each axis, and its best error is ${grid.toFixed(3)}. ` +
    `${n * n} random trials have tried ${n * n} values of each, and theirs is ` +
    `${random.toFixed(3)}. ${sayTally(tally, "random search")}`
  );
}

/** The values that the trials try, beside the axes. */
function projectionOf(plot, points) {
  const { area } = plot;
  const beside = points.flatMap(([x, y]) => [
    [plot.x(x), area.bottom + 6],
    [area.left - 6, plot.y(y)],
  ]);
  return svg("path", { class: "projection", d: dotsAt(beside) });
}

function render({ model, el }) {
  const surfaces = surfacesOf(model),
    searches = model.get("searches");
  const panels = [
    surfacePanel(
      "Trials of a grid on the recorded errors, with the values that they try along either axis",
    ),
    surfacePanel(
      "As many random trials on the same errors, with the values that they try along either axis",
    ),
    foundPanel(
      `Histograms of the best errors of ${searches} grids and of ${searches} random searches`,
    ),
  ];
  const foundOn = remembered(({ surface, n }) => found(surfaces[surface], n, searches));
  const knobs = [
    slider(model, "trials_per_axis", { label: "trials along an axis" }),
    select(model, "surface", { label: "recorded errors" }),
  ];
  const legend = [
    ["dot", "on-surface", "trial"],
    ["dot", "projection", "value that the design tries"],
    ["area", "bar", "found by grids"],
    ["area", "bar other", "found at random"],
    ["line", "middle", "median"],
    ["area", "low", "low error"],
    ["area", "high", "high error"],
  ];
  const sizesOf = ({ trials_per_axis, seed }) => ({ trials_per_axis, seed });
  const training = createTraining(model, {
    keyOf: sizesOf,
    requestOf({ trials_per_axis: n, seed }, { length: trained }) {
      const { grid, random } = designs(n, seed);
      return trained ? null : requestAt([...grid, ...random], seed);
    },
  });
  const draw = (surface, points, marks, grid, random) => {
    ["grid", "random"].forEach((name, i) => {
      const plot = panels[i];
      const all = [...marks(plot, points[name], i), projectionOf(plot, points[name])];
      drawSurface(plot, name, surface, all);
    });
    drawFound(panels[2], surface, [
      ["grid", grid, "bar"],
      ["random", random, "bar other"],
    ]);
  };
  const tally = tallyOf();
  const redrawHere = (state, here, points) => {
    const half = points.grid.length;
    const curves = [here.curves.slice(0, half), here.curves.slice(half)];
    const best = curves.map((each) => Math.min(...each.map((curve) => curve.at(-1))));
    if (here.isDone) tally.keep(sizesOf(state), ...best);
    const found = tally.of(sizesOf(state));
    draw(FIELD, points, (plot, places, i) => coloured(plot, places, curves[i]), ...found);
    return inWordsHere(state.trials_per_axis, here, best, found);
  };
  const redraw = (state) => {
    const [surface, here] = [surfaces[state.surface], training.of(state)];
    const points = designs(state.trials_per_axis, state.seed);
    knobs[1].element.hidden = Boolean(here);
    if (here) return redrawHere(state, here, points);
    const overSeeds = foundOn({ surface: state.surface, n: state.trials_per_axis });
    draw(surface, points, (plot, places) => dots(plot, places), overSeeds.grid, overSeeds.random);
    return inWords(surface, state, points, overSeeds);
  };
  return explore({ model, el, panels, legend, knobs, redraw, training });
}

export default { render };
