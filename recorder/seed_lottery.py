"""The searches of the seed lottery, to be done again when a searcher has changed."""

from pathlib import Path

from scipy.spatial.distance import cdist

from hpo_helpers.explorers.seed_lottery import SEARCHERS, SEEDS, TRIALS
from hpo_helpers.recordings import FOLDER, MLP_SPACE, RecordedTrials, load_recording
from hpo_helpers.tuner import tune
from recorder import files


def met(recorded: RecordedTrials, name: str, seed: int, trials: int = TRIALS) -> list[int]:
    """Return which recorded trials a search meets.

    Parameters
    ----------
    recorded : RecordedTrials
        Of the recording ``mlp``; the nearest configuration answers.
    name : str
        One of `SEARCHERS`.
    seed, trials : int

    Returns
    -------
    list of int
        Places in `RecordedTrials.configs`, one a trial.
    """
    log = tune(recorded, SEARCHERS[name](MLP_SPACE, seed), trials, progress=False)
    units = MLP_SPACE.to_units([trial.config for trial in log])
    return cdist(units, MLP_SPACE.to_units(recorded.configs)).argmin(axis=1).tolist()


def record(folder: Path = FOLDER) -> Path:
    """Record which trials of ``mlp`` random, Sobol' and local searches meet, in seconds.

    Parameters
    ----------
    folder : Path
        Where the description goes.

    Returns
    -------
    Path
        The recording: provenance, and by method and seed the places in `RecordedTrials.configs`.
    """
    recorded = RecordedTrials(load_recording("mlp").where(seed=0), nearest=MLP_SPACE)
    searches = [
        {"method": name, "met": [met(recorded, name, seed) for seed in range(1, SEEDS + 1)]}
        for name in SEARCHERS
    ]
    content = "Which trials of mlp three searchers meet, 60 a seed, seeds from 1"
    about = files.described("seed_lottery", "numpy", "scipy", content=content, seeds=SEEDS)
    return files.write_json(
        folder / "seed_lottery.json", {**about, "searches": searches}, "searches"
    )
