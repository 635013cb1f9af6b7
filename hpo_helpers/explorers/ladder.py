"""The ladder to a fast objective: recorded steps, and a last one in the reader's browser."""

from typing import Any

import numpy as np
import traitlets
from matplotlib import pyplot as plt

from hpo_helpers.explorers.explorer import constant
from hpo_helpers.explorers.training import TrainingExplorer
from hpo_helpers.recordings import load_json

RATES = [0.003, 0.01, 0.03]
# As many updates as two epochs of the images of the chapter, which are four times as many.
EPOCHS = 8
TRIALS = (3, 10, 30, 100)
STEPS = ("1 as documented", "2 from arrays", "3 NumPy", "4 all at once")
# Standard deviations between seeds by which an error may be off, and be called the same.
TOLERANCE = 3


def rates_of(trials: int) -> list[float]:
    """Return the learning rates of so many trials: those of the chapter, and others between.

    Parameters
    ----------
    trials : int
        From 3.

    Examples
    --------
    >>> [round(rate, 4) for rate in rates_of(5)]
    [0.003, 0.01, 0.03, 0.0065, 0.0139]
    """
    low, _, high = RATES
    others = trials - len(RATES)
    return RATES + [low * (high / low) ** ((place + 1) / (others + 1)) for place in range(others)]


class Ladder(TrainingExplorer):
    """See how long some trials take at each step, and train them in the page.

    The steps are those of the recording ``ladder``: softmax regression on 2,000 images of the
    bundled sample, eight epochs in batches of 16.

    Parameters
    ----------
    trials : int
        3, 10, 30 or 100.
    seed : int
        Of what is trained in the page.
    source : {"recorded", "here"}
        Whether the recorded steps stand alone, or beside that of the page.

    Raises
    ------
    traitlets.TraitError
        If a value is not as stated.

    Examples
    --------
    >>> ladder = Ladder(trials=10)
    >>> seconds = ladder.seconds_of_steps()
    >>> list(seconds)
    ['1 as documented', '2 from arrays', '3 NumPy', '4 all at once']
    >>> seconds["1 as documented"] > 10 * seconds["4 all at once"]
    True
    """

    settings = ("trials", "seed", "source")
    trials = traitlets.Enum(TRIALS, default_value=3).tag(sync=True)
    # Rates at which errors are compared.
    compared = constant(RATES)
    epochs = constant(EPOCHS)
    tolerance = constant(TOLERANCE)
    # Of each step, its seconds by number of trials.
    steps = traitlets.List(traitlets.Unicode()).tag(sync=True)
    seconds = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)
    # Of the errors that NumPy comes to, over seeds, by rate.
    means = traitlets.List(traitlets.Float()).tag(sync=True)
    spreads = traitlets.List(traitlets.Float()).tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        recorded = load_json("ladder")
        errors = np.array(recorded["errors"])
        super().__init__(
            steps=[row["step"] for row in recorded["steps"]],
            seconds=[row["seconds"] for row in recorded["steps"]],
            means=errors.mean(axis=0).round(4).tolist(),
            spreads=errors.std(axis=0, ddof=1).round(4).tolist(),
            **settings,
        )

    def rates(self) -> list[float]:
        """Return the learning rates of the trials."""
        return rates_of(self.trials)

    def seconds_of_steps(self) -> dict[str, float]:
        """Return the seconds of each step for the chosen number of trials."""
        place = TRIALS.index(self.trials)
        return {step: row[place] for step, row in zip(self.steps, self.seconds, strict=True)}

    def picture(self) -> None:
        """Draw the present state, for where nothing moves: in print, or without JavaScript."""
        _, ax = plt.subplots(figsize=(6, 2.6))
        found = self.seconds_of_steps()
        ax.semilogx(list(found.values()), list(found), "o")
        for step, taken in found.items():
            ax.annotate(f"{taken:.2g} s", (taken, step), xytext=(8, -4), textcoords="offset points")
        ax.invert_yaxis()
        ax.margins(x=0.2, y=0.15)
        ax.set(xlabel=f"seconds for {self.trials} trials, 1,000 updates each")
        plt.show()
