// Training in the reader's browser: what an explorer asks for, and what it is told of it.
import { TrainingError } from "./errors.js";
import { createTeam } from "./team.js";

// Milliseconds after a training until its workers go, and their memory with them.
const IDLE = 30000;
// The smallest module with an instruction of SIMD: (func (drop (i8x16.splat (i32.const 0)))).
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26,
  11,
];
const DEFAULTS = {
  hidden: [],
  epochs: 8,
  batch_size: 16,
  schedule: "constant",
  seed: 0,
  stops: [],
  classes: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  width: 28,
  images: 2000,
  noise: 0,
};

/** Return why this browser cannot train, as a `TrainingError`; null where it can. */
export function hindrance() {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(new Uint8Array(SIMD)))
    return new TrainingError("simd");
  if (typeof DecompressionStream !== "function") return new TrainingError("browser");
  if (typeof Worker !== "function") return new TrainingError("workers");
  return null;
}

/** Fill in what a request leaves out; refuse what could not be trained. */
function completed(request) {
  const all = { ...DEFAULTS, ...request };
  const networks = all.networks.map((each, number) => ({ weight_decay: 0, ...each, number }));
  const refuse = (name, value, expected) => {
    throw new RangeError(`${name} is ${JSON.stringify(value)}; expected ${expected}`);
  };
  for (const name of Object.keys(request)) {
    if (!(name in DEFAULTS || ["networks", "choose"].includes(name)))
      refuse("the request", name, `one of ${Object.keys(DEFAULTS)}`);
  }
  if (!networks.length) refuse("networks", networks, "at least one");
  for (const name of ["learning_rate", "weight_decay"]) {
    for (const each of networks)
      if (!(Number.isFinite(each[name]) && each[name] >= 0))
        refuse(name, each[name], "a number from 0");
  }
  for (const name of ["epochs", "batch_size", "images"]) {
    if (!(Number.isInteger(all[name]) && all[name] > 0))
      refuse(name, all[name], "a whole number from 1");
  }
  if (!all.hidden.every((units) => Number.isInteger(units) && units > 0) || all.hidden.length > 7) {
    refuse("hidden", all.hidden, "up to seven whole numbers from 1");
  }
  if (all.stops.length && typeof all.choose !== "function")
    refuse("choose", all.choose, "a function, for there are stops");
  if (!["constant", "linear", "cosine"].includes(all.schedule))
    refuse("schedule", all.schedule, "constant, linear or cosine");
  if (![28, 14].includes(all.width)) refuse("width", all.width, "28 or 14");
  if (all.classes.length < 2) refuse("classes", all.classes, "two or more of 0 to 9");
  return { ...all, networks, sizes: [all.width ** 2, ...all.hidden, all.classes.length] };
}

/**
 * Return what trains networks for an explorer. Nothing is loaded before it is asked to.
 *
 * `train(request, report)` returns a promise of `{ curves, milliseconds }`: `curves[k][e]` is the
 * error of network k on held-out images after epoch e + 1, NaN if it has diverged or was not
 * trained for so long. `report({ epoch, numbers, errors })` comes after each epoch of some of the
 * networks. A request names its `networks`, each with a `learning_rate` and perhaps a
 * `weight_decay`, and what differs from DEFAULTS. After the epochs in `stops`, only the networks
 * go on whose numbers `choose({ epoch, numbers, errors })` returns.
 *
 * A new request stops the former one, whose promise is then rejected with the code "cancelled";
 * so does `cancel()`. `prepare()` loads and warms up, so that the next training begins at once.
 * `close()` ends all. What goes wrong is a `TrainingError`; a faulty request a `RangeError`.
 */
export function createTrainer(
  model,
  { cores = navigator.hardwareConcurrency || 2, idle = IDLE } = {},
) {
  let [runs, current, timer] = [0, null, null];
  const team = createTeam(model, (message) => current?.hear(message));

  function rest() {
    clearTimeout(timer);
    timer = setTimeout(team.dismiss, idle);
  }

  function stop(error) {
    const stopped = current;
    current = null;
    team.tell({ kind: "cancel" });
    stopped?.reject(error);
  }

  /** Train these networks from epoch `first` up to `last`; return them with their parameters. */
  async function stretch(run, networks, request, { first, last, returned, report }) {
    const workers = await team.assemble(Math.min(cores, networks.length));
    if (current !== run) return [];
    runs += 1;
    const number = runs;
    const trained = [];
    return new Promise((resolve) => {
      let left = workers.length;
      run.hear = (message) => {
        if (message.kind === "failed" && (message.run ?? number) === number)
          run.fail(new TrainingError(message.code, message.detail));
        if (message.run !== number) return;
        if (message.kind === "epoch") report(message);
        if (message.kind === "done") {
          trained.push(...message.networks);
          left -= 1;
          if (left === 0) resolve(trained);
        }
      };
      for (const [i, worker] of workers.entries()) {
        const share = networks.filter((_, place) => place % workers.length === i);
        const asked = { ...request, first, last, returned, networks: share };
        worker.postMessage({ kind: "train", run: number, request: asked });
      }
    });
  }

  /** Train from stop to stop; between them, some networks are left behind. */
  async function trained(run, { stops, choose, ...request }, told) {
    const start = performance.now();
    const { epochs } = request;
    const curves = request.networks.map(() => new Float32Array(epochs).fill(NaN));
    const report = ({ epoch, numbers, errors }) => {
      numbers.forEach((number, i) => {
        curves[number][epoch] = errors[i];
      });
      told?.({ epoch: epoch + 1, numbers, errors });
    };
    let [networks, first] = [request.networks, 0];
    for (const last of [...stops.filter((stop) => stop < epochs), epochs]) {
      const returned = last < epochs;
      const states = await stretch(run, networks, request, { first, last, returned, report });
      if (!returned || current !== run) break;
      const numbers = networks.map(({ number }) => number);
      const kept = new Set(
        choose({ epoch: last, numbers, errors: numbers.map((number) => curves[number][last - 1]) }),
      );
      const parametersOf = new Map(states.map(({ number, parameters }) => [number, parameters]));
      networks = networks
        .filter(({ number }) => kept.has(number))
        .map((each) => ({ ...each, parameters: parametersOf.get(each.number) }));
      if (!networks.length) break;
      first = last;
    }
    return { curves, milliseconds: performance.now() - start };
  }

  async function train(request, report = null) {
    const all = completed(request);
    const hindered = hindrance();
    if (hindered) throw hindered;
    stop(new TrainingError("cancelled"));
    clearTimeout(timer);
    return new Promise((resolve, reject) => {
      const run = { reject, hear() {} };
      run.fail = (error) => {
        if (current !== run) return;
        stop(error);
        team.dismiss();
      };
      current = run;
      trained(run, all, report).then((result) => {
        if (current !== run) return;
        current = null;
        rest();
        resolve(result);
      }, run.fail);
    });
  }

  return {
    train,
    async prepare() {
      const hindered = hindrance();
      if (hindered) throw hindered;
      await team.assemble(cores);
      if (!current) rest();
    },
    cancel() {
      stop(new TrainingError("cancelled"));
      rest();
    },
    close() {
      stop(new TrainingError("cancelled"));
      clearTimeout(timer);
      team.dismiss();
    },
  };
}
