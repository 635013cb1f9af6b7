"""Make the bundled sample of Fashion-MNIST from the original.

Run as ``python tools/make_sample.py`` where the full data can be had. It writes the four
files of ``hpo_helpers/fashion_mnist_sample`` and prints the checksums that ``data.py`` holds.
"""

import gzip
import hashlib

import numpy as np

from hpo_helpers.data import SAMPLE_FOLDER, Split, read_original

SEED = 0
IMAGES_PER_CLASS = {"train": 1000, "t10k": 200}


def stratified_sample(original: Split, per_class: int, rng: np.random.Generator) -> Split:
    """Draw the same number of images of each class, and shuffle them."""
    chosen = np.concatenate(
        [
            rng.choice(np.flatnonzero(original.labels == label), per_class, replace=False)
            for label in range(10)
        ]
    )
    rng.shuffle(chosen)
    return Split(original.images[chosen], original.labels[chosen])


def write_idx(name: str, array: np.ndarray) -> None:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
    content = header + array.tobytes()
    # mtime=0: the same images make the same file, whenever they are packed.
    (SAMPLE_FOLDER / f"{name}-ubyte.gz").write_bytes(
        gzip.compress(content, compresslevel=9, mtime=0)
    )
    print(f'    "{name}": "{hashlib.sha256(content).hexdigest()}",')


def main() -> None:
    rng = np.random.default_rng(SEED)
    for (prefix, per_class), original in zip(
        IMAGES_PER_CLASS.items(), read_original(full=True), strict=True
    ):
        sample = stratified_sample(original, per_class, rng)
        write_idx(f"{prefix}-images-idx3", np.rint(sample.images * 255).astype(np.uint8))
        write_idx(f"{prefix}-labels-idx1", sample.labels.astype(np.uint8))


if __name__ == "__main__":
    main()
