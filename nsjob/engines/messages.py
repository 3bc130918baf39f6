"""Messages between a pool and what does its work in another process: what goes to a worker, what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from nsjob.pool.files import Contents, Entry

__all__ = [
    "MESSAGE",
    "Answer",
    "Beat",
    "Failed",
    "Forgotten",
    "Line",
    "Order",
    "Place",
    "Printed",
    "Progress",
    "Sleepy",
]


MESSAGE = b"+"
"""Before what is said on the way; an answer is a pickle alone. One that cannot be made again must be known as such."""


class Order(NamedTuple):
    """One run, for a worker.

    Attributes:
        first: how many definitions were sent before.
        definitions: the sources of those after them.
        source, filename: of a snippet; no source for a call.
        call: a function, its arguments and keyword arguments, pickled; or its module and name, and those.
        variables: values for the snippet's namespace.
        input: the job's.
        id, queue, attempt: of the job.
        position: its index in its range; None outside of ranges.
        captured: whether what it prints comes back.
        workdir: its own working directory, which is there; or the one in which it is to be made, for the files.
        files: what is to be made in it, and the contents; None where there is nothing to be made.
        keepdir: whether that stays.
    """

    first: int
    definitions: tuple[str, ...]
    source: str | None
    filename: str
    call: bytes | tuple[str, str, tuple[Any, ...], Mapping[str, Any]] | None
    variables: Mapping[str, Any] | None
    input: Any
    id: str
    queue: str
    attempt: int
    position: int | None
    captured: bool
    workdir: str
    files: tuple[tuple[Entry, ...], Contents] | None
    keepdir: bool


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


class Place(NamedTuple):
    """Where a body runs that was carried elsewhere."""

    host: str
    pid: int


class Beat(NamedTuple):
    """Of `job.heartbeat`."""


class Forgotten(NamedTuple):
    """Of a worker that was told to forget orders."""


class Sleepy(NamedTuple):
    """The body left by `job.snooze`, or by `job.requeue`."""

    seconds: float
    requeued: bool


# Where the body returned, its value, and the code where it ended by return, break or continue: a plain tuple is made
# and pickled several times faster than one with names.
Answer: TypeAlias = tuple[Any, str | None] | Failed | Sleepy
