"""The documented trials of *Dive into Deep Learning*, replayed on all of Fashion-MNIST."""

import functools
import os
import sys
from pathlib import Path

from hpo_helpers.data import Splits, read_original
from hpo_helpers.jobs import Job, run_job
from hpo_helpers.objectives import (
    BATCH_SIZE,
    hpo_objective_scores_as_probabilities,
    hpo_objective_softmax_classification,
)
from hpo_helpers.recordings import FOLDER, load_json
from hpo_helpers.trials import TrialLog
from recorder import files

OBJECTIVES = {
    "as documented": hpo_objective_scores_as_probabilities,
    "mended": hpo_objective_softmax_classification,
}


def record(onednn: bool = True, seed: int = 0, max_epochs: int = 8, folder: Path = FOLDER) -> Path:
    """Record the five documented trials on the full data, with either loss.

    As the book does it, the 10,000 images of the test set serve for validation.

    Parameters
    ----------
    onednn : bool
        Let TensorFlow use oneDNN, its default arithmetic, as the book had it; without it the
        same numbers are added up in another order. It reads this when it is first imported, so
        a process can record with one of the two only.
    seed : int
        Seeds the weights and the order of the batches in every trial.
    max_epochs : int
        Passes over the 60,000 training images.
    folder : Path
        Where the description goes.

    Returns
    -------
    Path
        The recording: provenance, and the validation errors by epoch of ten trials.
    """
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = str(int(onednn))
    from hpo_helpers.loaders import FashionMNIST

    name = "d2l_full" if onednn else "d2l_full_without_onednn"
    train, test = read_original(full=True)
    data = FashionMNIST(BATCH_SIZE, splits=Splits(train=train, validation=test, test=test))
    documented = load_json("d2l_documented")["trials"]
    rows = []
    for loss, objective in OBJECTIVES.items():
        part = f"{name}_{loss.replace(' ', '_')}_{seed}_{max_epochs}.jsonl"
        log = TrialLog(files.UNFINISHED / part)
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
                log.append(run_job(evaluate, Job(number, config)).trial)
            errors = [round(error, 4) for error in log[number].errors]
            rows.append({"loss": loss, "trial": number, **log[number].config, "errors": errors})
    about = files.described(
        name,
        "numpy",
        "keras",
        "tensorflow",
        "d2l",
        data="Fashion-MNIST, 60,000 training images, validated on the 10,000 test images",
        batch_size=BATCH_SIZE,
        epochs=max_epochs,
        seed=seed,
    )
    return files.write_json(folder / f"{name}.json", {**about, "trials": rows}, "trials")
