import threading

import ipywidgets
import pytest
from matplotlib.figure import Figure

from hpo_helpers.explorers.live import Live


def drawing():
    figure = Figure()
    figure.subplots().plot([1, 2])
    return figure


class Shown:
    """Stands in for what a front end shows: by display id, what is there now."""

    def __init__(self):
        self.outputs = {}
        self.texts = threading.Condition()

    def display(self, shown, display_id=None, metadata=None, raw=False):
        handle = Handle(self, len(self.outputs))
        self.outputs[handle.id] = (shown, metadata)
        return handle

    def wait_for(self, text):
        with self.texts:
            return self.texts.wait_for(lambda: self.text == text, timeout=10)

    @property
    def text(self):
        *_, (text, _) = self.outputs.values()
        return text["text/plain"]


class Handle:
    def __init__(self, shown, id):
        self.shown, self.id = shown, id

    def update(self, content, raw=False):
        with self.shown.texts:
            self.shown.outputs[self.id] = (content, None)
            self.shown.texts.notify_all()


@pytest.fixture
def shown(monkeypatch):
    shown = Shown()
    monkeypatch.setattr("hpo_helpers.explorers.live.display", shown.display)
    return shown


def test_picture_and_text_follow_the_control(shown):
    def square(side):
        yield drawing(), "begun"
        yield drawing(), f"area {side**2}"

    side = ipywidgets.IntSlider(3)
    Live(square, side=side)._ipython_display_()
    assert shown.text == "area 9"
    side.value = 5
    assert shown.wait_for("area 25")
    _, (picture, _), _ = shown.outputs.values()
    assert picture["image/png"].startswith(b"\x89PNG")


def test_controls_are_marked_as_not_to_be_stored(shown):
    Live(lambda: iter([(drawing(), "")]))._ipython_display_()
    marked = [metadata for _, metadata in shown.outputs.values()]
    assert marked == [{"live": True}, None, None]


def test_a_move_gives_up_the_run_before_it(shown):
    go_on, finished, begun = threading.Event(), [], threading.Event()

    def slow(number):
        yield drawing(), f"first of {number}"
        if number == 1:
            begun.set()
            go_on.wait(10)
        yield drawing(), f"last of {number}"
        finished.append(number)

    number = ipywidgets.IntSlider(0)
    Live(slow, number=number)._ipython_display_()
    number.value = 1
    assert begun.wait(10)
    # The sliders answer although a run is under way.
    for value in (2, 3, 4):
        number.value = value
    go_on.set()
    assert shown.wait_for("last of 4")
    assert 1 not in finished
    assert not {2, 3} & set(finished)


def test_what_an_experiment_raises_is_shown_and_the_next_move_works(shown):
    def picky(size):
        if size == 7:
            raise ValueError("size is 7; expected another")
        yield drawing(), f"size {size}"

    size = ipywidgets.IntSlider(1)
    Live(picky, size=size)._ipython_display_()
    size.value = 7
    assert shown.wait_for("ValueError: size is 7; expected another")
    size.value = 8
    assert shown.wait_for("size 8")


def test_live_says_how_it_is_set():
    def train(rate):
        yield drawing(), ""

    assert repr(Live(train, rate=ipywidgets.FloatSlider(0.5))) == "Live(train, rate=0.5)"


def test_control_may_move_before_anything_is_shown(shown):
    def square(side):
        yield drawing(), f"area {side**2}"

    side = ipywidgets.IntSlider(3)
    live = Live(square, side=side)
    side.value = 4
    assert not shown.outputs
    live._ipython_display_()
    assert shown.text == "area 16"
