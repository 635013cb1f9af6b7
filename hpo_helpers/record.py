"""Record real training runs that are too long for a page: ``python -m hpo_helpers.record``.

``source1`` replays the five documented trials on all of Fashion-MNIST, with the loss as
documented and with the loss mended. TensorFlow keeps its default arithmetic, oneDNN, as the
source had it; ``--without-onednn`` adds the same numbers up in another order. An interrupted
recording goes on where it stopped.
"""

import argparse
import datetime
import functools
import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from hpo_helpers.data import Splits, read_original
from hpo_helpers.objectives import (
    BATCH_SIZE,
    hpo_objective_scores_as_probabilities,
    hpo_objective_softmax_classification,
)
from hpo_helpers.trials import TrialLog
from hpo_helpers.tuner import run_trial

ROOT = Path(__file__).parents[1]
RECORDINGS = ROOT / "book" / "recordings"
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
    documented = json.loads((RECORDINGS / "source1_documented.json").read_text())["trials"]
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
                log.append(run_trial(evaluate, number, {"learning_rate": row["learning_rate"]}))
            errors = [round(error, 4) for error in log[number].errors]
            rows.append({"loss": loss, "trial": number, **log[number].config, "errors": errors})
    recording = {
        "command": "python -m hpo_helpers.record source1" + " --without-onednn" * (not onednn),
        "data": "Fashion-MNIST, 60,000 training images, validated on the 10,000 test images",
        "batch_size": BATCH_SIZE,
        "epochs": max_epochs,
        "seed": seed,
        **provenance(),
        "trials": rows,
    }
    path = RECORDINGS / f"{name}.json"
    path.write_text(_one_trial_a_line(recording))
    return path


def provenance() -> dict[str, Any]:
    """Return the date and the versions that a recording is stored with."""
    import keras
    import numpy
    import tensorflow

    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": {
            "python": platform.python_version(),
            "numpy": numpy.__version__,
            "keras": keras.__version__,
            "tensorflow": tensorflow.__version__,
            "d2l": importlib.metadata.version("d2l"),
        },
    }


def _one_trial_a_line(recording: dict[str, Any]) -> str:
    trials = ",\n".join("    " + json.dumps(trial) for trial in recording["trials"])
    head = json.dumps({**recording, "trials": []}, indent=2)
    return head.replace('"trials": []', f'"trials": [\n{trials}\n  ]') + "\n"


def main() -> None:
    """Run the recording that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m hpo_helpers.record", description=__doc__.splitlines()[0]
    )
    parser.add_argument("recording", choices=["source1"])
    parser.add_argument("--without-onednn", action="store_true")
    print(record_source1(onednn=not parser.parse_args().without_onednn))


if __name__ == "__main__":
    main()
