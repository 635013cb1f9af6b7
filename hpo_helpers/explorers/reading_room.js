// A reading room: the reader's own search, drawn, weighed and diagnosed where it lies.

import { insideOf, rangesOf, sayEnd, stopsOf, textOfRanges, withRange } from "./room/brush.js";
import { coloursOf } from "./room/canvas.js";
import { recognise } from "./room/columns.js";
import { diagnose } from "./room/diagnosis.js";
import { tableOf } from "./room/files.js";
import { createBars, createFindings } from "./room/findings.js";
import { forestOf, importanceOf } from "./room/importance.js";
import { choiceOf, createColumns, createIntake } from "./room/intake.js";
import { createLines } from "./room/lines.js";
import { axisOf, sayNumber } from "./room/scales.js";
import { createScatter, frontOf, stepsOfFront, stepsOfIncumbent } from "./room/scatter.js";
import { completedOf, ranked, trialsOf } from "./room/trials.js";
import { button, draws, html, median, set } from "./shared.js";

const MOST_AXES = 12;
const MOST_SLICES = 8;
const TREES = 24;
// More trials than these tell a forest little more.
const MOST_LEARNED = 1500;
const FEWEST_LEARNED = 20;
// In milliseconds: what takes longer than a frame waits until the brush rests.
const REST = 150;

/** The search that the model brings along. */
export function searchOf(model) {
  const table = tableOf([{ name: model.get("name"), text: model.get("frame") }]);
  return { table: { ...table, options: { ...table.options, ...model.get("options") } }, model };
}

/** What a file of the reader is set to: as a model, but kept nowhere. */
function modelOfReader() {
  const values = { brush: "", seed: 0, images: 0 };
  return {
    get: (name) => values[name],
    set: (name, value) => {
      values[name] = value;
    },
    save_changes() {},
  };
}

/** At most so many rows, spread evenly. */
const thinned = (rows, most) =>
  rows.length <= most
    ? rows
    : Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)]);

/** Everything that is known of a search before anything is brushed. */
export function studyOf({ table, model }, reading) {
  const trials = trialsOf(table, reading, model.get("images"));
  if (!trials) return null;
  const rows = completedOf(trials);
  const learned = thinned(rows, MOST_LEARNED);
  const values = trials.hyperparameters.map((each) => each.values);
  const importance =
    rows.length >= FEWEST_LEARNED
      ? importanceOf(values, learned, trials.cost, draws(model.get("seed")), TREES)
      : { shares: values.map(() => 0), explained: 0 };
  const scaleOf = ({ column }) => reading.scales[column] ?? "auto";
  const axes = trials.hyperparameters.map((each) => axisOf(each, scaleOf(each)));
  const shown = Array.from(trials.cost, (cost) => (Number.isNaN(cost) ? null : trials.sign * cost));
  const objective = Object.keys(reading.roles).find((name) => reading.roles[name] === "objective");
  const yAxis = rows.length
    ? axisOf(
        {
          name: trials.objective,
          values: shown,
          factor: 3,
          missing: trials.failed.includes(1) ? "failed" : "none",
        },
        reading.scales[objective],
      )
    : null;
  const order = axes.map((_, i) => i).sort((a, b) => importance.shares[b] - importance.shares[a]);
  return {
    trials,
    rows,
    importance,
    axes,
    yAxis,
    order,
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

function inWords(study, ranges, { inside, sorted, incumbent, isBrushed }) {
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

/** A select for an axis, and a slider for each of the two ends of its brush. */
function createKnobs(brush) {
  const QUIET = { "data-lm-suppress-shortcuts": "true" };
  let [axes, ranges, chosen] = [[], {}, null];
  const held = html("span", {});
  const move = () => {
    const stops = stopsOf(chosen);
    const [low, high] = inputs.map((each) => Number(each.value));
    brush(chosen.name, [stops[Math.min(low, high)], stops[Math.max(low, high)]]);
  };
  const inputs = ["from", "to"].map((end) =>
    html("input", {
      type: "range",
      step: 1,
      min: 0,
      "aria-label": `brush ${end}`,
      ...QUIET,
      oninput: move,
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

function render({ model, el }) {
  const first = searchOf(model);
  let search = first;
  let reading = null;
  let study = null;
  let slices = [];
  let [order, front] = [null, null];
  let [rest, growing, asked] = [0, 0, false];

  const words = html("p", { class: "words", "aria-live": "polite" });
  const status = html("p", { class: "shown", role: "status" });
  const room = html("div", { class: "explorer room" });
  const pictures = html("div", { class: "pictures" });
  // Of axes that there are: another reading of the columns has others.
  const ranges = () => {
    const known = new Set([...study.axes, study.yAxis].map(({ name }) => name));
    const all = Object.entries(rangesOf(search.model.get("brush")));
    return Object.fromEntries(all.filter(([name]) => known.has(name)));
  };
  const brushAll = (next) => {
    search.model.set("brush", textOfRanges(next));
    search.model.save_changes();
    ask();
  };
  const brush = (name, range) => brushAll(withRange(ranges(), name, range));
  const lines = createLines({ brush });
  const knobs = createKnobs(brush);
  const bars = createBars();
  const findings = createFindings((next) => {
    brushAll(next);
    lines.element.scrollIntoView({ block: "nearest" });
  });

  const axesShown = () => [
    ...study.order.slice(0, MOST_AXES).map((i) => study.axes[i]),
    study.yAxis,
  ];
  const names = () => study.order.map((i) => study.axes[i].name);

  /** Draw what changes with a brush. */
  const redraw = () => {
    asked = false;
    if (!study?.yAxis || !room.clientWidth) return;
    const now = ranges();
    const chosen = selectionOf(study, now);
    const colours = coloursOf(room);
    lines.draw(chosen, now, colours);
    for (const slice of slices) slice.draw(chosen, colours);
    const { cost, second } = study.trials;
    order.picture.draw(
      chosen,
      colours,
      stepsOfIncumbent(order.axis, study.yAxis, cost, chosen.sorted),
    );
    if (front) {
      const signed = second.values.map((value) => (value === null ? null : second.sign * value));
      front.picture.draw(
        chosen,
        colours,
        stepsOfFront(front.axis, study.yAxis, frontOf(cost, signed, chosen.sorted)),
      );
    }
    knobs.show(now);
    clearTimeout(rest);
    rest = setTimeout(() => settle(now, chosen), REST);
  };
  // However many moves come in a frame, it is drawn once.
  const ask = () => {
    if (!asked) requestAnimationFrame(redraw);
    asked = true;
  };

  /** Say what was brushed, and weigh it anew, a tree at a time. */
  const settle = (now, chosen) => {
    const said = inWords(study, now, chosen);
    if (words.textContent !== said) words.textContent = said;
    growing += 1;
    const inOrder = ({ shares, explained }) => ({
      shares: study.order.map((i) => shares[i]),
      explained,
    });
    const all = inOrder(study.importance);
    bars.show(names(), all, null);
    if (study.rows.length < FEWEST_LEARNED)
      bars.say(`Fewer than ${FEWEST_LEARNED} trials have a result: too few to weigh.`);
    if (!chosen.isBrushed) return;
    if (chosen.sorted.length < FEWEST_LEARNED) {
      bars.say(
        `Fewer than ${FEWEST_LEARNED} trials lie inside the brushes: too few to weigh. The bars are those of all trials.`,
      );
      return;
    }
    const mine = growing;
    const values = study.trials.hyperparameters.map((each) => each.values);
    const learned = thinned(
      [...chosen.sorted].sort((a, b) => a - b),
      MOST_LEARNED,
    );
    const forest = forestOf(values, learned, study.trials.cost, draws(search.model.get("seed")));
    const grow = (trees) => {
      if (mine !== growing) return;
      forest.step();
      if (trees > 1) setTimeout(grow, 0, trees - 1);
      else bars.show(names(), all, inOrder(forest.result()));
    };
    grow(TREES);
  };

  /** Lay all pictures out, after a change of the width, the theme or the search. */
  const lay = () => {
    const width = room.clientWidth;
    if (!study?.yAxis || !width) return;
    const colours = coloursOf(room);
    const { trials, yAxis } = study;
    const all = Array.from({ length: trials.count }, (_, row) => row);
    lines.lay(axesShown(), width, all, colours);
    lines.over.setAttribute(
      "aria-label",
      `Parallel axes, a line for each of ${trials.count} trials: ${[...names().slice(0, MOST_AXES), trials.objective].join(", ")}`,
    );
    const columns = width >= 560 ? 3 : width >= 340 ? 2 : 1;
    const each = Math.floor((width - 8 * (columns - 1)) / columns);
    pictures.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
    slices.forEach((slice, k) => {
      slice.lay(study.axes[study.order[k]], yAxis, each, all, colours);
    });
    order.picture.lay(order.axis, yAxis, each, all, colours);
    front?.picture.lay(front.axis, yAxis, each, all, colours);
    redraw();
  };

  /** Make the pictures of a study. */
  const furnish = () => {
    const { trials, yAxis } = study;
    const titled = (title, { element }) =>
      html("div", {}, ...(title ? [html("p", { class: "title" }, title)] : []), element);
    const counts = Array.from(trials.cost, (_, i) => i + 1);
    order = {
      axis: axisOf({ name: "trial, in order", values: counts }, "linear"),
      picture: createScatter(`${trials.objective} over the order of the trials, and the incumbent`),
    };
    const { second } = trials;
    const hasFront = second && new Set(second.values).size > 2;
    front = hasFront
      ? {
          axis: axisOf(second),
          picture: createScatter(
            `${trials.objective} against ${second.name}, and the front that no trial beats in both`,
          ),
        }
      : null;
    slices = study.order
      .slice(0, MOST_SLICES)
      .map((i) => createScatter(`Slice: ${yAxis.name} against ${study.axes[i].name}`));
    pictures.replaceChildren(
      titled("Incumbent", order.picture),
      ...(front ? [titled("Front", front.picture)] : []),
      ...slices.map((slice, k) => titled(k ? "" : "Slices", slice)),
    );
    knobs.lay(axesShown());
  };

  /** Read the search as it is understood now. */
  const interpret = () => {
    const { table, model: source } = search;
    columns.show(table, reading, source.get("images"));
    study = studyOf(search, reading);
    const isEmpty = !study?.yAxis;
    shown.hidden = isEmpty;
    const trouble = isEmpty ? 0 : study.diagnosis.found.length;
    status.textContent =
      `${search === first ? "Shown" : "Your search"}: ${table.name}, ${table.count.toLocaleString("en")} trials, read as ` +
      `${table.format === "table" ? "a table" : table.format}. ` +
      (!study ? "No column looks like an objective: choose one under Columns." : "") +
      (study && isEmpty ? "No trial in it has a result." : "") +
      (isEmpty
        ? ""
        : `The diagnosis below finds ${trouble ? `${trouble} kind${trouble === 1 ? "" : "s"} of` : "no"} trouble.`);
    if (isEmpty) return;
    findings.show(study.diagnosis);
    furnish();
    lay();
  };

  const open = (next) => {
    search = next;
    reading = { ...recognise(search.table), scales: {} };
    intake.show(search !== first);
    interpret();
  };
  const intake = createIntake(room, {
    open: (table) => open({ table, model: modelOfReader() }),
    refuse: (message) => {
      status.textContent = message;
    },
    back: () => open(first),
  });
  /** Set a trait of the search; the model that the page brings along tells of it by itself. */
  const change = (changes) => {
    set(search.model, changes);
    if (search !== first) interpret();
  };
  const columns = createColumns(({ images, ...next }, label) => {
    reading = next;
    if (images === undefined) interpret();
    else change({ images });
    columns.focus(label);
  });
  const bestTenth = () => {
    const { best, yAxis, trials } = study;
    const ends = [best[0], best[Math.ceil(best.length / 10) - 1]].map((row) => yAxis.at[row]);
    brush(trials.objective, [Math.min(...ends), Math.max(...ends)]);
  };
  const buttons = [
    button({ label: "Clear the brushes", press: () => brushAll({}) }),
    button({ label: "Brush the best tenth", press: bestTenth }),
    button({
      label: "Grow another forest",
      press: () => change({ seed: search.model.get("seed") + 1 }),
    }),
  ];
  const shown = html(
    "div",
    {},
    lines.element,
    words,
    html(
      "p",
      { class: "legend" },
      ...[
        ["outside", "outside the brushes"],
        ["inside", "inside"],
        ["best", "best tenth inside, and the best of all"],
      ].map(([kind, text]) => html("span", {}, html("i", { class: kind }), text)),
    ),
    knobs.element,
    html("div", { class: "buttons" }, ...buttons.map((each) => each.element)),
    findings.element,
    html("div", { class: "below" }, bars.element, pictures),
  );
  room.append(intake.element, status, columns.element, shown);
  el.replaceChildren(room);

  const followed = { brush: ask, seed: interpretFirst, images: interpretFirst };
  function interpretFirst() {
    if (search === first) interpret();
  }
  for (const [name, follow] of Object.entries(followed)) model.on(`change:${name}`, follow);
  // Only when the width or the colours have changed: a page tells of much else.
  let laid = "";
  const layIfOther = () => {
    const look = JSON.stringify([room.clientWidth, coloursOf(room)]);
    if (look === laid) return;
    laid = look;
    lay();
  };
  const sizes = new ResizeObserver(layIfOther);
  sizes.observe(room);
  const themes = new MutationObserver(layIfOther);
  for (const each of [document.documentElement, document.body])
    themes.observe(each, {
      attributes: true,
      attributeFilter: ["data-theme", "data-jp-theme-light", "class"],
    });
  open(first);
  return () => {
    sizes.disconnect();
    themes.disconnect();
    growing += 1;
    clearTimeout(rest);
    for (const [name, follow] of Object.entries(followed)) model.off(`change:${name}`, follow);
  };
}

export default { render };
