// The problem that is trained on: some of the images and classes, in coarser pixels, mislabelled.
import { LABELS, stream } from "./draws.js";

const SIDE = 28;

/** Grey levels averaged over squares of so many pixels a side. */
function coarser(image, side) {
  const width = SIDE / side;
  return Uint8Array.from({ length: width * width }, (_, i) => {
    const start = Math.floor(i / width) * side * SIDE + (i % width) * side;
    let sum = 0;
    for (let p = 0; p < side * side; p += 1)
      sum += image[start + Math.floor(p / side) * SIDE + (p % side)];
    return Math.round(sum / (side * side));
  });
}

function partOf({ images, labels }, { classes, width, noise, seed }, count) {
  const chosen = Array.from(labels.keys())
    .filter((i) => classes.includes(labels[i]))
    .slice(0, count);
  const part = {
    images: new Uint8Array(chosen.length * width * width),
    labels: new Uint8Array(chosen.length),
  };
  const next = stream(seed, 0, LABELS);
  chosen.forEach((i, place) => {
    const image = images.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE);
    part.images.set(width === SIDE ? image : coarser(image, SIDE / width), place * width * width);
    // A wrong label is drawn from all classes, as a careless labeller would.
    part.labels[place] =
      next() < noise ? Math.floor(next() * classes.length) : classes.indexOf(labels[i]);
  });
  return part;
}

/**
 * Make the training and held-out images of a problem: of these `classes`, `width` pixels wide
 * (28 or 14), at most `images` to train on, a share `noise` of whose labels is drawn anew.
 */
export function problemOf({ training, held_out }, { classes, width, images, noise, seed }) {
  return {
    training: partOf(training, { classes, width, noise, seed }, images),
    held_out: partOf(held_out, { classes, width, noise: 0, seed }, held_out.labels.length),
  };
}
