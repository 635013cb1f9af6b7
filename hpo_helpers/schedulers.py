"""Schedulers: which trial gets more epochs."""

import bisect
import itertools
import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from hpo_helpers.arguments import whole
from hpo_helpers.trials import FAILED, Trial


class Scheduler(Protocol):
    """What a tuner needs of a scheduler: two methods and a number, whatever class has them.

    As with a searcher, a search teaches a copy of it.

    Attributes
    ----------
    max_epochs : int
        What a trial is trained for at most; the state of one that has had so many is dropped.

    Examples
    --------
    >>> class Patient:
    ...     max_epochs = 2
    ...
    ...     def job(self, new):
    ...         return None if new is None else (new, self.max_epochs)
    ...
    ...     def tell(self, trial):
    ...         print(f"trial {trial.number} gave {trial.errors}")
    >>> from hpo_helpers.searchers import GridSearch
    >>> from hpo_helpers.spaces import ConfigSpace, choice
    >>> from hpo_helpers.tuner import tune
    >>> searcher = GridSearch(ConfigSpace({"units": choice([1, 2])}), n=1)
    >>> def objective(config, epochs, state):
    ...     return [1 / config["units"]] * epochs, None
    >>> log = tune(objective, searcher, 2, scheduler=Patient(), progress=False)
    trial 0 gave [1.0, 1.0]
    trial 1 gave [0.5, 0.5]
    """

    max_epochs: int

    def job(self, new: int | None) -> tuple[int, int] | None:
        """Return what a free worker does next.

        Parameters
        ----------
        new : int or None
            The number that a new trial would have; None if no more may be started.

        Returns
        -------
        (int, int) or None
            Number of a trial, and how many epochs it shall have been trained for in total.
            None if there is nothing to do until another report has come.
        """

    def tell(self, trial: Trial) -> None:
        """Take note of a trial, as it stands after a job or in a log that is gone on with.

        Parameters
        ----------
        trial : Trial
        """


class FixedEpochs:
    """Train every trial to its end, as if there were no scheduler.

    Parameters
    ----------
    max_epochs : int
        At least 1.

    Raises
    ------
    TypeError, ValueError
        If it is not.

    Examples
    --------
    >>> FixedEpochs(27).job(new=0)
    (0, 27)
    """

    def __init__(self, max_epochs: int) -> None:
        self.max_epochs = whole("max_epochs", max_epochs)
        # Of a log that another scheduler has made.
        self._paused: list[int] = []

    def job(self, new: int | None) -> tuple[int, int] | None:
        """Return what a free worker does next; see `Scheduler.job`."""
        number = self._paused.pop(0) if self._paused else new
        return None if number is None else (number, self.max_epochs)

    def tell(self, trial: Trial) -> None:
        """Remember a trial that is not at its end; see `Scheduler.tell`."""
        if trial.number in self._paused:
            self._paused.remove(trial.number)
        if trial.status != FAILED and len(trial.errors) < self.max_epochs:
            self._paused.append(trial.number)


class Rung(NamedTuple):
    """So many trials that are trained for so many epochs.

    Attributes
    ----------
    trials : int
    epochs : int
        In total, those of earlier rungs included.

    Examples
    --------
    >>> rung = Rung(trials=9, epochs=3)
    >>> rung.trials * rung.epochs
    27
    """

    trials: int
    epochs: int


def halving_rungs(trials: int, *, min_epochs: int = 1, max_epochs: int, eta: int = 3) -> list[Rung]:
    """Return the rungs of successive halving: fewer trials and more epochs, each by `eta`.

    Parameters
    ----------
    trials : int
        Of the first rung.
    min_epochs, max_epochs : int
        Of the first and of the last rung. Where their ratio is no power of `eta`, the last step
        is a smaller one.
    eta : int
        One trial in `eta` goes on.

    Returns
    -------
    list of Rung
        As long as a trial is left.

    Raises
    ------
    ValueError
        If an argument is not a whole number in its range.

    Examples
    --------
    >>> halving_rungs(9, max_epochs=9)
    [Rung(trials=9, epochs=1), Rung(trials=3, epochs=3), Rung(trials=1, epochs=9)]
    """
    levels = _rung_levels(min_epochs, max_epochs, eta)
    trials = whole("trials", trials)
    rungs = [Rung(trials // eta**place, epochs) for place, epochs in enumerate(levels)]
    return [rung for rung in rungs if rung.trials]


def hyperband_brackets(
    *, min_epochs: int = 1, max_epochs: int, eta: int = 3, table: str = "pseudocode"
) -> list[list[Rung]]:
    """Return the brackets of Hyperband, the one with the most trials first.

    Parameters
    ----------
    min_epochs : int
        The unit in which the paper counts resources.
    max_epochs : int
        R in the paper.
    eta : int
    table : {"pseudocode", "printed"}
        The paper gives two. Its Algorithm 1 begins bracket s with
        ``ceil((s_max + 1) * eta**s / (s + 1))`` trials; the table that it prints for R = 81 has
        ``floor((s_max + 1) / (s + 1)) * eta**s``. Libraries differ in which they follow.

    Returns
    -------
    list of list of Rung

    Raises
    ------
    ValueError
        If an argument is not as stated.

    References
    ----------
    L. Li, K. Jamieson, G. DeSalvo, A. Rostamizadeh, A. Talwalkar, "Hyperband: A Novel
    Bandit-Based Approach to Hyperparameter Optimization", Journal of Machine Learning Research
    18, 2018, Algorithm 1 and Table 1.

    Examples
    --------
    >>> for table in ["pseudocode", "printed"]:
    ...     brackets = hyperband_brackets(max_epochs=81, table=table)
    ...     print([bracket[0].trials for bracket in brackets])
    [81, 34, 15, 8, 5]
    [81, 27, 9, 6, 5]
    """
    min_epochs, max_epochs, eta = _checked(min_epochs, max_epochs, eta)
    if table not in ("pseudocode", "printed"):
        raise ValueError(f"table is {table!r}; expected 'pseudocode' or 'printed'")
    # In integers, for the logarithm of 243 to the base 3 comes out below 5.
    largest = next(s for s in itertools.count() if min_epochs * eta ** (s + 1) > max_epochs)
    brackets = []
    for s in range(largest, -1, -1):
        if table == "printed":
            trials = (largest + 1) // (s + 1) * eta**s
        else:
            trials = -(-(largest + 1) * eta**s // (s + 1))
        places = range(s + 1)
        brackets.append([Rung(trials // eta**i, max_epochs // eta ** (s - i)) for i in places])
    return brackets


class SynchronousHalving:
    """Run brackets one after another; a rung begins when the one before it has ended.

    Parameters
    ----------
    brackets : sequence of list of Rung
        Begun again after the last one, as long as new trials may be started. See
        `halving_rungs` for one bracket of successive halving, `hyperband_brackets` for those of
        Hyperband.

    Raises
    ------
    TypeError, ValueError
        If they are not as stated, if there is no bracket, or one without a rung.

    Notes
    -----
    What it returns depends on the reports alone and on what it has returned since, so that a
    search that was interrupted goes on where it was. A failed trial counts as the worst of its
    rung. If no more trials may be started, a rung that is not full is made up of those that have
    begun, and the next one has a share of them.

    References
    ----------
    K. Jamieson, A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
    Optimization", AISTATS 2016.

    Examples
    --------
    Of three trials one goes on, when all have ended their first epoch:

    >>> scheduler = SynchronousHalving([[Rung(3, 1), Rung(1, 9)]])
    >>> [scheduler.job(new=number) for number in range(4)]
    [(0, 1), (1, 1), (2, 1), None]
    >>> for number, error in enumerate([0.5, 0.3, 0.4]):
    ...     scheduler.tell(Trial(number, {}, [error]))
    >>> scheduler.job(new=3)
    (1, 9)
    """

    def __init__(self, brackets: Sequence[Sequence[Rung]]) -> None:
        try:
            self.brackets = [[Rung(*rung) for rung in bracket] for bracket in brackets]
        except TypeError:
            raise TypeError(
                f"brackets are {brackets!r}; expected a list of brackets, each a list of rungs, "
                "such as [halving_rungs(9, max_epochs=9)]"
            ) from None
        if not self.brackets or not all(self.brackets):
            raise ValueError(f"brackets are {brackets!r}; expected at least one, each with a rung")
        for rung in itertools.chain(*self.brackets):
            whole(f"trials of {rung}", rung.trials)
            whole(f"epochs of {rung}", rung.epochs)
        for rung, following in itertools.chain(*map(itertools.pairwise, self.brackets)):
            if following.trials > rung.trials or following.epochs <= rung.epochs:
                raise ValueError(
                    f"{following} follows {rung}; expected more epochs for fewer trials"
                )
        self.max_epochs = max(bracket[-1].epochs for bracket in self.brackets)
        # What has been heard and handed out.
        self._errors: dict[int, list[float]] = {}
        self._failed: set[int] = set()
        self._running: set[int] = set()
        # The rung that is run: its trials, those of them that it still has to train, and the
        # rungs of its bracket from it on. The first bracket begins when it is asked for.
        self._members: list[int] = []
        self._todo: deque[int] = deque()
        self._rungs: list[Rung] = []
        self._begun = self._first = 0

    def job(self, new: int | None) -> tuple[int, int] | None:
        """Return what a free worker does next; see `Scheduler.job`."""
        while True:
            if self._todo and (self._todo[0] in self._errors or self._todo[0] == new):
                number = self._todo.popleft()
                self._running.add(number)
                self._errors.setdefault(number, [])
                return number, self._rungs[0].epochs
            if self._todo and new is None and any(n in self._errors for n in self._members):
                # No more may be started: the rung goes on with those that have begun.
                self._members = [n for n in self._members if n in self._errors]
                self._todo = deque(n for n in self._todo if n in self._errors)
            elif self._todo or self._running:
                return None
            else:
                self._next_rung()

    def _next_rung(self) -> None:
        if len(self._rungs) > 1:
            rung, *self._rungs = self._rungs
            # In proportion, where the rung was not full.
            share = len(self._members) * self._rungs[0].trials // rung.trials
            ranked = sorted((self._error(n, rung.epochs), n) for n in self._members)
            self._members = [n for error, n in ranked[: max(1, share)] if math.isfinite(error)]
        else:
            self._rungs = self.brackets[self._begun % len(self.brackets)]
            self._members = [*range(self._first, self._first + self._rungs[0].trials)]
            self._first += self._rungs[0].trials
            self._begun += 1
        epochs = self._rungs[0].epochs
        self._todo = deque(n for n in self._members if math.isnan(self._error(n, epochs)))

    def _error(self, number: int, epochs: int) -> float:
        """Return its error after these epochs: infinite if it failed, NaN if not trained yet."""
        errors = self._errors.get(number, [])
        if len(errors) >= epochs:
            return errors[epochs - 1]
        return math.inf if number in self._failed else math.nan

    def tell(self, trial: Trial) -> None:
        """Take note of a trial; see `Scheduler.tell`."""
        self._running.discard(trial.number)
        self._errors[trial.number] = trial.errors
        if trial.status == FAILED:
            self._failed.add(trial.number)


class SuccessiveHalving(SynchronousHalving):
    """Train many trials briefly, keep the best of them, train those longer, and so on.

    Parameters
    ----------
    min_epochs, max_epochs : int
        r_min and r_max: epochs of the first and of the last rung.
    eta : int
        One trial in `eta` goes on, with `eta` times the epochs.
    trials : int, optional
        Of the first rung; by default as many as leave one for the last.

    Raises
    ------
    ValueError
        If an argument is not as stated.

    References
    ----------
    As for `SynchronousHalving`.

    Examples
    --------
    >>> SuccessiveHalving(max_epochs=27).brackets[0][:2]
    [Rung(trials=27, epochs=1), Rung(trials=9, epochs=3)]
    """

    def __init__(
        self, *, min_epochs: int = 1, max_epochs: int, eta: int = 3, trials: int | None = None
    ) -> None:
        if trials is None:
            trials = eta ** (len(_rung_levels(min_epochs, max_epochs, eta)) - 1)
        rungs = halving_rungs(trials, min_epochs=min_epochs, max_epochs=max_epochs, eta=eta)
        super().__init__([rungs])


class Hyperband(SynchronousHalving):
    """Successive halving with several trades of many trials for many epochs, by turns.

    Parameters
    ----------
    min_epochs, max_epochs, eta, table
        As for `hyperband_brackets`.

    Raises
    ------
    ValueError
        If an argument is not as stated.

    References
    ----------
    As for `hyperband_brackets`.

    Examples
    --------
    >>> [bracket[0] for bracket in Hyperband(max_epochs=9).brackets]
    [Rung(trials=9, epochs=1), Rung(trials=5, epochs=3), Rung(trials=3, epochs=9)]
    """

    def __init__(
        self, *, min_epochs: int = 1, max_epochs: int, eta: int = 3, table: str = "pseudocode"
    ) -> None:
        super().__init__(
            hyperband_brackets(min_epochs=min_epochs, max_epochs=max_epochs, eta=eta, table=table)
        )


class ASHA:
    """Asynchronous successive halving: promote a trial as soon as it is among the best.

    No worker ever waits: whoever is free promotes the best trial that lies in the top 1 / eta of
    its rung and was not promoted yet, from the highest rung that has one; or starts a new trial.

    Parameters
    ----------
    min_epochs, max_epochs : int
        Epochs of the first and of the last rung.
    eta : int
        The share 1 / `eta` of a rung is promoted.
    stopping : bool
        The other variant: a trial goes on at once unless it is outside the top 1 / eta of those
        that have reached its rung, and the first ones go on in any case. Nothing is ever paused,
        so no state has to be kept; an early mistake is not corrected later.

    Raises
    ------
    ValueError
        If an argument is not as stated.

    References
    ----------
    L. Li, K. Jamieson, A. Rostamizadeh, E. Gonina, J. Ben-Tzur, M. Hardt, B. Recht, A. Talwalkar,
    "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020, Algorithm 2.

    Examples
    --------
    >>> scheduler = ASHA(max_epochs=9)
    >>> for number, error in enumerate([0.5, 0.3, 0.4]):
    ...     _ = scheduler.job(new=number)
    ...     scheduler.tell(Trial(number, {}, [error]))
    >>> scheduler.job(new=3)
    (1, 3)
    """

    def __init__(
        self, *, min_epochs: int = 1, max_epochs: int, eta: int = 3, stopping: bool = False
    ) -> None:
        self.levels = _rung_levels(min_epochs, max_epochs, eta)
        self.max_epochs = self.levels[-1]
        self.eta = eta
        self.stopping = stopping
        # By rung, in order: all that have reached it, and those that were not promoted yet.
        self._reached: list[list[tuple[float, int]]] = [[] for _ in self.levels]
        self._waiting: list[list[tuple[float, int]]] = [[] for _ in self.levels]
        # Of each trial how many rungs it has reached; of those that wait, their entry.
        self._rungs: dict[int, int] = {}
        self._entries: dict[int, tuple[float, int]] = {}
        # Those that another scheduler paused below the first rung.
        self._below: list[int] = []

    def job(self, new: int | None) -> tuple[int, int] | None:
        """Return what a free worker does next; see `Scheduler.job`."""
        for level in reversed(range(len(self.levels) - 1)):
            waiting, reached = self._waiting[level], self._reached[level]
            if waiting and (self.stopping or self._is_among_best(waiting[0], reached)):
                number = waiting.pop(0)[1]
                del self._entries[number]
                return number, self.levels[level + 1]
        begun = self._below.pop(0) if self._below else new
        return None if begun is None else (begun, self.levels[0])

    def _is_among_best(self, entry: tuple[float, int], reached: list[tuple[float, int]]) -> bool:
        return bisect.bisect_left(reached, entry) < len(reached) // self.eta

    def tell(self, trial: Trial) -> None:
        """Take note of a trial; see `Scheduler.tell`."""
        number, errors, had = trial.number, trial.errors, self._rungs.get(trial.number, 0)
        # In a log that is gone on with, its promotion has not been asked for here.
        if (entry := self._entries.pop(number, None)) is not None:
            self._waiting[had - 1].remove(entry)
        if number in self._below:
            self._below.remove(number)
        self._rungs[number] = bisect.bisect_right(self.levels, len(errors))
        # More than one at a time only in a log that another scheduler has made.
        for level in range(had, self._rungs[number]):
            bisect.insort(self._reached[level], (errors[self.levels[level] - 1], number))
        level = self._rungs[number] - 1
        if trial.status == FAILED:
            bisect.insort(self._reached[min(level + 1, len(self.levels) - 1)], (math.inf, number))
            return
        if level < 0:
            self._below.append(number)
            return
        entry = (errors[self.levels[level] - 1], number)
        if not self.stopping or self._goes_on(entry, self._reached[level]):
            bisect.insort(self._waiting[level], entry)
            self._entries[number] = entry

    def _goes_on(self, entry: tuple[float, int], reached: list[tuple[float, int]]) -> bool:
        return len(reached) < self.eta or self._is_among_best(entry, reached)


def _rung_levels(min_epochs: int, max_epochs: int, eta: int) -> list[int]:
    """Return the epochs of each rung: from `min_epochs` by factors of `eta` to `max_epochs`."""
    min_epochs, max_epochs, eta = _checked(min_epochs, max_epochs, eta)
    levels = []
    while min_epochs < max_epochs:
        levels.append(min_epochs)
        min_epochs *= eta
    return [*levels, max_epochs]


def _checked(min_epochs: int, max_epochs: int, eta: int) -> tuple[int, int, int]:
    if whole("min_epochs", min_epochs) > whole("max_epochs", max_epochs):
        raise ValueError(
            f"min_epochs is {min_epochs!r} and max_epochs {max_epochs!r}; expected at most as many "
            "in the first rung as in the last"
        )
    return int(min_epochs), int(max_epochs), whole("eta", eta, least=2)
