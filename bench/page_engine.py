"""The engine of the page in a browser, against two libraries for the browser and against NumPy."""

import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

from bench.pages import SITE, LeftOut, chromium
from bench.result import Result
from hpo_helpers.data import load_fashion_mnist
from hpo_helpers.explorers.engine import COUNTS, TRAINER
from hpo_helpers.explorers.modules import script
from hpo_helpers.networks import Networks
from hpo_helpers.training import accuracy
from tools.built_site import served

PAGE = SITE / "book" / "search" / "random_search.html"
LIBRARIES = {
    "@jax-js/jax": "0.1.25",
    "@tensorflow/tfjs-core": "4.22.0",
    "@tensorflow/tfjs-backend-wasm": "4.22.0",
}
ROUNDS = 7
RATES, EPOCHS, BATCH = 48, 16, 16

OURS = """async ([module, cores]) => {
  const text = new Blob([module], { type: "text/javascript" });
  const { createTrainer } = await import(URL.createObjectURL(text));
  const networks = Array.from({ length: RATES },
    (_, k) => ({ learning_rate: 10 ** (-4 + (4 * k) / RATES) }));
  window.trainer = createTrainer(null, cores ? { cores } : {});
  window.timed = async (epochs) => {
    const start = performance.now();
    await trainer.train({ networks, epochs, batch_size: BATCH });
    return performance.now() - start;
  };
  // An epoch without what comes before the first one, as the peers' clocks leave theirs out.
  window.epoch = async () => {
    const ends = [];
    await trainer.train({ networks, epochs: 5, batch_size: BATCH }, ({ epoch }) => {
      ends[epoch] = performance.now();
    });
    return (ends[5] - ends[1]) / 4;
  };
}""".replace("RATES", str(RATES)).replace("BATCH", str(BATCH))

# Presses buttons of the first explorer; returns when a point has left where all have waited.
PRESS = """(texts) => new Promise((resolve) => {
  const [panels, buttons] = [".panels", "button"].map((each) =>
    document.querySelectorAll(`.explorer ${each}`));
  const heights = () => [...panels[0].querySelectorAll(".trial")]
    .map((each) => each.getAttribute("cy")).join();
  let waiting = null;
  const look = new MutationObserver(() => {
    waiting ??= heights();
    if (heights() === waiting) return;
    look.disconnect();
    resolve(performance.now() - start);
  });
  look.observe(panels[0], { childList: true, subtree: true });
  const start = performance.now();
  for (const text of texts) [...buttons].find((each) => each.textContent === text).click();
})"""

# What both libraries are given: the images in batches, ready to be multiplied.
PROBLEM = """
const [RATES, IMAGES, HELD_OUT, BATCH] = GIVEN;
const numbers = (length) => Float32Array.from({ length }, () => Math.max(0, Math.random() - 0.5));
const labels = () => {
  const one = new Float32Array(BATCH * 10);
  for (let i = 0; i < BATCH; i += 1) one[i * 10 + Math.floor(Math.random() * 10)] = 1;
  return one;
};
const rates = Float32Array.from({ length: RATES },
  (_, k) => 10 ** (-4 + (4 * k) / RATES) / BATCH);
""".replace("GIVEN", json.dumps([RATES, *COUNTS.values(), BATCH]))
JAX = f"""<script type="module">
import {{ init, defaultDevice, jit, nn, numpy as np }} from "/@jax-js/jax/dist/index.js";
{PROBLEM}
await init();
defaultDevice("wasm");
const array = (values, shape) => np.array(values).reshape(shape);
const batches = Array.from({{ length: IMAGES / BATCH }}, () =>
  [array(numbers(BATCH * 784), [BATCH, 784]), array(labels(), [BATCH, 1, 10])]);
const held = array(numbers(HELD_OUT * 784), [HELD_OUT, 784]);
const speeds = array(rates, [1, RATES, 1]);
const step = jit((weights, biases, images, labels, speeds) => {{
  const scores = np.matmul(images.ref, weights.ref).add(biases.ref).reshape([BATCH, RATES, 10]);
  const delta = nn.softmax(scores, -1).sub(labels).mul(speeds).reshape([BATCH, RATES * 10]);
  return [weights.sub(np.matmul(images.transpose(), delta.ref)), biases.sub(delta.sum(0))];
}});
const classes = jit((weights, biases, images) =>
  np.argmax(np.matmul(images, weights).add(biases).reshape([HELD_OUT, RATES, 10]), -1));
let weights = array(numbers(784 * RATES * 10), [784, RATES * 10]);
let biases = np.zeros([RATES * 10]);
window.epoch = async () => {{
  const start = performance.now();
  for (const [images, labels] of batches) {{
    [weights, biases] = step(weights, biases, images.ref, labels.ref, speeds.ref);
  }}
  await classes(weights.ref, biases.ref, held.ref).data();
  return performance.now() - start;
}};
</script>"""
TFJS = f"""<script src="/@tensorflow/tfjs-core/dist/tf-core.min.js"></script>
<script src="/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js"></script>
<script type="module">
{PROBLEM}
tf.wasm.setWasmPaths("/@tensorflow/tfjs-backend-wasm/dist/");
await tf.setBackend("wasm");
const batches = Array.from({{ length: IMAGES / BATCH }}, () =>
  [tf.tensor(numbers(BATCH * 784), [BATCH, 784]), tf.tensor(labels(), [BATCH, 1, 10])]);
const held = tf.tensor(numbers(HELD_OUT * 784), [HELD_OUT, 784]);
const speeds = tf.tensor(rates, [1, RATES, 1]);
let weights = tf.tensor(numbers(784 * RATES * 10), [784, RATES * 10]);
let biases = tf.zeros([RATES * 10]);
const step = (images, labels) => tf.tidy(() => {{
  const scores = tf.reshape(tf.add(tf.matMul(images, weights), biases), [BATCH, RATES, 10]);
  const delta = tf.reshape(tf.mul(tf.sub(tf.softmax(scores), labels), speeds), [BATCH, RATES * 10]);
  return [tf.sub(weights, tf.matMul(images, delta, true)), tf.sub(biases, tf.sum(delta, 0))];
}});
window.epoch = async () => {{
  const start = performance.now();
  for (const [images, labels] of batches) {{
    const moved = step(images, labels);
    tf.dispose([weights, biases]);
    [weights, biases] = moved;
  }}
  const found = tf.tidy(() => {{
    const scores = tf.add(tf.matMul(held, weights), biases);
    return tf.argMax(tf.reshape(scores, [HELD_OUT, RATES, 10]), -1);
  }});
  await found.data();
  found.dispose();
  return performance.now() - start;
}};
</script>"""


def page_engine() -> Result:
    """Compare an epoch of 48 networks, in one worker, with two libraries in the same browser."""
    with libraries() as address, chromium() as browser:
        one, all_cores = ours(browser, cores=1), ours(browser)
        others = {}
        for name in ("jax", "tfjs"):
            others[name] = browser.new_page()
            others[name].goto(f"{address}/{name}.html")
            others[name].wait_for_function("window.epoch")
        epochs, jax, tfjs, search = medians(
            *(lambda page=page: page.evaluate("epoch()") for page in (one, *others.values())),
            lambda: all_cores.evaluate(f"timed({EPOCHS})"),
        )
        cores, version = all_cores.evaluate("navigator.hardwareConcurrency"), browser.version
    return Result(
        subject=f"an epoch of {RATES} softmax regressions on {COUNTS['training']:,} images and "
        f"their errors on {COUNTS['held_out']:,}, one worker of the page",
        value_subject=epochs,
        peer=f"jax-js {LIBRARIES['@jax-js/jax']} (wasm), one thread",
        value_peer=jax,
        unit="ms an epoch",
        statistic=f"median of {ROUNDS} runs",
        note=f"Aims: 3 times jax-js and 8 times tfjs; tfjs "
        f"{LIBRARIES['@tensorflow/tfjs-backend-wasm']} (wasm) took {tfjs:.0f} ms, "
        f"{tfjs / epochs:.1f} times ours. {EPOCHS} epochs on {cores} cores, from a folder: "
        f"{search:.0f} ms (aim: under 1,000). By turns, Chromium {version}.",
    )


def page_engine_numpy() -> Result:
    """Compare an epoch of 48 networks, on all cores, with NumPy on all its threads."""
    train, validation, _ = load_fashion_mnist(full=False)
    images, held_out = (
        part.images[:count].reshape(count, -1)
        for part, count in zip((train, validation), COUNTS.values(), strict=True)
    )
    networks = Networks((784, 10), np.geomspace(1e-4, 1, RATES), np.zeros(RATES), range(RATES))

    def epoch() -> float:
        start = time.perf_counter()
        for batch in np.split(np.arange(len(images)), len(images) // BATCH):
            networks.step(images[batch], train.labels[batch])
        accuracy(networks, held_out, validation.labels[: len(held_out)])
        return 1000 * (time.perf_counter() - start)

    with chromium() as browser:
        page = ours(browser)
        found, theirs = medians(lambda: page.evaluate("epoch()"), epoch)
        version = browser.version
    return Result(
        subject=f"an epoch of {RATES} softmax regressions in the page, all cores",
        value_subject=found,
        peer="networks.py in float32, all threads",
        value_peer=theirs,
        unit="ms an epoch",
        statistic=f"median of {ROUNDS} runs",
        note=f"Aim: a ratio of at least 0.5. The same images, batches of {BATCH} and errors on "
        f"held-out images. By turns, Chromium {version}.",
    )


def page_first_point() -> Result:
    """Time from the press of that page's button to the first point that has fallen."""
    with chromium() as browser:

        def cold() -> float:
            page = training_page(browser)
            first = page.evaluate(PRESS, ["train here", "Train"])
            page.context.close()
            return first

        page = training_page(browser)
        page.evaluate(PRESS, ["train here", "Train"])
        found, warm = medians(cold, lambda: page.evaluate(PRESS, ["Train"]))
        version = browser.version
    return Result(
        subject="from a press to the first falling point, nothing loaded before",
        value_subject=found,
        peer="a second",
        value_peer=1000.0,
        unit="ms",
        statistic=f"median of {ROUNDS} runs",
        note=f"Loaded and warm: {warm:.0f} ms (aim: under 300). The ten rates of random search, "
        f"from a folder. By turns, Chromium {version}.",
    )


def training_page(browser: Browser) -> Page:
    """Open the page of random search from its folder, in a browser that has kept nothing of it."""
    if not PAGE.exists():
        raise LeftOut("the site is not built: run make book first")
    page = browser.new_context().new_page()
    page.goto(f"file://{PAGE}")
    page.locator(".explorer .words").wait_for()
    return page


def ours(browser: Browser, cores: int | None = None) -> Page:
    """Open the page of random search, with a trainer of its own on it."""
    page = training_page(browser)
    page.evaluate(OURS, [f"{script(TRAINER)}\nexport {{ createTrainer }};", cores])
    return page


def medians(*calls: Callable[[], float]) -> list[float]:
    """Call by turns, after one round that warms up; return the median of what each measured."""
    for call in calls:
        call()
    rounds = [[call() for call in calls] for _ in range(ROUNDS)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


@contextmanager
def libraries() -> Iterator[str]:
    """Bring the libraries by npm into a folder that goes again; yield where they are served."""
    wanted = [f"{name}@{version}" for name, version in LIBRARIES.items()]
    command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *wanted]
    if not shutil.which("npm"):
        raise LeftOut("the libraries come by npm, which is not installed")
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(
                command, cwd=folder, check=True, capture_output=True, encoding="utf-8", timeout=180
            )
        except subprocess.TimeoutExpired:
            raise LeftOut("npm did not bring the libraries within three minutes") from None
        except subprocess.CalledProcessError as error:
            reason = " ".join((error.stdout + error.stderr).split())
            raise LeftOut(f"npm could not bring the libraries: {reason[:200]}") from None
        modules = Path(folder, "node_modules")
        for name, text in (("jax", JAX), ("tfjs", TFJS)):
            (modules / f"{name}.html").write_text(f"<!doctype html>{text}", encoding="utf-8")
        with served(modules) as address:
            yield address
