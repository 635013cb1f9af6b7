"""Recorded trials: real training runs read back, and served as an objective."""

import functools
import hashlib
import json
import operator
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from hpo_helpers.arguments import whole
from hpo_helpers.spaces import Config, ConfigSpace, choice, conditional, require_space

FOLDER = Path(__file__).parents[1] / "book" / "recordings"
# Stands in a count of images for a network that had diverged.
DIVERGED = np.iinfo(np.uint16).max
# The space of the NumPy search on 500 handwritten digits, which ``digits_spread`` repeats.
DIGITS_SPACE = ConfigSpace(
    {"weight_decay": stats.loguniform(1e-8, 1e-4), "learning_rate": stats.loguniform(1e-6, 1e-2)}
)
# The space of the small networks of the recording ``mlp``.
MLP_SPACE = ConfigSpace(
    {
        "learning_rate": stats.loguniform(1e-4, 1),
        "weight_decay": stats.loguniform(1e-6, 1e-1),
        "layers": stats.randint(1, 4),
        "units": choice([16, 32, 64, 128]),
        "activation": choice(["relu", "tanh"]),
        "optimizer": choice(["sgd", "momentum"]),
        "momentum": conditional(stats.uniform(0, 0.99), "optimizer", "momentum"),
    }
)


class Recording(NamedTuple):
    """Trials that were trained once, for good.

    Attributes
    ----------
    table : DataFrame
        One row a trial: its hyperparameters, NaN where one does not exist, its ``seed``, and
        which ``trial`` of that seed it is.
    right : dict of str to ndarray of uint16, shape (trials, [blocks,] evaluations)
        Images classified rightly, by what they are of, such as ``validation``, or block by block
        of it; `DIVERGED` from the evaluation on at which a trial had diverged.
    about : dict
        Command, data, settings, versions and date.

    Examples
    --------
    >>> recording = load_recording("digits_grid")
    >>> recording.table["seed"].unique().tolist(), list(recording.right)
    ([0, 1, 2], ['train', 'validation'])

    The lowest error of one seed without much weight decay, after the last of its evaluations:

    >>> one = recording.where(seed=0, weight_decay=1e-8)
    >>> float(one.errors("validation")[:, -1].min())
    0.18
    """

    table: pd.DataFrame
    right: dict[str, np.ndarray]
    about: dict[str, Any]

    def where(self, /, **values: Any) -> "Recording":
        """Select the trials that have these values.

        Parameters
        ----------
        **values
            One a column of the table, such as ``seed=0, batch_size=16``.

        Returns
        -------
        Recording

        Raises
        ------
        ValueError
            If there is no such column, or no such trial.
        """
        table = self.table
        for name, value in values.items():
            if name not in table:
                raise ValueError(f"unknown column {name!r}; expected one of {list(table)}")
            recorded = table[name]
            # A list would be compared row by row.
            table = table[recorded == value] if np.ndim(value) == 0 else table[:0]
            if table.empty:
                known = ", ".join(map(repr, sorted(set(recorded.dropna().tolist()))))
                raise ValueError(
                    f"{name} is {value!r}; expected one of those recorded: "
                    + textwrap.shorten(known, 200, placeholder=" ...")
                )
        right = {part: counts[table.index] for part, counts in self.right.items()}
        return Recording(table.reset_index(drop=True), right, self.about)

    def images(self, part: str) -> int:
        """Return of how many images a part consists, or each block of it.

        Parameters
        ----------
        part : str
            Such as ``validation``.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If nothing was measured on a part of that name.
        """
        measured = self.about["measured"]
        if part not in measured:
            raise ValueError(f"part is {part!r}; expected one of those measured: {list(measured)}")
        return measured[part]

    def wrong(self, part: str) -> np.ndarray:
        """Return the images classified wrongly: all of them where a trial had diverged.

        Parameters
        ----------
        part : str

        Returns
        -------
        ndarray of int, shape (trials, [blocks,] evaluations)
        """
        images = self.images(part)
        right = self.right[part].astype(int)
        return np.where(right == DIVERGED, images, images - right)

    def errors(self, part: str, diverged: float = 1.0) -> np.ndarray:
        """Return the share of the images classified wrongly.

        Parameters
        ----------
        part : str
        diverged : float
            What stands where a trial had diverged; by default every image is wrong.

        Returns
        -------
        ndarray of float, shape (trials, [blocks,] evaluations)
        """
        shares = self.wrong(part) / self.images(part)
        return np.where(self.right[part] == DIVERGED, diverged, shares)

    def by_seed(self, part: str) -> np.ndarray:
        """Return the errors of the trials that were recorded under every seed.

        Parameters
        ----------
        part : str

        Returns
        -------
        ndarray of float, shape (seeds, trials, [blocks,] evaluations)
            Of rising seeds, and of rising numbers of the trial.

        Raises
        ------
        ValueError
            If trials of one number have other hyperparameters under another seed.

        Examples
        --------
        Of 4,000 configurations 300 were trained with five seeds:

        >>> load_recording("mlp").by_seed("test").shape
        (5, 300, 27)
        """
        names = [name for name in self.table if name not in ("seed", "trial")]
        seeds = self.table["seed"].nunique()
        trials = self.table.groupby("trial")
        ordered = self.table[trials["seed"].transform("size") == seeds]
        ordered = ordered.sort_values(["seed", "trial"])
        if (ordered.groupby("trial")[names].nunique(dropna=False) > 1).any(axis=None):
            raise ValueError(
                "trials of one number have other hyperparameters under another seed; expected a "
                "recording in which the number stands for the configuration, such as 'mlp'"
            )
        errors = self.errors(part)[ordered.index]
        return errors.reshape(seeds, -1, *errors.shape[1:])


def load_json(name: str, folder: Path | str = FOLDER) -> dict[str, Any]:
    """Read the description of a recording, which may be all there is of it.

    Parameters
    ----------
    name : str
        Such as ``mlp_seconds``.
    folder : Path or str
        Where ``name.json`` lies.

    Returns
    -------
    dict
        Command, date and versions; also the rows of a recording without arrays.

    Raises
    ------
    FileNotFoundError
        If there is no description of that name.
    ValueError
        If it is damaged.

    Examples
    --------
    >>> load_json("digits_grid")["measured"]
    {'train': 400, 'validation': 100}
    """
    path = Path(folder) / f"{name}.json"
    if not path.is_file():
        known = sorted(path.stem for path in path.parent.glob("*.json"))
        raise FileNotFoundError(f"there is no {path.name} in {folder}; expected one of {known}")
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); expected an object of JSON: get it again with "
            "'git checkout'"
        ) from error


def found_by(method: str, problem: str, trials: int = 40) -> np.ndarray:
    """Read what the configurations are worth that a method of search has returned.

    Parameters
    ----------
    method : str
        Such as ``"RandomSearch"``; `recorder.searches` has them all.
    problem : str
        One of `hpo_helpers.problems`.
    trials : {10, 20, 40}
        Trainings to the end, or as many epochs, that a search had.

    Returns
    -------
    ndarray of float, shape (searches,)
        Mean test errors under seeds that no search has seen, by the seed of the search.

    Raises
    ------
    ValueError
        If that was not recorded.

    Examples
    --------
    >>> found_by("RandomSearch", "boosting").shape
    (50,)
    """
    stored = _searches()
    rows = {(row["method"], row["problem"]): row["truths"] for row in stored["searches"]}
    if (method, problem) not in rows or trials not in stored["budgets"]:
        raise ValueError(f"{method!r} on {problem!r} with {trials} trials was not recorded")
    return np.array(rows[method, problem])[:, stored["budgets"].index(trials)]


@functools.cache
def _searches() -> dict[str, Any]:
    # Read once, for a figure asks for dozens of its rows.
    return load_json("searches")


def lead(method: str, problem: str, peer: str = "RandomSearch", trials: int = 40) -> np.ndarray:
    """Return by how many per cent a method errs less than its peer after so many trials.

    Parameters
    ----------
    method, problem, peer : str
    trials : {10, 20, 40}
        As for `found_by`.

    Returns
    -------
    ndarray of float, shape (3,)
        The lead by interquartile means, and the ends of its 95 % interval by the bootstrap, which
        redraws seeds: what both searches found under each.

    Raises
    ------
    ValueError
        As for `found_by`.

    Examples
    --------
    >>> lower, least, most = lead("TPESearch", "handwritten")
    >>> bool(least < lower < most)
    True
    """

    def lower(its: np.ndarray, own: np.ndarray, axis: int = -1) -> np.ndarray:
        return 100 * (1 - stats.trim_mean(own, 0.25, axis) / stats.trim_mean(its, 0.25, axis))

    errors = found_by(peer, problem, trials), found_by(method, problem, trials)
    how: Any = {"n_resamples": 2000, "paired": True, "method": "percentile", "rng": 0}
    return np.array([lower(*errors), *stats.bootstrap(errors, lower, **how).confidence_interval])


def load_recording(name: str, folder: Path | str = FOLDER) -> Recording:
    """Read a recording, after checking that it holds the bytes that were recorded.

    Parameters
    ----------
    name : str
        Such as ``digits_grid``; ``python -m recorder --help`` lists them.
    folder : Path or str
        Where ``name.json`` and ``name.npz`` lie.

    Returns
    -------
    Recording

    Raises
    ------
    FileNotFoundError
        If there is no recording of that name.
    ValueError
        If a file is damaged, the two do not belong together, or a hyperparameter bears the name
        of a column.

    Examples
    --------
    Three seeds of 49 learning rates by 29 weight decays, measured 50 times:

    >>> recording = load_recording("digits_grid")
    >>> recording.errors("validation").shape == (3 * 49 * 29, 50)
    True
    """
    arrays = Path(folder) / f"{name}.npz"
    if not (arrays.is_file() and arrays.with_suffix(".json").is_file()):
        known = sorted(path.stem for path in arrays.parent.glob("*.npz"))
        raise FileNotFoundError(f"there is no recording {name!r} in {folder}; expected {known}")
    about = load_json(name, folder)
    if missing := {"sha256", "columns", "measured"} - set(about):
        raise ValueError(
            f"{name}.json in {folder} lacks {sorted(missing)}; expected the description of a "
            "recording: get it again with 'git checkout'"
        )
    found = hashlib.sha256(arrays.read_bytes()).hexdigest()
    if found != about["sha256"]:
        raise ValueError(
            f"{arrays} is damaged or not the one that {name}.json describes: expected "
            f"SHA-256 {about['sha256']}, found {found}; get both again with 'git checkout'"
        )
    if sorted(about["columns"]) != sorted({"seed", "trial", *about["columns"]}):
        raise ValueError(
            f"the columns of {name}.json are {about['columns']}; expected 'seed', 'trial' and "
            "hyperparameters that bear other names, each once"
        )
    with np.load(arrays) as stored:
        table = pd.DataFrame({column: stored[column] for column in about["columns"]})
        right = {part: stored[f"right_{part}"] for part in about["measured"]}
    return Recording(table, right, about)


def load_mlp_seconds(folder: Path | str = FOLDER) -> Callable[[Mapping[str, Any], int], float]:
    """Return how long the networks of the recording ``mlp`` train.

    Parameters
    ----------
    folder : Path or str
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
    rows = load_json("mlp_seconds", folder)["trials"]
    kind = operator.itemgetter("layers", "units", "activation", "optimizer")
    seconds = {kind(row): row["seconds"] for row in rows}
    return lambda config, epochs: seconds[kind(config)] * epochs


class Curves:
    """An objective that knows whole learning curves, and gives them out epoch by epoch.

    Examples
    --------
    >>> class Halves(Curves):
    ...     def __call__(self, config, max_epochs=None):
    ...         return [0.5, 0.25, 0.125][:max_epochs]
    >>> errors, state = Halves().train({}, 1)
    >>> Halves().train({}, 2, state)
    ([0.25, 0.125], 3)
    """

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

    def __call__(self, config: Mapping[str, Any], max_epochs: int | None = None) -> list[float]:
        """Return the validation error after each epoch, or after so many of the first.

        Parameters
        ----------
        config : mapping
        max_epochs : int, optional

        Returns
        -------
        list of float
        """
        raise NotImplementedError


class RecordedTrials(Curves):
    """An objective that looks its answer up instead of training.

    Parameters
    ----------
    recording : Recording
        Of one seed, as in ``recording.where(seed=0)``.
    nearest : ConfigSpace, optional
        Answer for the nearest recorded configuration, by the distance in the unit cube of this
        space. By default a configuration that was not recorded is an error.

    Attributes
    ----------
    configs : list of dict
        What was recorded, in the order of the recording.
    errors : ndarray of float, shape (configs, evaluations)
        Of the validation images; NaN from where a trial had diverged.

    Raises
    ------
    ValueError
        If a configuration was recorded more than once, so that several trials could answer.

    Examples
    --------
    >>> recorded = RecordedTrials(load_recording("digits_grid").where(seed=0))
    >>> curve = recorded({"learning_rate": 0.01, "weight_decay": 1e-6})
    >>> len(curve)
    50
    """

    def __init__(self, recording: Recording, nearest: ConfigSpace | None = None) -> None:
        table = recording.table.drop(columns=["seed", "trial"])
        self.configs = [
            {name: value for name, value in row.items() if pd.notna(value)}
            for row in table.to_dict("records")
        ]
        self.errors = recording.errors("validation", diverged=np.nan)
        self._names = list(table)
        self._rows = {self._key(config): row for row, config in enumerate(self.configs)}
        if len(self._rows) < len(self.configs):
            seeds = sorted(set(recording.table["seed"].tolist()))
            raise ValueError(
                f"the recording holds a configuration more than once, under the seeds {seeds}; "
                f"choose which trial answers, as in recording.where(seed={seeds[0]})"
            )
        self._space = nearest
        self._points = None if nearest is None else require_space(nearest).to_units(self.configs)

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
            If the configuration was not recorded, and the nearest was not asked for; or if
            `max_epochs` is below 1.
        """
        if max_epochs is not None:
            whole("max_epochs", max_epochs)
        key = self._key(config)
        if key not in self._rows:
            if self._space is None:
                raise ValueError(
                    f"configuration {dict(config)} was not recorded; take one of `configs`, or "
                    "allow the nearest one by naming the space: nearest=space"
                )
            key = self._key(self.nearest(config))
        return self.errors[self._rows[key], :max_epochs].tolist()

    def nearest(self, config: Mapping[str, Any]) -> Config:
        """Return the recorded configuration that answers for `config`.

        Parameters
        ----------
        config : mapping
            Of the space that was named as `nearest`.

        Returns
        -------
        dict

        Raises
        ------
        ValueError
            If none was named, or the configuration does not belong to it.
        """
        if self._space is None:
            raise ValueError(
                "these recorded trials answer for no other configuration; name the space in which "
                "the nearest is looked for: RecordedTrials(recording, nearest=space)"
            )
        offsets = self._points - self._space.to_unit(config)
        return self.configs[np.argmin((offsets**2).sum(axis=1))]

    def _key(self, config: Mapping[str, Any]) -> tuple:
        unknown = [name for name in config if name not in self._names]
        if unknown:
            raise ValueError(f"unknown hyperparameter {unknown[0]!r}; expected {self._names}")
        key = tuple(config.get(name) for name in self._names)
        try:
            hash(key)
        except TypeError as error:
            raise TypeError(
                f"configuration {dict(config)} cannot be looked up ({error}); expected numbers and "
                "options such as those of `configs`"
            ) from error
        return key
