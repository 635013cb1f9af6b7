// What may be wrong with a search: ten kinds of trouble, each with the chapter behind it.

import { epochs, falling, flat, images, repeats, winner } from "./checks_of_results.js";
import { category, edge, failures, together } from "./checks_of_space.js";
import { counted } from "./scales.js";
import { completedOf } from "./trials.js";

// Below so many trials with a result nothing is diagnosed.
const FEWEST = 10;

// By kind: what it is called, the page and section behind it, and the check.
export const KINDS = {
  flat: {
    title: "Flat response",
    page: "search/broken_objective",
    chapter: "The broken objective",
    check: flat,
  },
  edge: {
    title: "Best at an end of the range",
    page: "judgement/reading_results",
    section: "is-the-best-at-an-end",
    chapter: "Reading a search",
    check: edge,
  },
  images: {
    title: "Too few validation images for these ranks",
    page: "foundations/validation",
    section: "a-measurement-with-a-margin",
    chapter: "Which data may choose?",
    check: images,
  },
  winner: {
    title: "Winner within noise",
    page: "judgement/replication",
    section: "would-it-happen-again",
    chapter: "More trials, or more seeds?",
    check: winner,
  },
  category: {
    title: "An option never tried",
    page: "foundations/configuration_spaces",
    section: "integers-categories-conditions",
    chapter: "Configuration spaces",
    check: category,
  },
  failures: {
    title: "Failures that cluster",
    page: "back/reference",
    section: "what-can-go-wrong",
    chapter: "What can go wrong",
    check: failures,
  },
  falling: {
    title: "Still falling at the end",
    page: "smarter/successive_halving",
    section: "learning-curves",
    chapter: "Successive halving",
    check: falling,
  },
  repeats: {
    title: "Repeats",
    page: "judgement/replication",
    chapter: "More trials, or more seeds?",
    check: repeats,
  },
  together: {
    title: "Two that moved together",
    page: "search/grid_vs_random",
    section: "the-response-has-one-axis",
    chapter: "Grid or random?",
    check: together,
  },
  epochs: {
    title: "A winner that was measured earlier",
    page: "smarter/hyperband",
    section: "whom-an-early-rung-favours",
    chapter: "Hyperband",
    check: epochs,
  },
};

/**
 * What may be wrong, what was looked for in vain, and what could not be told. `shares` is the
 * importance of each hyperparameter over all trials, `axes` are their axes.
 */
export function diagnose(trials, shares, axes) {
  const rows = completedOf(trials);
  const found = [];
  const sound = [];
  const unknown = [];
  for (const [kind, { title, check }] of Object.entries(KINDS)) {
    const said =
      rows.length < FEWEST && kind !== "failures"
        ? `only ${counted(rows.length, "trial")} ended with a result; expected ${FEWEST}`
        : check(trials, { rows, shares, axes });
    if (said === null) sound.push({ kind, title });
    else if (typeof said === "string") unknown.push({ kind, title, reason: said });
    else found.push({ kind, title, ...said });
  }
  return { found, sound, unknown };
}
