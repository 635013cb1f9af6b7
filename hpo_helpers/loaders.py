"""Fashion-MNIST as the data class of d2l, on arrays of our own."""

import numpy as np
from d2l import tensorflow as d2l

from hpo_helpers.data import Split, Splits, load_fashion_mnist


class FashionMNIST(d2l.FashionMNIST):
    """The data class of *Dive into Deep Learning*, with a validation set of its own.

    Loaders, labels and ``visualize`` are inherited. The class of the library takes the test
    set for validation; this one serves the split of `load_fashion_mnist`.

    Parameters
    ----------
    batch_size : int
        Images in a batch. The inherited loader draws the batches in a new order each epoch;
        which images share a batch stays the same.
    resize : tuple of int
        Height and width in pixels.
    splits : Splits, optional
        What to serve; by default what `load_fashion_mnist` returns.

    Raises
    ------
    ValueError
        If `batch_size` is below 1.

    Examples
    --------
    >>> data = FashionMNIST(batch_size=100, splits=load_fashion_mnist(full=False))
    >>> len(data.train_dataloader()), data.text_labels([0, 9])
    (80, ['t-shirt', 'ankle boot'])
    """

    def __init__(
        self,
        batch_size: int = 64,
        resize: tuple[int, int] = (28, 28),
        splits: Splits | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; expected at least one image")
        # Not the constructor of the library: it reads the full data, whatever is wanted.
        d2l.DataModule.__init__(self)
        self.batch_size = batch_size
        self.resize = resize
        splits = load_fashion_mnist() if splits is None else splits
        self.train = _as_bytes(splits.train)
        self.val = _as_bytes(splits.validation)


def _as_bytes(split: Split) -> tuple[np.ndarray, np.ndarray]:
    # The inherited loader divides by 255.
    return np.rint(split.images * 255).astype(np.uint8), split.labels
