"""Leaving: what becomes of the jobs when the person leaves the prompt, and what signals do to it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from nsjob.errors import WaitTimeout

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool

__all__ = ["Leaving", "counted", "signals"]

_ANSWERS = {"w": "wait", "W": "wait", "c": "cancel", "C": "cancel", "s": "stay", "S": "stay", "c-d": "cancel"}
_ALSO = {"enter": "stay", "escape": "stay"}


class Leaving:
    """The end of a prompt over a pool that ends with it.

    Arguments:
        choice: asks a question; see `Questions.choice`.
        wait: waits for the jobs of all queues and shows how far they are.
        say: shows a sentence.
    """

    def __init__(
        self,
        pool: Pool,
        choice: Callable[[str, Mapping[str, str]], str],
        wait: Callable[[], object],
        say: Callable[[str], object],
    ) -> None:
        self._pool = pool
        self._choice = choice
        self._wait = wait
        self._say = say

    def agreed(self) -> bool:
        """Whether the prompt may end: no jobs are left, or what the person said shall become of them is done."""
        while True:
            counts = self._pool.counts()
            if not counts.scheduled and not counts.running:
                return True
            left = _sentence(counts.running, counts.scheduled)
            them = "it" if counts.running + counts.scheduled == 1 else "them"
            try:
                answer = self._choice(f"{left}: (w)ait for {them}, (c)ancel {them}, or (s)tay? ", {**_ANSWERS, **_ALSO})
            except KeyboardInterrupt:
                return False
            except EOFError:
                answer = "cancel"
            if answer == "stay":
                return False
            if answer == "cancel":
                self.cancel()
                return True
            self._finish()

    def _finish(self) -> None:
        """Wait for all; Ctrl-C ends that, and then there is the question again."""
        for queue in self._pool.queuelist():
            if queue.paused and queue.scheduled:
                self._pool.resume(queue.name)
                self._say(f"queue {queue.name} was paused; it goes on")
        try:
            self._wait()
        except KeyboardInterrupt:
            pass

    def cancel(self) -> None:
        """Cancel all jobs. Those that do not end are left behind, with their threads."""
        counts = self._pool.counts()
        if counts.scheduled or counts.running:
            self._say(f"cancelled: {counted(counts.running + counts.scheduled)}")
        try:
            self._pool.shutdown(cancel=True, timeout=self._pool.configure().grace)
        except WaitTimeout:
            left = self._pool.counts().running
            self._say(f"{counted(left)} did not end when interrupted, and {'is' if left == 1 else 'are'} left behind")


def counted(jobs: int) -> str:
    """`1 job`, `2 jobs`."""
    return f"{jobs:,} job" if jobs == 1 else f"{jobs:,} jobs"


def _sentence(running: int, scheduled: int) -> str:
    run = "runs" if running == 1 else "run"
    wait = "waits" if scheduled == 1 else "wait"
    if not scheduled:
        return f"{counted(running)} {run}"
    if not running:
        return f"{counted(scheduled)} {wait}"
    return f"{counted(running)} {run} and {scheduled:,} {wait}"


@contextmanager
def signals(leave: Callable[[int], bool]) -> Iterator[list[int]]:
    """While this is entered, SIGTERM and SIGHUP end the prompt in order, and the second one ends the program.

    Arguments:
        leave: ends the prompt with an exit code, or says that there is none; then what runs ends by SystemExit.

    Gives the list of the signals that came.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return

    def caught(number: int, frame: FrameType | None) -> None:
        if came:
            os._exit(128 + number)
        came.append(number)
        if not leave(128 + number):
            raise SystemExit(128 + number)

    before: dict[int, Any] = {}
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and sys.platform != "win32" and signal.getsignal(number) == signal.SIG_DFL:
            before[number] = signal.signal(number, caught)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
