// What a worker does: it trains its share of the networks, and hears of a change of mind at once.
import { problemOf } from "./problem.js";
import { startEngine, train } from "./stack.js";

// Milliseconds of training between two looks at the messages.
const SLICE = 8;
const WARM_UP = {
  sizes: [784, 10],
  batch_size: 16,
  epochs: 1,
  first: 0,
  last: 1,
  schedule: "constant",
  seed: 0,
};

// Compiled once, and kept: what the browser has made fast of it is kept with it.
let module, images;
// The number of the run that is asked for, and what lets a paused one go on.
let [asked, paused, resume] = [0, false, null];

/** Let waiting messages in: a timer would wait for longer than it takes. */
function breathe() {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
}

/** Run the first batches of the kernel, which the browser then compiles once more, to be fast. */
async function warmUp() {
  const part = { images: new Uint8Array(784 * 256), labels: new Uint8Array(256) };
  const networks = Array.from({ length: 8 }, (_, number) => ({
    number,
    learning_rate: 0,
    weight_decay: 0,
  }));
  const steps = train(
    await startEngine(module),
    { training: part, held_out: part },
    { ...WARM_UP, networks },
  );
  while (!steps.next().done);
}

async function run({ run: number, request }) {
  const engine = await startEngine(module);
  const steps = train(engine, problemOf(images, request), request);
  let until = performance.now() + SLICE;
  for (;;) {
    const { value, done } = steps.next();
    if (done) return postMessage({ kind: "done", run: number, networks: value });
    if (value) postMessage({ kind: "epoch", run: number, ...value });
    if (performance.now() < until) continue;
    await breathe();
    if (paused)
      await new Promise((resolve) => {
        resume = resolve;
      });
    if (asked !== number) return null;
    until = performance.now() + SLICE;
  }
}

const answers = {
  async start(given) {
    [module, images] = [await WebAssembly.compile(given.bytes), given.images];
    await warmUp();
    postMessage({ kind: "ready" });
  },
  async train(given) {
    asked = given.run;
    resume?.();
    await run(given);
  },
  cancel() {
    asked = 0;
    resume?.();
  },
  pause() {
    paused = true;
  },
  resume() {
    paused = false;
    resume?.();
  },
};

self.onmessage = async ({ data }) => {
  try {
    await answers[data.kind](data);
  } catch (error) {
    const code = error instanceof RangeError ? "memory" : "engine";
    postMessage({ kind: "failed", run: data.run, code, detail: String(error) });
  }
};
