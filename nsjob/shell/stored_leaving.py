"""StoredLeaving: the end of a prompt over a store. The jobs stay there; what runs in this process is asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from nsjob.errors import StoreError
from nsjob.shell.leaving import Leaving, counted

if TYPE_CHECKING:
    from nsjob.store.pool import StoredPool

__all__ = ["StoredLeaving"]

_ANSWERS = {"w": "wait", "W": "wait", "g": "give", "G": "give", "s": "stay", "S": "stay", "c-d": "give"}
_ALSO = {"enter": "stay", "escape": "stay"}
_FAREWELL = 0.5  # seconds that interrupted jobs have before others may have them
_MOMENT = 0.1  # seconds in which a job that is about to end may do so


class StoredLeaving(Leaving):
    """See Leaving."""

    def __init__(
        self,
        pool: StoredPool,
        choice: Callable[[str, Mapping[str, str]], str],
        say: Callable[[str], object],
    ) -> None:
        super().__init__(pool, choice, lambda: None, say)
        self._stored = pool

    def agreed(self) -> bool:
        pool = self._stored
        pool.drain_all()
        if pool.settled(_MOMENT):
            pool.leave()
            return True
        while True:
            running = pool.busy()
            runs, them = ("runs", "it") if running == 1 else ("run", "them")
            try:
                answer = self._choice(
                    f"{counted(running)} {runs} here: (w)ait for {them}, (g)ive {them} back to the store, or (s)tay? ",
                    {**_ANSWERS, **_ALSO},
                )
            except KeyboardInterrupt:
                answer = "stay"
            except EOFError:
                answer = "give"
            if answer == "stay":
                pool.take_again()
                return False
            if answer == "give":
                self.cancel()
                return True
            try:
                pool.settled(None)
            except KeyboardInterrupt:
                continue
            pool.leave()
            return True

    def cancel(self) -> None:
        """Let go of all jobs: what runs here is interrupted, and goes back to the store."""
        try:
            jobs = self._stored.give_back(_FAREWELL)
            if jobs:
                self._say(f"given back to the store: {counted(jobs)}")
        except StoreError as error:
            self._say(str(error))
        self._stored.shutdown(wait=False)
