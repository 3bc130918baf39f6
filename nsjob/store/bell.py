"""Bell: how a pool hears that others have changed the store, and remembers what is due.

PostgreSQL tells by NOTIFY; SQLite has a counter that is cheap to read. Under
both is a look at the store after a while, which grows while nothing happens.
"""

from __future__ import annotations

import logging
import selectors
import threading
import time
from collections.abc import Callable
from typing import Any

from nsjob.pool.waiting import Park
from nsjob.store.commits import Commits
from nsjob.store.database import Database

__all__ = ["Bell"]

_FIRST = 0.005  # seconds between two looks
_TELL_EVERY = 5.0  # seconds
_LOOK_UP = 1.0  # seconds: how late the thread that listens may end
_logger = logging.getLogger("nsjob")


class Bell:
    """The thread of one pool that looks.

    Arguments:
        database: where.
        commits: the pool's own.
        maxpoll: seconds between two looks at most.
        look: called when something may have changed, and when nothing was heard for `maxpoll` seconds. Returns whether
            there was anything.
        tick: called often; returns in how many seconds it wants to be called again, or None.
        hear: called with what PostgreSQL tells; returns whether that is a reason to look.
        works: whether to hear of new work, too.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        maxpoll: float,
        commits: Commits,
        look: Callable[[], bool],
        tick: Callable[[], float | None],
        hear: Callable[[str], bool],
        works: bool,
    ) -> None:
        self._database = database
        self._works = works
        self._maxpoll = maxpoll
        self._commits = commits
        self._made = -1
        self._look = look
        self._tick = tick
        self._hear = hear
        self._park = Park()
        self._wanted = True
        self._closing = False
        self._changed = False
        self._version: object = None
        self._unsure = 0.0  # since when others may have committed unseen, by the monotonic clock
        self._listener: threading.Thread | None = None
        if database.dialect == "postgresql":
            self._listener = threading.Thread(target=self._listen, name=f"{name}-listen", daemon=True)
            self._listener.start()
        self._thread = threading.Thread(target=self._serve, name=f"{name}-bell", daemon=True)
        self._thread.start()

    def ring(self) -> None:
        """Look soon."""
        self._wanted = True
        self._park.wake()

    def stir(self) -> None:
        """See what is due."""
        self._park.wake()

    def close(self, timeout: float | None) -> None:
        """End."""
        self._closing = True
        self._park.wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    # -- the thread ----------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        pause = _FIRST
        last = tell_at = 0.0
        while not self._closing:
            try:
                due = self._tick()
                now = time.monotonic()
                heard = self._heard()
                if heard or self._wanted or now - last >= self._maxpoll:
                    self._wanted = False
                    last = now
                    if self._look() or heard:
                        pause = _FIRST
                wait = pause if due is None else min(pause, max(due, 0.0))
                pause = min(pause * 1.5, self._longest())
            except Exception as error:
                if not self._closing and time.monotonic() >= tell_at:
                    tell_at = time.monotonic() + _TELL_EVERY
                    _logger.warning("the store could not be looked at: %s", error)
                wait = pause = 0.5
            if self._park.sleep(wait):
                pause = _FIRST

    def _longest(self) -> float:
        # On SQLite a look at its counter is what takes the place of a message.
        return min(self._maxpoll, 0.025) if self._database.dialect == "sqlite" else self._maxpoll

    def _heard(self) -> bool:
        if self._database.dialect == "sqlite":
            return self._heard_of_sqlite()
        changed, self._changed = self._changed, False
        return changed

    def _heard_of_sqlite(self) -> bool:
        commits = self._commits
        made = commits.made
        version = self._database.version()
        now = time.monotonic()
        changed = commits.foreign
        if changed:
            commits.foreign = False
        elif version == self._version:
            # An own commit has changed it before, and none has come since that would have seen another's.
            changed = bool(self._unsure) and commits.watched <= self._unsure
            self._unsure = 0.0
        elif made == self._made == commits.made:
            changed = True
        else:
            self._unsure = now
        if changed:
            self._unsure = 0.0
        self._version, self._made = version, made
        return changed

    def _listen(self) -> None:
        """Wait for messages of PostgreSQL."""
        while not self._closing:
            connection: Any = None
            try:
                connection = self._database.listener()
                connection.execute("LISTEN nsjob")
                if self._works:
                    connection.execute("LISTEN nsjob_work")
                self.ring()  # what came before is seen
                self._hear_all(connection.pgconn)
            except Exception as error:
                if not self._closing:
                    _logger.warning("the store's messages are not heard for now: %s", error)
                    time.sleep(0.5)
            finally:
                if connection is not None:
                    connection.close()

    def _hear_all(self, pgconn: Any) -> None:
        """Hear what comes over a connection that does nothing else, until this ends or it breaks.

        By libpq itself: psycopg's way of it costs several times as much for each message.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(pgconn.socket, selectors.EVENT_READ)
            while not self._closing:
                if not selector.select(_LOOK_UP):
                    continue
                pgconn.consume_input()
                stirring = False
                while (message := pgconn.notifies()) is not None:
                    stirring = self._hear(message.extra.decode()) or stirring
                if stirring:
                    self._changed = True
                    self._park.wake()
