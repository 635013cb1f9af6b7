// The diagnosis and the importance, as lists in words.

import { html } from "../shared.js";
import { KINDS } from "./diagnosis.js";

/** A link to the chapter behind a kind; beside a notebook there is no site to lead to. */
function chapterOf(kind) {
  const { page, section, chapter } = KINDS[kind];
  const root = document.documentElement.dataset.content_root;
  if (root === undefined) return html("em", {}, chapter);
  return html("a", { href: `${root}book/${page}.html${section ? `#${section}` : ""}` }, chapter);
}

/** The findings, what was looked for in vain, and what could not be told. */
export function createFindings(brush) {
  const title = html("p", { class: "title" });
  const list = html("ul", {});
  const rest = html("details", {});
  const element = html(
    "div",
    { class: "findings", role: "region", "aria-label": "Diagnosis" },
    title,
    list,
    rest,
  );
  const show = ({ found, sound, unknown }) => {
    title.textContent = found.length
      ? `Diagnosis: ${found.length} of ${Object.keys(KINDS).length} kinds of trouble`
      : "Diagnosis: nothing found";
    list.replaceChildren(
      ...found.map(({ kind, title: name, words, brush: ranges }) =>
        html(
          "li",
          { "data-kind": kind },
          html("strong", {}, `${name}. `),
          `${words} `,
          html("span", { class: "behind" }, "See ", chapterOf(kind), "."),
          ...(ranges
            ? [
                " ",
                html(
                  "button",
                  {
                    type: "button",
                    "data-lm-suppress-shortcuts": "true",
                    "aria-label": `Show them: ${name}`,
                    onclick: () => brush(ranges),
                  },
                  "Show them",
                ),
              ]
            : []),
        ),
      ),
    );
    rest.replaceChildren(
      html(
        "summary",
        {},
        `${sound.length} looked for and not found, ${unknown.length} that the file cannot tell`,
      ),
      html(
        "ul",
        {},
        ...sound.map(({ kind, title: name }) =>
          html("li", {}, `${name}: not found (`, chapterOf(kind), ")."),
        ),
        ...unknown.map(({ kind, title: name, reason }) =>
          html("li", {}, `${name}: cannot be told, for ${reason} (`, chapterOf(kind), ")."),
        ),
      ),
    );
  };
  return { element, show };
}

const inPerCent = (share) => `${Math.round(100 * share)} %`;

/** Two bars for each hyperparameter: over all trials, and over those inside the brushes. */
export function createBars() {
  const list = html("ul", {});
  const words = html("p", { class: "note" });
  const element = html(
    "div",
    { class: "bars" },
    html("p", { class: "title" }, "Importance"),
    list,
    words,
  );
  const barOf = (kind, share) => {
    const bar = html("span", { class: `share ${kind}` });
    bar.style.width = `${Math.max(0.5, 100 * Math.min(1, share))}%`;
    return bar;
  };
  const show = (names, all, inside) => {
    list.replaceChildren(
      ...names.map((name, i) =>
        html(
          "li",
          {},
          html("span", { class: "name", title: name }, name),
          html(
            "span",
            { class: "track" },
            barOf("of-all", all.shares[i]),
            ...(inside ? [barOf("of-inside", inside.shares[i])] : []),
          ),
          html(
            "span",
            { class: "number" },
            all.shares[i].toFixed(2),
            ...(inside ? [html("b", {}, ` ${inside.shares[i].toFixed(2)}`)] : []),
          ),
        ),
      ),
    );
    const { explained } = inside ?? all;
    words.textContent =
      `The share of the variance that each explains by itself${inside ? ": grey over all trials, blue inside the brushes" : ""}. ` +
      `Of trials that it had not seen, the forest explains ${inPerCent(explained)}` +
      (explained < 0.1 ? ": read nothing into these bars." : ".");
  };
  /** Say that there are too few trials, or that the forest is growing. */
  const say = (text) => {
    words.textContent = text;
  };
  return { element, show, say };
}
