import numpy as np
import pytest

from hpo_helpers.data import load_mnist


def test_500_images_as_source_2_takes_them():
    splits = load_mnist()
    assert [len(part.labels) for part in splits] == [400, 100, 4500]
    for images, labels in splits:
        assert images.shape[1:] == (28, 28)
        assert images.dtype == np.float32
        assert images.min() == 0
        assert images.max() == 1
        assert set(labels) == set(range(10))


def test_no_image_is_in_two_parts_and_none_is_lost():
    splits = load_mnist()
    images = np.concatenate([part.images.reshape(-1, 784) for part in splits])
    whole = np.concatenate([part.images.reshape(-1, 784) for part in load_mnist(seed=5)])
    # The sample itself repeats no image, so 5,000 different ones are all of it.
    assert len(np.unique(images, axis=0)) == 5000
    assert np.array_equal(np.unique(images, axis=0), np.unique(whole, axis=0))
    labels = np.concatenate([part.labels for part in splits])
    assert np.bincount(labels).tolist() == [500] * 10


def test_seed_decides_the_500_and_their_split():
    first, again, other = load_mnist(seed=1), load_mnist(seed=1), load_mnist(seed=2)
    assert np.array_equal(first.train.images, again.train.images)
    assert not np.array_equal(first.train.labels, other.train.labels)
    assert not np.array_equal(first.validation.labels, other.validation.labels)


def test_share_for_validation_is_as_asked():
    assert [len(part.labels) for part in load_mnist(validation_fraction=0.1)] == [450, 50, 4500]
    with pytest.raises(ValueError, match=r"validation_fraction is 1\.5"):
        load_mnist(validation_fraction=1.5)


def test_full_set_comes_through_keras(monkeypatch):
    import keras

    rng = np.random.default_rng(0)

    def part(n):
        images = rng.integers(256, size=(n, 28, 28), dtype=np.uint8)
        return images, rng.integers(10, size=n, dtype=np.uint8)

    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: (part(50), part(20)))
    splits = load_mnist(full=True)
    assert [len(split.labels) for split in splits] == [40, 10, 20]
    assert splits.train.images.max() <= 1

    def unreachable():
        raise OSError("no network")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", unreachable)
    with pytest.raises(FileNotFoundError, match=r"no network(.|\n)*Keras downloads it by itself"):
        load_mnist(full=True)
