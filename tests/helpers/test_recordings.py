import itertools
import json
import shutil

import numpy as np
import pytest

from hpo_helpers import jobs
from hpo_helpers.recordings import (
    DIVERGED,
    FOLDER,
    MLP_SPACE,
    RecordedTrials,
    load_json,
    load_mlp_seconds,
    load_recording,
)
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.training import train_trials
from recorder import files, mlp, variance
from recorder.__main__ import TRAININGS
from recorder.groups import Group, record_groups


def few(limit=3, trials=3):
    """A little of the real recording."""
    for group in itertools.islice(mlp.trials(), limit):
        parts = (part[:trials] for part in (group.configs, group.numbers))
        yield Group(group.training, group.measured, *parts)


@pytest.fixture(scope="module")
def recorded_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "UNFINISHED", folder / "unfinished")
        record_groups("few", few, folder)
    return folder


@pytest.fixture
def recorded(recorded_once, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "UNFINISHED", tmp_path / "unfinished")
    shutil.copytree(recorded_once, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_recording_gives_the_answer_of_the_training_run(recorded):
    recording = load_recording("few", recorded)
    objective = RecordedTrials(recording)
    for group in few():
        curves = 1 - train_trials(group.training, group.of_engine, group.numbers, progress=False)
        for config, curve in zip(group.configs, curves[:, 0], strict=True):
            assert np.allclose(objective(config), curve, atol=1e-6, equal_nan=True)
            np.testing.assert_array_equal(objective(config, 9), objective(config)[:9])


def test_rows_stand_in_the_order_of_their_numbers(recorded):
    table = load_recording("few", recorded).table
    assert table["trial"].is_monotonic_increasing
    assert len(table) == 9
    searcher = RandomSearch(MLP_SPACE)
    objective = RecordedTrials(load_recording("few", recorded))
    for number, config in zip(table["trial"], objective.configs, strict=True):
        assert config == searcher.ask(number)


def test_configuration_that_was_not_recorded_is_an_error(recorded):
    objective = RecordedTrials(load_recording("few", recorded))
    config = {**objective.configs[0], "learning_rate": 0.123}
    with pytest.raises(ValueError, match="was not recorded"):
        objective(config)
    assert "was not recorded" in jobs.run_job(objective, jobs.Job(0, config)).trial.reason
    with pytest.raises(ValueError, match="unknown hyperparameter 'dropout'"):
        objective({"dropout": 0.5})


def test_nearest_configuration_answers_when_asked_for(recorded):
    objective = RecordedTrials(load_recording("few", recorded), nearest=MLP_SPACE)
    for config in objective.configs:
        moved = {**config, "learning_rate": min(1, config["learning_rate"] * 1.01)}
        assert objective.nearest(moved) == config
        assert np.array_equal(objective(moved), objective(config), equal_nan=True)
        distances = [
            np.linalg.norm(MLP_SPACE.to_unit(other) - MLP_SPACE.to_unit(moved))
            for other in objective.configs
        ]
        assert objective.configs[int(np.argmin(distances))] == config


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda trials, config: trials(config, -1), "max_epochs is -1; expected a whole number"),
        (lambda trials, config: trials(config, 2.5), "max_epochs is 2.5; expected a whole"),
        (lambda trials, config: trials({**config, "units": [16]}), r"'units': \[16\].* cannot be"),
        (lambda trials, config: trials.nearest(config), "name the space .* nearest=space"),
    ],
)
def test_what_cannot_be_looked_up_is_named(recorded, call, message):
    trials = RecordedTrials(load_recording("few", str(recorded)))
    with pytest.raises((TypeError, ValueError), match=message):
        call(trials, trials.configs[0])


def test_diverged_trial_is_recorded_as_failed(recorded):
    recording = load_recording("few", recorded)
    recording.right["validation"][0, 5:] = DIVERGED
    objective = RecordedTrials(recording)
    trial = jobs.run_job(objective, jobs.Job(0, objective.configs[0])).trial
    assert trial.status == "failed"
    assert len(trial.errors) == 5


def test_rows_are_selected_by_their_values():
    recording = load_recording("softmax_full")
    few = recording.where(seed=0, batch_size=16)
    chosen = (recording.table["seed"] == 0) & (recording.table["batch_size"] == 16)
    assert few.table.equals(recording.table[chosen].reset_index(drop=True))
    assert np.array_equal(few.errors("test"), recording.errors("test")[chosen])
    again = few.where(learning_rate=0.1)
    assert again.table["learning_rate"].tolist() == [0.1]
    assert again.errors("validation").shape == (1, 16)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"momentum": 0.9},
            r"unknown column 'momentum'; expected one of \['learning_rate', 'batch",
        ),
        ({"seed": 7}, r"seed is 7; expected one of those recorded: 0, 1, 2, 3, 4$"),
        ({"seed": 3, "batch_size": 8}, r"batch_size is 8; expected one of those recorded: 16$"),
        ({"seed": [0, 1]}, r"seed is \[0, 1\]; expected one of those recorded: 0, 1, 2, 3, 4$"),
        ({"learning_rate": 3}, r"learning_rate is 3; expected .*: 1e-06, 1\.12202e-06, .* \.\.\.$"),
    ],
)
def test_trials_that_were_not_recorded_cannot_be_selected(values, message):
    with pytest.raises(ValueError, match=message):
        load_recording("softmax_full").where(**values)


def test_every_image_is_wrong_where_a_trial_had_diverged(recorded):
    recording = load_recording("few", recorded)
    recording.right["validation"][0, 5:] = DIVERGED
    assert recording.images("validation") == 2000
    wrong, errors = recording.wrong("validation"), recording.errors("validation")
    assert (wrong[0, 5:] == 2000).all()
    assert (errors[0, 5:] == 1).all()
    assert np.array_equal(errors, wrong / 2000)
    right = recording.right["validation"].astype(int)
    whole = right != DIVERGED
    assert np.array_equal(wrong[whole], 2000 - right[whole])
    marked = recording.errors("validation", diverged=np.nan)
    assert np.isnan(marked[0, 5:]).all()
    assert np.array_equal(marked[0, :5], errors[0, :5])
    with pytest.raises(ValueError, match=r"'tests'; expected .*: \['validation', 'test'\]"):
        recording.wrong("tests")


@pytest.mark.parametrize("columns", [["learning_rate", "seed"], ["seed", "units", "seed", "trial"]])
def test_columns_that_clash_are_refused(recorded, columns):
    path = recorded / "few.json"
    about = json.loads(path.read_text(encoding="utf-8")) | {"columns": columns}
    path.write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(ValueError, match=r"columns of few\.json .* expected 'seed', 'trial' and"):
        load_recording("few", recorded)


def test_trials_of_several_seeds_need_a_choice():
    with pytest.raises(ValueError, match=r"seeds \[0, 1, 2, 3, 4\]; .* recording.where\(seed=0\)"):
        RecordedTrials(load_recording("mlp"))


def test_damaged_or_foreign_arrays_are_refused(recorded):
    path = recorded / "few.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"few\.npz is damaged .* expected SHA-256"):
        load_recording("few", recorded)


@pytest.mark.parametrize("text", ["", '{"command": "py', "[1]", "3", "null"])
def test_damaged_description_is_named(recorded, text):
    (recorded / "few.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"few\.json is damaged .*; expected an object of JSON"):
        load_recording("few", recorded)


def test_description_that_lacks_something_is_named(recorded):
    (recorded / "few.json").write_text('{"columns": []}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"few\.json in .* lacks \['measured', 'sha256'\]; expect"):
        load_recording("few", recorded)


def test_nearest_takes_a_space(recorded):
    with pytest.raises(TypeError, match=r"space is \{'x': 1\}; expected a ConfigSpace"):
        RecordedTrials(load_recording("few", recorded), nearest={"x": 1})


def test_unknown_name_and_seed_are_refused(recorded):
    with pytest.raises(FileNotFoundError, match=r"no recording 'many' .* expected \['few'\]"):
        load_recording("many", recorded)
    with pytest.raises(ValueError, match=r"seed is 7; expected one of those recorded: 0$"):
        load_recording("few", recorded).where(seed=7)


@pytest.mark.parametrize(
    "name", ["softmax_full", "digits_grid", "digits_spread", "mlp", "variance"]
)
def test_bundled_recording_is_whole(name):
    recording = load_recording(name)
    about = recording.about
    assert about["command"] == f"python -m recorder {name}"
    assert {"date", "versions", "content", "measured"} <= set(about)
    assert len(recording.table) == about["trials"]
    assert not recording.table.duplicated(["seed", "trial", *recording.table]).any()
    for part in about["measured"]:
        errors = recording.errors(part)
        assert errors.shape == (about["trials"], about["evaluations"]), part
        assert ((errors >= 0) & (errors <= 1)).all()


@pytest.mark.parametrize("name", ["digits_grid", "digits_spread", "mlp"])
def test_bundled_recording_is_what_training_gives_again(name):
    recording = load_recording(name)
    group = next(TRAININGS[name]())
    slow = [i for i, c in enumerate(group.configs) if 1e-3 < c["learning_rate"] < 0.01][:4]
    numbers = [group.numbers[i] for i in slow]
    curves = train_trials(
        group.training, [group.of_engine[i] for i in slow], numbers, progress=False
    )
    for number, curve in zip(numbers, curves, strict=True):
        trial = recording.where(seed=group.training.seed, trial=number)
        for part, errors in zip(group.measured, 1 - curve, strict=True):
            assert np.allclose(trial.errors(part), errors, atol=0.02)


@pytest.mark.parametrize("trial", variance.PAIR)
@pytest.mark.parametrize("varied", [*variance.SOURCES, "together"])
def test_variance_is_what_training_gives_again(trial, varied):
    recording = load_recording("variance").where(mlp_trial=trial, varied=varied)
    group = variance.retraining(trial, recording.table.loc[0, list(variance.SOURCES)].to_dict())
    ((validation, test),) = 1 - train_trials(
        group.training, group.of_engine, group.numbers, progress=False
    )
    # Later errors jump with the rounding of another processor.
    assert np.allclose(recording.errors("validation")[0, :3], validation[:3], atol=0.02)
    assert np.allclose(recording.errors("test")[0, :3], test[:3], atol=0.02)


def test_variance_varies_one_source_at_a_time():
    table = load_recording("variance").table
    sources = list(variance.SOURCES)
    for (trial, varied), runs in table.groupby(["mlp_trial", "varied"]):
        assert len(runs) == 100
        fixed = {"split": 0, "weights": trial, "batches": 0}
        others = [name for name in sources if name not in (varied, "together")]
        if varied == "together":
            assert (runs[sources].nunique() == 100).all()
        else:
            assert runs[varied].nunique() == 100
            assert (runs[others] == [fixed[name] for name in others]).all(axis=None)


def test_variance_is_of_the_trials_that_the_search_recorded():
    mlp = load_recording("mlp").where(seed=0)
    last = mlp.errors("validation")[:, -1]
    calm = mlp.table["learning_rate"].between(0.001, 0.01)
    assert (last.argmin(), np.where(calm, last, 1).argmin()) == variance.PAIR
    trial = variance.PAIR[0]
    group = variance.retraining(trial, {"split": 0, "weights": trial, "batches": 0})
    curves = 1 - train_trials(group.training, group.of_engine, group.numbers, progress=False)
    assert np.allclose(mlp.errors("validation")[trial, :3], curves[0, 0, :3], atol=0.02)


def test_recordings_stay_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 8e6
    for path in FOLDER.glob("*.npz"):
        assert load_json(path.stem)["sha256"]


def test_recorded_trial_goes_on_where_it_stopped():
    recorded = RecordedTrials(load_recording("mlp").where(seed=0))
    config = recorded.configs[0]
    first, state = recorded.train(config, 9)
    further, _ = recorded.train(config, 18, state)
    assert first + further == recorded(config)


def test_seconds_are_recorded_for_every_kind_of_network():
    seconds_of = load_mlp_seconds()
    recorded = RecordedTrials(load_recording("mlp").where(seed=0))
    seconds = [seconds_of(config, 27) for config in recorded.configs]
    assert 0 < min(seconds) < max(seconds) < 30
    assert seconds_of(recorded.configs[0], 2) == 2 * seconds_of(recorded.configs[0], 1)


def test_by_seed_keeps_what_every_seed_has_in_the_order_of_the_trials():
    recording = load_recording("mlp")
    errors = recording.by_seed("validation")
    assert errors.shape == (5, 300, 27)
    for seed in range(5):
        one = recording.where(seed=seed)
        place = int(np.flatnonzero(one.table["trial"] == 299)[0])
        assert (errors[seed, 299] == one.errors("validation")[place]).all()


def test_by_seed_refuses_numbers_that_stand_for_no_configuration():
    recording = load_recording("mlp")
    table = recording.table.copy()
    table.loc[table["seed"] == 1, "learning_rate"] *= 2
    with pytest.raises(ValueError, match="other hyperparameters under another seed"):
        recording._replace(table=table).by_seed("test")
