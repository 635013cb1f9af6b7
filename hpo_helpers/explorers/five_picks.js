// A game: five learning rates picked by hand, and what the searchers make of five.

import { belief } from "./gaussian_process.js";
import {
  axes,
  back,
  button,
  bytesOf,
  drawnWithoutRepetition,
  draws,
  explore,
  linear,
  logTicks,
  median,
  methodMarks,
  panel,
  powers,
  remembered,
  sayRate,
  set,
  settings,
  slider,
  svg,
  traits,
} from "./shared.js";
import { createTraining, isHere } from "./training.js";

// Rates at which the response of a game is trained in the page, as many as most are recorded at.
const RATES_HERE = 121;
// What the Bayesian search believes in the page: the chapter on it begins with the same.
const BELIEF = { length_scale: 0.15, noise: 0.05, exploration: 0 },
  FIRST = 2;
// Below it an error of few held-out images says nothing.
const LEAST = 0.02;

const KINDS = ["random", "sobol", "bayesian"];
const PLACES = ["first", "second", "third", "last"];

/** What the games hide, in the order in which they come, with what the searchers try in each. */
export function hidden(model) {
  const wrong = bytesOf(model, "wrong", Uint16Array),
    tried = bytesOf(model, "tried", Uint8Array);
  const { about, sizes, blocks, searches } = traits(model, [
    "about",
    "sizes",
    "blocks",
    "searches",
  ]);
  const {
    picks: { length: picks },
    learning_rate: { min, max },
  } = model.get("limits");
  const exponents = [Math.log10(min), Math.log10(max)];
  const movesIn = (block) =>
    Array.from({ length: searches }, (_, seed) => {
      const first = (block * searches + seed) * picks;
      return tried.subarray(first, first + picks);
    });
  let end = 0;
  return sizes.map(([rates, images], game) => {
    end += rates;
    return {
      about: about[game],
      images,
      wrong: wrong.subarray(end - rates, end),
      moves: blocks[game].map(movesIn),
      placeOf: linear(exponents, [0, rates - 1]),
      exponentAt: linear([0, rates - 1], exponents),
    };
  });
}

/** The problem of a game that nobody has recorded, as a request of the trainer, and in words. */
export function problemHere(seed) {
  const next = draws(seed);
  const oneOf = (options) => options[Math.floor(next() * options.length)];
  const count = oneOf([4, 5, 6, 8, 10]);
  const classes = drawnWithoutRepetition(next, 10, count).sort((a, b) => a - b);
  const [width, images, noise] = [oneOf([14, 28]), oneOf([300, 800, 2000]), oneOf([0, 0.1, 0.3])];
  const [hidden, batch_size, epochs] = [oneOf([[], [16]]), oneOf([8, 32]), oneOf([1, 2, 4])];
  const about =
    `${hidden.length ? `networks with a hidden layer of ${hidden[0]} units` : "softmax regression"} ` +
    `on at most ${images} images of ${width} × ${width} pixels, ${count} classes, ` +
    `${noise ? `${100 * noise} % of the labels drawn anew` : "no label wrong"}, in batches of ` +
    `${batch_size}, after ${epochs} epoch${epochs === 1 ? "" : "s"}`;
  return { about, request: { classes, width, images, noise, hidden, batch_size, epochs, seed } };
}

/** The places that the Bayesian search of a seed tries. */
function triedByBelief(logs, seed, picks) {
  const next = draws(seed);
  const place = () => Math.min(logs.length - 1, Math.floor(next() * logs.length));
  const tried = Array.from({ length: FIRST }, place);
  while (tried.length < picks) tried.push(belief(logs, tried, BELIEF).next);
  return tried;
}

/** A game on what was trained here; random and Sobol search try what they try in any game. */
export function gameHere(about, curves, recorded) {
  const wrong = curves.map((curve) => Math.max(LEAST, curve.at(-1)));
  const logs = wrong.map(Math.log);
  const [random, sobol] = recorded.moves;
  const chosen = random.map((tried, seed) => triedByBelief(logs, seed, tried.length));
  return { ...recorded, about, wrong, images: 1, moves: [random, sobol, chosen], isHere: true };
}

/** What is hidden in the game of a seed. */
export function response(games, seed) {
  return games[seed % games.length];
}

/** Which recorded rate answers for this one: the nearest in the logarithm. */
export function row({ wrong, placeOf }, rate) {
  return Math.min(wrong.length - 1, Math.max(0, Math.floor(placeOf(Math.log10(rate)) + 0.5)));
}

/** The validation error at each pick. */
export function errors(game, picks) {
  return picks.map((rate) => game.wrong[row(game, rate)] / game.images);
}

/** How many images the searchers' incumbents get wrong, by searcher and seed. */
export function found({ wrong, moves }) {
  const least = (tried) => Math.min(...Array.from(tried, (each) => wrong[each]));
  return moves.map((seeds) => seeds.map(least));
}

/** The seed of each searcher that ends in the middle of all. */
export function typical(game) {
  return found(game).map((ends) => {
    const order = ends.map((_, seed) => seed).sort((a, b) => ends[a] - ends[b] || a - b);
    return order[(ends.length - 1) >> 1];
  });
}

/** How the game has ended for the reader, among the searchers. */
export function standing(game, picks) {
  const best = Math.min(...picks.map((rate) => game.wrong[row(game, rate)]));
  const ends = found(game);
  const count = (matches) => ends.map((each) => each.filter(matches).length);
  const medians = ends.map(median);
  return {
    best,
    medians,
    beaten: count((wrong) => wrong > best),
    level: count((wrong) => wrong === best),
    place: 1 + medians.filter((middle) => middle < best).length,
  };
}

const leastOf = (values) => values.indexOf(Math.min(...values));

function inWords(game, { picks, seed }, { all, searchers }, ended) {
  const say = (wrong) => (wrong / game.images).toFixed(3);
  if (picks.length === 0) {
    return (
      `Game ${seed + 1}. A training ${game.isHere ? "has run here" : "is recorded"} at learning rates ` +
      `from 1e-6 to 1, and its validation errors are ` +
      "hidden. You have five picks to find a low one."
    );
  }
  const answers = errors(game, picks),
    incumbent = leastOf(answers);
  const best = `${answers[incumbent].toFixed(3)}, at ${sayRate(picks[incumbent])}`;
  if (picks.length < all) {
    const last = picks.length - 1;
    return (
      `Pick ${picks.length} of ${all}: an error of ${answers[last].toFixed(3)} at ` +
      `${sayRate(picks[last])}. ` +
      (incumbent === last ? "It is your incumbent. " : `Your incumbent stays ${best}. `) +
      `Move the slider for pick ${picks.length + 1}.`
    );
  }
  const { best: own, medians, beaten, level, place } = ended;
  const searches = game.moves[0].length;
  const share = (count) => `${Math.round((100 * count) / searches)} %`;
  const ranked = searchers.map((name, i) => [
    medians[i],
    `${name} ${say(medians[i])}, you beat ` +
      `${share(beaten[i])}${level[i] ? `, tie ${share(level[i])}` : ""}`,
  ]);
  // At the same error the reader is named first.
  const order = [[own, `you ${say(own)}`], ...ranked].sort(([a], [b]) => a - b);
  const lowest = leastOf(Array.from(game.wrong));
  return (
    `Your best error: ${best}. By the median of ${searches} seeds you come ${PLACES[place - 1]} ` +
    `of four:\n` +
    `${order.map(([, text]) => text).join(";\n")}.\nHidden: ${game.about}. Its lowest error: ` +
    `${say(game.wrong[lowest])}, at ${sayRate(10 ** game.exponentAt(lowest))}.`
  );
}

function inWordsBefore(seed) {
  return (
    `Game ${seed + 1}, which nobody has recorded: a drawn number of classes, images, pixels and ` +
    `wrong labels. Press Train a game, and ${RATES_HERE} networks learn it in your browser, at ` +
    "learning rates from 1e-6 to 1. Their errors stay hidden, and you have five picks."
  );
}

const RATES = powers(-6, 0);
const ERRORS = logTicks([0.1, 0.2, 0.5, 1]),
  ERRORS_HERE = logTicks([0.02, 0.05, 0.1, 0.2, 0.5, 1]);

function drawGame(plot, game, { picks, learning_rate: rate }, ended) {
  const { x, area, element } = plot;
  const y = game.isHere
    ? linear([Math.log(LEAST * 0.9), Math.log(1.1)], [area.bottom, area.top])
    : plot.y;
  const at = (place) => x(game.exponentAt(place));
  const high = (wrong) => y(Math.log(wrong / game.images));
  const answers = errors(game, picks),
    incumbent = leastOf(answers);
  const own = picks.map((pick, i) => ({ left: x(Math.log10(pick)), top: y(Math.log(answers[i])) }));
  // The number of a pick stands above it, and above the number of a neighbour.
  const numbers = [];
  for (const { left, top } of own) {
    let up = top - 15;
    while (
      numbers.some((other) => Math.abs(other.left - left) < 22 && Math.abs(other.up - up) < 22)
    )
      up -= 11;
    numbers.push({ left, up });
  }
  const marks = [];
  if (ended) {
    const line = Array.from(
      game.wrong,
      (each, place) => `${at(place).toFixed(1)},${high(each).toFixed(1)}`,
    );
    marks.push(svg("polyline", { class: "response", points: line.join(" ") }));
    typical(game).forEach((seed, i) => {
      const tried = Array.from(game.moves[i][seed], (place) => [
        at(place),
        high(game.wrong[place]),
      ]);
      marks.push(methodMarks(KINDS[i], tried));
    });
  } else {
    const here = x(Math.log10(rate));
    marks.push(svg("line", { class: "next", x1: here, x2: here, y1: area.top, y2: area.bottom }));
  }
  element.replaceChildren(
    ...axes(
      { ...plot, y },
      {
        xTicks: RATES,
        yTicks: game.isHere ? ERRORS_HERE : ERRORS,
        xLabel: "learning rate",
        away: 4,
      },
    ),
    svg("text", { class: "title", x: area.left, y: 22 }, "validation error"),
    ...marks,
    ...own.map(({ left, top }) => svg("circle", { class: "trial pick", cx: left, cy: top, r: 7 })),
    ...own
      .filter((_, i) => i === incumbent)
      .map(({ left, top }) => svg("circle", { class: "incumbent", cx: left, cy: top, r: 11 })),
    ...numbers.map(({ left, up }, i) =>
      svg("text", { class: "number", x: left, y: up, "text-anchor": "middle" }, String(i + 1)),
    ),
  );
}

/** Best errors of all seeds: a row of dots a searcher, its median, and the reader's best. */
function drawStanding(plot, game, searchers, ended) {
  const { area, element } = plot;
  const middle = (area.left + area.right) / 2,
    row = (area.bottom - area.top) / searchers.length;
  const names = searchers.map((name, i) =>
    svg(
      "text",
      { x: area.left - 12, y: area.top + (i + 0.5) * row + 6, "text-anchor": "end" },
      name.replace(" search", ""),
    ),
  );
  const label = svg(
    "text",
    { x: middle, y: plot.height - 5, "text-anchor": "middle" },
    "best error, a dot for each seed",
  );
  if (!ended) {
    element.replaceChildren(
      ...names,
      label,
      svg("rect", {
        class: "idle",
        x: area.left,
        y: area.top,
        width: area.right - area.left,
        height: area.bottom - area.top,
      }),
      svg(
        "text",
        { x: middle, y: (area.top + area.bottom) / 2 + 6, "text-anchor": "middle" },
        "waits for your fifth pick",
      ),
    );
    return;
  }
  const { best, medians } = ended,
    ends = found(game);
  const all = [best, ...ends.flat()];
  const x = linear(
    [Math.log(Math.min(...all)), Math.log(Math.max(...all))],
    [area.left + 8, area.right - 8],
  );
  const at = (wrong) => x(Math.log(wrong)).toFixed(1);
  const ticks = [];
  for (const error of [
    0.02, 0.03, 0.05, 0.07, 0.1, 0.12, 0.15, 0.16, 0.18, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8,
    0.9,
  ]) {
    const left = x(Math.log(error * game.images));
    if (left > area.left && left < area.right && left - (ticks.at(-1)?.left ?? 0) > 90)
      ticks.push({ left, error });
  }
  // Spread over the height of a row by the golden section: equal ones do not hide each other.
  const down = (i, seed) =>
    (area.top + (i + 0.14 + 0.72 * ((seed * 0.6180339887) % 1)) * row).toFixed(1);
  element.replaceChildren(
    ...axes(
      { ...plot, x: (left) => left },
      {
        xTicks: ticks.map(({ left, error }) => [left, String(error)]),
        yTicks: [],
        xLabel: "",
        grid: false,
      },
    ),
    ...names,
    label,
    ...ticks.map(({ left }) =>
      svg("line", { class: "grid", x1: left, x2: left, y1: area.top, y2: area.bottom }),
    ),
    ...ends.flatMap((each, i) => [
      svg("path", {
        class: `dots ${KINDS[i]}`,
        d: each.map((wrong, seed) => `M${at(wrong)} ${down(i, seed)}h0`).join(""),
      }),
      svg("line", {
        class: "middle",
        x1: at(medians[i]),
        x2: at(medians[i]),
        y1: area.top + (i + 0.06) * row,
        y2: area.top + (i + 0.94) * row,
      }),
    ]),
    svg("line", { class: "own", x1: at(best), x2: at(best), y1: area.top, y2: area.bottom }),
  );
}

function render({ model, el }) {
  const games = hidden(model);
  const { searchers, searches } = traits(model, ["searchers", "searches"]);
  const all = model.get("limits").picks.length;
  const panels = [
    panel({
      width: 640,
      height: 360,
      x: [-6, 0],
      y: [Math.log(0.088), Math.log(1.1)],
      left: 62,
      right: 18,
      top: 38,
      bottom: 64,
      class: "full game",
      phone: { height: 215, top: 30, bottom: 46 },
      label:
        "Validation error against learning rate: your picks, and after the fifth the recorded " +
        "response with the picks of the searchers",
    }),
    panel({
      width: 640,
      height: 240,
      x: [0, 1],
      y: [0, 1],
      left: 130,
      right: 18,
      bottom: 58,
      class: "full",
      phone: { left: 100, height: 210 },
      label:
        `The best errors that the searchers find with five picks, over ${searches} ` +
        `seeds, beside yours`,
    }),
  ];
  const first = settings(model);
  const here = new Map();
  // Null while it has still to be trained.
  const gameOf = (state) =>
    isHere(state) ? (here.get(state.seed) ?? null) : response(games, state.seed);
  const ready = (state) =>
    gameOf(state) && state.picks.length < all && !state.picks.includes(state.learning_rate);
  const pick = () => {
    const state = settings(model);
    if (ready(state)) set(model, { picks: [...state.picks, state.learning_rate] });
  };
  const newGame = () =>
    set(model, {
      seed: model.get("seed") + 1,
      picks: [],
      learning_rate: first.learning_rate,
    });
  const training = createTraining(model, {
    label: "Train a game",
    isSecret: true,
    keyOf: ({ seed }) => seed,
    drawOthers: newGame,
    requestOf({ seed }, { length: trained }) {
      const { exponentAt } = games[0];
      const networks = Array.from({ length: RATES_HERE }, (_, place) => ({
        learning_rate: 10 ** exponentAt(place),
      }));
      return trained ? null : { ...problemHere(seed).request, networks };
    },
  });
  const rate = slider(model, "learning_rate", {
    label: "learning rate",
    log: true,
    step: 0.05,
    say: sayRate,
    enter: pick,
  });
  // A click brings the slider there; only the button spends a pick.
  panels[0].element.addEventListener("click", ({ clientX }) => {
    const { left, width } = panels[0].element.getBoundingClientRect();
    const { area } = panels[0];
    const share =
      (((clientX - left) / width) * panels[0].width - area.left) / (area.right - area.left);
    rate.moveTo(share);
  });
  const knobs = [rate, button({ label: "Try this rate", press: pick, ready })];
  const buttons = [
    button({
      label: "New game",
      press: newGame,
    }),
    back(model),
  ];
  const legend = [
    ["line", "next", "where the slider stands"],
    ["circle", "trial pick", "your pick"],
    ["circle", "incumbent", "your incumbent"],
    ["line", "own", "your best"],
    ...searchers.map((name, i) => ["method", KINDS[i], name]),
    ["line", "middle", "median of its seeds"],
    ["line", "response", "what was hidden"],
  ];
  const endAt = remembered((position) =>
    position.picks.length < all ? null : standing(gameOf(position), position.picks),
  );
  // The slider alone changes nothing in the lower picture and in the words.
  const told = remembered((position) => {
    const game = gameOf(position);
    drawStanding(panels[1], game, searchers, endAt(position));
    return inWords(game, position, { all, searchers }, endAt(position));
  });
  const redraw = (state) => {
    const trained = training.of(state);
    if (trained?.isDone && !here.has(state.seed))
      here.set(state.seed, gameHere(problemHere(state.seed).about, trained.curves, games[0]));
    if (!gameOf(state)) {
      drawGame(panels[0], { ...games[0], isHere: true }, { ...state, picks: [] }, null);
      drawStanding(panels[1], null, searchers, null);
      return inWordsBefore(state.seed);
    }
    const position = { seed: state.seed, picks: state.picks, source: state.source };
    drawGame(panels[0], gameOf(state), state, endAt(position));
    return told(position);
  };
  return explore({ model, el, panels, legend, knobs, redraw, buttons, training });
}

export default { render };
