// Recorded errors over two hyperparameters: looked up, drawn in colours, and found by searches.

import { axes, bytesOf, linear, median, panel, powers, svg } from "./shared.js";

/** The surfaces by name, each with its errors. */
export function surfacesOf(model) {
  const stored = bytesOf(model, "errors", Uint16Array);
  const step = model.get("step");
  let start = 0;
  return Object.fromEntries(
    model.get("surfaces").map((about) => {
      const [columns, rows] = about.axes.map((axis) => axis.size);
      const errors = Array.from(
        stored.slice(start, start + columns * rows),
        (steps) => steps * step,
      );
      start += columns * rows;
      return [about.name, { ...about, columns, rows, errors, lowest: Math.min(...errors) }];
    }),
  );
}

/** The recorded error at a point of the unit square. */
export function lookUp({ columns, rows, errors }, [x, y]) {
  const cell = (share, size) => Math.min(size - 1, Math.floor(share * size));
  return errors[cell(x, columns) * rows + cell(y, rows)];
}

// Viridis, at fifths.
const COLOURS = [
  [68, 1, 84],
  [65, 68, 135],
  [42, 120, 142],
  [34, 168, 132],
  [122, 209, 81],
  [253, 231, 37],
];

// As in every figure: errors are coloured by their logarithm, between these two.
const ENDS = [0.14, 0.9];
const shareOf = linear(ENDS.map(Math.log), [0, 1]);

/** The colour of an error. */
export function colourOf(error) {
  const place = Math.min(1, Math.max(0, shareOf(Math.log(error)))) * (COLOURS.length - 1);
  const low = Math.min(COLOURS.length - 2, Math.floor(place));
  return COLOURS[low].map((from, i) =>
    Math.round(from + (COLOURS[low + 1][i] - from) * (place - low)),
  );
}

/** A picture of a surface, one pixel a recorded trial. */
const pictureOf = (() => {
  const drawn = new Map();
  return ({ name, columns, rows, errors }) => {
    if (!drawn.has(name)) {
      const canvas = Object.assign(document.createElement("canvas"), {
        width: columns,
        height: rows,
      });
      const context = canvas.getContext("2d");
      const pixels = context.createImageData(columns, rows);
      errors.forEach((error, i) => {
        const [column, row] = [Math.floor(i / rows), rows - 1 - (i % rows)];
        pixels.data.set([...colourOf(error), 255], 4 * (row * columns + column));
      });
      context.putImageData(pixels, 0, 0);
      drawn.set(name, canvas.toDataURL());
    }
    return drawn.get(name);
  };
})();

// What is trained in the page: a hidden layer, over these powers of ten.
const HIDDEN = [32],
  RATES_OF_TEN = [-5, 0],
  DECAYS_OF_TEN = [-6, -1];
/** The epochs of every network that is trained in the page. */
export const EPOCHS_HERE = 4;
/** What is said of the networks that are trained in the page. */
export const NETWORKS_HERE =
  `a hidden layer of ${HIDDEN[0]} units, a learning rate and a weight decay: ` +
  `${EPOCHS_HERE} epochs on 2,000 images`;
// In which their errors are counted.
const SCALE_HERE = { lowest: 0.15, good: 0.2 };

function axisOf(label, [first, last]) {
  const ticks = powers(first, last).map(([exponent]) => [
    (exponent - first) / (last - first),
    exponent ? `1e${exponent}` : "1",
  ]);
  return { label, ticks };
}

const AXES_HERE = [axisOf("learning rate", RATES_OF_TEN), axisOf("weight decay", DECAYS_OF_TEN)];

/** What is asked of the trainer for points of the unit square. */
export function requestAt(points, seed) {
  const powerAt = ([first, last], share) => 10 ** (first + share * (last - first));
  return {
    networks: points.map(([x, y]) => ({
      learning_rate: powerAt(RATES_OF_TEN, x),
      weight_decay: powerAt(DECAYS_OF_TEN, y),
    })),
    hidden: HIDDEN,
    epochs: EPOCHS_HERE,
    seed,
  };
}

/** Networks at points of the unit square, in the colours of the errors that they have come to. */
export function coloured(plot, points, curves) {
  const fillOf = (curve) => (curve?.length ? `rgb(${colourOf(curve.at(-1))})` : "none");
  return points.map(([x, y], i) =>
    svg("circle", {
      class: "network",
      cx: plot.x(x),
      cy: plot.y(y),
      r: 6,
      fill: fillOf(curves[i]),
    }),
  );
}

/** The best errors of the pairs of searches that were trained here, for as long as a page is open. */
export function tallyOf() {
  const pairs = new Map();
  return {
    /** Keep what the searches of these settings and seed have found. */
    keep({ seed, ...sizes }, ...errors) {
      pairs.set(JSON.stringify([sizes, seed]), { sizes: JSON.stringify(sizes), errors });
    },
    /** The errors found with these settings: those of the one kind, and those of the other. */
    of({ seed: _, ...sizes }) {
      const same = [...pairs.values()].filter((pair) => pair.sizes === JSON.stringify(sizes));
      return [0, 1].map((kind) => same.map(({ errors }) => errors[kind]));
    },
  };
}

/** Say how often the second of two kinds has been better so far. */
export function sayTally([first, second], name) {
  const better = second.filter((error, i) => error < first[i]).length;
  const equal = second.filter((error, i) => error === first[i]).length;
  return (
    `Of ${first.length} pair${first.length === 1 ? "" : "s"} trained here so far with these ` +
    `settings, ${name} was better in ${better || "none"}${equal ? `, as good in ${equal}` : ""}. ` +
    "Another press trains another pair."
  );
}

/** The square that networks are trained in, before anything is known of it. */
export const FIELD = { axes: AXES_HERE, ...SCALE_HERE };

const UNIT = { x: [0, 1], y: [0, 1] };

/** A panel for a surface, and one for what many searches found on it. */
export function surfacePanel(label) {
  return panel({
    width: 320,
    height: 300,
    ...UNIT,
    left: 64,
    right: 14,
    top: 30,
    bottom: 54,
    class: "half",
    phone: { height: 260 },
    label,
  });
}

export function drawSurface(plot, title, surface, marks) {
  const { area, element } = plot;
  const [x, y] = surface.axes;
  const some = (ticks) => ticks.filter((_, i) => ticks.length < 7 || i % 2 === 0);
  element.replaceChildren(
    svg(surface.errors ? "image" : "rect", {
      ...(surface.errors
        ? { href: pictureOf(surface), preserveAspectRatio: "none" }
        : { class: "field" }),
      x: area.left,
      y: area.top,
      width: area.right - area.left,
      height: area.bottom - area.top,
    }),
    ...axes(plot, {
      xTicks: some(x.ticks),
      yTicks: some(y.ticks),
      xLabel: x.label,
      yLabel: y.label,
      grid: false,
      away: 8,
    }),
    svg(
      "text",
      { class: "title", x: (area.left + area.right) / 2, y: 18, "text-anchor": "middle" },
      title,
    ),
    ...marks,
  );
}

/** Trials on a surface: all in two strokes, for a move has to be drawn within a frame. */
export function dots(plot, points, kind = "") {
  const d = dotsAt(points.map(([x, y]) => [plot.x(x), plot.y(y)]));
  return [svg("path", { class: "rim", d }), svg("path", { class: `on-surface ${kind}`, d })];
}

/** The path of round dots: strokes of no length with round ends. */
export function dotsAt(places) {
  return places.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join("");
}

export function foundPanel(label) {
  return panel({
    width: 640,
    height: 180,
    x: [0, 1],
    y: [0, 1],
    left: 170,
    right: 40,
    top: 6,
    bottom: 58,
    class: "full",
    phone: { left: 118, right: 30 },
    label,
  });
}

/** Two histograms, one above the other: the best errors of many searches of two kinds. */
export function drawFound(plot, { lowest, good }, kinds) {
  const { area, element } = plot;
  // What is worse than this is all counted in the last bar.
  const top = lowest + 6 * (good - lowest);
  const x = linear([lowest, top], [area.left, area.right]);
  const bins = 30,
    width = (area.right - area.left) / bins,
    height = (area.bottom - area.top) / 2;
  const bars = kinds.flatMap(([name, errors, kind], row) => {
    const base = area.top + height * (row + 1) - 4;
    const counts = new Array(bins).fill(0);
    for (const error of errors) {
      counts[Math.min(bins - 1, Math.floor(((error - lowest) / (top - lowest)) * bins))] += 1;
    }
    const tallest = Math.max(1, ...counts);
    return [
      svg("text", { x: area.left - 8, y: base - height / 2 + 10, "text-anchor": "end" }, name),
      svg("line", { class: "grid", x1: area.left, x2: area.right, y1: base, y2: base }),
      svg("path", {
        class: kind,
        d: counts
          .map((count, i) => {
            const tall = (count / tallest) * (height - 8);
            return `M${area.left + i * width + 1} ${base}v${-tall}h${width - 2}v${tall}z`;
          })
          .join(""),
      }),
      ...errors.slice(0, 1).map(() =>
        svg("line", {
          class: "middle",
          x1: x(Math.min(top, median(errors))),
          x2: x(Math.min(top, median(errors))),
          y1: base - height + 8,
          y2: base + 4,
        }),
      ),
    ];
  });
  const ticks = [
    [lowest, lowest.toFixed(2)],
    [good, good.toFixed(2)],
    [top, `≥ ${top.toFixed(2)}`],
  ];
  element.replaceChildren(
    svg("rect", {
      class: "reached",
      x: area.left,
      y: area.top,
      width: x(good) - area.left,
      height: 2 * height,
    }),
    ...bars,
    ...axes(
      { ...plot, x },
      {
        xTicks: ticks,
        yTicks: [],
        xLabel: `best errors of ${kinds[0][1].length} searches (shaded: ≤ ${good})`,
      },
    ),
  );
}

/** The share of errors that are good. */
export function reached(errors, good) {
  return errors.filter((error) => error <= good + 1e-9).length / errors.length;
}
