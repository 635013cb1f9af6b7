// What each column of a table is: guessed from its name and values, and corrected by the reader.

// The ways to read a column, as the reader is offered them.
export const ROLES = [
  "hyperparameter",
  "objective",
  "second number",
  "number",
  "epochs",
  "seconds",
  "seed",
  "status",
  "ignored",
];
// Of these a table has one at most.
export const SINGLE = new Set(ROLES.slice(1, -1));
const MOST_OPTIONS = 40;

const LARGER = /acc|auc|f1|score|r2|precision|recall|reward|map$|bleu|iou|dice/i;
const OBJECTIVES = [
  /^(error|value|values?_0|score|objective|mean_test_score)$/i,
  /^mean_test_/i,
  /^(val|valid|validation|dev|eval)[_ /.-].*(err|loss|acc|auc|f1|score|rmse|mse|mae|nll|perplexity)/i,
  /^(err|error_rate|validation_error|mean_loss|mean_accuracy|metric|target|result|episode_reward_mean)$/i,
  /(^|[_ /.-])(loss|error|accuracy|acc|auc|rmse|mse|mae|nll|f1|r2|reward|perplexity)$/i,
  /^values_/,
];
const ROLES_BY_NAME = [
  ["number", /^(number|trial|trial_number|step|trial_index|iteration|index)$/i],
  ["status", /^(status|state)$/i],
  ["epochs", /^(epochs?|num_epochs|training_iteration|n_epochs|n_iterations)$/i],
  [
    "seconds",
    /^(seconds|duration|time_total_s|mean_fit_time|runtime|time|wall_?time|elapsed|_runtime)$/i,
  ],
  ["seed", /^(param_|params_|config[/.])?(random_)?(seed|random_state)$/i],
  [
    "second number",
    /^values_|^test[_ /.-]?(err|loss|acc|score)|(latency|size|flops|memory|n_params|cost)$/i,
  ],
];
// What libraries add on their own account.
const IGNORED = [
  /^(datetime_|system_attrs_|intermediate_values_|split\d|rank_|std_|mean_score_time|user_attrs_)/i,
  /^(params|reason|traceback|logdir|trial_id|done|date|timestamp|pid|hostname|node_ip|column 1)$/i,
  /^(experiment_tag|experiment_id|should_checkpoint|checkpoint_dir_name|iterations_since_restore)$/i,
  /^(time_since_restore|time_this_iter_s|timesteps_.*|episodes_total|warmup_time|config)$/i,
  /^(Unnamed: \d+|name|id|run|run_id|created|notes|tags|start|end)$/i,
];
// How a library marks its hyperparameters; where it does, nothing else is one.
const PREFIXES = { Optuna: /^params_/, "scikit-learn": /^param_/, Ray: /^config[/.]/ };

/** Whether a column holds numbers, with gaps perhaps, and nothing else. */
export function isNumeric(values) {
  return (
    values.some((value) => value !== null) &&
    values.every((value) => value === null || typeof value === "number")
  );
}

const optionsIn = (values) => new Set(values.filter((value) => value !== null));

/** What a column may be said to be by its name alone. */
function namedRole({ name, values }) {
  const [role] = ROLES_BY_NAME.find(([, pattern]) => pattern.test(name)) ?? [];
  const needsNumbers = role && role !== "status";
  return needsNumbers && !isNumeric(values) ? undefined : role;
}

/** Whether a column may be a hyperparameter: it varies, and is no text of its own in each row. */
function varies({ name, values }, options) {
  const found = optionsIn(values);
  if ((options[name] ?? options[shortName(name)])?.length > 1) return true;
  const few = Math.min(MOST_OPTIONS, values.length / 2 + 2);
  return found.size > 1 && (isNumeric(values) || found.size <= few);
}

/** The column that is most likely the objective. */
function objectiveOf(columns) {
  const numeric = columns.filter((column) => isNumeric(column.values));
  for (const pattern of OBJECTIVES) {
    const found = numeric.find((column) => pattern.test(column.name));
    if (found) return found.name;
  }
  return undefined;
}

/** The role of each column by name, and whether smaller or larger values are better. */
export function recognise(table) {
  const { columns, format, hyperparameters } = table;
  const mark = PREFIXES[format];
  const isMarked = ({ name }) =>
    hyperparameters ? hyperparameters.has(name.replace(/^config\./, "")) : mark?.test(name);
  const hasMarks = Boolean(hyperparameters) || columns.some(isMarked);
  const roles = {};
  const objective = objectiveOf(columns.filter((each) => !(hasMarks && isMarked(each))));
  const taken = new Set(["objective"]);
  for (const column of columns) {
    const { name } = column;
    const role = namedRole(column);
    if (name === objective) roles[name] = "objective";
    else if (role === "seed" && !taken.has("seed")) roles[name] = "seed";
    else if (hasMarks && isMarked(column))
      roles[name] = varies(column, table.options) ? "hyperparameter" : "ignored";
    else if (role && !taken.has(role)) roles[name] = role;
    else if (hasMarks || role || IGNORED.some((pattern) => pattern.test(name)))
      roles[name] = "ignored";
    else roles[name] = varies(column, table.options) ? "hyperparameter" : "ignored";
    if (SINGLE.has(roles[name])) taken.add(roles[name]);
  }
  const direction = table.direction ?? (LARGER.test(objective ?? "") ? "larger" : "smaller");
  return { roles, direction };
}

/** Roles after one is changed: what there is one of at most is taken from its former column. */
export function withRole(roles, name, role) {
  const others = Object.entries(roles).map(([each, old]) => [
    each,
    SINGLE.has(role) && old === role ? "ignored" : old,
  ]);
  return { ...Object.fromEntries(others), [name]: role };
}

/** Whether larger values of a column are better, by its name. */
export const isLargerBetter = (name) => LARGER.test(name);

/** What a column is called on an axis: without what its library puts in front. */
export const shortName = (name) => name.replace(/^(params_|param_|config[/.])/, "");
