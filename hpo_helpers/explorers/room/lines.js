// Parallel axes: an axis for each hyperparameter, a line for each trial, and brushes on the axes.

import { svg } from "../shared.js";
import { createStage, shortened, written } from "./canvas.js";

// Below this width the axes lie, one below the other.
const NARROW = 560;
const HEIGHT = 340;
const ROW = 62;
const LETTER = 7.2;
// A press that moves less is a click, in shares of an axis.
const CLICK = 0.015;

/** Where axes and shares lie in pixels. */
function layoutOf(width, count) {
  const turned = width < NARROW;
  const height = turned ? 30 + count * ROW : HEIGHT;
  const [left, right, top, bottom] = turned
    ? [14, width - 14, 34, height - 28]
    : [30, width - 48, 40, height - 14];
  const along = count > 1 ? count - 1 : 1;
  const axisAt = (i) =>
    turned ? top + (i * (bottom - top)) / along : left + (i * (right - left)) / along;
  const placeAt = (share) =>
    turned ? left + share * (right - left) : bottom - share * (bottom - top);
  const shareAt = (x, y) => (turned ? (x - left) / (right - left) : (bottom - y) / (bottom - top));
  const point = (i, share) => (turned ? [placeAt(share), axisAt(i)] : [axisAt(i), placeAt(share)]);
  return {
    turned,
    height,
    axisAt,
    placeAt,
    shareAt,
    point,
    gap: (turned ? bottom - top : right - left) / along,
    left,
    right,
    top,
    bottom,
  };
}

/** A rectangle along an axis from one share to another, so wide across it. */
function along(layout, i, [low, high], across, attributes) {
  const [x1, y1] = layout.point(i, low);
  const [x2, y2] = layout.point(i, high);
  const size = layout.turned
    ? { x: x1, y: y1 - across / 2, width: Math.max(1, x2 - x1), height: across }
    : { x: x1 - across / 2, y: y2, width: across, height: Math.max(1, y1 - y2) };
  return svg("rect", { ...size, ...attributes });
}

/** Ticks of an axis, as many as there is room for. */
function ticksOf(layout, axis) {
  const apart = layout.turned ? 26 : 15;
  let last = -Infinity;
  return axis.ticks.filter(([share, text]) => {
    const place = Math.abs(layout.placeAt(share) - layout.placeAt(0));
    const isFree =
      place - last >= (layout.turned ? Math.max(apart, 0.5 * LETTER * (text.length + 5)) : apart);
    if (isFree) last = place;
    return isFree;
  });
}

/** The axis, its name and its ticks. */
function drawAxis(layout, axis, i, count) {
  const { turned, point, gap } = layout;
  const [x1, y1] = point(i, 0);
  const [x2, y2] = point(i, 1);
  const letters = Math.floor(
    (turned ? layout.right - layout.left : gap * (i % 2 ? 1 : 1.1)) / LETTER,
  );
  const anchor = turned || i === 0 ? "start" : i === count - 1 ? "end" : "middle";
  const x = turned ? 4 : i === 0 ? 4 : i === count - 1 ? x2 + 44 : x2;
  const name = written(
    x,
    turned ? y1 - 13 : i % 2 ? 12 : 28,
    anchor,
    shortened(axis.name, letters * (turned ? 1 : 1.8)),
    { class: "name" },
  );
  name.append(svg("title", {}, axis.name));
  return [
    svg("line", { class: "axis", x1, y1, x2, y2 }),
    name,
    ...ticksOf(layout, axis).map(([share, text]) => {
      const [x, y] = point(i, share);
      const said = shortened(text, turned ? 9 : 8);
      return turned
        ? written(x, y + 17, share < 0.05 ? "start" : share > 0.95 ? "end" : "middle", said)
        : written(x + 5, y + 4, "start", said);
    }),
  ];
}

/** Lines of trials, some together in a stroke: alone each costs more than it is worth. */
function strokeLines(context, layout, axes, rows, { colour, alpha, width, batch }) {
  const places = axes.map((_, i) => layout.axisAt(i));
  context.strokeStyle = colour;
  context.globalAlpha = alpha;
  context.lineWidth = width;
  context.lineJoin = "round";
  const origin = layout.placeAt(0);
  const scale = layout.placeAt(1) - origin;
  for (let start = 0; start < rows.length; start += batch) {
    context.beginPath();
    const end = Math.min(rows.length, start + batch);
    for (let k = start; k < end; k += 1)
      for (let i = 0; i < axes.length; i += 1) {
        const place = origin + scale * axes[i].drawn[rows[k]];
        const [x, y] = layout.turned ? [place, places[i]] : [places[i], place];
        if (i) context.lineTo(x, y);
        else context.moveTo(x, y);
      }
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** How opaque a line is, and how many share a stroke, among so many. */
const styleOf = (count) => ({
  alpha: Math.min(0.75, Math.max(0.06, 9 / Math.sqrt(count + 1) / 1.6)),
  batch: Math.max(1, Math.ceil(count / 700)),
});

/** What a press at this share of an axis begins: to move an end or the whole, or a new brush. */
function gripOf(range, share, near) {
  if (!range) return { fixed: share };
  const [low, high] = range;
  if (Math.abs(share - low) < near) return { fixed: high };
  if (Math.abs(share - high) < near) return { fixed: low };
  return share > low && share < high ? { whole: range, from: share } : { fixed: share };
}

/** A brush while it is dragged to this share; undefined where it is no brush yet. */
function draggedTo({ fixed, whole, from }, share) {
  if (whole) {
    const shift = Math.min(1 - whole[1], Math.max(-whole[0], share - from));
    return whole.map((end) => end + shift);
  }
  return [Math.min(fixed, share), Math.max(fixed, share)];
}

/** The picture; `brush` is told the name of an axis and its new range, null for none. */
export function createLines({ brush }) {
  const stage = createStage("Parallel axes: a line for each trial", { class: "lines" });
  const brushes = svg("g", {});
  let [axes, ranges, layout] = [[], {}, null];

  const shareOf = (event) => {
    const box = stage.over.getBoundingClientRect();
    const scale = stage.width / box.width;
    const share = layout.shareAt(
      (event.clientX - box.left) * scale,
      (event.clientY - box.top) * scale,
    );
    return Math.min(1, Math.max(0, share));
  };
  /** A strip over an axis that takes presses. */
  const stripOf = (axis, i) => {
    const strip = along(layout, i, [0, 1], layout.turned ? 40 : Math.min(44, layout.gap), {
      class: "strip",
    });
    let grip = null;
    let first = 0;
    strip.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      strip.setPointerCapture(event.pointerId);
      first = shareOf(event);
      grip = gripOf(ranges[axis.name], first, event.pointerType === "touch" ? 0.07 : 0.035);
      event.preventDefault();
    });
    strip.addEventListener("pointermove", (event) => {
      if (!grip) return;
      const share = shareOf(event);
      if (Math.abs(share - first) > CLICK) brush(axis.name, draggedTo(grip, share));
    });
    const end = (event) => {
      if (grip && event.type === "pointerup" && Math.abs(shareOf(event) - first) <= CLICK)
        brush(axis.name, null);
      grip = null;
    };
    strip.addEventListener("pointerup", end);
    strip.addEventListener("pointercancel", end);
    return strip;
  };

  /** Lay the axes out, and draw all trials behind. */
  const lay = (shown, width, rows, colours) => {
    axes = shown;
    layout = layoutOf(width, axes.length);
    stage.resize(width, layout.height);
    const names = axes.map(({ name }) => name).join(", ");
    stage.over.setAttribute(
      "aria-label",
      `Parallel axes, a line for each of ${rows.length} trials: ${names}`,
    );
    stage.element.classList.toggle("turned", layout.turned);
    stage.over.replaceChildren(
      ...axes.flatMap((axis, i) => drawAxis(layout, axis, i, axes.length)),
      brushes,
      ...axes.map(stripOf),
    );
    stage.drawBack((behind) =>
      strokeLines(behind, layout, axes, rows, {
        colour: colours.faint,
        width: 1,
        ...styleOf(rows.length),
      }),
    );
  };

  /** Draw what is inside the brushes, the best of it on top. */
  const draw = ({ inside, best, incumbent, isBrushed }, nextRanges, colours) => {
    ranges = nextRanges;
    stage.begin(isBrushed);
    strokeLines(stage.context, layout, axes, inside, {
      colour: colours.trial,
      width: 1,
      ...styleOf(inside.length),
    });
    strokeLines(stage.context, layout, axes, best, {
      colour: colours.best,
      width: 1.2,
      alpha: Math.max(0.15, styleOf(best.length).alpha),
      batch: 1,
    });
    if (incumbent !== null)
      strokeLines(stage.context, layout, axes, [incumbent], {
        colour: colours.best,
        width: 3,
        alpha: 1,
        batch: 1,
      });
    brushes.replaceChildren(
      ...axes.flatMap((axis, i) =>
        ranges[axis.name]
          ? [along(layout, i, ranges[axis.name], 16, { class: "brush", rx: 2 })]
          : [],
      ),
    );
  };
  return { element: stage.element, lay, draw };
}
