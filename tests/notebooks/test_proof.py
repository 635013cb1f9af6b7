"""What the page on verification shows of the last whole run of the tests."""

import csv
import subprocess
import sys

from tests.proof import ROOT, proof

STORED = ROOT / "book" / "back" / "proof.csv"


def test_stored_proof_says_what_a_proof_says():
    stored = list(csv.reader(STORED.open(encoding="utf-8")))
    assert [name for name, _ in stored] == [
        name for name, _ in proof({"passed": 1, "skipped": 0}, 60)
    ]


def test_proof_counts_what_is_compared():
    rows = dict(proof({"passed": 1234, "skipped": 5}, 600))
    assert rows["tests passed"] == "1,234, 5 left out"
    assert int(rows["cells run and compared"]) > 200
    assert rows["time"].startswith("10 minutes")


def test_proof_of_a_part_is_refused(tmp_path):
    part = [sys.executable, "-m", "pytest", f"--proof={tmp_path / 'proof.csv'}", __file__]
    done = subprocess.run(part, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 4
    assert "--proof needs all tests" in done.stderr
    assert not list(tmp_path.iterdir())


def test_proof_is_written_after_success_alone(tmp_path):
    """In a small project with two workers, of which one may have nothing but successes."""
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\ntestpaths = tests\naddopts = -p tests.proof\n", encoding="utf-8"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_other.py").write_text("def test_other(): pass\n", encoding="utf-8")
    for outcome, written in (("False", False), ("True", True)):
        (tmp_path / "tests" / "test_it.py").write_text(
            f"def test_it():\n    assert {outcome}\n", encoding="utf-8"
        )
        subprocess.run(
            [sys.executable, "-m", "pytest", "--proof=proof.csv", "-n2", "--dist=loadfile"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
        )
        assert (tmp_path / "proof.csv").exists() == written
