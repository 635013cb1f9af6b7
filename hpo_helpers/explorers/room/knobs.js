// Brushes for the keys.

import { html } from "../shared.js";
import { sayEnd, stopsOf } from "./brush.js";
import { choiceOf } from "./intake.js";

/** A select for an axis, and a slider for each of the two ends of its brush. */
export function createKnobs(brush) {
  const QUIET = { "data-lm-suppress-shortcuts": "true" };
  let [axes, ranges, chosen] = [[], {}, null];
  const held = html("span", {});
  /** Brush up to where an end was moved; it pushes the other one along. */
  const move = (end) => {
    const stops = stopsOf(chosen);
    let [low, high] = inputs.map((each) => Number(each.value));
    if (low >= high && end === 0) [low, high] = [Math.min(low, stops.length - 2), low + 1];
    else if (low >= high) [low, high] = [high - 1, Math.max(high, 1)];
    brush(chosen.name, [stops[Math.max(0, low)], stops[Math.min(high, stops.length - 1)]]);
  };
  const inputs = ["from", "to"].map((name, end) =>
    html("input", {
      type: "range",
      step: 1,
      min: 0,
      "aria-label": `brush ${name}`,
      ...QUIET,
      oninput: () => move(end),
    }),
  );
  const outputs = inputs.map(() => html("output", {}));
  const knob = (label, ...rest) =>
    html("label", { class: "knob" }, html("span", {}, label), ...rest);
  const element = html(
    "div",
    { class: "knobs" },
    knob("axis to brush", held),
    ...inputs.map((input, i) => knob(i ? "brush to" : "brush from", input, outputs[i])),
  );
  const show = (nextRanges) => {
    ranges = nextRanges;
    const range = ranges[chosen.name] ?? [0, 1];
    const stops = stopsOf(chosen);
    inputs.forEach((input, end) => {
      const nearest = stops.reduce(
        (best, stop, i) =>
          Math.abs(stop - range[end]) < Math.abs(stops[best] - range[end]) ? i : best,
        0,
      );
      input.max = stops.length - 1;
      input.value = nearest;
      outputs[end].textContent = sayEnd(chosen, range[end], end === 0);
      input.setAttribute("aria-valuetext", outputs[end].textContent);
    });
  };
  const lay = (shown) => {
    axes = shown;
    chosen = axes.find(({ name }) => name === chosen?.name) ?? axes[0];
    const names = axes.map(({ name }) => name);
    held.replaceChildren(
      choiceOf("axis to brush", names, chosen.name, (name) => {
        chosen = axes[names.indexOf(name)];
        show(ranges);
      }),
    );
  };
  return { element, lay, show };
}
