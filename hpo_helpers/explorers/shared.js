// What the explorers share: numbers drawn from a seed, scales, native inputs, SVG.
// A function with the name of one in Python, apart from the capitals, does the same.

/** Return a generator of numbers in [0, 1): mulberry32. */
export function draws(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Draw some of the first whole numbers, each at most once, by a generator. */
export function drawnWithoutRepetition(next, size, count) {
  const rows = Array.from({ length: size }, (_, row) => row);
  for (let place = 0; place < count; place += 1) {
    const other = place + Math.floor(next() * (size - place));
    const row = rows[place];
    rows[place] = rows[other];
    rows[other] = row;
  }
  return rows.slice(0, count);
}

/** Return the traits of these names, as they stand. */
export function traits(model, names) {
  return Object.fromEntries(names.map((name) => [name, model.get(name)]));
}

/** Return the traits that a reader sets: all that have limits. */
export function settings(model) {
  return traits(model, Object.keys(model.get("limits")));
}

/** Set traits, in one move. */
export function set(model, changes) {
  for (const [name, value] of Object.entries(changes)) model.set(name, value);
  model.save_changes();
}

/** The middle of the values. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The value that a share of the values lies below. */
export function quantile(values, share) {
  return [...values].sort((a, b) => a - b)[Math.floor(share * values.length)];
}

/** Keep what a function gave for its last argument: a key, compared as text. */
export function remembered(make) {
  let [last, value] = [null, null];
  return (key) => {
    const text = JSON.stringify(key);
    if (text !== last) [last, value] = [text, make(key)];
    return value;
  };
}

/** The bytes of a trait, as an array of this type: Uint8Array, Uint16Array. */
export function bytesOf(model, name, Type) {
  const { buffer, byteOffset, byteLength } = model.get(name);
  return new Type(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** Return a function from a domain to a range, linear in the value itself. */
export function linear([a, b], [start, end]) {
  return (value) => start + ((value - a) / (b - a)) * (end - start);
}

/** Ticks at these values of an axis that is linear in their logarithms. */
export function logTicks(values) {
  return values.map((value) => [Math.log(value), String(value)]);
}

/** Ticks at the powers of ten from one exponent to another, on an axis of exponents. */
export function powers(first, last) {
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const exponent = first + i;
    return [exponent, exponent < -3 ? `1e${exponent}` : String(10 ** exponent)];
  });
}

/** Say a learning rate with two digits that matter: 0.03, 0.00012, 2.5e-6. */
export function sayRate(rate) {
  return rate < 1e-4
    ? rate.toExponential(1).replace(".0e", "e")
    : String(Number(rate.toPrecision(2)));
}

/** Make an HTML element; properties that start with "on" are listeners, the rest attributes. */
export function html(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** Make an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

// The width of a panel on a phone, where its units are about as large as pixels: so its type can be
// read, and has the room that its margins give it.
const ON_A_PHONE = { query: "(max-width: 600px)", width: 380 };

/**
 * An SVG of this size, with scales from the domains to the area inside its margins; `phone` holds
 * what of these is another there.
 */
export function panel({ label, phone = {}, ...wide }) {
  const isOnPhone = Boolean(globalThis.matchMedia?.(ON_A_PHONE.query).matches);
  const {
    width,
    height,
    x,
    y,
    left = 50,
    right = 12,
    top = 10,
    bottom = 46,
    ...rest
  } = isOnPhone ? { ...wide, width: ON_A_PHONE.width, ...phone } : wide;
  const element = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": label,
    ...rest,
  });
  if (isOnPhone) element.classList.add("on-phone");
  const area = { left, right: width - right, top, bottom: height - bottom };
  return {
    element,
    area,
    width,
    height,
    isOnPhone,
    x: linear(x, [area.left, area.right]),
    y: linear(y, [area.bottom, area.top]),
  };
}

// The room that a letter takes, rather too much than too little.
const ROOM_OF_LETTER = 8.2;

/** Those ticks that do not run into the one before. */
function ticksApart(ticks, x) {
  let end = Number.NEGATIVE_INFINITY;
  return ticks.filter(([value, text]) => {
    const [at, half] = [x(value), (ROOM_OF_LETTER * text.length) / 2];
    const fits = at - half > end;
    if (fits) end = at + half;
    return fits;
  });
}

/** Ticks and names of the axes; `xTicks` and `yTicks` hold pairs of a value and its text. */
export function axes(
  { x, y, area, width, height, isOnPhone },
  { xTicks, yTicks, xLabel, yLabel, grid = true, away = 0 },
) {
  // Below the middle of its axis, or as near as a long name can come.
  const reach = (ROOM_OF_LETTER * xLabel.length) / 2;
  const middle = Math.max(reach, Math.min((area.left + area.right) / 2, width - reach));
  return [
    ...yTicks.flatMap(([value, text]) => [
      ...(grid
        ? [
            svg("line", {
              class: "grid",
              x1: area.left,
              x2: area.right,
              y1: y(value),
              y2: y(value),
            }),
          ]
        : []),
      svg("text", { x: area.left - 7 - away, y: y(value) + 5, "text-anchor": "end" }, text),
    ]),
    ...(isOnPhone ? ticksApart(xTicks, x) : xTicks).map(([value, text]) =>
      svg("text", { x: x(value), y: area.bottom + 19 + away, "text-anchor": "middle" }, text),
    ),
    svg("text", { x: middle, y: height - 5, "text-anchor": "middle" }, xLabel),
    ...(yLabel
      ? [
          svg(
            "text",
            {
              x: 0,
              y: 0,
              "text-anchor": "middle",
              transform: `translate(13 ${(area.top + area.bottom) / 2}) rotate(-90)`,
            },
            yLabel,
          ),
        ]
      : []),
  ];
}

/** How a slider moves over the limits of a trait: over its options, its exponents, or itself. */
function trackOf({ min, max, options }, step, log) {
  if (options) {
    const placeOf = (value) => options.indexOf(value);
    return {
      min: 0,
      max: options.length - 1,
      step: 1,
      placeOf,
      valueAt: (place) => options[place],
    };
  }
  if (log) {
    const parts = 1 / step;
    const placeOf = (value) => Math.round(Math.log10(value) * parts) / parts;
    return {
      min: Math.log10(min),
      max: Math.log10(max),
      step,
      placeOf,
      valueAt: (place) => 10 ** place,
    };
  }
  return { min, max, step, placeOf: Number, valueAt: Number };
}

/**
 * A labelled native slider over the limits of a trait. `say` puts its number into words; `read`
 * and `write` find it in the trait and put it there, where it is a part; `enter` is for its key.
 */
export function slider(
  model,
  name,
  {
    label = name,
    step = 1,
    log = false,
    say = String,
    read = (value) => value,
    write = read,
    enter = null,
  } = {},
) {
  const { placeOf, valueAt, ...track } = trackOf(model.get("limits")[name], step, log);
  const choose = (place) => set(model, { [name]: write(valueAt(place), model.get(name)) });
  const output = html("output", {});
  const input = html("input", {
    type: "range",
    ...track,
    "aria-label": label,
    // Without it JupyterLab takes the arrow keys for itself.
    "data-lm-suppress-shortcuts": "true",
    oninput: () => choose(Number(input.value)),
    // A key that is held down counts once.
    onkeydown: ({ key, repeat }) => {
      if (enter && key === "Enter" && !repeat) enter();
    },
  });
  const show = (state) => {
    const place = placeOf(read(state[name]));
    input.value = place;
    output.textContent = say(valueAt(place));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  // To a share of its length; the input itself rounds it to a step.
  const moveTo = (share) => {
    input.value = track.min + share * (track.max - track.min);
    choose(Number(input.value));
  };
  return {
    element: html("label", { class: "knob" }, html("span", {}, label), input, output),
    show,
    moveTo,
  };
}

/** A labelled native select of the options of a trait. */
export function select(model, name, { label = name } = {}) {
  const { options } = model.get("limits")[name];
  const input = html(
    "select",
    {
      "data-lm-suppress-shortcuts": "true",
      onchange: () => set(model, { [name]: options[input.selectedIndex] }),
    },
    ...options.map((option) => html("option", {}, String(option))),
  );
  const show = (state) => {
    input.selectedIndex = options.indexOf(state[name]);
  };
  return { element: html("label", { class: "knob" }, html("span", {}, label), input), show };
}

/** A native button; where it is not `ready` in a state it is dimmed, and keeps the focus. */
export function button({ label, press, ready = null }) {
  const element = html(
    "button",
    { type: "button", "data-lm-suppress-shortcuts": "true", onclick: press },
    label,
  );
  const show = (state) => {
    if (ready) element.setAttribute("aria-disabled", String(!ready(state)));
  };
  return { element, show };
}

// Marks that differ in shape as well as in colour, around the point where they start.
const SHAPES = {
  o: "m-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0z",
  "^": "m0-7.5l7 12.5h-14z",
  v: "m0 7.5l7-12.5h-14z",
  D: "m0-8l7 8l-7 8l-7-8z",
};

// One mark a method, under the names of Matplotlib, as plots.py has them; explorers.css has the
// colours.
const MARK_OF = { random: "o", sobol: "^", local: "v", bayesian: "D" };

/** The marks of a method at these points, as one path. */
export function methodMarks(method, points) {
  const shape = SHAPES[MARK_OF[method]];
  const d = points.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}${shape}`).join("");
  return svg("path", { class: `method ${method}`, d });
}

// What a mark looks like in a legend, by its name.
const MARKS = {
  area: (kind) => svg("rect", { class: kind, x: 3, y: 3, width: 12, height: 10 }),
  circle: (kind) => svg("circle", { class: kind, cx: 9, cy: 8, r: 5 }),
  dot: (kind) => svg("path", { class: kind, d: "M9 8h0" }),
  line: (kind) => svg("line", { class: kind, x1: 1, x2: 17, y1: 8, y2: 8 }),
  method: (kind) => methodMarks(kind, [[9, 8]]),
};

/** A mark of these classes, beside the words that say what it stands for. */
function legendOf([mark, kind, text]) {
  return html(
    "span",
    {},
    svg("svg", { viewBox: "0 0 18 16", "aria-hidden": "true" }, MARKS[mark](kind)),
    text,
  );
}

/** The button that brings back the settings that an explorer came with. */
export function back(model) {
  const first = settings(model);
  return button({ label: "Back to the start", press: () => set(model, first) });
}

/** The buttons of an explorer that draws: another seed, and back. */
export function againAndBack(model) {
  const next = () => set(model, { seed: model.get("seed") + 1 });
  return [button({ label: "Draw again", press: next }), back(model)];
}

/**
 * Put an explorer together. `panels` are the pictures, `legend` has the marks in them, their
 * classes and what they stand for, `knobs` and `buttons` are inputs, and `redraw` draws a state
 * and puts it into words. `training` is for an explorer that trains (training.js). Returns what
 * takes the explorer off its model.
 */
export function explore({
  model,
  el,
  panels,
  legend,
  knobs,
  redraw,
  buttons = againAndBack(model),
  training = null,
}) {
  const words = html("p", { class: "words", "aria-live": "polite" });
  const belonging = training ? [training] : [];
  const update = () => {
    asked = false;
    const state = settings(model);
    training?.heed(state);
    const said = redraw(state);
    // What stays the same is not read out again.
    if (words.textContent !== said) words.textContent = said;
    for (const each of [...knobs, ...belonging, ...buttons]) each.show(state);
  };
  let asked = false;
  // However many traits a move sets, it is drawn once.
  const ask = () => {
    if (!asked) queueMicrotask(update);
    asked = true;
  };
  const names = Object.keys(settings(model));
  for (const name of names) model.on(`change:${name}`, ask);
  training?.attach(ask);
  el.replaceChildren(
    html(
      "div",
      { class: "explorer" },
      html("div", { class: "panels" }, ...panels.map((each) => each.element)),
      html("p", { class: "legend" }, ...legend.map(legendOf)),
      words,
      html("div", { class: "knobs" }, ...knobs.map((knob) => knob.element)),
      ...belonging.map((each) => each.element),
      html("div", { class: "buttons" }, ...buttons.map((each) => each.element)),
    ),
  );
  update();
  return () => {
    for (const name of names) model.off(`change:${name}`, ask);
    training?.close();
  };
}
