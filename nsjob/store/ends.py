"""End: how a job of the store ended."""

from __future__ import annotations

from typing import Any

__all__ = ["End"]


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
