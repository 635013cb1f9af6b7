"""The sample of Fashion-MNIST that comes with the package, drawn from the original."""

import gzip
import hashlib
from pathlib import Path

import numpy as np

from hpo_helpers.data import SAMPLE_FOLDER, Split, read_original

SEED = 0
IMAGES_PER_CLASS = {"train": 1000, "t10k": 200}


def stratified_sample(original: Split, per_class: int, rng: np.random.Generator) -> Split:
    """Draw the same number of images of each class, and shuffle them.

    Parameters
    ----------
    original : Split
    per_class : int
    rng : Generator

    Returns
    -------
    Split

    Examples
    --------
    >>> part = Split(np.zeros((30, 28, 28), np.float32), np.arange(30) % 10)
    >>> np.bincount(stratified_sample(part, 2, np.random.default_rng(0)).labels)
    array([2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    """
    chosen = np.concatenate(
        [
            rng.choice(np.flatnonzero(original.labels == label), per_class, replace=False)
            for label in range(10)
        ]
    )
    rng.shuffle(chosen)
    return Split(original.images[chosen], original.labels[chosen])


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write an array of bytes in IDX, the format of the original, gzipped; print its checksum.

    Parameters
    ----------
    path : Path
    array : ndarray of uint8
    """
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
    content = header + array.tobytes()
    # mtime=0: the same images make the same file, whenever they are packed.
    path.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    name = path.name.removesuffix("-ubyte.gz")
    print(f'    "{name}": "{hashlib.sha256(content).hexdigest()}",')


def record(folder: Path = SAMPLE_FOLDER) -> Path:
    """Draw 10,000 training and 2,000 test images; print the checksums that ``data.py`` holds.

    Parameters
    ----------
    folder : Path
        Where the four files go.

    Returns
    -------
    Path
        The folder.
    """
    rng = np.random.default_rng(SEED)
    originals = zip(IMAGES_PER_CLASS.items(), read_original(full=True), strict=True)
    for (prefix, per_class), original in originals:
        sample = stratified_sample(original, per_class, rng)
        images = np.rint(sample.images * 255).astype(np.uint8)
        write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", sample.labels.astype(np.uint8))
    return folder
