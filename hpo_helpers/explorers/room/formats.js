// What the libraries write: each turned into records, one a trial, with curves beside them.
//
// A record holds numbers, texts and null by name. TrialLog: trials.py of this package. Optuna:
// Study.trials_dataframe. Ray: ResultGrid.get_dataframe, and the result.json and progress.csv of a
// trial. KerasTuner: the trial.json of a trial. scikit-learn: cv_results_ of a search.

/** Names and values of what is nested, joined by slashes; lists are left out. */
function flattened(object, prefix = "") {
  return Object.entries(object).flatMap(([name, value]) => {
    if (Array.isArray(value)) return [];
    if (value && typeof value === "object") return flattened(value, `${prefix}${name}/`);
    const plain = typeof value === "boolean" ? (value ? "True" : "False") : value;
    return [[prefix + name, typeof plain === "number" && !Number.isFinite(plain) ? null : plain]];
  });
}

export const flatRecord = (object) => Object.fromEntries(flattened(object));

const isTrialOfLog = (each) => each.config && Array.isArray(each.errors) && "number" in each;
const isTrialOfKeras = (each) => Boolean(each.hyperparameters?.values);
const isReportOfRay = (each) => "training_iteration" in each && "trial_id" in each;

/** A TrialLog: the last report of a trial counts, and its seconds add up. */
function ofLog(objects) {
  const trials = new Map();
  for (const { number, config, errors, status, reason, start, end } of objects) {
    const seconds = (trials.get(number)?.record.seconds ?? 0) + ((end ?? 0) - (start ?? 0));
    const isFailed = status === "failed";
    const clash = (name) =>
      name in { number, error: 0, epochs: 0, status: 0, seconds: 0 } ? `config.${name}` : name;
    const chosen = Object.entries(flatRecord(config)).map(([name, value]) => [clash(name), value]);
    const record = {
      number,
      ...Object.fromEntries(chosen),
      error: isFailed ? null : errors.at(-1),
      epochs: errors.length,
      status: status ?? "completed",
      reason: reason ?? "",
      seconds,
    };
    trials.set(number, { record, curve: errors });
  }
  const all = [...trials.values()];
  return {
    format: "TrialLog",
    records: all.map((each) => each.record),
    curves: { error: all.map((each) => each.curve) },
    hyperparameters: new Set(objects.flatMap(({ config }) => Object.keys(flatRecord(config)))),
  };
}

/** The metric of a KerasTuner trial that its score was taken from, with its direction. */
function metricOfScore({ score, metrics }) {
  const all = Object.entries(metrics?.metrics ?? {});
  const meanOf = ({ value }) => value.reduce((sum, each) => sum + each, 0) / value.length;
  const isIt = ([, { observations }]) =>
    observations.some((each) => Math.abs(meanOf(each) - score) <= 1e-9 * Math.abs(score));
  const found =
    score === null
      ? undefined
      : (all.find((each) => isIt(each) && each[0].startsWith("val_")) ?? all.find(isIt));
  return (
    found && {
      name: found[0],
      direction: found[1].direction,
      curve: found[1].observations.map(meanOf),
    }
  );
}

/** Trials of KerasTuner: their space says what could have been tried. */
function ofKeras(objects) {
  const options = {};
  for (const { hyperparameters } of objects)
    for (const { config } of hyperparameters.space ?? [])
      if (Array.isArray(config?.values)) options[config.name] = config.values;
  const metrics = objects.map(metricOfScore);
  const known = metrics.find(Boolean);
  const records = objects.map((each, i) => {
    const values = Object.entries(flatRecord(each.hyperparameters.values));
    return {
      trial_id: each.trial_id ?? i,
      ...Object.fromEntries(values.filter(([name]) => !name.startsWith("tuner/"))),
      score: each.score ?? null,
      epochs: each.hyperparameters.values["tuner/epochs"] ?? null,
      status: each.status ?? "COMPLETED",
    };
  });
  return {
    format: "KerasTuner",
    records,
    curves: { score: metrics.map((metric) => metric?.curve ?? []) },
    options,
    direction: known && (known.direction === "max" ? "larger" : "smaller"),
    hyperparameters: new Set(
      objects.flatMap(({ hyperparameters }) => Object.keys(hyperparameters.values)),
    ),
  };
}

/** Values in the tag of a Ray trial, as in 3_lr=0.1,units=64: all that a progress.csv has. */
function ofTag(tag) {
  const pairs = String(tag ?? "")
    .replace(/^\d+_/, "")
    .split(",");
  const known = pairs.map((pair) => pair.split("=")).filter((pair) => pair.length === 2);
  const value = (text) =>
    text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  return Object.fromEntries(known.map(([name, text]) => [`config/${name}`, value(text)]));
}

/** Reports of Ray trials, one after each epoch: the last of a trial counts, all make its curves. */
function ofReports(reports) {
  const trials = new Map();
  for (const report of reports) {
    const id = report.trial_id;
    trials.set(id, [...(trials.get(id) ?? []), report]);
  }
  const all = [...trials.values()].map((each) =>
    each.sort((a, b) => a.training_iteration - b.training_iteration),
  );
  const records = all.map((each) => ({ ...ofTag(each.at(-1).experiment_tag), ...each.at(-1) }));
  const isLong = all.some((each) => each.length > 1);
  const metrics = Object.keys(records[0]).filter((name) => typeof records[0][name] === "number");
  const curveOf = (name) => all.map((each) => each.map((report) => report[name]));
  return {
    format: "Ray",
    records,
    curves: isLong ? Object.fromEntries(metrics.map((name) => [name, curveOf(name)])) : {},
  };
}

/** Records of a flat table, by the names in its header. */
function ofRecords(records) {
  const [first] = records;
  if (isReportOfRay(first)) return ofReports(records);
  const names = Object.keys(first);
  const has = (pattern) => names.some((name) => pattern.test(name));
  const format =
    has(/^params_/) && has(/^state$/)
      ? "Optuna"
      : has(/^param_/) && has(/^mean_test_/)
        ? "scikit-learn"
        : has(/^config[/.]/)
          ? "Ray"
          : "table";
  return { format, records, curves: {} };
}

/** Trials of any of the formats, from objects; undefined where they are none. */
export function trialsOfObjects(objects) {
  if (!objects.length || !objects.every((each) => each && typeof each === "object"))
    return undefined;
  if (objects.every(isTrialOfLog)) return ofLog(objects);
  if (objects.every(isTrialOfKeras)) return ofKeras(objects);
  const records = objects.map(flatRecord);
  return records.some((each) => Object.keys(each).length > 1) ? ofRecords(records) : undefined;
}

/** Objects of a table that is stored by columns, as pandas does: {"lr": {"0": 0.1}}. */
export function objectsOfColumns(columns) {
  const names = Object.keys(columns);
  const isColumn = (each) => each && typeof each === "object";
  if (names.length < 2 || !names.every((name) => isColumn(columns[name]))) return undefined;
  const rows = Object.keys(columns[names[0]]);
  return rows.map((row) => Object.fromEntries(names.map((name) => [name, columns[name][row]])));
}
