"""The commands that make the recordings: what they keep, go on with and refuse."""

import json

import numpy as np
import pytest

from hpo_helpers.data import Split, read_original
from hpo_helpers.recordings import (
    DIVERGED,
    FOLDER,
    MLP_SPACE,
    load_json,
    load_mlp_seconds,
    load_recording,
)
from hpo_helpers.training import Training
from recorder import (
    __main__,
    bayesian_searches,
    d2l,
    fashion_mnist_sample,
    files,
    groups,
    ladder,
    mlp_seconds,
    widths,
)
from recorder.groups import Group, record_groups

TEN = Split(np.eye(10, dtype=np.float32), np.arange(10))


def few():
    """Three groups of two trials on ten images."""
    for seed in (2, 0, 1):
        training = Training(TEN, (TEN, TEN), evaluate_after=[1, 9], batch_size=5, seed=seed)
        # Weight decay at that rate turns the weights about, and makes them grow.
        configs = [{"learning_rate": rate, "weight_decay": 1.0} for rate in (1e-3, 3e38)]
        yield Group(training, ("validation", "test"), configs, [1, 0])


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The recorder, writing where nothing is lost."""
    monkeypatch.setattr(files, "UNFINISHED", tmp_path / "unfinished")
    return tmp_path


def test_recording_that_was_made_can_be_read(elsewhere):
    record_groups("few", few, elsewhere)
    recording = load_recording("few", elsewhere)
    assert recording.about["command"] == "python -m recorder few"
    assert recording.about["content"] == few.__doc__
    assert recording.about["measured"] == {"validation": 10, "test": 10}
    assert recording.table["seed"].tolist() == [0, 0, 1, 1, 2, 2]
    assert recording.table["trial"].tolist() == [0, 1] * 3
    assert recording.table["learning_rate"].tolist() == [3e38, 1e-3] * 3
    assert (recording.right["test"][::2, 1] == DIVERGED).all()
    assert (recording.right["test"][1::2] <= 10).all()


def test_interrupted_recording_trains_nothing_twice(elsewhere, monkeypatch):
    path = record_groups("few", few, elsewhere).with_suffix(".npz")
    before, seen = path.read_bytes(), []
    for unfinished in (elsewhere / "unfinished" / "few").glob("*.npy"):
        unfinished.unlink()
    train = groups.train_trials

    def stopping(training, configs, numbers, **options):
        seen.append(training.seed)
        # As `train_trials` does when it is stopped by hand.
        return train(training, configs, numbers, **options)[: 1 if len(seen) == 2 else None]

    monkeypatch.setattr(groups, "train_trials", stopping)
    with pytest.raises(KeyboardInterrupt):
        record_groups("few", few, elsewhere)
    assert len(list((elsewhere / "unfinished" / "few").iterdir())) == 1
    record_groups("few", few, elsewhere)
    assert seen == [2, 0, 0, 1]
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["seed", "trial"])
def test_hyperparameter_that_bears_the_name_of_a_column_is_not_recorded(elsewhere, name):
    def clashing():
        for group in few():
            yield group._replace(configs=[{**config, name: 1} for config in group.configs])

    with pytest.raises(ValueError, match=f"hyperparameter called '{name}', .* another name"):
        record_groups("clashing", clashing, elsewhere)
    assert not list(elsewhere.iterdir()), "refused before the training"


def test_interrupted_replay_goes_on_where_it_stopped(elsewhere, monkeypatch):
    images = [Split(s.images[:320], s.labels[:320]) for s in read_original(full=False)]
    monkeypatch.setattr(d2l, "read_original", lambda full: images)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    evaluated = []

    def counted(objective, loss, stop_at=None):
        def run(config, **keywords):
            if len(evaluated) == stop_at:
                raise KeyboardInterrupt
            evaluated.append((loss, config["learning_rate"]))
            return objective(config, **{**keywords, "progress": False})

        return run

    original = dict(d2l.OBJECTIVES)
    stopping = {loss: counted(objective, loss, 7) for loss, objective in original.items()}
    monkeypatch.setattr(d2l, "OBJECTIVES", stopping)
    with pytest.raises(KeyboardInterrupt):
        d2l.record(max_epochs=2, folder=elsewhere)
    assert not (elsewhere / "d2l_full.json").exists()

    going_on = {loss: counted(objective, loss) for loss, objective in original.items()}
    monkeypatch.setattr(d2l, "OBJECTIVES", going_on)
    recording = json.loads(d2l.record(max_epochs=2, folder=elsewhere).read_text(encoding="utf-8"))
    assert len(evaluated) == len(set(evaluated)) == 10
    assert [(row["loss"], row["learning_rate"]) for row in recording["trials"]] == evaluated
    assert all(len(row["errors"]) == 2 for row in recording["trials"])
    assert recording["epochs"] == 2
    assert recording["command"] == load_json("d2l_full")["command"]


def test_seconds_can_be_recorded(tmp_path):
    path = mlp_seconds.record(images=64, repeats=1, folder=tmp_path)
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert len(stored["trials"]) == 48
    assert load_mlp_seconds(tmp_path)(MLP_SPACE.from_unit([0.5] * 7), 3) > 0


def test_bayesian_searches_can_be_recorded(tmp_path):
    path = bayesian_searches.record(seeds=1, trials=9, folder=tmp_path)
    stored = load_json("bayesian_searches")
    assert len(stored["trials"]) == 50
    # Where the model chooses, another processor may choose otherwise.
    (again,) = json.loads(path.read_text(encoding="utf-8"))["trials"]
    assert again["seed"] == stored["trials"][0]["seed"]
    assert again["met"][:8] == stored["trials"][0]["met"][:8]


def test_search_that_is_stopped_by_hand_is_not_recorded(tmp_path, monkeypatch):
    class Stopped(bayesian_searches.BayesianSearch):
        def ask(self, number):
            if number == 2:
                raise KeyboardInterrupt
            return super().ask(number)

    monkeypatch.setattr(bayesian_searches, "BayesianSearch", Stopped)
    with pytest.warns(UserWarning, match="stopped"), pytest.raises(KeyboardInterrupt):
        bayesian_searches.record(seeds=1, trials=9, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_sample_is_written_as_it_is_read(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fashion_mnist_sample, "read_original", lambda full: read_original(False))
    monkeypatch.setattr(fashion_mnist_sample, "IMAGES_PER_CLASS", {"train": 3, "t10k": 2})
    fashion_mnist_sample.record(tmp_path)
    assert len(list(tmp_path.glob("*-ubyte.gz"))) == 4
    digests = [line.split('"')[3] for line in capsys.readouterr().out.splitlines()]
    with monkeypatch.context() as patch:
        names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]
        patch.setattr("hpo_helpers.data.SAMPLE_FOLDER", tmp_path)
        patch.setattr("hpo_helpers.data._SAMPLE_CHECKSUMS", dict(zip(names, digests, strict=True)))
        train, test = read_original.__wrapped__(full=False)
    assert np.bincount(train.labels).tolist() == [3] * 10
    assert np.bincount(test.labels).tolist() == [2] * 10
    whole = {image.tobytes() for image in read_original(False)[0].images}
    assert {image.tobytes() for image in train.images} <= whole


def test_every_recording_is_made_by_the_command_that_it_names():
    made = {path.stem for path in FOLDER.glob("*.json") if "command" in load_json(path.stem)}
    assert made == set(__main__.RECORDINGS) - {"fashion_mnist_sample"}
    for name in made:
        assert load_json(name)["command"] == f"python -m recorder {name}"


def test_command_line_makes_what_it_names(monkeypatch, capsys):
    monkeypatch.setitem(__main__.RECORDINGS, "mlp", lambda: "recorded mlp")
    monkeypatch.setattr("sys.argv", ["recorder", "mlp"])
    __main__.main()
    assert capsys.readouterr().out == "recorded mlp\n"


def test_ctrl_c_says_that_the_same_command_goes_on(monkeypatch, capsys):
    def stopped():
        raise KeyboardInterrupt

    monkeypatch.setitem(__main__.RECORDINGS, "mlp", stopped)
    monkeypatch.setattr("sys.argv", ["recorder", "mlp"])
    with pytest.raises(SystemExit, match="130"):
        __main__.main()
    assert "the same command goes on" in capsys.readouterr().err


def test_unknown_recording_is_refused_and_the_known_ones_are_listed(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["recorder", "source9"])
    with pytest.raises(SystemExit):
        __main__.main()
    assert "invalid choice: 'source9'" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["recorder", "--help"])
    with pytest.raises(SystemExit):
        __main__.main()
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in __main__.RECORDINGS)


def test_ladder_is_timed_step_by_step(elsewhere, monkeypatch):
    # Keras takes its time, and the benchmarks try it.
    for name in ("train_as_documented", "train_from_arrays"):
        monkeypatch.setattr(ladder, name, lambda rate, splits, epochs: None)
    monkeypatch.setattr(ladder, "TRIALS", (3, 10))
    path = ladder.record(repeats=1, seeds=2, folder=elsewhere)
    found, stored = json.loads(path.read_text("utf-8")), load_json("ladder")
    assert found.keys() == stored.keys()
    assert [row["step"] for row in found["steps"]] == [row["step"] for row in stored["steps"]]
    for row in found["steps"]:
        assert len(row["seconds"]) == len(found["trials"])
    assert np.allclose(found["errors"], stored["errors"][:2], atol=0.02)


def test_widths_are_trained_once_and_recorded_by_rate(elsewhere, monkeypatch):
    few = {"adam": range(-9, -7), "sgd": range(-4, -2)}
    for name, value in [
        ("WIDTHS", (32, 64, 128)),
        ("SEEDS", 2),
        ("SEEDS_OF_WIDEST", 1),
        ("EXPONENTS", few),
        ("EPOCHS", 1),
    ]:
        monkeypatch.setattr(widths, name, value)
    found = json.loads(widths.record(elsewhere).read_text("utf-8"))
    assert found["command"] == "python -m recorder widths"
    rows = found["trials"]
    # Two optimizers at the base, both parametrizations at 64, no SGD at the widest.
    assert len(rows) == 2 * (2 + 4 + 2)
    assert {len(row["test"]) for row in rows if row["width"] < 128} == {2}
    assert all(len(row["validation"]) == 1 for row in rows if row["width"] == 128)
    # A second time nothing is trained.
    monkeypatch.setattr(widths, "wrong", None)
    again = json.loads(widths.record(elsewhere).read_text("utf-8"))
    assert again["trials"] == rows


def test_recorded_widths_are_trained_again_alike():
    found = widths.wrong("adam", "mup", 64, seed=0)
    stored = [
        row
        for row in load_json("widths")["trials"]
        if (row["optimizer"], row["parametrization"], row["width"]) == ("adam", "mup", 64)
    ]
    assert [row["exponent"] for row in stored] == list(widths.EXPONENTS["adam"])
    for part in ("validation", "test"):
        gaps = np.subtract(found[part], [row[part][0] for row in stored])
        assert np.abs(gaps[:6]).max() <= 20
