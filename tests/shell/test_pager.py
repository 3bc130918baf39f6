"""Long texts, page by page."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from nsjob.shell.view.pager import paged, pager_words, pages

LONG = "\n".join(f"line {number}" for number in range(100))


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


@pytest.fixture
def copying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pager that copies what it gets to the file that is returned."""
    copy = tmp_path / "copy"
    program = tmp_path / "pager.py"
    program.write_text(f"import sys; open({str(copy)!r}, 'wb').write(sys.stdin.buffer.read())")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("PAGER", f'"{sys.executable}" "{program}"')
    return copy


def test_a_long_text_goes_to_the_persons_pager(copying: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    paged(f"{LONG}\nend 画", 24)
    assert copying.read_text("utf-8").splitlines()[-1] == "end 画"
    assert terminal.getvalue() == ""


def test_a_text_that_fits_is_written(copying: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    paged("one\ntwo", 24)
    assert terminal.getvalue() == "one\ntwo\n"
    assert not copying.exists()


def test_where_there_is_no_terminal_nothing_is_paged(copying: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", file := io.StringIO())
    paged(LONG, 24)
    assert file.getvalue() == LONG + "\n"


@pytest.mark.parametrize("pager", ["", "cat"])
def test_an_empty_pager_turns_paging_off(pager: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("PAGER", pager)
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    paged(LONG, 24)
    assert terminal.getvalue() == LONG + "\n"


@pytest.mark.parametrize("pager", ["/nowhere/nopager", '"not closed'])
def test_where_the_pager_cannot_be_run_there_is_a_plain_one(pager: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("PAGER", pager)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\nq\n"))
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    paged(LONG, 24)
    assert "line 45" in terminal.getvalue()
    assert "line 46" not in terminal.getvalue()


def test_a_pager_that_ends_early_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("PAGER", f'"{sys.executable}" -c pass')
    monkeypatch.setattr(sys, "stdout", Terminal())
    paged("x" * 80 + "\n" + LONG * 1000, 24)


def test_the_plain_pager_shows_a_page_for_each_enter() -> None:
    shown = io.StringIO()
    answers = iter(["\n", "q\n"])
    pages("\n".join("abcdefgh"), 3, shown, lambda: next(answers))
    assert shown.getvalue() == "a\nb\n-- more: Enter, q for no more -- c\nd\n-- more: Enter, q for no more -- "


def test_the_plain_pager_ends_at_the_end_of_input_and_at_ctrl_c() -> None:
    shown = io.StringIO()
    pages("a\nb\nc", 2, shown, lambda: "")
    assert "b" not in shown.getvalue()

    def interrupted() -> str:
        raise KeyboardInterrupt

    pages("a\nb\nc", 2, shown, interrupted)
    assert "b" not in shown.getvalue()


def test_which_pager_is_the_persons_choice() -> None:
    assert pager_words({"PAGER": "most -w 'a b'"}) == ["most", "-w", "a b"]
    assert pager_words({"PAGER": "less", "TERM": "dumb"}) == []
    assert pager_words({})[0].endswith("less") or pager_words({}) == [""]
