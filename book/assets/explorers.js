// Brings the explorers of a page to life without a kernel: reads the widget state that the
// notebook stored, and hands it to each explorer's own module. A classic script, for a browser
// refuses a module script from a folder.
(() => {
  const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';

  /** The state of a widget as its traits: binary ones are stored beside the others, in base64. */
  function traitsOf({ state, buffers = [] }) {
    const traits = { ...state };
    for (const { path, data } of buffers) {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      traits[path[0]] = new DataView(bytes.buffer);
    }
    return traits;
  }

  /** What an AnyWidget module expects of a model, on stored traits. */
  function modelOf(traits) {
    const listeners = {};
    let changed = new Set();
    return {
      get: (name) => traits[name],
      set(name, value) {
        traits[name] = value;
        changed.add(name);
      },
      save_changes() {
        const names = changed;
        changed = new Set();
        for (const name of names) for (const each of listeners[`change:${name}`] ?? []) each();
      },
      on(event, listener) {
        listeners[event] ??= new Set();
        listeners[event].add(listener);
      },
      off: (event, listener) => listeners[event]?.delete(listener),
      send() {},
    };
  }

  const once = (make) => {
    const made = new Map();
    return (key) => made.get(key) ?? made.set(key, make(key)).get(key);
  };
  const moduleOf = once(
    (text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" }))),
  );
  const styleOf = once((text) => {
    const style = document.createElement("style");
    style.textContent = text;
    return document.head.appendChild(style);
  });

  async function show(view, model) {
    const { default: explorer } = await moduleOf(model.get("_esm"));
    if (model.get("_css")) styleOf(model.get("_css"));
    const element = document.createElement("div");
    await explorer.render({ model, el: element });
    view.after(element);
    // The cell that shows it has nothing else to say.
    const said = view.closest(".cell")?.querySelector(".cell_input");
    if (said?.querySelector("pre")?.textContent.trim() === "explorer")
      said.classList.add("replaced");
    // The picture in the cell before shows the first state without JavaScript, and in print.
    const before = view.closest(".cell")?.previousElementSibling?.querySelector(".cell_output");
    if (before?.querySelector('[id^="fig-explorer"]')) {
      before.classList.add("replaced");
      element.classList.add("replaced-in-print");
    }
    return element;
  }

  const statesIn = (scripts) =>
    Object.assign({}, ...[...scripts].map((script) => JSON.parse(script.textContent).state));

  async function start() {
    const states = statesIn(document.querySelectorAll(STATE));
    const shown = new Map();
    for (const view of document.querySelectorAll(VIEW)) {
      const id = JSON.parse(view.textContent).model_id;
      if (!states[id]?.state._esm) continue;
      if (!shown.has(id)) shown.set(id, { id, model: modelOf(traitsOf(states[id])), views: [] });
      const { model, views } = shown.get(id);
      views.push(show(view, model));
    }
    const kept = [...shown.values()].map(async ({ id, model, views }) => {
      return { id, model, elements: await Promise.all(views) };
    });
    globalThis.kept.keepSettings(await Promise.all(kept));
  }

  // The state stands in the head: its modules are prepared while the page is still being read.
  for (const { state } of Object.values(statesIn(document.querySelectorAll(STATE)))) {
    if (state._esm) moduleOf(state._esm);
  }
  if (document.readyState === "loading")
    document.addEventListener("readystatechange", start, { once: true });
  else start();
})();
