import gzip
import re

import numpy as np
import pytest

from hpo_helpers.data import load_fashion_mnist
from hpo_helpers.explorers import LearningRateRange
from hpo_helpers.explorers.engine import (
    COUNTS,
    ENGINES,
    FOLDER,
    TRAINER,
    WORKER,
    packed_images,
    training_parts,
)
from hpo_helpers.explorers.modules import FOLDER as EXPLORERS
from hpo_helpers.explorers.modules import modules, script
from tools.make_engine import compiled


@pytest.mark.parametrize("name", ENGINES)
def test_compiled_again_the_engine_is_the_same(name):
    stored = (FOLDER / name).read_bytes()
    assert compiled(name) == stored, "run make kernel"
    assert len(stored) < 12_000


def test_images_are_the_first_of_the_sample():
    content = np.frombuffer(gzip.decompress(packed_images()), np.uint8)
    train, validation, _ = load_fashion_mnist(full=False)
    for part, count in zip((train, validation), COUNTS.values(), strict=True):
        images, labels, content = np.split(content, [count * 784, count * 785])
        assert np.array_equal(images / np.float32(255), part.images[:count].ravel())
        assert np.array_equal(labels, part.labels[:count])
    assert not len(content)


def test_images_weigh_little():
    assert len(packed_images()) < 1_400_000


@pytest.mark.parametrize("name", [TRAINER, WORKER])
def test_script_of_modules_imports_nothing_and_keeps_the_rest(name):
    text = script(name)
    assert not re.search(r"^(import|export)\b", text, flags=re.MULTILINE)
    for each in modules(name):
        for line in (EXPLORERS / each).read_text(encoding="utf-8").splitlines():
            assert line.startswith("import ") or line.removeprefix("export ") in text


@pytest.mark.parametrize("name", [TRAINER, WORKER])
def test_modules_stand_after_what_they_import(name):
    names = [*modules(name)]
    assert len(names) > 3 and names[-1] == name
    for place, each in enumerate(names):
        imported = re.findall(r'from "\./(.+)"', (EXPLORERS / each).read_text(encoding="utf-8"))
        assert {f"engine/{other}" for other in imported} <= set(names[:place])


def test_explorer_sends_the_parts_when_asked_and_holds_none_of_them(monkeypatch):
    explorer = LearningRateRange()
    before = {name for name in explorer.keys if name != "wrong"}
    sent = []
    monkeypatch.setattr(explorer, "send", lambda *message: sent.append(message))
    explorer._handle_custom_msg({"kind": "something else"}, [])
    assert sent == []
    explorer._handle_custom_msg({"kind": "training_parts"}, [])
    ((content, buffers),) = sent
    about, parts = training_parts()
    assert content == {"kind": "training_parts", **about}
    assert buffers == [parts["engine"], parts["relaxed_engine"], parts["images"]]
    assert {name for name in explorer.keys if name != "wrong"} == before
