"""What the pool must withstand, at a hundredth of the size of `python -m tests.stress --full`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.stress.__main__ import SCENARIOS

# Not yet withstood, so not promised: bodies that do nothing but log, import, use queues and start threads. Some of them
# are not ended while they go on, and without a GIL an interrupt can still leave a queue's own lock taken.
# `python -m tests.stress --only process_locks` shows it.
WITHSTOOD = [name for name in SCENARIOS if name != "process_locks"]
ROOT = Path(__file__).parents[1]


@pytest.mark.stress
@pytest.mark.parametrize("name", WITHSTOOD)
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
