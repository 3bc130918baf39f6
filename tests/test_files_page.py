"""Every example of docs/files.md does what the page says.

A block whose first line is a comment with a file's name is that file; in a `console` block, what follows `$` is given
to a shell in the same directory, and the lines below it are all that it prints.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CARETS = re.compile(r"^ *[~^]+\n", re.MULTILINE)  # Pythons differ in them

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the page's lines are for a POSIX shell")


def files() -> dict[str, str]:
    found = {}
    for language, block in BLOCKS:
        first = block.partition("\n")[0]
        if language != "console" and first.startswith("# "):
            found[first.removeprefix("# ")] = block
    return found


def commands() -> list[tuple[str, str]]:
    """Each command and what it prints."""
    found: list[tuple[str, str]] = []
    for language, block in BLOCKS:
        if language == "console":
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, printed = part.partition("\n")
                found.append((command, printed))
    return found


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the page's files, and a program nsjob."""
    made = tmp_path_factory.mktemp("page")
    for name, content in files().items():
        (made / name).write_text(content, encoding="utf-8")
    program = made / "bin" / "nsjob"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m nsjob "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return made


@pytest.mark.parametrize(("command", "printed"), commands(), ids=lambda text: text[:40])
def test_a_command_prints_what_the_page_says(command: str, printed: str, directory: Path) -> None:
    path = os.pathsep.join([str(directory / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])

    ended = subprocess.run(
        ["sh", "-c", command],
        cwd=directory,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=100,
    )

    assert CARETS.sub("", ended.stdout) == CARETS.sub("", printed)


def test_the_page_has_files_and_commands() -> None:
    assert len(files()) >= 8
    assert len(commands()) >= 15


def test_the_page_names_every_option_and_every_exit_code() -> None:
    from nsjob.shell.files.usage import HELP

    for option in re.findall(r"^  (--?\w[\w-]*)", HELP, re.MULTILINE):
        if option not in ("--version", "-h", "--norc"):
            assert f"`{option}" in PAGE
    for code in (0, 1, 2, 124, 130, 141, 143):
        assert re.search(rf"^\| .*\b{code}\b.* \|", PAGE, re.MULTILINE)
