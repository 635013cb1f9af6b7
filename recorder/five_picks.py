"""The game of five picks, played by the searchers. To be done again when one has changed."""

import itertools
from pathlib import Path

from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from hpo_helpers.explorers.explorer import SEARCHES
from hpo_helpers.explorers.five_picks import SEARCHERS, hidden, play
from hpo_helpers.recordings import FOLDER
from recorder import files


def moves(name: str, game: int) -> list[int]:
    """Return the rows that a searcher tries in a game, seed after seed.

    Parameters
    ----------
    name : str
        One of `SEARCHERS`.
    game : int
        Which of the hidden responses it plays on.

    Returns
    -------
    list of int
        Five a seed.

    Examples
    --------
    >>> moves("random search", game=0)[:5]
    [76, 107, 10, 107, 106]
    """
    with threadpool_limits(1, user_api="blas"):
        return [row for seed in range(SEARCHES) for row in play(name, seed, hidden()[game])]


def record(folder: Path = FOLDER) -> Path:
    """Record which learning rates the searchers try, in some minutes on two cores.

    Parameters
    ----------
    folder : Path
        Where the description goes.

    Returns
    -------
    Path
        The recording: provenance, and by game and searcher the rows of five picks a seed.
    """
    jobs = list(itertools.product(range(len(hidden())), SEARCHERS))
    found = Parallel(n_jobs=-1, return_as="generator")(delayed(moves)(n, g) for g, n in jobs)
    rows = dict(zip(jobs, tqdm(found, total=len(jobs), unit="search"), strict=True))
    games = [
        {"hidden": response.about, **{name: rows[game, name] for name in SEARCHERS}}
        for game, response in enumerate(hidden())
    ]
    about = files.described(
        "five_picks",
        "numpy",
        "scipy",
        content="Which recorded learning rates the searchers try, five a seed, seeds from 0",
        seeds=SEARCHES,
    )
    return files.write_json(folder / "five_picks.json", {**about, "games": games}, "games")
