import json

import pytest

from hpo_helpers import record
from hpo_helpers.data import Split, read_original


@pytest.fixture
def few_images_elsewhere(tmp_path, monkeypatch):
    """The recorder on few images, writing where nothing is lost."""
    few = [Split(s.images[:320], s.labels[:320]) for s in read_original(full=False)]
    documented = (record.FOLDER / "source1_documented.json").read_text(encoding="utf-8")
    monkeypatch.setattr(record, "read_original", lambda full: few)
    monkeypatch.setattr(record, "FOLDER", tmp_path)
    monkeypatch.setattr(record, "UNFINISHED", tmp_path / "unfinished")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    (tmp_path / "source1_documented.json").write_text(documented, encoding="utf-8")
    return tmp_path


def test_interrupted_recording_goes_on_where_it_stopped(few_images_elsewhere, monkeypatch):
    evaluated = []

    def counted(objective, loss, stop_at=None):
        def run(config, **keywords):
            if len(evaluated) == stop_at:
                raise KeyboardInterrupt
            evaluated.append((loss, config["learning_rate"]))
            return objective(config, **{**keywords, "progress": False})

        return run

    original = dict(record.OBJECTIVES)
    stopping = {loss: counted(objective, loss, 7) for loss, objective in original.items()}
    monkeypatch.setattr(record, "OBJECTIVES", stopping)
    with pytest.raises(KeyboardInterrupt):
        record.record_source1(max_epochs=2)
    assert not (few_images_elsewhere / "source1_full.json").exists()

    going_on = {loss: counted(objective, loss) for loss, objective in original.items()}
    monkeypatch.setattr(record, "OBJECTIVES", going_on)
    recording = json.loads(record.record_source1(max_epochs=2).read_text(encoding="utf-8"))
    assert len(evaluated) == len(set(evaluated)) == 10
    assert [(row["loss"], row["learning_rate"]) for row in recording["trials"]] == evaluated
    assert all(len(row["errors"]) == 2 for row in recording["trials"])
    assert recording["epochs"] == 2


def test_unknown_recording_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["record", "source9"])
    with pytest.raises(SystemExit):
        record.main()
    assert "invalid choice: 'source9'" in capsys.readouterr().err
