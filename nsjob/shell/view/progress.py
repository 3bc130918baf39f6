"""Progress: what a terminal shows while somebody waits for jobs: how far they are, since when, and for how long yet.

`Wait` is one wait, `Display` what its terminal shows. A display outlives a wait for half a second, so that loops of
`waitany` have one display, and no terminal flickers. Who shows a prompt or a result calls `clear` before.
"""

from __future__ import annotations

import threading
import time
from _thread import allocate_lock
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from nsjob.errors import NsjobError
from nsjob.shell.view.figures import Batches, Figures, Pace, detailed
from nsjob.shell.view.gauges import Signs, Times, gauge_lines
from nsjob.shell.view.strip import Strip

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool

__all__ = ["Beat", "Display", "Pulse", "Wait"]

_DELAY = 0.3  # seconds of waiting before anything is shown
_LINGER = 0.5  # seconds for which it stays when the wait is over
_TICK = 0.15  # seconds between two drawings
_DETAILS = 0.4  # seconds between two looks at single jobs


class Beat(Protocol):
    """What makes a display look again."""

    def wake(self) -> None:
        """There is something to look at."""


class Pulse:
    """A thread that ticks while there is something to look at. It is a daemon, and sleeps otherwise.

    Arguments:
        tick: called every 0.15 seconds, until it returns False; then the next `wake` begins again.
    """

    def __init__(self, tick: Callable[[], bool]) -> None:
        self._tick = tick
        self._bell = allocate_lock()
        self._bell.acquire()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """There is something to look at."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="nsjob-progress", daemon=True)
            self._thread.start()
        try:
            self._bell.release()
        except RuntimeError:  # it is awake
            pass

    def _run(self) -> None:
        while True:
            self._bell.acquire()
            time.sleep(_TICK)
            while self._tick():
                time.sleep(_TICK)


class Display:
    """What one terminal shows of the waits for jobs of one pool.

    Entering and leaving a wait are a few stores: the pulse's thread looks, counts and draws. `_waits` and `_awake`
    are all that both sides write; a wait is entered before `_awake` is read, and looked for after that was set False.
    """

    def __init__(
        self,
        pool: Pool,
        strip: Strip,
        clock: Callable[[], float] = time.monotonic,
        pulse: Callable[[Callable[[], bool]], Beat] = Pulse,
    ) -> None:
        self.pool = pool
        self._strip = strip
        self._clock = clock
        self._pulse = pulse(self.tick)
        self._waits: dict[int, tuple[tuple[str, ...], str, float]] = {}  # queues, job, begin
        self._awake = False
        self._subject: tuple[str, ...] = ()  # the queues that are shown
        self._begun = 0.0  # when the first of these waits for them began
        self._ended = 0.0  # when the last one ended
        self._batches = Batches()
        self._paces: dict[tuple[str, str], Pace] = {}
        self._looked = 0.0  # at single jobs
        self._details: Figures | None = None
        self._signs: Signs | None = None

    # -- who waits -----------------------------------------------------------------------------------------------

    def enter(self, key: int, queues: tuple[str, ...], job: str) -> None:
        """A wait begins.

        Arguments:
            key: of the wait, for `leave`.
        """
        if not queues:
            return
        self._waits[key] = queues, job, self._clock()
        if not self._awake:
            self._begin(queues)

    def leave(self, key: int) -> None:
        """A wait is over."""
        self._waits.pop(key, None)
        self._ended = self._clock()

    def above(self, lines: str) -> None:
        """Write whole lines to the terminal, above what is shown."""
        self._strip.write_past(lines)

    def clear(self) -> None:
        """Take everything away now, and forget what is waited for."""
        self._waits.clear()
        self._awake = False
        self._strip.clear()

    def _begin(self, queues: tuple[str, ...]) -> None:
        self._subject = queues
        self._begun = self._clock()
        self._awake = True
        self._details = None
        try:
            self._batches.open(self.pool, queues)
        except NsjobError:  # the wait will tell
            pass
        self._pulse.wake()

    # -- what is shown, on the pulse's thread --------------------------------------------------------------------

    def tick(self) -> bool:
        """Look, and draw or clear what is shown. Returns whether to look again soon."""
        now = self._clock()
        waits = list(self._waits.values())
        if waits and now - self._begun >= _DELAY:
            try:
                self._draw(*waits[-1], now)
            except NsjobError:  # a queue is gone, a pool has ended: the wait will tell
                self._strip.clear()
        if self._waits or now - self._ended < _LINGER:
            return True
        self._strip.clear()
        self._awake = False
        if not self._waits:
            return False
        self._awake = True
        self._begun = now
        return True

    def _draw(self, queues: tuple[str, ...], job: str, begun: float, now: float) -> None:
        strip = self._strip
        if not strip.works:
            return
        lasts = now - begun >= _DELAY
        if lasts and queues != self._subject:
            self._subject, self._begun = queues, begun
        found = self._batches.look(self.pool, self._subject, now)
        if found is None:
            return
        if self._signs is None:
            self._signs = strip.sign("━", "="), strip.sign("─", "-")
        figures = self._with_jobs(found, job if lasts else "", now)
        strip.draw(
            gauge_lines(figures, Times(now - begun, now - self._begun), strip.width, self._signs),
            lambda: bool(self._waits),  # it may have been cleared meanwhile
        )

    def _with_jobs(self, figures: Figures, job: str, now: float) -> Figures:
        """The figures with single jobs, which are looked at less often."""
        known = self._details
        if (
            known is None
            or known.queues != figures.queues
            or (known.job.job if known.job is not None else "") != job
            or now - self._looked >= _DETAILS
        ):
            self._looked = now
            self._details = known = detailed(self.pool, figures, job, self._paces, now)
        named = len(known.others) + (known.job is not None and known.job.seconds is not None)
        unnamed = max(figures.running - named, 0)
        return replace(figures, job=known.job, others=known.others, paused=known.paused, unnamed=unnamed)


class Wait:
    """While this is entered, a display shows how far things are, if it takes longer than a moment.

    Arguments:
        queues: whose jobs are waited for.
        job: the id of the one that is waited for; empty for all.
    """

    __slots__ = ("_display", "_job", "_queues")

    def __init__(self, display: Display, queues: Sequence[str], job: str) -> None:
        self._display = display
        self._queues = tuple(queues)
        self._job = job

    def above(self, lines: str) -> None:
        """Write whole lines to the terminal, above what is shown."""
        self._display.above(lines)

    def __enter__(self) -> Self:
        self._display.enter(id(self), self._queues, self._job)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._display.leave(id(self))
        if kind is not None and not issubclass(kind, Exception):  # Ctrl-C: what comes next is written at once
            self._display.clear()
