"""Recorded trials: real training runs read back, and served as an objective."""

import hashlib
import json
import operator
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hpo_helpers.spaces import Config, ConfigSpace

FOLDER = Path(__file__).parents[1] / "book" / "recordings"
# Stands in a count of images for a network that had diverged.
DIVERGED = np.iinfo(np.uint16).max


class Recording(NamedTuple):
    """Trials that were trained once, for good.

    Attributes
    ----------
    table : DataFrame
        One row a trial: its hyperparameters, NaN where one does not exist, its ``seed``, and
        which ``trial`` of that seed it is.
    errors : dict of str to ndarray of float, shape (trials, [blocks,] evaluations)
        By what they were measured on, such as ``validation``, or block by block of it; NaN from
        the evaluation on at which a trial had diverged.
    about : dict
        Command, data, settings, versions and date.

    Examples
    --------
    >>> table, errors, about = load_recording("source2_grid")
    >>> table["seed"].unique().tolist(), list(errors)
    ([0, 1, 2], ['train', 'validation'])
    """

    table: pd.DataFrame
    errors: dict[str, np.ndarray]
    about: dict[str, Any]


def load_recording(name: str, folder: Path = FOLDER) -> Recording:
    """Read a recording, after checking that it holds the bytes that were recorded.

    Parameters
    ----------
    name : str
        Such as ``source2_grid``; ``python -m hpo_helpers.record --help`` lists them.
    folder : Path
        Where ``name.json`` and ``name.npz`` lie.

    Returns
    -------
    Recording

    Raises
    ------
    FileNotFoundError
        If there is no recording of that name.
    ValueError
        If a file is damaged, or the two do not belong together.

    Examples
    --------
    Three seeds of 49 learning rates by 29 weight decays, measured 50 times:

    >>> recording = load_recording("source2_grid")
    >>> recording.errors["validation"].shape == (3 * 49 * 29, 50)
    True
    """
    arrays, description = folder / f"{name}.npz", folder / f"{name}.json"
    if not (arrays.is_file() and description.is_file()):
        known = sorted(path.stem for path in folder.glob("*.npz"))
        raise FileNotFoundError(f"there is no recording {name!r} in {folder}; expected {known}")
    about = json.loads(description.read_text())
    found = hashlib.sha256(arrays.read_bytes()).hexdigest()
    if found != about["sha256"]:
        raise ValueError(
            f"{arrays} is damaged or not the one that {description.name} describes: expected "
            f"SHA-256 {about['sha256']}, found {found}; get both again with 'git checkout'"
        )
    with np.load(arrays) as stored:
        table = pd.DataFrame({column: stored[column] for column in about["columns"]})
        errors = {}
        for part, images in about["measured"].items():
            right = stored[f"right_{part}"].astype(float)
            errors[part] = np.where(right == DIVERGED, np.nan, (images - right) / images)
    return Recording(table, errors, about)


def load_mlp_seconds(folder: Path = FOLDER) -> Callable[[Mapping[str, Any], int], float]:
    """Return how long the networks of the recording ``mlp`` train.

    Parameters
    ----------
    folder : Path
        Where ``mlp_seconds.json`` lies.

    Returns
    -------
    callable
        From a configuration of ``MLP_SPACE`` and a number of epochs to seconds of processor time
        on one thread, as they were measured once.

    Examples
    --------
    >>> seconds_of = load_mlp_seconds()
    >>> small = {"layers": 1, "units": 16, "activation": "relu", "optimizer": "sgd"}
    >>> seconds_of(small, 10) < seconds_of({**small, "layers": 3, "units": 128}, 10)
    True
    """
    rows = json.loads((folder / "mlp_seconds.json").read_text())["trials"]
    kind = operator.itemgetter("layers", "units", "activation", "optimizer")
    seconds = {kind(row): row["seconds"] for row in rows}
    return lambda config, epochs: seconds[kind(config)] * epochs


class RecordedTrials:
    """An objective that looks its answer up instead of training.

    Parameters
    ----------
    recording : Recording
    seed : int
        Which of the recorded seeds answers.
    nearest : ConfigSpace, optional
        Answer for the nearest recorded configuration, by the distance in the unit cube of this
        space. By default a configuration that was not recorded is an error.

    Attributes
    ----------
    configs : list of dict
        What was recorded under the seed, in the order of the recording.

    Raises
    ------
    ValueError
        If nothing was recorded under that seed.

    Examples
    --------
    >>> recorded = RecordedTrials(load_recording("source2_grid"))
    >>> curve = recorded({"learning_rate": 0.01, "weight_decay": 1e-6})
    >>> len(curve)
    50
    """

    def __init__(
        self, recording: Recording, seed: int = 0, nearest: ConfigSpace | None = None
    ) -> None:
        rows = np.flatnonzero(recording.table["seed"] == seed)
        if not len(rows):
            seeds = sorted(set(recording.table["seed"].tolist()))
            raise ValueError(f"seed is {seed!r}; expected one of those recorded: {seeds}")
        table = recording.table.drop(columns=["seed", "trial"]).iloc[rows]
        self.configs = [
            {name: value for name, value in row.items() if pd.notna(value)}
            for row in table.to_dict("records")
        ]
        self.errors = recording.errors["validation"][rows]
        self._names = list(table)
        self._rows = {self._key(config): row for row, config in enumerate(self.configs)}
        self._space = nearest
        self._points = None if nearest is None else nearest.to_units(self.configs)

    def __call__(self, config: Mapping[str, Any], max_epochs: int | None = None) -> list[float]:
        """Return the validation error after each recorded evaluation.

        Parameters
        ----------
        config : mapping
        max_epochs : int, optional
            Evaluations to return, from the first; by default all.

        Returns
        -------
        list of float
            In [0, 1]; NaN from where the trial had diverged.

        Raises
        ------
        ValueError
            If the configuration was not recorded, and the nearest was not asked for.
        """
        key = self._key(config)
        if key not in self._rows:
            if self._space is None:
                raise ValueError(
                    f"configuration {dict(config)} was not recorded; take one of `configs`, or "
                    "allow the nearest one by naming the space: nearest=space"
                )
            key = self._key(self.nearest(config))
        return self.errors[self._rows[key], :max_epochs].tolist()

    def train(
        self, config: Mapping[str, Any], epochs: int, state: int | None = None
    ) -> tuple[list[float], int]:
        """Return the errors of so many epochs more: an objective for a tuner with a scheduler.

        Parameters
        ----------
        config : mapping
        epochs : int
        state : int, optional
            Epochs that came before; the state that was returned last.

        Returns
        -------
        (list of float, int)
            Errors of the epochs asked for, and the new state.
        """
        begun = state or 0
        return self(config, begun + epochs)[begun:], begun + epochs

    def nearest(self, config: Mapping[str, Any]) -> Config:
        """Return the recorded configuration that answers for `config`.

        Parameters
        ----------
        config : mapping
            Of the space that was named as `nearest`.

        Returns
        -------
        dict
        """
        offsets = self._points - self._space.to_unit(config)
        return self.configs[np.argmin((offsets**2).sum(axis=1))]

    def _key(self, config: Mapping[str, Any]) -> tuple:
        unknown = [name for name in config if name not in self._names]
        if unknown:
            raise ValueError(f"unknown hyperparameter {unknown[0]!r}; expected {self._names}")
        return tuple(config.get(name) for name in self._names)
