// Checks of the diagnosis that look at the results.
//
// A check returns null if it finds nothing, a text if it cannot tell, and else what it has found:
// the words, and perhaps a brush that shows the trials that they speak of.

import { configurationsOf, imagesBehind, noiseOf, repeatsOf } from "./noise.js";
import { counted, perCent, sayNumber } from "./scales.js";
import { meanOf, quantileOf, sortedNumbers, varianceOf } from "./statistics.js";
import { bestOf, ranked } from "./trials.js";

/** Flat: nine of ten results lie within two per cent of the middle one, or most are the same. */
export function flat(trials, { rows }) {
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

/** Images: noise of the measurement is half of what tells the better half of the trials apart. */
export function images(trials, { rows }) {
  const shown = rows.map((row) => trials.sign * trials.cost[row]);
  const count = trials.images || imagesBehind(shown);
  if (!count) return "it is not known how many validation images there are (say it under Columns)";
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
export function winner(trials, { rows }) {
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

/** How much lower a curve lies in its last quarter than in its second, as a share of it. */
function fallOf(curve) {
  const quarter = Math.max(1, Math.floor(curve.length / 4));
  const half = Math.floor(curve.length / 2);
  const last = meanOf(curve.slice(-quarter));
  return (meanOf(curve.slice(half - quarter, half)) - last) / Math.abs(last);
}

/** Falling: the curves of the best trials have not come to rest, or the incumbent has not. */
export function falling(trials, { rows }) {
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
export function repeats(trials, { rows }) {
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

/** Epochs: the winner was measured earlier than others, so that its result does not compare. */
export function epochs(trials, { rows }) {
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
