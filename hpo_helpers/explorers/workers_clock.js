// Workers on a simulated clock: synchronous halving or ASHA on recorded trials and times.

import {
  axes,
  bytesOf,
  drawnWithoutRepetition,
  draws,
  explore,
  panel,
  remembered,
  select,
  slider,
  svg,
  traits,
} from "./shared.js";

// The lowest and the highest error of the curve; what is higher is drawn at its top.
const SHOWN = [0.15, 0.35];

/** What was recorded: wrong images by configuration and rung, and the steps that an epoch takes. */
export function recordedOf(model) {
  const times = Array.from(bytesOf(model, "times", Uint16Array), (steps) => 100 * steps);
  return {
    ...traits(model, ["seconds", "images", "eta", "rungs", "bracket"]),
    times,
    methods: model.get("limits").method.options,
    wrong: bytesOf(model, "wrong", Uint16Array),
  };
}

/** The microseconds of an epoch of each configuration, with their logarithms stretched. */
export function epochsTake({ times }, spread) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const stretched = times.map((time) => time ** spread);
  const scale = mean(times) / mean(stretched);
  return stretched.map((time) => Math.floor(time * scale + 0.5));
}

/** The configurations in the order in which they are tried. */
export function order({ times }, seed) {
  return drawnWithoutRepetition(draws(seed), times.length, times.length);
}

/** How many of the sorted keys are below this one. */
function rankOf(keys, key) {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

// A trial that has reached a rung, as one number: by its error, then by its own number.
const KEY = 65536;
const keyOf = (wrong, number) => wrong * KEY + number;

/** ASHA: whoever is free promotes a trial among the best of its rung, or starts a new one. */
function asha({ rungs, eta }) {
  const reached = rungs.map(() => []),
    waiting = rungs.map(() => []);
  let started = 0;
  return {
    job() {
      for (let rung = rungs.length - 2; rung >= 0; rung -= 1) {
        const best = waiting[rung][0];
        if (
          best !== undefined &&
          rankOf(reached[rung], best) < Math.floor(reached[rung].length / eta)
        ) {
          waiting[rung].shift();
          return { number: best % KEY, rung: rung + 1 };
        }
      }
      started += 1;
      return { number: started - 1, rung: 0 };
    },
    report({ number, rung, wrong }) {
      const key = keyOf(wrong, number);
      for (const keys of [reached[rung], waiting[rung]]) keys.splice(rankOf(keys, key), 0, key);
    },
  };
}

/** Synchronous halving: a rung begins when the one before it has ended; then the next bracket. */
function halving({ rungs, eta }, size) {
  let first = 0,
    rung = 0,
    handed = 0,
    reports = [];
  let members = Array.from({ length: size }, (_, i) => i);
  return {
    job() {
      if (reports.length === members.length) {
        if (rung === rungs.length - 1) {
          first += size;
          members = Array.from({ length: size }, (_, i) => first + i);
        } else {
          members = reports
            .sort((a, b) => a - b)
            .slice(0, members.length / eta)
            .map((key) => key % KEY);
        }
        rung = (rung + 1) % rungs.length;
        handed = 0;
        reports = [];
      }
      if (handed === members.length) return null;
      handed += 1;
      return { number: members[handed - 1], rung };
    },
    report({ number, wrong }) {
      reports.push(keyOf(wrong, number));
    },
  };
}

/** Run a method until the clock stops: all jobs that were begun, and what has come of them. */
export function run(recorded, { workers, spread, seed }, method) {
  const { rungs } = recorded;
  const takes = epochsTake(recorded, spread),
    rows = order(recorded, seed);
  const end = recorded.seconds * 1e6;
  const scheduler =
    method === "ASHA" ? asha(recorded) : halving(recorded, recorded.bracket * workers);
  const idle = Array.from({ length: workers }, (_, worker) => worker);
  const running = [],
    jobs = [],
    steps = [];
  let now = 0,
    busy = 0,
    trials = 0,
    epochs = 0,
    best = Infinity;
  for (;;) {
    while (idle.length > 0) {
      const next = scheduler.job();
      if (next === null) break;
      const { number, rung } = next;
      const row = rows[number % rows.length];
      const more = rungs[rung] - (rung ? rungs[rung - 1] : 0);
      const job = {
        number,
        rung,
        more,
        wrong: recorded.wrong[row * rungs.length + rung],
        worker: idle.splice(idle.indexOf(Math.min(...idle)), 1)[0],
        start: now,
        end: now + takes[row] * more,
      };
      busy += Math.min(job.end, end) - now;
      jobs.push(job);
      running.push(job);
    }
    // The first to end, and of equals the first that was begun.
    let first = 0;
    for (let i = 1; i < running.length; i += 1) if (running[i].end < running[first].end) first = i;
    if (running[first].end > end) break;
    const [job] = running.splice(first, 1);
    now = job.end;
    idle.push(job.worker);
    scheduler.report(job);
    trials += job.rung === 0;
    epochs += job.more;
    if (job.wrong < best) {
      best = job.wrong;
      steps.push([now, best / recorded.images]);
    }
  }
  return {
    jobs,
    steps,
    trials,
    epochs,
    best: best / recorded.images,
    busy: busy / (workers * end),
  };
}

function inWords({ workers, method }, { seconds, methods }, shown) {
  const say = ({ busy, trials, epochs, best }) =>
    `busy ${Math.round(100 * busy)} % of the time; ` +
    `${trials.toLocaleString("en")} trials, ${epochs.toLocaleString("en")} epochs, best error ` +
    `${best.toFixed(4)}.`;
  const name = method === "ASHA" ? method : "Synchronous halving";
  const other = methods.find((each) => each !== method);
  return (
    `${name} for ${seconds} s on ${workers === 1 ? "1 worker" : `${workers} workers`}: ` +
    `${say(shown[method])} ` +
    `With ${other} instead: ${say(shown[other])}`
  );
}

/** All jobs of a rung in one path: a bar for each, with a gap to the next. */
function barsOf({ x, area }, { workers, seconds }, jobs) {
  const row = (area.bottom - area.top) / workers,
    high = (0.86 * row).toFixed(1);
  return jobs
    .map(({ worker, start, end }) => {
      const left = x(start / 1e6),
        wide = Math.max(0.4, x(Math.min(end / 1e6, seconds)) - left - 0.4).toFixed(1);
      const top = (area.top + (worker + 0.07) * row).toFixed(1);
      return `M${left.toFixed(1)} ${top}h${wide}v${high}h-${wide}z`;
    })
    .join("");
}

function drawWorkers(plot, { workers, method }, { seconds, rungs }, { jobs }) {
  const { area, element } = plot;
  const row = (area.bottom - area.top) / workers;
  const lines = workers === 1 ? [1] : [1, workers];
  element.replaceChildren(
    svg("rect", {
      class: "idle",
      x: area.left,
      y: area.top,
      width: area.right - area.left,
      height: area.bottom - area.top,
    }),
    ...rungs.map((_, rung) =>
      svg("path", {
        class: `bar level-${rung}`,
        d: barsOf(
          plot,
          { workers, seconds },
          jobs.filter((job) => job.rung === rung),
        ),
      }),
    ),
    ...axes(
      { ...plot, y: (worker) => area.top + (worker - 0.5) * row },
      {
        xTicks: secondTicks(seconds),
        yTicks: lines.map((worker) => [worker, String(worker)]),
        xLabel: "",
        grid: false,
      },
    ),
    svg(
      "text",
      { class: "title", x: (area.left + area.right) / 2, y: 22, "text-anchor": "middle" },
      `${workers === 1 ? "the worker" : "the workers"}: ${method}`,
    ),
  );
}

const secondTicks = (seconds) =>
  Array.from({ length: seconds + 1 }, (_, second) => [second, String(second)]);

function drawCurves(plot, { method }, { seconds, methods }, shown) {
  const { area, element, x, y } = plot;
  const path = ({ steps }) => {
    const high = (error) => y(Math.min(SHOWN[1], error)).toFixed(1);
    const corners = steps.map(([time, error], i) => {
      const left = x(time / 1e6).toFixed(1);
      return `${i ? `H${left}V` : `M${left} `}${high(error)}`;
    });
    return `${corners.join("")}H${area.right}`;
  };
  element.replaceChildren(
    ...axes(plot, {
      xTicks: secondTicks(seconds),
      yTicks: [0.15, 0.2, 0.25, 0.3, 0.35].map((error) => [error, error.toFixed(2)]),
      xLabel: "simulated seconds",
    }),
    ...methods.map((each) =>
      svg("path", {
        class: each === method ? "steps chosen" : "steps other",
        d: path(shown[each]),
      }),
    ),
    svg(
      "text",
      { class: "title", x: (area.left + area.right) / 2, y: 22, "text-anchor": "middle" },
      "best validation error so far",
    ),
  );
}

function render({ model, el }) {
  const recorded = recordedOf(model);
  const { seconds, methods, rungs } = recorded;
  const size = { width: 640, x: [0, seconds], left: 86, right: 14, top: 34, class: "full" };
  const panels = [
    panel({
      ...size,
      height: 280,
      y: [0, 1],
      bottom: 30,
      label: "Gantt chart: a row a worker, with a bar for each job, coloured by its rung",
    }),
    panel({
      ...size,
      height: 230,
      y: SHOWN,
      bottom: 58,
      label: "Best validation error of either method against simulated time",
    }),
  ];
  // Both methods on the same draws; to look at the other one costs nothing.
  const runs = remembered((state) =>
    Object.fromEntries(methods.map((each) => [each, run(recorded, state, each)])),
  );
  const knobs = [
    slider(model, "workers"),
    slider(model, "spread", {
      label: "spread of times",
      step: 0.25,
      say: (spread) => (spread === 0 ? "equal" : `× ${spread.toFixed(2)}`),
    }),
    select(model, "method"),
  ];
  const legend = [
    ...rungs.map((epochs, rung) => [
      "area",
      `bar level-${rung}`,
      `to ${epochs} epoch${rung ? "s" : ""}`,
    ]),
    ["area", "idle", "waiting"],
    ["line", "steps chosen", "this method"],
    ["line", "steps other", "the other one"],
  ];
  const redraw = (state) => {
    const { workers, spread, seed } = state;
    const shown = runs({ workers, spread, seed });
    drawWorkers(panels[0], state, recorded, shown[state.method]);
    drawCurves(panels[1], state, recorded, shown);
    return inWords(state, recorded, shown);
  };
  return explore({ model, el, panels, legend, knobs, redraw });
}

export default { render };
