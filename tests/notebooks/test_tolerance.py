import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notebooks.tolerance import ATOL, RTOL, Tolerance, cell_tolerance, differences

STRICT = Tolerance()
LOOSE = Tolerance(atol=0.01)


def reasoned(tag: str) -> dict:
    return {"tags": [tag], "tolerance_reason": "another processor"}


@pytest.mark.parametrize(
    ("stored", "fresh", "tolerance", "agree"),
    [
        ("error 0.160", "error 0.160", STRICT, True),
        ("error 0.160", "error 0.161", STRICT, False),
        ("error 0.160", "error 0.169", LOOSE, True),
        ("error 0.160", "error 0.171", LOOSE, False),
        ("error 0.160", "Error 0.160", LOOSE, False),
        ("trial 3: 0.1", "trial 4: 0.1", LOOSE, False),
        ("0.1 0.2", "0.1", LOOSE, False),
        ("0.1", "nan", LOOSE, False),
        ("nan", "nan", STRICT, True),
        ("True", "False", LOOSE, False),
        ("1e-4", "0.0001", STRICT, True),
        ("-0.00", "0.00", STRICT, True),
        ("0.5", "-0.5", LOOSE, False),
        ("a   0.1", "a 0.1", STRICT, True),
        ("a\n0.1", "a 0.1", STRICT, False),
        ("", "0.1", LOOSE, False),
    ],
)
def test_text_exactly_and_numbers_within_tolerance(stored, fresh, tolerance, agree):
    assert (differences(stored, fresh, tolerance) == []) == agree


def test_difference_says_which_number_and_by_how_much():
    (message,) = differences("a 1.0 b 0.25", "a 1.0 b 0.30", LOOSE)
    assert message.startswith("number 2 differs by 0.05: stored 0.25, now 0.30")
    assert "atol=0.01" in message


@given(st.floats(-1e6, 1e6), st.floats(-1, 1))
def test_agreement_is_as_stated(stored, change):
    fresh = stored + change
    allowed = abs(fresh - stored) <= ATOL + RTOL * abs(stored)
    assert (differences(repr(stored), repr(fresh), STRICT) == []) == allowed


def test_tag_sets_the_tolerance():
    assert cell_tolerance({}) == STRICT
    assert cell_tolerance({"tags": ["hide-cell"]}) == STRICT
    assert cell_tolerance(reasoned("atol=0.01")) == LOOSE
    assert cell_tolerance(reasoned("atol=1e-3")).atol == 0.001


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (reasoned("atol=0.021"), "looser than 0.02"),
        (reasoned("atol=1"), "looser than 0.02"),
        (reasoned("atol=loose"), "expected a single one"),
        (reasoned("rtol=0.1"), "expected a single one"),
        ({"tags": ["atol=0.01"]}, "no 'tolerance_reason'"),
        ({"tags": ["atol=0.01"], "tolerance_reason": " "}, "no 'tolerance_reason'"),
        ({"tags": ["atol=0.01", "atol=0.02"]}, "expected a single one"),
    ],
)
def test_bad_tag_is_refused(metadata, message):
    with pytest.raises(ValueError, match=message):
        cell_tolerance(metadata)
