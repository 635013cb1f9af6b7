// Why the page cannot train, in a word for the program and a sentence for the reader.

const REASONS = {
  simd: "This browser cannot run the engine: it lacks WebAssembly with SIMD",
  browser: "This browser is too old to unpack the images",
  workers: "This browser does not let the page train in the background",
  memory: "There is not enough memory to train these networks",
  images: "The file with the images is missing or damaged",
  kernel: "No kernel sends the images",
  engine: "The engine stopped with an error",
  cancelled: "The training was stopped",
};

/** A training that did not come about, with its `code` and a `message` for the reader. */
export class TrainingError extends Error {
  constructor(code, detail = "") {
    super(`${REASONS[code]}, so the recorded trials stay.`);
    this.name = "TrainingError";
    this.code = code;
    this.detail = String(detail);
  }
}
