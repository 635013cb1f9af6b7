// A reading room: the reader's own search, drawn, weighed and diagnosed where it lies.

import { coloursOf } from "./room/canvas.js";
import { recognise } from "./room/columns.js";
import { tableOf } from "./room/files.js";
import { createColumns, createIntake } from "./room/intake.js";
import { studyOf } from "./room/study.js";
import { createViewer } from "./room/viewer.js";
import { html, set } from "./shared.js";

/** The search that the model brings along. */
function searchOf(model) {
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

/** What search is shown, and whether there is something to see. */
function sayState({ name, count, format }, study, isFirst) {
  const kinds = study?.diagnosis.found.length;
  const trouble = kinds ? `${kinds} kind${kinds === 1 ? "" : "s"} of` : "no";
  return (
    `${isFirst ? "Shown" : "Your search"}: ${name}, ${count.toLocaleString("en")} trials, read as ` +
    `${format === "table" ? "a table" : format}. ` +
    (!study
      ? "No column looks like an objective: choose one under Columns."
      : study.yAxis
        ? `The diagnosis below finds ${trouble} trouble.`
        : "No trial in it has a result.")
  );
}

/** Call `lay` when the width or the colours of an element change; returns what ends it. */
function watch(element, lay) {
  let last = "";
  // Only then: a page tells of much else.
  const look = () => {
    const now = JSON.stringify([element.clientWidth, coloursOf(element)]);
    if (now === last) return;
    last = now;
    lay();
  };
  const sizes = new ResizeObserver(look);
  sizes.observe(element);
  const themes = new MutationObserver(look);
  const attributeFilter = ["data-theme", "data-jp-theme-light", "class"];
  for (const each of [document.documentElement, document.body])
    themes.observe(each, { attributes: true, attributeFilter });
  return () => {
    sizes.disconnect();
    themes.disconnect();
  };
}

function render({ model, el }) {
  const first = searchOf(model);
  let [search, reading] = [first, null];
  const status = html("p", { class: "shown", role: "status" });
  const room = html("div", { class: "explorer room" });

  /** Study the search as its columns are understood now. */
  const interpret = () => {
    columns.show(search.table, reading, search.model.get("images"));
    const study = studyOf(search, reading);
    status.textContent = sayState(search.table, study, search === first);
    viewer.show(study?.yAxis ? study : null, search.model);
  };
  const open = (next) => {
    search = next;
    reading = { ...recognise(search.table), scales: {} };
    intake.show(search !== first);
    interpret();
  };
  /** Set a trait of the search; the model that the page brings along tells of it by itself. */
  const change = (changes) => {
    set(search.model, changes);
    if (search !== first) interpret();
  };
  const intake = createIntake(room, {
    open: (table) => open({ table, model: modelOfReader() }),
    refuse: (message) => {
      status.textContent = message;
    },
    back: () => open(first),
  });
  const columns = createColumns(({ images, ...next }, label) => {
    reading = next;
    if (images === undefined) interpret();
    else change({ images });
    columns.focus(label);
  });
  const viewer = createViewer({ growAgain: () => change({ seed: search.model.get("seed") + 1 }) });
  room.append(intake.element, status, columns.element, viewer.element);
  el.replaceChildren(room);

  const ifFirst = (act) => () => search === first && act();
  const followed = {
    brush: ifFirst(viewer.ask),
    seed: ifFirst(interpret),
    images: ifFirst(interpret),
  };
  for (const [name, follow] of Object.entries(followed)) model.on(`change:${name}`, follow);
  const unwatch = watch(room, viewer.lay);
  open(first);
  return () => {
    unwatch();
    viewer.stop();
    for (const [name, follow] of Object.entries(followed)) model.off(`change:${name}`, follow);
  };
}

export default { render };
