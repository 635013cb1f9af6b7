// A grid and random trials of the same number, on the same recorded errors.

import { draws, explore, remembered, select, slider, svg } from "./shared.js";
import {
  dots,
  dotsAt,
  drawFound,
  drawSurface,
  foundPanel,
  lookUp,
  reached,
  surfacePanel,
  surfacesOf,
} from "./surfaces.js";

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

/** The trials, and beside the axes the values that they try. */
function marksOf(plot, points) {
  const { area } = plot;
  const beside = points.flatMap(([x, y]) => [
    [plot.x(x), area.bottom + 6],
    [area.left - 6, plot.y(y)],
  ]);
  return [...dots(plot, points), svg("path", { class: "projection", d: dotsAt(beside) })];
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
  const redraw = (state) => {
    const surface = surfaces[state.surface];
    const points = designs(state.trials_per_axis, state.seed);
    const overSeeds = foundOn({ surface: state.surface, n: state.trials_per_axis });
    drawSurface(panels[0], "grid", surface, marksOf(panels[0], points.grid));
    drawSurface(panels[1], "random", surface, marksOf(panels[1], points.random));
    drawFound(panels[2], surface, [
      ["grid", overSeeds.grid, "bar"],
      ["random", overSeeds.random, "bar other"],
    ]);
    return inWords(surface, state, points, overSeeds);
  };
  return explore({ model, el, panels, legend, knobs, redraw });
}

export default { render };
