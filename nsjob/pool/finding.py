"""The verb that finds jobs: those in queues and the last that left, by what they are, page by page.

What is wanted, the order of the answer and the cursor know nothing of where the jobs are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

from nsjob.errors import NoSuchQueue, OptionError, brief, nearest
from nsjob.pool import reports
from nsjob.pool.job import CANCELLED, DONE, ERROR, EXPIRED, OK, RUNNING, SCHEDULED, TIMEOUT, Job
from nsjob.pool.options import count, moment, priority_number, text
from nsjob.pool.records import Found, FoundJob, JobInfo, Left
from nsjob.pool.verbs import Verbs

if TYPE_CHECKING:
    from nsjob.pool.core import Core

__all__ = ["OUTCOMES", "STATES", "Finding", "Position", "Wanted", "cursor_of", "position_at", "wanted"]

STATES = (SCHEDULED, RUNNING, DONE)
OUTCOMES = (OK, ERROR, CANCELLED, TIMEOUT, EXPIRED)
_TOGETHER = 1_000  # jobs that are told of without letting go of the lock

Position = tuple[float, str, int, str]
"""Where a job stands in the order of `find`: the time it was queued, its queue, and its id, shorter ones first.

None of them ever changes, so a position holds whatever becomes of the jobs.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs are wanted; None in a field for any.

    Attributes:
        since, until: seconds since the epoch: queued not before the one, and before the other.
        limit: how many at most.
        after: the position behind which they stand.
    """

    queue: str | None
    states: frozenset[str] | None
    outcomes: frozenset[str] | None
    topic: str | None
    subtopic: str | None
    group: str | None
    priority: int | None
    note: str | None
    since: float | None
    until: float | None
    limit: int
    after: Position | None

    def fits(self, state: str, outcome: str) -> bool:
        """Whether a job in that state, with that outcome, is wanted."""
        return (self.states is None or state in self.states) and (self.outcomes is None or outcome in self.outcomes)

    def matches(self, options: Any, position: Position) -> bool:
        """Whether a job with these options, which stands there, is wanted as far as these go.

        Arguments:
            options: whatever has the labels and the priority of a job.
        """
        return (
            (self.after is None or position > self.after)
            and (self.since is None or position[0] >= self.since)
            and (self.until is None or position[0] < self.until)
            and (self.topic is None or options.topic == self.topic)
            and (self.subtopic is None or options.subtopic == self.subtopic)
            and (self.group is None or options.group == self.group)
            and (self.priority is None or options.priority == self.priority)
            and (self.note is None or self.note in options.note)
        )


def wanted(
    *,
    queue: str | None = None,
    state: str | Iterable[str] | None = None,
    outcome: str | Iterable[str] | None = None,
    topic: str | None = None,
    subtopic: str | None = None,
    group: str | None = None,
    priority: int | str | None = None,
    note: str | None = None,
    from_: object = None,
    to: object = None,
    limit: int = 100,
) -> Wanted:
    """What `find` is asked for, checked.

    Raises:
        OptionError: a value cannot be used; says which would be right.
    """
    since = None if from_ is None else moment("from", from_)
    until = None if to is None else moment("to", to)
    if since is not None and until is not None and since > until:
        raise OptionError(f"from ({since:.3f}) is later than to ({until:.3f}): from must be the earlier one")
    for name, value in (("queue", queue), ("topic", topic), ("subtopic", subtopic), ("group", group), ("note", note)):
        if value is not None:
            text(name, value)
    return Wanted(
        queue,
        None if state is None else _some("state", state, STATES),
        None if outcome is None else _some("outcome", outcome, OUTCOMES),
        topic,
        subtopic,
        group,
        None if priority is None else priority_number("priority", priority),
        note,
        since,
        until,
        count("limit", limit, 1),
        None,
    )


def _some(name: str, value: object, known: tuple[str, ...]) -> frozenset[str]:
    words = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else []
    for word in words:
        if word not in known:
            raise OptionError(f"bad {name} {brief(word)}: must be {', '.join(known)}{nearest(word, known)}")
    if not words:
        raise OptionError(f"{name} must be one or more of {', '.join(known)}, but got {brief(value)}")
    return frozenset(words)


# -- the cursor -------------------------------------------------------------------------------------------------------


def position_of(queued: float, queue: str, id: str) -> Position:
    """The position of a job that was queued then, in seconds since the epoch."""
    return queued, queue, len(id), id  # shorter ids first: job9 before job10


def cursor_of(position: Position) -> str:
    """A position as text without spaces or signs that a shell could mind."""
    import json  # late: most programs find nothing
    from base64 import urlsafe_b64encode

    queued, queue, _, id = position
    return urlsafe_b64encode(json.dumps([queued.hex(), queue, id]).encode()).decode().rstrip("=")


def position_at(cursor: object) -> Position | None:
    """The position that a cursor stands for; None for the empty one.

    Raises:
        OptionError: it is no cursor.
    """
    if cursor == "":
        return None
    import json
    from base64 import b64decode

    try:
        data = str(text("cursor", cursor)).encode("ascii")
        queued, queue, id = json.loads(b64decode(data + b"=" * (-len(data) % 4), b"-_", validate=True))
        return position_of(float.fromhex(queued), text("cursor", queue), text("cursor", id))
    except (ValueError, TypeError, OverflowError, RecursionError):  # OptionError is a ValueError
        raise OptionError(f"cursor must be one that find returned, or empty, but got {brief(cursor)}") from None


# -- the verb ---------------------------------------------------------------------------------------------------------


class Finding(Verbs):
    """How jobs are found."""

    def find(
        self,
        *,
        queue: str | None = None,
        state: str | Iterable[str] | None = None,
        outcome: str | Iterable[str] | None = None,
        topic: str | None = None,
        subtopic: str | None = None,
        group: str | None = None,
        priority: int | str | None = None,
        note: str | None = None,
        from_: object = None,
        to: object = None,
        limit: int = 100,
        cursor: str = "",
    ) -> Found:
        """Find jobs: those in queues and, with their last known facts, the last 1,000 that left.

        They come in the order in which they were queued (of those queued at the same time: by queue, then by id). All
        that is given must hold of a job.

        A cursor stands for a position in that order, and a job keeps its position: whatever is queued, ends or leaves
        between two pages, no job comes twice, and none that is still known is passed over. Where jobs change while
        they are looked at, a page can have fewer jobs than `limit`: only the empty cursor says that there are no more.

        Arguments:
            queue: its name.
            state: one or more of `scheduled`, `running`, `done`.
            outcome: one or more of `ok`, `error`, `cancelled`, `timeout`, `expired`.
            topic, subtopic, group: exactly these labels; the empty text for jobs without.
            priority: 0 to 255, or a name.
            note: text that stands somewhere in the note.
            from_: queued at this time or later: seconds since the epoch, or a datetime with a time zone.
            to: queued before this time.
            limit: how many at most, 1 or more.
            cursor: that of the page before; the empty text for the first.

        Raises:
            OptionError, NoSuchQueue.
        """
        what = wanted(
            queue=queue, state=state, outcome=outcome, topic=topic, subtopic=subtopic, group=group, priority=priority,
            note=note, from_=from_, to=to, limit=limit,
        )  # fmt: skip
        return self._page(what, cursor)

    def _page(self, what: Wanted, cursor: str) -> Found:
        """The jobs that are wanted, behind the place that a cursor stands for."""
        core = self._core
        what = replace(what, after=position_at(cursor))
        jobs, left = core.guarded(_known, core, what.queue)
        # Outside the lock: a look at a million jobs must not hold the pool.
        page = nsmallest(what.limit + 1, _matching(core, what, jobs, left), key=lambda entry: entry[0])
        more = len(page) > what.limit
        entries = _first_of_each(page[: what.limit])
        told: list[FoundJob] = []
        for start in range(0, len(entries), _TOGETHER):
            told += core.guarded(_told, core, what, entries[start : start + _TOGETHER])
        return Found(tuple(told), cursor_of(entries[-1][0]) if more else "")


_Entry = tuple[Position, "Job | Left"]


def _known(core: Core, queue: str | None) -> tuple[list[Job], list[tuple[Any, ...]]]:
    """The jobs that there are, and those that left, the latest first. Under the lock."""
    left = [record for record in reversed(core.left) if queue is None or record[0].name == queue]
    if queue is None:
        return [job for found in core.queues.values() for job in found.table.values()], left
    named = core.queues.get(queue)
    if named is None and not left:
        raise NoSuchQueue(queue)
    return list(named.table.values()) if named is not None else [], left


def _matching(core: Core, what: Wanted, jobs: list[Job], left: list[tuple[Any, ...]]) -> Iterator[_Entry]:
    for job in jobs:
        if what.fits(job.state, job.outcome):
            position = position_of(core.wall(job._queued), job._queue.name, job.id)
            if what.matches(job._options, position):
                yield position, job
    for record in map(Left._make, left):
        if what.fits(DONE, record.outcome):
            position = position_of(core.wall(record.queued), record.queue.name, record.id)
            if what.matches(record.options, position):
                yield position, record


def _first_of_each(page: list[_Entry]) -> list[_Entry]:
    """One job for each position: a retried one has that of the run before where the clock has not moved on since."""
    return [entry for place, entry in enumerate(page) if not place or entry[0] != page[place - 1][0]]


def _told(core: Core, what: Wanted, entries: list[_Entry]) -> list[FoundJob]:
    """What is told of those that are wanted still. Under the lock."""
    found = []
    for position, known in entries:
        if isinstance(known, Left):
            info = reports.left_info(core, known)
            gone = True
        elif what.fits(known.state, known.outcome):
            info = reports.job_info(known)
            gone = known._queue.table.get(known.id) is not known
        else:
            continue
        facts = {field.name: getattr(info, field.name) for field in fields(JobInfo)}
        found.append(FoundJob(**facts, queue=position[1], queued=position[0], left=gone))
    return found
