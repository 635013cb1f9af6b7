"""Record trainings on the NumPy engine, group by group; finished groups are read back."""

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd

from hpo_helpers.recordings import DIVERGED, FOLDER
from hpo_helpers.spaces import Config
from hpo_helpers.training import LIMITS, Training, train_trials
from recorder import files


class Group(NamedTuple):
    """Trials of a recording that train together.

    Attributes
    ----------
    training : Training
    measured : tuple of str
        Names of what it measures on; the same name again for a further block of it.
    configs : list of dict
        All hyperparameters of each trial, those of the training as well.
    numbers : sequence of int
        Which trials of their seed they are.

    Examples
    --------
    >>> from hpo_helpers.data import Split
    >>> part = Split(np.eye(10, dtype=np.float32), np.arange(10))
    >>> training = Training(part, [part], evaluate_after=[1], hidden=[32])
    >>> group = Group(training, ("validation",), [{"learning_rate": 0.1, "units": 32}], [7])
    >>> group.of_engine
    [{'learning_rate': 0.1}]
    """

    training: Training
    measured: tuple[str, ...]
    configs: list[Config]
    numbers: Sequence[int]

    @property
    def of_engine(self) -> list[Config]:
        """What the engine is given, one a trial."""
        return [{k: v for k, v in config.items() if k in LIMITS} for config in self.configs]

    @property
    def rows(self) -> list[Config]:
        """What the table of the recording says, one a trial."""
        for taken in {"seed", "trial"}.intersection(*self.configs):
            raise ValueError(
                f"there is a hyperparameter called {taken!r}, as a column of every recording "
                "is; give it another name"
            )
        return [
            {**config, "seed": self.training.seed, "trial": number}
            for config, number in zip(self.configs, self.numbers, strict=True)
        ]


def logspace(first: float, last: float, count: int) -> list[float]:
    """Return values in equal steps of the logarithm, as they stand in a recording.

    Parameters
    ----------
    first, last : float
        Decimal logarithms of the two ends.
    count : int

    Returns
    -------
    list of float
        Rounded to six digits, so that a recording holds the very values that were trained.

    Examples
    --------
    >>> logspace(-2, 0, 5)
    [0.01, 0.0316228, 0.1, 0.316228, 1.0]
    """
    return [float(f"{value:.6g}") for value in np.logspace(first, last, count)]


def record_groups(name: str, groups: Callable[[], Iterator[Group]], folder: Path = FOLDER) -> Path:
    """Train the groups one by one, and store what they measured.

    Parameters
    ----------
    name : str
        Of the recording.
    groups : callable
        Yields them; its docstring says what the recording holds.
    folder : Path
        Where the arrays and their description go.

    Returns
    -------
    Path
        The description.

    Raises
    ------
    ValueError
        If a hyperparameter bears the name of a column, ``seed`` or ``trial``.
    """
    curves, rows = [], []
    for group in groups():
        rows += group.rows
        curves.append(trained(name, group))
        print(f"{name}: {len(rows)} trials", file=sys.stderr)
    table = pd.DataFrame(rows).sort_values(["seed", "trial"], kind="stable")
    sizes = {
        part: len(split.labels)
        for part, split in zip(group.measured, group.training.measured, strict=True)
    }
    counts = counted(group.measured, sizes, np.concatenate(curves)[table.index])
    arrays = folder / f"{name}.npz"
    np.savez_compressed(arrays, **{column: _plain(table[column]) for column in table}, **counts)
    about = files.described(
        name,
        "numpy",
        "scipy",
        content=groups.__doc__,
        trials=len(table),
        columns=list(table),
        measured=sizes,
        evaluations=len(group.training.evaluate_after),
    )
    about["sha256"] = hashlib.sha256(arrays.read_bytes()).hexdigest()
    return files.write_json(folder / f"{name}.json", about)


def trained(name: str, group: Group) -> np.ndarray:
    """Train a group, or read back what was trained when the recording was begun.

    Parameters
    ----------
    name : str
        Of the recording.
    group : Group

    Returns
    -------
    ndarray of float32, shape (trials, measured, evaluations)
        Accuracies; NaN from where a trial had diverged.

    Raises
    ------
    KeyboardInterrupt
        If it was stopped by hand, so that nothing unfinished is kept.
    """
    # Named by the hash of all that decides it, so that nothing outdated is read back.
    work = (group.training, group.of_engine, group.numbers)
    path = files.UNFINISHED / name / f"{joblib.hash(work)}.npy"
    if not path.exists():
        curves = train_trials(*work, progress=False)
        if len(curves) < len(group.configs):
            # Stopped by hand; `train_trials` has said so.
            raise KeyboardInterrupt
        with files.written_whole(path) as part:
            np.save(part, curves)
    return np.load(path)


def counted(
    measured: Sequence[str], sizes: dict[str, int], accuracies: np.ndarray
) -> dict[str, np.ndarray]:
    """Return accuracies as counts of images, by part.

    Parameters
    ----------
    measured : sequence of str
        The part of each block; a part may have several.
    sizes : dict of str to int
        Images of a part, or in each of its blocks.
    accuracies : ndarray, shape (trials, blocks, evaluations)
        NaN from where a trial had diverged.

    Returns
    -------
    dict of str to ndarray of uint16, shape (trials, [blocks,] evaluations)
        Under ``right_`` and the part; `DIVERGED` where a trial had diverged.

    Examples
    --------
    >>> counted(["test"], {"test": 20}, np.array([[[0.5, 0.75, np.nan]]]))
    {'right_test': array([[   10,    15, 65535]], dtype=uint16)}
    """
    counts = {}
    for part, images in sizes.items():
        blocks = [place for place, name in enumerate(measured) if name == part]
        shares = accuracies[:, blocks if len(blocks) > 1 else blocks[0]]
        right = np.where(np.isnan(shares), DIVERGED, np.rint(shares * images))
        counts[f"right_{part}"] = right.astype(np.uint16)
    return counts


def _plain(column: pd.Series) -> np.ndarray:
    values = column.to_numpy()
    return values.astype(str) if values.dtype == object else values
