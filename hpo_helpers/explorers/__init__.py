"""Explorers: sliders on recorded trials, which answer with or without a running kernel.

Each is an AnyWidget: traits in Python, and one plain ES module that draws them. On the site,
``explorers.js`` gives the same module its stored state.
"""

from hpo_helpers.explorers.bayesian_steps import BayesianSteps
from hpo_helpers.explorers.coarse_to_fine import CoarseToFineRounds
from hpo_helpers.explorers.five_picks import FivePicks
from hpo_helpers.explorers.grid_or_random import GridOrRandom
from hpo_helpers.explorers.halving import Halving
from hpo_helpers.explorers.ladder import Ladder
from hpo_helpers.explorers.learning_rate_range import LearningRateRange
from hpo_helpers.explorers.price_of_time import PriceOfTime
from hpo_helpers.explorers.reading_room import ReadingRoom
from hpo_helpers.explorers.seed_lottery import SeedLottery
from hpo_helpers.explorers.train_again import TrainAgain
from hpo_helpers.explorers.validation_noise import ValidationNoise
from hpo_helpers.explorers.workers_clock import WorkersClock

__all__ = [
    "BayesianSteps",
    "CoarseToFineRounds",
    "FivePicks",
    "GridOrRandom",
    "Halving",
    "Ladder",
    "LearningRateRange",
    "PriceOfTime",
    "ReadingRoom",
    "SeedLottery",
    "TrainAgain",
    "ValidationNoise",
    "WorkersClock",
]
