"""Training in a page: what an explorer is given, and what a reader is told where it cannot be."""

import base64
import json
import shutil

import pytest

from hpo_helpers.explorers.engine import TRAINER, training_parts
from hpo_helpers.explorers.modules import script as classic
from tools.firefox import find_firefox, open_firefox

PAGE = "book/intro.html"
PARTS = "**/training_parts.js"
MODULE = f"{classic(TRAINER)}\nexport {{ createTrainer, hindrance }};"
# Opens a trainer in the page; `told` keeps what it reports.
OPEN = """async ([module, options]) => {
  const text = new Blob([module], { type: "text/javascript" });
  const { createTrainer } = await import(URL.createObjectURL(text));
  window.trainer = createTrainer(window.model ?? null, options);
  window.told = [];
  window.rates = (count) => Array.from({ length: count },
    (_, k) => ({ learning_rate: 10 ** (-4 + (4 * k) / count) }));
  window.trainable = (request) => trainer.train(request, (each) => told.push(each))
    .then((result) => ({ curves: result.curves.map((curve) => [...curve]) }),
      ({ name, code, message, detail }) => ({ name, code, message, detail }));
  return null;
}"""
TRAIN = "(request) => trainable({ networks: rates(request.count ?? 12), ...request.options })"
# More than any machine here trains in a minute.
LONG = "window.long = trainable({ networks: rates(200), hidden: [100], epochs: 200 }); null"


def opened(page, **options):
    page.evaluate(OPEN, [MODULE, options])
    return page


def trained(page, count=12, **options):
    return page.evaluate(TRAIN, {"count": count, "options": options})


@pytest.fixture
def page(browser, address):
    """A page with a trainer on it, which ends with it."""
    context = browser.new_context()
    page = context.new_page()
    yield page
    context.close()


@pytest.fixture
def trainer(page, address):
    page.goto(f"{address}/{PAGE}")
    return opened(page)


def check_training(page):
    found = trained(page, 24, epochs=4)
    assert "curves" in found, found
    again = trained(page, 24, epochs=4)
    other = trained(page, 24, epochs=4, seed=1)
    assert [len(curve) for curve in found["curves"]] == [4] * 24
    assert found == again != other
    last = [curve[-1] for curve in found["curves"]]
    assert min(last) < 0.25 and last[0] > 0.5
    return found


def test_page_trains_the_same_from_a_server_and_from_a_folder(page, address, site):
    page.goto(f"{address}/{PAGE}")
    served = check_training(opened(page))
    page.goto(f"file://{site / PAGE}")
    assert check_training(opened(page)) == served


if find_firefox():

    def test_firefox_trains_from_a_folder(site):
        with open_firefox() as page:
            page.goto(f"file://{site / PAGE}")
            check_training(opened(page))


def test_nothing_is_loaded_before_it_is_asked_for(page, address):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/{PAGE}")
    opened(page)
    assert not any("training_parts" in each for each in asked) and not page.workers
    trained(page, epochs=1)
    trained(page, epochs=1)
    assert sum("training_parts" in each for each in asked) == 1


def test_each_epoch_of_each_network_is_reported_once(trainer):
    found = trained(trainer, 10, epochs=3, hidden=[16])
    told = trainer.evaluate(
        "told.map(({ epoch, numbers, errors }) => ({ epoch, numbers, errors: [...errors] }))"
    )
    pairs = {
        (each["epoch"], number): error
        for each in told
        for number, error in zip(each["numbers"], each["errors"], strict=True)
    }
    assert sum(len(each["numbers"]) for each in told) == len(pairs) == 30
    assert pairs == {(e + 1, k): found["curves"][k][e] for e in range(3) for k in range(10)}


def test_curves_do_not_depend_on_the_number_of_workers(page, address):
    page.goto(f"{address}/{PAGE}")
    curves = []
    for cores in (1, 3):
        curves.append(trained(opened(page, cores=cores), 7, epochs=2, hidden=[16]))
        assert len(page.workers) == cores
        page.evaluate("trainer.close()")
    assert curves[0] == curves[1]


def test_networks_that_are_not_chosen_stop_and_the_others_go_on(trainer):
    through = trained(trainer, 9, epochs=4, schedule="linear")["curves"]
    trainer.evaluate(
        """window.cut = trainable({
          networks: rates(9), epochs: 4, schedule: "linear", stops: [1, 2],
          choose: ({ numbers, errors }) => [...numbers]
            .sort((a, b) => errors[numbers.indexOf(a)] - errors[numbers.indexOf(b)])
            .slice(0, numbers.length / 3) }); null"""
    )
    cut = trainer.evaluate("cut")["curves"]
    lengths = [sum(error == error for error in curve) for curve in cut]
    assert sorted(lengths) == [1] * 6 + [2] * 2 + [4]
    for curve, whole, length in zip(cut, through, lengths, strict=True):
        assert curve[:length] == whole[:length]


def test_new_request_stops_the_former_one_at_once(trainer):
    trainer.evaluate("trainer.prepare()")
    trainer.evaluate(LONG)
    trainer.wait_for_function("told.length > 0")
    found = trained(trainer, 6, epochs=1)
    assert len(found["curves"]) == 6
    long = trainer.evaluate("long")
    assert (long["name"], long["code"]) == ("TrainingError", "cancelled")


def test_cancelled_training_reports_no_more(trainer):
    trainer.evaluate(LONG)
    trainer.wait_for_function("told.length > 0")
    reported = trainer.evaluate("() => { trainer.cancel(); return told.length; }")
    assert trainer.evaluate("long")["code"] == "cancelled"
    # The workers are free: what they do next is the new request.
    assert len(trained(trainer, 4, epochs=1)["curves"]) == 4
    late = trainer.evaluate(
        f"told.slice({reported}).filter(({{ numbers }}) => Math.max(...numbers) > 3)"
    )
    assert late == []


def test_cancel_while_the_parts_are_loading(trainer):
    trainer.evaluate(LONG)
    trainer.evaluate("trainer.cancel()")
    assert trainer.evaluate("long")["code"] == "cancelled"
    assert len(trained(trainer, 4, epochs=1)["curves"]) == 4


HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_hidden_page_pauses(trainer):
    trainer.evaluate("trainer.prepare()")
    trainer.evaluate("window.done = trainable({ networks: rates(100), epochs: 30 }); null")
    trainer.wait_for_function("told.length > 0")
    trainer.evaluate(HIDE, True)
    # What was under way comes in; from then on, nothing.
    trainer.wait_for_timeout(500)
    reported = trainer.evaluate("told.length")
    trainer.wait_for_timeout(1000)
    assert trainer.evaluate("told.length") == reported
    trainer.evaluate(HIDE, False)
    trainer.wait_for_function(f"told.length > {reported}")
    trainer.evaluate("trainer.cancel()")


def test_workers_go_when_nothing_is_asked_of_them(page, address):
    page.goto(f"{address}/{PAGE}")
    opened(page, cores=2, idle=200)
    trained(page, epochs=1)
    assert len(page.workers) == 2
    page.wait_for_timeout(1000)
    assert page.workers == []
    assert len(trained(page, epochs=1)["curves"]) == 12


def refusal(found, code):
    assert (found["name"], found["code"]) == ("TrainingError", code)
    assert found["message"].endswith(", so the recorded trials stay.")
    return found["message"]


def test_without_simd_the_reader_is_told(page, address):
    page.add_init_script("WebAssembly.validate = () => false")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/{PAGE}")
    assert "SIMD" in refusal(trained(opened(page)), "simd")
    assert not any("training_parts" in each for each in asked)


def test_without_workers_the_reader_is_told(page, address):
    page.add_init_script(
        "window.Worker = class { constructor() { throw new DOMException('no', 'SecurityError'); } }"
    )
    page.goto(f"{address}/{PAGE}")
    refusal(trained(opened(page)), "workers")


def test_worker_that_cannot_start_is_reported(page, address):
    page.route(PARTS, lambda route: route.fulfill(body=script(worker="this is no program")))
    page.goto(f"{address}/{PAGE}")
    refusal(trained(opened(page)), "workers")


def test_networks_too_large_for_the_memory_are_refused(trainer):
    found = trainer.evaluate("trainable({ networks: rates(400), hidden: [8000] })")
    assert "memory" in refusal(found, "memory")
    # And it trains what fits, after that.
    assert len(trained(trainer, 4, epochs=1)["curves"]) == 4


def script(**changes):
    about, parts = training_parts()
    texts = {name: base64.b64encode(content).decode() for name, content in parts.items()}
    return f"globalThis.trainingParts = {json.dumps(about | texts | changes)};"


def flipped(place):
    images = bytearray(training_parts()[1]["images"])
    images[place] ^= 1
    return base64.b64encode(images).decode()


DAMAGES = {
    "missing": lambda: None,
    "truncated": lambda: script()[:1_000_000],
    "empty": lambda: "",
    "byte": lambda: script(images=flipped(500_000)),
    # The last eight bytes of gzip are a checksum and the length.
    "checksum": lambda: script(images=flipped(-6)),
    "length": lambda: script(counts={"training": 1999, "held_out": 1000}),
    "base64": lambda: script(images="not base64!"),
}
damages = pytest.mark.parametrize("damage", DAMAGES)


@damages
def test_damaged_images_are_noticed_and_asked_for_again(page, address, damage):
    body = DAMAGES[damage]()
    answer = {"status": 404} if body is None else {"body": body}
    page.route(PARTS, lambda route: route.fulfill(**answer))
    page.goto(f"{address}/{PAGE}")
    opened(page)
    assert "images" in refusal(trained(page), "images")
    page.unroute(PARTS)
    assert len(trained(page, 4, epochs=1)["curves"]) == 4


@damages
def test_damaged_images_in_a_folder_are_noticed_and_asked_for_again(page, site, tmp_path, damage):
    shutil.copy(site / "_static" / "explorers.js", tmp_path)
    (tmp_path / "page.html").write_text('<script src="./explorers.js"></script>', encoding="utf-8")
    parts = tmp_path / "training_parts.js"
    if (body := DAMAGES[damage]()) is not None:
        parts.write_text(body, encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    opened(page)
    assert "images" in refusal(trained(page), "images")
    parts.write_text(script(), encoding="utf-8")
    assert len(trained(page, 4, epochs=1)["curves"]) == 4


KERNEL = """({ about, parts, silent }) => {
  const listeners = new Set();
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  window.model = {
    on: (event, listener) => event === "msg:custom" && listeners.add(listener),
    off: (event, listener) => listeners.delete(listener),
    send: ({ kind }) => setTimeout(() => {
      if (silent || kind !== "training_parts") return;
      for (const each of listeners) each({ kind, ...about }, parts.map(bytes));
    }),
  };
}"""


def kernel_page(page, address, silent=False):
    """A page that is not of the site: an explorer's model brings the parts, as from a kernel."""
    about, parts = training_parts()
    texts = [base64.b64encode(part).decode() for part in parts.values()]
    page.route("**/lab", lambda route: route.fulfill(content_type="text/html", body="<p>A lab"))
    page.goto(f"{address}/lab")
    page.evaluate(KERNEL, {"about": about, "parts": texts, "silent": silent})
    return opened(page)


def test_kernel_sends_the_parts_where_there_is_no_site(page, address):
    check_training(kernel_page(page, address))


def test_kernel_that_does_not_answer_is_not_waited_for_forever(page, address):
    page.clock.install()
    kernel_page(page, address, silent=True)
    page.evaluate("window.waiting = trainable({ networks: rates(2) }); null")
    page.clock.fast_forward(21_000)
    assert "kernel" in refusal(page.evaluate("waiting"), "kernel")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"networks": []}, "networks is []"),
        ({"networks": [{"learning_rate": -1}]}, "learning_rate is -1"),
        ({"networks": [{}]}, "learning_rate is"),
        ({"networks": [{"learning_rate": 1, "weight_decay": None}]}, "weight_decay is null"),
        ({"epochs": 0}, "epochs is 0"),
        ({"batch_size": 1.5}, "batch_size is 1.5"),
        ({"hidden": [0]}, "hidden is [0]"),
        ({"schedule": "warm"}, 'schedule is "warm"'),
        ({"width": 20}, "width is 20"),
        ({"classes": [1]}, "classes is [1]"),
        ({"stops": [1]}, "choose is"),
        ({"epoch": 3}, '"epoch"'),
    ],
)
def test_faulty_request_is_refused_by_name(trainer, options, named):
    found = trained(trainer, **options)
    assert found["name"] == "RangeError" and named in found["message"]
    assert "expected" in found["message"]
