// How the range, the scale and the number of trials decide what a random search finds.

/** The recorded errors of one batch size after so many epochs, by learning rate. */
function responseOf({ rates, batch_sizes, epochs_recorded, images, wrong }, batchSize, epochs) {
  const start = (batch_sizes.indexOf(batchSize) * epochs_recorded + epochs - 1) * rates.length;
  return rates.map((_, i) => wrong[start + i] / images);
}

function drawRates({ low, high, scale, trials, seed }) {
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
  const limit = [...response].sort((a, b) => a - b)[Math.ceil(response.length / 20) - 1];
  return response.map((error) => error <= limit);
}

/** The chance that one draw is answered by a good rate. */
function chanceOfOne(rates, good, { low, high, scale }) {
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
    best: trials[best],
    hits: trials.filter((trial) => trial.good).length,
    chance: 1 - (1 - one) ** trials.length,
  };
}

function inWords(result, state) {
  const { best, hits, chance } = result;
  return `Best validation error ${best.error.toFixed(3)}, at a learning rate of ${sayRate(best.rate)}. `
    + `${hits} of ${state.trials} trials fell among the best 5 % of all recorded rates. `
    + `The chance that ${state.trials} such trials reach them is ${chance.toFixed(2)}.`;
}

const WIDTH = 640, HEIGHT = 300, LEFT = 56, RIGHT = 18, TOP = 10, BOTTOM = 44;
const EXPONENTS = [-6, 1];

function draw(canvas, recorded, state, result) {
  const x = linear(EXPONENTS, [LEFT, WIDTH - RIGHT]);
  const y = linear([0, 1], [HEIGHT - BOTTOM, TOP]);
  const at = (rate) => x(Math.log10(rate));
  const points = result.response.map((error, i) => `${at(recorded.rates[i])},${y(error)}`);
  canvas.replaceChildren(
    svg("rect", { class: "searched", x: at(state.low), y: TOP,
      width: Math.max(1, at(state.high) - at(state.low)), height: HEIGHT - BOTTOM - TOP }),
    ...result.good.flatMap((good, i) => good
      ? [svg("rect", { class: "good", x: at(recorded.rates[i]) - 2, y: HEIGHT - BOTTOM - 6, width: 4, height: 6 })]
      : []),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((error) => [
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(error), y2: y(error) }),
      svg("text", { x: LEFT - 8, y: y(error) + 5, "text-anchor": "end" }, String(error))]),
    ...[-6, -5, -4, -3, -2, -1, 0, 1].map((exponent) =>
      svg("text", { x: x(exponent), y: HEIGHT - BOTTOM + 20, "text-anchor": "middle" },
        exponent < -3 ? `1e${exponent}` : String(10 ** exponent))),
    svg("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, "learning rate"),
    svg("polyline", { class: "response", points: points.join(" ") }),
    ...result.trials.map(({ rate, error }) => svg("circle", { class: "trial", cx: at(rate), cy: y(error), r: 5 })),
    svg("circle", { class: "incumbent", cx: at(result.best.rate), cy: y(result.best.error), r: 8 }),
  );
}

const KNOBS = ["learning_rate_range", "scale", "trials", "seed", "epochs", "batch_size"];

function stateOf(model) {
  const [low, high] = model.get("learning_rate_range");
  return { ...traits(model, KNOBS), low, high };
}

function render({ model, el }) {
  const { buffer, byteOffset, byteLength } = model.get("wrong");
  const recorded = {
    ...traits(model, ["rates", "batch_sizes", "epochs_recorded", "images"]),
    wrong: new Uint16Array(buffer.slice(byteOffset, byteOffset + byteLength)),
  };
  const first = traits(model, KNOBS);
  const set = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const range = () => model.get("learning_rate_range");
  const exponent = (rate) => Math.round(Math.log10(rate) * 20) / 20;
  const say = (e) => sayRate(10 ** e);
  const knobs = {
    low: slider({ label: "lowest learning rate", min: -6, max: 1, step: 0.05, value: exponent(range()[0]), say,
      change: (e) => set({ learning_rate_range: [10 ** e, Math.max(10 ** e, range()[1])] }) }),
    high: slider({ label: "highest learning rate", min: -6, max: 1, step: 0.05, value: exponent(range()[1]), say,
      change: (e) => set({ learning_rate_range: [Math.min(10 ** e, range()[0]), 10 ** e] }) }),
    trials: slider({ label: "trials", min: 1, max: 100, step: 1, value: model.get("trials"), say: String,
      change: (n) => set({ trials: n }) }),
    epochs: slider({ label: "epochs", min: 1, max: recorded.epochs_recorded, step: 1, value: model.get("epochs"),
      say: String, change: (n) => set({ epochs: n }) }),
    batch_size: select({ label: "batch size", options: recorded.batch_sizes, value: model.get("batch_size"),
      change: (size) => set({ batch_size: size }) }),
    scale: select({ label: "scale of the draw", options: ["log", "linear"], value: model.get("scale"),
      change: (scale) => set({ scale }) }),
  };
  const canvas = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
    "aria-label": "Validation error against learning rate: the recorded response, the trials, the incumbent" });
  const words = html("p", { class: "words", "aria-live": "polite" });
  const update = () => {
    const state = stateOf(model);
    const result = search(recorded, state);
    draw(canvas, recorded, state, result);
    words.textContent = inWords(result, state);
    knobs.low.show(exponent(state.low));
    knobs.high.show(exponent(state.high));
    for (const name of ["trials", "epochs", "batch_size", "scale"]) knobs[name].show(state[name]);
  };
  for (const name of KNOBS) model.on(`change:${name}`, update);
  el.replaceChildren(html("div", { class: "explorer" }, canvas, words,
    html("div", { class: "knobs" }, ...Object.values(knobs).map((knob) => knob.element)),
    html("div", { class: "buttons" },
      html("button", { type: "button", onclick: () => set({ seed: model.get("seed") + 1 }) }, "Draw again"),
      html("button", { type: "button", onclick: () => set(first) }, "Back to the start"))));
  update();
  return () => { for (const name of KNOBS) model.off(`change:${name}`, update); };
}

export { search };
export default { render };
