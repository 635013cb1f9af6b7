// Predict, then see: what a cell has found waits until the reader has made a guess at it. Guesses
// stay for the visit, and the last page shows them together. Without this script, and on paper,
// the cell simply stands there.
(() => {
  const { visit } = globalThis.kept;
  const KEY = "guesses";
  // A guess this near, as a share of the slider, is close.
  const CLOSE = 0.05;
  // The style sheet hides the cells from here on.
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

  /** How a guess compares with the answer: in a word, and in a sentence. */
  function judge({ answer, about, range, options, below, above }, said) {
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
    const legend = make("p", { className: "guess-legend" });
    legend.append(
      make("span", { className: "said" }),
      " your guess ",
      make("span", { className: "answer" }),
      " what the cell has found",
    );
    const drawn = make("div", {}, line, legend);
    drawn.setAttribute("aria-hidden", "true");
    return drawn;
  }

  function ask(place) {
    const about = JSON.parse(place.dataset.guess);
    const page = location.pathname;
    const { element, said } = (about.range ? numberInput : choiceInput)(about);
    const words = make("p", { className: "guess-words", tabIndex: -1 });
    words.setAttribute("role", "status");
    const show = () => place.classList.add("made");

    function answer(value) {
      show();
      element.replaceWith(...(about.range ? [track(about, value)] : []));
      buttons.remove();
      words.textContent = judge(about, value).sentence;
    }

    function commit() {
      const value = said();
      if (!value) {
        words.textContent = "Choose one first.";
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
    );
    place.append(
      make(
        "p",
        { className: "guess-question" },
        make("strong", {}, "Guess first. "),
        about.question,
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
      if (place.nextElementSibling?.contains(target)) {
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
