"""End: how a job of the store ended."""

from __future__ import annotations

from typing import Any

__all__ = ["End"]


class End:
    """How a job ended, for those who wait for it here.

    Attributes:
        value: where it is at hand; else `data` is, as the store has it.
    """

    __slots__ = ("attempt", "code", "data", "ended", "key", "outcome", "queue", "started", "value")

    def __init__(self, key: int, outcome: str, code: str, data: bytes | None, value: Any = None) -> None:
        self.key = key
        self.queue = -1  # the number of its queue, where it is to be counted
        self.outcome = outcome
        self.code = code
        self.data = data
        self.value = value
        self.started: int | None = None
        self.ended = 0
        self.attempt = 0
