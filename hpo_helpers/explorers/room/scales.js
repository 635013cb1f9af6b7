// The axis of a column: where each value lies between 0 and 1, and what is written there.

import { isNumeric } from "./columns.js";
import { quantileOf, sortedNumbers } from "./statistics.js";

// Where what is missing lies, and where the values begin if anything is.
const MISSING = 0.03;
const BEGIN = 0.14;
// So many numbers are marked one by one.
const FEW = 12;

/** Say a number with three digits that matter. */
export function sayNumber(value) {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size < 1e-3 || size >= 1e6)
    return value.toExponential(1).replace(".0e", "e").replace("e+", "e");
  return String(Number(value.toPrecision(size >= 1000 ? 4 : 3)));
}

export const perCent = (share) => `${Math.round(100 * share)} %`;
export const counted = (count, noun) =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** Round values from low to high, about so many. */
function niceTicks(low, high, about) {
  const raw = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 2.5, 5, 10].find((each) => each * power >= raw);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Powers of ten from low to high, at most about so many; within a decade or two more of them. */
function niceLogTicks(low, high, about) {
  const decades = Math.log10(high / low);
  const factors =
    decades < 1 ? [1, 1.5, 2, 3, 5, 7] : decades < 1.5 ? [1, 2, 5] : decades < 2.5 ? [1, 3] : [1];
  const every = Math.max(1, Math.ceil(decades / about));
  const found = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.log10(high); exponent += every)
    for (const factor of factors) {
      const value = Number(`${factor}e${exponent}`);
      if (value >= low * 0.999 && value <= high * 1.001) found.push(value);
    }
  return found;
}

/** How much the widest gap between numbers exceeds the narrowest. */
function unevenness(numbers) {
  const gaps = numbers.slice(1).map((number, i) => number - numbers[i]);
  return Math.max(...gaps) / Math.min(...gaps);
}

/**
 * Whether a column asks for a logarithmic axis: its values are positive and span so large a
 * factor, and on a linear axis three quarters of the range would hold less than half of them. Of
 * a few values, such as 16, 32, 64, those of even ratios ask for it.
 */
export function asksForLog(values, factor = 10) {
  const sorted = sortedNumbers(values.filter((value) => value !== null));
  const [low, high] = [sorted[0], sorted.at(-1)];
  if (!(low > 0) || high === low) return false;
  const distinct = [...new Set(sorted)];
  if (distinct.length > 2 && distinct.length <= FEW)
    return unevenness(distinct.map(Math.log)) < 0.8 * unevenness(distinct);
  return high / low >= factor && quantileOf(sorted, 0.5) < low + (high - low) / 4;
}

/** Options in their order: numbers by size, texts as they come. */
export function levelsOf(values, options) {
  const found = [
    ...new Set([
      ...(options ?? []).map((each) =>
        typeof each === "boolean" ? (each ? "True" : "False") : each,
      ),
      ...values.filter((value) => value !== null),
    ]),
  ];
  return found.every((each) => typeof each === "number")
    ? found.sort((a, b) => a - b)
    : found.map(String);
}

/** An axis of options, each in the middle of a part of its own. */
function axisOfOptions(values, options, hasGaps) {
  const levels = levelsOf(values, options);
  const begin = hasGaps ? BEGIN : 0;
  const width = (1 - begin) / levels.length;
  const places = new Map(levels.map((level, i) => [level, begin + (i + 0.5) * width]));
  return {
    kind: "options",
    levels,
    begin,
    width,
    isLog: false,
    spread: 0.25 * width,
    placeOf: (value) =>
      places.get(typeof value === "number" && !places.has(value) ? String(value) : value),
    ticks: levels.map((level, i) => [begin + (i + 0.5) * width, String(level)]),
    say: (share) =>
      String(levels[Math.min(levels.length - 1, Math.max(0, Math.floor((share - begin) / width)))]),
  };
}

/** An axis of numbers, linear in themselves or in their logarithms. */
function axisOfNumbers(values, isLog, hasGaps) {
  const known = values.filter((value) => value !== null);
  const to = isLog ? Math.log : Number;
  const from = isLog ? Math.exp : Number;
  let low = known.reduce((a, b) => Math.min(a, b), Infinity);
  let high = known.reduce((a, b) => Math.max(a, b), -Infinity);
  const half = Math.max(0.5, Math.abs(low) / 10);
  if (low === high) [low, high] = isLog ? [low / 2, high * 2] : [low - half, high + half];
  const begin = hasGaps ? BEGIN : 0;
  const [a, b] = [to(low), to(high)];
  const placeOf = (value) => begin + ((1 - begin) * (to(value) - a)) / (b - a);
  const isWhole = known.every(Number.isInteger);
  const distinct = new Set(known);
  const isFew = distinct.size <= FEW;
  const found = isLog ? niceLogTicks(low, high, 5) : niceTicks(low, high, 4);
  const round = found.filter((each) => !isWhole || Number.isInteger(each));
  const marked = isFew
    ? [...distinct].sort((a, b) => a - b)
    : round.length < 2
      ? [low, high]
      : round;
  return {
    kind: "numbers",
    isLog,
    begin,
    low,
    high,
    spread: isFew && known.length > 30 ? 0.015 : 0,
    placeOf,
    ticks: marked.map((value) => [placeOf(value), sayNumber(value)]),
    say: (share) => {
      const value = from(a + ((Math.max(share, begin) - begin) / (1 - begin)) * (b - a));
      return isWhole && !isLog && high - low > 20 ? String(Math.round(value)) : sayNumber(value);
    },
  };
}

/** A number in [-1, 1) that looks drawn, and is the same for the same row. */
const shaken = (row) => ((row * 0.618034 + 0.5) % 1) * 2 - 1;

/**
 * The axis of a column: `at` is where each value lies, `drawn` the same a little beside it where
 * many lie on one place, both from 0 to 1. `missing` names what null stands for, `factor` is what
 * the numbers have to span for a logarithmic axis.
 */
export function axisOf(
  { name, values, options = null, missing = "none", factor = 10 },
  scale = "auto",
) {
  const hasGaps = values.some((value) => value === null);
  const numeric = isNumeric(values) && !options?.some((each) => typeof each !== "number");
  const isLog = numeric && (scale === "log" || (scale === "auto" && asksForLog(values, factor)));
  const positive = values.every((value) => value === null || value > 0);
  const axis = numeric
    ? axisOfNumbers(values, isLog && positive, hasGaps)
    : axisOfOptions(values, options, hasGaps);
  const at = Float32Array.from(values, (value) => (value === null ? MISSING : axis.placeOf(value)));
  const drawn = at.map((place, row) =>
    values[row] === null ? place : place + axis.spread * shaken(row),
  );
  const { say } = axis;
  return {
    name,
    ...axis,
    hasGaps,
    at,
    drawn,
    ticks: hasGaps ? [[MISSING, missing], ...axis.ticks] : axis.ticks,
    say: (share) => (hasGaps && share < BEGIN - 0.03 ? missing : say(share)),
  };
}
