"""Departures: how done jobs leave their queue, and who hears of it."""

from __future__ import annotations

import logging
from functools import partial
from threading import Thread, current_thread
from threading import enumerate as threads
from typing import TYPE_CHECKING

from nsjob.pool.delays import Delays
from nsjob.pool.job import Job
from nsjob.pool.queue import JobQueue
from nsjob.pool.state import LARGE
from nsjob.pool.stores import stores
from nsjob.pool.waiting import Answer
from nsjob.snippet import TCL_ERROR

if TYPE_CHECKING:
    pass

__all__ = ["Departures"]

_LARGE_QUEUE = "queue %s holds %d done jobs that nobody waited for; configure(maxdone=N) bounds them"
_logger = logging.getLogger("nsjob")


class Departures(Delays):
    """The table, what is remembered of who left it, and the callbacks of ends."""

    def depart(self, queue: JobQueue, job: Job) -> None:
        """Let a done job leave: it was waited for, cancelled, or is one too many."""
        self.remember(job)
        if queue.req == "delete" and len(queue.table) == 1:
            self.let_go(queue)
            if self.subscriptions:
                self.tell_queue("queue deleted", queue)
        self.wake_watchers(queue)
        self.commit_departure(queue, job)
        queue.sweep()

    def let_go(self, queue: JobQueue) -> None:
        """The queue is about to be gone: its engine lets go of what it has, where no other queue has the same one."""
        if self.engines.get(f"{queue.engine_name} {queue.name}") is queue.engine:
            self.timers.soon(queue.engine.close, 0)

    @stores
    def commit_departure(self, queue: JobQueue, job: Job) -> None:
        """A done job leaves its queue's table."""
        del queue.table[job.id]
        queue.stale += 1
        if not queue.table:
            if queue.req == "delete":
                if queue.name in self.queues:
                    del self.queues[queue.name]
                    self.total -= queue.maxthreads

    def remember(self, job: Job, outcome: str = "") -> None:
        """Keep what `show`, `output` and `retry` need of a job that leaves, as Left has it, without its value."""
        self.left.append(
            (
                job._queue,
                job.id,
                job._work,
                job._options,
                outcome or job.outcome,
                TCL_ERROR if outcome else job.code,
                job.attempt,
                job._queued,
                job._started if job.attempt else 0.0,
                job._ended,
                job._particulars,
            )
        )

    def bound_done(self, queue: JobQueue) -> None:
        """Let the oldest done jobs go where there are more than `maxdone`; say so where there are very many."""
        bound = self.settings.maxdone
        while bound and queue.kept > bound:
            oldest = queue.first_done()
            if oldest is None or oldest.req != "none":
                break
            self.depart(queue, oldest)
        if queue.kept >= LARGE and not queue.said_large:
            queue.said_large = True
            self.endings.append(partial(_logger.warning, _LARGE_QUEUE, queue.name, LARGE))

    def wake_watchers(self, queue: JobQueue) -> None:
        """Wake who waits for any end in this queue, or in any."""
        queue.watchers.wake()
        self.watchers.wake()

    def call_endings(self) -> None:
        """Call what `announce` noted. Outside the lock; what it raises is logged."""
        while self.endings:
            try:
                call = self.endings.pop(0)
            except IndexError:  # another thread was faster
                return
            try:
                call()
            except BaseException:
                _logger.exception("a callback of a done job failed")

    def call_endings_elsewhere(self) -> None:
        """The same on a thread of its own: callbacks may be slow, and the timers' thread must not be."""
        if self.endings:
            try:
                Thread(target=self.call_endings, name=f"{self.name}-callbacks", daemon=True).start()
            except RuntimeError:  # no more threads can be had
                self.call_endings()

    def finish_endings(self, timeout: float | None) -> None:
        """All jobs are done: call what is still to be called, and wait for the threads that do so too."""
        if self.finishers:  # jobs that callers cancelled are told of by the timers' thread
            answer = Answer()
            self.timers.soon(self._answer, answer, len, ((),))
            if not answer.given:
                answer.park.sleep(timeout)
        self.call_endings()
        for thread in threads():
            if thread.name == f"{self.name}-callbacks" and thread is not current_thread():
                try:
                    thread.join(timeout)
                except RuntimeError:  # it has not begun, and will find that nothing is left to do
                    pass

    def rest(self) -> None:
        """All jobs of a stopping pool are done."""
        self.timers.wake()  # its thread ends
        self.idlers.wake()
