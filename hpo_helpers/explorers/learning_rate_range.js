// How the range, the scale and the number of trials decide what a random search finds.

function recordedOf(model) {
  return {
    ...traits(model, ["rates", "batch_sizes", "epochs_recorded", "images"]),
    wrong: bytesOf(model, "wrong", Uint16Array),
  };
}

/** The recorded errors of one batch size after so many epochs, by learning rate. */
function responseOf({ rates, batch_sizes, epochs_recorded, images, wrong }, batchSize, epochs) {
  const start = (batch_sizes.indexOf(batchSize) * epochs_recorded + epochs - 1) * rates.length;
  return rates.map((_, i) => wrong[start + i] / images);
}

function drawRates({ learning_rate_range: [low, high], scale, trials, seed }) {
  const next = generator(seed);
  return Array.from({ length: trials }, () => {
    const share = next();
    return scale === "log" ? low * (high / low) ** share : low + (high - low) * share;
  });
}

/** The recorded rate that answers for this one: the nearest on the logarithmic axis. */
function nearest(rates, rate) {
  const [first, last] = [Math.log(rates[0]), Math.log(rates[rates.length - 1])];
  const place = ((Math.log(rate) - first) / (last - first)) * (rates.length - 1);
  return Math.min(rates.length - 1, Math.max(0, Math.round(place)));
}

/** The best twentieth of the recorded rates, as a list of booleans. */
function goodRates(response) {
  const limit = [...response].sort((a, b) => a - b)[Math.round(response.length / 20) - 1];
  return response.map((error) => error <= limit);
}

/** The chance that one draw is answered by a good rate. */
function chanceOfOne(rates, good, { learning_rate_range: [low, high], scale }) {
  const half = Math.sqrt(rates[1] / rates[0]);
  const measure = (a, b) => (scale === "log" ? Math.log(b / a) : b - a);
  let sum = 0;
  rates.forEach((rate, i) => {
    const a = Math.max(low, i === 0 ? 0 : rate / half);
    const b = Math.min(high, i === rates.length - 1 ? Infinity : rate * half);
    if (good[i] && b > a) sum += measure(a, b);
  });
  return high > low ? sum / measure(low, high) : Number(good[nearest(rates, low)]);
}

/** All that the explorer shows, from its state. */
function search(recorded, state) {
  const response = responseOf(recorded, state.batch_size, state.epochs);
  const good = goodRates(response);
  const trials = drawRates(state).map((rate) => {
    const row = nearest(recorded.rates, rate);
    return { rate, error: response[row], good: good[row] };
  });
  let best = 0;
  const incumbent = trials.map(({ error }, i) => {
    if (error < trials[best].error) best = i;
    return trials[best].error;
  });
  const one = chanceOfOne(recorded.rates, good, state);
  return {
    response, good, trials, incumbent,
    best: { ...trials[best], number: best + 1 },
    hits: trials.filter((trial) => trial.good).length,
    one,
    chance: 1 - (1 - one) ** trials.length,
  };
}

function inWords({ best, hits, one, chance }, { trials }) {
  return `Best validation error ${best.error.toFixed(3)}, at a learning rate of ${sayRate(best.rate)}, `
    + `found by trial ${best.number} of ${trials}. ${hits} of ${trials} trials, a share of `
    + `${(hits / trials).toFixed(2)}, fell among the best 5 % of all recorded rates. One trial reaches them `
    + `with probability ${one.toFixed(2)}, at least one of ${trials} with ${chance.toFixed(2)}.`;
}

const RATES = [-6, -5, -4, -3, -2, -1, 0, 1];
// On a logarithmic scale, for what matters in a search happens among the low errors.
const ERRORS = [0.15, 0.2, 0.3, 0.5, 0.9].map((error) => [error, String(error)]);
const onLog = (plot) => ({ ...plot, y: (error) => plot.y(Math.log(error)) });

function drawResponse(plot, recorded, { learning_rate_range: [low, high] }, result) {
  const at = (rate) => plot.x(Math.log10(rate));
  const { area, y } = plot;
  const points = result.response.map((error, i) => `${at(recorded.rates[i])},${y(error)}`);
  plot.element.replaceChildren(
    svg("rect", { class: "searched", x: at(low), y: area.top,
      width: Math.max(1, at(high) - at(low)), height: area.bottom - area.top }),
    ...recorded.rates.filter((_, i) => result.good[i]).map((rate) =>
      svg("rect", { class: "good", x: at(rate) - 2, y: area.bottom - 6, width: 4, height: 6 })),
    ...axes(plot, { xTicks: RATES.map((e) => [e, e < -3 ? `1e${e}` : String(10 ** e)]), yTicks: ERRORS,
      xLabel: "learning rate", yLabel: "validation error" }),
    svg("polyline", { class: "response", points: points.join(" ") }),
    ...result.trials.map(({ rate, error }) => svg("circle", { class: "trial", cx: at(rate), cy: y(error), r: 5 })),
    svg("circle", { class: "incumbent", cx: at(result.best.rate), cy: y(result.best.error), r: 8 }),
  );
}

function drawIncumbent(plot, { trials, incumbent }) {
  const x = linear([0, trials.length], [plot.area.left, plot.area.right]);
  const steps = incumbent.map((error, i) => `${x(i)},${plot.y(error)} ${x(i + 1)},${plot.y(error)}`);
  plot.element.replaceChildren(
    ...axes({ ...plot, x }, { xTicks: [[0, "0"], [trials.length, String(trials.length)]],
      yTicks: ERRORS, xLabel: "trials" }),
    ...trials.map(({ error }, i) => svg("circle", { class: "trial", cx: x(i + 0.5), cy: plot.y(error), r: 3.5 })),
    svg("polyline", { class: "steps", points: steps.join(" ") }),
  );
}

const SETTINGS = ["learning_rate_range", "scale", "trials", "seed", "epochs", "batch_size"];

function render({ model, el }) {
  const recorded = recordedOf(model);
  const response = onLog(panel({ width: 420, height: 300, x: [-6, 1], y: [Math.log(0.14), 0], left: 64, class: "wide",
    label: "Validation error against learning rate: the recorded response, the trials, the incumbent" }));
  const incumbent = onLog(panel({ width: 206, height: 300, x: [0, 1], y: [Math.log(0.14), 0],
    label: "Validation error of the incumbent against the number of trials" }));
  const range = () => model.get("learning_rate_range");
  const exponent = (rate) => Math.round(Math.log10(rate) * 20) / 20;
  const rateOf = { min: -6, max: 1, step: 0.05, say: (e) => sayRate(10 ** e) };
  const knobs = (set) => Object.entries({
    learning_rate_range: [
      slider({ label: "lowest learning rate", ...rateOf, read: (state) => exponent(state.learning_rate_range[0]),
        change: (e) => set({ learning_rate_range: [10 ** e, Math.max(10 ** e, range()[1])] }) }),
      slider({ label: "highest learning rate", ...rateOf, read: (state) => exponent(state.learning_rate_range[1]),
        change: (e) => set({ learning_rate_range: [Math.min(10 ** e, range()[0]), 10 ** e] }) })],
    trials: [slider({ label: "trials", min: 1, max: 100, read: (state) => state.trials,
      change: (trials) => set({ trials }) })],
    epochs: [slider({ label: "epochs", min: 1, max: recorded.epochs_recorded, read: (state) => state.epochs,
      change: (epochs) => set({ epochs }) })],
    batch_size: [select({ label: "batch size", options: recorded.batch_sizes, read: (state) => state.batch_size,
      change: (size) => set({ batch_size: size }) })],
    scale: [select({ label: "scale of the draw", options: ["log", "linear"], read: (state) => state.scale,
      change: (scale) => set({ scale }) })],
  }).flatMap(([name, inputs]) => model.get("knobs").includes(name) ? inputs : []);
  const legend = [["response", "recorded trials"], ["searched", "range"], ["trial", "drawn"],
    ["incumbent", "incumbent, the best so far"], ["good", "best 5 % of all recorded rates"]];
  const redraw = (state) => {
    const result = search(recorded, state);
    drawResponse(response, recorded, state, result);
    drawIncumbent(incumbent, result);
    return inWords(result, state);
  };
  return explore({ model, el, settings: SETTINGS, panels: [response, incumbent], legend, knobs, redraw });
}

export { recordedOf, search };
export default { render };
