// The workers of a page: started when they are needed, told when it is hidden, sent away at last.
import { TrainingError } from "./errors.js";
import { loadParts } from "./parts.js";

/** Return an empty team; `hear` is told what its workers say of a training. */
export function createTeam(model, hear) {
  let workers = [];
  const tell = (message) => {
    for (const { worker } of workers) worker.postMessage(message);
  };
  const look = () => tell({ kind: document.hidden ? "pause" : "resume" });

  function hire({ bytes, images, worker: text }) {
    const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const worker = new Worker(address);
    const ready = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        URL.revokeObjectURL(address);
        if (data.kind === "ready") resolve();
        else if (data.run) hear(data);
        else reject(new TrainingError(data.code, data.detail));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new TrainingError("workers", event.message));
        hear({ kind: "failed", code: "workers", detail: event.message });
      };
    });
    worker.postMessage({ kind: "start", bytes, images });
    return { worker, ready };
  }

  function dismiss() {
    for (const { worker } of workers) worker.terminate();
    workers = [];
    document.removeEventListener("visibilitychange", look);
  }

  /** Return so many workers that are ready. */
  async function assemble(count) {
    const parts = await loadParts(model);
    try {
      while (workers.length < count) workers.push(hire(parts));
      document.addEventListener("visibilitychange", look);
      if (document.hidden) look();
      const chosen = workers.slice(0, count);
      await Promise.all(chosen.map(({ ready }) => ready));
      return chosen.map(({ worker }) => worker);
    } catch (error) {
      dismiss();
      throw error instanceof TrainingError ? error : new TrainingError("workers", error);
    }
  }

  return { assemble, dismiss, tell };
}
