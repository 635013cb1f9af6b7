import itertools
import json
import shutil
import subprocess

import numpy as np
import pytest
import traitlets

from hpo_helpers.explorers import LearningRateRange
from hpo_helpers.explorers.explorer import draws

NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="Node is not installed; the browser tests cover it")
def test_model_in_javascript_agrees_with_python(tmp_path):
    explorer = LearningRateRange()
    (tmp_path / "explorer.mjs").write_text(explorer._esm)
    states = [
        {"scale": scale, "trials": 50, "seed": seed, "epochs": epochs, "batch_size": size}
        for scale, seed, epochs, size in itertools.product(
            ["log", "linear"], [0, 1, 2**32 - 1], [1, 16], [8, 256]
        )
    ]
    recorded = {
        "rates": explorer.rates,
        "batch_sizes": explorer.batch_sizes,
        "epochs_recorded": explorer.epochs_recorded,
        "images": explorer.images,
        "wrong": np.frombuffer(explorer.wrong, "<u2").tolist(),
    }
    given = {"recorded": recorded, "states": [{**s, "low": 1e-5, "high": 3.0} for s in states]}
    (tmp_path / "given.json").write_text(json.dumps(given))
    (tmp_path / "run.mjs").write_text(
        'import { readFileSync } from "fs"; import { search } from "./explorer.mjs";'
        'const { recorded, states } = JSON.parse(readFileSync("given.json"));'
        "console.log(JSON.stringify(states.map((state) => search(recorded, state))));"
    )
    output = subprocess.run(
        [NODE, "run.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    for state, found in zip(states, json.loads(output.stdout), strict=True):
        twin = LearningRateRange(learning_rate_range=(1e-5, 3.0), **state)
        rates, errors = twin.drawn()
        assert np.allclose([trial["rate"] for trial in found["trials"]], rates, rtol=1e-9)
        assert np.allclose([trial["error"] for trial in found["trials"]], errors)
        assert np.allclose(found["incumbent"], np.minimum.accumulate(errors))
        limit = np.sort(twin.response())[7]
        assert found["good"] == (twin.response() <= limit).tolist()
        assert found["hits"] == int((errors <= limit).sum())
        assert 0 <= found["chance"] <= 1


def test_chance_is_the_share_of_many_draws():
    explorer = LearningRateRange(learning_rate_range=(1e-4, 1.0), trials=100)
    hits = []
    for seed in range(60):
        explorer.seed = seed
        _, errors = explorer.drawn()
        hits.append(errors <= np.sort(explorer.response())[7])
    assert 0.05 < np.mean(hits) < 0.2


def test_generator_is_uniform_and_repeats():
    numbers = np.array(list(itertools.islice(draws(7), 20_000)))
    assert ((numbers >= 0) & (numbers < 1)).all()
    assert np.allclose(np.histogram(numbers, 10, (0, 1))[0] / 2000, 1, atol=0.08)
    assert list(itertools.islice(draws(7), 3)) == numbers[:3].tolist()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate_range": (1.0, 0.1)}, "the lowest first"),
        ({"learning_rate_range": (1e-9, 0.1)}, "expected two rates from 1e-6 to 10"),
        ({"batch_size": 7}, r"batch_size is 7; expected one of \[8, 16"),
        ({"trials": 0}, "should not be less than 1"),
        ({"scale": "cubic"}, r"any of \['log', 'linear'\]"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(traitlets.TraitError, match=message):
        LearningRateRange(**settings)


def test_traits_can_be_observed_and_set():
    explorer = LearningRateRange()
    seen = []
    explorer.observe(lambda change: seen.append(change["new"]), "learning_rate_range")
    explorer.learning_rate_range = (0.01, 0.1)
    assert seen == [(0.01, 0.1)]


def test_explorer_says_how_it_is_set():
    shown = repr(LearningRateRange(trials=3))
    assert shown.startswith("LearningRateRange(learning_rate_range=(0.0001, 1.0), scale='log'")
    assert "trials=3" in shown
