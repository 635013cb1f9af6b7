// What a brush has picked, in words.

import { median } from "../shared.js";
import { sayEnd } from "./brush.js";
import { sayNumber } from "./scales.js";

/** The brushes in words. */
function sayRanges(study, ranges) {
  const all = [...study.axes, study.yAxis].filter(({ name }) => ranges[name]);
  return all
    .map((axis) => {
      const [from, to] = [
        sayEnd(axis, ranges[axis.name][0], true),
        sayEnd(axis, ranges[axis.name][1], false),
      ];
      return `${axis.name} ${from === to ? from : `${from} to ${to}`}`;
    })
    .join(", ");
}

/** All trials in words, or those inside the brushes. */
export function saySelection(study, ranges, { inside, sorted, incumbent, isBrushed }) {
  const { trials, rows } = study;
  const result = (row) => sayNumber(trials.sign * trials.cost[row]);
  const middle = (some) => sayNumber(trials.sign * median(some.map((row) => trials.cost[row])));
  const failed = trials.failed.reduce((sum, each) => sum + each, 0);
  if (!isBrushed)
    return (
      `${trials.count.toLocaleString("en")} trials${failed ? `, ${failed} of them failed` : ""}. The best ${trials.objective} is ` +
      `${result(incumbent)}, of trial ${trials.numbers[incumbent]}; the median is ${middle(rows)}. Draw along an axis to see the trials ` +
      "that pass there, on as many axes as you like."
    );
  const counted = `${inside.length.toLocaleString("en")} of ${trials.count.toLocaleString("en")} trials lie inside (${sayRanges(study, ranges)}).`;
  if (!sorted.length) return `${counted} None of them has a result.`;
  return (
    `${counted} Their best ${trials.objective} is ${result(incumbent)}, of trial ${trials.numbers[incumbent]}; their median is ` +
    `${middle(sorted)}, that of all trials ${middle(rows)}.`
  );
}
