"""Serving: which of a store's jobs a pool takes, and how long those may run that do not say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nsjob.errors import OptionError, brief
from nsjob.pool.options import name_text
from nsjob.store import sql

if TYPE_CHECKING:
    from nsjob.pool.options import JobOptions
    from nsjob.store.queues import StoredQueue

__all__ = ["Serving"]


class Serving:
    """What a pool takes.

    Arguments:
        queues: the names of the queues that it serves; none for all. They need not be there yet.
        topics: the topics that it serves, `TOPIC` or `TOPIC/SUBTOPIC`; none for all jobs, also those without a topic.
        timeout: seconds that a run may take of a job that has no time limit of its own; None for any time.

    Attributes:
        stopped: nothing more is taken.
        by_topic: whether only jobs of some topics are.
        values: the parameters of its statements.
    """

    def __init__(self, queues: Sequence[str] = (), topics: Sequence[str] = (), timeout: float | None = None) -> None:
        self.queues = frozenset(_names("queues", queues))
        self.topics = tuple(_names("topics", topics))
        self.timeout = timeout
        self.stopped = False
        pairs: list[tuple[str, str | None]] = []
        for topic in self.topics:
            pairs.append((topic, None))
            first, slash, rest = topic.partition("/")
            if slash and first and rest:
                pairs.append((first, rest))
        self.by_topic = bool(pairs)
        self._shape = [subtopic is not None for _, subtopic in pairs]
        self.values: dict[str, str] = {}
        for place, (topic, subtopic) in enumerate(pairs):
            self.values[f"topic{place}"] = topic
            if subtopic is not None:
                self.values[f"subtopic{place}"] = subtopic
        self.candidates = sql.candidates(self._shape)
        self.in_order = sql.in_order(self._shape)
        self.queues_with_work = sql.queues_with_work(self._shape)
        self.has_work = sql.has_work(self._shape)
        self.live = sql.live_jobs(self._shape)

    def __call__(self, queue: StoredQueue) -> bool:
        """Whether jobs of that queue are taken."""
        return not self.stopped and self.covers(queue)

    def covers(self, queue: StoredQueue) -> bool:
        """Whether that queue is one of those that are served."""
        return not self.queues or queue.name in self.queues

    def lease(self, dialect: str) -> str:
        """The statement that takes jobs."""
        return sql.lease(dialect, self._shape)

    def limited(self, options: JobOptions) -> JobOptions:
        """Options of a job as they hold here."""
        if self.timeout is None or options.timeout is not None:
            return options
        return options.changed({"timeout": self.timeout})


def _names(label: str, given: Sequence[str]) -> list[str]:
    if isinstance(given, str) or not isinstance(given, list | tuple | set | frozenset):
        raise OptionError(f"{label} takes a list of names, but got {brief(given)}")
    return [name_text(label, name) for name in given]
