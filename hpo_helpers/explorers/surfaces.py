"""Recorded errors over two hyperparameters, and designs of trials on them."""

from typing import Any

import numpy as np
import traitlets

from hpo_helpers.explorers.explorer import constant
from hpo_helpers.explorers.training import TrainingExplorer
from hpo_helpers.recordings import load_recording

# Errors are handed over in steps of this size.
STEP = 1e-4
# As in every figure: errors are coloured by their logarithm, between these two.
ENDS = 0.14, 0.9


def one_axis_matters() -> tuple[dict[str, Any], np.ndarray]:
    """Six hidden layers by learning rate and weight decay; diverged counts as wrong."""
    recording = load_recording("digits_grid")
    errors = recording.errors("validation")[:, -1]
    rates, decays = (recording.table[name].nunique() for name in ("learning_rate", "weight_decay"))
    about = {
        "axes": [
            _axis("learning rate", range(0, rates, 8), rates, _powers(-6, 1)),
            _axis("weight decay", range(0, decays, 4), decays, _powers(-8, 0)),
        ],
        "good": 0.2,
    }
    return about, errors.reshape(3, rates, decays).mean(axis=0)


def both_axes_matter() -> tuple[dict[str, Any], np.ndarray]:
    """Softmax regression on the full Fashion-MNIST by learning rate and batch size."""
    recording = load_recording("softmax_full").where(seed=0)
    table = recording.table.assign(error=recording.errors("validation")[:, -1])
    errors = table.pivot(index="learning_rate", columns="batch_size", values="error")
    rates, sizes = errors.shape
    about = {
        "axes": [
            _axis("learning rate", range(0, rates, 20), rates, _powers(-6, 2)),
            _axis("batch size", range(sizes), sizes, [str(size) for size in errors.columns]),
        ],
        "good": 0.15,
    }
    return about, errors.to_numpy()


def _axis(label: str, rows: range, size: int, names: list[str]) -> dict[str, Any]:
    places = [(row + 0.5) / size for row in rows]
    return {"label": label, "size": size, "ticks": list(zip(places, names, strict=True))}


def _powers(first: int, end: int) -> list[str]:
    return [f"1e{power}" if power < 0 else str(10**power) for power in range(first, end)]


SURFACES = {"one axis matters": one_axis_matters, "both axes matter": both_axes_matter}


class SurfaceExplorer(TrainingExplorer):
    """An explorer of one of two recorded surfaces, or of networks that the page trains."""

    surface = traitlets.Enum(list(SURFACES), default_value="one axis matters").tag(sync=True)
    # Of each surface its name, axes, and the error that counts as good.
    surfaces: traitlets.List = traitlets.List().tag(sync=True)
    # Their errors by the first axis and then the second, in steps, as little-endian uint16.
    step = constant(STEP)
    errors = traitlets.Bytes().tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        measured = {name: surface() for name, surface in SURFACES.items()}
        errors = np.concatenate([errors.ravel() for _, errors in measured.values()])
        super().__init__(
            surfaces=[{"name": name, **about} for name, (about, _) in measured.items()],
            errors=np.rint(errors / STEP).astype("<u2").tobytes(),
            **settings,
        )

    @property
    def about(self) -> dict[str, Any]:
        """Axes of the chosen surface, and what counts as good on it."""
        return next(about for about in self.surfaces if about["name"] == self.surface)

    def grid_of_errors(self) -> np.ndarray:
        """Return the errors of the chosen surface, by its two axes."""
        start, stored = 0, np.frombuffer(self.errors, "<u2")
        for about in self.surfaces:
            shape = [axis["size"] for axis in about["axes"]]
            if about["name"] == self.surface:
                break
            start += np.prod(shape)
        return stored[start : start + np.prod(shape)].reshape(shape) * STEP

    def look_up(self, points: np.ndarray) -> np.ndarray:
        """Return the errors at points of the unit square, shape (..., 2)."""
        errors = self.grid_of_errors()
        size = np.array(errors.shape)
        return errors[tuple(np.moveaxis(np.minimum((points * size).astype(int), size - 1), -1, 0))]

    def show_surface(self, ax: Any, points: np.ndarray) -> None:
        """Draw the surface, with trials at points of the unit square."""
        mesh = ax.imshow(
            self.grid_of_errors().T,
            origin="lower",
            extent=(0, 1, 0, 1),
            norm="log",
            vmin=ENDS[0],
            vmax=ENDS[1],
            aspect="auto",
        )
        bar = ax.figure.colorbar(mesh, label="validation error", extend="max")
        bar.set_ticks([0.15, 0.2, 0.3, 0.5, 0.9], labels=["0.15", "0.2", "0.3", "0.5", "0.9"])
        bar.minorticks_off()
        ax.plot(*points.T, "o", color="white", markeredgecolor="black")
        for axis, describe in zip((ax.xaxis, ax.yaxis), self.about["axes"], strict=True):
            places, names = zip(*describe["ticks"], strict=True)
            axis.set_ticks(places, names)
            axis.set_label_text(describe["label"])
        ax.tick_params(axis="x", labelsize=9)
        ax.grid(False)
