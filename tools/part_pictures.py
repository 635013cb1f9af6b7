"""The small pictures of the parts, drawn from recordings: ``python -m tools.part_pictures``."""

from collections.abc import Iterable

import matplotlib as mpl
import numpy as np

from hpo_helpers.recordings import load_recording
from tools.built_site import ROOT

ASSETS = ROOT / "book" / "assets"
WIDTH, HEIGHT, EDGE = 240, 150, 10
INK, BLUE, ORANGE, GREEN = "#444", "#0072b2", "#d55e00", "#009e73"


def scaled(values: np.ndarray, low: float, high: float, size: int) -> np.ndarray:
    """Return where values lie between two ends of a side, within its edges."""
    return EDGE + (np.asarray(values) - low) / (high - low) * (size - 2 * EDGE)


def line(x: np.ndarray, y: np.ndarray, color: str, width: float) -> str:
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{width}"/>'


def dots(x: np.ndarray, y: np.ndarray, colors: Iterable[str], radius: float) -> str:
    return "\n".join(
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{radius}" fill="{color}"/>'
        for a, b, color in zip(x, y, colors, strict=True)
    )


def foundations() -> list[str]:
    """Draw the response of softmax regression to its learning rate, and its lowest point."""
    recording = load_recording("softmax_full").where(batch_size=16, seed=0)
    errors = np.log(recording.errors("validation")[:, 7])
    x = scaled(np.log(recording.table["learning_rate"]), np.log(1e-6), np.log(10), WIDTH)
    y = scaled(-errors, -errors.max(), -errors.min(), HEIGHT)
    return [line(x, y, BLUE, 4), dots(x[[y.argmax()]], y[[y.argmax()]], [ORANGE], 8)]


def search() -> list[str]:
    """Draw a hundred random trials by learning rate and weight decay, coloured by error."""
    recording = load_recording("digits_spread").where(seed=0)
    errors = np.log(recording.errors("validation")[:, -1])
    shares = (errors - errors.min()) / (errors.max() - errors.min())
    colors = [mpl.colors.to_hex(color) for color in mpl.colormaps["viridis"](shares)]
    rates, decays = (np.log10(recording.table[name]) for name in ("learning_rate", "weight_decay"))
    return [dots(scaled(rates, -6, -2, WIDTH), scaled(decays, -8, -4, HEIGHT), colors, 5)]


def smarter() -> list[str]:
    """Cut 27 recorded trials by successive halving: who is behind at a rung is not trained on."""
    curves = np.log(load_recording("mlp").where(seed=0).errors("validation")[:27])
    left, drawn = np.arange(27), []
    for start, stop in ((1, 1), (1, 3), (3, 9), (9, 27)):
        color, width = (ORANGE, 4) if stop == 27 else (BLUE, 2)
        epochs = np.arange(start, stop + 1)
        for row in left:
            x = scaled(np.log(epochs), 0, np.log(27), WIDTH)
            y = scaled(-curves[row, epochs - 1], -curves[:, 0].max(), -curves.min(), HEIGHT)
            drawn += [line(x, y, color, width)] if stop > 1 else [dots(x, y, [color], 3)]
        left = left[np.argsort(curves[left, stop - 1], kind="stable")[: max(1, len(left) // 3)]]
    return drawn


def judgement() -> list[str]:
    """Draw the winner of a search and a calmer one, each trained again a hundred times."""
    recording = load_recording("variance").where(varied="together")
    drawn = []
    for trial, color, height in ((2983, ORANGE, 45), (1706, BLUE, 105)):
        errors = np.log(recording.where(mlp_trial=trial).errors("validation")[:, -1])
        x = scaled(errors, np.log(0.15), np.log(0.3), WIDTH)
        spread = height + 36 * ((np.arange(len(x)) * 0.618034) % 1 - 0.5)
        drawn.append(dots(x, spread, [color] * len(x), 3))
        drawn.append(line([x.mean()] * 2, [height - 24, height + 24], INK, 4))
    return drawn


PICTURES = {each.__name__: each for each in (foundations, search, smarter, judgement)}


def picture(name: str) -> str:
    """Return the picture of a part, as the text of an SVG."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}">',
            *PICTURES[name](),
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    for name in PICTURES:
        (ASSETS / f"part_{name}.svg").write_text(picture(name), encoding="utf-8")
