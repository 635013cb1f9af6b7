"""The engine of the page against networks.py, in Node and in browsers."""

import base64
import functools
import json
import shutil
import subprocess

import numpy as np
import pytest

from hpo_helpers.data import load_fashion_mnist
from hpo_helpers.explorers.engine import FOLDER
from hpo_helpers.explorers.modules import script
from hpo_helpers.networks import Networks
from hpo_helpers.training import accuracy
from tools.firefox import find_firefox, open_firefox

MODULES = script("engine/problem.js", "engine/stack.js")
# Trains as a worker does, without messages; arrays come and go as base64.
TRAIN = """async ({ engine, images, request, parameters, orders }) => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const array = (text, Type) => new Type(bytes(text).buffer);
  const letters = (part) => Array.from(new Uint8Array(part.buffer), (b) => String.fromCharCode(b));
  const parts = Object.fromEntries(Object.entries(images).map(([name, part]) =>
    [name, { images: bytes(part.images), labels: bytes(part.labels) }]));
  const given = { ...request, orders: orders?.map((text) => array(text, Int32Array)) };
  parameters?.forEach((parts, k) => {
    given.networks[k].parameters = parts.map((text) => array(text, Float32Array));
  });
  const started = await startEngine(await WebAssembly.compile(bytes(engine)));
  const steps = train(started, parts, given);
  const curves = given.networks.map(() => []);
  for (;;) {
    const { value, done } = steps.next();
    if (done) {
      const text = (part) => btoa(letters(part).join(""));
      return { curves, parameters: value.map((each) => each.parameters.map(text)) };
    }
    value?.numbers.forEach((k, i) => curves[k].push(value.errors[i]));
  }
}"""
PROBLEM = """async ({ images, problem }) => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const part = { images: bytes(images.images), labels: bytes(images.labels) };
  const found = problemOf({ training: part, held_out: part }, problem);
  const text = (part) => btoa(Array.from(part, (byte) => String.fromCharCode(byte)).join(""));
  return Object.values(found).flatMap((part) => [text(part.images), text(part.labels)]);
}"""


class Node:
    """Node, which has no page: each call is a run of its own."""

    def __init__(self, folder):
        self.folder = folder

    def evaluate(self, function, given):
        (self.folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
        (self.folder / "run.mjs").write_text(
            f'import {{ readFileSync }} from "fs";\n{MODULES}\n'
            'const given = JSON.parse(readFileSync("given.json"));\n'
            f"console.log(JSON.stringify(await ({function})(given)));",
            encoding="utf-8",
        )
        command = [shutil.which("node"), "run.mjs"]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, encoding="utf-8", check=True
        )
        return json.loads(done.stdout)


class InBrowser:
    """A page of a browser, which knows the modules."""

    def __init__(self, page):
        self.page = page

    def evaluate(self, function, given):
        text = f"async (given) => {{ {MODULES}\nreturn ({function})(given); }}"
        return self.page.evaluate(text, given)


PLACES = [
    ("node", "networks.wasm"),
    ("chromium", "networks.wasm"),
    ("chromium", "networks_relaxed.wasm"),
    # Firefox is not asked for; where it is, it has to pass as well.
    *([("firefox", "networks.wasm")] if find_firefox() else []),
]


@pytest.fixture(scope="module", params=PLACES, ids=" ".join)
def place(request, tmp_path_factory):
    """Where JavaScript runs, and the compiled engine that it is to take there."""
    name, engine = request.param
    if name == "node":
        if not shutil.which("node"):
            pytest.skip("Node is not installed; the browser runs the same cases")
        yield Node(tmp_path_factory.mktemp("node")), engine
    elif name == "chromium":
        page = request.getfixturevalue("browser").new_page()
        yield InBrowser(page), engine
        page.close()
    else:
        with open_firefox() as page:
            # Its first page of its own lets nothing run.
            page.goto("about:blank")
            yield InBrowser(page), engine


def encoded(array, dtype):
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()


def packed(images, labels):
    return {"images": encoded(images, np.uint8), "labels": encoded(labels, np.uint8)}


@pytest.fixture(scope="module")
def train(place):
    """Train in JavaScript what `parts` hold: images in grey levels, and labels."""

    def run(parts, sizes, rates, decays=None, *, parameters=None, orders=None, **options):
        decays = np.zeros(len(rates)) if decays is None else decays
        networks = [
            {"number": k, "learning_rate": float(rate), "weight_decay": float(decay)}
            for k, (rate, decay) in enumerate(zip(rates, decays, strict=True))
        ]
        epochs = options.setdefault("epochs", 1)
        defaults = {
            "first": 0,
            "last": epochs,
            "batch_size": 16,
            "schedule": "constant",
            "seed": 0,
            "returned": True,
        }
        given = {
            "engine": encoded(np.frombuffer((FOLDER / place[1]).read_bytes(), "u1"), np.uint8),
            "images": {name: packed(*part) for name, part in zip(NAMES, parts, strict=True)},
            "request": defaults | options | {"networks": networks, "sizes": list(sizes)},
            "parameters": parameters
            and [[encoded(part, np.float32) for part in parts] for parts in parameters],
            "orders": orders and [encoded(order, np.int32) for order in orders],
        }
        found = place[0].evaluate(TRAIN, given)
        after = [
            [np.frombuffer(base64.b64decode(part), np.float32) for part in each]
            for each in found["parameters"]
        ]
        return np.array(found["curves"], float), after

    return run


NAMES = ("training", "held_out")


def small_part(n, inputs=12, classes=5, seed=0):
    """Grey levels with something to learn: each class brightens pixels of its own."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    return rng.integers(0, 150, (n, inputs)) + 100 * np.eye(classes, inputs, dtype=int)[
        labels
    ], labels


def parameters_of(networks):
    """The weights and biases of each network, layer by layer."""
    return [
        [
            array[:, k]
            for pair in zip(networks.weights, networks.biases, strict=True)
            for array in pair
        ]
        for k in range(networks.weights[0].shape[1])
    ]


@pytest.mark.parametrize("sizes", [(12, 5), (12, 8, 5), (12, 7, 9, 6, 5)])
def test_gradients_are_those_of_networks(train, sizes):
    # At a rate of 1, one batch of all images moves the parameters by their slopes; those of
    # networks.py are held against finite differences where it is tested.
    part = small_part(23)
    networks = Networks(sizes, np.ones(3), np.zeros(3), range(3), dtype=np.float64)
    before = parameters_of(networks)
    slopes = networks.gradients(part[0] / 255, part[1])
    count = len(sizes) - 1
    expected = [
        [array[:, k] for pair in zip(slopes[:count], slopes[count:], strict=True) for array in pair]
        for k in range(3)
    ]
    _, after = train([part, part], sizes, np.ones(3), parameters=before, batch_size=23)
    for k in range(3):
        for old, new, slope in zip(before[k], after[k], expected[k], strict=True):
            found = old - new.reshape(old.shape)
            assert np.allclose(found, slope, rtol=1e-5, atol=2e-7)
            assert np.abs(slope).max() > 1e-3


SCHEDULES = {
    "constant": lambda done: 1,
    "linear": lambda done: 1 - done,
    "cosine": lambda done: (1 + np.cos(np.pi * done)) / 2,
}
# Where training is steady, where rounding is sometimes seen in it, and where it is chaotic, so
# that each engine finds its own way.
RATES = np.concatenate([np.geomspace(1e-5, 0.03, 6), [0.1, 0.3], [1, 3, 10]])
STEADY, LIVELY, CHAOTIC = slice(0, 6), slice(6, 8), slice(8, None)


@functools.cache
def real_parts():
    """Real images, of a number that makes the last batch a smaller one."""
    splits = load_fashion_mnist(full=False)
    return [
        (np.rint(part.images[:count].reshape(count, -1) * 255).astype(int), part.labels[:count])
        for part, count in zip(splits[:2], (1209, 500), strict=True)
    ]


@functools.cache
def reference(hidden, decay, batch_size, schedule, epochs):
    """Train in float64 with networks.py; return orders, first and last parameters, and curves."""
    (images, labels), (held_out, right) = real_parts()
    orders = [np.random.default_rng(epoch).permutation(len(labels)) for epoch in range(epochs)]
    decays = np.full(len(RATES), decay)
    networks = Networks((784, *hidden, 10), RATES, decays, range(len(RATES)), dtype=np.float64)
    first = [[part.copy() for part in parts] for parts in parameters_of(networks)]
    rates, curves = networks.learning_rates, []
    batches = [np.split(order, range(batch_size, len(order), batch_size)) for order in orders]
    for epoch, order in enumerate(batches):
        for update, batch in enumerate(order):
            done = (epoch + update / len(order)) / len(orders)
            networks.learning_rates = rates * SCHEDULES[schedule](done)
            networks.step(images[batch] / 255, labels[batch])
        curves.append(1 - accuracy(networks, held_out / 255, right))
    return orders, first, parameters_of(networks), np.array(curves).T


@pytest.mark.parametrize(
    ("hidden", "decay", "batch_size", "schedule", "epochs"),
    [
        ((), 0, 16, "constant", 5),
        ((), 0.1, 50, "cosine", 4),
        ((30,), 1e-3, 16, "linear", 3),
        ((24, 17), 1e-2, 32, "constant", 3),
    ],
)
def test_curves_are_those_of_networks(train, hidden, decay, batch_size, schedule, epochs):
    orders, first, last, expected = reference(hidden, decay, batch_size, schedule, epochs)
    curves, after = train(
        real_parts(),
        (784, *hidden, 10),
        RATES,
        np.full(len(RATES), decay),
        parameters=first,
        orders=orders,
        batch_size=batch_size,
        schedule=schedule,
        epochs=epochs,
    )
    apart = np.abs(curves - expected)
    # Two images of 500.
    assert apart[STEADY].max() <= 0.004
    assert apart[LIVELY].mean() <= 0.03
    assert abs(np.median(curves[CHAOTIC]) - np.median(expected[CHAOTIC])) <= 0.1
    for found, right in zip(after[STEADY], last[STEADY], strict=True):
        for part, reference_part in zip(found, right, strict=True):
            assert np.abs(part - reference_part.ravel()).max() < 2e-3


def test_network_that_diverges_gives_nan_and_leaves_the_others_untouched(train):
    parts, sizes = [small_part(64), small_part(40, seed=1)], (12, 6, 5)
    curves, after = train(parts, sizes, [0.1, 1e30, 0.1], epochs=3)
    calm, expected = train(parts, sizes, [0.1, 0.1, 0.1], epochs=3)
    assert np.isnan(curves[1]).all()
    for k in (0, 2):
        assert np.array_equal(curves[k], calm[k]) and np.isfinite(curves[k]).all()
        assert all(map(np.array_equal, after[k], expected[k]))


def test_division_into_stacks_changes_nothing(train):
    # 400 x 500 weights take more than half of what a stack may hold: each network makes one.
    parts, sizes = [small_part(40, inputs=400), small_part(20, inputs=400)], (400, 500, 5)
    curves, after = train(parts, sizes, [0.1, 0.01, 0.03], batch_size=20)
    alone, parameters = train(parts, sizes, [0.1], batch_size=20)
    assert np.array_equal(curves[:1], alone)
    assert all(map(np.array_equal, after[0], parameters[0]))


def test_training_goes_on_where_it_stopped(train):
    parts, sizes, rates = [small_part(64), small_part(40, seed=1)], (12, 6, 5), [0.1, 0.3]
    options = {"epochs": 4, "schedule": "cosine"}
    through, expected = train(parts, sizes, rates, **options)
    start, halfway = train(parts, sizes, rates, **options, last=2)
    rest, after = train(parts, sizes, rates, **options, first=2, parameters=halfway)
    assert np.array_equal(np.hstack([start, rest]), through)
    for found, right in zip(after, expected, strict=True):
        assert all(map(np.array_equal, found, right))


def test_first_weights_are_drawn_by_he_and_differ_by_seed_and_number(train):
    parts, sizes = [small_part(16, inputs=400)] * 2, (400, 100, 5)
    weights = {}
    for seed in (0, 1):
        _, after = train(parts, sizes, [0, 0], seed=seed)
        for k in (0, 1):
            first, biases, second, _ = after[k]
            weights[seed, k] = first
            # Normal, by its moments: the spread of each estimate is far below the tolerance.
            assert abs(first.mean()) < 0.002 and not biases.any()
            assert abs(first.std() / np.sqrt(2 / 400) - 1) < 0.02
            assert abs((first**4).mean() / first.std() ** 4 - 3) < 0.15
            assert abs(second.std() / np.sqrt(2 / 100) - 1) < 0.15
    drawn = np.array([*weights.values()])
    assert np.abs(np.corrcoef(drawn) - np.eye(4)).max() < 0.02


def test_seed_draws_the_order_of_the_images(train):
    parts = [small_part(64), small_part(40, seed=1)]
    curves = [train(parts, (12, 5), [0.5], seed=seed)[1][0][0] for seed in (3, 3, 4)]
    assert np.array_equal(curves[0], curves[1]) and not np.array_equal(curves[0], curves[2])


def problem_of(place, given_images, labels, **problem):
    """Images and labels of a problem: those to train on, then those held out."""
    given = {"images": packed(given_images, labels), "problem": {"seed": 3, **problem}}
    found = place[0].evaluate(PROBLEM, given)
    return [np.frombuffer(base64.b64decode(part), np.uint8) for part in found]


def test_problem_takes_some_classes_in_coarser_pixels(place):
    splits = load_fashion_mnist(full=False)
    images = np.rint(splits.train.images[:60] * 255).astype(int)
    labels = splits.train.labels[:60]
    few, few_labels, all_images, all_labels = problem_of(
        place, images, labels, classes=[7, 2, 5], width=14, images=10, noise=0
    )
    rows = np.flatnonzero(np.isin(labels, [7, 2, 5]))
    coarser = images[rows].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    assert np.abs(all_images.reshape(coarser.shape) - coarser).max() <= 0.5
    assert all_labels.tolist() == [[7, 2, 5].index(label) for label in labels[rows]]
    assert np.array_equal(few_labels, all_labels[:10])
    assert np.array_equal(few, all_images[: 10 * 196])


def test_problem_mislabels_some_training_images_and_no_others(place):
    labels = np.arange(1000) % 10
    _, mislabelled, _, held_out = problem_of(
        place, np.zeros((1000, 784)), labels, classes=[*range(10)], width=28, images=1000, noise=0.5
    )
    # Half of the labels are drawn anew, a tenth of those by chance as they were.
    assert 0.4 < np.mean(mislabelled != labels) < 0.5
    assert np.array_equal(held_out, labels)
