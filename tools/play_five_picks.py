"""Let the searchers play the game of five picks on all its hidden responses, and record it.

Run as ``python tools/play_five_picks.py``: it takes some minutes on two cores, and writes
``book/recordings/five_picks.json``. To be done again when a searcher has changed.
"""

import itertools

from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from hpo_helpers.explorers.explorer import SEARCHES
from hpo_helpers.explorers.five_picks import SEARCHERS, hidden, play
from hpo_helpers.record import one_row_a_line, provenance
from hpo_helpers.recordings import FOLDER


def moves(name: str, game: int) -> list[int]:
    """Return the rows that a searcher tries in a game, seed after seed."""
    with threadpool_limits(1, user_api="blas"):
        return [row for seed in range(SEARCHES) for row in play(name, seed, hidden()[game])]


def main() -> None:
    jobs = list(itertools.product(range(len(hidden())), SEARCHERS))
    found = Parallel(n_jobs=-1, return_as="generator")(delayed(moves)(n, g) for g, n in jobs)
    rows = dict(zip(jobs, tqdm(found, total=len(jobs), unit="search"), strict=True))
    about = {
        "command": "python tools/play_five_picks.py",
        "content": "Which recorded learning rates the searchers try, five a seed, seeds from 0",
        "seeds": SEARCHES,
        **provenance("numpy", "scipy", "sklearn"),
    }
    games = [
        {"hidden": response.about, **{name: rows[game, name] for name in SEARCHERS}}
        for game, response in enumerate(hidden())
    ]
    text = one_row_a_line({**about, "games": games}, rows="games")
    (FOLDER / "five_picks.json").write_text(text)


if __name__ == "__main__":
    main()
