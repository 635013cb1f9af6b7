"""Arrays of Fashion-MNIST, split into train, validation and test."""

import functools
import gzip
import hashlib
import os
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

SAMPLE_FOLDER = Path(__file__).parent / "fashion_mnist_sample"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")

# SHA-256 of each file once decompressed, so that packing it again changes nothing.
FULL_CHECKSUMS = {
    "train-images-idx3": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
SAMPLE_CHECKSUMS = {
    "train-images-idx3": "aad122feb555af9d813cefb13d126c1912c33797a39a5b51ee8ef3162ac7ec0b",
    "train-labels-idx1": "98a8df9ad475a169d1b064c16a2fc31bd1ade5958ce50405898c5433c4b28d17",
    "t10k-images-idx3": "4285a73a709fbed9404eadee513dbf18e0d86b3c1c580c896eb5320c5ac037d2",
    "t10k-labels-idx1": "c02045e97ad6659fe3785ea2a5a4972575b4d266a331d8451b50b78ff2ca2a96",
}

WHERE_TO_GET_IT = """The full Fashion-MNIST can be had in three ways:
  1. online, Keras downloads it by itself: call this again with a network connection;
  2. on Debian and Ubuntu: apt-get install dataset-fashion-mnist;
  3. copy the four original .gz files into {keras_folder}."""


class Split(NamedTuple):
    """Images and their labels.

    Attributes
    ----------
    images : ndarray of float32, shape (n, 28, 28)
        Grey levels in [0, 1].
    labels : ndarray of int64, shape (n,)
        Classes from 0 to 9.
    """

    images: np.ndarray
    labels: np.ndarray


class Splits(NamedTuple):
    """The three parts of a data set, each with one duty.

    Attributes
    ----------
    train : Split
        Fits the parameters.
    validation : Split
        Chooses the hyperparameters; held out of the original training set.
    test : Split
        Judges the final model, once; drawn from the original test set alone.
    """

    train: Split
    validation: Split
    test: Split


def load_fashion_mnist(
    full: bool | None = None, validation_fraction: float = 0.2, seed: int = 0
) -> Splits:
    """Load Fashion-MNIST, split into train, validation and test.

    Parameters
    ----------
    full : bool, optional
        True for the 60,000 + 10,000 original images, False for the bundled sample of
        10,000 + 2,000. By default the sample, unless the environment variable
        ``HPO_BOOK_DATA`` is ``full``.
    validation_fraction : float
        Share of the original training set that is held out for validation, in (0, 1).
    seed : int
        Seed of the permutation that divides train from validation.

    Returns
    -------
    Splits
        The sample gives 8,000 training, 2,000 validation and 2,000 test images.

    Raises
    ------
    ValueError
        If ``validation_fraction`` or ``HPO_BOOK_DATA`` is not as stated, or if a file is
        damaged, truncated or another than its name says.
    FileNotFoundError
        If the full data is neither on this machine nor to be downloaded.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for
    Benchmarking Machine Learning Algorithms", 2017, arXiv:1708.07747.
    """
    if not 0 < validation_fraction < 1:
        raise ValueError(
            f"validation_fraction is {validation_fraction!r}; expected a share between 0 and 1, "
            "such as 0.2, so that both train and validation have images"
        )
    original_train, test = read_original(_wants_full() if full is None else full)
    order = np.random.default_rng(seed).permutation(len(original_train.labels))
    held_out, kept = np.split(order, [round(validation_fraction * len(order))])
    if not len(held_out) or not len(kept):
        raise ValueError(
            f"validation_fraction {validation_fraction!r} of {len(order)} images leaves "
            "train or validation empty; expected a share that leaves images in both"
        )
    return Splits(
        train=Split(original_train.images[kept], original_train.labels[kept]),
        validation=Split(original_train.images[held_out], original_train.labels[held_out]),
        test=test,
    )


def _wants_full() -> bool:
    wanted = os.environ.get("HPO_BOOK_DATA", "sample")
    if wanted not in ("sample", "full"):
        raise ValueError(
            f"the environment variable HPO_BOOK_DATA is {wanted!r}; expected 'sample' or 'full'"
        )
    return wanted == "full"


@functools.lru_cache(maxsize=2)
def read_original(full: bool) -> tuple[Split, Split]:
    """Read the training and the test set as published, in their stored order.

    Parameters
    ----------
    full : bool
        True for the original, False for the bundled sample.

    Returns
    -------
    train, test : Split

    Raises
    ------
    ValueError
        If a file does not hold the bytes that its checksum promises.
    FileNotFoundError
        If the full data is neither on this machine nor to be downloaded.
    """
    folder = _full_folder() if full else SAMPLE_FOLDER
    checksums = FULL_CHECKSUMS if full else SAMPLE_CHECKSUMS
    arrays = {
        name: read_idx(folder / f"{name}-ubyte.gz", digest) for name, digest in checksums.items()
    }

    def split(prefix: str) -> Split:
        images = arrays[f"{prefix}-images-idx3"].astype(np.float32) / 255
        return Split(images, arrays[f"{prefix}-labels-idx1"].astype(np.int64))

    return split("train"), split("t10k")


def read_idx(path: Path, digest: str) -> np.ndarray:
    """Read a gzipped IDX file of bytes, after checking what is in it.

    Parameters
    ----------
    path : Path
        The file; IDX is the format of the original MNIST.
    digest : str
        SHA-256 of the decompressed file, in hexadecimal.

    Returns
    -------
    ndarray of uint8

    Raises
    ------
    ValueError
        If the file cannot be decompressed or has another checksum.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged or truncated ({error}); {_REPLACE}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise ValueError(
            f"{path} is damaged or another file than its name says: expected SHA-256 {digest} "
            f"of its decompressed content, found {found}; {_REPLACE}"
        )
    dimensions = content[3]
    start = 4 + 4 * dimensions
    shape = np.frombuffer(content[4:start], dtype=">u4")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


_REPLACE = (
    "delete it and get it again: with 'git checkout' where it belongs to the bundled sample, "
    "by calling this again with a network connection where it was downloaded"
)


def _full_folder() -> Path:
    keras_folder = _keras_folder()
    for folder in (keras_folder, DEBIAN_FOLDER):
        if all((folder / f"{name}-ubyte.gz").is_file() for name in FULL_CHECKSUMS):
            return folder
    # Imported here because Keras takes seconds to load and the sample does not need it.
    import keras

    try:
        keras.datasets.fashion_mnist.load_data()
    except Exception as error:
        ways = WHERE_TO_GET_IT.format(keras_folder=keras_folder)
        raise FileNotFoundError(f"Keras could not download it ({error}).\n{ways}") from error
    return keras_folder


def _keras_folder() -> Path:
    home = os.environ.get("KERAS_HOME")
    base = Path(home) if home else Path.home() / ".keras"
    return base / "datasets" / "fashion-mnist"
