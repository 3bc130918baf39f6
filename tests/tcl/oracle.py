"""Two ways to run a script: real Tcl (a `tclsh` that stays, answering over pipes) and ours. Both give an Answer."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

__all__ = ["NO_TCLSH", "TCLSH", "Answer", "Ours", "Tclsh"]

RECORDED = "8.6.13"  # whose answers are recorded: others word some messages differently


def real_tcl() -> str | None:
    """The path of a tclsh of the recorded version, or None."""
    for name in ("tclsh8.6", "tclsh"):
        path = shutil.which(name)
        if path is not None:
            asked = subprocess.run([path], input="puts [info patchlevel]", capture_output=True, text=True, check=False)
            if asked.stdout.strip() == RECORDED:
                return path
    return None


TCLSH = real_tcl()
NO_TCLSH = f"there is no tclsh {RECORDED}"
SECONDS = 10.0  # what a script may take
SERVER = Path(__file__).with_name("oracle.tcl")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a script.

    Attributes:
        end: `ok`, `error`, `exit` (the process ended, `result` is its status), `timeout`, `crash` (a Python exception).
        result: the result, or the error's message.
        code: errorCode, as a list's text; empty unless it is an error.
        info: errorInfo; empty unless it is an error, and where it is not known.
    """

    end: str
    result: str
    code: str = ""
    info: str = ""

    def agrees(self, other: Answer) -> bool:
        """Whether all but errorInfo is the same.

        Which of some error codes `can't read` and `can't unset` have depends in Tcl on how the script was compiled.
        """
        if (self.end, self.result) != (other.end, other.result):
            return False
        unread = (
            self.result.startswith(("can't read", "can't unset"))
            and self.code[:9] in UNREAD
            and other.code[:9] in UNREAD
        )
        return unread or self.code == other.code

    def traces(self, other: Answer) -> bool:
        """Whether errorInfo is the same, as far as this one, real Tcl's, is known."""
        return self.info in ("", other.info)


UNREAD = {"TCL LOOKU", "TCL READ ", "TCL UNSET"}
# What the top level makes of completion codes that nobody took. A child interpreter hands them to its parent instead.
STRAY = {"3": 'invoked "break" outside of a loop', "4": 'invoked "continue" outside of a loop'}


def answer(end: str, result: str, code: str = "", info: str = "") -> Answer:
    """An answer without what differs from one run to the next: the numbers of processes and channels."""
    if "CHILD" in code:
        code = CHILD.sub(r"\1 PID", code)
    return Answer(end, CHANNEL.sub("fileN", result), CHANNEL.sub("fileN", code), CHANNEL.sub("fileN", info))


CHILD = re.compile(r"(CHILD[A-Z]+) \d+")
SYNTAX = re.compile(r"missing (close-brac|\"|\))|extra characters after close-")
CHANNEL = re.compile(r"\bfile\d+\b")


def answer_of(code: str, result: str, errorcode: str, info: str) -> Answer:
    if code == "0":
        return answer("ok", result)
    if code == "1":
        # A syntax error leaves errorCode as it is, be it from something that was no error in the end.
        stale = errorcode == "TCL READ VARNAME" and SYNTAX.match(result)
        return answer("error", result, "NONE" if stale else errorcode, info)
    message = STRAY.get(code, f"command returned bad code: {code}")
    return Answer("error", message, f"TCL UNEXPECTED_RESULT_CODE {code}")


class Tclsh:
    """Real Tcl: one process for many scripts, each in an interpreter without traces of those before.

    A script that ends the process, or takes too long, costs a new process. Use as a context manager.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        if TCLSH is None:
            raise FileNotFoundError("there is no tclsh")
        self._seconds = seconds
        self._directory = tempfile.mkdtemp(prefix="nsjob-tcl-")
        self._process: subprocess.Popen[bytes] | None = None
        self._requests = self._answers = -1
        self._pending = b""

    def __enter__(self) -> Tclsh:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def run(self, script: str) -> Answer:
        """Return what one script comes to."""
        return self.run_all([script])[0]

    def run_all(self, scripts: Iterable[str]) -> list[Answer]:
        """Return what each of the scripts comes to; the next is on its way while one runs."""
        waiting = list(scripts)
        found: list[Answer] = []
        while len(found) < len(waiting):
            self._start()
            sent = len(found)
            try:
                for at in range(len(found), len(waiting)):
                    while sent < len(waiting) and sent < at + 100:
                        self._send(waiting[sent : sent + 50])
                        sent = min(sent + 50, len(waiting))
                    found.append(self._next())
            except (TimeoutError, EOFError, BrokenPipeError) as error:
                status = self._stop()
                ended = Answer("timeout", "") if isinstance(error, TimeoutError) else Answer("exit", str(status))
                found.append(ended)
        return found

    def _start(self) -> None:
        if self._process is not None:
            return
        theirs_in, self._requests = os.pipe()
        self._answers, theirs_out = os.pipe()
        self._pending = b""
        assert TCLSH is not None
        self._process = subprocess.Popen(
            [TCLSH, str(SERVER), f"/dev/fd/{theirs_in}", f"/dev/fd/{theirs_out}", self._directory],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )
        os.close(theirs_in)
        os.close(theirs_out)

    def _stop(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        os.close(self._requests)
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            process.kill()
        os.close(self._answers)
        return process.wait()

    def _send(self, scripts: list[str]) -> None:
        message = "".join(written(script) + "\n" for script in scripts).encode("utf-8", "surrogatepass")
        sender = threading.Thread(target=self._write, args=(message,)) if len(message) > 30_000 else None
        if sender is None:
            self._write(message)
        else:  # more than a pipe holds: read while it is written
            sender.start()

    def _write(self, message: bytes) -> None:
        rest = memoryview(message)
        try:
            while rest:
                rest = rest[os.write(self._requests, rest) :]
        except BrokenPipeError:
            pass  # the reader meets the end of the answers

    def _next(self) -> Answer:
        while b"\n" not in self._pending:
            if not select.select([self._answers], [], [], self._seconds)[0]:
                raise TimeoutError
            more = os.read(self._answers, 1 << 16)
            if not more:
                raise EOFError
            self._pending += more
        line, _, self._pending = self._pending.partition(b"\n")
        fields = line.decode("utf-8", "surrogatepass").split("\t")
        return answer_of(*map(unwritten, fields))


MARKS = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


def written(script: str) -> str:
    """A script as oracle.tcl reads it."""
    return script.translate(_TABLE)


_TABLE = str.maketrans({**MARKS, "\0": "\\u0000"})


def unwritten(field: str) -> str:
    """The way back from the writing of oracle.tcl."""
    return _MARK.sub(lambda found: _MEANT[found[1]], field) if "\\" in field else field


_MARK = re.compile(r"\\(.)")
_MEANT = {mark[1]: sign for sign, mark in MARKS.items()}


class _TooLong(BaseException):
    pass


class Ours:
    """`nsjob.tcl`: a new interpreter for each script, in an empty directory."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds

    def run(self, script: str) -> Answer:
        """Return what one script comes to."""
        return self.run_all([script])[0]

    def run_all(self, scripts: Iterable[str]) -> list[Answer]:
        """Return what each of the scripts comes to."""
        before = os.getcwd()
        directory = tempfile.mkdtemp(prefix="nsjob-tcl-")
        found = []
        try:
            for script in scripts:
                os.chdir(directory)
                found.append(self._answer(script))
                for name in os.listdir(directory):
                    path = os.path.join(directory, name)
                    if os.path.isdir(path) and not os.path.islink(path):
                        shutil.rmtree(path)
                    else:
                        os.unlink(path)
        finally:
            os.chdir(before)
            shutil.rmtree(directory, ignore_errors=True)
        return found

    def _answer(self, script: str) -> Answer:
        from nsjob.tcl import Interp, TclError
        from nsjob.tcl.values import list_text, text

        try:
            with limit(self._seconds):
                return answer("ok", text(Interp().eval(script)))
        except TclError as error:
            code = error.code
            return answer("error", str(error), list_text(code) if isinstance(code, tuple) else text(code), error.info)
        except SystemExit as ended:
            return Answer("exit", str(int(ended.code or 0) & 255))
        except _TooLong:
            return Answer("timeout", "")
        except Exception as error:
            return Answer("crash", f"{type(error).__name__}: {error} {place(error)}")


def place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})" if trace is not None else ""


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise _TooLong in the body after so many seconds. Only the main thread can be stopped that way."""
    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        yield
        return

    def stop(number: int, frame: FrameType | None) -> Any:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
