// What a Gaussian process believes of the response, and where the next trial promises most.

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
  const lower = cholesky(at.map((a, i) =>
    at.map((b, j) => kernel(a, b) + (i === j ? noise * noise + 1e-6 : 0))));
  const weights = forward(lower, seen);
  return places.map((place) => {
    const reach = forward(lower, at.map((a) => kernel(a, place)));
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

function expectedImprovement({ mean, deviation }, best, exploration) {
  const gain = best - exploration - mean;
  if (deviation === 0) return Math.max(gain, 0);
  const share = gain / deviation;
  return gain * normalCdf(share) + (deviation * Math.exp((-share * share) / 2)) / Math.sqrt(2 * Math.PI);
}

/** What is believed after these trials, and which comes next. */
function believe(logs, tried, state) {
  const places = logs.map((_, i) => i / (logs.length - 1));
  const seen = tried.map((i) => logs[i]);
  const center = seen.reduce((sum, value) => sum + value, 0) / seen.length;
  const spread = seen.reduce((sum, value) => sum + (value - center) ** 2, 0) / seen.length;
  const scale = Math.max(Math.sqrt(spread), 1e-6);
  const standard = seen.map((value) => (value - center) / scale);
  const found = posterior(places, tried, standard, state);
  const improvement = found.map((each) => expectedImprovement(each, Math.min(...standard), state.exploration));
  let next = -1;
  improvement.forEach((value, i) => {
    if (!tried.includes(i) && (next < 0 || value > improvement[next])) next = i;
  });
  return { tried, center, scale, posterior: found, improvement, next };
}

/** What is believed after the first two trials, and after each that follows. */
function steps(recorded, state) {
  const size = recorded.rates.length;
  const logs = Array.from(recorded.wrong, (count) => Math.log(count / recorded.images));
  const number = generator(state.seed);
  let tried = [number(), number()].map((share) => Math.min(size - 1, Math.floor(share * size)));
  const found = [believe(logs, tried, state)];
  while (tried.length < state.trials) {
    tried = [...tried, found[found.length - 1].next];
    found.push(believe(logs, tried, state));
  }
  return found;
}

function recordedOf(model) {
  return { ...traits(model, ["rates", "images"]), wrong: bytesOf(model, "wrong", Uint16Array) };
}

function inWords({ rates, wrong, images }, { tried, next }) {
  const errors = tried.map((i) => wrong[i] / images);
  const best = errors.indexOf(Math.min(...errors));
  const lowest = Math.min(...wrong) / images;
  return `After ${tried.length} trials the incumbent has a validation error of ${errors[best].toFixed(3)}, at a `
    + `learning rate of ${sayRate(rates[tried[best]])}. The lowest recorded error is ${lowest.toFixed(3)}. `
    + `The next trial is at ${sayRate(rates[next])}, ${wrong[next] < wrong[tried[best]] ? "and will" : "and will not"} `
    + "improve on it.";
}

const RATES = [-6, -5, -4, -3, -2, -1, 0, 1].map((e) => [e, e < -3 ? `1e${e}` : String(10 ** e)]);
const ERRORS = [0.1, 0.2, 0.5, 1].map((error) => [Math.log(error), String(error)]);

function drawBelief(plot, { rates, wrong, images }, { tried, next, center, scale, posterior: found }) {
  const { x, y, area, element } = plot;
  const at = (i) => x(Math.log10(rates[i])).toFixed(1);
  const bound = (value) => Math.min(area.bottom, Math.max(area.top, y(center + scale * value))).toFixed(1);
  const line = (value) => found.map((each, i) => `${at(i)},${bound(value(each))}`);
  const upper = line(({ mean, deviation }) => mean + 2 * deviation);
  const lower = line(({ mean, deviation }) => mean - 2 * deviation).reverse();
  const error = (i) => y(Math.log(wrong[i] / images));
  element.replaceChildren(
    svg("polygon", { class: "band", points: [...upper, ...lower].join(" ") }),
    ...axes(plot, { xTicks: RATES, yTicks: ERRORS, xLabel: "", yLabel: "validation error" }),
    svg("polyline", { class: "response", points: rates.map((_, i) => `${at(i)},${error(i).toFixed(1)}`).join(" ") }),
    svg("polyline", { class: "belief", points: line(({ mean }) => mean).join(" ") }),
    svg("line", { class: "next", x1: at(next), x2: at(next), y1: area.top, y2: area.bottom }),
    ...tried.map((i, place) => svg("circle", { class: place < 2 ? "trial first" : "trial", cx: at(i), cy: error(i), r: 6 })),
  );
}

function drawImprovement(plot, { rates }, { next, improvement }) {
  const { x, y, area, element } = plot;
  const tallest = Math.max(...improvement, 1e-12);
  const at = (i) => x(Math.log10(rates[i])).toFixed(1);
  const points = improvement.map((value, i) => `${at(i)},${y(value / tallest).toFixed(1)}`);
  element.replaceChildren(
    ...axes(plot, { xTicks: RATES, yTicks: [[0, "0"], [1, tallest < 0.001 ? "<0.001" : tallest.toFixed(3)]],
      xLabel: "learning rate", yLabel: "" }),
    svg("text", { class: "title", x: area.left + 6, y: 14 }, "expected improvement"),
    svg("polyline", { class: "improvement", points: points.join(" ") }),
    svg("line", { class: "next", x1: at(next), x2: at(next), y1: area.top, y2: area.bottom }),
  );
}

const SETTINGS = ["trials", "length_scale", "noise", "exploration", "seed"];

function render({ model, el }) {
  const recorded = recordedOf(model);
  const panels = [
    panel({ width: 640, height: 290, x: [-6, 1], y: [Math.log(0.08), Math.log(1.6)], left: 64, bottom: 30, class: "full",
      label: "The posterior of the validation error over the learning rate, the trials, and the next one" }),
    panel({ width: 640, height: 130, x: [-6, 1], y: [0, 1], left: 64, top: 22, class: "full",
      label: "Expected improvement over the learning rate" })];
  const hundredths = (value) => value.toFixed(2);
  const knobs = (set) => [
    slider({ label: "trials", min: 2, max: 15, read: (state) => state.trials, change: (trials) => set({ trials }) }),
    slider({ label: "length scale", min: 0.02, max: 1, step: 0.01, say: hundredths,
      read: (state) => state.length_scale, change: (scale) => set({ length_scale: scale }) }),
    slider({ label: "noise", min: 0, max: 1, step: 0.05, say: hundredths, read: (state) => state.noise,
      change: (noise) => set({ noise }) }),
    slider({ label: "exploration", min: 0, max: 2, step: 0.05, say: hundredths, read: (state) => state.exploration,
      change: (exploration) => set({ exploration }) })];
  const legend = [["response", "recorded, and unknown to the search"], ["belief", "posterior mean"],
    ["band", "± two standard deviations"], ["trial first", "random trial"], ["trial", "trial chosen by the search"],
    ["next", "next trial"]];
  const redraw = (state) => {
    const found = steps(recorded, state);
    const belief = found[found.length - 1];
    drawBelief(panels[0], recorded, belief);
    drawImprovement(panels[1], recorded, belief);
    return inWords(recorded, belief);
  };
  return explore({ model, el, settings: SETTINGS, panels, legend, knobs, redraw });
}

export { recordedOf, steps };
export default { render };
