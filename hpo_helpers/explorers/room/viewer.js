// All that shows a study, linked by its brushes.

import { button, html } from "../shared.js";
import { rangesOf, textOfRanges, withRange } from "./brush.js";
import { coloursOf } from "./canvas.js";
import { createFindings } from "./findings.js";
import { createGallery } from "./gallery.js";
import { createKnobs } from "./knobs.js";
import { createLines } from "./lines.js";
import { selectionOf } from "./study.js";
import { createWeights } from "./weights.js";
import { saySelection } from "./words.js";

const MOST_AXES = 12;
// In milliseconds: what takes longer than a frame waits until the brush rests.
const REST = 150;
const LEGEND = [
  ["outside", "outside the brushes"],
  ["inside", "inside"],
  ["best", "best tenth inside, and the best of all"],
];

/** The range of the objective that the best tenth of the trials lies in. */
function rangeOfBest({ best, yAxis }) {
  const ends = [best[0], best[Math.ceil(best.length / 10) - 1]].map((row) => yAxis.at[row]);
  return [Math.min(...ends), Math.max(...ends)];
}

/** The brushes of a model, of axes that there are: another reading of the columns has others. */
function rangesIn(model, { axes, yAxis }) {
  const known = new Set([...axes, yAxis].map(({ name }) => name));
  const all = Object.entries(rangesOf(model.get("brush")));
  return Object.fromEntries(all.filter(([name]) => known.has(name)));
}

/** The viewer; `growAgain` is asked for another forest. */
export function createViewer({ growAgain }) {
  // What is shown: a study, and the model that keeps its brushes.
  let [study, model] = [null, null];
  let [rest, asked] = [0, false];
  const words = html("p", { class: "words", "aria-live": "polite" });
  const brushAll = (ranges) => {
    model.set("brush", textOfRanges(ranges));
    model.save_changes();
    ask();
  };
  const brush = (name, range) => brushAll(withRange(rangesIn(model, study), name, range));
  const lines = createLines({ brush });
  const knobs = createKnobs(brush);
  const weights = createWeights();
  const gallery = createGallery();
  const findings = createFindings((ranges) => {
    brushAll(ranges);
    lines.element.scrollIntoView({ block: "nearest" });
  });
  const buttons = [
    button({ label: "Clear the brushes", press: () => brushAll({}) }),
    button({
      label: "Brush the best tenth",
      press: () => brush(study.yAxis.name, rangeOfBest(study)),
    }),
    button({ label: "Grow another forest", press: growAgain }),
  ];
  const element = html(
    "div",
    {},
    lines.element,
    words,
    html(
      "p",
      { class: "legend" },
      ...LEGEND.map(([kind, text]) => html("span", {}, html("i", { class: kind }), text)),
    ),
    knobs.element,
    html("div", { class: "buttons" }, ...buttons.map((each) => each.element)),
    findings.element,
    weights.element,
    gallery.element,
  );

  /** Draw what changes with a brush. */
  const draw = () => {
    asked = false;
    if (!study || !element.clientWidth) return;
    const ranges = rangesIn(model, study);
    const chosen = selectionOf(study, ranges);
    const colours = coloursOf(element);
    lines.draw(chosen, ranges, colours);
    gallery.draw(chosen, colours);
    knobs.show(ranges);
    clearTimeout(rest);
    rest = setTimeout(settle, REST, ranges, chosen);
  };
  // However many moves come in a frame, it is drawn once.
  const ask = () => {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  };
  /** Say what was brushed, and weigh it anew. */
  const settle = (ranges, chosen) => {
    const said = saySelection(study, ranges, chosen);
    if (words.textContent !== said) words.textContent = said;
    weights.show(study, chosen, model.get("seed"));
  };

  const axesShown = () => {
    const { order, axes, yAxis } = study;
    return [...order.slice(0, MOST_AXES).map((i) => axes[i]), yAxis];
  };
  /** Lay all out, after a change of the width, the colours or the study. */
  const lay = () => {
    const width = element.clientWidth;
    if (!study || !width) return;
    const colours = coloursOf(element);
    const all = Array.from({ length: study.trials.count }, (_, row) => row);
    lines.lay(axesShown(), width, all, colours);
    gallery.lay(width, all, colours);
    draw();
  };
  /** Show a study, or nothing. */
  const show = (nextStudy, nextModel) => {
    [study, model] = [nextStudy, nextModel];
    element.hidden = !study;
    if (!study) return;
    findings.show(study.diagnosis);
    gallery.furnish(study);
    knobs.lay(axesShown());
    lay();
  };
  const stop = () => {
    clearTimeout(rest);
    weights.stop();
  };
  return { element, show, lay, ask, stop };
}
