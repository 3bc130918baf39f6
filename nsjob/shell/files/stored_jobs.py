"""StoredJobs: those that a command file puts into a store. They outlive it, and others may run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nsjob.errors import StoreError, WaitTimeout
from nsjob.shell.files.jobs import Jobs

if TYPE_CHECKING:
    from nsjob.shell.files.failures import JobFailure
    from nsjob.shell.files.running import Ways
    from nsjob.shell.files.telling import Telling
    from nsjob.store.pool import StoredPool

__all__ = ["StoredJobs"]

_LOOK_AGAIN = 0.5  # seconds until a queue is found that is paused
_FAREWELL = 0.5  # seconds that interrupted jobs have before others may have them


class StoredJobs(Jobs):
    """The jobs that the file itself has queued. Other programs' jobs, which may run here too, are theirs."""

    fate = "left in the store"

    def __init__(self, pool: StoredPool, telling: Telling, ways: Ways) -> None:
        super().__init__(pool, telling, ways)
        self._stored = pool

    def _lost(self, failure: JobFailure) -> None:
        pass  # it is told of at the end, where it is the file's own

    def under_way(self) -> int:
        try:
            return sum(self._stored.own_live().values())
        except StoreError:
            return 0

    def wait(self) -> None:
        """Wait for the file's jobs; a client does not, nor does anybody for those in paused queues."""
        pool = self._stored
        while pool.leases:
            live = pool.own_live()
            if not live:
                break
            held = {queue.name: live[queue.name] for queue in pool.queuelist() if queue.name in live and queue.paused}
            busy = {queue for queue, _ in pool.running(*held)} if held else set()
            if len(held) == len(live) and not busy:
                for queue, jobs in held.items():
                    stay = "1 job of it stays" if jobs == 1 else f"{jobs} jobs of it stay"
                    self._telling.note(f"queue {queue} is paused: {stay} in the store")
                break
            try:
                pool.wait_own(_LOOK_AGAIN)
            except WaitTimeout:
                continue
        self._claim_own()
        pool.leave()

    def _claim_own(self) -> None:
        failures = self._stored.own_failures()
        if failures:
            from nsjob.shell.files.failures import job_failure  # late: only what fails pays for it

            self._failures += [job_failure(*failure) for failure in failures]

    def cancel(self, patience: float | None = None) -> None:
        """Let go of all jobs: what runs here is interrupted, and goes back to the store."""
        try:
            self._claim_own()
            self._stored.give_back(_FAREWELL)
        except StoreError as error:
            self._telling.note(str(error))
        self._stored.shutdown(wait=False)

    def reported(self, code: int) -> int:
        self.hear_out()
        self._telling.jobs(self._failures)
        return code or int(bool(self._failures))
