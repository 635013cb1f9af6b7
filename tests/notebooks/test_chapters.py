"""What every chapter must have, whatever its cells give."""

import json
import re

import nbformat
import pytest

from tests.notebooks.guards import stored_problem
from tools.built_site import ROOT, contents, parts

CHAPTERS = sorted((ROOT / "book").rglob("*.ipynb"))
RECORDINGS = ROOT / "book" / "recordings"
# Pages that teach nothing new.
INTERLUDES = {"intro", "five_picks", "reading_room"}
# The parts whose chapters ask a question.
TAUGHT = [(caption, files) for caption, files in parts()[1:] if caption != "Back matter"]
chapters = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def teaches(page):
    """Whether a page has exercises and questions."""
    return page.stem not in INTERLUDES and page.parent.name != "back"


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path):
    return "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def stored_text(path):
    return "".join(o.get("text", "") for cell in code_cells(path) for o in cell.outputs)


def recorded(name):
    return json.loads((RECORDINGS / name).read_text(encoding="utf-8"))


def test_every_chapter_is_in_the_table_of_contents():
    stored = {path.relative_to(ROOT).with_suffix("").as_posix() for path in CHAPTERS}
    assert stored <= set(contents())


def title_and_question(file):
    return re.match(r"# (.+)\n\n(?:\*\*(.+\?)\*\*)?", read(ROOT / f"{file}.ipynb").cells[0].source)


def table(text):
    """The rows of the tables of a text, below the first heading."""
    return re.findall(r"^\| (.*) \|$", text, flags=re.MULTILINE)[1:]


def test_front_page_lists_every_chapter_with_its_question():
    expected = []
    for caption, files in TAUGHT:
        expected.append(f"{caption} |")
        for file in files:
            link = file.removeprefix("book/")
            expected.append(f"[]({link}.ipynb) | {title_and_question(file)[2]}")
    # The first part is the heading of the first table.
    assert table(prose(ROOT / "book" / "intro.ipynb")) == expected[1:]


def test_readme_lists_every_chapter_with_title_question_and_file():
    (_, (front,)), *_ = parts()
    rows = [("Front page", title_and_question(front)[1], front)]
    rows += [(*title_and_question(file).groups(), file) for _, files in TAUGHT for file in files]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## From chapter to file\n")[2].partition("\n## ")[0]
    assert table(section) == [
        f"{title} | {question} | [{file}.ipynb]({file}.ipynb)" for title, question, file in rows
    ]


@chapters
def test_stored_cells_are_sound(path):
    problems = {
        f"code cell {position}": problem
        for position, cell in enumerate(code_cells(path), start=1)
        if (problem := stored_problem(cell, position))
    }
    assert not problems


@chapters
def test_every_figure_has_caption_and_alternative_text(path):
    for cell in code_cells(path):
        pictures = ["image/png" in output.get("data", {}) for output in cell.outputs]
        if any(pictures):
            shown = cell.metadata.get("mystnb", {})
            assert len(shown.get("image", {}).get("alt", "")) > 20, cell.source
            # A live twin has its own words below the picture.
            if all(pictures):
                assert len(shown.get("figure", {}).get("caption", "")) > 20, cell.source


@chapters
def test_what_the_site_folds_is_folded_in_jupyterlab_too(path):
    for cell in code_cells(path):
        folded = cell.metadata.get("jupyter", {})
        tags = set(cell.metadata.get("tags", []))
        assert folded.get("source_hidden", False) == bool(
            tags & {"hide-cell", "hide-input", "remove-cell", "remove-input"}
        )
        assert folded.get("outputs_hidden", False) == ("hide-cell" in tags)


@chapters
def test_tensorflow_starts_as_the_package_prepares_it(path):
    imports = re.findall(
        r"^(?:from|import) (keras|tensorflow|d2l|hpo_helpers)\b",
        "\n".join(cell.source for cell in code_cells(path)),
        flags=re.MULTILINE,
    )
    assert not imports or imports[0] == "hpo_helpers"


@chapters
def test_glued_numbers_are_used_and_used_ones_are_glued(path):
    glued = set(re.findall(r'glue\(\s*"(\w+)"', "\n".join(c.source for c in code_cells(path))))
    assert glued == set(re.findall(r"\{glue:text\}`(\w+)", prose(path)))


@pytest.mark.parametrize(
    "path", [path for path in CHAPTERS if teaches(path)], ids=lambda path: path.stem
)
def test_chapter_ends_as_chapters_do(path):
    text = prose(path)
    parts = ["{admonition} Take-away", "## Exercises", "## Check yourself", "## Sources", "{cite"]
    places = [text.find(part) for part in parts[:-1]] + [text.rfind(parts[-1])]
    assert -1 not in places
    assert places == sorted(places)
    numbered = re.findall(r"^\*\*(\d)\.\*\*", text, flags=re.MULTILINE)
    assert numbered == ["1", "2", "3"] * 2, "three exercises, three questions"


def test_documented_table_is_as_published():
    published = [
        (0, 0.224069440717892, 0.8443000018596649),
        (1, 0.0019335868822569966, 0.8999999985098839),
        (2, 0.13492200851658212, 0.8985999971628189),
        (3, 0.0007946191990455363, 0.8999999985098839),
        (4, 0.19835234956767864, 0.8999999985098839),
    ]
    rows = recorded("d2l_documented.json")["trials"]
    assert [tuple(row.values()) for row in rows] == published


def test_chapters_print_the_documented_table():
    replayed = stored_text(ROOT / "book/search/random_search.ipynb")
    dissected = stored_text(ROOT / "book/search/broken_objective.ipynb")
    for row in recorded("d2l_documented.json")["trials"]:
        trial = f"Trial {row['trial']}: learning_rate = {row['learning_rate']}\n"
        assert re.search(re.escape(trial) + r"    validation_error = 0\.\d{4}\n", replayed)
        assert trial + f"    validation_error = {row['validation_error']}\n" in dissected


def test_report_of_the_numpy_search_has_its_form():
    printed = stored_text(ROOT / "book/search/numpy_search.ipynb")
    _, report = printed.split("=== Hyper-Parameter Optimization Result ===\n")
    row = r"Best-(\d+)\(val acc:(0\.\d\d)\) \| lr:(0\.\d{4}), weight decay:(\d\.\de-\d\d)\n"
    found = re.findall(row, report)
    assert [int(rank) for rank, *_ in found] == list(range(1, 21))
    accuracies = [float(accuracy) for _, accuracy, *_ in found]
    assert accuracies == sorted(accuracies, reverse=True)
    assert all(float(rate) <= 0.01 and float(decay) <= 1e-4 for *_, rate, decay in found)


def last_errors(recording, loss):
    return [row["errors"][-1] for row in recording["trials"] if row["loss"] == loss]


@pytest.mark.parametrize("name", ["d2l_full.json", "d2l_full_without_onednn.json"])
def test_recording_says_where_it_comes_from(name):
    recording = recorded(name)
    assert recording["command"] == f"python -m recorder {name.removesuffix('.json')}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", recording["date"])
    assert {"seed", "batch_size", "epochs"} <= recording.keys()
    assert {"python", "numpy", "keras", "tensorflow", "d2l"} == recording["versions"].keys()
    rates = [row["learning_rate"] for row in recorded("d2l_documented.json")["trials"]]
    assert [row["learning_rate"] for row in recording["trials"]] == rates * 2
    assert all(len(row["errors"]) == recording["epochs"] for row in recording["trials"])


def test_recording_shows_what_the_chapter_says():
    recording = recorded("d2l_full.json")
    assert all(0.80 < error < 0.95 for error in last_errors(recording, "as documented"))
    assert min(last_errors(recording, "mended")) < 0.20
    assert max(last_errors(recording, "mended")) < 0.25
