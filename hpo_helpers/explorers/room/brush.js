// Brushes: a range from 0 to 1 on some of the axes, and the trials that lie inside all of them.

/** A name as it was before it was encoded; an address may hold what is no such name. */
function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Ranges by the name of their axis, from the text that an address holds. */
export function rangesOf(text) {
  const ranges = {};
  for (const part of text.split(";")) {
    const found = /^(.+):([\d.]+)-([\d.]+)$/.exec(part);
    if (found) ranges[decoded(found[1])] = [Number(found[2]), Number(found[3])];
  }
  return ranges;
}

/** The text of ranges. */
export function textOfRanges(ranges) {
  const short = (share) => String(Number(share.toFixed(3)));
  return Object.entries(ranges)
    .map(([name, [low, high]]) => `${encodeURIComponent(name)}:${short(low)}-${short(high)}`)
    .join(";");
}

/** Ranges after one is changed; a range over a whole axis is none. */
export function withRange(ranges, name, range) {
  const { [name]: _, ...others } = ranges;
  return !range || (range[0] <= 0 && range[1] >= 1) ? others : { ...others, [name]: range };
}

/** The rows inside all ranges. */
export function insideOf(axes, ranges, count) {
  const brushed = axes.filter(({ name }) => ranges[name]);
  const rows = [];
  const isInside = (row) =>
    brushed.every(
      ({ name, at }) => at[row] >= ranges[name][0] - 1e-6 && at[row] <= ranges[name][1] + 1e-6,
    );
  for (let row = 0; row < count; row += 1) if (isInside(row)) rows.push(row);
  return rows;
}

/** The places on an axis where a brush may end, for the keys. */
export function stopsOf(axis) {
  const stops =
    axis.kind === "options"
      ? Array.from({ length: axis.levels.length + 1 }, (_, i) => axis.begin + i * axis.width)
      : Array.from({ length: 101 }, (_, i) => axis.begin + (i * (1 - axis.begin)) / 100);
  return axis.begin > 0 ? [0, ...stops] : stops;
}

/** What an end of a brush stands at, in words. */
export function sayEnd(axis, share, isLower) {
  const isOption = axis.kind === "options" || (axis.begin > 0 && share <= axis.begin);
  return axis.say(
    isOption ? share + (isLower ? 1e-3 : -0.05 * (share <= axis.begin ? 1 : 0) - 1e-3) : share,
  );
}
