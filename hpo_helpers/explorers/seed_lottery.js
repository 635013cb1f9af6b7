// The seed lottery: who wins a comparison, by its seed, by a tally of seeds, and by an interval.

import {
  axes,
  back,
  button,
  bytesOf,
  draws,
  explore,
  logTicks,
  methodMarks,
  panel,
  quantile,
  remembered,
  set,
  slider,
  svg,
  traits,
} from "./shared.js";

const KINDS = ["random", "sobol", "local", "bayesian"];

/** The searches that were run: images wrong at their incumbents, by method, seed and trial. */
export function playedOf(model) {
  const { seeds, trials } = model.get("limits");
  return {
    ...traits(model, ["images", "methods", "resamples", "fewest"]),
    seeds: seeds.max,
    trials: trials.max,
    wrong: bytesOf(model, "wrong", Uint16Array),
  };
}

/** Images wrong at the incumbents of one search, trial after trial. */
export function incumbents({ seeds, trials, wrong }, method, seed) {
  const start = (method * seeds + seed - 1) * trials;
  return wrong.subarray(start, start + trials);
}

/** Images wrong at the incumbents after the trials, by method and seed. */
export function ends(played, { trials }) {
  return played.methods.map((_, method) =>
    Array.from({ length: played.seeds }, (_, k) => incumbents(played, method, k + 1)[trials - 1]),
  );
}

/** The methods that end lowest under a seed. */
export function winners(played, state, seed = state.seed) {
  const found = ends(played, state).map((each) => each[seed - 1]);
  const least = Math.min(...found);
  return played.methods.filter((_, method) => found[method] === least);
}

/** At how many of the counted seeds each method ends lowest alone. */
export function tally(played, state) {
  const found = ends(played, state);
  const alone = played.methods.map(() => 0);
  for (let k = 0; k < state.seeds; k += 1) {
    const least = Math.min(...found.map((each) => each[k]));
    const first = found.filter((each) => each[k] === least);
    if (first.length === 1) alone[found.indexOf(first[0])] += 1;
  }
  return alone;
}

/** The interquartile mean: without the lowest and the highest quarter. */
export function middle(wrong) {
  const cut = Math.floor(wrong.length / 4);
  // An array of numbers is sorted as such, and several times as fast as by a comparison of ours.
  const kept = Uint16Array.from(wrong)
    .sort()
    .subarray(cut, wrong.length - cut);
  return kept.reduce((sum, each) => sum + each, 0) / kept.length;
}

/** The ends of a 95 % interval of a lead, with seeds that are drawn anew. */
export function bootstrap(next, { resamples, fewest }, base, other) {
  if (base.length < fewest) return [-Infinity, Infinity];
  const again = (each) => each.map(() => each[Math.floor(next() * each.length)]);
  const leads = Array.from({ length: resamples }, () => {
    const first = middle(again(base));
    return first - middle(again(other));
  });
  return [quantile(leads, 0.025), quantile(leads, 0.975)];
}

/** How far each method but the first is ahead of the first, with an interval. */
export function leads(played, state) {
  const [base, ...others] = ends(played, state).map((each) => each.slice(0, state.seeds));
  const next = draws(0);
  return others.map((each) => {
    const [low, high] = bootstrap(next, played, base, each);
    return { lead: middle(base) - middle(each), low, high };
  });
}

/** What an interval lets us say. */
const verdictOf = ({ low, high }) => {
  if (low > 0) return "ahead";
  return high < 0 ? "behind" : "undecided";
};

function inWords(played, state, found) {
  const { images, methods } = played;
  const say = (wrong) => (wrong / images).toFixed(4);
  const first = winners(played, state);
  const sorted = ends(played, state)
    .map((each) => each[state.seed - 1])
    .sort((a, b) => a - b);
  const won =
    first.length === 1
      ? `${first[0]} wins with ${say(sorted[0])}, the next has ${say(sorted[1])}.`
      : `${first.join(" and ")} share the win, with ${say(sorted[0])}.`;
  const counts = tally(played, state)
    .map((count, i) => [methods[i], count])
    .filter(([, count]) => count)
    .map((pair) => pair.join(" "));
  const verdicts = found.map(
    (each, i) =>
      `${methods[i + 1]} ${verdictOf(each)}, ${say(each.lead)} [${say(each.low)}, ${say(each.high)}]`,
  );
  return (
    `Seed ${state.seed}: ${won} ` +
    (state.seeds > 1
      ? `Of seeds 1 to ${state.seeds} these won alone: ${counts.join(", ") || "none"}. `
      : "") +
    (state.seeds < played.fewest
      ? `Fewer than ${played.fewest} seeds are too few for an interval: count more of them.`
      : `Beside random search, in the interquartile mean: ${verdicts.join("; ")}.`)
  );
}

const ERRORS = [0.15, 0.16, 0.18, 0.2, 0.22];
// Higher ones are drawn there.
const TOP = 0.23;

function drawRace(plot, played, { seed, trials }) {
  const { x, y, area } = plot;
  const high = (wrong) => y(Math.log(Math.min(TOP, wrong / played.images)));
  const at = (count) => x(Math.log(count));
  const lines = KINDS.map((kind, method) => {
    const wrong = incumbents(played, method, seed);
    const path = Array.from(wrong, (each, i) =>
      i
        ? `H${at(i + 1).toFixed(1)}V${high(each).toFixed(1)}`
        : `M${at(1)} ${high(each).toFixed(1)}`,
    );
    return svg("path", { class: `race ${kind}`, d: path.join("") });
  });
  const last = KINDS.map((kind, method) =>
    methodMarks(kind, [[at(trials), high(incumbents(played, method, seed)[trials - 1])]]),
  );
  plot.element.replaceChildren(
    ...axes(plot, {
      xTicks: logTicks([1, 2, 5, 10, 20, 60]),
      yTicks: logTicks(ERRORS),
      xLabel: "trials",
      yLabel: "error of the incumbent",
    }),
    svg("line", {
      class: "rung",
      x1: at(trials),
      x2: at(trials),
      y1: area.top,
      y2: area.bottom,
    }),
    ...lines,
    ...last,
  );
}

function drawTally(plot, played, state) {
  const { area } = plot;
  const counts = tally(played, state);
  const step = (area.bottom - area.top) / counts.length;
  const most = Math.max(5, ...counts);
  const wide = (count) => ((area.right - area.left - 26) * count) / most;
  plot.element.replaceChildren(
    svg("text", { class: "title", x: area.left, y: 18 }, "seeds won alone"),
    ...counts.flatMap((count, i) => {
      const top = area.top + i * step;
      return [
        methodMarks(KINDS[i], [[area.left - 14, top + step / 2]]),
        svg("rect", {
          class: `method ${KINDS[i]}`,
          x: area.left,
          y: top + 8,
          width: wide(count),
          height: step - 16,
        }),
        svg("text", { x: area.left + wide(count) + 5, y: top + step / 2 + 5 }, String(count)),
      ];
    }),
  );
}

function drawLeads(plot, played, found) {
  const { x, area } = plot;
  const step = (area.bottom - area.top) / found.length;
  const within = (wrong) => x(Math.min(0.0125, Math.max(-0.0125, wrong / played.images)));
  plot.element.replaceChildren(
    ...axes(plot, {
      xTicks: [-0.01, -0.005, 0, 0.005, 0.01].map((lead) => [lead, String(lead)]),
      yTicks: [],
      xLabel: "lead over random search",
    }),
    svg("line", { class: "zero", x1: x(0), x2: x(0), y1: area.top, y2: area.bottom }),
    ...found.flatMap(({ lead, low, high }, i) => {
      const y = area.top + (i + 0.5) * step;
      const kind = KINDS[i + 1];
      return [
        svg(
          "text",
          { x: area.left - 12, y: y + 6, "text-anchor": "end" },
          played.methods[i + 1].replace(" search", ""),
        ),
        svg("line", { class: `lead ${kind}`, x1: within(low), x2: within(high), y1: y, y2: y }),
        methodMarks(kind, [[within(lead), y]]),
      ];
    }),
  );
}

function render({ model, el }) {
  const played = playedOf(model);
  const panels = [
    panel({
      width: 420,
      height: 300,
      x: [0, Math.log(62)],
      y: [Math.log(0.15), Math.log(TOP)],
      left: 64,
      class: "wide",
      phone: { height: 270 },
      label: "Error of the incumbent against trials under one seed, a line for each method",
    }),
    panel({
      width: 206,
      height: 300,
      phone: { height: 190 },
      x: [0, 1],
      y: [0, 1],
      left: 30,
      top: 30,
      bottom: 20,
      label: "Seeds that each method has won alone, as bars",
    }),
    panel({
      width: 640,
      height: 180,
      x: [-0.0125, 0.0125],
      y: [0, 1],
      left: 130,
      right: 18,
      top: 6,
      bottom: 58,
      class: "full",
      label: "How far three methods are ahead of random search, with intervals, about zero",
    }),
  ];
  const knobs = [
    slider(model, "seed"),
    slider(model, "seeds", { label: "seeds counted" }),
    slider(model, "trials"),
  ];
  const buttons = [
    button({
      label: "Draw again",
      press: () => set(model, { seed: (model.get("seed") % played.seeds) + 1 }),
    }),
    back(model),
  ];
  const legend = played.methods.map((name, i) => ["method", KINDS[i], name]);
  const leadsOf = remembered((counted) => leads(played, counted));
  const redraw = (state) => {
    const found = leadsOf({ seeds: state.seeds, trials: state.trials });
    drawRace(panels[0], played, state);
    drawTally(panels[1], played, state);
    drawLeads(panels[2], played, found);
    return inWords(played, state, found);
  };
  return explore({ model, el, panels, legend, knobs, redraw, buttons });
}

export default { render };
