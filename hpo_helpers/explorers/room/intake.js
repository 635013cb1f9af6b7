// Where a file comes in, and where its columns are corrected.

import { html } from "../shared.js";
import { isNumeric, ROLES, withRole } from "./columns.js";
import { checkSize, FileError, tableOf, textOfBytes, trialFilesOf } from "./files.js";
import { sayNumber } from "./scales.js";

const QUIET = { "data-lm-suppress-shortcuts": "true" };

/** A native select with a label in words; `choose` is told the option. */
export function choiceOf(label, options, chosen, choose) {
  const input = html(
    "select",
    { ...QUIET, "aria-label": label, onchange: () => choose(options[input.selectedIndex]) },
    ...options.map((option) => html("option", {}, option)),
  );
  input.selectedIndex = options.indexOf(chosen);
  return input;
}

/** The table of these files of a browser, or a FileError. */
async function readFiles(files) {
  const all = files.length === 1 ? files[0].name : `${files.length} files`;
  checkSize(
    all,
    files.reduce((sum, { size }) => sum + size, 0),
  );
  const texts = [];
  for (const file of files)
    texts.push({
      name: file.name,
      text: textOfBytes(file.name, new Uint8Array(await file.arrayBuffer())),
    });
  return tableOf(texts);
}

/** All files below an entry of what was dropped. */
async function filesBelow(entry) {
  if (entry.isFile) return [await new Promise((give, fail) => entry.file(give, fail))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // A reader gives them by the hundred.
    const some = await new Promise((give, fail) => reader.readEntries(give, fail));
    if (!some.length) return found;
    for (const each of some) found.push(...(await filesBelow(each)));
  }
}

/** The files of a drop; of a folder those that hold trials. */
async function filesOfDrop({ items, files }) {
  // Both are gone as soon as something is waited for.
  const [plain, entries] = [[...files], [...items].map((item) => item.webkitGetAsEntry?.())];
  const folder = entries.find((entry) => entry?.isDirectory);
  return folder ? trialFilesOf(folder.name, await filesBelow(folder)) : plain;
}

/**
 * A field to choose files, which may be dropped on `target` too. `open` is told a table, `refuse`
 * the words for a file that is none, `back` that the recorded search is wanted again.
 */
export function createIntake(target, { open, refuse, back }) {
  const take = async (choose) => {
    try {
      const files = await choose();
      if (files.length) open(await readFiles(files));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      refuse(error.message);
    }
  };
  const field = (attributes, choose) => {
    const input = html("input", {
      type: "file",
      ...attributes,
      ...QUIET,
      onchange: async () => {
        await take(async () => choose([...input.files]));
        // So that the same file can be chosen again.
        input.value = "";
      },
    });
    return input;
  };
  const file = field(
    { multiple: true, accept: ".jsonl,.json,.ndjson,.csv,.tsv,.txt" },
    (files) => files,
  );
  const folder = field({ webkitdirectory: true }, (files) => {
    const [name] = files[0].webkitRelativePath.split("/");
    return trialFilesOf(name, files);
  });
  const again = html(
    "button",
    { type: "button", ...QUIET, hidden: true, onclick: back },
    "Back to the first search",
  );
  target.addEventListener("dragover", (event) => {
    event.preventDefault();
    target.classList.add("dropping");
  });
  target.addEventListener("dragleave", () => target.classList.remove("dropping"));
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    target.classList.remove("dropping");
    take(() => filesOfDrop(event.dataTransfer));
  });
  const element = html(
    "div",
    { class: "intake" },
    html("label", {}, html("span", {}, "Your search: choose a file, or drop it here"), file),
    html(
      "label",
      { class: "folder" },
      html("span", {}, "or the folder of a Ray or KerasTuner search"),
      folder,
    ),
    again,
    html(
      "p",
      { class: "private" },
      "Nothing leaves this page. Your browser reads the file itself, sends it nowhere, and forgets it when you leave.",
    ),
  );
  const show = (isOwn) => {
    again.hidden = !isOwn;
    // On paper the search of the reader stands, not the picture of the first one.
    target.classList.toggle("own", isOwn);
  };
  return { element, show };
}

/** The first values of a column, in words. */
function examplesOf(values) {
  const some = [...new Set(values.filter((value) => value !== null))].slice(0, 3);
  return some
    .map((value) => (typeof value === "number" ? sayNumber(value) : String(value).slice(0, 20)))
    .join(", ");
}

/** What each column was taken for, to be corrected; `correct` is told a new reading of the table. */
export function createColumns(correct) {
  const summary = html("summary", {});
  const body = html("tbody", {});
  const direction = html("span", {});
  const images = html("input", { type: "number", min: 0, max: 10_000_000, step: 1, ...QUIET });
  const head = ["column", "for example", "is read as", "axis"].map((name) =>
    html("th", { scope: "col" }, name),
  );
  const element = html(
    "details",
    { class: "columns" },
    summary,
    html(
      "div",
      { class: "knobs" },
      html("label", { class: "knob" }, html("span", {}, "better is"), direction),
      html("label", { class: "knob" }, html("span", {}, "validation images (0: unknown)"), images),
    ),
    html("table", {}, html("thead", {}, html("tr", {}, ...head)), body),
  );

  const show = (table, reading, images_) => {
    const { roles, scales } = reading;
    const named = (role) => Object.keys(roles).filter((name) => roles[name] === role);
    const [objective] = named("objective");
    summary.textContent =
      `Columns: ${named("hyperparameter").length} hyperparameters; ` +
      (objective
        ? `${objective}, ${reading.direction} is better`
        : "no objective yet: choose one here") +
      ". Correct them.";
    if (!objective) element.open = true;
    direction.replaceChildren(
      choiceOf("better is", ["smaller", "larger"], reading.direction, (chosen) =>
        correct({ ...reading, direction: chosen }, "better is"),
      ),
    );
    images.value = images_;
    images.onchange = () =>
      correct(
        { ...reading, images: Math.max(0, Math.round(Number(images.value) || 0)) },
        "validation images",
      );
    const rowOf = ({ name, values }) => {
      const numeric = isNumeric(values);
      const offered = ROLES.filter(
        (role) => numeric || !["objective", "second number", "epochs", "seconds"].includes(role),
      );
      const role = choiceOf(`${name} is read as`, offered, roles[name], (chosen) =>
        correct({ ...reading, roles: withRole(roles, name, chosen) }, `${name} is read as`),
      );
      const scale = choiceOf(
        `axis of ${name}`,
        ["auto", "linear", "log"],
        scales[name] ?? "auto",
        (chosen) =>
          correct({ ...reading, scales: { ...scales, [name]: chosen } }, `axis of ${name}`),
      );
      return html(
        "tr",
        {},
        html("th", { scope: "row" }, name),
        html("td", {}, examplesOf(values)),
        html("td", {}, role),
        html("td", {}, ...(numeric ? [scale] : [])),
      );
    };
    body.replaceChildren(...table.columns.map(rowOf));
  };
  /** Give the focus back to the control of this label, which was made anew. */
  const focus = (label) =>
    [...element.querySelectorAll("select")]
      .find((each) => each.getAttribute("aria-label") === label)
      ?.focus();
  return { element, show, focus };
}
