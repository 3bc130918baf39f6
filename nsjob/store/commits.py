"""Commits: one thread makes all of a pool's changes, so that many of them share a transaction.

A caller waits until its change is committed. What has no caller, the end of a job or the lease of the next, rides along
with the next caller's; where none comes, it goes alone. No caller's thread is ever within a transaction: an interrupt
or Ctrl-C that lands there leaves the change whole.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from nsjob.errors import StoreDamaged, StoreUnavailable
from nsjob.pool.waiting import Park
from nsjob.store.database import Cursor, Database

__all__ = ["Commits"]

Action = Callable[[Cursor], Any]

_MOST = 1_000  # changes of one transaction
_PATIENCE = 30.0  # seconds for which a caller waits while the database cannot be used
_RIDE, _LONGEST_RIDE = 0.001, 0.02  # seconds that those without a caller wait for one, while callers come
_LONGEST_GATHERING = 0.001  # seconds
_STEADY = 0.005  # seconds between two callers that come one after the other
_MOMENT = 0.0005  # seconds without a caller after which what is held back is let go
_LONGEST_HELD = 0.004  # seconds
_AGAIN = 0.2  # seconds
_TELL_EVERY = 5.0  # seconds
_WATCH_EVERY = 0.005  # seconds
_logger = logging.getLogger("nsjob")


class _Change:
    __slots__ = ("action", "alone", "deadline", "done", "error", "park", "then", "value")

    def __init__(self, action: Action, park: Park | None, then: Callable[[Any], object] | None, alone: bool) -> None:
        self.action = action
        self.alone = alone  # whether it needs no transaction around it
        self.park = park
        self.then = then
        self.deadline = time.monotonic() + _PATIENCE
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None


class Commits:
    """The changes of one pool.

    Arguments:
        database: where to.
        head: called at the beginning of each transaction.
        tail: called at the end of each transaction, within it; what it returns is called after the commit.
        busy: whether `tail` has anything to do in the database.
        claims: what there is to be called after the commit apart from that.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        head: Callable[[], object],
        tail: Callable[[Cursor], Callable[[], object] | None],
        busy: Callable[[], bool],
        claims: Callable[[], Callable[[], object] | None],
    ) -> None:
        self._database = database
        self._head = head
        self._counted = database.dialect == "sqlite"
        self._tail = tail
        self._busy = busy
        self._claims = claims
        self._waiting: deque[_Change] = deque()
        self._riders: deque[_Change] = deque()
        self._bell = Park()
        self._wake_at = 1  # so many waiting changes are worth a wake
        self._expected = 0  # callers: as many as the last transaction had
        self._called = 0.0  # when a caller last came
        self.steady = False  # whether callers come one after the other
        self.release: Callable[[], object] = lambda: None  # lets go of what is held back while they do
        self._held_since: float | None = None
        self._quiet = False  # whether what rides along needs no wake: a look comes by itself
        self._closing = False
        self._wanted = False  # whether `tail` alone is worth a transaction
        self.made = 0  # how many there were
        self.hurry: Callable[[], bool] = lambda: False  # whether somebody waits for what rides along
        self.foreign = False  # whether others have been seen to commit, since the bell last asked
        self.watched = 0.0  # when it was last seen whether they have, by the monotonic clock
        self._version: object = None
        self._tell_at = 0.0
        self._took = 0.0  # seconds that one takes
        self._bad: _Change | None = None  # the one that is being made
        self._thread = threading.Thread(target=self._serve, name=f"{name}-store", daemon=True)
        self._thread.start()

    def do(self, action: Action) -> Any:
        """Make a change, and return its result when it is committed. It may be called more than once.

        Raises:
            StoreUnavailable, StoreDamaged: it could not be made.
            Exception: what it raised; it is not made then.
        """
        return self._done(_Change(action, Park(), None, False))

    def do_alone(self, action: Action) -> Any:
        """`do` for what is usually but one statement, and right where each of several is committed by itself."""
        return self._done(_Change(action, Park(), None, True))

    def _done(self, change: _Change) -> Any:
        if threading.current_thread() is self._thread:
            raise RuntimeError("a change cannot wait for another one")
        waiting, park = self._waiting, change.park
        assert park is not None
        waiting.append(change)
        if len(waiting) >= self._wake_at:
            self._bell.wake()
        while not change.done:
            park.sleep()
        if change.error is not None:
            raise change.error
        return change.value

    def post(self, action: Action, then: Callable[[Any], object] | None = None) -> None:
        """Make a change soon, and call `then` with its result after the commit. It is tried until it is made."""
        self._riders.append(_Change(action, None, then, False))
        if not self._quiet or self.hurry():
            self._bell.wake()

    def hold_back(self) -> None:
        """Have `release` called when no caller comes for a moment, and soon in any case. In the thread that commits."""
        if self._held_since is None:
            self._held_since = time.monotonic()

    def hasten(self) -> None:
        """Somebody waits for what rides along, now."""
        if self._quiet:
            self._bell.wake()

    def ring(self) -> None:
        """Have a transaction for the sake of `tail`."""
        self._wanted = True
        self._bell.wake()

    def close(self, timeout: float | None) -> None:
        """Make what is left, and end."""
        self._closing = True
        self._bell.wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    # -- the thread ----------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        self._database.hold()
        try:
            self._run()
        finally:
            self._database.let_go()

    def _run(self) -> None:
        waiting, riders = self._waiting, self._riders
        while True:
            if not waiting:
                self._linger()
                if not (waiting or riders or self._wanted):
                    if self._closing:
                        return
                    continue
            if self._expected > 1 and len(waiting) < self._expected:
                self._gather()
            batch: list[_Change] = []
            for source in (waiting, riders):
                while source and len(batch) < _MOST:
                    batch.append(source.popleft())
                if source is waiting:
                    self._expected = len(batch)
            self._wanted = False
            begun = time.monotonic()
            if self._expected:
                self.steady = begun - self._called < _STEADY
                self._called = begun
            elif begun - self._called >= _STEADY:
                self.steady = False
            self._commit(batch)
            now = time.monotonic()
            self._took += (now - begun - self._took) / 8
            if self._held_since is not None and now - self._held_since >= _LONGEST_HELD:
                self._release()

    def _linger(self) -> None:
        """Sleep until there is something to do.

        Where callers have just come, the next one is given the time to come: a commit of its own for what rides along
        costs more than that. Nobody needs to wake this thread for the sake of riders meanwhile.
        """
        bell = self._bell
        if self._held_since is not None and self._closing:
            self._release()
        ride = min(max(_RIDE, 2 * self._took), _LONGEST_RIDE)
        end = time.monotonic() + ride
        if end - self._called <= 4 * ride:
            self._quiet = True
            try:
                while not (self._waiting or self._closing or len(self._riders) >= _MOST):
                    if (self._riders or self._wanted) and self.hurry():
                        break
                    left = end - time.monotonic()
                    if left <= 0:
                        break
                    if self._held_since is None:
                        bell.sleep(left)
                    elif self.hurry() or not bell.sleep(min(left, _MOMENT)):
                        self._release()
            finally:
                self._quiet = False  # before the next look at the riders
        elif not (self._waiting or self._riders or self._wanted or self._closing):
            if self._held_since is not None:  # nobody comes
                self._release()
            else:
                bell.sleep()

    def _release(self) -> None:
        self._held_since = None
        self._call(self.release)

    def _gather(self) -> None:
        """Let the other callers of the last transaction come, too: those who queue job after job come back at once."""
        self._wake_at = self._expected
        end = time.monotonic() + min(self._took, _LONGEST_GATHERING)
        while len(self._waiting) < self._expected and not self._closing:
            left = end - time.monotonic()
            if left <= 0:
                break
            self._bell.sleep(left)
        self._wake_at = 1

    def _commit(self, batch: list[_Change]) -> None:
        after: Callable[[], object] | None = None
        while True:
            self._bad = None
            try:
                if len(batch) == 1 and batch[0].alone and not self._busy():
                    after = self._database.alone(partial(self._make_alone, batch[0]), _AGAIN)
                else:
                    after = self._database.transact(partial(self._make, batch), _AGAIN)
                break
            except (StoreUnavailable, StoreDamaged) as error:
                if self._bad is not None and self._database.refuses(error.__cause__):
                    batch = self._without(self._bad, batch, error)
                    if not batch:
                        return
                    continue
                batch = self._patient(batch, error)
                if not batch:
                    return
                self._tell(error)
                time.sleep(_AGAIN)
                while self._waiting and len(batch) < _MOST:  # they have the same patience
                    batch.append(self._waiting.popleft())
            except BaseException as error:
                bad = self._bad
                if bad is None:  # it was not one of these
                    _logger.exception("the store's bookkeeping failed")
                    time.sleep(_AGAIN)
                    if not batch:
                        return
                    continue
                batch = self._without(bad, batch, error)
                if not batch:
                    return
        self.made += 1
        for change in batch:  # the callers first: their threads take a while to wake
            change.done = True
            if change.park is not None:
                change.park.wake()
        for change in batch:
            if change.then is not None:
                self._call(change.then, change.value)
        if after is not None:
            self._call(after)

    def _make(self, batch: list[_Change], cursor: Cursor) -> Any:
        """All changes of a transaction, within it."""
        self._head()
        if self._counted:
            self._watch(cursor)
        for change in batch:
            self._bad = change
            change.value = change.action(cursor)
        self._bad = None
        return self._tail(cursor)

    def _make_alone(self, change: _Change, cursor: Cursor) -> Any:
        """The same for one change without a transaction around it. What `tail` would do in it comes in the next."""
        self._head()
        if self._counted:
            self._watch(cursor)
        self._bad = change
        change.value = change.action(cursor)
        self._bad = None
        self._wanted = self._busy()
        return self._claims()

    def _watch(self, cursor: Cursor) -> None:
        """See whether others have committed: this connection's own commits do not count (SQLite)."""
        now = time.monotonic()
        if now - self.watched >= _WATCH_EVERY:
            version = cursor.value("PRAGMA data_version")
            if version != self._version:
                self._version = version
                self.foreign = True
            self.watched = now

    def _without(self, bad: _Change, batch: list[_Change], error: BaseException) -> list[_Change]:
        """The changes but for one that can never be made."""
        bad.error = error
        if bad.park is None:
            _logger.error("a change of the store failed", exc_info=error)
        self._end(bad)
        return [change for change in batch if change is not bad]

    def _tell(self, error: BaseException) -> None:
        """Log what keeps the changes from being made, now and then."""
        now = time.monotonic()
        if now >= self._tell_at:
            self._tell_at = now + _TELL_EVERY
            _logger.warning("%s; it is tried again", error)

    def _patient(self, batch: list[_Change], error: BaseException) -> list[_Change]:
        """Those of the changes that are to be tried again; the others' callers get the error."""
        cause = error.__cause__
        passing = cause is not None and self._database.may_pass(cause)
        now = time.monotonic()
        patient = []
        for change in batch:
            if not self._closing and (change.park is None or (passing and now < change.deadline)):
                patient.append(change)
            else:
                change.error = error
                self._end(change)
        return patient

    @staticmethod
    def _end(change: _Change) -> None:
        change.done = True
        if change.park is not None:
            change.park.wake()

    @staticmethod
    def _call(function: Callable[..., object], *arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception:
            _logger.exception("what follows a commit failed")
