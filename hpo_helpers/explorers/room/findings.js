// The diagnosis, as a list in words.

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
