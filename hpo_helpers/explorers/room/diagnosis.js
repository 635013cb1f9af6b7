// What may be wrong with a search, by its trials: ten kinds, each with the chapter behind it.
//
// A check returns null if it finds nothing, a text if it cannot tell, and else what it has found:
// the words, and perhaps a brush that shows the trials that they speak of.

import { configurationsOf, imagesBehind, noiseOf, repeatsOf } from "./noise.js";
import { axisOf, levelsOf, sayNumber } from "./scales.js";
import {
  binomialTail,
  correlationOf,
  hypergeometricTail,
  meanOf,
  quantileOf,
  ranksOf,
  sortedNumbers,
  varianceOf,
} from "./statistics.js";
import { completedOf, ranked } from "./trials.js";

// Below so many trials with a result nothing is diagnosed.
export const FEWEST = 10;
// What chance alone may give, once in so many searches.
const BY_CHANCE = 0.002;

const perCent = (share) => `${Math.round(100 * share)} %`;
const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** As many of the best trials as a check looks at. */
function bestOf(trials, rows) {
  const count = Math.min(20, Math.max(5, Math.ceil(rows.length / 10)));
  return ranked(trials, rows).slice(0, count);
}

/** Flat: nine of ten results lie within two per cent of the middle one, or most are the same. */
function flat(trials, { rows }) {
  const sorted = sortedNumbers(rows.map((row) => trials.cost[row]));
  const [low, middle, high] = [0.05, 0.5, 0.95].map((share) => quantileOf(sorted, share));
  const same = rows.filter((row) => trials.cost[row] === middle).length / rows.length;
  const isNarrow = high - low <= 0.02 * Math.abs(middle);
  if (!isNarrow && same < 0.5) return null;
  const shown = sayNumber(trials.sign * middle);
  const what = isNarrow
    ? `Nine of ten trials end between ${sayNumber(trials.sign * low)} and ${sayNumber(trials.sign * high)}`
    : `${perCent(same)} of the trials end at exactly ${shown}`;
  return {
    words:
      `${what}, whatever their hyperparameters are. Either nothing that you vary matters here, or the ` +
      "objective does not see it: look whether the configuration reaches the training, and " +
      `whether ${shown} is what guessing gives.`,
  };
}

/**
 * Edge: half of the best trials lie in the outer fifth of an axis, the best of all too, and they
 * do not keep away from its end: a third of them lie in its outer half.
 */
function edge(trials, { rows, shares, axes }) {
  const best = bestOf(trials, rows);
  for (const [i, axis] of axes.entries()) {
    if (axis.kind !== "numbers" || shares[i] < 0.03) continue;
    const length = 1 - axis.begin;
    const expected = Math.max(0.2, Math.min(0.5, 1 / new Set(axis.at).size));
    for (const end of ["lowest", "highest"]) {
      const fromEnd = (row) =>
        (end === "lowest" ? axis.at[row] - axis.begin : 1 - axis.at[row]) / length;
      const isThere = (row) => fromEnd(row) > -0.01 && fromEnd(row) <= 0.2;
      const there = best.filter(isThere);
      const outer = there.filter((row) => fromEnd(row) <= 0.1).length;
      if (!isThere(best[0]) || there.length < best.length / 2 || outer < there.length / 3) continue;
      if (binomialTail(there.length, best.length, expected) > BY_CHANCE) continue;
      const limit = end === "lowest" ? axis.low : axis.high;
      return {
        words:
          `${there.length} of the ${best.length} best trials lie in the ${end} fifth of ${axis.name}, the best of all ` +
          `among them. The range ends at ${sayNumber(limit)}, and the best value may lie ` +
          `${end === "lowest" ? "below" : "above"} it. Widen the range there, if you can.`,
        brush: {
          [axis.name]:
            end === "lowest" ? [axis.begin, axis.begin + length / 5] : [1 - length / 5, 1],
        },
      };
    }
  }
  return null;
}

/** Images: noise of the measurement is half of what tells the better half of the trials apart. */
function images(trials, { rows }) {
  const shown = rows.map((row) => trials.sign * trials.cost[row]);
  const count = trials.images || imagesBehind(shown);
  if (!count) return "say above how many validation images there are";
  if (!shown.every((value) => value >= 0 && value <= 1))
    return "the objective is no share of images";
  const better = ranked(trials, rows).slice(0, Math.ceil(rows.length / 2));
  const noise =
    better
      .map((row) => trials.sign * trials.cost[row])
      .reduce((sum, p) => sum + (p * (1 - p)) / count, 0) / better.length;
  const share = noise / varianceOf(better.map((row) => trials.cost[row]));
  // Where all are the same, that is another kind.
  if (!(share >= 0.5 && Number.isFinite(share))) return null;
  const given = trials.images ? "" : " (all results are multiples of one over this number)";
  return {
    words:
      `The results rest on ${counted(count, "validation image")}${given}, so each is known to ` +
      `±${sayNumber(Math.sqrt(noise))}. That is ${share >= 1 ? "all" : perCent(share)} of the variance among the better half of the ` +
      "trials: their ranks are mostly luck. Measure on more images, or rank fewer trials.",
  };
}

/** Winner: other configurations lie within two standard deviations of a difference from it. */
function winner(trials, { rows }) {
  const noise = noiseOf(trials);
  if (!noise) return "neither repeats nor the number of validation images are known";
  const [first, ...others] = configurationsOf(trials);
  const marginTo = (count) => 2 * noise.deviation * Math.sqrt(1 / first.rows.length + 1 / count);
  const near = others.filter((each) => each.cost - first.cost < marginTo(each.rows.length));
  if (near.length < 3) return null;
  const source = {
    repeats: () => `${counted(noise.degrees, "repeat")} in the file`,
    images: () => counted(noise.images, "validation image"),
    "inferred images": () =>
      `${counted(noise.images, "image")}, of which all results are multiples`,
  }[noise.from]();
  const best = ranked(trials, rows)[0];
  return {
    words:
      `By ${source}, a result is known to ±${sayNumber(noise.deviation)}. ${counted(near.length, "other configuration")} ` +
      `${near.length === 1 ? "lies" : "lie"} within two standard deviations of the winner (trial ${trials.numbers[best]}): any of them ` +
      "may be the best, and the winner's result flatters it. Train the best ones again with new seeds, then choose.",
    trials: near.length + 1,
  };
}

/** Category: an option without a result, or with too few to say anything of it. */
function category(trials, { rows }) {
  const choices = trials.hyperparameters.filter(
    ({ values, options }) => options || values.some((value) => typeof value === "string"),
  );
  if (!choices.length) return "no hyperparameter is a choice between options";
  for (const { name, values, options } of choices) {
    const levels = levelsOf(values, options);
    if (levels.length > 12) continue;
    for (const level of levels) {
      const tried = rows.filter((row) => String(values[row]) === String(level)).length;
      if (tried > 2 || (tried > 0 && rows.length < 10 * levels.length)) continue;
      const many = tried === 0 ? "has no result at all" : `has ${counted(tried, "result")}`;
      return {
        words:
          `${name} = ${level} ${many}, among ${counted(rows.length, "trial")} with one. The file cannot say ` +
          "that it is worse. Try it a few times with the other hyperparameters well set, or take it out of the space.",
      };
    }
  }
  return null;
}

/** The part of an axis in which failures are most of a surprise: an option, or all up to a cut. */
function worstPart(axis, at, failed) {
  const n = at.length;
  const marked = failed.reduce((sum, each) => sum + each, 0);
  const places = [...new Set(at)].sort((a, b) => a - b);
  const parts = [];
  if (axis.kind === "options") for (const place of places) parts.push([place - 1e-4, place + 1e-4]);
  else
    for (let cut = 1; cut < 20; cut += 1) {
      const place = places[Math.floor((cut * places.length) / 20)];
      parts.push([-1, place], [place, 2]);
    }
  return parts
    .map(([low, high]) => {
      let [inside, both] = [0, 0];
      for (let i = 0; i < n; i += 1)
        if (at[i] >= low && at[i] <= high) {
          inside += 1;
          both += failed[i];
        }
      return {
        low,
        high,
        inside,
        both,
        chance: inside && inside < n ? hypergeometricTail(both, marked, inside, n) : 1,
      };
    })
    .reduce((a, b) => (b.chance < a.chance ? b : a), { chance: 1 });
}

/** Failures: most of them lie in one part of one axis, where few other trials are. */
function failures(trials, { axes }) {
  const rows = Array.from(trials.failed, (_, row) => row).filter((row) => !trials.unfinished[row]);
  const failed = rows.map((row) => trials.failed[row]);
  const count = failed.reduce((sum, each) => sum + each, 0);
  if (!count) return null;
  const rateOutside = ({ both, inside }) => (count - both) / Math.max(1, rows.length - inside);
  const found = axes
    .map((axis) => {
      const at = rows.map((row) => axis.at[row]);
      return { axis, part: worstPart(axis, at, failed) };
    })
    .filter(({ part }) => part.both >= Math.max(3, 0.7 * count))
    .filter(({ part }) => part.both / part.inside > 4 * rateOutside(part))
    .sort((a, b) => a.part.chance - b.part.chance)[0];
  // Each axis was cut in many places.
  if (!found || found.part.chance * 40 * axes.length > BY_CHANCE) return null;
  const { axis, part } = found;
  const isLower = part.low < 0;
  const where =
    axis.kind === "options"
      ? `${axis.name} = ${axis.say((part.low + part.high) / 2)}`
      : `${axis.name} ${isLower ? "up to" : "from"} ${axis.say(isLower ? part.high : part.low)}${isLower ? "" : " on"}`;
  const half = axis.kind === "options" ? axis.width / 2 - 1e-3 : 0;
  return {
    words:
      `${part.both} of ${counted(count, "failure")} lie at ${where}, where ${perCent(part.both / part.inside)} of the trials failed. ` +
      "That is no bad luck. If they diverged or ran out of memory, take this part out of the space; if it is " +
      "a fault of the code, the search has learned to keep away from what may be good.",
    brush: { [axis.name]: [Math.max(0, part.low - half), Math.min(1, part.high + half)] },
  };
}

/** How much lower a curve lies in its last quarter than in its second, as a share of it. */
function fallOf(curve) {
  const quarter = Math.max(1, Math.floor(curve.length / 4));
  const half = Math.floor(curve.length / 2);
  const last = meanOf(curve.slice(-quarter));
  return (meanOf(curve.slice(half - quarter, half)) - last) / Math.abs(last);
}

/** Falling: the curves of the best trials have not come to rest, or the incumbent has not. */
function falling(trials, { rows }) {
  const best = bestOf(trials, rows);
  const curves = trials.curves
    ? best.map((row) => trials.curves[row]).filter((curve) => curve.length >= 4)
    : [];
  if (curves.length >= 3) {
    const fall = quantileOf(sortedNumbers(curves.map(fallOf)), 0.5);
    if (fall >= 0.1)
      return {
        words:
          `The curves of the ${curves.length} best trials still fall at their end: the last quarter of the epochs lies ${perCent(fall)} ` +
          "below the second, in the median. Who learns fast looks best so early. Train longer, at least the best ones.",
      };
    return null;
  }
  const tail = Math.floor(rows.length * 0.8);
  const lowest = (some) => some.reduce((low, row) => Math.min(low, trials.cost[row]), Infinity);
  const before = lowest(rows.slice(0, tail));
  const records = rows
    .slice(tail)
    .reduce(
      ({ low, count }, row) =>
        trials.cost[row] < low ? { low: trials.cost[row], count: count + 1 } : { low, count },
      { low: before, count: 0 },
    );
  const gain = (before - records.low) / Math.abs(before);
  if (records.count < 3 || gain < 0.05) return null;
  return {
    words:
      `The last fifth of the trials has improved on the best ${records.count} times, by ${perCent(gain)} in all. The search was ` +
      "not over when it ended: let it go on.",
  };
}

/** Repeats: trials with the hyperparameters of an earlier one, and no seed that would differ. */
function repeats(trials, { rows }) {
  const groups = repeatsOf(trials, rows);
  const again = groups.reduce((sum, each) => sum + each.length - 1, 0);
  const hasSeeds = trials.seed && new Set(trials.seed).size > 1;
  if (hasSeeds || again < 3 || again < 0.05 * rows.length) return null;
  const same = groups.filter(
    (each) => new Set(each.map((row) => trials.cost[row])).size === 1,
  ).length;
  const what =
    same === groups.length
      ? "and each time with the same result. Those trials have told nothing: remember what was tried, or make the space finer."
      : "with results that differ, so something in the training is random. As repeats they are useful, if you mean them: note the seed, and compare means.";
  return {
    words: `${again} of ${counted(rows.length, "trial")} repeat a configuration that had been tried before, ${what}`,
  };
}

/** Together: two hyperparameters that never moved apart. */
function together(trials, { rows }) {
  const numeric = trials.hyperparameters.filter(({ values }) =>
    rows.every((row) => typeof values[row] === "number"),
  );
  if (numeric.length < 2)
    return trials.hyperparameters.length < 2 ? "there are no two hyperparameters" : null;
  const ranks = numeric.map(({ values }) => ranksOf(rows.map((row) => values[row])));
  for (let i = 0; i < numeric.length; i += 1)
    for (let j = 0; j < i; j += 1) {
      const correlation = correlationOf(ranks[i], ranks[j]);
      if (Math.abs(correlation) > 0.95)
        return {
          words:
            `${numeric[j].name} and ${numeric[i].name} moved together in all trials (rank correlation ` +
            `${correlation.toFixed(2)}). Which of them did it, no picture and no importance can say. Vary one ` +
            "without the other, or count them as one.",
        };
    }
  return null;
}

/** Epochs: the winner was measured earlier than others, so that its result does not compare. */
function epochs(trials, { rows }) {
  if (!trials.epochs) return "the file has no epochs";
  const known = rows.filter((row) => typeof trials.epochs[row] === "number");
  const most = known.reduce((high, row) => Math.max(high, trials.epochs[row]), 0);
  const [best] = ranked(trials, known);
  if (best === undefined || trials.epochs[best] >= most) return null;
  const longer = known.filter((row) => trials.epochs[row] === most).length;
  if (longer < 2) return null;
  return {
    words:
      `The winner, trial ${trials.numbers[best]}, was measured after ${counted(trials.epochs[best], "epoch")}, and ` +
      `${counted(longer, "other")} after ${most}. Results after different numbers of epochs do not compare: ` +
      "train the winner as far as the others, or compare at the same epoch.",
  };
}

// By kind: what it is called, the page and section behind it, and the check.
export const KINDS = {
  flat: {
    title: "Flat response",
    page: "search/broken_objective",
    chapter: "The broken objective",
    check: flat,
  },
  edge: {
    title: "Best at an end of the range",
    page: "judgement/reading_results",
    section: "is-the-best-at-an-end",
    chapter: "Reading a search",
    check: edge,
  },
  images: {
    title: "Too few validation images for these ranks",
    page: "foundations/validation",
    section: "a-measurement-with-a-margin",
    chapter: "Which data may choose?",
    check: images,
  },
  winner: {
    title: "Winner within noise",
    page: "judgement/reading_results",
    section: "would-it-happen-again",
    chapter: "Reading a search",
    check: winner,
  },
  category: {
    title: "An option never tried",
    page: "foundations/configuration_spaces",
    section: "integers-categories-conditions",
    chapter: "Configuration spaces",
    check: category,
  },
  failures: {
    title: "Failures that cluster",
    page: "smarter/scaling_out",
    section: "what-breaks-and-what-happens",
    chapter: "Scaling out",
    check: failures,
  },
  falling: {
    title: "Still falling at the end",
    page: "smarter/successive_halving",
    section: "learning-curves",
    chapter: "Successive halving",
    check: falling,
  },
  repeats: {
    title: "Repeats",
    page: "judgement/replication",
    chapter: "More trials, or more seeds?",
    check: repeats,
  },
  together: {
    title: "Two that moved together",
    page: "search/grid_vs_random",
    section: "the-response-has-one-axis",
    chapter: "Grid or random?",
    check: together,
  },
  epochs: {
    title: "A winner that was measured earlier",
    page: "smarter/hyperband",
    section: "whom-an-early-rung-favours",
    chapter: "Hyperband",
    check: epochs,
  },
};

/**
 * What may be wrong, what was looked for in vain, and what could not be told. `shares` is the
 * importance of each hyperparameter over all trials, `axes` are their axes.
 */
export function diagnose(
  trials,
  shares,
  axes = trials.hyperparameters.map((each) => axisOf(each)),
) {
  const rows = completedOf(trials);
  const found = [];
  const sound = [];
  const unknown = [];
  for (const [kind, { title, check }] of Object.entries(KINDS)) {
    const said =
      rows.length < FEWEST && kind !== "failures"
        ? `${counted(rows.length, "trial")} with a result; expected ${FEWEST}`
        : check(trials, { rows, shares, axes });
    if (said === null) sound.push({ kind, title });
    else if (typeof said === "string") unknown.push({ kind, title, reason: said });
    else found.push({ kind, title, ...said });
  }
  return { found, sound, unknown };
}
