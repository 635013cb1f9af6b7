// Recorded trials or trials trained here: what every explorer that trains has in common.

import { createTrainer, hindrance } from "./engine/trainer.js";
import { button, html, set, settings } from "./shared.js";

// Milliseconds for which an epoch is shown at least, for an eye to follow, and from one sentence
// of the status to the next, for an ear.
const [EPOCH_SHOWN, BETWEEN_SENTENCES] = [70, 1000];
const LOADING = "loading the engine and the images, 1.8 MB";
const NOTHING = { stages: [], milliseconds: 0, isDone: false };

/** Whether the trials of a state are trained in the page. */
export const isHere = ({ source }) => source === "here";

const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const nextFrame = () => new Promise(requestAnimationFrame);
/** So many of something, in the singular where it is one. */
export const many = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

/** The errors of all networks so far, stage after stage, as far as they are shown. */
function curvesOf({ stages }) {
  return stages.flatMap(({ curves, shown }) => curves.map((curve) => curve.slice(0, shown)));
}

function inAStatus(run, isSecret) {
  const curves = curvesOf(run);
  if (run.isDone) {
    const seconds = (run.milliseconds / 1000).toFixed(2);
    return `trained ${many(curves.length, "network")} in ${seconds} s`;
  }
  const { shown, epochs } = run.stages.at(-1);
  const best = Math.min(...curves.flatMap((curve) => curve.slice(-1)));
  return shown
    ? `training, epoch ${shown} of ${epochs}${isSecret ? "" : `, best ${best.toFixed(2)}`}`
    : "training";
}

/** Return what trains stage by stage, and shows no more of it at once than an eye can follow. */
function createRunner(trainer, { requestOf, keyOf, redraw, fail }) {
  let current = null;

  /** Show the epochs of a stage that have come in, one after another. */
  async function show(run, stage) {
    let last = 0;
    while (current === run && stage.shown < stage.epochs) {
      const now = await nextFrame();
      if (stage.shown === stage.reached || now - last < EPOCH_SHOWN) continue;
      [last, stage.shown] = [now, stage.shown + 1];
      redraw();
    }
  }

  async function trainStage(run, request) {
    const curves = request.networks.map(() => []);
    const stage = { curves, epochs: request.epochs, reached: 0, shown: 0 };
    const hear = ({ epoch, numbers, errors }) => {
      stage.reached = Math.max(stage.reached, epoch);
      // A network that has diverged is wrong on all images, as in the recordings.
      for (const [i, number] of numbers.entries())
        curves[number].push(Number.isNaN(errors[i]) ? 1 : errors[i]);
    };
    run.stages.push(stage);
    const trained = trainer.train(request, hear);
    const [{ milliseconds }] = await Promise.all([trained, isStill() || show(run, stage)]);
    run.milliseconds += milliseconds;
    stage.shown = stage.epochs;
  }

  return {
    current: () => current,
    async start(state) {
      const run = { ...NOTHING, key: JSON.stringify(keyOf(state)), stages: [] };
      current = run;
      try {
        for (let request = requestOf(state, []); request && current === run; ) {
          await trainStage(run, request);
          request = requestOf(state, curvesOf(run));
        }
        run.isDone = true;
      } catch (error) {
        if (current === run) fail(error);
      }
      if (current === run) redraw();
    },
    giveUp() {
      if (current) trainer.cancel();
      current = null;
    },
  };
}

/** The switch *recorded / train here*, a button, a bar of progress and a status. */
function createPanel({ label, choose, press }) {
  const sources = Object.entries({ recorded: "recorded", here: "train here" });
  const choices = sources.map(([source, text]) => ({
    source,
    ...button({ label: text, press: () => choose(source) }),
  }));
  const buttons = choices.map(({ element }) => element);
  const start = button({ label, press }).element;
  const progress = html("progress", { "aria-label": "epochs trained", value: 0, max: 1 });
  const status = html("p", { class: "status", "aria-live": "polite" });
  let saidAt = 0;
  return {
    element: html(
      "div",
      { class: "training" },
      html(
        "div",
        { class: "switch", role: "group", "aria-label": "where the trials come from" },
        ...buttons,
      ),
      start,
      progress,
      status,
    ),
    /** Say something now, or once the sentence before has had its time. */
    say(text, isPatient = false) {
      if (isPatient && performance.now() - saidAt < BETWEEN_SENTENCES) return;
      saidAt = performance.now();
      if (status.textContent !== text) status.textContent = text;
    },
    show(state, done) {
      for (const { source, element } of choices)
        element.setAttribute("aria-pressed", String(source === state.source));
      start.hidden = progress.hidden = !isHere(state);
      progress.value = done;
    },
  };
}

/**
 * Return what lets an explorer train; `explore` takes it as its `training`.
 *
 * `requestOf(state, curves)` says what to train: a request of the trainer, and then, with the
 * curves of the networks so far, the next one, until it returns null. `drawOthers` is what a
 * second press does first. `keyOf` says what of a state the trials depend on: where that changes,
 * a training is given up. Of errors that are secret the status tells nothing.
 *
 * Of what it returns, `of(state)` is for an explorer to draw: `curves`, the errors of each
 * network epoch by epoch as far as they are to be shown, a diverged one's 1; `isRunning`,
 * `isDone` and the `milliseconds` of training. It is null where recorded trials are shown.
 */
export function createTraining(
  model,
  {
    requestOf,
    drawOthers = () => set(model, { seed: model.get("seed") + 1 }),
    keyOf = (state) => state,
    label = "Train",
    isSecret = false,
  },
) {
  let redraw = () => {};
  const trainer = createTrainer(model);
  const runner = createRunner(trainer, { requestOf, keyOf, fail, redraw: () => redraw() });
  const panel = createPanel({ label, choose, press });

  /** Show recorded trials again, with a sentence that says why. */
  function fail(error) {
    if (error.code === "cancelled") return;
    runner.giveUp();
    set(model, { source: "recorded" });
    panel.say(error.message);
  }

  async function choose(source) {
    if (source === model.get("source")) return null;
    const hindered = source === "here" && hindrance();
    if (hindered) return fail(hindered);
    set(model, { source });
    panel.say(source === "here" ? LOADING : "");
    if (source !== "here") return trainer.cancel();
    const ready = () => isHere(settings(model)) && !runner.current() && panel.say("ready");
    return trainer.prepare().then(ready, fail);
  }

  function press() {
    if (runner.current()) drawOthers();
    panel.say("training");
    runner.start(settings(model));
    redraw();
  }

  return {
    element: panel.element,
    of(state) {
      if (!isHere(state)) return null;
      const run = runner.current() ?? NOTHING;
      const isRunning = run !== NOTHING && !run.isDone;
      return { ...run, curves: curvesOf(run), isRunning };
    },
    attach(draw) {
      redraw = draw;
    },
    /** Before a state is drawn: give up what was trained for another one. */
    heed(state) {
      const hindered = isHere(state) && hindrance();
      if (hindered) fail(hindered);
      const run = runner.current();
      if (!run || (isHere(state) && run.key === JSON.stringify(keyOf(state)))) return;
      runner.giveUp();
      panel.say("");
    },
    show(state) {
      const run = runner.current();
      const stage = run?.stages.at(-1);
      panel.show(state, run?.isDone ? 1 : stage ? stage.shown / stage.epochs : 0);
      if (stage) panel.say(inAStatus(run, isSecret), !run.isDone);
    },
    close() {
      runner.giveUp();
      trainer.close();
    },
  };
}
