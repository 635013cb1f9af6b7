// What the explorers share: numbers drawn from a seed, scales, native inputs, SVG.
// Python puts this text in front of each explorer's own module.

/** Return a generator of numbers in [0, 1): mulberry32, the same as explorers.draws in Python. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Return the traits of these names, as they stand. */
function traits(model, names) {
  return Object.fromEntries(names.map((name) => [name, model.get(name)]));
}

/** Return a function from a domain to a range, linear in the value itself. */
function linear([a, b], [start, end]) {
  return (value) => start + ((value - a) / (b - a)) * (end - start);
}

/** Say a learning rate with two digits that matter: 0.03, 0.00012, 2.5e-6. */
function sayRate(rate) {
  return rate < 1e-4 ? rate.toExponential(1).replace(".0e", "e") : String(Number(rate.toPrecision(2)));
}

/** Make an HTML element; properties that start with "on" are listeners, the rest attributes. */
function html(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** Make an SVG element. */
function svg(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** A labelled native slider; `say` turns its number into the words that are shown and announced. */
function slider({ label, min, max, step, value, say, change }) {
  const output = html("output", {}, say(value));
  const input = html("input", {
    type: "range",
    min,
    max,
    step,
    "aria-label": label,
    "aria-valuetext": say(value),
    // Without it JupyterLab takes the arrow keys for itself.
    "data-lm-suppress-shortcuts": "true",
    oninput: () => change(Number(input.value)),
  });
  input.value = value;
  const show = (now) => {
    input.value = now;
    output.textContent = say(now);
    input.setAttribute("aria-valuetext", say(now));
  };
  return { element: html("label", { class: "knob" }, html("span", {}, label), input, output), show };
}

/** A labelled native select of a few values. */
function select({ label, options, value, change }) {
  const input = html("select", { onchange: () => change(options[input.selectedIndex]) },
    ...options.map((option) => html("option", {}, String(option))));
  const show = (now) => { input.selectedIndex = options.indexOf(now); };
  show(value);
  return { element: html("label", { class: "knob" }, html("span", {}, label), input), show };
}
