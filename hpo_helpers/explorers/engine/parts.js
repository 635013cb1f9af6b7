// What training needs and the page does not hold: the engine, its worker, the images. Loaded when
// a reader first asks, from a script beside the site's other ones, or from the kernel.
import { TrainingError } from "./errors.js";

const LOADED = Symbol.for("hpo_helpers.training_parts");
// Milliseconds that a kernel has to answer.
const PATIENCE = 20000;
const PIXELS = 28 * 28;

/** The parts as the site's script leaves them; a page from a folder can fetch nothing else. */
async function fromScript(address) {
  await new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = () => reject(new TrainingError("images", `${address} cannot be read`));
    document.head.append(script);
  });
  const parts = globalThis.trainingParts;
  delete globalThis.trainingParts;
  if (!parts) throw new TrainingError("images", `${address} does not run`);
  const bytes = async (name) =>
    (await fetch(`data:application/octet-stream;base64,${parts[name]}`)).arrayBuffer();
  return {
    ...parts,
    engine: await bytes("engine"),
    relaxed_engine: await bytes("relaxed_engine"),
    images: await bytes("images"),
  };
}

/** The parts as the kernel sends them, for the asking. */
function fromKernel(model) {
  return new Promise((resolve, reject) => {
    const listen = (content, buffers) => {
      if (content.kind !== "training_parts") return;
      model.off("msg:custom", listen);
      // A kernel's bytes come as views, which WebAssembly does not take.
      const [engine, relaxed_engine, images] = buffers.map(({ buffer, byteOffset, byteLength }) =>
        buffer.slice(byteOffset, byteOffset + byteLength),
      );
      resolve({ ...content, engine, relaxed_engine, images });
    };
    model.on("msg:custom", listen);
    model.send({ kind: "training_parts" });
    setTimeout(() => reject(new TrainingError("kernel")), PATIENCE);
  });
}

/** Unpack the images. Gzip keeps their length and a checksum, and the browser looks at both. */
async function unpacked(packed, { training, held_out }) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  if (bytes.length !== (training + held_out) * (PIXELS + 1))
    throw new RangeError(`${bytes.length} bytes`);
  const split = (start, count) => ({
    images: bytes.subarray(start, start + count * PIXELS),
    labels: bytes.subarray(start + count * PIXELS, start + count * (PIXELS + 1)),
  });
  return { training: split(0, training), held_out: split(training * (PIXELS + 1), held_out) };
}

async function load(model) {
  const host = document.querySelector('script[src*="/explorers.js"]');
  const parts = host
    ? await fromScript(new URL("training_parts.js", host.src))
    : await fromKernel(model);
  const images = await unpacked(parts.images, parts.counts).catch((error) => {
    throw new TrainingError("images", error);
  });
  const bytes = WebAssembly.validate(parts.relaxed_engine) ? parts.relaxed_engine : parts.engine;
  return { bytes, images, worker: parts.worker };
}

/** Load the parts, once a page; what failed is tried again at the next call. */
export function loadParts(model) {
  globalThis[LOADED] ??= load(model).catch((error) => {
    delete globalThis[LOADED];
    throw error instanceof TrainingError ? error : new TrainingError("images", error);
  });
  return globalThis[LOADED];
}
