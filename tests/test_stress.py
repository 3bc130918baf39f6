"""What the pool must withstand, at a hundredth of the size of `python -m tests.stress --full`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.stress.__main__ import SCENARIOS

ROOT = Path(__file__).parents[1]


@pytest.mark.stress
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_pool_withstands(name: str) -> None:
    # A process of its own: scenarios change signal handlers and the collector, and one that hangs is ended.
    ended = subprocess.run(
        [sys.executable, "-m", "tests.stress", "--only", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=115,
        stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{name}: " in ended.stdout
    assert "violations: 0" in ended.stdout
