#!/usr/bin/env python3
"""Draws docs/prompt.svg: types a session at the real prompt, behind a pseudo-terminal, and draws the screen.

    python docs/picture.py

It needs the extra `test`.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.shell.terminal import Terminal  # noqa: E402  it is in the clone, not in what is installed

ROWS, COLUMNS = 34, 96
SESSION = [
    ("create -desc {two at a time} pages 2", "pages"),
    ("foreach n {1 2 3 4} {queue -jobid page$n -use n pages {sum(range(n * 1000))}}", None),
    ("queue pages {1 / 0}", "job0"),
    ("waitall", "ok"),
    ("queue -timeout 5s pages {", None),
    ("import time", None),
    ("for second in range(50):", None),
    ("job.progress(second, 50, 'fetching')", None),
    ("time.sleep(0.1)", None),
]


def session(home: Path) -> Terminal:
    """The prompt, with the session typed, a job that runs, and a wait for it under way."""
    terminal = Terminal(["-m", "nsjob"], home, {"PYTHONPATH": str(ROOT)}, (ROWS, COLUMNS))
    terminal.ready()
    for line, answer in SESSION:
        terminal.type(line)
        terminal.type("\r")
        if answer is not None:
            terminal.see(answer)
            terminal.ready()
        else:
            before = f"nsjob> {line}"
            terminal.until(lambda before=before: terminal.current() != before, "a new line")  # type: ignore[misc]
    terminal.type("}")
    terminal.type("\r")
    terminal.see("job1")
    terminal.ready()
    terminal.type("wait pages job1\r")
    terminal.see_match("[2-9]/50|[1-4][0-9]/50")
    return terminal


def colour(name: str) -> str | None:
    """A colour of the screen, as rich names it."""
    if name == "default":
        return None
    if len(name) == 6 and all(sign in "0123456789abcdef" for sign in name):
        return f"#{name}"
    return name.replace("bfight", "bright").replace("brown", "yellow").replace("bright", "bright_")


def drawing(terminal: Terminal) -> Console:
    """The screen, sign by sign with its colours."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    last = max(row for row, line in enumerate(terminal.lines()) if line)
    for row in range(last + 1):
        text = Text()
        for column in range(COLUMNS):
            sign = terminal.screen.buffer[row][column]  # pyte's names of colours are its own
            style = Style(
                color=colour(sign.fg),
                bgcolor=colour(sign.bg),
                bold=sign.bold,
                italic=sign.italics,
                reverse=sign.reverse,
            )
            text.append(sign.data or " ", style)
        console.print(text, no_wrap=True, overflow="crop")
    return console


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        with session(Path(home)) as terminal:
            print(terminal.text())
            drawing(terminal).save_svg(str(ROOT / "docs" / "prompt.svg"), title="nsjob")


if __name__ == "__main__":
    main()
