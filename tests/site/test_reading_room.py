"""The reading room: files of each library, faults that were planted, and the page itself."""

import base64
import json
import re
import shutil
import subprocess

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.importance import FanovaImportanceEvaluator
from playwright.sync_api import expect
from scipy import stats
from sklearn.datasets import load_diabetes
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import RandomizedSearchCV, cross_val_score

from hpo_helpers.explorers import ReadingRoom
from hpo_helpers.explorers.modules import FOLDER
from hpo_helpers.explorers.reading_room import recorded_search
from hpo_helpers.recordings import MLP_SPACE, load_recording
from tests.site.conftest import violations
from tools.built_site import SITE

KINDS = {
    "flat",
    "edge",
    "images",
    "winner",
    "category",
    "failures",
    "falling",
    "repeats",
    "together",
    "epochs",
}
READ = """
import { readFileSync } from "fs";
const room = (name) => import(`FOLDER/room/${name}.js`);
const { tableOf, textOfBytes, FileError } = await room("files");
const { recognise } = await room("columns");
const { studyOf } = await room("study");
const { imagesBehind } = await room("noise");
const read = ({ files, images = 0, options = {} }) => {
  try {
    const texts = files.map(([name, bytes]) =>
      ({ name, text: textOfBytes(name, typeof bytes === "number" ? Buffer.alloc(bytes, "1")
        : Buffer.from(bytes, "base64")) }));
    const table = tableOf(texts);
    Object.assign(table.options, options);
    const reading = { ...recognise(table), scales: {} };
    const model = { get: (name) => ({ images, seed: 0 })[name] };
    const study = studyOf({ table, model }, reading);
    return {
      format: table.format, count: table.count, roles: reading.roles, direction: reading.direction,
      found: study?.diagnosis.found, unknown: study?.diagnosis.unknown,
      names: study?.trials.hyperparameters.map(({ name }) => name),
      shares: study?.importance.shares, explained: study?.importance.explained,
      cost: study && Array.from(study.trials.cost, (each) => (Number.isNaN(each) ? null : each)),
      scales: study && Object.fromEntries(study.axes.map(({ name, isLog }) => [name, isLog])),
      second: study?.trials.second?.name, curves: study?.trials.curves,
    };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { error: error.message };
  }
};
console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(read)));
"""


def read(*cases):
    """What the room makes of each case: files by name, and perhaps images and options."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    script = READ.replace("FOLDER", FOLDER.as_uri())
    given = [{**case, "files": [[n, encoded(text)] for n, text in case["files"]]} for case in cases]
    command = [node, "--input-type=module", "--eval", script]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def encoded(text):
    """In base64; a number stands for so many bytes."""
    if isinstance(text, int):
        return text
    content = text if isinstance(text, bytes) else text.encode()
    return base64.b64encode(content).decode()


def of_frame(frame, name="search.csv", **rest):
    return {"files": [(name, frame.to_csv(index=False))], **rest}


def kinds(found):
    return {each["kind"] for each in found["found"]}


NAMES = list(MLP_SPACE)


@pytest.fixture(scope="module")
def trained():
    """300 recorded configurations, and their mean error over five seeds after each epoch."""
    recording = load_recording("mlp")
    seeds = [recording.where(seed=seed) for seed in range(5)]
    curves = np.mean([each.errors("validation")[:300] for each in seeds], axis=0)
    return seeds[0].table[NAMES].head(300), curves


@pytest.fixture(scope="module")
def sound(trained):
    """The same as a table, to plant faults in."""
    table, curves = trained
    return table.assign(error=curves[:, -1].round(5))


def of_log(table, curves):
    rows = zip(table.to_dict("records"), curves.round(5).tolist(), strict=True)
    return "\n".join(
        json.dumps(
            {
                "number": number,
                "config": {name: value for name, value in config.items() if value == value},
                "errors": curve,
                "status": "completed",
                "reason": "",
                "start": 0.0,
                "end": 1.5,
            }
        )
        for number, (config, curve) in enumerate(rows)
    )


def of_keras(table, errors):
    """As the trial.json of each trial, in folders of their own."""
    space = [
        {"class_name": "Choice", "config": {"name": "activation", "values": ["relu", "tanh"]}},
        {"class_name": "Float", "config": {"name": "learning_rate", "min_value": 1e-4}},
    ]
    for number, (config, error) in enumerate(zip(table.to_dict("records"), errors, strict=True)):
        observations = [{"value": [1 - error], "step": 26}]
        yield (
            "trial.json",
            json.dumps(
                {
                    "trial_id": f"{number:04}",
                    "hyperparameters": {
                        "space": space,
                        "values": {
                            k: config[k] for k in ("activation", "learning_rate", "weight_decay")
                        },
                    },
                    "metrics": {
                        "metrics": {
                            "val_accuracy": {"direction": "max", "observations": observations}
                        }
                    },
                    "score": 1 - error,
                    "best_step": 26,
                    "status": "COMPLETED",
                }
            ),
        )


def of_ray(table, curves):
    """As the result.json of each trial: a report after every epoch."""
    for number, (config, curve) in enumerate(zip(table.to_dict("records"), curves, strict=True)):
        config = {name: None if value != value else value for name, value in config.items()}
        yield (
            "result.json",
            "\n".join(
                json.dumps(
                    {
                        "val_loss": loss,
                        "training_iteration": epoch,
                        "trial_id": f"a_{number:05}",
                        "time_this_iter_s": 0.5,
                        "time_total_s": 0.5 * epoch,
                        "pid": 4711,
                        "hostname": "node",
                        "done": epoch == len(curve),
                        "config": config,
                    }
                )
                for epoch, loss in enumerate(curve.round(5).tolist(), start=1)
            ),
        )


@pytest.fixture(scope="module")
def ridge():
    """Score a kernel ridge regression on patients with diabetes."""
    x, y = load_diabetes(return_X_y=True)
    y = (y - y.mean()) / y.std()

    def score(alpha, gamma):
        model = KernelRidge(alpha=alpha, gamma=gamma, kernel="rbf")
        return cross_val_score(model, x, y, cv=3, scoring="neg_mean_squared_error").mean()

    return x, y, score


@pytest.fixture(scope="module")
def study(ridge):
    *_, score = ridge
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial):
        alpha = trial.suggest_float("alpha", 1e-4, 1e3, log=True)
        gamma = trial.suggest_float("gamma", 1e-4, 1e4, log=True)
        if trial.number == 7:
            raise ValueError("as any search has one")
        return -score(alpha, gamma)

    made = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    made.optimize(objective, n_trials=60, catch=ValueError)
    return made


@pytest.fixture(scope="module")
def sound_logs(trained, sound, ridge, study):
    table, curves = trained
    x, y, _ = ridge
    space = {"alpha": stats.loguniform(1e-4, 1e3), "gamma": stats.loguniform(1e-4, 1e4)}
    search = RandomizedSearchCV(
        KernelRidge(kernel="rbf"), space, n_iter=40, cv=3, random_state=0, scoring="r2"
    ).fit(x, y)
    return {
        "TrialLog": {"files": [("search.jsonl", of_log(table, curves))]},
        "table": of_frame(sound),
        "Optuna": of_frame(study.trials_dataframe()),
        "scikit-learn": of_frame(pd.DataFrame(search.cv_results_)),
        "KerasTuner": {"files": [*of_keras(table, curves[:, -1])]},
    }


def test_each_format_is_understood(sound_logs, trained):
    found = dict(zip(sound_logs, read(*sound_logs.values()), strict=True))
    assert {name: each["format"] for name, each in found.items()} == {n: n for n in sound_logs}
    assert {name: each["count"] for name, each in found.items()} == {
        "TrialLog": 300,
        "table": 300,
        "Optuna": 60,
        "scikit-learn": 40,
        "KerasTuner": 300,
    }
    assert found["TrialLog"]["names"] == found["table"]["names"] == NAMES
    for name in ("Optuna", "scikit-learn"):
        assert found[name]["names"] == ["alpha", "gamma"]
        assert found[name]["scales"] == {"alpha": True, "gamma": True}
    assert set(found["KerasTuner"]["names"]) == {"activation", "learning_rate", "weight_decay"}
    assert found["TrialLog"]["scales"] == {
        "learning_rate": True,
        "weight_decay": True,
        "units": True,
        "layers": False,
        "momentum": False,
        "activation": False,
        "optimizer": False,
    }
    directions = {name: each["direction"] for name, each in found.items()}
    larger = {"scikit-learn", "KerasTuner"}
    assert {name for name, each in directions.items() if each == "larger"} == larger
    assert found["Optuna"]["cost"][7] is None
    assert found["scikit-learn"]["second"] == "mean_fit_time"
    assert found["Optuna"]["roles"]["duration"] == "seconds"
    last = trained[1][:, -1]
    assert np.allclose(found["TrialLog"]["cost"], last, atol=1e-5)
    assert np.allclose(found["KerasTuner"]["cost"], last - 1)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_states_and_second_values_of_optuna_are_understood():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.report(x, 0)
        if trial.number == 3:
            raise optuna.TrialPruned
        return x

    one = optuna.create_study()
    one.optimize(objective, n_trials=12)
    named = optuna.create_study(directions=["minimize", "minimize"])
    named.set_metric_names(["badness", "size"])
    plain = optuna.create_study(directions=["minimize", "minimize"])
    for each in (named, plain):
        each.optimize(lambda trial: (trial.suggest_float("x", 0, 1), trial.number), n_trials=12)
    frames = [each.trials_dataframe() for each in (one, named, plain)]
    pruned, by_name, by_place = read(*map(of_frame, frames))
    assert pruned["cost"][3] is None
    assert "failures" not in kinds(pruned)
    assert by_name["roles"]["values_badness"] == by_place["roles"]["values_0"] == "objective"
    assert (by_name["second"], by_place["second"]) == ("values_size", "values_1")
    assert by_name["names"] == by_place["names"] == ["x"]


def test_ray_is_understood_by_its_reports_its_frame_and_its_tags(trained):
    table, curves = trained
    table, curves = table.head(40), curves[:40]
    frame = table.add_prefix("config/").assign(
        val_loss=curves[:, -1], training_iteration=27, trial_id=range(40), time_total_s=1.0
    )
    tags = [
        f"{number}_learning_rate={row.learning_rate:.4f},units={row.units}"
        for number, row in enumerate(table.itertuples())
    ]
    tagged = pd.concat(
        pd.DataFrame(
            {
                "loss": curves[:, epoch],
                "training_iteration": epoch + 1,
                "trial_id": range(40),
                "experiment_tag": tags,
            }
        )
        for epoch in (0, 26)
    )
    reports, of_results, of_tags = read(
        {"files": [*of_ray(table, curves)]}, of_frame(frame), of_frame(tagged, "progress.csv")
    )
    assert {each["format"] for each in (reports, of_results, of_tags)} == {"Ray"}
    assert reports["names"] == of_results["names"] == NAMES
    assert of_tags["names"] == ["learning_rate", "units"]
    for each in (reports, of_results, of_tags):
        assert each["count"] == 40
        assert np.allclose(each["cost"], curves[:, -1], atol=1e-5)
    assert np.allclose(reports["curves"], curves, atol=1e-5)
    assert np.allclose(of_tags["curves"], curves[:, [0, 26]])


def test_sound_logs_raise_no_alarm(sound_logs):
    for name, found in zip(sound_logs, read(*sound_logs.values()), strict=True):
        assert found["found"] == [], name


@pytest.fixture(scope="module")
def faulty(trained, sound):
    """Recorded trials, with a fault of each kind planted among them."""
    table, curves = trained
    rng = np.random.default_rng(0)
    best = sound["error"].idxmin()
    few = rng.binomial(50, np.clip(sound["error"], 0, 1)) / 50
    single = load_recording("mlp").where(seed=0).errors("validation")[:300, -1]
    relu = table["activation"] == "relu"
    early = sound.assign(epochs=[9 if row == best else 27 for row in range(300)])
    return {
        "flat": of_frame(sound.assign(error=0.9)),
        "edge": of_frame(sound[sound["momentum"].isna() & (sound["learning_rate"] < 0.01)]),
        "images": of_frame(sound.assign(error=few)),
        "winner": of_frame(sound.assign(error=single)),
        "category": {"files": [*of_keras(table[relu], curves[relu, -1])]},
        "failures": of_frame(sound.assign(error=sound["error"].mask(sound["units"] == 128))),
        "falling": {"files": [("search.jsonl", of_log(table, curves[:, :5]))]},
        "repeats": of_frame(pd.concat([sound, sound.head(40)])),
        "together": of_frame(sound.assign(warmup=3 * sound["learning_rate"])),
        "epochs": of_frame(early),
    }


def test_planted_faults_are_found_and_no_others(faulty):
    assert faulty.keys() == KINDS
    for kind, found in zip(faulty, read(*faulty.values()), strict=True):
        # So few images also leave the winner within noise.
        also = {"winner"} if kind == "images" else set()
        assert kinds(found) - also == {kind}, kind
        assert len(found["found"][0]["words"]) > 80


def test_parts_of_a_sound_search_rarely_raise_an_alarm(sound):
    rng = np.random.default_rng(0)
    parts = [sound.iloc[rng.permutation(300)[:size]] for size in (30, 60, 120) for _ in range(12)]
    alarms = [kinds(found) for found in read(*map(of_frame, parts))]
    assert sum(map(bool, alarms)) <= 3
    # More units are better up to the most that were tried.
    assert set().union(*alarms) <= {"edge"}


def test_what_the_file_cannot_tell_is_said(sound):
    (found,) = read(of_frame(sound[["learning_rate", "units", "error"]]))
    assert {each["kind"] for each in found["unknown"]} == {"images", "winner", "category", "epochs"}
    assert all(each["reason"] for each in found["unknown"])
    few, none = read(of_frame(sound.head(6)), of_frame(sound.assign(error="none")))
    assert few["found"] == []
    assert len(few["unknown"]) == 9
    assert "objective" not in none["roles"].values()


def test_images_that_are_given_or_known_from_repeats_decide_the_winner(sound):
    given, larger = read(of_frame(sound, images=500), of_frame(sound, images=10**7))
    assert "winner" in kinds(given)
    assert larger["found"] == []
    rng = np.random.default_rng(1)
    again = pd.concat([sound.head(60).assign(seed=seed) for seed in range(2)])
    again["error"] += rng.normal(0, 0.02, 120)
    (repeated,) = read(of_frame(again))
    (winner,) = repeated["found"]
    assert winner["kind"] == "winner"
    assert "60 repeats" in winner["words"]


def test_an_option_of_the_space_that_was_never_tried_is_named(sound):
    (found,) = read(of_frame(sound, options={"activation": ["relu", "tanh", "gelu"]}))
    (category,) = found["found"]
    assert category["words"].startswith("activation = gelu has no result")


def test_larger_is_better_where_it_is_an_accuracy(sound):
    accuracy = sound.assign(val_accuracy=1 - sound["error"]).drop(columns="error")
    (found,) = read(of_frame(accuracy))
    assert found["direction"] == "larger"
    assert np.allclose(found["cost"], sound["error"] - 1)
    assert found["found"] == []


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_importance_is_that_of_optuna():
    recording = load_recording("mlp").where(seed=0)
    table = recording.table[NAMES[:6]].head(500)
    errors = recording.errors("validation")[:500, -1]
    points = MLP_SPACE.to_units(
        [
            {name: value for name, value in row.items() if value == value}
            for row in recording.table[NAMES].head(500).to_dict("records")
        ]
    )[:, :6]
    axes = dict.fromkeys(NAMES[:6], optuna.distributions.FloatDistribution(0, 1))
    made = optuna.create_study()
    made.add_trials(
        optuna.create_trial(
            params=dict(zip(axes, row, strict=True)), distributions=axes, value=error
        )
        for row, error in zip(points.tolist(), errors.tolist(), strict=True)
    )
    evaluator = FanovaImportanceEvaluator(n_trees=8, max_depth=8, seed=0)
    expected = optuna.importance.get_param_importances(made, evaluator=evaluator, normalize=False)
    (found,) = read(of_frame(table.assign(error=errors)))
    for name, share in zip(found["names"], found["shares"], strict=True):
        assert abs(share - expected[name]) < 0.06, name
    assert found["explained"] > 0.6


def test_any_table_is_read_or_refused_in_words():
    rng = np.random.default_rng(0)
    given = "error loss val_acc number lr params_lr status epochs seconds seed a:b;c trial_id"
    names = given.split()
    cells = [
        lambda n: rng.normal(size=n).round(3),
        lambda n: rng.integers(0, 4, n),
        lambda n: rng.choice(["a", "", "x,y", '"'], n),
        lambda n: 10.0 ** rng.integers(-300, 300, n),
        lambda n: np.full(n, rng.choice([0, 0.5, 1e300])),
        lambda n: np.full(n, ""),
        lambda n: rng.choice([1, np.nan], n),
    ]
    cases = []
    for _ in range(200):
        chosen = rng.choice(names, rng.integers(1, 9), replace=False)
        size = int(rng.integers(0, 50))
        frame = pd.DataFrame({name: cells[rng.integers(len(cells))](size) for name in chosen})
        cases.append(of_frame(frame, images=int(rng.choice([0, 100]))))
    for found in read(*cases):
        if "error" in found:
            assert found["error"].startswith("search.csv ")
        elif found.get("shares"):
            assert all(0 <= share <= 1 + 1e-9 for share in found["shares"])
            assert 0 <= found["explained"] <= 1
            words = "".join(each["words"] for each in found["found"])
            assert not re.search("NaN|null|undefined|Infinity", words)


def big(rows):
    return "lr,error\n" + "0.1,0.2\n" * rows


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", "", "empty.csv is empty; expected a TrialLog"),
        ("blank.json", " \n ", "blank.json is empty"),
        ("head.csv", "lr,error\n", "head.csv has a header and no rows; expected a row"),
        ("one.csv", "error\n0.1\n", 'one.csv has a single column, "error"; expected'),
        ("torn.csv", "lr,error\n0.1,0.2\n0.3\n", "row 3 has 1 cells; expected 2"),
        ("quote.csv", 'lr,error\n"0.1,0.2\n', "quotation mark in row 2 is never closed"),
        ("twice.csv", "lr,lr\n1,2\n", 'two columns "lr"; expected a name for each'),
        ("bad.jsonl", '{"number": 0,\n{"a": 1}\n', "bad.jsonl is damaged: line 1 of 2 is no JSON"),
        ("list.json", "[1, 2]", "list.json holds no trials; expected"),
        ("text.txt", "hello\nworld\n", "text.txt has a single column"),
        ("search.db", b"SQLite format 3\x00rest", "search.db is a binary file, such as"),
        ("latin.csv", "lr,fehlergr\xf6\xdfe\n1,2\n".encode("latin-1"), "is a binary file"),
        ("many.csv", big(20_001), "holds 20,001 trials; expected at most 20,000"),
        ("large.csv", 50_000_001, "large.csv has 50 MB; expected at most 50 MB"),
    ],
)
def test_file_that_is_no_search_is_refused_by_its_name(name, content, message):
    (found,) = read({"files": [(name, content)]})
    assert found["error"].startswith(name)
    assert message in found["error"]


def test_torn_last_line_and_strange_cells_are_read():
    log = '{"number": 0, "config": {"lr": 0.1}, "errors": [0.3]}\n{"number": 1, "con'
    strange = '\ufefflr;optimizer;"test ""error""";error\r\n1e-3;sgd;0.3;0.5\r\n.2;"a;b";nan;\r\n'
    first, second = read({"files": [("killed.jsonl", log)]}, {"files": [("eu.csv", strange)]})
    assert first["count"] == 1
    assert second["cost"] == [0.5, None]
    assert set(second["roles"]) == {"lr", "optimizer", 'test "error"', "error"}


def test_room_takes_logs_and_frames_and_refuses_others():
    log = recorded_search()
    room = ReadingRoom(log, space=MLP_SPACE, images=2000, name="mine")
    assert room.name == "mine"
    assert room.options == {
        "units": [16, 32, 64, 128],
        "activation": ["relu", "tanh"],
        "optimizer": ["sgd", "momentum"],
    }
    first, second = read(
        {"files": [("a.jsonl", room.frame)]},
        {"files": [("a.csv", ReadingRoom(log.to_frame()).frame)]},
    )
    assert np.allclose(
        np.array(first["cost"], float), np.array(second["cost"], float), equal_nan=True
    )
    assert first["names"] == second["names"] == NAMES
    with pytest.raises(TypeError, match=r"expected a TrialLog or a pandas\.DataFrame"):
        ReadingRoom([1, 2])
    with pytest.raises(ValueError, match="holds no trial"):
        ReadingRoom(pd.DataFrame())
    with pytest.raises(TypeError, match="expected a ConfigSpace"):
        ReadingRoom(log, space={"units": [1]})
    with pytest.raises(TypeError, match="expected a TrialLog, whose errors are known"):
        ReadingRoom(log.to_frame()).picture()


# The page itself.

PAGE = "book/judgement/reading_room.html"
# In milliseconds, for 10,000 trials on a machine that has much else to do.
PATIENCE = 30_000
TIME_FRAMES = """
    window.frames_ = [];
    const request = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (draw) => request((now) => {
      const start = performance.now();
      draw(now);
      frames_.push(performance.now() - start);
    });
"""
DROP = """([name, text]) => {
    const files = new DataTransfer();
    files.items.add(new File([text], name));
    const room = document.querySelector(".room");
    for (const type of ["dragover", "drop"])
      room.dispatchEvent(new DragEvent(type, { dataTransfer: files, cancelable: true }));
}"""


@pytest.fixture
def open_room(reader, address):
    """Open the room, perhaps as an address asks; nothing that it complains about is forgiven."""
    opened, problems = [], []

    def open_(after="", context=reader):
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{address}/{PAGE}{after}")
        expect(page.locator(".room .words")).not_to_be_empty()
        opened.append(page)
        return page

    yield open_
    for page in opened:
        page.close()
    assert problems == []


def give(page, name, text):
    content = text if isinstance(text, bytes) else text.encode()
    file = {"name": name, "mimeType": "text/plain", "buffer": content}
    page.locator(".room input[type=file]").first.set_input_files(file)


def says(page, text):
    expect(page.locator(".room .words")).to_contain_text(text, timeout=PATIENCE)


def status(page, text):
    expect(page.locator(".room .shown")).to_contain_text(text, timeout=PATIENCE)


def drag(page, axis, start, end):
    """Draw along an axis, from one share of it to another."""
    strip = page.locator(".room .strip").nth(axis)
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    x, lies = box["x"] + box["width"] / 2, box["width"] > box["height"]

    def place(share):
        if lies:
            return box["x"] + share * box["width"], box["y"] + box["height"] / 2
        return x, box["y"] + (1 - share) * box["height"]

    page.mouse.move(*place(start))
    page.mouse.down()
    page.mouse.move(*place(end), steps=4)
    page.mouse.up()


def test_room_begins_with_a_recorded_search_and_links_each_kind_to_a_place(open_room):
    page = open_room()
    status(page, "a recorded search of this book, 300 trials, read as TrialLog")
    says(page, "300 trials, 2 of them failed. The best error is 0.16, of trial 16;")
    assert "Nothing leaves this page" in page.locator(".room .private").inner_text()
    assert page.locator(".room .strip").count() == 8
    assert page.locator(".room .scatter").count() == 9
    links = page.eval_on_selector_all(".findings a", "all => all.map((each) => each.href)")
    assert len(links) == len(KINDS)
    for link in links:
        path, _, section = link.partition("#")
        html = (SITE / "book" / path.partition("/book/")[2]).read_text("utf-8")
        assert not section or f'id="{section}"' in html, link


def test_brush_by_keys_counts_what_python_counts(open_room):
    page, frame = open_room(), recorded_search().to_frame()
    page.get_by_label("axis to brush").select_option("learning_rate")
    start = page.get_by_label("brush from")
    start.press("Home")
    for _ in range(4):
        start.press("PageUp")
    logs = np.log(frame["learning_rate"])
    inside = (logs - logs.min()) / (logs.max() - logs.min()) >= 0.4
    says(page, f"{inside.sum()} of 300 trials lie inside (learning_rate ")
    page.get_by_label("axis to brush").select_option("optimizer")
    expect(start).to_have_attribute("aria-valuetext", "momentum")
    start.press("ArrowRight")
    expect(start).to_have_attribute("aria-valuetext", "sgd")
    inside &= frame["optimizer"] == "sgd"
    best = frame[inside].sort_values("error").iloc[0]
    says(page, f"{inside.sum()} of 300 trials lie inside")
    says(
        page, f"optimizer sgd). Their best error is {best['error']:.3g}, of trial {best['number']}"
    )
    expect(page.locator(".room .brush")).to_have_count(2)
    expect(page.locator(".bars .of-inside")).to_have_count(7)
    # The ends push each other.
    page.get_by_label("brush to").press("Home")
    expect(start).to_have_attribute("aria-valuetext", "momentum")
    expect(page.get_by_label("brush to")).to_have_attribute("aria-valuetext", "momentum")
    page.get_by_role("button", name="Clear the brushes").click()
    says(page, "300 trials, 2 of them failed.")
    expect(page.locator(".bars .of-inside")).to_have_count(0)


def test_brush_is_drawn_moved_resized_and_taken_away_by_pointer(open_room):
    page = open_room()
    drag(page, 0, 0.3, 0.6)
    drag(page, 1, 0.1, 0.9)
    brushes = page.locator(".room .brush")
    expect(brushes).to_have_count(2)
    size = brushes.first.bounding_box()
    drag(page, 0, 0.45, 0.65)
    moved = brushes.first.bounding_box()
    assert moved["y"] < size["y"] - 20
    assert abs(moved["height"] - size["height"]) < 3
    drag(page, 0, 0.8, 0.95)
    assert brushes.first.bounding_box()["height"] > moved["height"] + 20
    box = page.locator(".room .strip").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 0.3 * box["height"])
    expect(brushes).to_have_count(1)
    page.get_by_role("button", name="Brush the best tenth").click()
    expect(brushes).to_have_count(2)


def test_brush_is_kept_in_the_address_and_a_bad_one_is_not_taken(open_room):
    page = open_room()
    page.get_by_role("button", name="Brush the best tenth").click()
    says(page, "31 of 300 trials lie inside (error")
    page.wait_for_url("**brush=error**")
    page.reload()
    says(page, "31 of 300 trials lie inside (error")
    page = open_room("#brush=learning_rate:2-3&images=500")
    status = page.locator(".buttons [role=status]")
    expect(status).to_contain_text("brush=learning_rate:2-3 in the address is ignored: expected")
    expect(page.locator("[data-kind=winner]")).to_contain_text("By 500 validation images")


def test_file_of_the_reader_goes_nowhere(open_room, sound):
    page, requests = open_room(), []
    page.on("request", lambda request: requests.append(request.url))
    before = page.url
    page.evaluate(DROP, ["mine.csv", sound.rename(columns={"units": "width"}).to_csv(index=False)])
    status(page, "Your search: mine.csv, 300 trials, read as a table. The diagnosis below finds no")
    drag(page, 0, 0.2, 0.5)
    says(page, "of 300 trials lie inside")
    page.get_by_label("axis to brush").select_option("width")
    page.wait_for_timeout(300)
    assert page.url == before
    assert page.evaluate("sessionStorage.length") == 0
    give(page, "broken.csv", "lr,error\n0.1\n")
    status(page, "broken.csv is damaged: row 2 has 1 cells; expected 2")
    assert page.locator(".room .strip").count() == 8
    page.get_by_role("button", name="Back to the first search").click()
    status(page, "a recorded search of this book")
    expect(page.get_by_role("button", name="Back to the first search")).to_be_hidden()
    assert requests == []


def test_folder_of_a_search_is_chosen_as_it_is(open_room, trained, tmp_path):
    table, curves = trained
    for number, (name, text) in enumerate(of_keras(table.head(30), curves[:30, -1])):
        folder = tmp_path / "project" / f"trial_{number:02}"
        folder.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")
        (folder / "checkpoint.weights.h5").write_bytes(b"\0")
    (tmp_path / "project" / "oracle.json").write_text("{}", encoding="utf-8")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("none", encoding="utf-8")
    page = open_room()
    field = page.get_by_label("or the folder of a Ray or KerasTuner search")
    field.set_input_files(tmp_path / "project")
    status(page, "Your search: 30 files, 30 trials, read as KerasTuner.")
    field.set_input_files(tmp_path / "other")
    status(page, "other holds no trial.json, result.json, progress.csv, .jsonl or .csv; expected")


def test_columns_are_corrected_by_the_reader(open_room, sound):
    page = open_room()
    give(page, "mine.csv", sound.rename(columns={"error": "badness"}).to_csv(index=False))
    status(page, "No column looks like an objective: choose one under Columns.")
    expect(page.locator(".room .lines")).to_be_hidden()
    role = page.get_by_label("badness is read as")
    role.select_option("objective")
    status(page, "The diagnosis below finds no trouble.")
    expect(role).to_be_focused()
    says(page, f"The best badness is {sound['error'].min():.3g}")
    page.get_by_label("better is").select_option("larger")
    says(page, f"The best badness is {sound['error'].max():.3g}")
    page.get_by_label("better is").select_option("smaller")
    page.get_by_label("layers is read as").select_option("ignored")
    expect(page.locator(".room .strip")).to_have_count(7)
    page.get_by_label("axis of learning_rate").select_option("linear")
    expect(page.locator(".lines text", has_text="0.75").first).to_be_visible()
    page.get_by_label("validation images (0: unknown)").fill("400")
    page.get_by_label("validation images (0: unknown)").press("Enter")
    expect(page.locator("[data-kind=winner]")).to_contain_text("By 400 validation images")


def random_trials(count, names):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(size=(count, len(names))), columns=[*names])
    return frame.assign(rate=10 ** rng.uniform(-4, 0, count), error=rng.uniform(size=count))


def test_brush_follows_the_hand(open_room, browser):
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_init_script(TIME_FRAMES)
        page = open_room(context=context)
        for count, names, milliseconds in [(1000, "abcdefg", 16), (10_000, "abc", 100)]:
            name = f"{count}.csv"
            give(page, name, random_trials(count, names).to_csv(index=False, float_format="%.6g"))
            status(page, name)
            drag(page, 0, 0.02, 0.98)
            page.evaluate("frames_.length = 0")
            drag(page, 1, 0.05, 0.9)
            drag(page, 1, 0.05, 0.6)
            says(page, f"of {count:,} trials lie inside")
            frames = page.evaluate("frames_")
            assert len(frames) >= 5
            # The quicker ones: others may have waited for another process.
            assert np.quantile(frames, 0.25) < milliseconds


def touch(page, session, axis, shares):
    """Draw along a lying axis with a finger."""
    box = page.locator(".room .strip").nth(axis).bounding_box()
    y = box["y"] + box["height"] / 2
    kinds = ["touchStart", *["touchMove"] * (len(shares) - 1)]
    for kind, share in zip(kinds, shares, strict=True):
        points = [{"x": box["x"] + share * box["width"], "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_room_on_a_phone_is_brushed_printed_and_without_fault_for_axe(open_room, browser, faulty):
    (name, text), *_ = faulty["failures"]["files"]
    options = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    options |= {"has_touch": True, "is_mobile": True}
    with browser.new_context(**options) as context:
        page = open_room(context=context)
        give(page, name, text)
        expect(page.locator("[data-kind=failures]")).to_be_visible()
        page.get_by_role("button", name="Show them").click()
        says(page, "of 300 trials lie inside (units 128)")
        for each in page.locator(".room summary").all():
            each.click()
        assert violations(page, ".room") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for each in page.locator(".room summary").all():
            each.click()
        page.get_by_role("button", name="Clear the brushes").click()
        page.locator(".room .strip").nth(1).scroll_into_view_if_needed()
        touch(page, context.new_cdp_session(page), 1, [0.2, 0.3, 0.4, 0.5, 0.6])
        expect(page.locator(".room .brush")).to_have_count(1)
        says(page, "of 300 trials lie inside")
        page.emulate_media(media="print")
        expect(page.locator(".room .lines")).to_be_visible()
        expect(page.locator(".room .intake")).to_be_hidden()
        expect(page.locator("[id^=fig-explorer] img")).to_be_hidden()
