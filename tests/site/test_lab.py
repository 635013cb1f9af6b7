"""Explorers and live twins in JupyterLab, where a kernel answers them."""

import ast
import contextlib
import http.client
import os
import re
import secrets
import socket
import subprocess
import sys
import time

import nbformat
import pytest
from playwright.sync_api import expect

HOST = "127.0.0.1"
# In milliseconds. The other core may be training models for another test meanwhile.
PATIENCE = 30_000
NOTIFICATIONS = "@jupyterlab/apputils-extension/notification.jupyterlab-settings"
EXPLORER = [
    "pass",
    """\
from hpo_helpers.explorers import LearningRateRange

explorer = LearningRateRange()
explorer""",
    "print(explorer.learning_rate_range)",
    "explorer.trials = 100",
]
# While `go` is not set, an experiment ends only because a control has moved.
LIVE = [
    """\
import threading

from ipywidgets import IntSlider
from matplotlib.figure import Figure

from hpo_helpers.explorers.live import Live

ended = []
go = threading.Event()
go.set()


def square(side):
    figure = Figure(figsize=(2, 2))
    figure.subplots().plot([0, side**2])
    while not go.wait(0.1):
        yield figure, f"side {side}"
    ended.append(side)
    yield figure, f"area {side**2}"


Live(square, side=IntSlider(3, 0, 20))""",
    "go.clear(), ended.clear()",
    "print('ended', ended)",
    "go.set()",
    "print('ended', ended)",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab that knows nothing of its user: its folder, port and token."""
    folder, own = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("own")
    kinds = ["CONFIG", "DATA", "RUNTIME"]
    settings = {f"JUPYTER_{kind}_DIR": str(own / kind) for kind in kinds}
    settings |= {f"JUPYTERLAB_{kind}_DIR": str(own / kind) for kind in ["SETTINGS", "WORKSPACES"]}
    token = secrets.token_hex()
    settings |= {"IPYTHONDIR": str(own / "IPYTHON"), "JUPYTER_TOKEN": token}
    # Otherwise it asks another host for a newer version, and the reader whether to ask for news.
    notifications = own / "SETTINGS" / NOTIFICATIONS
    notifications.parent.mkdir(parents=True)
    notifications.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", f"--port={port}"]
    command += [f"--ServerApp.ip={HOST}", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.root_dir={folder}", "--LabApp.extension_manager=readonly"]
    command += ["--allow-root"] if os.geteuid() == 0 else []
    log = own / "log"
    with log.open("w", encoding="utf-8") as file:
        server = subprocess.Popen(
            command, env=os.environ | settings, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        if not answers(server, port):
            pytest.fail(f"JupyterLab does not answer:\n{log.read_text(encoding='utf-8')}")
        yield folder, port, token
    finally:
        stop(server)


def free_port():
    with socket.create_server((HOST, 0)) as server:
        return server.getsockname()[1]


def answers(server, port):
    end = time.monotonic() + PATIENCE / 1000
    while server.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(HOST, port, timeout=5)
            connection.request("GET", "/api")
            return connection.getresponse().status == 200
        time.sleep(0.1)
    return False


def stop(server):
    server.terminate()
    try:
        server.wait(PATIENCE / 1000)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextlib.contextmanager
def opened(browser, lab, name, cells):
    """Open a notebook of these cells, and hold against it what goes wrong meanwhile."""
    folder, port, token = lab
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / f"{name}.ipynb")
    address = f"http://{HOST}:{port}/"
    # High enough for all cells: JupyterLab may leave out what is not in view.
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    here = (address, "data:", "blob:")
    page.on("request", lambda r: r.url.startswith(here) or problems.append(f"asks {r.url}"))
    # A workspace of its own: in the common one, notebooks that were open before open again.
    page.goto(f"{address}lab/workspaces/{name}/tree/{name}.ipynb?token={token}")
    # Before it is connected, the kernel is called idle too, and cells are not run.
    page.get_by_text(re.compile(r"^Python 3.* \| Idle$")).wait_for()
    try:
        yield page
    finally:
        context.close()
    assert problems == []


@pytest.fixture(scope="module")
def explorer(browser, lab):
    """The page of a notebook that shows an explorer."""
    with opened(browser, lab, "explorer", EXPLORER) as page:
        run(page, 1)
        yield page


@pytest.fixture(scope="module")
def live(browser, lab):
    """The page of a notebook that shows a live twin."""
    with opened(browser, lab, "live", LIVE) as page:
        run(page, 0)
        yield page


def cell(page, number):
    return page.locator(".jp-Notebook .jp-Cell").nth(number)


def outputs(page, number):
    return cell(page, number).locator(".jp-OutputArea-child")


def run(page, number):
    """Run a cell that has not been run before, to its end."""
    cell(page, number).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    prompt = cell(page, number).locator(".jp-InputArea-prompt")
    expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=PATIENCE)


def press(page, control, *keys):
    control.focus()
    for key in keys:
        page.keyboard.press(key)


def test_explorer_is_drawn_and_speaks(explorer):
    expect(explorer.locator(".explorer svg.wide")).to_be_visible(timeout=PATIENCE)
    expect(explorer.locator(".explorer .words")).to_contain_text("Best validation error")


def test_arrow_keys_reach_the_slider_and_not_the_notebook(explorer):
    slider = explorer.get_by_label("lowest learning rate")
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "1e-6")
    press(explorer, slider, *["ArrowRight"] * 20, *["ArrowUp"] * 20)
    expect(slider).to_have_attribute("aria-valuetext", "0.0001")
    expect(slider).to_be_focused()
    batch_size = explorer.get_by_role("combobox", name="batch size")
    batch_size.press("ArrowDown")
    expect(batch_size).to_have_value("32")
    expect(cell(explorer, 1)).to_have_class(re.compile("jp-mod-active"))


def test_moves_come_back_to_python(explorer):
    slider = explorer.get_by_label("lowest learning rate")
    press(explorer, slider, "Home", *["ArrowRight"] * 20)
    # A move waits in the page until the kernel has answered the one before: after a cell, it has.
    run(explorer, 0)
    run(explorer, 2)
    low, _ = ast.literal_eval(outputs(explorer, 2).inner_text())
    assert low == pytest.approx(1e-5)


def test_setting_a_trait_in_python_redraws_the_view(explorer):
    run(explorer, 3)
    trials = explorer.locator(".explorer svg.wide circle.trial")
    expect(trials).to_have_count(100, timeout=PATIENCE)


def test_explorer_trains_on_images_that_the_kernel_sends(explorer):
    explorer.get_by_role("button", name="train here").click()
    status = explorer.locator(".explorer .status")
    expect(status).to_have_text("ready", timeout=PATIENCE)
    explorer.get_by_role("button", name="Train", exact=True).click()
    expect(status).to_have_text(re.compile(r"^trained \d+ networks in"), timeout=PATIENCE)
    expect(explorer.locator(".explorer .words")).to_contain_text("on 2,000 images")


def test_moving_a_control_redraws_the_same_output(live):
    control, picture, text = (outputs(live, 0).nth(place) for place in range(3))
    press(live, control.locator(".noUi-handle"), "Home")
    expect(text).to_have_text("area 0", timeout=PATIENCE)
    before = picture.locator("img").get_attribute("src")
    press(live, control.locator(".noUi-handle"), "ArrowRight")
    expect(text).to_have_text("area 1", timeout=PATIENCE)
    expect(picture.locator("img")).not_to_have_attribute("src", before)
    expect(outputs(live, 0)).to_have_count(3)


def test_last_move_wins_and_the_kernel_answers_meanwhile(live):
    control, _, text = (outputs(live, 0).nth(place) for place in range(3))
    run(live, 1)
    press(live, control.locator(".noUi-handle"), "Home", *["ArrowRight"] * 6)
    expect(text).to_have_text("side 6", timeout=PATIENCE)
    run(live, 2)
    expect(outputs(live, 2)).to_have_text("ended []")
    expect(text).to_have_text("side 6")
    run(live, 3)
    expect(text).to_have_text("area 36", timeout=PATIENCE)
    run(live, 4)
    expect(outputs(live, 4)).to_have_text("ended [6]")
    expect(text).to_have_text("area 36")
    expect(outputs(live, 0)).to_have_count(3)
