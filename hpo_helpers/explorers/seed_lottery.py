"""The seed lottery: who wins a comparison, by its seed, by a tally of seeds, and by an interval."""

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import traitlets
from matplotlib import pyplot as plt
from scipy import stats

from hpo_helpers.explorers.explorer import RecordedExplorer, constant
from hpo_helpers.plots import name_lines, plot_incumbent
from hpo_helpers.recordings import load_json, load_recording
from hpo_helpers.searchers import LocalSearch, RandomSearch, Searcher, SobolSearch

# Those that are soon done are recorded together, Bayesian search by itself.
SEARCHERS: dict[str, Callable[..., Searcher]] = {
    "random search": RandomSearch,
    "Sobol' search": SobolSearch,
    "local search": LocalSearch,
}
METHODS = [*SEARCHERS, "Bayesian search"]
SEEDS, TRIALS = 50, 60
# Of the bootstrap; it draws by seed 0.
RESAMPLES = 400
# A bootstrap of fewer seeds is too short.
FEWEST = 10


class Lead(NamedTuple):
    """By how much a method is ahead of random search, in the interquartile mean.

    Attributes
    ----------
    lead, low, high : float
        Images that random search gets wrong and the method does not, and the ends of the 95 %
        interval: infinite with fewer than ten seeds.
    """

    lead: float
    low: float
    high: float


@functools.cache
def played() -> np.ndarray:
    """Return images wrong at the incumbents, shape (methods, seeds, trials).

    The searches are those of the chapter on comparing methods, on the recording ``mlp``: the
    nearest recorded configuration answers. Which ones they met is recorded, by
    ``python -m recorder seed_lottery`` and ``bayesian_searches``. A network that diverged has
    every image wrong.
    """
    recording = load_recording("mlp").where(seed=0)
    wrong = recording.wrong("validation")[:, -1]
    blind = {each["method"]: each["met"] for each in load_json("seed_lottery")["searches"]}
    chosen = [each["met"][:TRIALS] for each in load_json("bayesian_searches")["trials"]]
    met = np.array([*(blind[name] for name in SEARCHERS), chosen])
    return np.minimum.accumulate(wrong[met], axis=-1)


class SeedLottery(RecordedExplorer):
    """Pick a seed and see which of four searchers wins; then count seeds, and give an interval.

    Random, Sobol', local and Bayesian search have run 60 trials under fifty seeds each, on the
    recorded configurations of the recording ``mlp``.

    Parameters
    ----------
    seed : int
        From 1 to 50: whose searches are drawn.
    seeds : int
        From 1 to 50: the tally and the intervals are over the seeds from 1 to this one.
    trials : int
        From 1 to 60: when the searches are compared.

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> lottery = SeedLottery(seed=14, seeds=50)
    >>> lottery.winners(), lottery.tally()
    (['local search'], [9, 7, 5, 27])
    """

    settings = ("seed", "seeds", "trials")
    seed = traitlets.Int(14, min=1, max=SEEDS).tag(sync=True)
    seeds = traitlets.Int(1, min=1, max=SEEDS).tag(sync=True)
    trials = traitlets.Int(TRIALS, min=1, max=TRIALS).tag(sync=True)
    methods = constant(METHODS)
    resamples = constant(RESAMPLES)
    fewest = constant(FEWEST)

    def __init__(self, **settings: Any) -> None:
        super().__init__(images=2000, wrong=played().astype("<u2").tobytes(), **settings)

    def ends(self) -> np.ndarray:
        """Return images wrong at the incumbents after the trials, shape (methods, 50)."""
        return self.counts(len(METHODS), SEEDS, TRIALS)[:, :, self.trials - 1].astype(int)

    def winners(self, seed: int | None = None) -> list[str]:
        """Return the methods that end lowest under a seed, by default the present one."""
        ends = self.ends()[:, (self.seed if seed is None else seed) - 1]
        return [METHODS[place] for place in np.flatnonzero(ends == ends.min())]

    def tally(self) -> list[int]:
        """Return at how many of the counted seeds each method ends lowest alone."""
        alone = [names[0] for k in range(self.seeds) if len(names := self.winners(k + 1)) == 1]
        return [alone.count(name) for name in METHODS]

    def leads(self) -> list[Lead]:
        """Return how far each method but the first is ahead of the first, by a bootstrap."""
        base, *others = self.ends()[:, : self.seeds]
        numbers = self.draws(0)
        return [
            Lead(middle(base) - middle(each), *bootstrap(numbers, base, each)) for each in others
        ]

    def picture(self) -> None:
        """Draw the present state, for where nothing moves: in print, or without JavaScript."""
        errors = self.counts(len(METHODS), SEEDS, TRIALS)[:, self.seed - 1] / self.images
        _, ax = plt.subplots()
        for name, curve in zip(METHODS, errors, strict=True):
            plot_incumbent(ax, curve, name)
        ax.set(ylim=(0.153, 0.2))
        name_lines(ax)
        plt.show()


def middle(wrong: npt.ArrayLike) -> float:
    """Return the interquartile mean: without the lowest and the highest quarter."""
    return float(stats.trim_mean(wrong, 0.25))


def bootstrap(numbers: Iterator[float], base: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Return the ends of a 95 % interval of a lead, with seeds that are drawn anew."""
    if len(base) < FEWEST:
        return -math.inf, math.inf
    leads = []
    for _ in range(RESAMPLES):
        drawn = [[each[int(next(numbers) * len(each))] for _ in each] for each in (base, other)]
        leads.append(middle(drawn[0]) - middle(drawn[1]))
    leads.sort()
    return leads[int(0.025 * RESAMPLES)], leads[int(0.975 * RESAMPLES)]
