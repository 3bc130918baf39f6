"""The command engine: programs, each in a process group of its own and with a directory that keeps what it wrote.

The directory of a task holds `out.log`, `err.log` and `task.json`; these, the variables TASK_ID, TASK_DIRECTORY and
TASK_METADATA, and that a task is over when its program is, are those of spork/tasker (Janet).
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from nsjob.durations import seconds
from nsjob.engines.processes import end_group, end_marked
from nsjob.engines.spawning import Child, spawn
from nsjob.errors import CommandFailed, NoSuchTask, OptionError, WrongState
from nsjob.pool.engine import EngineKind, Interrupt, Run
from nsjob.pool.job import Job
from nsjob.pool.runs import HOST
from nsjob.pool.work import Program, Work

if TYPE_CHECKING:
    from nsjob.engines.thread import Place
    from nsjob.pool.core import Core

__all__ = ["COMMAND", "CommandEngine", "LogTail"]

_KEEP = 30 * 86_400.0
_START = 10.0  # seconds that `send` waits for a program to be started
_STOPPED = {"cancel": "canceled", "kill": "canceled", "timeout": "timeout", "expire": "canceled"}
_json = json.JSONEncoder(default=str).encode
_MARK = "NSJOB_TASK"  # a variable by which processes are found that left their group


class LogTail:
    """The end of what a program wrote, as a job's output: first its stdout, then its stderr.

    Arguments:
        most: bytes.
    """

    def __init__(self, directory: Path, most: int) -> None:
        self._directory = directory
        self._most = most

    def text(self) -> str:
        """What is there now."""
        return "".join(self._tail(self._directory / name) for name in ("out.log", "err.log"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogTail) and self._directory == other._directory  # later runs go on in the same files

    __hash__ = None  # type: ignore[assignment]

    def news(self, position: Any, over: bool) -> tuple[str, Any]:
        """What has come since a position, and the new position; see Output.news."""
        places = position or (None, None)
        found = [
            self._news(self._directory / name, place, over)
            for name, place in zip(("out.log", "err.log"), places, strict=True)
        ]
        return "".join(text for text, _ in found), tuple(place for _, place in found)

    def _news(self, path: Path, place: int | None, over: bool) -> tuple[str, int | None]:
        try:
            with path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                begin = max(size - self._most, 0) if place is None else place if place <= size else 0
                file.seek(begin)
                data = file.read(size - begin)
        except OSError:  # it is not there yet, or has been cleaned up
            return "", place
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(data, final=over)
        return text, begin + len(data) - len(decoder.getstate()[0])  # what is left of a character comes with its rest

    def _tail(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(size - self._most, 0))
                return file.read(self._most).decode("utf-8", "replace")
        except OSError:  # it has been cleaned up
            return ""


class Task:
    """A program that runs."""

    def __init__(self, process: Child, mark: str) -> None:
        self.process = process
        self.mark = mark
        self.stdin: IO[bytes] | None = None
        self.asked = 0.0

    def end(self, forced: bool) -> None:
        """Ask its process group to end, or end it."""
        end_group(self.process.pid, signal.SIGKILL if forced else signal.SIGTERM)


class CommandEngine:
    """The programs of one queue.

    Arguments:
        options: spool (the directory of the tasks' directories; a temporary one where none is given), keep (seconds
            for which those of ended tasks are kept, unless their jobs say otherwise).
    """

    def __init__(self, core: Core, queue: str, options: Mapping[str, Any]) -> None:
        self._core = core
        self._queue = queue
        self._keep: float = options.get("keep", _KEEP)
        self._given: Path | None = options.get("spool")
        self._made: Path | None = None
        self._lock = threading.Lock()
        self._begun = threading.Condition()  # told whenever a program has started, or a run is over

    def check(self, work: Work) -> None:
        """Only programs run here."""
        if type(work) is not Program:
            raise OptionError(f"queue {self._queue} has the command engine, which runs programs: exec queues them")

    def perform(self, run: Run, work: Work) -> Any:
        """Run the program to its end."""
        assert type(work) is Program
        place: Place = run.slot
        shielded = place.shield()
        try:
            return self._run(run, work)
        finally:
            if shielded:
                place.unshield()

    def _run(self, run: Run, program: Program) -> int:
        core = self._core
        job = run.job
        path = self.directory(job.id)
        directory = str(path)
        try:
            os.mkdir(directory)
        except OSError:  # it is there, or what it stands in is not
            path.mkdir(parents=True, exist_ok=True)
        core.locked(self._show, job, path)
        record = _record(run, program, core.wall(core.now()))
        mark = f"{os.getpid()}-{time.time_ns()}-{job.id}"
        how = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if run.attempt > 1 else os.O_TRUNC)
        with contextlib.ExitStack() as stack:
            logs = []
            for name in ("out.log", "err.log"):
                logs.append(os.open(f"{directory}/{name}", how, 0o666))
                stack.callback(os.close, logs[-1])
            try:
                process = self._started(program, directory, record, mark, *logs)
            except OSError as error:
                record.update(status="error", reason=str(error), ended=core.wall(core.now()))
                _write(directory, record)
                why = (error.strerror or str(error)).lower()
                name = errno.errorcode.get(error.errno or 0, "UNKNOWN")
                raise CommandFailed(f'couldn\'t execute "{program.argv[0]}": {why}', ("POSIX", name, why)) from None
        record["pid"] = process.pid
        job._ran_at = HOST, process.pid
        _write(directory, record)
        task = Task(process, mark)
        if program.stdin is not None or program.open_stdin:
            _feed(task, program)
        with self._begun:
            run.remote = task
            self._begun.notify_all()
        try:
            code = process.wait()
        finally:
            run.remote = None
            if task.stdin is not None:
                _shut(task.stdin)
        if task.asked:  # what it left behind goes with it
            end_group(process.pid, signal.SIGKILL)
            end_marked(_MARK, mark)
        status = _STOPPED.get(run.reason or "") or ("done" if code == 0 else "error")
        record.update(status=status, exitcode=code, ended=core.wall(core.now()))
        keep = job.options.keep
        record["expires"] = record["ended"] + (self._keep if keep is None else keep)
        _write(directory, record)
        if code:
            raise CommandFailed.of(program.argv[0], process.pid, code, _last_line(path / "err.log"))
        return 0

    def _started(
        self, program: Program, directory: str, record: Mapping[str, Any], mark: str, out: int, err: int
    ) -> Child:
        own = {
            **program.env,
            "TASK_ID": record["id"],
            "TASK_DIRECTORY": directory,
            "TASK_METADATA": _json(record["metadata"]),
            _MARK: mark,
        }
        environment = os.environb.copy()  # as bytes: to decode all that and encode it again takes long
        environment.update({os.fsencode(name): os.fsencode(value) for name, value in own.items()})
        piped = program.stdin is not None or program.open_stdin
        return spawn(program.argv, environment, record["cwd"], piped, out, err)

    def _show(self, job: Job, directory: Path) -> None:
        job.particulars().output = LogTail(directory, self._core.settings.maxoutput)

    # -- directories ---------------------------------------------------------------------------------------------

    def spool(self) -> Path:
        """The directory of the tasks' directories."""
        with self._lock:
            if self._given is not None:
                return self._given
            if self._made is None:
                self._made = Path(tempfile.mkdtemp(prefix="nsjob-"))
            return self._made

    def directory(self, id: str) -> Path:
        """A task's directory."""
        name = quote(id, safe="")
        return self.spool() / quote(self._queue, safe="") / (name if name.strip(".") else name.replace(".", "%2E"))

    def task_directory(self, id: str) -> Path:
        """The same, where it is there.

        Raises:
            NoSuchTask: it is not.
        """
        found = self.directory(id)
        if not (found / "task.json").is_file():
            raise NoSuchTask(id)
        return found

    def clean(self, now: float) -> int:
        """Remove the directories of tasks whose time is over, and return how many.

        Arguments:
            now: seconds since the epoch.
        """
        removed = 0
        top = self.spool() / quote(self._queue, safe="")
        for directory in top.iterdir() if top.is_dir() else []:
            try:
                record = json.loads((directory / "task.json").read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            expires = record.get("expires") if isinstance(record, dict) else None
            if isinstance(expires, int | float) and expires <= now:
                shutil.rmtree(directory, ignore_errors=True)
                removed += 1
        return removed

    # -- a task that runs ----------------------------------------------------------------------------------------

    def send(self, run: Run, text: str) -> None:
        """Write to the program's stdin.

        Raises:
            WrongState: it takes none.
        """
        with self._begun:
            self._begun.wait_for(lambda: run.remote is not None or run.ended or run.error is not None, _START)
        task: Task | None = run.remote
        if task is None or task.stdin is None:
            raise WrongState(f"job {run.job.id} reads nothing: exec -open keeps a program's stdin open for send")
        try:
            task.stdin.write(text.encode())
            task.stdin.flush()
        except (OSError, ValueError):
            raise WrongState(f"job {run.job.id} has closed its stdin") from None

    def interrupt(self, run: Run, reason: Interrupt) -> bool:
        """End the process group: gently at first, then not."""
        task: Task | None = run.remote
        if task is None:
            return False
        now = self._core.now()
        if not task.asked:
            task.asked = now
            task.end(forced=False)
        elif now - task.asked >= self._core.settings.grace:
            task.end(forced=True)
        return True

    def where(self, run: Run) -> str:
        """The program that runs."""
        task: Task | None = run.remote
        return f"program {run.work.source}, pid {task.process.pid}" if task is not None else ""

    def abandon(self, run: Run) -> None:
        """Kill it."""
        task: Task | None = run.remote
        if task is not None:
            task.asked = task.asked or self._core.now()
            task.end(forced=True)

    def close(self, timeout: float | None) -> None:
        """The directories stay, save the temporary ones."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def _record(run: Run, program: Program, now: float) -> dict[str, Any]:
    options = run.options
    return {
        "id": run.job.id,
        "queue": run.job.queue,
        "argv": list(program.argv),
        "cwd": program.cwd or run.workdir,
        "note": options.note,
        "input": program.stdin,
        "metadata": dict(options.metadata),
        "attempt": run.attempt,
        "queued": run.core.wall(run.job._queued),
        "started": now,
        "ended": None,
        "expires": None,
        "pid": None,
        "exitcode": None,
        "status": "running",
    }


def _write(directory: str, record: Mapping[str, Any]) -> None:
    """Write the record whole or not at all."""
    # A line for each field, and each written by itself: json's own indentation is done in Python, ten times as slow.
    lines = ",\n".join([f'  "{name}": {_json(value)}' for name, value in record.items()])
    path = f"{directory}/task.json"
    with open(f"{path}.new", "wb", buffering=0) as file:
        file.write(f"{{\n{lines}\n}}\n".encode())
    os.replace(f"{path}.new", path)


def _feed(task: Task, program: Program) -> None:
    """Give the program its input: on a thread, for it may never read it."""
    stdin = task.process.stdin
    assert stdin is not None
    if program.open_stdin:
        task.stdin = stdin
    text = (program.stdin or "").encode()

    def write() -> None:
        try:
            stdin.write(text)
            stdin.flush()
        except (OSError, ValueError):  # it has ended, or closed it
            pass
        if not program.open_stdin:
            _shut(stdin)

    threading.Thread(target=write, name="nsjob-stdin", daemon=True).start()


def _shut(stdin: IO[bytes]) -> None:
    try:
        stdin.close()
    except OSError:
        pass


def _last_line(path: Path) -> str:
    """What the program said last, shortened."""
    lines = LogTail(path.parent, 4096)._tail(path).strip().splitlines()
    return lines[-1][:200] if lines else ""


def _path(name: str, value: Any) -> Path:
    if not isinstance(value, str | os.PathLike) or not str(value):
        raise OptionError(f"{name} must be the name of a directory, but got {value!r}")
    return Path(value).expanduser().absolute()


def _missing() -> str:
    return "" if os.name == "posix" else f"it needs process groups, which {sys.platform} has not"


COMMAND = EngineKind(
    CommandEngine,
    {"spool": _path, "keep": lambda name, value: seconds(value)},
    "a program in a process group of its own, with a directory that keeps what it wrote",
    _missing,
)
