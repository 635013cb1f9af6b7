// The importance over all trials and inside the brushes, as bars.

import { draws, html } from "../shared.js";
import { forestOf } from "./importance.js";
import { perCent } from "./scales.js";
import { FEWEST_LEARNED, learnedOf, TREES } from "./study.js";

/** Two bars for each hyperparameter: over all trials, and over those inside the brushes. */
function createBars() {
  const list = html("ul", {});
  const words = html("p", { class: "note" });
  const element = html(
    "div",
    { class: "bars" },
    html("p", { class: "title" }, "Importance"),
    list,
    words,
  );
  const barOf = (kind, share) => {
    const bar = html("span", { class: `share ${kind}` });
    bar.style.width = `${Math.max(0.5, 100 * Math.min(1, share))}%`;
    return bar;
  };
  const show = (names, all, inside) => {
    list.replaceChildren(
      ...names.map((name, i) =>
        html(
          "li",
          {},
          html("span", { class: "name", title: name }, name),
          html(
            "span",
            { class: "track" },
            barOf("of-all", all.shares[i]),
            ...(inside ? [barOf("of-inside", inside.shares[i])] : []),
          ),
          html(
            "span",
            { class: "number" },
            all.shares[i].toFixed(2),
            ...(inside ? [html("b", {}, ` ${inside.shares[i].toFixed(2)}`)] : []),
          ),
        ),
      ),
    );
    const { explained } = inside ?? all;
    words.textContent =
      `The share of the variance that each explains by itself${inside ? ": grey over all trials, blue inside the brushes" : ""}. ` +
      `Of trials that it had not seen, the forest explains ${perCent(explained)}` +
      (explained < 0.1 ? ": read nothing into these bars." : ".");
  };
  /** Say that there are too few trials, or that the forest is growing. */
  const say = (text) => {
    words.textContent = text;
  };
  return { element, show, say };
}

/** Bars that follow the brushes, a tree at a time so that nothing waits for them. */
export function createWeights() {
  const bars = createBars();
  // Counts what was asked for: a forest for an earlier brush grows no further.
  let asked = 0;
  const grow = (forest, mine, trees, done) => {
    if (mine !== asked) return;
    forest.step();
    if (trees > 1) setTimeout(grow, 0, forest, mine, trees - 1, done);
    else done(forest.result());
  };
  const show = ({ trials, rows, importance, axes, order }, chosen, seed) => {
    asked += 1;
    const inOrder = ({ shares, explained }) => ({ shares: order.map((i) => shares[i]), explained });
    const names = order.map((i) => axes[i].name);
    const all = inOrder(importance);
    bars.show(names, all, null);
    const few = `Fewer than ${FEWEST_LEARNED} trials`;
    if (rows.length < FEWEST_LEARNED) bars.say(`${few} have a result: too few to weigh.`);
    else if (chosen.isBrushed && chosen.sorted.length < FEWEST_LEARNED)
      bars.say(
        `${few} lie inside the brushes: too few to weigh. The bars are those of all trials.`,
      );
    else if (chosen.isBrushed) {
      const values = trials.hyperparameters.map((each) => each.values);
      const inside = learnedOf([...chosen.sorted].sort((a, b) => a - b));
      const forest = forestOf(values, inside, trials.cost, draws(seed));
      grow(forest, asked, TREES, (result) => bars.show(names, all, inOrder(result)));
    }
  };
  const stop = () => {
    asked += 1;
  };
  return { element: bars.element, show, stop };
}
