// The axis of a column: where each value lies between 0 and 1, and what is written there.

import { isNumeric } from "./columns.js";
import { asksForLog } from "./trials.js";

// Where what is missing lies, and where the values begin if anything is.
const MISSING = 0.03;
const BEGIN = 0.14;

/** Say a number with three digits that matter. */
export function sayNumber(value) {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size < 1e-3 || size >= 1e6)
    return value.toExponential(1).replace(".0e", "e").replace("e+", "e");
  return String(Number(value.toPrecision(size >= 1000 ? 4 : 3)));
}

/** Round values from low to high, about so many. */
function niceTicks(low, high, about) {
  const raw = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((each) => each * power >= raw);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Powers of ten from low to high, at most about so many; within a decade or two more of them. */
function niceLogTicks(low, high, about) {
  const decades = Math.log10(high / low);
  const factors = decades < 1.2 ? [1, 2, 5] : decades < 2.5 ? [1, 3] : [1];
  const every = Math.max(1, Math.ceil(decades / about));
  const found = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.log10(high); exponent += every)
    for (const factor of factors) {
      const value = Number(`${factor}e${exponent}`);
      if (value >= low * 0.999 && value <= high * 1.001) found.push(value);
    }
  return found;
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
  if (low === high) [low, high] = isLog ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
  const begin = hasGaps ? BEGIN : 0;
  const [a, b] = [to(low), to(high)];
  const placeOf = (value) => begin + ((1 - begin) * (to(value) - a)) / (b - a);
  const isWhole = known.every(Number.isInteger);
  const found = isLog ? niceLogTicks(low, high, 5) : niceTicks(low, high, 4);
  const marked =
    found.length < 2 ? [low, high] : found.filter((each) => !isWhole || Number.isInteger(each));
  return {
    kind: "numbers",
    isLog,
    begin,
    low,
    high,
    spread: new Set(known).size <= 12 && known.length > 30 ? 0.015 : 0,
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
 * many lie on one place, both from 0 to 1. `missing` names what null stands for.
 */
export function axisOf({ name, values, options = null, missing = "none" }, scale = "auto") {
  const hasGaps = values.some((value) => value === null);
  const numeric = isNumeric(values) && !options?.some((each) => typeof each !== "number");
  const isLog = numeric && (scale === "log" || (scale === "auto" && asksForLog(values)));
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
