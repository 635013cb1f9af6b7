"""TPE: two densities, of the good trials and of the others, and their ratio."""

import numpy as np
from scipy.special import ndtr, ndtri

from hpo_helpers.learning import LearningSearch

_CANDIDATES = 32
GAMMA = 0.15
WIDTH = 0.2


class TPESearch(LearningSearch):
    def _chosen(
        self, points: np.ndarray, errors: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        order = np.argsort(errors, kind="stable")
        best = order[: int(np.ceil(GAMMA * len(errors)))]
        sizes = np.array([a.options for a in self.space.axes.values()])
        good = Parzen(points[best], sizes)
        bad = Parzen(np.delete(points, best, axis=0), sizes)
        candidates = self.space.settled(good.sample(_CANDIDATES, rng))
        ratio = good.log_density(candidates) - bad.log_density(candidates)
        repeats = (np.nan_to_num(candidates[:, None] - points)**2).sum(axis=-1).min(axis=1) < 1e-9
        return candidates[np.lexsort((-ratio, repeats))[0]]


class Parzen:
    def __init__(self, points, options) -> None:
        n, d = points.shape
        # One component is the prior
        self.centers = np.vstack([points, np.full(d, np.nan)])
        self.options = options
        self.width = np.maximum(WIDTH * max(n, 1) ** (-1 / (d + 4)), 0.01)
        self.prior = 1 / max(n, 1)

    def log_density(self, points: np.ndarray) -> np.ndarray:
        gaps = points[:, None] - self.centers
        c, w = self.centers, self.width
        options = np.maximum(self.options, 1)
        mass = ndtr((1 - c) / w) - ndtr(-c / w)
        number = -((gaps / w) ** 2) / 2 - np.log(mass * w * np.sqrt(2 * np.pi))
        share = (np.abs(gaps) < 1e-9) + self.prior
        category = np.log(share * options / (1 + self.prior * options))
        logs = np.where(self.options > 0, category, number)
        logs = np.where(np.isnan(gaps), 0, logs).sum(axis=-1)
        return np.logaddexp.reduce(logs, axis=1) - np.log(len(c))

    def sample(self, n, rng) -> np.ndarray:
        c = self.centers[rng.integers(len(self.centers), size=n)]
        u = rng.random(c.shape)
        w = self.width
        low, high = ndtr(-c / w), ndtr((1 - c) / w)
        number = c + w * ndtri(low + u * (high - low))
        keep = rng.random(c.shape) < 1 / (1 + self.prior * self.options)
        category = np.where(keep, c, u)
        found = np.where(self.options > 0, category, number)
        return np.clip(np.where(np.isnan(c), u, found), 1e-9, 1 - 1e-9)
