// Rounds of trials in ever smaller boxes around the best so far, and as many random trials.

/** The trials of a search in rounds, with their errors, and the box of each round. */
function searchInRounds(surface, { rounds, trials, shrink }, seed) {
  const next = generator(seed);
  const found = [], boxes = [];
  let low = [0, 0], side = 1, best = null;
  for (let round = 0; round < rounds; round += 1) {
    boxes.push({ low, side });
    for (let i = 0; i < trials; i += 1) {
      const point = [low[0] + side * next(), low[1] + side * next()];
      const trial = { point, error: errorAt(surface, point), round };
      found.push(trial);
      if (best === null || trial.error < best.error) best = trial;
    }
    side *= shrink;
    low = best.point.map((middle) => Math.min(1 - side, Math.max(0, middle - side / 2)));
  }
  return { trials: found, boxes, best };
}

/** As many random trials, from the same numbers: one round in the whole square. */
function searchAtRandom(surface, { rounds, trials }, seed) {
  return searchInRounds(surface, { rounds: 1, trials: rounds * trials, shrink: 1 }, seed);
}

/** The best errors of either search, over all seeds. */
function findOverSeeds(surface, sizes) {
  const over = (search) => Array.from({ length: SEARCHES }, (_, seed) => search(surface, sizes, seed).best.error);
  return { fine: over(searchInRounds), random: over(searchAtRandom) };
}

function inWords({ rounds, trials }, fine, random, found) {
  const share = (count) => `${Math.round((100 * count) / SEARCHES)} %`;
  const better = found.fine.filter((error, i) => error < found.random[i] - 1e-9).length;
  const worse = found.fine.filter((error, i) => error > found.random[i] + 1e-9).length;
  const unlucky = (errors) => quantile(errors, 0.9).toFixed(3);
  return `${rounds * trials} trials. Coarse to fine: best error ${fine.best.error.toFixed(3)}; `
    + `at random: ${random.best.error.toFixed(3)}. Of ${SEARCHES} searches, coarse to fine is better in `
    + `${share(better)}, worse in ${share(worse)}, equal in the rest. One search in ten ends at `
    + `${unlucky(found.fine)} or above, one random search in ten at ${unlucky(found.random)} or above.`;
}

function marksOf(plot, { trials, boxes, best }) {
  return [
    ...boxes.map(({ low: [left, bottom], side }, round) => svg("rect", { class: `box round-${round}`,
      x: plot.x(left), y: plot.y(bottom + side), width: plot.x(side) - plot.x(0), height: plot.y(0) - plot.y(side) })),
    ...boxes.flatMap((_, round) =>
      dots(plot, trials.filter((trial) => trial.round === round).map(({ point }) => point), `round-${round}`)),
    svg("circle", { class: "incumbent", cx: plot.x(best.point[0]), cy: plot.y(best.point[1]), r: 8 })];
}

function render({ model, el }) {
  const surfaces = surfacesOf(model);
  const panels = [
    surfacePanel("The boxes and the trials of a search from coarse to fine, on the recorded errors"),
    surfacePanel("As many random trials on the same errors"),
    foundPanel(`Histograms of the best errors of ${SEARCHES} searches of either kind`)];
  const overSeeds = remembered(({ surface, ...sizes }) => findOverSeeds(surfaces[surface], sizes));
  const knobs = (set) => [
    slider({ label: "rounds", min: 1, max: 6, read: (state) => state.rounds, change: (rounds) => set({ rounds }) }),
    slider({ label: "trials a round", min: 2, max: 20, read: (state) => state.trials,
      change: (trials) => set({ trials }) }),
    slider({ label: "side of the next box", min: 0.1, max: 1, step: 0.05, read: (state) => state.shrink,
      say: (shrink) => `× ${shrink.toFixed(2)}`, change: (shrink) => set({ shrink }) }),
    select({ label: "recorded errors", options: Object.keys(surfaces), read: (state) => state.surface,
      change: (surface) => set({ surface }) })];
  const legend = [["box round-0", "round 0: all"], ["box round-1", "round 1"], ["box round-2", "round 2"],
    ["box round-3", "round 3"], ["on-surface", "trial"], ["incumbent", "incumbent"], ["middle", "median"],
    ["low", "low error"], ["high", "high error"]];
  const redraw = (state) => {
    const surface = surfaces[state.surface];
    const fine = searchInRounds(surface, state, state.seed);
    const random = searchAtRandom(surface, state, state.seed);
    const { rounds, trials, shrink } = state;
    const found = overSeeds({ surface: state.surface, rounds, trials, shrink });
    drawSurface(panels[0], "coarse to fine", surface, marksOf(panels[0], fine));
    drawSurface(panels[1], "random", surface, marksOf(panels[1], random));
    drawFound(panels[2], surface, [["coarse to fine", found.fine, "bar"], ["random", found.random, "bar other"]]);
    return inWords(state, fine, random, found);
  };
  return explore({ model, el, settings: ["rounds", "trials", "shrink", "surface", "seed"], panels, legend, knobs, redraw });
}

export { surfacesOf, searchInRounds, searchAtRandom, findOverSeeds };
export default { render };
