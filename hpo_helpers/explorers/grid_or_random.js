// A grid and random trials of the same number, on the same recorded errors.

/** The points of either design in the unit square, from a seed that also shifts the grid. */
function designs(n, seed) {
  const next = generator(seed);
  const lines = [next(), next()].map((shift) => Array.from({ length: n }, (_, place) => (place + shift) / n));
  const grid = lines[0].flatMap((x) => lines[1].map((y) => [x, y]));
  const random = Array.from({ length: n * n }, () => [next(), next()]);
  return { grid, random };
}

function bestOf(surface, points) {
  return Math.min(...points.map((point) => errorAt(surface, point)));
}

/** The best errors of either design, over all seeds. */
function findOverSeeds(surface, n) {
  const searches = Array.from({ length: SEARCHES }, (_, seed) => designs(n, seed));
  return {
    grid: searches.map(({ grid }) => bestOf(surface, grid)),
    random: searches.map(({ random }) => bestOf(surface, random)),
  };
}

function inWords(surface, { trials_per_axis: n }, { grid, random }, found) {
  const success = (errors) => `${Math.round(100 * reached(errors, surface.good))} %`;
  return `The grid tries ${n} values of each axis, and its best error is ${bestOf(surface, grid).toFixed(2)}. `
    + `${n * n} random trials try ${n * n} values of each, and theirs is ${bestOf(surface, random).toFixed(2)}. `
    + `Of ${SEARCHES} searches, ${success(found.grid)} reach an error of ${surface.good} with the grid, `
    + `${success(found.random)} at random.`;
}

/** The trials, and beside the axes the values that they try. */
function marksOf(plot, points) {
  const { area } = plot;
  const beside = points.flatMap(([x, y]) => [[plot.x(x), area.bottom + 6], [area.left - 6, plot.y(y)]]);
  return [...dots(plot, points), svg("path", { class: "projection", d: dotsAt(beside) })];
}

function render({ model, el }) {
  const surfaces = surfacesOf(model);
  const panels = [
    surfacePanel("Trials of a grid on the recorded errors, with the values that they try along either axis"),
    surfacePanel("As many random trials on the same errors, with the values that they try along either axis"),
    foundPanel(`Histograms of the best errors of ${SEARCHES} grids and of ${SEARCHES} random searches`)];
  const overSeeds = remembered(({ surface, n }) => findOverSeeds(surfaces[surface], n));
  const knobs = (set) => [
    slider({ label: "trials along an axis", min: 2, max: 8, read: (state) => state.trials_per_axis,
      change: (n) => set({ trials_per_axis: n }) }),
    select({ label: "recorded errors", options: Object.keys(surfaces), read: (state) => state.surface,
      change: (surface) => set({ surface }) })];
  const legend = [["on-surface", "trial"], ["projection", "value that the design tries"], ["bar", "found by grids"],
    ["bar other", "found at random"], ["middle", "median"],
    ["low", "low error"], ["high", "high error"]];
  const redraw = (state) => {
    const surface = surfaces[state.surface];
    const points = designs(state.trials_per_axis, state.seed);
    const found = overSeeds({ surface: state.surface, n: state.trials_per_axis });
    drawSurface(panels[0], "grid", surface, marksOf(panels[0], points.grid));
    drawSurface(panels[1], "random", surface, marksOf(panels[1], points.random));
    drawFound(panels[2], surface, [["grid", found.grid, "bar"], ["random", found.random, "bar other"]]);
    return inWords(surface, state, points, found);
  };
  return explore({ model, el, settings: ["trials_per_axis", "surface", "seed"], panels, legend, knobs, redraw });
}

export { surfacesOf, designs, findOverSeeds };
export default { render };
