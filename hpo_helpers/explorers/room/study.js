// A search as it is studied: its trials, axes, importance and diagnosis, and what a brush picks.

import { draws } from "../shared.js";
import { insideOf } from "./brush.js";
import { diagnose } from "./diagnosis.js";
import { importanceOf } from "./importance.js";
import { axisOf } from "./scales.js";
import { completedOf, ranked, trialsOf } from "./trials.js";

export const TREES = 24;
export const FEWEST_LEARNED = 20;
// More trials than these tell a forest little more.
const MOST_LEARNED = 1500;

/** Rows for a forest to learn from: not too many, spread evenly. */
export function learnedOf(rows) {
  if (rows.length <= MOST_LEARNED) return rows;
  const step = rows.length / MOST_LEARNED;
  return Array.from({ length: MOST_LEARNED }, (_, i) => rows[Math.floor(i * step)]);
}

/** The axis of the objective; failed trials lie below its values. */
function objectiveAxis(trials, scale) {
  return axisOf(
    {
      name: trials.objective,
      values: Array.from(trials.cost, (cost) => (Number.isNaN(cost) ? null : trials.sign * cost)),
      factor: 3,
      missing: trials.failed.includes(1) ? "failed" : "none",
    },
    scale,
  );
}

/** The importance of each hyperparameter over all trials. */
function importanceOver(trials, rows, seed) {
  const values = trials.hyperparameters.map((each) => each.values);
  if (rows.length < FEWEST_LEARNED) return { shares: values.map(() => 0), explained: 0 };
  return importanceOf(values, learnedOf(rows), trials.cost, draws(seed), TREES);
}

/**
 * Everything that is known of a search before anything is brushed; null without an objective, and
 * without a `yAxis` where no trial has a result.
 */
export function studyOf({ table, model }, reading) {
  const trials = trialsOf(table, reading, model.get("images"));
  if (!trials) return null;
  const { roles, scales } = reading;
  const rows = completedOf(trials);
  const importance = importanceOver(trials, rows, model.get("seed"));
  const axes = trials.hyperparameters.map((each) => axisOf(each, scales[each.column]));
  const objective = Object.keys(roles).find((name) => roles[name] === "objective");
  return {
    trials,
    rows,
    importance,
    axes,
    yAxis: rows.length ? objectiveAxis(trials, scales[objective]) : null,
    // The most important first.
    order: axes.map((_, i) => i).sort((a, b) => importance.shares[b] - importance.shares[a]),
    best: ranked(trials, rows),
    diagnosis: diagnose(trials, importance.shares, axes),
  };
}

/** What lies inside the brushes: the completed rows, the best tenth, the best of all. */
export function selectionOf(study, ranges) {
  const { trials, axes, yAxis, best } = study;
  const inside = insideOf([...axes, yAxis], ranges, trials.count);
  const isInside = new Uint8Array(trials.count);
  for (const row of inside) isInside[row] = 1;
  const sorted = best.filter((row) => isInside[row]);
  return {
    inside,
    sorted,
    best: sorted.slice(0, Math.max(1, Math.ceil(sorted.length / 10))),
    incumbent: sorted[0] ?? null,
    isBrushed: Object.keys(ranges).length > 0,
  };
}
