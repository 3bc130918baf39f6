"""The lines that were entered, and the file that keeps them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from nsjob.shell.past import FromPast, Past


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "nsjob" / "history"


def past_of(path: Path) -> Past:
    return Past(lambda: str(path))


def test_entries_of_many_lines_and_any_characters_come_back_as_they_were(path: Path) -> None:
    entries = ["create q 2", "queue q {\n    print('é')\n}", 'puts "\\n\u2028"', "\udcff"]
    before = past_of(path)
    for entry in entries:
        before.append_string(entry)
    assert before.lines() == entries
    assert past_of(path).lines()[:3] == entries[:3]
    assert len(path.read_bytes().splitlines()) == 4


def test_the_same_line_twice_and_blank_lines_are_kept_once_and_not_at_all(path: Path) -> None:
    past = past_of(path)
    for entry in ("one", "one", "  ", "two", "one"):
        past.append_string(entry)
    assert past_of(path).lines() == ["one", "two", "one"]


def test_a_line_that_begins_with_a_blank_is_not_written(path: Path) -> None:
    past = past_of(path)
    past.append_string(" set password hunter2")
    assert past.lines() == [" set password hunter2"]
    assert past_of(path).lines() == []


def test_lines_that_are_broken_are_passed_over(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b'"one"\n"half\n\xff\xfe\n[1]\n"two"\n')
    assert past_of(path).lines() == ["one", "two"]


def test_a_file_that_has_grown_long_is_cut(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsjob.shell.past._MOST", 10)
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"{json.dumps(str(number))}\n" for number in range(50)))
    assert past_of(path).lines() == [str(number) for number in range(40, 50)]
    assert len(path.read_text().splitlines()) == 10
    assert [file.name for file in path.parent.iterdir()] == ["history"]


def test_what_goes_wrong_is_told_once_and_the_lines_stay_in_memory(path: Path) -> None:
    path.mkdir(parents=True)
    past = past_of(path)
    assert past.take_trouble() == f"the history is not kept in {path}: is a directory"
    past.append_string("one")
    assert past.take_trouble() == ""
    assert past.lines() == ["one"]


def test_the_newest_line_that_begins_so_is_suggested(path: Path) -> None:
    past = past_of(path)
    for entry in ("create q 1", "create q 2", "queue q {\nprint(1)\n}"):
        past.append_string(entry)
    suggest = FromPast(past)

    def suggested(text: str) -> str | None:
        found = suggest.get_suggestion(Buffer(), Document(text))
        return None if found is None else found.text

    assert suggested("cre") == "ate q 2"
    assert suggested("create q 1") is None
    assert suggested("que") == "ue q {"
    assert suggested(" ") is None
