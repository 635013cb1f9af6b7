// A game: five learning rates picked by hand, and what the searchers make of five.

const PICKS = 5;
const SEARCHERS = ["random search", "Sobol search", "Bayesian search"];
const MARKS = ["triangle", "square", "diamond"];
const PLACES = ["first", "second", "third", "last"];

/** What is hidden in each game, and the rows that the searchers try in it: by searcher, seed, pick. */
function gamesOf(model) {
  const wrong = bytesOf(model, "wrong", Uint16Array), tried = bytesOf(model, "tried", Uint8Array);
  const { about, sizes, blocks } = traits(model, ["about", "sizes", "blocks"]);
  const movesIn = (block) => Array.from({ length: SEARCHES }, (_, seed) => {
    const first = (block * SEARCHES + seed) * PICKS;
    return tried.subarray(first, first + PICKS);
  });
  let end = 0;
  return sizes.map(([rates, images], game) => {
    end += rates;
    return { about: about[game], images, wrong: wrong.subarray(end - rates, end), moves: blocks[game].map(movesIn) };
  });
}

const gameOf = (games, seed) => games[seed % games.length];

/** Which recorded rate answers for this one: the nearest on the logarithmic axis. */
function rowOf({ wrong }, rate) {
  const last = wrong.length - 1;
  return Math.min(last, Math.max(0, Math.floor(((Math.log10(rate) + 6) / 6) * last + 0.5)));
}

/** What the picks were answered, and which is the incumbent. */
function answered(game, picks) {
  const wrong = picks.map((rate) => game.wrong[rowOf(game, rate)]);
  return { wrong, incumbent: wrong.indexOf(Math.min(...wrong)) };
}

/** How the reader stands among the searchers after the last pick. */
function standingOf(game, picks) {
  const best = Math.min(...answered(game, picks).wrong);
  const searchers = game.moves.map((seeds) => {
    const found = seeds.map((rows) => Math.min(...Array.from(rows, (row) => game.wrong[row])));
    const order = found.map((_, seed) => seed).sort((a, b) => found[a] - found[b] || a - b);
    return { found, median: median(found), typical: order[(SEARCHES - 1) >> 1],
      beaten: found.filter((each) => each > best).length, level: found.filter((each) => each === best).length };
  });
  return { best, searchers, place: 1 + searchers.filter((each) => each.median < best).length };
}

function inWords(game, { picks, seed }, standing) {
  const say = (wrong) => (wrong / game.images).toFixed(3);
  if (picks.length === 0) {
    return `Game ${seed + 1}. A training is recorded at learning rates from 1e-6 to 1, and its validation errors are `
      + "hidden. You have five picks to find a low one.";
  }
  const { wrong, incumbent } = answered(game, picks);
  const best = `${say(wrong[incumbent])}, at ${sayRate(picks[incumbent])}`;
  if (picks.length < PICKS) {
    const last = picks.length - 1;
    return `Pick ${picks.length} of ${PICKS}: an error of ${say(wrong[last])} at ${sayRate(picks[last])}. `
      + (incumbent === last ? "It is your incumbent. " : `Your incumbent stays ${best}. `)
      + `Move the slider for pick ${picks.length + 1}.`;
  }
  const { best: own, searchers, place } = standing;
  const share = (count) => `${Math.round((100 * count) / SEARCHES)} %`;
  const ranked = searchers.map(({ median: middle, beaten, level }, i) => [middle, `${SEARCHERS[i]} ${say(middle)}, you beat `
    + `${share(beaten)}${level ? `, tie ${share(level)}` : ""}`]);
  // At the same error the reader is named first.
  const order = [[own, `you ${say(own)}`], ...ranked].sort(([a], [b]) => a - b);
  const lowest = game.wrong.indexOf(Math.min(...game.wrong));
  return `Your best error: ${best}. By the median of ${SEARCHES} seeds you come ${PLACES[place - 1]} of four:\n`
    + `${order.map(([, text]) => text).join(";\n")}.\nHidden: ${game.about}. Its lowest error: `
    + `${say(game.wrong[lowest])}, at ${sayRate(10 ** ((6 * lowest) / (game.wrong.length - 1) - 6))}.`;
}

const RATES = [-6, -5, -4, -3, -2, -1, 0].map((e) => [e, e < -3 ? `1e${e}` : String(10 ** e)]);
const ERRORS = [0.1, 0.2, 0.5, 1].map((error) => [Math.log(error), String(error)]);

function drawGame(plot, game, { picks, learning_rate: rate }, standing) {
  const { x, y, area, element } = plot;
  const at = (row) => x((6 * row) / (game.wrong.length - 1) - 6);
  const high = (wrong) => y(Math.log(wrong / game.images));
  const { wrong, incumbent } = answered(game, picks);
  const own = picks.map((pick, i) => ({ left: x(Math.log10(pick)), top: high(wrong[i]) }));
  // The number of a pick stands above it, and above the number of a neighbour.
  const numbers = [];
  for (const { left, top } of own) {
    let up = top - 15;
    while (numbers.some((other) => Math.abs(other.left - left) < 22 && Math.abs(other.up - up) < 22)) up -= 11;
    numbers.push({ left, up });
  }
  const marks = [];
  if (standing) {
    const line = Array.from(game.wrong, (each, row) => `${at(row).toFixed(1)},${high(each).toFixed(1)}`);
    marks.push(svg("polyline", { class: "response", points: line.join(" ") }));
    standing.searchers.forEach(({ typical }, i) => {
      const rows = Array.from(game.moves[i][typical], (row) => [at(row), high(game.wrong[row])]);
      marks.push(svg("path", { class: MARKS[i], d: shapesAt(MARKS[i], rows) }));
    });
  } else {
    const here = x(Math.log10(rate));
    marks.push(svg("line", { class: "next", x1: here, x2: here, y1: area.top, y2: area.bottom }));
  }
  element.replaceChildren(
    ...axes(plot, { xTicks: RATES, yTicks: ERRORS, xLabel: "learning rate", away: 4 }),
    svg("text", { class: "title", x: area.left, y: 22 }, "validation error"),
    ...marks,
    ...own.map(({ left, top }) => svg("circle", { class: "trial", cx: left, cy: top, r: 7 })),
    ...own.filter((_, i) => i === incumbent).map(({ left, top }) => svg("circle", { class: "incumbent", cx: left, cy: top, r: 11 })),
    ...numbers.map(({ left, up }, i) => svg("text", { class: "number", x: left, y: up, "text-anchor": "middle" }, String(i + 1))),
  );
}

/** Best errors of all seeds, a row of dots for each searcher, with its median and the reader's best. */
function drawStanding(plot, game, standing) {
  const { area, element } = plot;
  const middle = (area.left + area.right) / 2, row = (area.bottom - area.top) / SEARCHERS.length;
  const names = SEARCHERS.map((name, i) =>
    svg("text", { x: area.left - 12, y: area.top + (i + 0.5) * row + 6, "text-anchor": "end" }, name.replace(" search", "")));
  const label = svg("text", { x: middle, y: plot.height - 5, "text-anchor": "middle" }, "best error, a dot for each seed");
  if (!standing) {
    element.replaceChildren(...names, label,
      svg("rect", { class: "idle", x: area.left, y: area.top, width: area.right - area.left, height: area.bottom - area.top }),
      svg("text", { x: middle, y: (area.top + area.bottom) / 2 + 6, "text-anchor": "middle" }, "waits for your fifth pick"));
    return;
  }
  const { best, searchers } = standing;
  const all = [best, ...searchers.flatMap(({ found }) => found)];
  const x = linear([Math.log(Math.min(...all)), Math.log(Math.max(...all))], [area.left + 8, area.right - 8]);
  const at = (wrong) => x(Math.log(wrong)).toFixed(1);
  const ticks = [];
  for (const error of [0.15, 0.16, 0.18, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
    const left = x(Math.log(error * game.images));
    if (left > area.left && left < area.right && left - (ticks.at(-1)?.left ?? 0) > 90) ticks.push({ left, error });
  }
  // Spread over the height of a row by the golden section, so that equal ones do not hide each other.
  const down = (i, seed) => (area.top + (i + 0.14 + 0.72 * ((seed * 0.6180339887) % 1)) * row).toFixed(1);
  element.replaceChildren(
    ...axes({ ...plot, x: (left) => left }, { xTicks: ticks.map(({ left, error }) => [left, String(error)]), yTicks: [],
      xLabel: "", grid: false }),
    ...names, label,
    ...ticks.map(({ left }) => svg("line", { class: "grid", x1: left, x2: left, y1: area.top, y2: area.bottom })),
    ...searchers.flatMap(({ found, median: half }, i) => [
      svg("path", { class: `dots ${MARKS[i]}`, d: found.map((each, seed) => `M${at(each)} ${down(i, seed)}h0`).join("") }),
      svg("line", { class: "middle", x1: at(half), x2: at(half), y1: area.top + (i + 0.06) * row, y2: area.top + (i + 0.94) * row })]),
    svg("line", { class: "own", x1: at(best), x2: at(best), y1: area.top, y2: area.bottom }),
  );
}

function render({ model, el }) {
  const games = gamesOf(model);
  const panels = [
    panel({ width: 640, height: 360, x: [-6, 0], y: [Math.log(0.088), Math.log(1.1)], left: 62, right: 18, top: 38, bottom: 64, class: "full game",
      label: "Validation error against learning rate: your picks, and after the fifth the recorded response with the picks of the searchers" }),
    panel({ width: 640, height: 240, x: [0, 1], y: [0, 1], left: 130, right: 18, bottom: 58, class: "full",
      label: "The best errors that the searchers find with five picks, over 200 seeds, beside yours" })];
  const exponent = (rate) => Math.round(Math.log10(rate) * 20) / 20;
  const first = model.get("learning_rate");
  const ready = ({ picks, learning_rate: rate }) => picks.length < PICKS && !picks.includes(rate);
  const knobs = (set) => {
    const pick = () => {
      const state = traits(model, ["picks", "learning_rate"]);
      if (ready(state)) set({ picks: [...state.picks, state.learning_rate] });
    };
    // A click brings the slider there; only the button spends a pick.
    panels[0].element.addEventListener("click", ({ clientX }) => {
      const { left, width } = panels[0].element.getBoundingClientRect();
      const { area } = panels[0];
      const share = (((clientX - left) / width) * panels[0].width - area.left) / (area.right - area.left);
      set({ learning_rate: 10 ** (Math.round((Math.min(1, Math.max(0, share)) * 6 - 6) * 20) / 20) });
    });
    return [
      slider({ label: "learning rate", min: -6, max: 0, step: 0.05, read: (state) => exponent(state.learning_rate),
        say: (e) => sayRate(10 ** e), change: (e) => set({ learning_rate: 10 ** e }), enter: pick }),
      button({ label: "Try this rate", press: pick, ready })];
  };
  const buttons = (set) => [button({ label: "New game",
    press: () => set({ seed: model.get("seed") + 1, picks: [], learning_rate: first }) })];
  const legend = [["trial", "your pick"], ["incumbent", "your incumbent"], ["own", "your best"],
    ...SEARCHERS.map((name, i) => [MARKS[i], name]), ["middle", "median of its seeds"], ["response", "what was hidden"]];
  const standingAt = remembered(({ seed, picks }) => (picks.length < PICKS ? null : standingOf(gameOf(games, seed), picks)));
  // The slider alone changes nothing in the lower picture and in the words.
  const told = remembered((position) => {
    const game = gameOf(games, position.seed);
    drawStanding(panels[1], game, standingAt(position));
    return inWords(game, position, standingAt(position));
  });
  const redraw = (state) => {
    const position = { seed: state.seed, picks: state.picks };
    drawGame(panels[0], gameOf(games, state.seed), state, standingAt(position));
    return told(position);
  };
  return explore({ model, el, settings: ["picks", "learning_rate", "seed"], panels, legend, knobs, redraw, buttons });
}

export { gamesOf, gameOf, answered, standingOf };
export default { render };
