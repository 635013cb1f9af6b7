// The pictures below the lines: the incumbent, the front of two numbers, and the slices.

import { html } from "../shared.js";
import { axisOf } from "./scales.js";
import { createScatter, frontOf, stepsOfFront, stepsOfIncumbent } from "./scatter.js";

const MOST_SLICES = 8;
const GAP = 8;

/** The incumbent over the order of the trials. */
function incumbentOf({ trials, yAxis }) {
  const counts = Array.from(trials.cost, (_, i) => i + 1);
  const xAxis = axisOf({ name: "trial, in order", values: counts }, "linear");
  return {
    title: "Incumbent",
    xAxis,
    picture: createScatter(`${yAxis.name} over the order of the trials, and the incumbent`),
    stepsOf: (rows) => stepsOfIncumbent(xAxis, yAxis, trials.cost, rows),
  };
}

/** The front of the objective and a second number. */
function frontOfTwo({ trials, yAxis }) {
  const { second, cost } = trials;
  const xAxis = axisOf(second);
  const signed = second.values.map((value) => (value === null ? null : second.sign * value));
  return {
    title: "Front",
    xAxis,
    picture: createScatter(
      `${yAxis.name} against ${second.name}, and the front that no trial beats in both`,
    ),
    stepsOf: (rows) => stepsOfFront(xAxis, yAxis, frontOf(cost, signed, rows)),
  };
}

/** Slices, the most important first. */
function slicesOf({ axes, yAxis, order }) {
  return order.slice(0, MOST_SLICES).map((i, place) => ({
    title: place ? "" : "Slices",
    xAxis: axes[i],
    picture: createScatter(`Slice: ${yAxis.name} against ${axes[i].name}`),
    stepsOf: () => [],
  }));
}

/** All pictures of a study. */
export function createGallery() {
  const element = html("div", { class: "pictures" });
  let [all, yAxis] = [[], null];
  const furnish = (study) => {
    const { second } = study.trials;
    const hasFront = second && new Set(second.values).size > 2;
    all = [incumbentOf(study), ...(hasFront ? [frontOfTwo(study)] : []), ...slicesOf(study)];
    yAxis = study.yAxis;
    element.replaceChildren(
      ...all.map(({ title, picture }) =>
        html("div", {}, ...(title ? [html("p", { class: "title" }, title)] : []), picture.element),
      ),
    );
  };
  const lay = (width, rows, colours) => {
    const columns = width >= 560 ? 3 : width >= 340 ? 2 : 1;
    const each = Math.floor((width - GAP * (columns - 1)) / columns);
    element.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
    for (const { picture, xAxis } of all) picture.lay(xAxis, yAxis, each, rows, colours);
  };
  const draw = (chosen, colours) => {
    for (const { picture, stepsOf } of all) picture.draw(chosen, colours, stepsOf(chosen.sorted));
  };
  return { element, furnish, lay, draw };
}
