"""Toolbar: the live counts of a pool, for the last line of the screen. It asks the pool now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from prompt_toolkit.formatted_text import StyleAndTextTuples

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool

__all__ = ["Toolbar"]

_QUICK = 0.25  # seconds between two looks, while something happens
_SLOW = 1.0
_CALM = 20  # looks without any change, after which it is slow


class Figures(NamedTuple):
    """What is shown."""

    queues: int
    busy: int
    idle: int
    lost: int
    scheduled: int
    running: int
    done: int
    failed: int
    client: bool = False  # it runs nothing: other processes do


_NOTHING = Figures(0, 0, 0, 0, 0, 0, 0, 0)


class Toolbar:
    """What the pool does.

    Arguments:
        opened: the pool, or None where it is not there yet.
        width: tells how many columns there are.
    """

    def __init__(self, opened: Callable[[], Pool | None], width: Callable[[], int]) -> None:
        self._opened = opened
        self._width = width

    def figures(self) -> Figures:
        """The counts, now. A job counts as failed where it ended in error, ran out of time or expired."""
        pool = self._opened()
        if pool is None:
            return _NOTHING
        counts = pool.counts()
        threads = pool.threadlist()
        return Figures(
            queues=len(pool.queues()),
            busy=max(threads.numthreads - threads.numidle, 0),
            idle=threads.numidle,
            lost=threads.numlost,
            scheduled=counts.scheduled,
            running=counts.running,
            done=counts.ok + counts.error + counts.cancelled + counts.timeout + counts.expired,
            failed=counts.error + counts.timeout + counts.expired,
            client=not getattr(pool, "leases", True),
        )

    def __call__(self) -> StyleAndTextTuples:
        """The line, as wide as there is room for."""
        figures = self.figures()
        for line in (_long(figures), _short(figures), _shortest(figures)):
            if sum(len(part[1]) for part in line) <= self._width():
                return line
        return []

    async def follow(self, changed: Callable[[], object]) -> None:
        """Call `changed` whenever the counts have."""
        before = self.figures()
        calm = 0
        while True:
            await asyncio.sleep(_SLOW if calm >= _CALM else _QUICK)
            now = self.figures()
            calm = calm + 1 if now == before else 0
            if now != before:
                before = now
                changed()


def _count(number: int, what: str, style: str, join: str = " ") -> tuple[str, str]:
    return (f"class:toolbar.{style}" if number else "class:toolbar.none", f"{number:,}{join}{what}")


def _lined_up(*groups: list[tuple[str, str]]) -> StyleAndTextTuples:
    line: StyleAndTextTuples = [("", " ")]
    for place, group in enumerate(groups):
        if place:
            line.append(("class:toolbar.between", " │ "))
        for at, part in enumerate(group):
            if at:
                line.append(("", "  "))
            line.append(part)
    line.append(("", " "))
    return line


def _long(figures: Figures) -> StyleAndTextTuples:
    if figures.client:
        return _short(figures)
    return _lined_up(
        [
            _count(figures.busy, "threads busy", "running"),
            _count(figures.idle, "idle", "idle"),
            _count(figures.lost, "lost", "failed"),
        ],
        [
            _count(figures.scheduled, "scheduled", "scheduled"),
            _count(figures.running, "running", "running"),
            _count(figures.done, "done", "done"),
            _count(figures.failed, "failed", "failed"),
        ],
    )


def _short(figures: Figures) -> StyleAndTextTuples:
    return _lined_up(
        [
            _count(figures.scheduled, "scheduled", "scheduled"),
            _count(figures.running, "running", "running"),
            _count(figures.done, "done", "done"),
            _count(figures.failed, "failed", "failed"),
        ]
    )


def _shortest(figures: Figures) -> StyleAndTextTuples:
    return _lined_up(
        [
            _count(figures.scheduled, "s", "scheduled", ""),
            _count(figures.running, "r", "running", ""),
            _count(figures.done, "d", "done", ""),
            _count(figures.failed, "f", "failed", ""),
        ]
    )
