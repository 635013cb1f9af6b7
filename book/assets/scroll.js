// What is wider than its box scrolls by the keys too, and has a name for who listens.
(() => {
  const NAMES = {
    ".cell_output pre": "Output",
    pre: "Code",
    ".pst-scrollable-table-container, .cell_output > .text_html": "Table",
    "div.math": "Formula",
  };

  const nameOf = (box) => NAMES[Object.keys(NAMES).find((kind) => box.matches(kind))];

  /** Boxes that scroll can be reached; those that do not are passed over. */
  function mark() {
    for (const box of document.querySelectorAll(`.bd-content :is(${Object.keys(NAMES)})`)) {
      if (box.scrollWidth > box.clientWidth + 1) {
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", `${nameOf(box)}, scrolls sideways`);
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      }
    }
  }

  // What waits, or lies behind a toggle, is as wide as its box once it is seen.
  function start() {
    mark();
    const seen = new ResizeObserver(mark);
    seen.observe(document.querySelector(".bd-content") ?? document.body);
  }
  if (document.readyState === "complete") start();
  else addEventListener("load", start);
})();
