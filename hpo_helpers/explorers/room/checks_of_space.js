// Checks of the diagnosis that look at where the trials lie.
//
// A check returns null if it finds nothing, a text if it cannot tell, and else what it has found:
// the words, and perhaps a brush that shows the trials that they speak of.

import { counted, levelsOf, perCent, sayNumber } from "./scales.js";
import { binomialTail, correlationOf, hypergeometricTail, ranksOf } from "./statistics.js";
import { bestOf } from "./trials.js";

// What chance alone may give, once in so many searches.
const BY_CHANCE = 0.002;

/**
 * Edge: half of the best trials lie in the outer fifth of an axis, the best of all too, and they
 * do not keep away from its end: a third of them lie in its outer half.
 */
export function edge(trials, { rows, shares, axes }) {
  const best = bestOf(trials, rows);
  for (const [i, axis] of axes.entries()) {
    if (axis.kind !== "numbers" || shares[i] < 0.03) continue;
    const length = 1 - axis.begin;
    const expected = Math.max(0.2, Math.min(0.5, 1 / new Set(axis.at).size));
    for (const end of ["lowest", "highest"]) {
      const fromEnd = (row) =>
        (end === "lowest" ? axis.at[row] - axis.begin : 1 - axis.at[row]) / length;
      const isThere = (row) => fromEnd(row) > -0.01 && fromEnd(row) <= 0.2;
      const there = best.filter(isThere);
      const outer = there.filter((row) => fromEnd(row) <= 0.1).length;
      if (!isThere(best[0]) || there.length < best.length / 2 || outer < there.length / 3) continue;
      if (binomialTail(there.length, best.length, expected) > BY_CHANCE) continue;
      const limit = end === "lowest" ? axis.low : axis.high;
      return {
        words:
          `${there.length} of the ${best.length} best trials lie in the ${end} fifth of ${axis.name}, the best of all ` +
          `among them. The range ends at ${sayNumber(limit)}, and the best value may lie ` +
          `${end === "lowest" ? "below" : "above"} it. Widen the range there, if you can.`,
        brush: {
          [axis.name]:
            end === "lowest" ? [axis.begin, axis.begin + length / 5] : [1 - length / 5, 1],
        },
      };
    }
  }
  return null;
}

/** Category: an option without a result, or with too few to say anything of it. */
export function category(trials, { rows }) {
  const choices = trials.hyperparameters.filter(
    ({ values, options }) => options || values.some((value) => typeof value === "string"),
  );
  if (!choices.length) return "no hyperparameter is a choice between options";
  for (const { name, values, options } of choices) {
    const levels = levelsOf(values, options);
    if (levels.length > 12) continue;
    for (const level of levels) {
      const tried = rows.filter((row) => String(values[row]) === String(level)).length;
      if (tried > 2 || (tried > 0 && rows.length < 10 * levels.length)) continue;
      const many = tried === 0 ? "has no result at all" : `has ${counted(tried, "result")}`;
      return {
        words:
          `${name} = ${level} ${many}, among ${counted(rows.length, "trial")} with one. The file cannot say ` +
          "that it is worse. Try it a few times with the other hyperparameters well set, or take it out of the space.",
      };
    }
  }
  return null;
}

/** The part of an axis in which failures are most of a surprise: an option, or all up to a cut. */
function worstPart(axis, at, failed) {
  const n = at.length;
  const marked = failed.reduce((sum, each) => sum + each, 0);
  const places = [...new Set(at)].sort((a, b) => a - b);
  const parts = [];
  if (axis.kind === "options") for (const place of places) parts.push([place - 1e-4, place + 1e-4]);
  else
    for (let cut = 1; cut < 20; cut += 1) {
      const place = places[Math.floor((cut * places.length) / 20)];
      parts.push([-1, place], [place, 2]);
    }
  return parts
    .map(([low, high]) => {
      let [inside, both] = [0, 0];
      for (let i = 0; i < n; i += 1)
        if (at[i] >= low && at[i] <= high) {
          inside += 1;
          both += failed[i];
        }
      return {
        low,
        high,
        inside,
        both,
        chance: inside && inside < n ? hypergeometricTail(both, marked, inside, n) : 1,
      };
    })
    .reduce((a, b) => (b.chance < a.chance ? b : a), { chance: 1 });
}

/** Failures: most of them lie in one part of one axis, where few other trials are. */
export function failures(trials, { axes }) {
  const rows = Array.from(trials.failed, (_, row) => row).filter((row) => !trials.unfinished[row]);
  const failed = rows.map((row) => trials.failed[row]);
  const count = failed.reduce((sum, each) => sum + each, 0);
  if (!count) return null;
  const rateOutside = ({ both, inside }) => (count - both) / Math.max(1, rows.length - inside);
  const found = axes
    .map((axis) => {
      const at = rows.map((row) => axis.at[row]);
      return { axis, part: worstPart(axis, at, failed) };
    })
    .filter(({ part }) => part.both >= Math.max(3, 0.7 * count))
    .filter(({ part }) => part.both / part.inside > 4 * rateOutside(part))
    .sort((a, b) => a.part.chance - b.part.chance)[0];
  // Each axis was cut in many places.
  if (!found || found.part.chance * 40 * axes.length > BY_CHANCE) return null;
  const { axis, part } = found;
  const isLower = part.low < 0;
  const where =
    axis.kind === "options"
      ? `${axis.name} = ${axis.say((part.low + part.high) / 2)}`
      : `${axis.name} ${isLower ? "up to" : "from"} ${axis.say(isLower ? part.high : part.low)}${isLower ? "" : " on"}`;
  const half = axis.kind === "options" ? axis.width / 2 - 1e-3 : 0;
  return {
    words:
      `${part.both} of ${counted(count, "failure")} lie at ${where}, where ${perCent(part.both / part.inside)} of the trials failed. ` +
      "That is no bad luck. If they diverged or ran out of memory, take this part out of the space; if it is " +
      "a fault of the code, the search has learned to keep away from what may be good.",
    brush: { [axis.name]: [Math.max(0, part.low - half), Math.min(1, part.high + half)] },
  };
}

/** Together: two hyperparameters that never moved apart. */
export function together(trials, { rows }) {
  const numeric = trials.hyperparameters.filter(({ values }) =>
    rows.every((row) => typeof values[row] === "number"),
  );
  if (numeric.length < 2)
    return trials.hyperparameters.length < 2 ? "fewer than two hyperparameters were varied" : null;
  const ranks = numeric.map(({ values }) => ranksOf(rows.map((row) => values[row])));
  for (let i = 0; i < numeric.length; i += 1)
    for (let j = 0; j < i; j += 1) {
      const correlation = correlationOf(ranks[i], ranks[j]);
      if (Math.abs(correlation) > 0.95)
        return {
          words:
            `${numeric[j].name} and ${numeric[i].name} moved together in all trials (rank correlation ` +
            `${correlation.toFixed(2)}). Which of them did it, no picture and no importance can say. Vary one ` +
            "without the other, or count them as one.",
        };
    }
  return null;
}
