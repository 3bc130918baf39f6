"""The verb that queues many jobs at once: `queue_many`. All are checked before any is entered: all come, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from nsjob.durations import seconds
from nsjob.errors import OptionError, QueueFull, Reentered, brief
from nsjob.pool.job import Job, scheduled_job
from nsjob.pool.options import JobOptions, variables
from nsjob.pool.verbs import Verbs, bound, caller_variables, check_heartbeat, dressed
from nsjob.pool.work import Housed, Script, Work
from nsjob.snippet import COMPILED, compile_snippet

if TYPE_CHECKING:
    from nsjob.pool.files import Manifest
    from nsjob.pool.queue import JobQueue

__all__ = ["Many"]


class Many(Verbs):
    """How many jobs enter at once."""

    def queue_many(self, queue: str, items: Iterable[Any], **options: Any) -> list[Job]:
        """Queue many snippets at once, and return their Jobs in the same order: all of them, or none.

        All are checked before the first one enters, and they enter together. It costs less than as many `queue` calls.

        Arguments:
            queue: the queue's name.
            items: scripts as `queue` takes them, or pairs of a script and the options (a dict) of its job alone. A job
                may come `after` one with a `jobid` that stands before it.
            options: of all of them, as `queue` takes them. `block`: seconds to wait for room for all of them where the
                queue is full (`maxqueued`).

        Raises:
            NoSuchQueue, QueueClosed, QueueDraining, QueueFull, JobExists, SnippetError, OptionError, NoSuchJob: nothing
                was queued. A note of the error says which of the items it is about.
        """
        core = self._core
        found = self._find(queue)
        block = options.pop("block", 0)
        patience = 0.0 if block == 0 and not isinstance(block, bool) else None if block is None else seconds(block)
        use = options.pop("use", ())
        if use:
            options["vars"] = {**caller_variables(use), **(variables("vars", options.get("vars") or {}))}
        if isinstance(items, str | Mapping) or not isinstance(items, Iterable):
            raise OptionError(f"queue_many takes a list of scripts, or of (script, options) pairs, not {brief(items)}")
        made: list[Job] = []
        if "files" in options:
            options["files"] = self._manifest(options["files"])
        common = _Common(found, options, self._manifest)
        context, now = copy_context() or None, core.now()
        try:
            for item in items:
                work, own = common.known.get(item) or common.specified(item) if type(item) is str else common.pair(item)
                # Each has its own: two threads cannot be in one context.
                own_context = context if context is None else context.copy()
                made.append(scheduled_job(found, "", work, own, own_context, now, own.detached))
        except Exception as error:
            error.add_note(f"it is item {len(made)} of those given to queue_many")
            raise
        if common.captured:
            self._capture()
        if core.lock._is_owned():
            raise Reentered("queue_many")
        if not made:
            return made
        if found.maxqueued is not None and patience != 0.0 and len(made) <= found.maxqueued:
            try:
                entered: list[Job] | None = core.waits.until(
                    [found.room], lambda: core.enter_many(found, made), patience
                )
            except TimeoutError:
                entered = None
        else:
            entered = core.whole(core.enter_many, found, made)
        if entered is None:
            raise QueueFull(found.name, found.maxqueued or 0)
        self._run_immediate()
        return entered


class _Common:
    """What the items of one call share: scripts that come again are compiled once, options checked once.

    Attributes:
        known: scripts that came without options of their own, and what became of them.
        captured: whether what any of them prints is kept.
    """

    def __init__(
        self, queue: JobQueue, options: Mapping[str, Any], manifest: Callable[[object], Manifest | None]
    ) -> None:
        self._queue = queue
        self._manifest = manifest
        self._options = options
        self._dressed = queue.host is not None or queue.before is not None or queue.after is not None
        self.known: dict[str, tuple[Work, JobOptions]] = {}
        self.captured = False

    def pair(self, item: Any) -> tuple[Work, JobOptions]:
        """The work and the options of a job, from an item that is more than text.

        Raises:
            OptionError, SnippetError: it cannot be queued.
        """
        if isinstance(item, str | Script):
            return self._specified(item, dict(self._options))
        if not isinstance(item, (tuple, list)) or len(item) != 2 or type(item[1]) is not dict:
            raise OptionError(f"an item must be a script, or a pair of a script and its options, but got {brief(item)}")
        script, own = item
        if "block" in own or "use" in own:
            raise OptionError("block and use are for all items together, not for one")
        return self._specified(script, {**self._options, **own} if self._options else own.copy())

    def specified(self, script: str) -> tuple[Work, JobOptions]:
        """The same for a script that comes for the first time."""
        found = self.known[script] = self._specified(script, dict(self._options))
        return found

    def _specified(self, script: Any, given: dict[str, Any]) -> tuple[Work, JobOptions]:
        queue = self._queue
        work: Work
        if type(script) is str or isinstance(script, str):
            work = COMPILED.get(script) or compile_snippet(str(script))
            work = bound(work, queue.defaults, given)
        elif isinstance(script, Script):
            work = script
        else:
            raise OptionError(f"a script must be Python source (str), but got {type(script).__name__}")
        if self._dressed:
            work = dressed(queue, work)
        if "files" in given:
            given["files"] = self._manifest(given["files"])
        options = queue.defaults.changed(given) if given else queue.defaults
        if options.housed:
            work = Housed(work)
        if options.heartbeat is not None:
            check_heartbeat(queue)
        self.captured = self.captured or options.capture_output
        return work, options
