"""Processes of the system: how a group of them is ended, and those that left it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

__all__ = ["end_group", "end_marked"]


def end_group(leader: int, number: int) -> None:
    """Send a signal to a process group, where it is there."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        pass


def end_marked(name: str, value: str) -> None:
    """Kill all processes that have this variable in their environment: daemons that left their group.

    Where the system does not show environments (all but Linux), nothing is found.
    """
    wanted = f"{name}={value}".encode()
    for _ in range(10):  # they may fork while they are looked for
        found = _marked(wanted)
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass


def _marked(wanted: bytes) -> list[int]:
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (directory / "environ").read_bytes().split(b"\0"):
                found.append(int(directory.name))
        except OSError:  # it has ended, or is somebody else's
            continue
    return found
