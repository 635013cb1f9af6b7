"""The searches of the seed lottery, to be done again when a searcher has changed."""

from pathlib import Path

from hpo_helpers.explorers.seed_lottery import SEARCHERS, SEEDS, TRIALS
from hpo_helpers.recordings import FOLDER, MLP_SPACE, RecordedTrials, load_recording
from recorder import files
from recorder.bayesian_searches import met


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
    seeds = range(1, SEEDS + 1)
    searches = [
        {"method": name, "met": [met(recorded, make(MLP_SPACE, seed), TRIALS) for seed in seeds]}
        for name, make in SEARCHERS.items()
    ]
    content = "Which trials of mlp three searchers meet, 60 a seed, seeds from 1"
    about = files.described("seed_lottery", "numpy", "scipy", content=content, seeds=SEEDS)
    return files.write_json(
        folder / "seed_lottery.json", {**about, "searches": searches}, "searches"
    )
