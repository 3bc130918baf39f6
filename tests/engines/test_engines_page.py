"""The programs of docs/engines.md run, and print what they say; each is one of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_docs import ROOT, promised

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the engines of the page need a POSIX system")

PAGE = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```py\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MODULE = next(block for block in BLOCKS if "NICED =" in block)
PROGRAMS = [block for block in BLOCKS if block is not MODULE and not block.startswith("# needs")]
ENTRY = re.search(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def title(block: str) -> str:
    found = re.search(r'engine="?([\w. :]+)', block)
    return found[1].strip() if found else ""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory where the page's own engine is installed."""
    assert ENTRY is not None
    there = tmp_path / "site"
    installed = there / "niced-1.0.dist-info"
    installed.mkdir(parents=True)
    (there / "niced.py").write_text(MODULE, encoding="utf-8")
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: niced\nVersion: 1.0\n", encoding="utf-8")
    named = ENTRY[1].replace('[project.entry-points."nsjob.engines"]', "[nsjob.engines]").replace('"', "")
    (installed / "entry_points.txt").write_text(named, encoding="utf-8")
    return there


@pytest.mark.parametrize("block", PROGRAMS, ids=title)
def test_a_program_of_the_page_runs_and_prints_what_it_promises(block: str, site: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(block, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{site}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        timeout=100,
        stdin=subprocess.DEVNULL,
    )
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == promised(block)
    assert ended.returncode == 0


def test_only_what_needs_a_cluster_is_not_run() -> None:
    assert [block.splitlines()[0] for block in BLOCKS if block.startswith("# needs")] == [
        "# needs mpi4py",
        "# needs parsl",
    ]
    for block in BLOCKS:
        compile(block, "engines.md", "exec")


def test_the_engine_of_the_page_has_thirty_lines() -> None:
    begin = MODULE.index("class Niced")
    assert len([line for line in MODULE[begin:].splitlines() if line.strip()]) <= 30
