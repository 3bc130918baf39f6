"""Range: a job over many indexes, how far it is, and its stand in the backlog of its queue.

No index has a job before there is a slot for it: the Range waits in the backlog in their place, and whoever comes to
start it makes the job of the next index. What has ended is kept as runs of indexes, and particulars of a few.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, cast
from weakref import ref

from nsjob.errors import RangeFailed
from nsjob.pool.indexes import IndexSet
from nsjob.pool.job import CANCELLED, OK, RUNNING, Job
from nsjob.pool.work import Call, Hooked, Hosted, Housed, Work, inner

if TYPE_CHECKING:
    from nsjob.pool.backlog import Seat
    from nsjob.pool.options import JobOptions
    from nsjob.pool.runs import Past

__all__ = ["KEPT", "MARGIN", "Range", "work_for"]

KEPT = 1_000  # failed indexes, the first ones, and succeeded ones, the latest, whose runs are remembered
MARGIN = 16  # how many indexes beyond a queue's maxthreads may be under way: waiting for a retry, or for other jobs


class Range:
    """The indexes of one job. It has what the backlog looks at in a job. Everything is guarded by the pool's lock.

    Arguments:
        job: the one entry of the queue that stands for all of them.
        indexes: all of them.
        most: how many may be under way at once; 0 for as many as the queue's cap allows.
        succeeded: those that need not run.

    Attributes:
        state: `scheduled` while it waits in the backlog or behind its key, else another one.
        held: whether it may not wait there yet: it comes after other jobs, or is put off.
        next: whether it was told to go before all that wait.
        began: whether it has waited in the backlog; from then on it keeps its turn.
        expired: whether its lifetime is over.
        active: the jobs of the indexes that are under way.
        failures, successes: the last runs of some that failed and of some that succeeded.
        error: of the index that failed first, and `first` is that one.
    """

    __slots__ = (
        "_job",
        "_where",
        "active",
        "began",
        "cancelled",
        "error",
        "expired",
        "failed",
        "failures",
        "first",
        "held",
        "indexes",
        "most",
        "next",
        "pending",
        "state",
        "succeeded",
        "successes",
    )

    def __init__(self, job: Job, indexes: IndexSet, most: int, succeeded: IndexSet | None = None) -> None:
        self._job = ref(job)
        self.indexes = indexes
        self.most = most
        self.state = RUNNING
        self._where: int | Seat | None = -1
        self.held = True
        self.next = False
        self.began = False
        self.expired = False
        self.succeeded = succeeded.copy() if succeeded is not None else IndexSet()
        self.pending = indexes - self.succeeded
        self.active: dict[int, Job] = {}
        self.failed = IndexSet()
        self.cancelled = IndexSet()
        self.failures: dict[int, Past] = {}
        self.successes: OrderedDict[int, Past] = OrderedDict()
        self.error: BaseException | None = None
        self.first = -1

    @property
    def job(self) -> Job:
        """The one entry of the queue, while it is there: a Range that is remembered keeps no value of a job."""
        return cast(Job, self._job())

    @property
    def _options(self) -> JobOptions:
        return self.job._options

    def again(self, job: Job) -> Range:
        """The range of a job that runs those that did not succeed."""
        return Range(job, self.indexes, self.most, self.succeeded)

    def may_begin(self, maxthreads: int) -> bool:
        """Whether one more index may be under way, in a queue with that cap."""
        return not self.held and bool(self.pending) and len(self.active) < (self.most or maxthreads + MARGIN)

    def over(self) -> bool:
        """Whether all indexes have ended."""
        return not self.active and not self.pending

    def drop_pending(self) -> None:
        """What has not begun never will."""
        self.cancelled |= self.pending
        self.pending = IndexSet()

    def settle(self, index: int, outcome: str, error: object, past: Past | None) -> None:
        """An index has ended, with that as its last run."""
        del self.active[index]
        if outcome is OK:
            self.succeeded.add(index)
            if past is not None:
                self.successes[index] = past
                if len(self.successes) > KEPT:
                    self.successes.popitem(last=False)
        elif outcome is CANCELLED:
            self.cancelled.add(index)
        else:
            self.failed.add(index)
            if past is not None and len(self.failures) < KEPT:
                self.failures[index] = past
            if self.error is None and isinstance(error, BaseException):
                self.error, self.first = error, index

    def ended(self) -> int:
        """How many indexes have ended."""
        return len(self.succeeded) + len(self.failed) + len(self.cancelled)

    def note(self) -> str:
        """What progress says beside the numbers."""
        return f"{len(self.failed)} failed" if self.failed else ""

    def value(self) -> dict[str, str]:
        """What the waiter gets: what became of the indexes."""
        return {"succeeded": str(self.succeeded), "failed": str(self.failed), "cancelled": str(self.cancelled)}

    def failure(self) -> RangeFailed:
        """What the waiter gets where some failed."""
        some = f"{len(self.failed)} of {len(self.indexes)} indexes of job {self.job.id} failed: {self.failed.brief()}"
        if self.cancelled:
            some += f"; {len(self.cancelled)} were cancelled: {self.cancelled.brief()}"
        made = RangeFailed(some, self.first)
        made.__cause__ = self.error
        self.error = None
        return made


def work_for(work: Work, index: int) -> Work:
    """The work of one index: a function is called with it; a script is the same for all, and finds `job.index`."""
    return _called(work, index) if type(inner(work)) is Call else work


def _called(work: Any, index: int) -> Work:
    if type(work) is Housed:
        return Housed(_called(work.work, index))
    if type(work) is Hosted:
        return Hosted(work.host, _called(work.work, index))
    if type(work) is Hooked:
        return Hooked(work.before, _called(work.work, index), work.after)
    return Call(work.function, (index,), {})
