// What a Gaussian process believes of errors on a line of rates, and where the next trial promises most.

/** The Matern kernel with 2.5, of the distance in length scales. */
function matern(distance) {
  const r = Math.sqrt(5) * distance;
  return (1 + r + (r * r) / 3) * Math.exp(-r);
}

/** The lower triangle L of a positive definite matrix A = L L', by rows. */
function cholesky(matrix) {
  const lower = matrix.map((row) => row.map(() => 0));
  matrix.forEach((row, i) => {
    for (let j = 0; j <= i; j += 1) {
      let rest = row[j];
      for (let k = 0; k < j; k += 1) rest -= lower[i][k] * lower[j][k];
      lower[i][j] = i === j ? Math.sqrt(rest) : rest / lower[j][j];
    }
  });
  return lower;
}

/** Solve L x = b. */
function forward(lower, b) {
  const x = [];
  lower.forEach((row, i) => {
    let rest = b[i];
    for (let k = 0; k < i; k += 1) rest -= row[k] * x[k];
    x.push(rest / row[i]);
  });
  return x;
}

/** Mean and standard deviation at each place, after what was seen at some of them. */
function posterior(places, tried, seen, { length_scale: scale, noise }) {
  const kernel = (a, b) => matern(Math.abs(a - b) / scale);
  const at = tried.map((i) => places[i]);
  const lower = cholesky(
    at.map((a, i) => at.map((b, j) => kernel(a, b) + (i === j ? noise * noise + 1e-6 : 0))),
  );
  const weights = forward(lower, seen);
  return places.map((place) => {
    const reach = forward(
      lower,
      at.map((a) => kernel(a, place)),
    );
    const mean = reach.reduce((sum, value, i) => sum + value * weights[i], 0);
    const variance = 1 - reach.reduce((sum, value) => sum + value * value, 0);
    return { mean, deviation: Math.sqrt(Math.max(variance, 0)) };
  });
}

/** The normal distribution function, by Abramowitz and Stegun 7.1.26: right to 1.5e-7. */
function normalCdf(z) {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const tail = series.reduce((sum, each) => (sum + each) * t, 0) * Math.exp(-x * x);
  return z < 0 ? tail / 2 : 1 - tail / 2;
}

export function expectedImprovement({ mean, deviation }, best, exploration) {
  const gain = best - exploration - mean;
  if (deviation === 0) return Math.max(gain, 0);
  const share = gain / deviation;
  return (
    gain * normalCdf(share) + (deviation * Math.exp((-share * share) / 2)) / Math.sqrt(2 * Math.PI)
  );
}

/** What is believed after these trials, and which comes next. */
export function belief(logs, tried, state) {
  const places = logs.map((_, i) => i / (logs.length - 1));
  const seen = tried.map((i) => logs[i]);
  const center = seen.reduce((sum, value) => sum + value, 0) / seen.length;
  const spread = seen.reduce((sum, value) => sum + (value - center) ** 2, 0) / seen.length;
  const scale = Math.max(Math.sqrt(spread), 1e-6);
  const standard = seen.map((value) => (value - center) / scale);
  const after = posterior(places, tried, standard, state);
  const improvement = after.map((each) =>
    expectedImprovement(each, Math.min(...standard), state.exploration),
  );
  let next = -1;
  improvement.forEach((value, i) => {
    if (!tried.includes(i) && (next < 0 || value > improvement[next])) next = i;
  });
  return { tried, center, scale, posterior: after, improvement, next };
}
