// What the pictures of the room have in common: a canvas for the trials below an SVG for words.

import { html, svg } from "../shared.js";

/** A canvas and an SVG over it, as one picture with a label; `resize` sets both in pixels. */
export function createStage(label, attributes = {}) {
  const canvas = html("canvas", { "aria-hidden": "true" });
  const over = svg("svg", { role: "img", "aria-label": label });
  const element = html(
    "div",
    { ...attributes, class: `stage ${attributes.class ?? ""}` },
    canvas,
    over,
  );
  const context = canvas.getContext("2d");
  const back = document.createElement("canvas");
  const stage = { element, over, context, width: 0, height: 0 };
  stage.resize = (width, height) => {
    const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
    [stage.width, stage.height] = [width, height];
    for (const each of [canvas, back]) {
      each.width = Math.round(width * ratio);
      each.height = Math.round(height * ratio);
      each.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    element.style.height = `${height}px`;
    over.setAttribute("viewBox", `0 0 ${width} ${height}`);
  };
  // What lies behind is drawn once, and copied below all that changes.
  stage.drawBack = (draw) => {
    const behind = back.getContext("2d");
    behind.clearRect(0, 0, stage.width, stage.height);
    draw(behind);
  };
  stage.begin = (withBack) => {
    context.clearRect(0, 0, stage.width, stage.height);
    if (withBack && back.width) context.drawImage(back, 0, 0, stage.width, stage.height);
  };
  return stage;
}

/** The colours of the book's theme, as the page has them now. */
export function coloursOf(element) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(name).trim();
  return { trial: colour("--trial"), best: colour("--best"), faint: colour("--outside") };
}

/** A text with a rim in the colour of the ground, readable over what is drawn. */
export function written(x, y, anchor, text, attributes = {}) {
  return svg(
    "text",
    { x: x.toFixed(1), y: y.toFixed(1), "text-anchor": anchor, ...attributes },
    text,
  );
}

/** A name in so many letters at most; the whole of it where one points at it. */
export function shortened(name, letters) {
  return name.length > letters ? `${name.slice(0, Math.max(3, letters - 1))}…` : name;
}
