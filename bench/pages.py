"""The built pages in a browser: when an explorer stands, how long a move takes, what it weighs.

The peer is the same page with standard sliders, which html-manager brings to life.
"""

import gzip
import json
import re
import shutil
import statistics
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import ipywidgets
from ipywidgets.embed import dependency_state, embed_data
from playwright.sync_api import Browser

from bench.result import Result
from tools.browser import NoBrowserError, open_browser
from tools.built_site import ROOT, SITE, served

PAGE = SITE / "book" / "foundations" / "configuration_spaces.html"
CACHE = ROOT / "_build" / "bench"
HTML_MANAGER = "@jupyter-widgets/html-manager"
KINDS = {kind: f"application/vnd.jupyter.widget-{kind}+json" for kind in ("state", "view")}
STATE, VIEW = (
    re.compile(rf'<script type="{re.escape(kind)}">.*?</script>', re.DOTALL)
    for kind in KINDS.values()
)
HOSTS = ("kept.js", "explorers.js")
HOST = re.compile(r"\s*".join(rf"<script[^>]*/{re.escape(name)}[^>]*></script>" for name in HOSTS))

ROUNDS = 10
# Both are times since the navigation began, so those of two pages can be compared.
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
DRAWN = "window.drawn"
OBSERVE = """
new MutationObserver((_, observer) => {
  if (!document.querySelector(".explorer svg > *, .widget-slider .noUi-target")) return;
  window.drawn = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });
"""

MOVES, FRAME, SLOWED = 60, 16, 4
# An explorer draws in a microtask that the event queues, before the one that is awaited here.
# The other sliders stand at their ends, where there are most trials to draw.
MOVE = """async (moves) => {
  const sliders = [...document.querySelectorAll(".explorer input[type=range]")];
  const move = async (slider, value) => {
    await new Promise(requestAnimationFrame);
    const start = performance.now();
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await null;
    return performance.now() - start;
  };
  for (const slider of sliders) await move(slider, slider.max);
  const found = [];
  for (const slider of sliders) {
    const [min, max, step] = [slider.min, slider.max, slider.step].map(Number);
    const places = Math.round((max - min) / step) + 1;
    const stride = Math.ceil(places / moves);
    const times = [];
    for (let i = 0; i < moves; i += 1) {
      times.push(await move(slider, min + step * ((i * stride) % places)));
    }
    await move(slider, max);
    found.push([slider.ariaLabel, times]);
  }
  return found;
}"""


class LeftOut(Exception):
    """What a benchmark needs is not there; the text says what."""


class Moves(NamedTuple):
    """How long the script of each move of a slider took, in milliseconds."""

    slider: str
    times: list[float]


def explorer_drawn() -> Result:
    """Compare the time until the explorer stands with the first paint of the page without it."""
    with site_with({"plain.html": with_scripts(page_text())}) as address:
        ours, plain, browser = drawn(address, {PAGE.name: DRAWN, "plain.html": PAINTED})
    return Result(
        subject="explorer stands in the page",
        value_subject=ours,
        peer="first paint of the page without it",
        value_peer=plain,
        unit="ms from the navigation",
        statistic=f"median of {ROUNDS} loads",
        note=f"The explorer stands {_after(ours - plain)} (aim: at most 200 ms after it). "
        f"{_conditions(browser)}",
    )


def explorer_html_manager() -> Result:
    """Compare the time until the explorer stands with that of standard sliders."""
    text = page_text()
    bundle, version = html_manager()
    files = {
        "plain.html": with_scripts(text),
        "managed.html": with_standard_sliders(text),
        "embed.js": bundle,
    }
    moments = {PAGE.name: DRAWN, "managed.html": DRAWN, "plain.html": PAINTED}
    with site_with(files) as address:
        ours, theirs, plain, browser = drawn(address, moments)
    return Result(
        subject="explorer stands in the page",
        value_subject=ours,
        peer="six standard sliders and menus, without a picture, by html-manager",
        value_peer=theirs,
        unit="ms from the navigation",
        statistic=f"median of {ROUNDS} loads",
        note=f"First paint of the page without either: {plain:.0f} ms; the explorer stands "
        f"{_after(ours - plain)}, the sliders {_after(theirs - plain)}: from that paint on, the "
        f"explorer takes {(ours - plain) / (theirs - plain):.0%} of the time (aim: at most half). "
        f"{version}, its embed.js where explorers.js was. {_conditions(browser)}",
    )


def explorer_move() -> Result:
    """Time the script of a slider's moves, on all pages that hold an explorer."""
    listed, slowest = [], 0.0
    with site_with({}) as address, chromium() as browser:
        for page in pages_with_explorers():
            full, slowed = (
                max(moves(browser, f"{address}/{page.relative_to(SITE)}", rate), key=_late)
                for rate in (1, SLOWED)
            )
            slowest = max(slowest, _late(full))
            listed.append(f"{page.stem} {_figures(full)}, slowed {_figures(slowed)}")
        version = browser.version
    return Result(
        subject="the slowest explorer's slowest slider, 95th percentile of its moves",
        value_subject=slowest,
        peer="one frame",
        value_peer=float(FRAME),
        unit="ms of script",
        statistic=f"95th percentile of {MOVES} moves",
        note=f"Median and 95th percentile of {MOVES} moves of the slowest slider of each page, "
        f"the others at their ends; then on a CPU slowed {SLOWED} times (aim: under 50 ms): "
        f"{'; '.join(listed)}. Chromium {version}.",
    )


def explorer_weight() -> Result:
    """Compare what an explorer and what standard sliders add to a page, compressed."""
    text = page_text()
    bundle, version = html_manager()
    host = sum(_gzipped((SITE / "_static" / name).read_bytes()) for name in HOSTS)
    added = {
        page.stem: host + _added(page.read_text(encoding="utf-8"))
        for page in pages_with_explorers()
    }
    listed = ", ".join(f"{name} {size / 1000:.1f}" for name, size in added.items())
    return Result(
        subject="what the heaviest explorer adds to its page",
        value_subject=max(added.values()) / 1000,
        peer="what six standard sliders and menus add by html-manager",
        value_peer=(_gzipped(bundle) + _added(with_standard_sliders(text))) / 1000,
        unit="kB by gzip",
        statistic="one build",
        note=f"Scripts in the page and beside it (aim: under 60 kB): {listed}; of it "
        f"{host / 1000:.1f} for {' and '.join(HOSTS)}. {version}, fonts not counted.",
    )


def page_text() -> str:
    """Return the page that the explorer is timed on, as it was built."""
    text = PAGE.read_text(encoding="utf-8") if PAGE in pages_with_explorers() else ""
    # Without this, a page that kept its explorer could pass for the page without it.
    if not all(pattern.search(text) for pattern in (STATE, VIEW, HOST)):
        raise LeftOut(f"{PAGE.relative_to(SITE)} does not hold an explorer and its scripts")
    return text


def pages_with_explorers() -> list[Path]:
    """Return the built pages that hold a stored explorer."""
    if not (SITE / "index.html").exists():
        raise LeftOut("the site is not built: run make book first")
    pages = sorted((SITE / "book").rglob("*.html"))
    if not (found := [page for page in pages if VIEW.search(page.read_text(encoding="utf-8"))]):
        raise LeftOut("no page holds an explorer")
    return found


def with_scripts(page: str, state: str = "", view: str = "", host: str = "") -> str:
    """Return a page with these scripts, by default none, in place of its explorers' own."""
    for pattern, script in ((STATE, state), (VIEW, view), (HOST, host)):
        page = script.join(pattern.split(page))
    return page


def with_standard_sliders(page: str) -> str:
    """Return a page with as many standard controls as the explorer has in its place."""
    controls = ipywidgets.VBox(
        [
            ipywidgets.FloatRangeSlider(value=(-4, 0), min=-6, max=1, description="range"),
            ipywidgets.FloatLogSlider(value=0.01, min=-6, max=1, description="learning rate"),
            ipywidgets.IntSlider(value=10, min=1, max=100, description="trials"),
            ipywidgets.IntSlider(value=8, min=1, max=16, description="epochs"),
            ipywidgets.Dropdown(options=[8, 16, 32, 64, 128, 256], description="batch size"),
            ipywidgets.Dropdown(options=["log", "linear"], description="scale"),
        ]
    )
    data = embed_data([controls], state=dependency_state([controls]))
    state, view = (
        f'<script type="{KINDS[kind]}">{json.dumps(content)}</script>'
        for kind, content in (("state", data["manager_state"]), ("view", data["view_specs"][0]))
    )
    return with_scripts(page, state, view, '<script src="embed.js"></script>')


def html_manager() -> tuple[bytes, str]:
    """Return the bundle of html-manager that needs no other script, and its version."""
    CACHE.mkdir(parents=True, exist_ok=True)
    name = HTML_MANAGER.strip("@").replace("/", "-")
    if not list(CACHE.glob(f"{name}-*.tgz")):
        command = ["npm", "pack", HTML_MANAGER, "--loglevel=error"]
        try:
            subprocess.run(
                command, cwd=CACHE, check=True, capture_output=True, encoding="utf-8", timeout=120
            )
        except FileNotFoundError:
            raise LeftOut("html-manager comes by npm, which is not installed") from None
        except subprocess.TimeoutExpired:
            raise LeftOut("npm did not bring html-manager within two minutes") from None
        except subprocess.CalledProcessError as error:
            reason = " ".join((error.stdout + error.stderr).split())
            raise LeftOut(f"npm could not bring html-manager: {reason[:200]}") from None
    packed = max(CACHE.glob(f"{name}-*.tgz"))
    with tarfile.open(packed) as archive:
        bundle = archive.extractfile("package/dist/embed.js")
        return bundle.read(), packed.stem.removeprefix("jupyter-widgets-")


@contextmanager
def site_with(files: dict[str, str | bytes]) -> Iterator[str]:
    """Serve a copy of the site with these files beside the page; yield its address."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SITE, folder, dirs_exist_ok=True)
        for name, content in files.items():
            content = content.encode() if isinstance(content, str) else content
            (Path(folder) / PAGE.relative_to(SITE)).with_name(name).write_bytes(content)
        with served(Path(folder)) as address:
            yield address


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser that the tests of the site use."""
    try:
        with open_browser() as browser:
            yield browser
    except NoBrowserError as reason:
        raise LeftOut(str(reason)) from None


def drawn(address: str, moments: dict[str, str]) -> tuple[float | str, ...]:
    """Open the pages by turns; return the median of each one's moment, and the browser."""
    folder = f"{address}/{PAGE.parent.relative_to(SITE)}"
    times: dict[str, list[float]] = {name: [] for name in moments}
    with chromium() as browser:
        for _ in range(ROUNDS):
            for name, moment in moments.items():
                # A new context has an empty cache.
                with browser.new_context() as context:
                    page = context.new_page()
                    page.add_init_script(OBSERVE)
                    page.goto(f"{folder}/{name}")
                    times[name].append(page.wait_for_function(moment).json_value())
        return *map(statistics.median, times.values()), f"Chromium {browser.version}"


def moves(browser: Browser, address: str, slowed: int) -> list[Moves]:
    """Move each slider of a page, on a CPU slowed so many times."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(address)
        page.locator(".explorer").first.wait_for()
        session = context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
        return [Moves(*each) for each in page.evaluate(MOVE, MOVES)]


def _late(moved: Moves) -> float:
    return statistics.quantiles(moved.times, n=20)[-1]


def _figures(moved: Moves) -> str:
    return f"{statistics.median(moved.times):.1f} and {_late(moved):.1f} ms ({moved.slider})"


def _after(milliseconds: float) -> str:
    return f"{abs(milliseconds):.0f} ms {'after' if milliseconds > 0 else 'before'} it"


def _conditions(browser: str) -> str:
    return f"Medians of {ROUNDS}, the pages by turns, cache empty, {browser}, from localhost."


def _gzipped(content: str | bytes) -> int:
    return len(gzip.compress(content.encode() if isinstance(content, str) else content))


def _added(page: str) -> int:
    return _gzipped(page) - _gzipped(with_scripts(page))
