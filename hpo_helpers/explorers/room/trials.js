// The trials of a table, once it is known what each column is.

import { isLargerBetter, isNumeric, shortName } from "./columns.js";

const FAILED = /^(fail|error|invalid|crash|diverged)/i;
const UNFINISHED = /^(prun|run|wait|pend|stop|paus|cancel|kill)/i;

// A result beyond it is one of a training that diverged.
const MOST = 1e100;

const isKnown = (value) => value !== null;

/** The numbers of the trials, where each has one of its own; otherwise they count from 0. */
function numbersOf(column, count) {
  const given = column?.values;
  const isGood = given?.every(isKnown) && isNumeric(given) && new Set(given).size === count;
  return isGood ? given : Array.from({ length: count }, (_, row) => row);
}

/** The curves of the objective, lower being better; null where the file has none. */
function curvesOf(table, objective, order, sign) {
  const found = table.curves[objective];
  if (!found?.some((curve) => curve.length > 1)) return null;
  return order.map((row) => found[row].map((value) => sign * value));
}

/**
 * The trials in their order. `cost` is the objective so that lower is better, and NaN where a
 * trial failed or did not end; `images` is how many it was measured on, 0 if unknown.
 */
export function trialsOf(table, { roles, direction }, images = 0) {
  const columnOf = (role) => table.columns.find(({ name }) => roles[name] === role);
  const objective = columnOf("objective");
  if (!objective || !isNumeric(objective.values)) return null;
  const numbers = numbersOf(columnOf("number"), table.count);
  // As they began.
  const order = Array.from(numbers, (_, row) => row).sort((a, b) => numbers[a] - numbers[b]);
  const used = table.columns.map(({ name }) => shortName(name));
  // Two columns may differ only in what their library puts in front.
  const nameOf = ({ name }) =>
    used.filter((each) => each === shortName(name)).length > 1 ? name : shortName(name);
  const inOrder = (column) =>
    column && { name: nameOf(column), values: order.map((row) => column.values[row]) };
  const status = inOrder(columnOf("status"))?.values.map(String);
  const sign = direction === "larger" ? -1 : 1;
  const value = inOrder(objective).values.map((each) => (Math.abs(each) < MOST ? each : null));
  const unfinished = Uint8Array.from(value, (_, i) =>
    Number(Boolean(status && UNFINISHED.test(status[i]))),
  );
  const failed = Uint8Array.from(value, (each, i) =>
    Number(!unfinished[i] && (each === null || Boolean(status && FAILED.test(status[i])))),
  );
  const hyperparameters = table.columns
    .filter(({ name, values }) => roles[name] === "hyperparameter" && values.some(isKnown))
    .map((column) => ({
      ...inOrder(column),
      column: column.name,
      options: table.options[column.name] ?? table.options[shortName(column.name)] ?? null,
    }));
  const second = inOrder(columnOf("second number")) ?? inOrder(columnOf("seconds")) ?? null;
  return {
    count: table.count,
    objective: nameOf(objective),
    direction,
    sign,
    numbers: order.map((row) => numbers[row]),
    cost: Float64Array.from(value, (each, i) =>
      failed[i] || unfinished[i] || each === null ? NaN : sign * each,
    ),
    failed,
    unfinished,
    hyperparameters,
    epochs: inOrder(columnOf("epochs"))?.values ?? null,
    seed: inOrder(columnOf("seed"))?.values ?? null,
    second:
      second && isNumeric(second.values)
        ? { ...second, sign: isLargerBetter(second.name) ? -1 : 1 }
        : null,
    curves: curvesOf(table, objective.name, order, sign),
    images,
  };
}

/** The rows of trials that have ended with a result. */
export function completedOf({ cost }) {
  const rows = [];
  for (let i = 0; i < cost.length; i += 1) if (!Number.isNaN(cost[i])) rows.push(i);
  return rows;
}

/** Completed rows, the best first. */
export function ranked(trials, rows = completedOf(trials)) {
  return [...rows].sort((a, b) => trials.cost[a] - trials.cost[b] || a - b);
}

/** As many of the best trials as a check looks at: a tenth, from five to twenty. */
export function bestOf(trials, rows) {
  const count = Math.min(20, Math.max(5, Math.ceil(rows.length / 10)));
  return ranked(trials, rows).slice(0, count);
}
