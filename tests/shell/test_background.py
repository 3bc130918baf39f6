"""What jobs print, on its way to a screen that is a list of texts here."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsjob.shell.background import Background, Mark

Q = Mark("q", "job0")
OTHER = Mark("q", "job1")


class Sheet:
    """Takes what is shown, while it is open."""

    def __init__(self) -> None:
        self.text = ""
        self.open = threading.Event()
        self.open.set()
        self.asked = threading.Event()

    def __call__(self, take: Callable[[], str]) -> bool:
        self.asked.set()
        if not self.open.is_set():
            return False
        self.text += take()
        return True


@pytest.fixture
def sheet() -> Sheet:
    return Sheet()


def shown(sheet: Sheet, *written: tuple[Mark, str], colour: bool = False) -> list[str]:
    """The lines that come of some texts."""
    background = Background(sheet, lambda mark: f"{mark.job}: ", colour)
    for mark, text in written:
        background.write(mark, text)
    background.close()
    return sheet.text.splitlines()


def test_lines_of_several_jobs_are_marked_and_never_mixed(sheet: Sheet) -> None:
    assert shown(sheet, (Q, "one "), (OTHER, "two\n"), (Q, "line\nand "), (Q, "more\n")) == [
        "job1: two",
        "job0: one line",
        "job0: and more",
    ]


def test_a_line_without_an_end_is_shown_at_last(sheet: Sheet) -> None:
    assert shown(sheet, (Q, "no end")) == ["job0: no end"]


def test_of_a_line_that_was_written_over_the_last_state_is_shown(sheet: Sheet) -> None:
    assert shown(sheet, (Q, "10%\r20%"), (Q, "\r30%\r"), (Q, "\n")) == ["job0: 30%"]


def test_nothing_that_a_job_prints_moves_the_cursor(sheet: Sheet) -> None:
    text = "a\x1b[2Jb\x1b[31mc\x1b]0;title\x07d\x08e\x1b7f\n"
    assert shown(sheet, (Q, text)) == ["job0: abcdef"]


@given(st.text(st.characters() | st.sampled_from("\x1b[]m;0123\\\r\x07\x9b")), st.booleans())
def test_whatever_a_job_prints_only_colours_are_obeyed(text: str, colour: bool) -> None:
    sheet = Sheet()
    background = Background(sheet, lambda mark: "", colour)
    kept = background.cleaned(text.replace("\n", ""))
    without = re.sub("\x1b\\[[0-?]*[ -/]*m", "", kept) if colour else kept
    assert re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f]", without) is None


def test_colours_of_jobs_stay_where_colours_are_wanted_and_end_with_the_line(sheet: Sheet) -> None:
    assert shown(sheet, (Q, "\x1b[31mred\x1b[2J\n"), colour=True) == ["job0: \x1b[31mred\x1b[0m"]


def test_what_cannot_be_shown_yet_waits(sheet: Sheet) -> None:
    sheet.open.clear()
    background = Background(sheet, lambda mark: "", False)
    background.write(Q, "line\n")
    assert sheet.asked.wait(60)
    sheet.open.set()
    background.settle(60)
    background.close()
    assert sheet.text == "line\n"


def test_what_is_too_much_is_cut_and_counted(sheet: Sheet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsjob.shell.background._MOST", 1000)
    monkeypatch.setattr("nsjob.shell.background._LONGEST", 0)
    monkeypatch.setattr("nsjob.shell.background._STUCK", 0.001)
    monkeypatch.setattr("nsjob.shell.background._PAUSE", 0.001)
    sheet.open.clear()
    background = Background(sheet, lambda mark: "", False)
    for _ in range(300):
        background.write(Q, "123456789\n")
    sheet.open.set()
    background.close(60)
    lines = sheet.text.splitlines()
    kept = lines.count("123456789")
    assert 100 <= kept < 300
    assert lines[-1] == f"... {300 - kept} lines were cut: jobs print faster than they can be shown"


def test_many_threads_lose_nothing(sheet: Sheet) -> None:
    background = Background(sheet, lambda mark: f"{mark.job} ", False)

    def write(mark: Mark) -> None:
        for number in range(2000):
            background.write(mark, f"{number}")
            background.write(mark, "\n")

    threads = [threading.Thread(target=write, args=(Mark("q", f"{at}"),)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    background.close(60)
    lines = sheet.text.splitlines()
    for at in range(4):
        assert [line for line in lines if line.startswith(f"{at} ")] == [f"{at} {number}" for number in range(2000)]
