"""The small pictures of the parts are what their script draws from the recordings."""

import pytest

from tools.part_pictures import ASSETS, PICTURES, picture


@pytest.mark.parametrize("name", PICTURES)
def test_picture_of_a_part_is_drawn_from_its_recording(name):
    stored = (ASSETS / f"part_{name}.svg").read_text(encoding="utf-8")
    assert stored == picture(name)
