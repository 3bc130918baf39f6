"""Running: a command file from its first command to the exit code.

There is a pool from the moment on in which a command asks for it: a script without jobs starts and ends without one.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from nsjob.shell.files.stops import Stopped, Stops
from nsjob.shell.files.streams import BROKEN_PIPE, finished, reader_gone, say, show_lines_at_once
from nsjob.shell.files.telling import JsonLines, Sentences, Telling
from nsjob.shell.session import Session
from nsjob.tcl import TclError, TclInterrupted

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool
    from nsjob.shell.files.jobs import Jobs
    from nsjob.shell.files.sources import Source
    from nsjob.shell.view.terminal_face import TerminalFace
    from nsjob.store.pool import StoredPool

__all__ = ["Ways", "run"]

_BROKEN_PIPES = (("POSIX", "EPIPE"), ("PYTHON", "BrokenPipeError"))
_FAREWELL = 0.5  # seconds that interrupted jobs have after `exit`, for their `finally`


class Ways:
    """How a file is run.

    Attributes:
        json: results and messages are JSON lines.
        quiet: only errors are told.
        verbose: every event of a job is told.
        limit: seconds that all of it may take; None for any time.
        stored: whether there is a store, whose definitions the file has from its first command on.
    """

    __slots__ = ("json", "limit", "quiet", "stored", "verbose")

    def __init__(self, json: bool, quiet: bool, verbose: bool, limit: float | None, stored: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        self.verbose = verbose
        self.limit = limit
        self.stored = stored

    def telling(self) -> Telling:
        """Who tells what has to be told."""
        return JsonLines() if self.json else Sentences(self.quiet)


def run(opened: Callable[[], Pool], source: Source, name: str, words: Sequence[str], ways: Ways) -> int:
    """Run commands over a pool, which ends with them, and return the exit code.

    0: all went well. 1: the script failed, or a job that nobody waited for. `exit n`: n. 124: it took too long. 130,
    143: Ctrl-C, SIGTERM. 141: nobody reads standard output any more.

    Arguments:
        opened: returns the pool; called when a command asks for it first.
        name: what the script finds as `argv0`.
        words: what it finds as `argv`.
    """
    show_lines_at_once()
    file = _File(opened, source, ways)
    gc.freeze()  # all that is here now stays to the end
    gc.enable()
    file.session.interp.globals.vars.update(argv0=name, argv=list(words), argc=len(words), tcl_interactive=0)
    try:
        with Stops(ways.limit, file.session.interp.interrupt) as stops:
            try:
                code = file.ended(stops)
                if file.jobs is not None:
                    code = file.jobs.reported(code)
            except Stopped as stopped:  # in the very last moment
                code = stopped.code
    finally:
        if file.face is not None:
            file.face.close()
        if file.jobs is not None:
            file.jobs.close()
    failure = finished()
    if isinstance(failure, BrokenPipeError):
        return code or BROKEN_PIPE
    if failure is not None and not code:
        file.telling.note(f"cannot write to standard output: {_reason(failure)}")
        return 1
    return code


class _File:
    """A file that is run."""

    def __init__(self, opened: Callable[[], Pool], source: Source, ways: Ways) -> None:
        self.opened = opened
        self.source = source
        self.ways = ways
        self.session = Session(self.pool)
        self.telling = ways.telling()
        self.show: Callable[[Any], object] | None = _print_json if ways.json else None
        self.jobs: Jobs | None = None
        self.face: TerminalFace | None = None  # where somebody sees the progress

    def pool(self) -> Pool:
        """The pool, now that a command asks for it."""
        from nsjob.shell.files.jobs import Jobs  # late: a script without jobs does not pay for it

        pool = self.opened()
        if pool.store:
            from nsjob.shell.files.stored_jobs import StoredJobs

            self.jobs = StoredJobs(cast("StoredPool", pool), self.telling, self.ways)
        else:
            self.jobs = Jobs(pool, self.telling, self.ways)
        if not self.ways.quiet and not self.ways.json and sys.stderr is not None and sys.stderr.isatty():
            from nsjob.shell.view.terminal_face import at_terminal  # late: progress is for people

            self.face = self.session.shell.face = at_terminal(self.jobs.pool)
        return self.jobs.pool

    def ended(self, stops: Stops) -> int:
        """The exit code, when the commands and their jobs have ended, by themselves or stopped."""
        try:
            return self.run()
        except Stopped as stopped:
            return self.stopped(stopped)
        except TclInterrupted:
            if stops.stopped is None:
                raise
            return self.stopped(stops.stopped)
        except Exception as error:
            return self.fault(error)

    def run(self) -> int:
        """Evaluate the commands, and see to the jobs that are left."""
        if self.ways.stored:
            _ = self.session.shell.pool
        try:
            self.session.source(self.source, self.show)
        except TclError as error:
            return self.broken_off(error)
        except (OSError, ValueError) as error:  # by the results that were shown; ValueError: the output was closed
            return self.unwritable(error)
        except SystemExit as end:
            self.cancel(_FAREWELL)
            return _exit_code(end)
        if self.jobs is not None:
            with self.session.shell.face.waiting(self.jobs.pool.queues(), ""):
                self.jobs.wait()
        return 0

    def cancel(self, patience: float | None = None) -> None:
        """Cancel all jobs, if there are any; see Jobs.cancel."""
        if self.jobs is not None:
            self.jobs.cancel(patience)

    def broken_off(self, error: TclError) -> int:
        """The script failed."""
        if tuple(error.code[:2]) in _BROKEN_PIPES and reader_gone():
            self.cancel(_FAREWELL)
            return BROKEN_PIPE
        from nsjob.shell.files.failures import script_failure  # late: only what fails pays for it

        self.telling.script(script_failure(error, self.source, self.session.shell))
        self.cancel()
        return 1

    def fault(self, error: Exception) -> int:
        """Something went wrong that must not: whoever sees it needs to know where, to report it."""
        import traceback  # late: it should never be needed

        lines = "".join(traceback.format_exception(error)).rstrip()
        self.telling.note(f"this is a fault of nsjob, not of yours\n{lines}")
        self.cancel()
        return 1

    def unwritable(self, error: OSError | ValueError) -> int:
        """The results cannot be shown."""
        self.cancel(_FAREWELL)
        if isinstance(error, BrokenPipeError):
            return BROKEN_PIPE
        self.telling.note(f"cannot write to standard output: {_reason(error)}")
        return 1

    def stopped(self, stopped: Stopped) -> int:
        """Somebody has stopped the script, or it was late."""
        jobs = 0 if self.jobs is None else self.jobs.under_way()
        sentence = "the time limit of the file is over" if stopped.reason == "late" else stopped.reason
        if jobs:
            again = " (Ctrl-C again ends at once)" if stopped.reason == "interrupted" else ""
            sentence += f": {jobs} job{'s are' if jobs > 1 else ' is'} {self.jobs.fate if self.jobs else ''}{again}"
        self.telling.note(sentence)
        self.cancel()
        return stopped.code


def _print_json(value: Any) -> None:
    from nsjob.commands.json_lines import json_line  # late: only who asks for JSON pays for it

    print(json_line(value, getattr(sys.stdout, "encoding", None) or "utf-8"), flush=True)


def _reason(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _exit_code(end: SystemExit) -> int:
    """What `exit` or Python's sys.exit ends the program with; the system keeps eight bits of it."""
    if end.code is None or isinstance(end.code, int):
        return (end.code or 0) & 255
    say(str(end.code))
    return 1
