"""A search that takes minutes, repeated over the trials of the recording ``mlp``."""

import sys
from pathlib import Path

from threadpoolctl import threadpool_limits

from hpo_helpers.bayesian import BayesianSearch
from hpo_helpers.recordings import FOLDER, MLP_SPACE, RecordedTrials, load_recording
from hpo_helpers.searchers import Searcher
from hpo_helpers.tuner import tune
from recorder import files


def met(recorded: RecordedTrials, searcher: Searcher, trials: int) -> list[int]:
    """Return which recorded trials a search meets.

    Parameters
    ----------
    recorded : RecordedTrials
        The nearest configuration answers.
    searcher : Searcher
    trials : int

    Returns
    -------
    list of int
        Places in `RecordedTrials.configs`, one a trial.

    Raises
    ------
    KeyboardInterrupt
        If it was stopped by hand, so that nothing unfinished is recorded.
    """
    log = tune(recorded, searcher, trials, progress=False)
    if len(log) < trials:
        # Stopped by hand; `tune` has said so.
        raise KeyboardInterrupt
    return [recorded.configs.index(recorded.nearest(trial.config)) for trial in log]


def record(seeds: int = 50, trials: int = 60, folder: Path = FOLDER) -> Path:
    """Record which trials of the recording ``mlp`` Bayesian searches meet.

    Parameters
    ----------
    seeds : int
        How many searches; their seeds begin with 1.
    trials : int
        Of each search.
    folder : Path
        Where the description goes.

    Returns
    -------
    Path
        The recording: provenance, and by seed the places in `RecordedTrials.configs`.
    """
    recorded = RecordedTrials(load_recording("mlp").where(seed=0), nearest=MLP_SPACE)
    rows = []
    with threadpool_limits(1, user_api="blas"):
        for seed in range(1, seeds + 1):
            searcher = BayesianSearch(MLP_SPACE, seed)
            rows.append({"seed": seed, "met": met(recorded, searcher, trials)})
            print(f"bayesian_searches: seed {seed}", file=sys.stderr)
    content = record.__doc__.splitlines()[0]
    about = files.described("bayesian_searches", "numpy", "scipy", content=content)
    return files.write_json(folder / "bayesian_searches.json", {**about, "trials": rows}, "trials")
