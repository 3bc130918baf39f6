"""The verbs about programs: exec, send, taskfile; and cleanup."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from nsjob.errors import NoSuchTask, OptionError, WrongState, brief
from nsjob.pool.job import DONE, RUNNING, Job
from nsjob.pool.options import flag, name_text, text
from nsjob.pool.verbs import Verbs, id_of
from nsjob.pool.work import Program

if TYPE_CHECKING:
    from pathlib import Path  # not more: it takes a tenth of what a pool takes to import

__all__ = ["Programs", "program_words"]

_TOGETHER = 1_000  # jobs that leave without letting go of the lock


def program_words(argv: object) -> list[str]:
    """A program and its arguments, checked."""
    if isinstance(argv, str) or not isinstance(argv, Sequence) or not argv:
        raise OptionError(f"a program and its arguments are a list, but got {brief(argv)}: it should be [program, ...]")
    words = [text("an argument", os.fspath(word) if isinstance(word, os.PathLike) else word) for word in argv]
    _no_nul(*words)
    return words


def _no_nul(*texts: str) -> None:
    if any("\0" in text for text in texts):
        raise OptionError("a program's arguments and variables cannot have NUL characters in them")


class Programs(Verbs):
    """Programs as jobs."""

    def exec(
        self,
        queue: str,
        argv: Sequence[str],
        *,
        cwd: str | os.PathLike[str] = "",
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        open_stdin: bool = False,
        **options: Any,
    ) -> Job:
        """Queue a program and return its Job; its value is the exit code, 0. Any other is an error of the job.

        Arguments:
            queue: a queue whose engine is `command`.
            argv: the program and its arguments; no shell is between.
            cwd: the directory in which it runs.
            env: variables on top of this process's.
            stdin: what it reads; nothing where None.
            open_stdin: keep its stdin open, for `send`.
            options: how to run it; see JobOptions.
        """
        words = program_words(argv)
        variables_given = dict(env or {})
        for name, value in variables_given.items():
            name_text("a variable's name", name)
            text(f"the variable {name}", value)
        _no_nul(*variables_given, *variables_given.values())
        if stdin is not None:
            text("stdin", stdin)
        flag("open_stdin", open_stdin)
        for own in ("vars", "use", "capture_output"):
            if own in options:
                raise OptionError(f"{own} is not for programs")
        found = self._find(queue)
        if found.engine_name != "command":
            raise WrongState(f"queue {queue} has the {found.engine_name} engine: programs need create -engine command")
        work = Program(words, os.fspath(cwd), variables_given, stdin, open_stdin)
        block = options.pop("block", 0)
        return self._queue(queue, work, options, block, False)

    def send(self, queue: str, job: str | Job, text_: str) -> None:
        """Write text to the stdin of a program that runs.

        Raises:
            WrongState: it does not run, or its stdin is not open.
        """
        known = self._job(queue, job)
        runner = known._runner if known.state is RUNNING else None
        engine: Any = known._queue.engine
        if runner is None or not hasattr(engine, "send"):
            raise WrongState(f"job {known.id} is no program that runs: nothing can be sent to it")
        engine.send(self._core.locked(runner.the_run), text("text", text_))

    def taskfile(self, queue: str, job: str | Job) -> Path:
        """The directory of a program's task: out.log, err.log, task.json. It is there after the job has left, too.

        Raises:
            NoSuchTask: it is not there.
        """
        found = self._find(queue)
        engine: Any = found.engine
        id = id_of(job, found)
        if not hasattr(engine, "task_directory"):
            raise NoSuchTask(id)
        return cast("Path", engine.task_directory(id))

    def cleanup(self) -> int:
        """Remove done jobs that nobody has waited for, and the directories of programs, whose time is over (`keep`).

        Returns how many of both there were.
        """
        removed: int = self._clean_jobs()
        now = time.time()
        engines: list[Any] = [engine for engine in self._core.engines.values() if hasattr(engine, "clean")]
        if self._core.depot is not None:
            self._core.depot.sweep()
        return removed + sum(int(engine.clean(now)) for engine in engines)

    def _clean_jobs(self) -> int:
        """Let the done jobs go whose time is over. Returns how many there were."""
        core = self._core
        moment = core.now()

        def is_over(job: Job) -> bool:
            keep = job._options.keep
            return keep is not None and job.state is DONE and job._ended + keep <= moment

        def leave(jobs: list[Job]) -> int:
            over = [job for job in jobs if job.req == "none" and job._queue.table.get(job.id) is job]
            for job in over:
                core.depart(job._queue, job)
            return len(over)

        tables = core.guarded(lambda: [job for queue in core.queues.values() for job in queue.table.values()])
        old = [job for job in tables if is_over(job)]  # outside the lock: there may be very many jobs
        return sum(int(core.guarded(leave, old[at : at + _TOGETHER])) for at in range(0, len(old), _TOGETHER))
