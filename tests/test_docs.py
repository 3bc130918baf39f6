"""Every Python example in the README and in docs/ runs, and prints what it says it prints.

The ```python blocks of a page are one program, run in order in a new process and an empty directory. A comment that
begins with `# ->` is a line that the program must have printed; those of a page, in order, are all its output.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")


def program(page: str) -> str:
    """The page's Python blocks, each on the lines where the page has it, so that a traceback names the page's line."""
    kept = []
    inside = False
    for line in page.splitlines():
        fence = line.startswith("```")
        if fence:
            inside = not inside and line == "```python"
        kept.append(line if inside and not fence else "")
    return "\n".join(kept) + "\n"


def promised(source: str) -> list[str]:
    return re.findall(r"# -> (.*)$", source, re.MULTILINE)


def with_examples() -> list[Path]:
    return [page for page in PAGES if program(page.read_text(encoding="utf-8")).strip()]


@pytest.mark.parametrize("page", with_examples(), ids=lambda page: page.name)
def test_the_examples_of_a_page_run_and_print_what_they_promise(page: Path, tmp_path: Path) -> None:
    source = program(page.read_text(encoding="utf-8"))
    script = tmp_path / page.with_suffix(".py").name
    script.write_text(source, encoding="utf-8")
    empty = tmp_path / "empty"
    empty.mkdir()

    ended = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=empty,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        stdin=subprocess.DEVNULL,
    )

    assert ended.stderr == ""
    assert ended.stdout.splitlines() == promised(source)
    assert ended.returncode == 0


def test_a_fence_of_another_language_is_no_example() -> None:
    assert program("```sh\nrm x\n```\ntext\n```python\nx = 1\n```\n").strip() == "x = 1"


def test_the_readme_has_two_commands_and_each_makes_its_own_environment() -> None:
    commands = re.findall(r"^```sh\n(.*?)^```$", PAGES[0].read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)

    assert len(commands) == 2
    assert all(command.startswith("python3 -m venv .venv") for command in commands)
    assert "examples/census.nsj" in commands[0]
    assert "pytest" in commands[1]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_the_links_of_a_page_lead_to_files_that_are_there(page: Path) -> None:
    missing = [
        target for target in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / target).exists()
    ]

    assert missing == []
