"""A game: five learning rates picked by hand, and what the searchers make of five."""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import traitlets
from matplotlib import pyplot as plt
from scipy import stats

from hpo_helpers.bayesian import BayesianSearch
from hpo_helpers.explorers.explorer import SEARCHES, Number, constant
from hpo_helpers.explorers.training import TrainingExplorer
from hpo_helpers.plots import log_ticks, style_of
from hpo_helpers.recordings import load_json, load_recording
from hpo_helpers.searchers import RandomSearch, Searcher, SobolSearch
from hpo_helpers.spaces import ConfigSpace
from hpo_helpers.tuner import tune

PICKS = 5
LOWEST, HIGHEST = 1e-6, 1.0
SPACE = ConfigSpace({"learning_rate": stats.loguniform(LOWEST, HIGHEST)})
# Two trials to learn from leave the model three to choose.
SEARCHERS: dict[str, Callable[..., Searcher]] = {
    "random search": RandomSearch,
    "Sobol search": SobolSearch,
    "Bayesian search": functools.partial(BayesianSearch, initial_trials=2),
}


class Response(NamedTuple):
    """The recorded validation errors of one training at many learning rates.

    Attributes
    ----------
    about : str
        What was trained.
    wrong : ndarray of int, shape (rates,)
        Images classified wrongly, all of them by a network that had diverged, at learning rates
        from 1e-6 to 1 in equal steps of the logarithm.
    images : int
        Images that were judged.
    """

    about: str
    wrong: np.ndarray
    images: int

    @property
    def rates(self) -> np.ndarray:
        """The recorded learning rates."""
        return np.logspace(-6, 0, len(self.wrong))

    def row(self, rate: float) -> int:
        """Return which recorded rate answers for this one: the nearest in the logarithm."""
        last = len(self.wrong) - 1
        return min(last, max(0, math.floor((math.log10(rate) + 6) / 6 * last + 0.5)))

    def error(self, rate: float) -> float:
        """Return the validation error at the recorded rate that answers for this one."""
        return float(self.wrong[self.row(rate)] / self.images)


class Standing(NamedTuple):
    """How a finished game has ended.

    Attributes
    ----------
    best : int
        Images that are wrong at the reader's incumbent.
    medians : list of float
        The same for each searcher, in the middle of its seeds.
    beaten, level : list of int
        Seeds of each searcher that end worse than the reader, and those that end alike.
    place : int
        Of the reader among the searchers' medians, from 1.
    """

    best: int
    medians: list[float]
    beaten: list[int]
    level: list[int]
    place: int


_recording = functools.cache(load_recording)


def softmax(batch_size: int, epochs: int) -> Response:
    """Return the response of softmax regression on the full Fashion-MNIST."""
    recording = _recording("softmax_full").where(batch_size=batch_size, seed=0)
    low = recording.table["learning_rate"] < 1.01
    return Response(
        f"softmax regression in batches of {batch_size}, after {epochs} "
        + ("epoch" if epochs == 1 else "epochs"),
        recording.wrong("validation")[low, epochs - 1],
        recording.images("validation"),
    )


def six_layers(weight_decay: float, updates: int) -> Response:
    """Return the response of six hidden layers on digits, over three seeds together."""
    recording = _recording("digits_grid").where(weight_decay=weight_decay)
    # It was measured after updates 1, 5, 9 and so on.
    wrong = recording.wrong("validation")[:, updates // 4].reshape(3, -1)
    return Response(
        f"three networks of six hidden layers on 400 digits each, with a weight decay of "
        f"{weight_decay:g}, after {updates} updates",
        wrong.sum(axis=0),
        3 * recording.images("validation"),
    )


@functools.cache
def hidden() -> list[Response]:
    """Return the responses of the games, in the order in which they come."""
    return [
        softmax(256, 16),
        six_layers(1e-4, 97),
        softmax(8, 4),
        six_layers(1e-2, 197),
        softmax(128, 4),
        softmax(16, 4),
        six_layers(1e-8, 37),
        softmax(256, 2),
        six_layers(0.1, 197),
        softmax(8, 16),
        six_layers(1e-6, 197),
        softmax(64, 8),
    ]


def open_response() -> Response:
    """Return a response that no game hides, to show the searchers on."""
    return softmax(16, 8)


def play(name: str, seed: int, response: Response) -> list[int]:
    """Return the rows of a response that a searcher tries, from first to last.

    Parameters
    ----------
    name : str
        One of `SEARCHERS`.
    seed : int
        Of the searcher.
    response : Response

    Examples
    --------
    >>> play("random search", 0, open_response())
    [76, 107, 10, 107, 106]
    """
    searcher = SEARCHERS[name](SPACE, seed=seed)
    log = tune(lambda c: response.error(c["learning_rate"]), searcher, PICKS, progress=False)
    return [response.row(trial.config["learning_rate"]) for trial in log]


@functools.cache
def played() -> np.ndarray:
    """Return the rows that were tried, shape (games, searchers, seeds, picks).

    They are recorded, for a Gaussian process is fitted 7,200 times: by
    ``python -m recorder five_picks``.
    """
    games = load_json("five_picks")["games"]
    return np.array([[game[name] for name in SEARCHERS] for game in games]).reshape(
        len(games), len(SEARCHERS), SEARCHES, PICKS
    )


class FivePicks(TrainingExplorer):
    """Pick five learning rates for a training whose response is hidden, and meet the searchers.

    A pick is answered by the nearest recorded learning rate. After the fifth the response is
    shown, and what random, Sobol and Bayesian search found on it with five picks of their own,
    each under 200 seeds.

    Parameters
    ----------
    seed : int
        The game, counted from 0: which of twelve recorded responses is hidden. Later ones begin
        again with the first.
    picks : list of float
        Learning rates that were tried, from 1e-6 to 1; at most five, none of them twice.
    learning_rate : float
        What the slider stands at.
    source : {"recorded", "here"}
        Whether the hidden response is recorded, or trained in the page for this game.

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> game = FivePicks(picks=[0.001, 0.1])
    >>> [round(error, 2) for error in game.errors()]
    [0.29, 0.15]
    """

    settings = ("picks", "learning_rate", "seed", "source")
    picks = traitlets.List(traitlets.Float()).tag(
        sync=True, limits={"min": LOWEST, "max": HIGHEST, "length": PICKS}
    )
    learning_rate = Number(1e-3, min=LOWEST, max=HIGHEST).tag(sync=True)
    searchers = constant(list(SEARCHERS))
    # Of each game: what is hidden, and how many rates and images it has.
    about = traitlets.List(traitlets.Unicode()).tag(sync=True)
    sizes = traitlets.List(traitlets.List(traitlets.Int())).tag(sync=True)
    # Images that are wrong, game after game, as little-endian uint16.
    wrong = traitlets.Bytes().tag(sync=True)
    # The rows that were tried, as uint8 by seed and pick, in blocks: one for all the games in
    # which a searcher tries the same. And which block is whose, by game and searcher.
    tried = traitlets.Bytes().tag(sync=True)
    blocks = traitlets.List(traitlets.List(traitlets.Int())).tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        moves = [[rows.astype("u1").tobytes() for rows in game] for game in played()]
        different = list(dict.fromkeys(block for game in moves for block in game))
        super().__init__(
            about=[response.about for response in hidden()],
            sizes=[[len(response.wrong), response.images] for response in hidden()],
            wrong=b"".join(response.wrong.astype("<u2").tobytes() for response in hidden()),
            tried=b"".join(different),
            blocks=[[different.index(block) for block in game] for game in moves],
            **settings,
        )

    @traitlets.validate("picks")
    def _check_picks(self, proposal: Any) -> list[float]:
        picks = proposal["value"]
        within = all(LOWEST * 0.999 <= rate <= HIGHEST * 1.001 for rate in picks)
        if not within or len(picks) > PICKS or len(set(picks)) < len(picks):
            raise traitlets.TraitError(
                f"picks is {picks}; expected at most {PICKS} learning rates from 1e-6 to 1, "
                "none of them twice"
            )
        return picks

    @property
    def response(self) -> Response:
        """What is hidden in this game."""
        return hidden()[self.seed % len(hidden())]

    def errors(self) -> list[float]:
        """Return the validation error at each pick."""
        return [self.response.error(rate) for rate in self.picks]

    def found(self) -> np.ndarray:
        """Return how many images the searchers' incumbents get wrong, shape (searchers, seeds)."""
        return self.response.wrong[played()[self.seed % len(hidden())]].min(axis=-1)

    def typical(self) -> list[int]:
        """Return the seed of each searcher that ends in the middle of all."""
        return [int(np.argsort(f, kind="stable")[(len(f) - 1) // 2]) for f in self.found()]

    def standing(self) -> Standing:
        """Return how the game has ended, after at least one pick."""
        best = min(int(self.response.wrong[self.response.row(rate)]) for rate in self.picks)
        found = self.found()
        medians = np.median(found, axis=1).tolist()
        return Standing(
            best,
            medians,
            (found > best).sum(axis=1).tolist(),
            (found == best).sum(axis=1).tolist(),
            1 + sum(median < best for median in medians),
        )

    def picture(self, seed: int = 0) -> None:
        """Draw a game among the searchers alone, on a response that no game hides.

        The state of the explorer is not drawn: it would give its game away.

        Parameters
        ----------
        seed : int
            Of the searchers.
        """
        response = open_response()
        _, ax = plt.subplots()
        ax.loglog(response.rates, response.wrong / response.images, color="#444444", lw=1.2)
        for number, name in enumerate(SEARCHERS):
            rows = play(name, seed, response)
            errors = response.wrong[rows] / response.images
            label = f"{name}, best {errors.min():.3f}"
            ax.plot(
                response.rates[rows],
                errors,
                style_of(name),
                ms=12 - 2 * number,
                label=label,
            )
        ax.set(xlabel="learning rate", ylabel="validation error", ylim=(0.1, 1.05))
        log_ticks(ax, y=[0.1, 0.2, 0.5, 1])
        ax.legend()
        plt.show()
