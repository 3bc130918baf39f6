"""Messages between a pool and what does its work in another process: what goes to a worker, what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Done", "Failed", "Line", "Order", "Printed", "Progress", "Sleepy"]


class Order(NamedTuple):
    """One run, for a worker.

    Attributes:
        first: how many definitions were sent before.
        definitions: the sources of those after them.
        source, filename: of a snippet; no source for a call.
        call: a function, its arguments and keyword arguments, pickled.
        variables: values for the snippet's namespace.
        input: the job's.
        id, queue, attempt: of the job.
        captured: whether what it prints comes back.
    """

    first: int
    definitions: tuple[str, ...]
    source: str | None
    filename: str
    call: bytes | None
    variables: Mapping[str, Any] | None
    input: Any
    id: str
    queue: str
    attempt: int
    captured: bool


class Done(NamedTuple):
    """The body returned; `code` where it ended by return, break or continue."""

    value: Any
    code: str | None


class Failed(NamedTuple):
    """The body raised; `traceback` is its traceback in plain data."""

    error: BaseException
    traceback: Any


class Progress(NamedTuple):
    done: float
    total: float | None
    note: str


class Line(NamedTuple):
    """Of `job.log`."""

    text: str


class Printed(NamedTuple):
    text: str


class Sleepy(NamedTuple):
    """The body left by `job.snooze`."""

    seconds: float
