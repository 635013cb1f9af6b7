// What a training draws from its seed: first weights, the order of the images, label noise.

// What a stream of numbers is for, beside the seed and the number of the network or the epoch.
export const WEIGHTS = 1,
  BATCHES = 2,
  LABELS = 3;

/**
 * Return a generator of numbers in [0, 1): sfc32 by C. Doty-Humphrey, whose 128 bits keep the
 * streams of many networks apart.
 */
export function stream(seed, number, purpose) {
  let [a, b, c, counter] = [seed | 0, number | 0, purpose | 0, 1];
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  // The first numbers still show what they were made from.
  for (let i = 0; i < 15; i += 1) next();
  return next;
}

/** The whole numbers below `count` in an order drawn by a generator: Fisher and Yates. */
export function shuffled(next, count) {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = Math.floor(next() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/** He initialization: normal with standard deviation sqrt(2 / fan in), by Box and Muller. */
export function firstWeights(next, fanIn, fanOut) {
  const weights = new Float32Array(fanIn * fanOut);
  const deviation = Math.sqrt(2 / fanIn);
  for (let i = 0; i < weights.length; i += 2) {
    // From 1 down, for the logarithm of 0 is none.
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    weights[i] = radius * Math.cos(angle);
    weights[i + 1] = radius * Math.sin(angle);
  }
  return weights;
}
