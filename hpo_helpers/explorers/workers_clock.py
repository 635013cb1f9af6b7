"""The workers' clock: synchronous halving or ASHA on some workers, by recorded times."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import traitlets
from matplotlib import pyplot as plt

from hpo_helpers.explorers.explorer import (
    Number,
    RecordedExplorer,
    constant,
    drawn_without_repetition,
)
from hpo_helpers.recordings import RecordedTrials, load_mlp_seconds, load_recording
from hpo_helpers.schedulers import ASHA, Scheduler, SuccessiveHalving
from hpo_helpers.simulator import simulate
from hpo_helpers.spaces import Config
from hpo_helpers.trials import Trial

METHODS = ("synchronous halving", "ASHA")
ETA = 3
RUNGS = (1, 3, 9, 27)
# Trials of a bracket, for each worker.
BRACKET = 27
CONFIGURATIONS = 1000
COLORS = ("C5", "C4", "C1", "C0")


class Shown(NamedTuple):
    """What the clock shows of a search.

    Attributes
    ----------
    jobs : DataFrame
        One row a job that was begun: as `Simulation.jobs`, in microseconds.
    busy : float
        Share of the workers' time that was spent on jobs.
    trials, epochs : int
        How many have given a report, and what they were trained for.
    best : float
        Lowest validation error so far.
    """

    jobs: pd.DataFrame
    busy: float
    trials: int
    epochs: int
    best: float


class InOrder:
    """Hand out recorded trials by their rows, in an order that is fixed beforehand."""

    def __init__(self, order: Sequence[int]) -> None:
        self.order = order

    def ask(self, number: int) -> Config:
        """Return the row of trial `number`; behind the last one they begin again."""
        return {"row": self.order[number % len(self.order)]}

    def tell(self, trial: Trial) -> None:
        """Learn nothing."""


class WorkersClock(RecordedExplorer):
    """Let workers train recorded trials for three simulated seconds, and see who waits.

    The trials are the first 1,000 of the recording ``mlp``, in an order that the seed shuffles;
    their times those that were measured for their kind of network.

    Parameters
    ----------
    workers : int
        From 1 to 16.
    spread : float
        From 0 to 2: what the logarithms of the recorded times are stretched by. With 0 all
        trials take the same time, with 1 the recorded one; the mean stays the same.
    method : {"synchronous halving", "ASHA"}
        With rungs of 1, 3, 9 and 27 epochs, eta = 3. A bracket begins with 27 trials a worker,
        so that with equal times nobody would wait.
    seed : int
        Shuffles the configurations.

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> explorer = WorkersClock(workers=3, method="ASHA")
    >>> shown = explorer.run()
    >>> sorted(shown.jobs["worker"].unique().tolist()), shown.busy > 0.99
    ([0, 1, 2], True)
    """

    settings = ("workers", "spread", "method", "seed")
    workers = traitlets.Int(8, min=1, max=16).tag(sync=True)
    spread = Number(1, min=0, max=2).tag(sync=True)
    method = traitlets.Enum(METHODS, default_value=METHODS[0]).tag(sync=True)
    seconds = constant(3)
    eta = constant(ETA)
    rungs = constant(RUNGS)
    bracket = constant(BRACKET)
    # An epoch of each configuration in steps of 0.1 ms, as little-endian uint16. What is wrong
    # after the epochs of each rung is stored by configuration and rung; all images are for a
    # network that has diverged.
    times = traitlets.Bytes().tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        recording, seconds_of = load_recording("mlp").where(seed=0), load_mlp_seconds()
        recorded = RecordedTrials(recording)
        wrong = recording.wrong("validation")[:CONFIGURATIONS, np.array(RUNGS) - 1]
        times = [seconds_of(config, 1) * 1e4 for config in recorded.configs[:CONFIGURATIONS]]
        super().__init__(
            images=recording.images("validation"),
            wrong=wrong.astype("<u2").tobytes(),
            times=np.rint(times).astype("<u2").tobytes(),
            **settings,
        )

    def epochs_take(self) -> list[int]:
        """Return the microseconds of an epoch of each configuration, as they are spread."""
        recorded = np.frombuffer(self.times, "<u2") * 100.0
        stretched = recorded**self.spread
        return np.floor(stretched * (recorded.mean() / stretched.mean()) + 0.5).astype(int).tolist()

    def order(self) -> list[int]:
        """Return the configurations in the order in which they are tried."""
        return drawn_without_repetition(self.draws(), CONFIGURATIONS, CONFIGURATIONS)

    def run(self, method: str | None = None) -> Shown:
        """Return what a method comes to, by default the chosen one."""
        wrong = self.counts(CONFIGURATIONS, len(RUNGS))
        takes, end = self.epochs_take(), self.seconds * 1_000_000
        if (method or self.method) == "ASHA":
            scheduler: Scheduler = ASHA(min_epochs=RUNGS[0], max_epochs=RUNGS[-1], eta=ETA)
        else:
            scheduler = SuccessiveHalving(
                min_epochs=RUNGS[0], max_epochs=RUNGS[-1], eta=ETA, trials=BRACKET * self.workers
            )

        def objective(config: Config, epochs: int, state: int | None) -> tuple[list[float], int]:
            reached = (state or 0) + epochs
            # A job ends on a rung, and nobody looks at the epochs before.
            error = wrong[config["row"], RUNGS.index(reached)] / self.images
            return [error] * epochs, reached

        jobs = simulate(
            objective,
            InOrder(self.order()),
            lambda config, epochs: takes[config["row"]] * epochs,
            self.workers,
            scheduler=scheduler,
            # On to where the jobs that are cut off have ended as well.
            seconds=end + max(takes) * (RUNGS[-1] - RUNGS[-2]),
        ).jobs
        jobs = jobs[jobs["start"] < end]
        reports = jobs[jobs["end"] <= end]
        return Shown(
            jobs,
            float((jobs["end"].clip(upper=end) - jobs["start"]).sum() / (self.workers * end)),
            reports["trial"].nunique(),
            int(reports.groupby("trial")["epochs"].max().sum()),
            float(reports["error"].min()),
        )

    def picture(self) -> None:
        """Draw the present state, for where nothing moves: in print, or without JavaScript."""
        shown, end = self.run(), self.seconds * 1e6
        _, (gantt, curve) = plt.subplots(2, sharex=True, figsize=(6, 5), height_ratios=[3, 2])
        for epochs, color in zip(RUNGS, COLORS, strict=True):
            jobs = shown.jobs[shown.jobs["epochs"] == epochs]
            gantt.barh(
                jobs["worker"] + 1,
                (jobs["end"].clip(upper=end) - jobs["start"]) / 1e6,
                left=jobs["start"] / 1e6,
                color=color,
                edgecolor="white",
                linewidth=0.3,
                label=f"to {epochs}",
            )
        gantt.set(ylabel="worker", title=f"{self.method}: busy {shown.busy:.0%} of the time")
        gantt.invert_yaxis()
        gantt.grid(False)
        gantt.figure.legend(title="epochs", loc="outside right upper", fontsize=10)
        for method in METHODS:
            jobs = self.run(method).jobs.sort_values("end", kind="stable")
            best = jobs["error"].cummin()
            curve.step(jobs["end"] / 1e6, best, where="post", label=method)
        curve.set(xlim=(0, self.seconds), ylim=(0.15, 0.35))
        curve.set(xlabel="simulated seconds", ylabel="best error")
        curve.legend(fontsize=10)
        plt.show()
