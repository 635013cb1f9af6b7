// How far the result of a trial would be off if it were measured again, as far as a file tells.

import { meanOf, varianceOf } from "./statistics.js";
import { completedOf } from "./trials.js";

const MOST_IMAGES = 20_000;

/** Rows with the same hyperparameters, as lists; only those of two rows and more. */
export function repeatsOf({ hyperparameters }, rows) {
  const groups = new Map();
  for (const row of rows) {
    const key = JSON.stringify(hyperparameters.map(({ values }) => values[row]));
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return [...groups.values()].filter((each) => each.length > 1);
}

/** Whether the results are shares, such as of images classified wrongly. */
const areShares = (shown) => shown.every((value) => value >= 0 && value <= 1);

/** How many decimals the results are written with, at most. */
function decimalsOf(values) {
  const after = (value) => {
    const [mantissa, exponent = "0"] = String(Number(value.toPrecision(12))).split("e");
    return Math.max(0, (mantissa.split(".")[1]?.length ?? 0) - Number(exponent));
  };
  return values.reduce((most, value) => Math.max(most, after(value)), 0);
}

/**
 * How many images the results were measured on, where all are whole multiples of one over it; 0
 * where that cannot be told. Rounded to d decimals they all are multiples of 1 over 10 to the d.
 */
export function imagesBehind(shown) {
  const distinct = [...new Set(shown)].filter((value) => value > 0 && value < 1);
  if (!areShares(shown) || distinct.length < 10) return 0;
  const rounded = 10 ** Math.min(decimalsOf(distinct), 8);
  for (let images = 20; images <= Math.min(MOST_IMAGES, rounded / 2); images += 1)
    if (distinct.every((value) => Math.abs(value * images - Math.round(value * images)) < 2e-3))
      return images;
  return 0;
}

/**
 * The standard deviation of one result: between repeats if there are enough, else from the number
 * of images. Null if neither is known.
 */
export function noiseOf(trials) {
  const rows = completedOf(trials);
  if (!rows.length) return null;
  const groups = repeatsOf(trials, rows).map((each) => each.map((row) => trials.cost[row]));
  const degrees = groups.reduce((sum, each) => sum + each.length - 1, 0);
  const differ = groups.some((each) => new Set(each).size > 1);
  if (degrees >= 5 && differ) {
    const sum = groups.reduce((total, each) => total + varianceOf(each) * (each.length - 1), 0);
    return { deviation: Math.sqrt(sum / degrees), from: "repeats", degrees };
  }
  const shown = rows.map((row) => trials.sign * trials.cost[row]);
  const images = trials.images || imagesBehind(shown);
  if (!images || !areShares(shown)) return null;
  const best = shown.reduce((a, b) => (trials.sign * b < trials.sign * a ? b : a));
  const share = Math.min(Math.max(best, 0.5 / images), 1 - 0.5 / images);
  const from = trials.images ? "images" : "inferred images";
  return { deviation: Math.sqrt((share * (1 - share)) / images), from, images };
}

/** Results by configuration: means over repeats, the best first. */
export function configurationsOf(trials) {
  const rows = completedOf(trials);
  const groups = repeatsOf(trials, rows);
  const grouped = new Set(groups.flat());
  const all = [...groups, ...rows.filter((row) => !grouped.has(row)).map((row) => [row])];
  return all
    .map((group) => ({ rows: group, cost: meanOf(group.map((row) => trials.cost[row])) }))
    .sort((a, b) => a.cost - b.cost);
}
