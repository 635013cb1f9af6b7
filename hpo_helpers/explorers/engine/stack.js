// Training in the memory of the engine: stacks of networks, epoch by epoch.
import { BATCHES, firstWeights, shuffled, stream, WEIGHTS } from "./draws.js";

// Bytes of weights in a stack: what the second cache level of a common core holds.
const CACHE = 3 * 2 ** 19;
// What the learning rates are multiplied by, from the share of the updates that are done.
export const SCHEDULES = {
  constant: () => 1,
  linear: (done) => 1 - done,
  cosine: (done) => (1 + Math.cos(Math.PI * done)) / 2,
};

/** Start a compiled engine, with a memory of its own. */
export async function startEngine(module) {
  return (await WebAssembly.instantiate(module)).exports;
}

/** Refuse the address that the engine gives where there is no more memory. */
function taken(address) {
  if (!address) throw new RangeError("memory");
  return address;
}

/** Copy an array into the memory of the engine; return where it lies. */
function place(engine, array) {
  const address = taken(engine.take(array.byteLength));
  // Made anew each time: a memory that grows leaves its former buffer behind.
  new array.constructor(engine.memory.buffer, address, array.length).set(array);
  return address;
}

/** Place images, and an order to go through all of them. */
function placePart(engine, { images, labels }) {
  const all = Int32Array.from(labels, (_, i) => i);
  return {
    count: labels.length,
    images: place(engine, images),
    labels: place(engine, labels),
    order: place(engine, all),
  };
}

const floats = (engine, address, length) => new Float32Array(engine.memory.buffer, address, length);

/** First parameters of a network: He initialization, and biases of zero. */
function firstParameters(sizes, seed, number) {
  const next = stream(seed, number, WEIGHTS);
  return sizes
    .slice(1)
    .flatMap((fanOut, layer) => [
      firstWeights(next, sizes[layer], fanOut),
      new Float32Array(fanOut),
    ]);
}

/** Where the parameters of the network in this place of a stack lie, in their order. */
function partsOf(engine, { address, sizes }, place) {
  return sizes.slice(1).flatMap((width, layer) => {
    const [pitch, columns] = [engine.pitch(address, layer), engine.columns(address, layer)];
    const part = (start, rows) => ({
      rows,
      width,
      columns,
      numbers: floats(engine, start + 4 * place * pitch, (rows - 1) * columns + width),
    });
    return [
      part(engine.weights(address, layer), sizes[layer]),
      part(engine.biases(address, layer), 1),
    ];
  });
}

/** Copy number by number: to make an array of each short row would take longer. */
function setParameters(engine, stack, place, parameters) {
  for (const [at, { rows, width, columns, numbers }] of partsOf(engine, stack, place).entries()) {
    for (let i = 0; i < rows; i += 1)
      for (let j = 0; j < width; j += 1) numbers[i * columns + j] = parameters[at][i * width + j];
  }
}

function parametersOf(engine, stack, place) {
  return partsOf(engine, stack, place).map(({ rows, width, columns, numbers }) =>
    Float32Array.from(
      { length: rows * width },
      (_, n) => numbers[Math.floor(n / width) * columns + (n % width)],
    ),
  );
}

/** Networks of one shape side by side, each with its own learning rate and weight decay. */
function createStack(engine, networks, { sizes, batch_size }) {
  const address = taken(
    engine.create(
      networks.length,
      sizes.length - 1,
      place(engine, Int32Array.from(sizes)),
      batch_size,
    ),
  );
  floats(engine, engine.rates(address), networks.length).set(
    networks.map((each) => each.learning_rate),
  );
  floats(engine, engine.decays(address), networks.length).set(
    networks.map((each) => each.weight_decay),
  );
  return { address, sizes, networks, wrong: taken(engine.take(4 * networks.length)) };
}

/** Divide the networks into stacks that fit the cache, and give each its first parameters. */
function createStacks(engine, request) {
  const { sizes, networks, seed } = request;
  const bytes = sizes.slice(1).reduce((sum, fanOut, layer) => sum + 4 * sizes[layer] * fanOut, 0);
  const size = Math.max(1, Math.floor(CACHE / bytes));
  const stacks = Array.from({ length: Math.ceil(networks.length / size) }, (_, i) =>
    createStack(engine, networks.slice(i * size, (i + 1) * size), request),
  );
  // Only when there is room for all: to draw the numbers takes time.
  for (const stack of stacks) {
    for (const [place, { number, parameters }] of stack.networks.entries()) {
      const first = parameters ?? firstParameters(sizes, seed, number);
      setParameters(engine, stack, place, first);
    }
  }
  return stacks;
}

/** The share of held-out images that each network of a stack takes for another class. */
function errorsOf(engine, { address, networks, wrong }, { images, labels, order, count }) {
  engine.measure(address, images, labels, order, count, wrong);
  const counts = new Int32Array(engine.memory.buffer, wrong, networks.length);
  return Float32Array.from(counts, (each) => (each < 0 ? NaN : each / count));
}

/**
 * Train networks. Yields nothing after each update, so that who asks can see to other things,
 * and `{ epoch, numbers, errors }` when a stack has been through the images; returns the
 * parameters of all networks where they are `returned`, to go on from.
 *
 * `networks` have a number, a learning rate, a weight decay and, where they go on, their
 * parameters. `sizes` are the units of each layer, from the inputs to the classes. They are
 * trained from epoch `first` up to `last`, counted from 0, of `epochs` that the `schedule` of the
 * learning rates runs over. `seed` draws what is not given: the first parameters, and the order
 * of the images (`orders`, one an epoch). All networks see the same batches, of which the last is
 * smaller where the sizes do not divide.
 */
export function* train(engine, { training, held_out }, request) {
  const { batch_size, epochs, first, last, schedule, seed, orders, returned } = request;
  const [images, measured] = [training, held_out].map((part) => placePart(engine, part));
  const stacks = createStacks(engine, request);
  const updates = Math.ceil(images.count / batch_size);
  for (let epoch = first; epoch < last; epoch += 1) {
    const order = orders?.[epoch] ?? shuffled(stream(seed, epoch, BATCHES), images.count);
    new Int32Array(engine.memory.buffer, images.order, images.count).set(order);
    for (const stack of stacks) {
      for (let update = 0; update < updates; update += 1) {
        const start = update * batch_size;
        const factor = SCHEDULES[schedule]((epoch + update / updates) / epochs);
        engine.step(
          stack.address,
          images.images,
          images.labels,
          images.order + 4 * start,
          Math.min(batch_size, images.count - start),
          factor,
        );
        yield null;
      }
      const numbers = stack.networks.map(({ number }) => number);
      yield { epoch, numbers, errors: errorsOf(engine, stack, measured) };
    }
  }
  if (!returned) return [];
  return stacks.flatMap((stack) =>
    stack.networks.map(({ number }, k) => ({ number, parameters: parametersOf(engine, stack, k) })),
  );
}
