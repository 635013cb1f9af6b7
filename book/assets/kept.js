// What a reader has set stays: in the address, after #, so that a link brings it back, and in the
// storage of the tab, so that the next chapter and back loses nothing. Where they differ, the
// address holds. A classic script, for a browser refuses a module script from a folder.
globalThis.kept = (() => {
  const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
  // In milliseconds: a move is kept when it rests.
  const REST = 150;

  /** The storage of the tab, where the browser grants one. */
  const visit = {
    read(key) {
      try {
        return sessionStorage.getItem(key) ?? "";
      } catch {
        return "";
      }
    },
    write(key, text) {
      try {
        if (text) sessionStorage.setItem(key, text);
        else sessionStorage.removeItem(key);
      } catch {
        // Then it lasts as long as the page.
      }
    },
  };

  /** What a text sets a setting to; undefined where its trait would refuse it. */
  function understood(text, { options, pattern, min, max, whole, length }, printed) {
    if (pattern) return new RegExp(`^(${pattern})$`).test(text) ? text : undefined;
    if (options) return options.find((option) => String(option) === text);
    const parts = text === "" ? [] : text.split(",");
    const numbers = parts.map(Number);
    // A slider over logarithms ends within a rounding error of its limits.
    const slack = whole ? 0 : 1e-9;
    const isWithin = (number) =>
      number >= min - slack * Math.abs(min) &&
      number <= max + slack * Math.abs(max) &&
      (!whole || Number.isInteger(number));
    if (!parts.every((part) => NUMBER.test(part)) || !numbers.every(isWithin)) return undefined;
    if (!Array.isArray(printed)) return numbers.length === 1 ? numbers[0] : undefined;
    const fits = length
      ? numbers.length <= length && new Set(numbers).size === numbers.length
      : numbers.length === 2 && numbers[0] <= numbers[1];
    return fits ? numbers : undefined;
  }

  /** What a setting may be set to, in words. */
  function expected({ options, example, min, max, whole, length }, printed) {
    if (example) return `ranges such as ${example}`;
    if (options) return `one of ${options.join(", ")}`;
    const range = `from ${min} to ${max}`;
    if (!Array.isArray(printed)) return `a ${whole ? "whole " : ""}number ${range}`;
    return length
      ? `at most ${length} numbers ${range}, none of them twice`
      : `two numbers ${range}, the lowest first`;
  }

  /** What follows # in the address: perhaps a section to lead to, then settings by name. */
  function readAddress() {
    const text = location.hash.slice(1);
    const [section] = text.match(/^[^=&]*(?=&|$)/) ?? [""];
    return { section, settings: new URLSearchParams(text.slice(section.length)) };
  }

  const written = (pairs) => new URLSearchParams(pairs).toString().replaceAll("%2C", ",");

  /** Write the address, without a step for the way back, and with a mark that it is ours. */
  function writeAddress(section, settings) {
    const hash = [section, settings].filter(Boolean).join("&");
    if (hash === location.hash.slice(1)) return;
    const { pathname, search } = location;
    const state = { ...history.state, kept: true };
    history.replaceState(state, "", hash ? `#${hash}` : pathname + search);
  }

  /** Lead to the section of an address that a browser does not find for the settings beside it. */
  function arrive() {
    const { section, settings } = readAddress();
    // Who comes back to an address of ours is led to where they were.
    if (!section || history.state?.kept || document.querySelector(":target")) return;
    // For the keys, which go on from there; the eyes may not wait until the page has loaded.
    location.replace(`#${section}`);
    writeAddress(section, written([...settings]));
    document.getElementById(section)?.scrollIntoView();
  }

  /** A button that copies a link; where that is not allowed, a field to copy it from. */
  function copyButton(link, status) {
    const field = document.createElement("input");
    field.readOnly = true;
    field.setAttribute("aria-label", "link to what you see");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy link";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(link());
        status.textContent = "Copied: a link to what you see.";
      } catch {
        field.value = link();
        status.replaceChildren("Copy the selected link: ", field);
        field.select();
      }
    });
    return button;
  }

  /** What an explorer is set to, as an address names it. */
  const textOf = ({ model, settings }) =>
    written(settings.map(({ key, name }) => [key, model.get(name)]));
  const isMoved = (explorer) => textOf(explorer) !== explorer.printed;
  const textOfThose = (explorers, which) => explorers.filter(which).map(textOf).join("&");

  /** Set an explorer to these values; where there is none, as it is printed. */
  function set({ model, settings }, values) {
    for (const { key, name, printed } of settings) model.set(name, values.get(key) ?? printed);
    model.save_changes();
  }

  /** The values of settings that texts ask for, by their names in an address, and what is wrong. */
  function understand(texts, explorers) {
    const settings = new Map(explorers.flatMap((each) => each.settings.map((s) => [s.key, s])));
    const values = new Map();
    const wrong = [];
    for (const [key, text] of texts) {
      const setting = settings.get(key);
      const value = setting && understood(text, setting.limits, setting.printed);
      if (value !== undefined) values.set(key, value);
      else {
        const reason = setting
          ? `expected ${expected(setting.limits, setting.printed)}`
          : "there is no such setting here";
        wrong.push(`${key}=${text} in the address is ignored: ${reason}.`);
      }
    }
    return { values, wrong };
  }

  /** What an address calls the settings of an explorer; those of a second one 2.trials. */
  function describe({ id, model, elements }, place) {
    const prefix = place ? `${place + 1}.` : "";
    const settings = Object.entries(model.get("limits")).map(([name, limits]) => {
      return { name, key: prefix + name, limits, printed: model.get(name) };
    });
    elements[0].id = id;
    return { id, model, elements, settings, printed: textOf({ model, settings }) };
  }

  /**
   * Keep the settings of a page's explorers: each has an id, a model, and the elements that show
   * it. They were drawn as printed, so that their own way back leads there.
   */
  function keepSettings(shown) {
    const explorers = shown.map(describe);
    const key = `settings of ${location.pathname}`;
    const statuses = [];
    const explorerAt = (section) => explorers.find(({ id }) => id === section);
    let last;
    let resting = 0;
    let ours = "";

    function keep() {
      clearTimeout(resting);
      const settings = textOfThose(explorers, isMoved);
      visit.write(key, settings);
      const { section } = readAddress();
      writeAddress(section && !explorerAt(section) ? section : last?.id, settings);
      ours = location.hash;
    }

    function moved(explorer) {
      last = explorer;
      for (const status of statuses) status.textContent = "";
      clearTimeout(resting);
      resting = setTimeout(keep, REST);
    }

    /** Set the explorers as the address asks, or else as these texts do. */
    function follow(others = []) {
      const address = understand(readAddress().settings, explorers);
      const stored = understand(others, explorers);
      for (const explorer of explorers) {
        const isAsked = ({ values }) => explorer.settings.some((each) => values.has(each.key));
        const source = [address, stored].find(isAsked);
        if (source) set(explorer, source.values);
      }
      last = explorerAt(readAddress().section) ?? last;
      arrive();
      keep();
      // What is written a moment after its place was made is read out.
      const word = address.wrong.join(" ");
      if (word) setTimeout(() => statuses[0]?.replaceChildren(word), REST);
    }

    for (const explorer of explorers) {
      const { id, model, elements, settings } = explorer;
      const link = () => {
        const all = textOfThose(explorers, (each) => each === explorer || isMoved(each));
        return `${location.href.split("#")[0]}#${id}&${all}`;
      };
      for (const element of elements) {
        const status = document.createElement("p");
        status.setAttribute("role", "status");
        element.querySelector(".buttons")?.append(copyButton(link, status), status);
        statuses.push(status);
      }
      for (const { name } of settings) model.on(`change:${name}`, () => moved(explorer));
    }
    follow(new URLSearchParams(visit.read(key)));
    addEventListener("hashchange", () => location.hash === ours || follow());
    addEventListener("pagehide", keep);
  }

  return { visit, keepSettings };
})();
