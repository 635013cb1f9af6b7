"""Make one of the recordings: ``python -m recorder NAME``, such as ``digits_grid``.

Trainings that are finished are kept in ``_build/recordings``: after Ctrl-C or a kill the same
command goes on with the next. What takes no more than some minutes begins anew.
"""

import argparse
import functools
from collections.abc import Callable
from pathlib import Path

from recorder import (
    bayesian_searches,
    d2l,
    digits,
    fashion_mnist_sample,
    five_picks,
    ladder,
    mlp,
    mlp_seconds,
    searches,
    seed_lottery,
    softmax,
    variance,
    widths,
)
from recorder.groups import record_groups

TRAININGS = {
    "softmax_full": softmax.full,
    "softmax_blocks": softmax.blocks,
    "digits_grid": digits.grid,
    "digits_spread": digits.spread,
    "mlp": mlp.trials,
    "mlp_decay": mlp.decaying_trials,
    "variance": variance.retrainings,
}
RECORDINGS: dict[str, Callable[[], Path]] = {
    "d2l_full": d2l.record,
    "d2l_full_without_onednn": functools.partial(d2l.record, onednn=False),
    **{name: functools.partial(record_groups, name, groups) for name, groups in TRAININGS.items()},
    "mlp_seconds": mlp_seconds.record,
    "bayesian_searches": bayesian_searches.record,
    "five_picks": five_picks.record,
    "seed_lottery": seed_lottery.record,
    "ladder": ladder.record,
    "widths": widths.record,
    "searches": searches.record,
    "fashion_mnist_sample": fashion_mnist_sample.record,
}


def listed() -> str:
    """Return the recordings, one a line, each with what it holds."""
    functions = {**{n: getattr(f, "func", f) for n, f in RECORDINGS.items()}, **TRAININGS}
    return "\n".join(f"  {n:<24}{f.__doc__.splitlines()[0]}" for n, f in functions.items())


def main() -> None:
    """Make the recording that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m recorder",
        description=__doc__,
        epilog=f"recordings:\n{listed()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=RECORDINGS, metavar="NAME", help="one of the list below")
    name = parser.parse_args().name
    try:
        print(RECORDINGS[name]())
    except KeyboardInterrupt:
        parser.exit(130, "\nstopped; finished trainings are kept, and the same command goes on\n")


if __name__ == "__main__":
    main()
