// Predict, then see: what a cell has found, and what is said of it, waits until the reader has made
// a guess at it. Guesses stay for the visit, and the last page shows them together. Without this
// script, and on paper, all of it simply stands there.
(() => {
  const { visit } = globalThis.kept;
  const KEY = "guesses";
  // A guess this near, as a share of the slider, is close; and a curve, of its picture.
  const CLOSE = 0.05;
  const CLOSE_CURVE = 0.08;
  // Of the picture of a curve; its places lie inside.
  const [WIDTH, HEIGHT] = [640, 320];
  const INSIDE = { left: 78, right: 620, top: 44, bottom: 262 };
  // The style sheet hides what waits from here on.
  document.documentElement.classList.add("guessing");

  /** All guesses of the visit, by page. */
  function guesses() {
    try {
      return JSON.parse(visit.read(KEY) || "{}") ?? {};
    } catch {
      return {};
    }
  }

  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  const isCurve = ({ axes }) => Boolean(axes);

  /** Where a value lies between two ends, as a share. */
  function shareOf(value, [low, high], isLog) {
    const at = isLog ? Math.log : Number;
    return (at(value) - at(low)) / (at(high) - at(low));
  }

  /** How a drawn curve compares with the answer: in a word, and in a sentence. */
  function judgeCurve({ answer, about, axes, range, logarithmic, below, above }, said) {
    const drawn = said.split(" ");
    const share = (y) => shareOf(y, range, logarithmic.includes("y"));
    const distances = answer.map(([, y], i) => share(drawn[i]) - share(y));
    const mean = (values) => values.reduce((sum, each) => sum + each, 0) / values.length;
    const sizes = distances.map(Math.abs);
    const off = mean(sizes);
    const side = mean(distances);
    let verdict = "of another mind";
    if (off <= CLOSE_CURVE) verdict = "close";
    else if (Math.abs(side) > off / 2) verdict = side < 0 ? below : above;
    const worst = sizes.indexOf(Math.max(...sizes));
    const judged = verdict === "close" ? "close" : `${verdict} about ${about}`;
    const most =
      drawn[worst] === answer[worst][1]
        ? ""
        : ` It is off most at ${axes[0]} ${answer[worst][0]}: you drew ${drawn[worst]}, it is ` +
          `${answer[worst][1]}.`;
    return { verdict, sentence: `Your curve: ${judged}.${most}` };
  }

  /** How a guess compares with the answer: in a word, and in a sentence. */
  function judge(guessed, said) {
    return isCurve(guessed) ? judgeCurve(guessed, said) : judgeOne(guessed, said);
  }

  function judgeOne({ answer, about, range, options, below, above }, said) {
    if (options) {
      const [, right] = options.find(([printed]) => printed === answer);
      const isRight = said === right;
      const verdict = isRight ? "right" : "wrong";
      return {
        verdict,
        sentence: `You said: ${said}. ${isRight ? "So it is." : `It is: ${right}.`}`,
      };
    }
    const [low, high] = range;
    const distance = Number(said) - Number(answer);
    const digits = Math.max(...[said, answer].map((text) => text.split(".")[1]?.length ?? 0));
    const isClose = Math.abs(distance) <= CLOSE * (high - low);
    const verdict = isClose ? "close" : (distance < 0 ? below : above) || "wrong";
    const off = Number(Math.abs(distance).toFixed(digits));
    const judged = isClose ? "close" : `${verdict} about ${about}`;
    return {
      verdict,
      sentence: off
        ? `You said ${said}, it is ${answer}: ${judged}, ${off} off.`
        : `You said ${said}, and so it is.`,
    };
  }

  /** A slider, with what it stands at. */
  function numberInput({ question, range: [min, max, step] }) {
    const digits = String(step).split(".")[1]?.length ?? 0;
    const middle = min + Math.round((max - min) / 2 / step) * step;
    const output = make("output");
    const input = make("input", { type: "range", min, max, step, value: middle });
    input.setAttribute("aria-label", question);
    const said = () => Number(input.value).toFixed(digits);
    const show = () => {
      output.textContent = said();
      input.setAttribute("aria-valuetext", said());
    };
    input.addEventListener("input", show);
    show();
    return { element: make("div", { className: "guess-number" }, input, output), said };
  }

  /** Options, none of them chosen. */
  function choiceInput({ question, options }) {
    const inputs = options.map(([, value]) =>
      make("input", { type: "radio", name: "guess", value }),
    );
    const labels = inputs.map((input) => make("label", {}, input, ` ${input.value}`));
    const element = make("div", { className: "guess-choice" }, ...labels);
    element.setAttribute("role", "radiogroup");
    element.setAttribute("aria-label", question);
    return { element, said: () => inputs.find((input) => input.checked)?.value };
  }

  function draw(tag, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  /** The picture of a curve: its axes, and where a share of the height lies at each place. */
  function curvePicture({ answer, axes, range, ticks, logarithmic }) {
    const { left, right, top, bottom } = INSIDE;
    const ends = [answer[0][0], answer[answer.length - 1][0]];
    const xs = answer.map(
      ([x]) => left + shareOf(x, ends, logarithmic.includes("x")) * (right - left),
    );
    const up = (share) => bottom - share * (bottom - top);
    const picture = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
    for (const tick of ticks) {
      const y = up(shareOf(tick, range, logarithmic.includes("y")));
      picture.append(
        draw("line", { class: "grid", x1: left, x2: right, y1: y, y2: y }),
        draw("text", { x: left - 8, y: y + 6, "text-anchor": "end" }, tick),
      );
    }
    let last = -WIDTH;
    answer.forEach(([x], i) => {
      if (xs[i] - last < 60) return;
      last = xs[i];
      picture.append(draw("text", { x: xs[i], y: bottom + 24, "text-anchor": "middle" }, x));
    });
    picture.append(
      draw("text", { x: (left + right) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, axes[0]),
      draw("text", { x: 4, y: 22 }, axes[1]),
    );
    /** A line through a share at each place, with a mark at each. */
    const line = (kind, shares) => [
      draw("polyline", {
        class: kind,
        points: shares.map((s, i) => `${xs[i]},${up(s)}`).join(" "),
      }),
      ...shares.map((s, i) => draw("circle", { class: kind, cx: xs[i], cy: up(s), r: 6 })),
    ];
    return { picture, xs, line };
  }

  /** A curve, drawn by the pointer or moved by keys: a slider at each place. */
  function curveInput(about) {
    const { answer, axes, range, logarithmic } = about;
    const [low, high] = range;
    const digits = answer[0][1].split(".")[1]?.length ?? 0;
    const { picture, xs, line } = curvePicture(about);
    const layer = draw("g", {});
    picture.append(layer);
    let isDrawn = false;
    const heightOf = (share) =>
      (logarithmic.includes("y")
        ? low * (high / low) ** share
        : low + share * (high - low)
      ).toFixed(digits);
    const inputs = answer.map(([x]) => {
      const input = make("input", { type: "range", min: 0, max: 100, step: 1, value: 50 });
      input.setAttribute("aria-label", `${axes[1]} at ${axes[0]} ${x}`);
      input.addEventListener("input", () => {
        isDrawn = true;
        show();
      });
      for (const event of ["focus", "blur"]) input.addEventListener(event, () => show());
      return input;
    });
    function show() {
      layer.replaceChildren(
        ...line(
          "said",
          inputs.map(({ value }) => value / 100),
        ),
      );
      inputs.forEach((input, i) => {
        input.setAttribute("aria-valuetext", heightOf(input.value / 100));
        if (input === document.activeElement) layer.children[i + 1].classList.add("at");
      });
    }
    let before = null;
    function follow({ clientX, clientY }) {
      const box = picture.getBoundingClientRect();
      const x = ((clientX - box.left) / box.width) * WIDTH;
      const y = ((clientY - box.top) / box.height) * HEIGHT;
      const share = (INSIDE.bottom - y) / (INSIDE.bottom - INSIDE.top);
      const nearest = xs.reduce(
        (best, each, i) => (Math.abs(each - x) < Math.abs(xs[best] - x) ? i : best),
        0,
      );
      // A quick hand leaves no place out.
      const [first, last] = [nearest, before ?? nearest].sort((a, b) => a - b);
      for (let i = first; i <= last; i += 1) if (i !== before) inputs[i].value = 100 * share;
      inputs[nearest].value = 100 * share;
      before = nearest;
      isDrawn = true;
      show();
    }
    picture.addEventListener("pointerdown", (event) => {
      picture.setPointerCapture(event.pointerId);
      before = null;
      follow(event);
    });
    picture.addEventListener("pointermove", (event) => {
      if (picture.hasPointerCapture(event.pointerId)) follow(event);
    });
    show();
    const columns = make("div", { className: "guess-columns" }, ...inputs);
    columns.setAttribute("role", "group");
    columns.setAttribute("aria-label", about.question);
    return {
      element: make("div", { className: "guess-curve" }, picture, columns),
      said: () => (isDrawn ? inputs.map(({ value }) => heightOf(value / 100)).join(" ") : ""),
    };
  }

  /** The answer over the guess, in the picture of the curve. */
  function curveTrack(about, said) {
    const { picture, line } = curvePicture(about);
    const share = (y) => shareOf(y, about.range, about.logarithmic.includes("y"));
    picture.append(
      ...line("said", said.split(" ").map(share)),
      ...line(
        "answer",
        about.answer.map(([, y]) => share(y)),
      ),
    );
    const drawn = make("div", { className: "guess-curve" }, picture, legend());
    drawn.setAttribute("aria-hidden", "true");
    return drawn;
  }

  /** What the two marks stand for. */
  function legend() {
    return make(
      "p",
      { className: "guess-legend" },
      make("span", { className: "said" }),
      " your guess ",
      make("span", { className: "answer" }),
      " what the cell has found",
    );
  }

  /** The answer over the guess, on the track of the slider. */
  function track({ range: [low, high], answer }, said) {
    const marks = [
      ["said", said, "your guess"],
      ["answer", answer, "answer"],
    ].map(([className, value, text]) => {
      const mark = make("span", { className, title: text });
      mark.style.left = `${(100 * (value - low)) / (high - low)}%`;
      return mark;
    });
    const line = make("div", { className: "guess-track" }, ...marks);
    const drawn = make("div", {}, line, legend());
    drawn.setAttribute("aria-hidden", "true");
    return drawn;
  }

  function ask(place) {
    const about = JSON.parse(place.dataset.guess);
    const page = location.pathname;
    const inputOf = about.range ? numberInput : choiceInput;
    const { element, said } = (isCurve(about) ? curveInput : inputOf)(about);
    const words = make("p", { className: "guess-words", tabIndex: -1 });
    words.setAttribute("role", "status");
    const waiting = place.nextElementSibling;
    // Who searches in the page finds what waits, and is shown it.
    waiting.setAttribute("hidden", "until-found");
    const show = () => {
      place.classList.add("made");
      waiting.removeAttribute("hidden");
    };
    waiting.addEventListener("beforematch", show);

    function answer(value) {
      show();
      const shown = isCurve(about) ? curveTrack : track;
      element.replaceWith(...(about.range ? [shown(about, value)] : []));
      buttons.remove();
      words.textContent = judge(about, value).sentence;
    }

    function commit() {
      const value = said();
      if (!value) {
        words.textContent = isCurve(about) ? "Draw the curve first." : "Choose one first.";
        return;
      }
      const { page: title } = about;
      const { verdict, sentence } = judge(about, value);
      const made = {
        title,
        verdict,
        sentence,
        said: value,
        question: about.question,
        about: about.about,
      };
      visit.write(KEY, JSON.stringify({ ...guesses(), [page]: made }));
      answer(value);
      words.focus();
    }

    const buttons = make(
      "div",
      { className: "guess-buttons" },
      make("button", { type: "button", textContent: "That is my guess", onclick: commit }),
      make("button", {
        type: "button",
        textContent: "Show me without one",
        onclick() {
          show();
          buttons.remove();
          element.remove();
          words.textContent = "It stands below.";
          words.focus();
        },
      }),
      make("p", {
        className: "guess-legend",
        textContent: "What follows in this section waits until then.",
      }),
    );
    place.append(
      make(
        "p",
        { className: "guess-question" },
        make("strong", {}, "Guess first. "),
        about.question,
        isCurve(about) ? " Draw in the picture, or move each point by the arrow keys." : "",
      ),
      element,
      buttons,
      words,
    );
    const earlier = guesses()[page];
    if (earlier?.question === about.question) answer(earlier.said);
    // A link to what waits shows it.
    const reveal = () => {
      const target = document.getElementById(location.hash.slice(1).split("&")[0]);
      if (!target || place.classList.contains("made")) return;
      if (waiting.contains(target)) {
        show();
        target.scrollIntoView();
      }
    };
    reveal();
    addEventListener("hashchange", reveal);
  }

  /** All guesses of the visit, and what they have in common. */
  function list(place) {
    const made = Object.entries(guesses());
    if (!made.length) {
      place.replaceChildren(make("p", { textContent: "In this visit you have not guessed yet." }));
      return;
    }
    const items = made.map(([page, { title, question, sentence }]) =>
      make(
        "li",
        {},
        make("a", { href: page, textContent: title }),
        make("br"),
        `${question} `,
        make("strong", { textContent: sentence }),
      ),
    );
    const groups = new Map();
    for (const [, { verdict, about }] of made)
      groups.set(verdict, [...(groups.get(verdict) ?? []), about]);
    const sums = [...groups].map(([verdict, those]) => `${verdict} about ${those.join(", ")}`);
    const forget = make("button", {
      type: "button",
      textContent: "Forget my guesses",
      onclick() {
        visit.write(KEY, "");
        list(place);
      },
    });
    place.replaceChildren(
      make("p", { textContent: `You were ${sums.join("; ")}.` }),
      make("ul", {}, ...items),
      forget,
    );
  }

  function start() {
    for (const place of document.querySelectorAll(".guess")) ask(place);
    for (const place of document.querySelectorAll(".guesses")) list(place);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
