import gzip
import shutil

import numpy as np
import pytest

from hpo_helpers import data
from hpo_helpers.data import load_fashion_mnist, load_mnist, read_original
from hpo_helpers.loaders import FashionMNIST

full_data = pytest.mark.skipif(
    not data._DEBIAN_FOLDER.is_dir() and not data._keras_folder().is_dir(),
    reason="the full Fashion-MNIST is not on this machine; .ci/run installs it",
)


@pytest.fixture
def copied_sample(tmp_path, monkeypatch):
    """The bundled sample, in a folder where it may be spoilt."""
    folder = tmp_path / "sample"
    shutil.copytree(data.SAMPLE_FOLDER, folder)
    monkeypatch.setattr(data, "SAMPLE_FOLDER", folder)
    read_original.cache_clear()
    yield folder
    read_original.cache_clear()


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine without the full data."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(data, "_DEBIAN_FOLDER", tmp_path / "debian")
    read_original.cache_clear()
    yield tmp_path
    read_original.cache_clear()


def test_sample_has_the_stated_shapes_types_and_range():
    splits = load_fashion_mnist()
    for split, count in zip(splits, [8000, 2000, 2000], strict=True):
        assert split.images.shape == (count, 28, 28)
        assert split.images.dtype == np.float32
        assert split.images.min() == 0
        assert split.images.max() == 1
        assert split.labels.dtype == np.int64
        assert set(split.labels) == set(range(10))


def test_sample_is_stratified():
    train, test = read_original(full=False)
    assert np.array_equal(np.bincount(train.labels), np.full(10, 1000))
    assert np.array_equal(np.bincount(test.labels), np.full(10, 200))


def test_sample_takes_at_most_six_megabytes():
    assert sum(file.stat().st_size for file in data.SAMPLE_FOLDER.glob("*.gz")) <= 6_000_000


def test_validation_is_held_out_of_the_original_training_set():
    splits = load_fashion_mnist()
    train, test = read_original(full=False)
    together = np.concatenate([splits.train.images, splits.validation.images])
    assert sorted(image.tobytes() for image in together) == sorted(
        image.tobytes() for image in train.images
    )
    assert np.array_equal(splits.test.images, test.images)


def test_seed_decides_the_split():
    first, again, other = (load_fashion_mnist(seed=seed).validation for seed in (0, 0, 1))
    assert np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.labels, other.labels)


@pytest.mark.parametrize("load", [load_fashion_mnist, load_mnist])
@pytest.mark.parametrize("seed", [-1, 1.5, "a", None])
def test_seed_that_is_no_seed_is_refused(load, seed):
    with pytest.raises((TypeError, ValueError), match=r"seed is .*; expected a whole number"):
        load(seed=seed)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan"), 1e-9, "0.2", None])
def test_useless_validation_fraction_is_refused(fraction):
    with pytest.raises(ValueError, match="validation_fraction"):
        load_fashion_mnist(validation_fraction=fraction)


def test_unknown_environment_variable_is_refused(monkeypatch):
    monkeypatch.setenv("HPO_BOOK_DATA", "ful")
    with pytest.raises(ValueError, match=r"HPO_BOOK_DATA is 'ful'; expected 'sample' or 'full'"):
        load_fashion_mnist()


NAMES = [f"{name}-ubyte.gz" for name in data._SAMPLE_CHECKSUMS]


@pytest.mark.parametrize("name", NAMES)
def test_truncated_file_is_named(copied_sample, name):
    content = (copied_sample / name).read_bytes()
    (copied_sample / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=f"{name} is damaged or truncated"):
        load_fashion_mnist()


@pytest.mark.parametrize("name", NAMES)
def test_changed_content_is_named(copied_sample, name):
    content = bytearray(gzip.decompress((copied_sample / name).read_bytes()))
    content[-1] ^= 1
    (copied_sample / name).write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(ValueError, match=f"{name} is damaged or another file"):
        load_fashion_mnist()


def test_swapped_files_are_named(copied_sample):
    train, test = (copied_sample / f"{part}-labels-idx1-ubyte.gz" for part in ("train", "t10k"))
    kept = train.read_bytes()
    train.write_bytes(test.read_bytes())
    test.write_bytes(kept)
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte\.gz is .* another file"):
        load_fashion_mnist()


def test_no_compressed_file_at_all_is_named(copied_sample):
    (copied_sample / NAMES[0]).write_bytes(b"this is not a gzip file")
    with pytest.raises(ValueError, match=f"{NAMES[0]} is damaged"):
        load_fashion_mnist()


def test_packing_again_changes_nothing(copied_sample):
    for name in NAMES:
        content = gzip.decompress((copied_sample / name).read_bytes())
        (copied_sample / name).write_bytes(gzip.compress(content, compresslevel=1))
    assert len(load_fashion_mnist().train.labels) == 8000


def test_without_full_data_and_network_the_three_ways_are_said(nowhere, monkeypatch):
    import keras

    def unreachable():
        raise OSError("no network")

    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", unreachable)
    with pytest.raises(FileNotFoundError) as caught:
        load_fashion_mnist(full=True)
    message = str(caught.value)
    assert "no network" in message
    assert "apt-get install dataset-fashion-mnist" in message
    assert str(nowhere / "keras" / "datasets" / "fashion-mnist") in message


@full_data
def test_full_data_has_the_published_sizes(monkeypatch):
    monkeypatch.setenv("HPO_BOOK_DATA", "full")
    assert [len(split.labels) for split in load_fashion_mnist()] == [48000, 12000, 10000]


@full_data
def test_every_sampled_image_is_an_original_one():
    for sample, original in zip(read_original(False), read_original(True), strict=True):
        published = {
            (image.tobytes(), int(label))
            for image, label in zip(original.images, original.labels, strict=True)
        }
        drawn = {
            (image.tobytes(), int(label))
            for image, label in zip(sample.images, sample.labels, strict=True)
        }
        assert drawn <= published


@full_data
def test_damaged_full_file_in_the_cache_of_keras_is_named(nowhere):
    folder = nowhere / "keras" / "datasets" / "fashion-mnist"
    shutil.copytree(data.SAMPLE_FOLDER, folder)
    with pytest.raises(ValueError, match=r"keras.*train-images-idx3-ubyte\.gz is damaged"):
        load_fashion_mnist(full=True)


def test_d2l_class_serves_our_arrays():
    served = FashionMNIST(batch_size=100)
    splits = load_fashion_mnist()
    images, labels = zip(*served.val_dataloader(), strict=True)
    assert np.allclose(np.concatenate(images)[..., 0], splits.validation.images, atol=1e-6)
    assert np.array_equal(np.concatenate(labels), splits.validation.labels)
    assert len(served.train_dataloader()) == 80


def test_d2l_class_labels_and_draws():
    served = FashionMNIST(batch_size=8)
    assert served.text_labels([0, 9]) == ["t-shirt", "ankle boot"]
    served.visualize([served.train[0][:8], served.train[1][:8]])


def test_d2l_class_refuses_empty_batches():
    with pytest.raises(ValueError, match="batch_size is 0"):
        FashionMNIST(batch_size=0)
