// CSV, and what is written in its cells.

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NOTHING = new Set(["", "nan", "na", "n/a", "none", "null", "<na>", "nat", "inf", "-inf"]);
// As pandas writes a duration: 0 days 00:01:02.5.
const DURATION = /^(-?\d+) days? (\d+):(\d\d):(\d\d(?:\.\d+)?)$/;

/** What a cell holds: a number, a text, or null where there is nothing, or nothing finite. */
export function cellOf(text) {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed);
  if (NOTHING.has(trimmed.toLowerCase())) return null;
  const duration = DURATION.exec(trimmed);
  if (!duration) return trimmed;
  const [days, hours, minutes, seconds] = duration.slice(1).map(Number);
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** The separator of a header: the one of these that it holds most often outside of quotes. */
function separatorOf(header) {
  const bare = header.replace(/"[^"]*"/g, "");
  const count = (separator) => bare.split(separator).length;
  return [",", ";", "\t"].reduce((best, each) => (count(each) > count(best) ? each : best));
}

/** The rows of a CSV text as lists of texts; a quoted cell may hold separators and line ends. */
export function rowsOfCsv(text) {
  const separator = separatorOf(text.slice(0, text.search(/\r?\n|$/)));
  const rows = [];
  let row = [];
  let at = 0;
  const endRow = () => {
    if (row.length > 1 || row[0]?.trim()) rows.push(row);
    row = [];
  };
  while (at < text.length) {
    let cell = "";
    if (text[at] === '"') {
      let end = at + 1;
      for (;;) {
        const quote = text.indexOf('"', end);
        if (quote < 0) return { rows, unclosed: rows.length + 1 };
        cell += text.slice(end, quote);
        end = quote + 1;
        if (text[end] !== '"') break;
        cell += '"';
        end += 1;
      }
      at = end;
    }
    let end = at;
    while (end < text.length && text[end] !== separator && text[end] !== "\n") end += 1;
    cell += text.slice(at, end).replace(/\r$/, "");
    row.push(cell);
    if (text[end] === "\n") endRow();
    // A separator at the very end is followed by one more cell.
    else if (text[end] === separator && end + 1 === text.length) row.push("");
    at = end + 1;
  }
  endRow();
  return { rows, unclosed: 0 };
}
