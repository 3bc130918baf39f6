"""Ctrl-C while a command of the prompt goes on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from nsjob.shell.interrupts import Landing

__all__ = ["gentle_interrupts"]


@contextmanager
def gentle_interrupts() -> Iterator[None]:
    """While this is entered, Ctrl-C raises KeyboardInterrupt when that does no harm; the second one does so at once."""
    usual = signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not usual:
        yield
        return
    landing = Landing()
    came = 0

    def caught(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came += 1
        if came > 1:
            landing.cancel()
            raise KeyboardInterrupt
        landing.land(KeyboardInterrupt(), frame)

    signal.signal(signal.SIGINT, caught)
    try:
        yield
    finally:
        landing.cancel()
        signal.signal(signal.SIGINT, usual)
