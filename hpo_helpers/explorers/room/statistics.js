// The few statistics that the diagnosis needs.

/** The value that a share of sorted values lies below, between two of them if need be. */
export function quantileOf(sorted, share) {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

export const sortedNumbers = (values) => Float64Array.from(values).sort();

export function meanOf(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

export function varianceOf(values) {
  const mean = meanOf(values);
  let sum = 0;
  for (const value of values) sum += (value - mean) ** 2;
  return sum / (values.length - 1);
}

/** Logarithms of the factorials up to n. */
function logFactorials(n) {
  const logs = new Float64Array(n + 1);
  for (let i = 2; i <= n; i += 1) logs[i] = logs[i - 1] + Math.log(i);
  return logs;
}

/** The probability of at least so many hits in n draws, each a hit with this probability. */
export function binomialTail(hits, n, probability) {
  const logs = logFactorials(n);
  let sum = 0;
  for (let k = hits; k <= n; k += 1)
    sum += Math.exp(
      logs[n] -
        logs[k] -
        logs[n - k] +
        k * Math.log(probability) +
        (n - k) * Math.log1p(-probability),
    );
  return Math.min(1, sum);
}

/**
 * The probability that at least `both` of `marked` marked trials lie among `inside` of all `n`,
 * if it were by chance: Fisher's exact test, one-sided.
 */
export function hypergeometricTail(both, marked, inside, n) {
  const logs = logFactorials(n);
  const choose = (a, b) => logs[a] - logs[b] - logs[a - b];
  let sum = 0;
  for (let k = both; k <= Math.min(marked, inside); k += 1)
    if (inside - k <= n - marked)
      sum += Math.exp(choose(marked, k) + choose(n - marked, inside - k) - choose(n, inside));
  return Math.min(1, sum);
}

/** The ranks of numbers from 0, equal ones sharing their middle. */
export function ranksOf(values) {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]] === values[order[start]]) end += 1;
    for (let i = start; i < end; i += 1) ranks[order[i]] = (start + end - 1) / 2;
    start = end;
  }
  return ranks;
}

/** The correlation of two lists of numbers; 0 where one of them is constant. */
export function correlationOf(a, b) {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    ab += (a[i] - meanA) * (b[i] - meanB);
    aa += (a[i] - meanA) ** 2;
    bb += (b[i] - meanB) ** 2;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}
