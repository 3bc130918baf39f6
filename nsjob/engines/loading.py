"""What keeps ctypes from crashing beside interpreters that load it.

A call through ctypes while another interpreter of the process imports it can end the process with a segmentation fault
(seen with CPython 3.14.10). So one interpreter at a time imports it, and while it does nobody here calls.
"""

from __future__ import annotations

import threading
import time

__all__ = ["LOADING", "wait_for_loading"]

_LOOK = 0.001  # seconds

LOADING = threading.Lock()
"""Held while an interpreter imports ctypes."""


def wait_for_loading() -> None:
    """Wait until no interpreter imports ctypes: for threads that an interrupt may reach, so it takes no lock."""
    while LOADING.locked():
        time.sleep(_LOOK)
