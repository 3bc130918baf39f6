"""The verbs that change jobs which have not started: edit, and move. Each makes all of its change, or none of it.

What a job is to be is checked outside the pool's lock, where that may take its time, and becomes a Draft. It is put in
where the job still is what the draft was made from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from nsjob.errors import OptionError, WrongState, brief
from nsjob.pool.backlog import HEAD, NOWHERE, Seat
from nsjob.pool.job import DONE, OK, SCHEDULED, Job
from nsjob.pool.options import NO_OPTIONS, JobOptions, flag, variables
from nsjob.pool.programs import program_words
from nsjob.pool.verbs import Verbs, check_heartbeat, dressed, id_of
from nsjob.pool.work import Bound, Call, Housed, Program, Script, Templated, Work, inner, options_of
from nsjob.snippet import Snippet, compile_snippet

if TYPE_CHECKING:
    from nsjob.pool.core import Core
    from nsjob.pool.queue import JobQueue
    from nsjob.pool.records import Left

__all__ = ["Editing", "edited"]

_NOT_EDITED = {
    "jobid": "a job keeps its id",
    "ifnew": "it is for jobs that are queued",
    "head": "move and run change a job's turn",
    "block": "it is for jobs that are queued",
    "files": "they were copied when it was queued",
    "workdir": "it was given when the job was queued",
    "lifetime": "it counts from when the job was queued",
}


class Editing(Verbs):
    """How scheduled jobs are changed."""

    def edit(
        self, queue: str, job: str | Job, script: str | Script | Sequence[str] | None = None, **options: Any
    ) -> None:
        """Change the script of a scheduled job, or its options, or both. Options that are not given stay as they are.

        The job keeps its turn; with another priority it goes behind those of that priority, unless it is to run next.

        Arguments:
            script: what it does from now on: Python source, or a Script; for a program, the program and its arguments.
            options: see JobOptions; all but `jobid`, `ifnew`, `head`, `files`, `workdir` and `lifetime`. `delay` and
                `expires` count from now; a delay of 0 is over. `after` takes the place of what the job came after.

        Raises:
            WrongState: it runs, or is done; or another job has this `unique`; or a job of `after` has failed.
            NoSuchQueue, NoSuchJob, SnippetError, OptionError.
        """
        for name, why in _NOT_EDITED.items():
            if name in options:
                raise OptionError(f"{name} cannot be edited: {why}")
        NO_OPTIONS.changed(options)  # what cannot be is said first, whatever the job is
        core = self._core
        found: JobQueue = core.guarded(self._find, queue)
        id = id_of(job, found)

        def look() -> tuple[Job, Work, JobOptions]:
            known = _scheduled(self._job(queue, id), "edited")
            return known, known._work, known._options

        while True:
            known, work, before = core.guarded(look)
            draft = edited(known.id, work, before, script, options)
            if draft.options.heartbeat is not None:
                check_heartbeat(found)
            if draft.work is not inner(work):
                work = _dressed_again(found, draft.work, work)
            if draft.options.capture_output:
                self._capture()
            change = _Change(known, known._work, before, work, draft.options, frozenset(options), draft.after)
            if core.whole(change.make):
                break
        self._run_immediate()

    def move(
        self,
        queue: str,
        job: str | Job,
        *,
        before: str | Job | None = None,
        after: str | Job | None = None,
        first: bool = False,
        last: bool = False,
    ) -> None:
        """Give a scheduled job another turn among those of its priority.

        Arguments:
            before, after: the job whose turn is to come just after it, or just before it.
            first: before all that wait with its priority; those that were queued with `head` or are to run next stay
                before it.
            last: behind all that wait with its priority.

        Exactly one of the four is given.

        Raises:
            WrongState: one of the two runs, is done, or has no turn yet, being put off or coming after other jobs; or
                they differ in priority.
            NoSuchQueue, NoSuchJob, OptionError.
        """
        flag("first", first)
        flag("last", last)
        if [before is not None, after is not None, first, last].count(True) != 1:
            raise OptionError("move takes one of before, after, first and last")
        core = self._core

        def change() -> None:
            moved = self._turn(queue, job)
            beside = before if before is not None else after
            other = self._turn(queue, beside) if beside is not None else None
            if other is moved:
                raise OptionError(f"job {moved.id} cannot be moved before or after itself: name another job")
            if other is not None and other._options.priority != moved._options.priority:
                raise WrongState(
                    f"job {moved.id} has priority {moved._options.priority} and job {other.id} "
                    f"{other._options.priority}: a job is moved among those of its priority (edit changes it)"
                )
            found = moved._queue
            backlog = found.backlog
            priority = moved._options.priority
            place = HEAD if first and _place(moved) == HEAD else priority
            core.take_out(moved)
            if other is not None:
                if other._where == NOWHERE:  # behind its key: it comes up again in its old turn
                    _come_up(found, other)
                backlog.put_beside(moved, other, 0 if before is not None else 1)
            elif first:
                backlog.put_first(moved, place)
            else:
                backlog.put(moved, place)
            backlog.sweep(found.scheduled)
            core.refresh(found)
            core.wake()

        core.whole(change)

    def _turn(self, queue: str, job: str | Job) -> Job:
        """A job that has a turn. Under the lock."""
        known = self._job(queue, job)
        self._core.recall_now()
        _scheduled(known, "moved")
        if known._where == NOWHERE and not (known._particulars is not None and known._particulars.key_parked):
            raise WrongState(
                f"job {known.id} has no turn yet: it is put off, or comes after other jobs. "
                "Only a job that waits for its turn can be moved, or be moved to"
            )
        return known


def _scheduled(job: Job, what: str) -> Job:
    if job.state is not SCHEDULED:
        raise WrongState(f"job {job.id} is {job.state}: only a scheduled job can be {what}")
    if job._particulars is not None and job._particulars.range is not None:
        raise WrongState(f"job {job.id} is a range of indexes, which cannot be {what}: cancel it and queue it anew")
    return job


# -- what a job will be -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draft:
    """What a job is to be.

    Attributes:
        work: its body, as no queue has dressed it yet; the very same object where it stays as it is.
        options: all of its options, its own values among them.
        after: the jobs of `after` as they were given; None where that stays as it is.
    """

    work: Work
    options: JobOptions
    after: tuple[Any, ...] | None


def edited(id: str, work: Work, options: JobOptions, script: object, given: dict[str, Any]) -> Draft:
    """The job's work and options with what is given put in, all checked.

    Raises:
        SnippetError, OptionError, InvalidInput.
    """
    old = options_of(work, options)
    given = dict(given)
    if "vars" in given:
        given["vars"] = variables("vars", given["vars"] or {}) or None
    new = old.changed(given)
    if "delay" in given:
        new = new.changed({"at": None})
    elif "at" in given:
        new = new.changed({"delay": 0.0})
    body = inner(work)
    made = _rewritten(id, body, script)
    if isinstance(made, Program) and ("vars" in given or "capture_output" in given):
        raise OptionError("vars and capture_output are not for programs")
    if isinstance(made, Call) and ("vars" in given or "input" in given):
        raise OptionError(f"job {id} runs a call, which has its own values: vars and input are not for it")
    plain = made.snippet if isinstance(made, Bound) else made
    if isinstance(plain, Snippet) and (made is not body or "vars" in given or "input" in given):
        made = plain if new.vars is None and new.input is None else Bound(plain, new.vars, new.input)
    if isinstance(work, Templated) and work.check is not None and "input" in given:
        work.check(new.input)
    return Draft(made, new, new.after if "after" in given else None)


def _rewritten(id: str, body: Work, script: object) -> Work:
    if script is None:
        return body
    if isinstance(body, Call):
        raise OptionError(f"job {id} runs a call, {body.source}: its script cannot be edited")
    if isinstance(body, Program):
        words = program_words(script)
        return Program(words, body.cwd, body.env, body.stdin, body.open_stdin)
    if isinstance(script, Script):
        return script
    if not isinstance(script, str):
        raise OptionError(f"script must be Python source (str), but got {type(script).__name__}")
    return compile_snippet(script if type(script) is str else str(script))


def _dressed_again(queue: JobQueue, body: Work, before: Work) -> Work:
    """Another body in the place of the one that some work has."""
    work = dressed(queue, body)
    if isinstance(before.work if isinstance(before, Templated) else before, Housed):
        work = Housed(work)
    return Templated(before.template, before.check, work) if isinstance(before, Templated) else work


# -- the change of a job ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Change:
    """All that an edit changes.

    Attributes:
        old_work, old_options: what the job had when the new ones were made from them.
        given: the names of the options that were given.
    """

    job: Job
    old_work: Work
    old_options: JobOptions
    work: Work
    options: JobOptions
    given: frozenset[str]
    after: tuple[Any, ...] | None

    def make(self) -> bool:
        """Make it. Under the lock, not where Ctrl-C could land. Returns whether the job was as it had been.

        Raises:
            WrongState, NoSuchJob, NoSuchQueue, OptionError: nothing has changed.
        """
        job, new, given = self.job, self.options, self.given
        queue = job._queue
        core = queue.core
        core.recall_now()
        _scheduled(job, "edited")
        if job._work is not self.old_work or job._options is not self.old_options:
            return False
        before = self._predecessors(core)
        self._check_unique()

        late = self._not_before(core)
        held = bool(late) or (before is not None and any(other.state is not DONE for other in before))
        place = _place(job)
        moved = new.priority != self.old_options.priority and place != HEAD
        order = job._particulars.key_parked if job._particulars is not None else 0
        if place != NOWHERE and (held or moved):
            core.take_out(job)
        elif held or moved or new.key != self.old_options.key:
            queue.gone(job)  # it waits behind its key no more, or passes on the turn that it has of it

        job._work, job._options = self.work, new
        self._follow(core, before)
        self._set_times(core, late)
        self._set_unique(queue)
        if "detached" in given:
            self._set_aside(core)

        if job._where == NOWHERE:
            if order and not held and not moved and not job.particulars().key_parked:
                queue.backlog.put_among_first(job, new.priority, order)
            elif place != NOWHERE or order or given & {"after", "delay", "at"}:
                core.admit(job)
        queue.backlog.sweep(queue.scheduled)
        core.refresh(queue)
        core.wake()
        return True

    def _predecessors(self, core: Core) -> list[Job | Left] | None:
        """The jobs that it is to come after; None where they stay."""
        if self.after is None:
            return None
        job = self.job
        found = [core._predecessor(job._queue, other) for other in self.after]
        for other in found:
            if other.state is DONE and other.outcome is not OK:
                raise WrongState(
                    f"job {job.id} cannot come after job {other.id}, which ended {other.outcome}: it would never run"
                )
        seen: set[int] = set()
        look = [other for other in found if isinstance(other, Job)]
        while look:
            other = look.pop()
            if other is job:
                raise OptionError(
                    f"after: job {job.id} would come after itself, by way of the jobs that it comes after"
                )
            if id(other) not in seen and other.state is not DONE and other._particulars is not None:
                look += [one for one in other._particulars.pending if isinstance(one, Job)]
            seen.add(id(other))
        return found

    def _check_unique(self) -> None:
        job = self.job
        unique = self.options.unique
        holder = job._queue.uniques.get(unique) if unique is not None else None
        if holder is not None and holder is not job:
            raise WrongState(f"job {job.id} cannot be unique as {brief(unique)}: job {holder.id} is that already")

    def _not_before(self, core: Core) -> float:
        """The moment of the clock to which the job is put off by what was given; 0 for none."""
        new = self.options
        if core.immediate:
            return 0.0
        until = 0.0
        if "delay" in self.given and new.delay:
            until = core.now() + new.delay
        if "at" in self.given and new.at is not None:
            until = new.at - core.epoch
        return until if until > core.now() else 0.0

    def _follow(self, core: Core, before: list[Job | Left] | None) -> None:
        """Come after these jobs, and no more after those of before."""
        if before is None:
            return
        job = self.job
        particulars = job.particulars()
        for other in particulars.pending:
            if isinstance(other, Job) and other._particulars is not None:
                others = other._particulars.dependents
                other._particulars.dependents = [one for one in others if one is not job]
        pending = [other for other in before if other.state is not DONE]
        particulars.pending = pending
        for other in pending:
            if isinstance(other, Job):
                core.follow(other, job)

    def _set_times(self, core: Core, late: float) -> None:
        job, given, new = self.job, self.given, self.options
        if "delay" in given or "at" in given:
            particulars = job.particulars()
            core.timers.cancel(particulars.start_timer)
            particulars.start_timer = particulars.not_before = None
            if late:
                core.postpone(job, late)
        if "expires" in given:
            particulars = job.particulars()
            core.timers.cancel(particulars.expiry)
            particulars.expiry = None
            if new.expires is not None and not job.attempt:
                due = core.now() + new.expires if new.expires > 0 else -new.expires - core.epoch
                particulars.expiry = core.timers.at(due, core.expire, job)

    def _set_unique(self, queue: JobQueue) -> None:
        job, old, new = self.job, self.old_options.unique, self.options.unique
        if old == new:
            return
        if old is not None and queue.uniques.get(old) is job:
            del queue.uniques[old]
        if new is not None:
            job.particulars()  # by them it is seen that the job is no plain one
            queue.uniques[new] = job

    def _set_aside(self, core: Core) -> None:
        """Let the job be waited for by its id, or not."""
        job = self.job
        queue = job._queue
        aside = self.options.detached or type(inner(self.work)) is Call
        queue.aside += aside - job._aside
        job._aside = aside
        core.wake_watchers(queue)


def _place(job: Job) -> int:
    """In whose bucket a job waits, or NOWHERE."""
    where = job._where
    return where.place if isinstance(where, Seat) else cast(int, where)


def _come_up(queue: JobQueue, job: Job) -> None:
    """Let a job that is parked behind its key wait in the backlog again, in its old turn."""
    particulars = job.particulars()
    order, particulars.key_parked = particulars.key_parked, 0
    queue.backlog.put_among_first(job, job._options.priority, order)
