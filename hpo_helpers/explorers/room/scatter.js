// Trials as points over two axes: slices, the order of the search, the front of two numbers.

import { svg } from "../shared.js";
import { createStage, shortened, written } from "./canvas.js";

const MARGIN = { left: 46, right: 10, top: 8, bottom: 36 };

/** Points as squares, quicker to fill than circles. */
function fillPoints(context, { x, y }, xs, ys, rows, size) {
  const half = size / 2;
  for (const row of rows) context.fillRect(x(xs[row]) - half, y(ys[row]) - half, size, size);
}

/** Ticks at least so far apart, by where they lie in pixels. */
function apart(ticks, place, gap) {
  let last = -Infinity;
  return ticks.filter(([share, text]) => {
    const at = Math.abs(place(share) - place(0));
    const isFree = at - last >= gap(text);
    if (isFree) last = at;
    return isFree;
  });
}

/** A picture of points with a name; `lay` sets its axes, `draw` what is inside the brushes. */
export function createScatter(label, height = 170) {
  const stage = createStage(label, { class: "scatter" });
  const path = svg("path", { class: "steps" });
  let [axes, place] = [null, null];

  const lay = (xAxis, yAxis, width, rows, colours) => {
    axes = [xAxis, yAxis];
    stage.resize(width, height);
    const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
    place = {
      x: (share) => MARGIN.left + share * (right - MARGIN.left),
      y: (share) => bottom - share * (bottom - MARGIN.top),
    };
    const name = written(
      (MARGIN.left + right) / 2,
      height - 4,
      "middle",
      shortened(xAxis.name, Math.floor(width / 8)),
      { class: "name" },
    );
    name.append(svg("title", {}, xAxis.name));
    stage.over.replaceChildren(
      svg("path", { class: "axis", d: `M${MARGIN.left} ${MARGIN.top}V${bottom}H${right}` }),
      ...apart(xAxis.ticks, place.x, (text) => 6 * text.length + 14).map(([share, text]) =>
        written(
          place.x(share) + (share > 0.95 ? 8 : 0),
          bottom + 15,
          share > 0.95 ? "end" : "middle",
          shortened(text, 9),
        ),
      ),
      ...apart(yAxis.ticks, place.y, () => 15).map(([share, text]) =>
        written(MARGIN.left - 5, place.y(share) + 4, "end", shortened(text, 6)),
      ),
      name,
      path,
    );
    stage.drawBack((behind) => {
      behind.fillStyle = colours.faint;
      behind.globalAlpha = 0.7;
      fillPoints(behind, place, xAxis.drawn, yAxis.drawn, rows, 2.5);
    });
  };

  const draw = ({ inside, best, incumbent, isBrushed }, colours, steps) => {
    const { context } = stage;
    const [{ drawn: xs }, { drawn: ys }] = axes;
    stage.begin(isBrushed);
    context.globalAlpha = inside.length > 2000 ? 0.4 : 0.75;
    context.fillStyle = colours.trial;
    fillPoints(context, place, xs, ys, inside, inside.length > 2000 ? 2 : 3);
    context.globalAlpha = 1;
    context.fillStyle = colours.best;
    fillPoints(context, place, xs, ys, best, 4);
    if (incumbent !== null) fillPoints(context, place, xs, ys, [incumbent], 8);
    path.setAttribute(
      "d",
      steps
        .map(([x, y], i) => `${i ? "L" : "M"}${place.x(x).toFixed(1)} ${place.y(y).toFixed(1)}`)
        .join(""),
    );
  };
  return { element: stage.element, lay, draw };
}

/** The incumbent as a line of steps over the order of the trials. */
export function stepsOfIncumbent(xAxis, yAxis, cost, rows) {
  const steps = [];
  let best = null;
  for (const row of [...rows].sort((a, b) => a - b)) {
    if (Number.isNaN(cost[row]) || (best !== null && cost[row] >= cost[best])) continue;
    if (best !== null) steps.push([xAxis.at[row], yAxis.at[best]]);
    steps.push([xAxis.at[row], yAxis.at[row]]);
    best = row;
  }
  if (best !== null) steps.push([1, yAxis.at[best]]);
  return steps;
}

/** The rows that no other beats in both numbers, lower being better in both; by the first. */
export function frontOf(cost, second, rows) {
  const known = rows.filter((row) => !Number.isNaN(cost[row]) && second[row] !== null);
  const sorted = known.sort((a, b) => second[a] - second[b] || cost[a] - cost[b]);
  let lowest = Infinity;
  return sorted.filter((row) => {
    const isFront = cost[row] < lowest;
    if (isFront) lowest = cost[row];
    return isFront;
  });
}

/** The front as a line of steps. */
export function stepsOfFront(xAxis, yAxis, front) {
  return front.flatMap((row, i) => [
    ...(i ? [[xAxis.at[row], yAxis.at[front[i - 1]]]] : []),
    [xAxis.at[row], yAxis.at[row]],
  ]);
}
