// From the files that a reader gives to a table of trials, or to words about what is wrong.

import { cellOf, rowsOfCsv } from "./csv.js";
import { objectsOfColumns, trialsOfObjects } from "./formats.js";

export const MOST_BYTES = 50e6;
export const MOST_TRIALS = 20_000;
const EXPECTED =
  "expected a TrialLog (.jsonl), a CSV with a header and a row for each trial, or the JSON of a " +
  "Ray or KerasTuner trial";

/** What is wrong with a file, in words for the reader. */
export class FileError extends Error {}

/** Refuse files that have too many bytes together. */
export function checkSize(name, bytes) {
  if (bytes > MOST_BYTES)
    throw new FileError(
      `${name} has ${Math.round(bytes / 1e6)} MB; expected at most ${MOST_BYTES / 1e6} MB. ` +
        "Keep one row for each trial, and the columns of the search.",
    );
}

/** Of the files in a folder, those that hold trials: of Ray or KerasTuner, or else logs and tables. */
export function trialFilesOf(folder, files) {
  for (const pattern of [/^(trial|result)\.json$/, /^progress\.csv$/, /\.(jsonl|csv)$/]) {
    const found = files.filter(({ name }) => pattern.test(name));
    if (found.length) return found;
  }
  throw new FileError(
    `${folder} holds no trial.json, result.json, progress.csv, .jsonl or .csv; ${EXPECTED}.`,
  );
}

/** The text of a file's bytes, or what is wrong with them. */
export function textOfBytes(name, bytes) {
  checkSize(name, bytes.length);
  try {
    // A zero byte is in no text, but near the beginning of most other files.
    if (bytes.subarray(0, 4096).includes(0)) throw new TypeError("binary");
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FileError(
      `${name} is a binary file, such as a spreadsheet, a pickle or a database; ${EXPECTED}. ` +
        "The page says below how each library writes one.",
    );
  }
}

/** Records of a CSV text. */
function recordsOfCsv(name, text) {
  const { rows, unclosed } = rowsOfCsv(text);
  if (unclosed)
    throw new FileError(
      `${name} is damaged: a quotation mark in row ${unclosed} is never closed; ${EXPECTED}.`,
    );
  const [header, ...others] = rows;
  if (header.length < 2)
    throw new FileError(`${name} has a single column, "${header[0].slice(0, 40)}"; ${EXPECTED}.`);
  if (!others.length)
    throw new FileError(`${name} has a header and no rows; expected a row for each trial.`);
  const wrong = others.findIndex((row) => row.length !== header.length);
  if (wrong >= 0)
    throw new FileError(
      `${name} is damaged: row ${wrong + 2} has ${others[wrong].length} cells; expected ` +
        `${header.length}, as in its header.`,
    );
  const twice = header.find((each, i) => each && header.indexOf(each) < i);
  if (twice) throw new FileError(`${name} has two columns "${twice}"; expected a name for each.`);
  return others.map((row) =>
    Object.fromEntries(row.map((cell, i) => [header[i] || `column ${i + 1}`, cellOf(cell)])),
  );
}

/** Objects of JSON Lines; a torn last line, as a killed search leaves it, is passed over. */
function objectsOfLines(name, text) {
  const lines = text.split("\n").filter((line) => line.trim());
  return lines.flatMap((line, i) => {
    try {
      // As Python writes what is no number.
      return [JSON.parse(line.replace(/\b(NaN|-?Infinity)\b(?=\s*[,}\]])/g, "null"))];
    } catch {
      if (i > 0 && i === lines.length - 1) return [];
      throw new FileError(
        `${name} is damaged: line ${i + 1} of ${lines.length} is no JSON; ${EXPECTED}.`,
      );
    }
  });
}

/** Objects of a JSON text: one a trial. */
function objectsOfJson(name, text) {
  let whole;
  try {
    whole = JSON.parse(text);
  } catch {
    return objectsOfLines(name, text);
  }
  if (Array.isArray(whole)) return whole;
  return objectsOfColumns(whole) ?? [whole];
}

/** The objects of one file. */
function objectsOf({ name, text }) {
  const plain = text.replace(/^\uFEFF/, "");
  if (!plain.trim()) throw new FileError(`${name} is empty; ${EXPECTED}.`);
  const isJson = /^\s*[{[]/.test(plain);
  const objects = isJson ? objectsOfJson(name, plain) : recordsOfCsv(name, plain);
  if (!trialsOfObjects(objects)) throw new FileError(`${name} holds no trials; ${EXPECTED}.`);
  return objects;
}

/** The names of all records, in the order in which they come up. */
const namesOf = (records) => [...new Set(records.flatMap((each) => Object.keys(each)))];

/**
 * The table of these files, each with a name and a text: several are joined, as the trials of Ray
 * and KerasTuner lie in a file each. Returns name, format, count, columns with name and values,
 * curves by the name of the metric, and what the files say about options and direction.
 */
export function tableOf(files) {
  const objects = files.flatMap(objectsOf);
  const name = files.length === 1 ? files[0].name : `${files.length} files`;
  const found = trialsOfObjects(objects);
  if (!found) throw new FileError(`${name} are of different kinds; expected files of one search.`);
  const { records, ...rest } = found;
  if (records.length > MOST_TRIALS)
    throw new FileError(
      `${name} holds ${records.length.toLocaleString("en")} trials; expected at most ` +
        `${MOST_TRIALS.toLocaleString("en")}.`,
    );
  const columns = namesOf(records).map((each) => ({
    name: each,
    values: records.map((record) => record[each] ?? null),
  }));
  return { name, count: records.length, columns, options: {}, ...rest };
}
