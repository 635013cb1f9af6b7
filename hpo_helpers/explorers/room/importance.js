// Importance as fANOVA has it: the share of the variance that a hyperparameter explains by itself.
//
// F. Hutter, H. Hoos, K. Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter
// Importance", ICML 2014. Here a hyperparameter counts by the values that the trials have, each
// as often as it was tried: the axis may be linear or not, and what is missing is a value as well.

import { meanOf } from "./statistics.js";

const MOST_LEVELS = 48;
const MOST_DEPTH = 12;

/** The values of a hyperparameter as levels from 0, with the share of the trials at each. */
export function levelled(values, rows, cost) {
  const known = rows.filter((row) => values[row] !== null);
  const isNumbers = known.every((row) => typeof values[row] === "number");
  const keys = new Map();
  if (isNumbers) {
    const sorted = Float64Array.from(known, (row) => values[row]).sort();
    const distinct = [...new Set(sorted)];
    const few = distinct.length <= MOST_LEVELS;
    sorted.forEach((value, i) => {
      if (!keys.has(value))
        keys.set(value, few ? keys.size : Math.floor((i * MOST_LEVELS) / sorted.length));
    });
  } else {
    // For a tree that cuts in two, options stand in the order of their means.
    const sums = new Map();
    for (const row of known) {
      const [sum, count] = sums.get(values[row]) ?? [0, 0];
      sums.set(values[row], [sum + cost[row], count + 1]);
    }
    const sorted = [...sums].sort(([, a], [, b]) => a[0] / a[1] - b[0] / b[1]);
    for (const [value] of sorted) keys.set(value, keys.size);
  }
  const first = known.length < rows.length ? 1 : 0;
  const codes = rows.map((row) => (values[row] === null ? 0 : keys.get(values[row]) + first));
  const used = [...new Set(codes)].sort((a, b) => a - b);
  const place = new Map(used.map((code, i) => [code, i]));
  const shares = new Float64Array(used.length);
  const dense = Uint8Array.from(codes, (code) => place.get(code));
  for (const code of dense) shares[code] += 1 / rows.length;
  return { codes: dense, shares };
}

/** The cut of a node that leaves the least variance: a feature, its last level on the left. */
function bestCut(features, targets, rows, least) {
  let best = null;
  let total = 0;
  for (const row of rows) total += targets[row];
  const before = (total * total) / rows.length;
  for (let feature = 0; feature < features.length; feature += 1) {
    const { codes, shares } = features[feature];
    const sums = new Float64Array(shares.length);
    const counts = new Float64Array(shares.length);
    for (const row of rows) {
      sums[codes[row]] += targets[row];
      counts[codes[row]] += 1;
    }
    let [left, count] = [0, 0];
    for (let level = 0; level < shares.length - 1; level += 1) {
      if (counts[level] === 0) continue;
      left += sums[level];
      count += counts[level];
      const others = rows.length - count;
      if (count < least || others < least) continue;
      const gain = (left * left) / count + (total - left) ** 2 / others - before;
      if (gain > 1e-12 * Math.abs(before) && gain > (best?.gain ?? 0))
        best = { gain, feature, level };
    }
  }
  return best;
}

/** The leaves of a tree: each with its value and the levels that it covers of every feature. */
function grow(features, targets, rows, least) {
  const leaves = [];
  const split = (inside, from, to, depth) => {
    const cut =
      depth < MOST_DEPTH && inside.length >= 2 * least
        ? bestCut(features, targets, inside, least)
        : null;
    if (!cut) {
      let sum = 0;
      for (const row of inside) sum += targets[row];
      leaves.push({ value: sum / inside.length, from, to });
      return;
    }
    const { codes } = features[cut.feature];
    const isLeft = (row) => codes[row] <= cut.level;
    const end = to.with(cut.feature, cut.level);
    const start = from.with(cut.feature, cut.level + 1);
    split(inside.filter(isLeft), from, end, depth + 1);
    split(
      inside.filter((row) => !isLeft(row)),
      start,
      to,
      depth + 1,
    );
  };
  split(
    rows,
    features.map(() => 0),
    features.map(({ shares }) => shares.length - 1),
    0,
  );
  return leaves;
}

/** The share of the variance of a tree that each feature explains by itself. */
function sharesOfTree(features, leaves) {
  const sums = features.map(({ shares }) => {
    const sum = new Float64Array(shares.length + 1);
    shares.forEach((share, i) => {
      sum[i + 1] = sum[i] + share;
    });
    return sum;
  });
  const widthOf = ({ from, to }, f) => sums[f][to[f] + 1] - sums[f][from[f]];
  const marginals = features.map(({ shares }) => new Float64Array(shares.length));
  let [mean, square] = [0, 0];
  for (const leaf of leaves) {
    const widths = features.map((_, f) => widthOf(leaf, f));
    const volume = widths.reduce((product, width) => product * width, 1);
    mean += volume * leaf.value;
    square += volume * leaf.value ** 2;
    features.forEach((_, f) => {
      const part = (leaf.value * volume) / widths[f];
      for (let level = leaf.from[f]; level <= leaf.to[f]; level += 1) marginals[f][level] += part;
    });
  }
  const total = square - mean ** 2;
  return features.map(({ shares }, f) => {
    let own = 0;
    shares.forEach((share, level) => {
      own += share * (marginals[f][level] - mean) ** 2;
    });
    return total > 1e-15 * square ? own / total : 0;
  });
}

/** What a tree says of a trial. */
function predict(features, leaves, row) {
  const isIn = ({ from, to }) =>
    features.every(({ codes }, f) => codes[row] >= from[f] && codes[row] <= to[f]);
  return leaves.find(isIn).value;
}

/**
 * A forest that grows a tree at a time. `values` holds a list for each hyperparameter, `rows` the
 * trials to learn from, `cost` their results, `next` draws numbers in [0, 1). After each `step`
 * `result` has the mean shares so far, and how much of the variance of the trials that a tree had
 * not seen the forest explains.
 */
export function forestOf(values, rows, cost, next) {
  const features = values.map((each) => levelled(each, rows, cost));
  // Of a size whose squares are numbers.
  const size = rows.reduce((most, row) => Math.max(most, Math.abs(cost[row])), 0) || 1;
  const targets = Float64Array.from(rows, (row) => cost[row] / size);
  const n = rows.length;
  const least = Math.max(2, Math.round(n / 200));
  const sums = values.map(() => 0);
  const [guessed, guesses] = [new Float64Array(n), new Float64Array(n)];
  let trees = 0;
  const step = () => {
    const drawn = Array.from({ length: n }, () => Math.floor(next() * n));
    const leaves = grow(features, targets, drawn, least);
    sharesOfTree(features, leaves).forEach((share, f) => {
      sums[f] += share;
    });
    trees += 1;
    const isSeen = new Uint8Array(n);
    for (const row of drawn) isSeen[row] = 1;
    for (let row = 0; row < n; row += 1)
      if (!isSeen[row]) {
        guessed[row] += predict(features, leaves, row);
        guesses[row] += 1;
      }
  };
  const result = () => {
    const mean = meanOf(targets);
    let [missed, all] = [0, 0];
    for (let row = 0; row < n; row += 1)
      if (guesses[row]) {
        missed += (targets[row] - guessed[row] / guesses[row]) ** 2;
        all += (targets[row] - mean) ** 2;
      }
    return {
      shares: sums.map((sum) => sum / trees),
      explained: all > 0 ? Math.max(0, 1 - missed / all) : 0,
      trees,
    };
  };
  return { step, result };
}

/** The shares at once, for where nobody waits. */
export function importanceOf(values, rows, cost, next, trees = 24) {
  const forest = forestOf(values, rows, cost, next);
  for (let tree = 0; tree < trees; tree += 1) forest.step();
  return forest.result();
}
