// The price of time: which trial wins when a multiplication costs something, too.

import {
  axes,
  bytesOf,
  drawnWithoutRepetition,
  draws,
  explore,
  logTicks,
  panel,
  remembered,
  slider,
  svg,
  traits,
} from "./shared.js";

/** What was recorded: four lengths of training a configuration. */
export function recordedOf(model) {
  return {
    ...traits(model, ["lengths", "learned", "weights", "seconds", "about", "images"]),
    wrong: bytesOf(model, "wrong", Uint16Array),
  };
}

/** The trials that a seed draws: images that they get wrong, and billions of multiplications. */
export function drawn({ lengths, learned, weights, wrong }, { trials, seed }) {
  const rows = drawnWithoutRepetition(draws(seed), weights.length * lengths.length, trials);
  const costs = rows.map((row) => {
    const place = Math.floor(row / lengths.length);
    return (3 * weights[place] * learned * lengths[row % lengths.length]) / 1e9;
  });
  return { rows, wrong: rows.map((row) => wrong[row]), costs };
}

/** The places of the trials that no other dominates, the cheapest first. */
export function front({ wrong, costs }) {
  const order = costs
    .map((_, place) => place)
    .sort((a, b) => costs[a] - costs[b] || wrong[a] - wrong[b] || a - b);
  const onFront = [];
  for (const place of order) {
    if (onFront.length === 0 || wrong[place] < wrong[onFront.at(-1)]) onFront.push(place);
  }
  return onFront;
}

/** Those of a front that a straight line touches from below: its lower convex hull. */
export function priced(onFront, { wrong, costs }) {
  const kept = [];
  for (const place of onFront) {
    while (kept.length > 1) {
      const [first, last] = kept.slice(-2);
      const fall = (wrong[last] - wrong[first]) * (costs[place] - costs[first]);
      if (fall < (wrong[place] - wrong[first]) * (costs[last] - costs[first])) break;
      kept.pop();
    }
    kept.push(place);
  }
  return kept;
}

/** The place of the trial with the lowest error and price, or null within no limit. */
export function winner({ images }, { wrong, costs }, { price, limit }) {
  let [best, least] = [null, Number.POSITIVE_INFINITY];
  for (let place = 0; place < costs.length; place += 1) {
    const paid = (100 * wrong[place]) / images + price * costs[place];
    if (costs[place] <= limit && paid < least) [best, least] = [place, paid];
  }
  return best;
}

const two = (value) => String(Number(value.toPrecision(2)));

function inWords(recorded, state, found, onFront, byPrice, won) {
  const ends =
    `Of ${state.trials} trials ${onFront.length} are on the front; ${byPrice.length} of them win at ` +
    "some price, without a limit.";
  if (won === null) return `No trial costs ${two(state.limit)} billion or less. ${ends}`;
  const { lengths, about, seconds, images } = recorded;
  const place = Math.floor(found.rows[won] / lengths.length);
  const epochs = lengths[found.rows[won] % lengths.length];
  const touched = byPrice.includes(won) ? "" : " Without a limit no price finds it.";
  return (
    `At a price of ${two(state.price)} point${two(state.price) === "1" ? "" : "s"} a billion the ` +
    `winner has ${about[place]} and trains ` +
    `${epochs} epoch${epochs === 1 ? "" : "s"}: an error of ` +
    `${(found.wrong[won] / images).toFixed(3)} for ${two(found.costs[won])} billion ` +
    `multiplications, ${two(seconds[place] * epochs)} s where it was recorded.${touched} ${ends}`
  );
}

const COSTS = logTicks([0.1, 0.3, 1, 3, 10]),
  ERRORS = logTicks([0.15, 0.2, 0.3, 0.4, 0.6]);
const LEAST = 0.06,
  MOST = 25,
  LOW = 0.14,
  TOP = 0.62;

/** Points of a line of trials that are worth the same, bent by the axis. */
function alike(paid, price) {
  return Array.from({ length: 121 }, (_, i) => LEAST * (MOST / LEAST) ** (i / 120))
    .map((cost) => [cost, (paid - price * cost) / 100])
    .filter(([, error]) => error >= LOW && error <= TOP);
}

function drawTrials(plot, { images }, { price, limit }, found, onFront, won) {
  const { area, element } = plot;
  const [x, y] = [plot.x, plot.y].map((scale) => (value) => scale(Math.log(value)));
  const at = (place) => [x(found.costs[place]), y(Math.min(TOP, found.wrong[place] / images))];
  const seen = (place) => found.wrong[place] / images <= TOP;
  const circle = (kind, r) => (place) => {
    const [cx, cy] = at(place);
    return svg("circle", { class: kind, cx, cy, r });
  };
  const steps = onFront.flatMap((place, i) => {
    const [left, top] = at(place);
    return i ? [`${left},${at(onFront[i - 1])[1]}`, `${left},${top}`] : [`${left},${top}`];
  });
  const beyond = svg("rect", {
    class: "idle",
    x: x(limit),
    y: area.top,
    width: area.right - x(limit),
    height: area.bottom - area.top,
  });
  const marks = [
    ...found.costs
      .map((_, place) => place)
      .filter(seen)
      .map(circle("trial", 4.5)),
    svg("polyline", { class: "improvement", points: steps.join(" ") }),
    ...onFront.filter(seen).map(circle("good", 6)),
  ];
  if (won !== null) {
    const paid = (100 * found.wrong[won]) / images + price * found.costs[won];
    const points = alike(paid, price).map(([cost, error]) => `${x(cost)},${y(error)}`);
    marks.push(svg("polyline", { class: "steps other", points: points.join(" ") }));
    if (seen(won)) marks.push(circle("incumbent", 10)(won));
  }
  element.replaceChildren(
    ...(limit < MOST ? [beyond] : []),
    ...axes(plot, {
      xTicks: COSTS,
      yTicks: ERRORS,
      xLabel: "billions of multiplications",
      away: 4,
    }),
    svg("text", { class: "title", x: area.left, y: 22 }, "validation error"),
    ...marks,
  );
}

function render({ model, el }) {
  const recorded = recordedOf(model);
  const panels = [
    panel({
      width: 640,
      height: 400,
      x: [Math.log(LEAST), Math.log(MOST)],
      y: [Math.log(LOW), Math.log(TOP)],
      left: 62,
      right: 24,
      top: 38,
      bottom: 64,
      class: "full",
      phone: { height: 330 },
      label:
        "Validation error of the trials against the multiplications of their training, the front " +
        "of those that none dominates, and the line of what is as good as the winner",
    }),
  ];
  const legend = [
    ["circle", "trial", "trial, up to an error of 0.62"],
    ["circle", "good", "on the front"],
    ["line", "improvement", "the front"],
    ["line", "steps other", "as good as the winner, at this price"],
    ["circle", "incumbent", "winner"],
  ];
  const foundWith = remembered(({ trials, seed }) => {
    const found = drawn(recorded, { trials, seed });
    const onFront = front(found);
    return { found, onFront, byPrice: priced(onFront, found) };
  });
  const knobs = [
    slider(model, "price", { log: true, step: 0.05, say: two }),
    slider(model, "limit", {
      log: true,
      step: 0.02,
      say: (value) => (value < MOST ? two(value) : "none"),
    }),
    slider(model, "trials", { step: 10 }),
  ];
  const redraw = (state) => {
    const { found, onFront, byPrice } = foundWith({ trials: state.trials, seed: state.seed });
    const won = winner(recorded, found, state);
    drawTrials(panels[0], recorded, state, found, onFront, won);
    return inWords(recorded, state, found, onFront, byPrice, won);
  };
  return explore({ model, el, panels, legend, knobs, redraw });
}

export default { render };
