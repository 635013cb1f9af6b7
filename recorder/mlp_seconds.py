"""How long the networks of the recording ``mlp`` train."""

import itertools
import statistics
import time
from pathlib import Path

from threadpoolctl import threadpool_limits

from hpo_helpers.objectives import NetworkObjective
from hpo_helpers.recordings import FOLDER, MLP_SPACE
from recorder import files


def record(images: int = 2000, repeats: int = 5, folder: Path = FOLDER) -> Path:
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
    content = record.__doc__.splitlines()[0]
    about = files.described("mlp_seconds", "numpy", "scipy", content=content, images=images)
    return files.write_json(folder / "mlp_seconds.json", {**about, "trials": rows}, "trials")
