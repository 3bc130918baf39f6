"""End: how a job of the store ended."""

from __future__ import annotations

from typing import Any

from nsjob.pool.job import CANCELLED, ERROR, EXPIRED, OK, TIMEOUT
from nsjob.store.database import Row

__all__ = ["OUTCOMES", "End", "end_of"]

OUTCOMES = {outcome: outcome for outcome in (OK, ERROR, CANCELLED, TIMEOUT, EXPIRED)}  # the very objects


class End:
    """How a job ended, for those who wait for it here.

    Attributes:
        value: where it is at hand; else `data` is, as the store has it.
        home: the number of its queue, and `id` its id, where this pool has ended it.
    """

    __slots__ = ("attempt", "code", "data", "ended", "home", "id", "key", "outcome", "queue", "started", "value")

    def __init__(self, key: int, outcome: str, code: str, data: bytes | None, value: Any = None) -> None:
        self.key = key
        self.queue = -1  # the number of its queue, where it is to be counted
        self.home = -1
        self.id = ""
        self.outcome = outcome
        self.code = code
        self.data = data
        self.value = value
        self.started: int | None = None
        self.ended = 0
        self.attempt = 0


def end_of(row: Row) -> End:
    """The end of a job whose row says that it has ended."""
    data = row["result"]
    outcome = OUTCOMES[row["outcome"]]
    end = End(row["key"], outcome, row["code"] or "TCL_OK", None if data is None else bytes(data))
    end.started, end.ended, end.attempt = row["started"], row["ended"] or 0, row["attempt"]
    return end
