"""Record real training runs that are too long for a page: ``python -m hpo_helpers.record``.

``source1`` replays the five documented trials on all of Fashion-MNIST, with the loss as
documented and with the loss mended. TensorFlow keeps its default arithmetic, oneDNN, as the
source had it; ``--without-onednn`` adds the same numbers up in another order. An interrupted
recording goes on where it stopped.

The others train on the NumPy engine: ``variance``, and the experiments of ``experiments.py``.
``mlp_seconds`` measures how long its trainings take, and ``bayesian_searches`` repeats a search
over the trials of ``mlp``.
"""

import argparse
import datetime
import functools
import hashlib
import importlib.metadata
import itertools
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from hpo_helpers import executors
from hpo_helpers.bayesian import BayesianSearch
from hpo_helpers.data import Split, Splits, load_fashion_mnist, read_original
from hpo_helpers.experiments import EXPERIMENTS, MLP_SPACE, Job
from hpo_helpers.objectives import (
    BATCH_SIZE,
    NetworkObjective,
    hpo_objective_scores_as_probabilities,
    hpo_objective_softmax_classification,
)
from hpo_helpers.recordings import DIVERGED, FOLDER, RecordedTrials, load_recording
from hpo_helpers.searchers import RandomSearch
from hpo_helpers.training import Training, epochs, train_stacks
from hpo_helpers.trials import TrialLog
from hpo_helpers.tuner import tune

ROOT = Path(__file__).parents[1]
UNFINISHED = ROOT / "_build" / "recordings"
OBJECTIVES = {
    "as documented": hpo_objective_scores_as_probabilities,
    "mended": hpo_objective_softmax_classification,
}


def record_source1(onednn: bool = True, seed: int = 0, max_epochs: int = 8) -> Path:
    """Record the five documented trials on the full data, with either loss.

    As the source does it, the 10,000 images of the test set serve for validation.

    Parameters
    ----------
    onednn : bool
        Let TensorFlow use oneDNN. It reads this when it is first imported, so a process can
        record with one of the two only.
    seed : int
        Seeds the weights and the order of the batches in every trial.
    max_epochs : int
        Passes over the 60,000 training images.

    Returns
    -------
    Path
        The recording: provenance, and the validation errors by epoch of ten trials.
    """
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = str(int(onednn))
    name = "source1_full" if onednn else "source1_full_without_onednn"
    from hpo_helpers.loaders import FashionMNIST

    train, test = read_original(full=True)
    data = FashionMNIST(BATCH_SIZE, splits=Splits(train=train, validation=test, test=test))
    documented = json.loads((FOLDER / "source1_documented.json").read_text())["trials"]
    rows = []
    for loss, objective in OBJECTIVES.items():
        log = TrialLog(UNFINISHED / f"{name}_{loss.replace(' ', '_')}_{seed}_{max_epochs}.jsonl")
        evaluate = functools.partial(
            objective,
            max_epochs=max_epochs,
            data=data,
            seed=seed,
            progress=True,
            return_curve=True,
        )
        for number, row in enumerate(documented):
            if number == len(log):
                print(f"loss {loss}, trial {number}", file=sys.stderr)
                config = {"learning_rate": row["learning_rate"]}
                log.append(executors.run_job(evaluate, executors.Job(number, config)).trial)
            errors = [round(error, 4) for error in log[number].errors]
            rows.append({"loss": loss, "trial": number, **log[number].config, "errors": errors})
    recording = {
        "command": "python -m hpo_helpers.record source1" + " --without-onednn" * (not onednn),
        "data": "Fashion-MNIST, 60,000 training images, validated on the 10,000 test images",
        "batch_size": BATCH_SIZE,
        "epochs": max_epochs,
        "seed": seed,
        **provenance("numpy", "keras", "tensorflow", "d2l"),
        "trials": rows,
    }
    path = FOLDER / f"{name}.json"
    path.write_text(one_row_a_line(recording))
    return path


# Of the recording ``mlp``: its best trial, and its best at a learning rate from 0.001 to 0.01.
PAIR = (2983, 1706)
SOURCES = ("split", "weights", "batches")


def retraining(trial: int, seeds: dict[str, int], varied: str = "") -> Job:
    """Return the training of a trial of ``mlp`` under a seed for each source of variance."""
    config = RandomSearch(MLP_SPACE).ask(trial)
    splits = load_fashion_mnist(full=False, seed=seeds["split"])
    train = Split(*(array[:2000] for array in splits.train))
    training = Training(
        train,
        (splits.validation, splits.test),
        epochs(train, 32, 27),
        hidden=[config["units"]] * config["layers"],
        activation=config["activation"],
        batch_size=32,
        batch_seed=seeds["batches"],
    )
    row = {**config, "mlp_trial": trial, "varied": varied, **seeds}
    return Job(training, ("validation", "test"), [row], [seeds["weights"]])


def variance() -> Iterator[Job]:
    """Train two networks of ``mlp`` anew: 100 seeds of each source of variance, and of all."""
    for trial, varied in itertools.product(PAIR, (*SOURCES, "together")):
        # As the search trained it.
        fixed = {"split": 0, "weights": trial, "batches": 0}
        for seed in range(1, 101):
            # Other seeds together than one by one, so that the two are independent.
            together = dict.fromkeys(SOURCES, seed + 100)
            seeds = together if varied == "together" else {**fixed, varied: seed}
            yield retraining(trial, seeds, varied)


def record_on_the_engine(name: str, folder: Path = FOLDER) -> Path:
    """Record an experiment of the book, job by job; finished ones are read back.

    Parameters
    ----------
    name : str
        ``variance`` or one of the experiments.
    folder : Path
        Where the arrays and their description go.

    Returns
    -------
    Path
        The description.
    """
    experiment = {"variance": variance, **EXPERIMENTS}[name]
    curves, rows = [], []
    for job in experiment():
        for taken in {"seed", "trial"}.intersection(*job.configs):
            raise ValueError(
                f"the recording {name!r} has a hyperparameter called {taken!r}, as one of its "
                "columns is; give it another name"
            )
        curves.append(_trained(name, job))
        rows += [
            {**config, "seed": job.training.seed, "trial": number}
            for config, number in zip(job.configs, job.numbers, strict=True)
        ]
        print(f"{name}: {len(rows)} trials", file=sys.stderr)
    table = pd.DataFrame(rows).sort_values(["seed", "trial"], kind="stable")
    accuracies = np.concatenate(curves)[table.index]
    arrays = {column: _plain_array(table[column]) for column in table}
    images_of = [len(part.labels) for part in job.training.measured]
    sizes = dict(zip(job.measured, images_of, strict=True))
    for part, images in sizes.items():
        blocks = [place for place, name in enumerate(job.measured) if name == part]
        shares = accuracies[:, blocks if len(blocks) > 1 else blocks[0]]
        counts = np.where(np.isnan(shares), DIVERGED, np.rint(shares * images))
        arrays[f"right_{part}"] = counts.astype(np.uint16)
    np.savez_compressed(folder / f"{name}.npz", **arrays)
    description = {
        "command": f"python -m hpo_helpers.record {name}",
        "content": experiment.__doc__,
        "trials": len(table),
        "columns": list(table),
        "measured": sizes,
        "evaluations": len(job.training.evaluate_after),
        **provenance("numpy", "scipy"),
        "sha256": hashlib.sha256((folder / f"{name}.npz").read_bytes()).hexdigest(),
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(description, indent=2) + "\n")
    return path


def _trained(name: str, job: Job) -> np.ndarray:
    # Named by the hash of all that decides it, so that nothing outdated is read back.
    path = UNFINISHED / name / f"{joblib.hash((job.training, job.of_engine, job.numbers))}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            part = Path(folder) / "curves.npy"
            np.save(
                part, np.concatenate(list(train_stacks(job.training, job.of_engine, job.numbers)))
            )
            part.rename(path)
    return np.load(path)


def _plain_array(column: pd.Series) -> np.ndarray:
    values = column.to_numpy()
    return values.astype(str) if values.dtype == object else values


def record_mlp_seconds(images: int = 2000, repeats: int = 5, folder: Path = FOLDER) -> Path:
    """Record how long an epoch of each kind of network in the experiment ``mlp`` takes.

    Parameters
    ----------
    images : int
        Training images.
    repeats : int
        Epochs that are timed, of which the median counts.
    folder : Path
        Where the description goes.

    Returns
    -------
    Path
        The recording: provenance, and seconds of processor time an epoch on one thread.
    """
    objective = NetworkObjective(images)
    kinds = [MLP_SPACE[name].options for name in ("units", "activation", "optimizer")]
    rows = []
    with threadpool_limits(1, user_api="blas"):
        for layers, units, activation, optimizer in itertools.product((1, 2, 3), *kinds):
            config = {"layers": layers, "units": units, "activation": activation}
            momentum = {"momentum": 0.5} if optimizer == "momentum" else {}
            state, times = None, []
            for _ in range(repeats + 1):
                start = time.process_time()
                _, state = objective({"learning_rate": 0.01, **config, **momentum}, 1, state)
                times.append(time.process_time() - start)
            # The first epoch also reads the images.
            median = statistics.median(times[1:])
            rows.append({**config, "optimizer": optimizer, "seconds": round(median, 4)})
    recording = {
        "command": "python -m hpo_helpers.record mlp_seconds",
        "content": record_mlp_seconds.__doc__.splitlines()[0],
        "images": images,
        **provenance("numpy", "scipy"),
        "trials": rows,
    }
    path = folder / "mlp_seconds.json"
    path.write_text(one_row_a_line(recording))
    return path


def record_bayesian_searches(seeds: int = 50, trials: int = 60, folder: Path = FOLDER) -> Path:
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
            log = tune(recorded, BayesianSearch(MLP_SPACE, seed), trials, progress=False)
            met = [recorded.configs.index(recorded.nearest(trial.config)) for trial in log]
            rows.append({"seed": seed, "met": met})
            print(f"bayesian_searches: seed {seed}", file=sys.stderr)
    recording = {
        "command": "python -m hpo_helpers.record bayesian_searches",
        "content": record_bayesian_searches.__doc__.splitlines()[0],
        **provenance("numpy", "scipy", "sklearn"),
        "trials": rows,
    }
    path = folder / "bayesian_searches.json"
    path.write_text(one_row_a_line(recording))
    return path


def provenance(*packages: str) -> dict[str, Any]:
    """Return the date and the versions that a recording is stored with."""
    # A package may come from a distribution of another name: tensorflow from tensorflow-cpu.
    distributions = importlib.metadata.packages_distributions()
    versions = {name: importlib.metadata.version(distributions[name][0]) for name in packages}
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": {"python": platform.python_version(), **versions},
    }


def one_row_a_line(recording: dict[str, Any], rows: str = "trials") -> str:
    """Return a recording as JSON that a difference can be read of: each of its rows on a line.

    Parameters
    ----------
    recording : dict
    rows : str
        The name of its list of rows.
    """
    lines = ",\n".join("    " + json.dumps(row) for row in recording[rows])
    head = json.dumps({**recording, rows: []}, indent=2)
    return head.replace(f'"{rows}": []', f'"{rows}": [\n{lines}\n  ]') + "\n"


OTHERS = {"mlp_seconds": record_mlp_seconds, "bayesian_searches": record_bayesian_searches}


def main() -> None:
    """Run the recording that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m hpo_helpers.record", description=__doc__.splitlines()[0]
    )
    parser.add_argument("recording", choices=["source1", "variance", *OTHERS, *EXPERIMENTS])
    parser.add_argument("--without-onednn", action="store_true", help="for source1")
    arguments = parser.parse_args()
    try:
        if arguments.recording == "source1":
            print(record_source1(onednn=not arguments.without_onednn))
        elif arguments.recording in OTHERS:
            print(OTHERS[arguments.recording]())
        else:
            print(record_on_the_engine(arguments.recording))
    except KeyboardInterrupt:
        parser.exit(130, "\nstopped; what is finished is kept, and the same command goes on\n")


if __name__ == "__main__":
    main()
