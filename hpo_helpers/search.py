"""A search: its one loop, whoever does the jobs, and what is next in it, whatever has come."""

import contextlib
import copy
import dataclasses
import itertools
import pickle
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from hpo_helpers.arguments import whole
from hpo_helpers.jobs import Job, Outcome
from hpo_helpers.schedulers import Scheduler
from hpo_helpers.searchers import Searcher
from hpo_helpers.spaces import Config, ConfigSpace
from hpo_helpers.trials import FAILED, Trial, TrialLog, check_config


class Crew(Protocol):
    """Who does the jobs of a search: real workers, or simulated ones with a clock.

    Examples
    --------
    >>> from hpo_helpers.jobs import run_job
    >>> class Alone:
    ...     def __init__(self, objective):
    ...         self.objective, self.job = objective, None
    ...
    ...     idle = property(lambda self: self.job is None)
    ...     busy = property(lambda self: self.job is not None)
    ...
    ...     def start(self, job):
    ...         self.job = job
    ...
    ...     def finished(self):
    ...         job, self.job = self.job, None
    ...         return [run_job(self.objective, job)]
    >>> from scipy import stats
    >>> from hpo_helpers.searchers import RandomSearch
    >>> from hpo_helpers.spaces import ConfigSpace
    >>> searcher = RandomSearch(ConfigSpace({"dropout_rate": stats.uniform(0, 1)}), seed=0)
    >>> search = Search(searcher, scheduler=None, log=TrialLog(), trials=3)
    >>> search.run(Alone(lambda config: config["dropout_rate"]))
    >>> len(search.log)
    3
    """

    @property
    def idle(self) -> bool:
        """Whether a further job may be started now."""

    @property
    def busy(self) -> bool:
        """Whether there is an outcome to wait for."""

    def start(self, job: Job) -> None:
        """Give a job to a worker.

        Parameters
        ----------
        job : Job
        """

    def finished(self) -> Sequence[Outcome]:
        """Wait until at least one job has ended, and return the outcomes of all that have.

        Returns
        -------
        sequence of Outcome
        """


class Search:
    """What is to be done next in a search, and what has come of it.

    Parameters
    ----------
    searcher : Searcher
    scheduler : Scheduler or None
        Both are copied: what a search teaches them ends with it, and those given stay new.
    log : TrialLog
        Its trials count as done. With a file, states lie in a folder beside it; else in memory.
    trials : int or None
        How many may be started.
    initial : sequence of dict
        The configurations of the first trials.
    retry_failed : bool
        Begin the trials anew that have failed in the log.

    Attributes
    ----------
    epochs : int
        Epochs of training that the log holds, that in which a trial failed included.
    reports_since_best : int
        Reports that have come since the incumbent was found.
    space : ConfigSpace or None
        The searcher's, if it has one.
    exhausted : bool
        Whether the searcher has said that there is nothing more to try.

    Raises
    ------
    TypeError
        If the searcher or the scheduler lacks a method, or cannot be copied.
    ValueError
        If the log or an initial configuration is of another space than the searcher's.

    Examples
    --------
    What a tuner asks for one worker after another:

    >>> from scipy import stats
    >>> from hpo_helpers.jobs import run_job
    >>> from hpo_helpers.searchers import RandomSearch
    >>> from hpo_helpers.spaces import ConfigSpace
    >>> searcher = RandomSearch(ConfigSpace({"dropout_rate": stats.uniform(0, 1)}), seed=0)
    >>> search = Search(searcher, scheduler=None, log=TrialLog(), trials=3)
    >>> while (job := search.next()) is not None:
    ...     search.report(run_job(lambda config: config["dropout_rate"], job))
    >>> len(search.log), search.epochs
    (3, 3)
    """

    def __init__(
        self,
        searcher: Searcher,
        scheduler: Scheduler | None,
        log: TrialLog,
        trials: int | None = None,
        initial: Sequence[Config] = (),
        retry_failed: bool = False,
    ) -> None:
        if isinstance(initial, Mapping) or not isinstance(initial, Iterable):
            raise TypeError(f"initial is {initial!r}; expected a list of configurations: [{{...}}]")
        self.log = log
        self.epochs = 0
        self.reports_since_best = 0
        self.exhausted = False
        self._searcher = _own("searcher", searcher, ("ask", "tell"))
        self._scheduler = scheduler and _own("scheduler", scheduler, ("job", "tell", "max_epochs"))
        self._limit = trials
        # What somebody else's searcher calls so may be anything.
        space = getattr(searcher, "space", None)
        self.space = space if isinstance(space, ConfigSpace) else None
        self._initial = [_checked(config, self.space, "initial") for config in initial]
        folder = None if log.path is None else Path(f"{log.path}.states")
        most = 0 if scheduler is None else whole("the scheduler's max_epochs", scheduler.max_epochs)
        self._states = _States(folder, most)
        _require_same_space(self.space, log)
        again = {t.number for t in log if t.status == FAILED} if retry_failed else set()
        self._configs = {trial.number: trial.config for trial in log if trial.number not in again}
        self._trained: dict[int, int] = {}
        for trial in log.reports:
            if trial.number not in again:
                self._hear(trial)
        self._numbers = (number for number in itertools.count() if number not in self._configs)
        self._new = next(self._numbers)

    def run(
        self,
        crew: Crew,
        goes_on: Callable[[], bool] = lambda: True,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        """Give jobs to whoever is idle, and report what comes of them, until nothing is left.

        Parameters
        ----------
        crew : Crew
        goes_on : callable
            Whether further jobs may be started; those that run are waited for in any case.
        heard : callable
            Called after each report.
        """
        while True:
            while crew.idle and goes_on() and (job := self.next()) is not None:
                crew.start(job)
            if not crew.busy:
                return
            outcomes = [*crew.finished()]
            while outcomes:
                try:
                    self.report(outcomes.pop(0))
                    heard()
                except BaseException:
                    # What has been measured is kept, whoever could not take it.
                    for trial, _ in outcomes:
                        self.log.append(self._continued(trial))
                    raise

    def next(self) -> Job | None:
        """Return a job for a free worker, or None if there is none at present.

        Returns
        -------
        Job or None

        Raises
        ------
        TypeError, ValueError
            If the searcher or the scheduler answers with what cannot be done.
        """
        new = self._new_number()
        if self._scheduler is None:
            number, epochs = new, None
        else:
            number, epochs = _decision(self._scheduler.job(new))
        if number is None:
            return None
        if number == new:
            config = self._new_config(number)
            if config is None:
                # To a scheduler that has planned with it: this trial will not come.
                self.exhausted = True
                if self._scheduler is not None:
                    self._scheduler.tell(Trial(number, {}, status=FAILED, reason="not to be had"))
                    return self.next()
                return None
            self._configs[number] = config
            self._new = next(self._numbers)
        known = self.log.find(number)
        failed = known is not None and known.status == FAILED
        errors = known.errors if known and not failed else []
        if (
            number not in self._configs
            or (epochs is not None and epochs <= len(errors))
            or (failed and number != new)
        ):
            raise ValueError(
                f"the scheduler asks for trial {number!r} up to epoch {epochs!r}; expected a trial "
                f"that has begun and not failed, or the new one, {new}, and more epochs than the "
                f"{len(errors)} that it has had"
            )
        return self._states.load(Job(number, self._configs[number], errors, epochs))

    def _new_number(self) -> int | None:
        full = self._limit is not None and len(self._configs) >= self._limit
        return None if full or self.exhausted else self._new

    def _new_config(self, number: int) -> Config | None:
        known = self.log.find(number)
        if known is not None:
            return known.config
        if number < len(self._initial):
            return self._initial[number]
        config = self._searcher.ask(number)
        return None if config is None else _checked(config, self.space, f"trial {number}")

    def report(self, outcome: Outcome) -> None:
        """Log a trial, and tell it to whom it concerns.

        Parameters
        ----------
        outcome : Outcome
            The trial as it stands after a job, and what to go on from.
        """
        known, trial = self.log.find(outcome.trial.number), self._continued(outcome.trial)
        try:
            self._states.save(outcome)
        finally:
            self.log.append(trial)
        self._hear(trial)
        if known is not None:
            self._states.drop(trial.number, len(known.errors))

    def _continued(self, trial: Trial) -> Trial:
        known = self.log.find(trial.number)
        if known is None or known.status == FAILED:
            return trial
        # One that began anew, for its state was lost, may differ in what is known already.
        errors = [*known.errors, *trial.errors[len(known.errors) :]]
        return dataclasses.replace(trial, errors=errors)

    def _hear(self, trial: Trial) -> None:
        # The epoch that failed was trained as well; a search of nothing but those has to end.
        trained = len(trial.errors) + (trial.status == FAILED)
        self.epochs += trained - self._trained.get(trial.number, 0)
        self._trained[trial.number] = trained
        self.reports_since_best += 1
        if trial is self.log.incumbent:
            self.reports_since_best = 0
        # Copies, for whoever changes what it was told would change the log.
        self._searcher.tell(dataclasses.replace(trial))
        if self._scheduler is not None:
            self._scheduler.tell(dataclasses.replace(trial))


@contextlib.contextmanager
def kept(log: TrialLog) -> Iterator[None]:
    """Let an error take along what was measured; a warning may be one, by a filter.

    Parameters
    ----------
    log : TrialLog

    Yields
    ------
    None

    Examples
    --------
    >>> try:
    ...     with kept(TrialLog()):
    ...         raise KeyError("units")
    ... except KeyError as error:
    ...     print(error.log)
    <TrialLog of 0 trials, 0 failed, in memory>
    """
    try:
        yield
    except Exception as error:
        vars(error)["log"] = log
        error.add_note(
            f"The {len(log)} trials measured so far are the attribute `log` of this error."
        )
        raise


class _States:
    """What trials are continued from.

    Parameters
    ----------
    folder : Path, optional
        Where each is kept in a file that is only ever replaced as a whole; by default they stay
        in memory.
    max_epochs : int
        A trial that has had so many is not continued, and keeps none.
    """

    def __init__(self, folder: Path | None, max_epochs: int) -> None:
        self.folder = folder
        self.max_epochs = max_epochs
        self._kept: dict[int, Any] = {}

    def load(self, job: Job) -> Job:
        """Return the job with its state; without one it begins anew."""
        state = self._kept.pop(job.number, None)
        if self.folder is not None and job.errors:
            path = _state_file(self.folder, job.number, len(job.errors))
            try:
                state = pickle.loads(path.read_bytes())
            # Whatever is wrong with it: a class that is gone can raise anything.
            except Exception as error:
                warnings.warn(
                    f"trial {job.number} begins anew, for its state cannot be read from {path} "
                    f"({type(error).__name__}: {error})",
                    stacklevel=2,
                )
        return job._replace(errors=[]) if state is None else job._replace(state=state)

    def save(self, outcome: Outcome) -> None:
        """Keep the state of a trial that may be continued.

        Raises
        ------
        TypeError
            If it is to be written, and cannot be pickled.
        """
        trial, state = outcome
        if trial.status == FAILED or len(trial.errors) >= self.max_epochs:
            return
        if self.folder is None:
            self._kept[trial.number] = state
            return
        try:
            content = pickle.dumps(state)
        except Exception as error:
            raise TypeError(
                f"the state of trial {trial.number} cannot be stored ({error}); expected something "
                "that can be pickled, such as arrays"
            ) from error
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{trial.number}.part"
        part.write_bytes(content)
        part.replace(_state_file(self.folder, trial.number, len(trial.errors)))

    def drop(self, number: int, epochs: int) -> None:
        """Delete the state after so many epochs, which a logged report has made useless."""
        if self.folder is not None:
            _state_file(self.folder, number, epochs).unlink(missing_ok=True)


def _state_file(folder: Path, number: int, epochs: int) -> Path:
    return folder / f"{number}-{epochs}.pickle"


def _own(role: str, given: Any, needed: Sequence[str]) -> Any:
    """Return a copy for one search, so that none carries over into the next."""
    if isinstance(given, type):
        raise TypeError(
            f"{role} is {given!r}; expected an object with {', '.join(needed)}, and this is a "
            f"class; make one of it: {given.__name__}(...)"
        )
    for name in needed:
        if not hasattr(given, name):
            raise TypeError(
                f"{role} is {given!r}; expected an object with {', '.join(needed)}, and it lacks "
                f"{name!r}"
            )
    try:
        return copy.deepcopy(given)
    except Exception as error:
        raise TypeError(
            f"{role} {given!r} cannot be copied ({error}), and a search works on a copy, so that "
            "nothing carries over into the next; give its class a method __deepcopy__"
        ) from error


def _decision(decided: Any) -> tuple[int | None, int | None]:
    """Return what a scheduler has decided, a trial and its epochs, or say what is wrong with it."""
    if decided is None:
        return None, None
    if not isinstance(decided, tuple) or len(decided) != 2:
        raise TypeError(
            f"the scheduler answered {decided!r}; expected the number of a trial and how many "
            "epochs it shall have been trained for, such as (0, 9), or None"
        )
    number, epochs = decided
    return (
        whole("the scheduler's number of a trial", number, least=0),
        whole("the scheduler's number of epochs", epochs),
    )


def _checked(config: Mapping[str, Any], space: ConfigSpace | None, where: str) -> Config:
    """Return a configuration that can be trained and logged, or name what is wrong with it."""
    try:
        config = check_config(config)
        if space is not None:
            space.check(config)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from error
    return config


def _require_same_space(space: ConfigSpace | None, log: TrialLog) -> None:
    if space is None:
        return
    for trial in log:
        try:
            space.check(trial.config)
        except ValueError as error:
            raise ValueError(
                f"{log!r} is of another space: in trial {trial.number}, {error}; name another file"
            ) from error
