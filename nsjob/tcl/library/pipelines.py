"""Pipelines: the words of `exec` and `open |...` taken apart, and the processes that come of them.

A descriptor that a plan opened is closed with the plan. No process outlives an exception that ends the wait for it.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from nsjob.tcl.errors import TclError
from nsjob.tcl.library.channel import Channel, channel_named
from nsjob.tcl.library.pathnames import native
from nsjob.tcl.library.standard_channels import StandardChannel
from nsjob.tcl.library.tcl_encodings import encoding
from nsjob.tcl.posix import posix_error, signal_words

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["Pipeline", "Plan", "start"]

TICK = 0.1  # seconds; after this long an exception from outside is let in
_STANDARD = {"stdin": "file0", "stdout": "file1", "stderr": "file2"}


def syntax_error(message: str, code: str = "PIPESYNTAX") -> TclError:
    return TclError(message, "TCL", "OPERATION", "EXEC", code)


# -- words ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Stage:
    """One command of a pipeline, and whether its errors go on with its output (`|&`)."""

    words: list[str]
    joined: bool = False


@dataclass(slots=True)
class Plan:
    """What the words say.

    Attributes:
        source, output, errors: descriptors that words redirect to; None: not redirected.
        errors_follow: whether errors go where the output goes (`2>@1`).
        opened: closes what the plan opened.
        spools: what is written to a file on its way to a channel that is none of the system's.
    """

    stages: list[Stage] = field(default_factory=list)
    source: int | None = None
    output: int | None = None
    errors: int | None = None
    errors_follow: bool = False
    opened: ExitStack = field(default_factory=ExitStack)
    spools: list[tuple[IO[bytes], Channel]] = field(default_factory=list)

    def close(self) -> None:
        """Close what the plan opened."""
        self.opened.close()

    def own(self, descriptor: int) -> int:
        """Have a descriptor closed with the plan."""
        self.opened.callback(os.close, descriptor)
        return descriptor

    def temporary(self) -> IO[bytes]:
        """Return a file without a name, closed with the plan."""
        return self.opened.enter_context(tempfile.TemporaryFile())

    def sink(self, channel: Channel) -> int | None:
        """Return a descriptor for what processes write to a channel."""
        if channel.writable:
            channel.flush()
        if not isinstance(channel, StandardChannel):
            return channel.writer
        if not channel.writable:
            return None
        descriptor = channel.descriptor()
        if descriptor is None:
            spool = self.temporary()
            self.spools.append((spool, channel))
            descriptor = spool.fileno()
        return descriptor

    def spring(self, channel: Channel) -> int | None:
        """Return a descriptor for what processes read from a channel."""
        if not isinstance(channel, StandardChannel):
            return channel.reader
        if not channel.readable:
            return None
        descriptor = channel.descriptor()
        return self.own(os.open(os.devnull, os.O_RDONLY)) if descriptor is None else descriptor

    def empty_spools(self) -> None:
        """Pass on what was written on the way to channels."""
        for spool, channel in self.spools:
            spool.seek(0)
            channel.write(encoding("utf-8").decoded(spool.read()))


def planned(interp: Interp, words: list[str]) -> Plan:
    """Take the words of a pipeline apart, and open what they redirect to.

    Raises:
        TclError: illegal use of | or |& in command, couldn't read file "...", and their like.
    """
    plan = Plan()
    try:
        read_words(interp, plan, words)
    except BaseException:
        plan.close()
        raise
    return plan


def read_words(interp: Interp, plan: Plan, words: list[str]) -> None:
    left = list(words)
    at = 0
    last_bar = -1
    needs_command = True
    while at < len(left):
        word = left[at]
        used = 0
        if word.startswith("|"):
            if word in ("|", "|&") and (at == last_bar + 1 or at == len(left) - 1):
                raise syntax_error("illegal use of | or |& in command")
            last_bar = at
            needs_command = True
        elif word.startswith("<"):
            used = redirect_source(interp, plan, left, at)
        elif word.startswith(">"):
            used = redirect_output(interp, plan, left, at)
        elif word.startswith("2>"):
            used = redirect_errors(interp, plan, left, at)
        elif not word.startswith("2"):  # Tcl, too, takes no command for one that begins with 2
            needs_command = False
        if used:
            del left[at : at + used]
        else:
            at += 1
    if needs_command:
        raise syntax_error("illegal use of | or |& in command")
    plan.stages = [Stage([])]
    for word in left:
        if word in ("|", "|&"):
            plan.stages[-1].joined = word == "|&"
            plan.stages.append(Stage([]))
        else:
            plan.stages[-1].words.append(word)


def redirect_source(interp: Interp, plan: Plan, words: list[str], at: int) -> int:
    """Do what a `<` says, and return how many words that took."""
    word = words[at]
    if not word.startswith("<<"):
        plan.source, used = redirection(interp, plan, word[1:], words, at, os.O_RDONLY)
        return used
    literal, used = word[2:], 1
    if not literal:
        if at + 1 == len(words):
            raise syntax_error(f'can\'t specify "{word}" as last word in command')
        literal, used = words[at + 1], 2
    file = plan.temporary()
    file.write(encoding("utf-8").encoded(literal))
    file.seek(0)
    plan.source = file.fileno()
    return used


def redirect_output(interp: Interp, plan: Plan, words: list[str], at: int) -> int:
    """Do what a `>` says, and return how many words that took."""
    rest = words[at][1:]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    if rest.startswith(">"):
        rest, flags = rest[1:], os.O_WRONLY | os.O_CREAT | os.O_APPEND
    both = rest.startswith("&")
    plan.output, used = redirection(interp, plan, rest[1:] if both else rest, words, at, flags)
    if both:
        plan.errors = plan.output
    return used


def redirect_errors(interp: Interp, plan: Plan, words: list[str], at: int) -> int:
    """Do what a `2>` says, and return how many words that took."""
    rest = words[at][2:]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    if rest == "@1":
        if at != len(words) - 1:
            raise syntax_error(f'must specify "{words[at]}" as last word in command')
        plan.errors = plan.output
        plan.errors_follow = plan.output is None
        return 1
    if rest.startswith(">"):
        rest, flags = rest[1:], os.O_WRONLY | os.O_CREAT | os.O_APPEND
    plan.errors, used = redirection(interp, plan, rest, words, at, flags)
    return used


def redirection(interp: Interp, plan: Plan, spec: str, words: list[str], at: int, flags: int) -> tuple[int, int]:
    """Return the descriptor of a file, or of a channel after @, and how many words that took."""
    writing = bool(flags & os.O_WRONLY)
    to_channel = spec.startswith("@") and not flags & os.O_APPEND
    name, used = spec[1:] if to_channel else spec, 1
    if not name:
        if at + 1 == len(words):
            raise syntax_error(f'can\'t specify "{words[at]}" as last word in command', "SYNTAX")
        name, used = words[at + 1], 2
    if to_channel:
        channel = channel_named(interp, name)
        found = plan.sink(channel) if writing else plan.spring(channel)
        if found is None:
            shown = _STANDARD.get(name, name)
            raise syntax_error(f'channel "{shown}" wasn\'t opened for {"writing" if writing else "reading"}', "BADCHAN")
        return found, used
    try:
        return plan.own(os.open(native(name), flags, 0o666)), used
    except OSError as error:
        raise posix_error(f'couldn\'t {"write" if writing else "read"} file "{name}"', error) from None


# -- processes --------------------------------------------------------------------------------------------------------

_detached: list[subprocess.Popen[bytes]] = []
_detached_lock = threading.Lock()


def reap() -> None:
    """Let go of the processes in the background that have ended."""
    with _detached_lock:
        _detached[:] = [process for process in _detached if process.poll() is None]


class Pipeline:
    """Processes that run.

    Attributes:
        processes: in their order.
        plan: closed when they have ended.
        complaints: the file that gets their errors, or None where those go elsewhere.
    """

    def __init__(self, plan: Plan, complaints: IO[bytes] | None) -> None:
        self.plan = plan
        self.complaints = complaints
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self.processes]

    def finish(self) -> None:
        """Wait for the processes.

        Raises:
            TclError: one failed, or there were errors, which are the message; CHILDSTATUS, CHILDKILLED or NONE.
        """
        try:
            self.wait()
            self.plan.empty_spools()
            said = self.complaint()
        finally:
            self.plan.close()
        message = ""
        code: tuple[object, ...] | None = None
        exited = False
        for process in self.processes:
            status = process.returncode
            if status > 0:
                exited = True
                code = ("CHILDSTATUS", process.pid, status)
            elif status < 0:
                name, words = signal_words(-status)
                message = f"child killed: {words}\n"
                code = ("CHILDKILLED", process.pid, name, words)
        if exited and not said:
            message = "child process exited abnormally"
        if said or code is not None:
            raise TclError(said or message, *(code or ("NONE",)))

    def wait(self) -> None:
        """Wait until all have ended. They are killed if an exception ends the wait."""
        try:
            for process in self.processes:
                while True:
                    try:
                        process.wait(TICK)
                        break
                    except subprocess.TimeoutExpired:
                        continue
        except BaseException:
            self.kill()
            raise

    def complaint(self) -> str:
        """What the processes wrote as errors."""
        if self.complaints is None:
            return ""
        self.complaints.seek(0)
        source = encoding("utf-8").decoded(self.complaints.read())
        return source.replace("\r\n", "\n").replace("\r", "\n")

    def kill(self) -> None:
        """End the processes, and reap them."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        self.plan.close()

    def detach(self) -> None:
        """Leave the processes alone."""
        self.plan.close()
        with _detached_lock:
            _detached.extend(self.processes)


def start(plan: Plan, complaints: IO[bytes] | None) -> Pipeline:
    """Start the processes. All three descriptors of the plan are set.

    Raises:
        TclError: couldn't execute "...". The processes before that are left alone.
    """
    reap()
    pipeline = Pipeline(plan, complaints)
    between = plan.source
    try:
        for stage in plan.stages:
            last = stage is plan.stages[-1]
            after, output = (None, plan.output) if last else os.pipe()
            try:
                errors = output if stage.joined or (last and plan.errors_follow) else plan.errors
                pipeline.processes.append(spawned(stage.words, between, output, errors))
            except BaseException:
                if after is not None:
                    os.close(after)
                raise
            finally:
                if between is not None and between != plan.source:
                    os.close(between)
                between = None
                if output is not None and not last:
                    os.close(output)
            between = after
    except TclError:
        pipeline.detach()
        raise
    except BaseException:
        pipeline.kill()
        raise
    return pipeline


def spawned(words: list[str], source: int | None, output: int | None, errors: int | None) -> subprocess.Popen[bytes]:
    """Start one process."""
    command = [native(words[0]), *(word.partition("\0")[0] for word in words[1:])]
    try:
        if not command[0]:
            raise FileNotFoundError(errno.ENOENT, "")
        try:
            return subprocess.Popen(command, stdin=source, stdout=output, stderr=errors)
        except OSError as error:
            path = shutil.which(command[0])
            if error.errno != errno.ENOEXEC or path is None:
                raise
            # A script that does not say whose: execvp(3) gives it to the shell.
            return subprocess.Popen(["/bin/sh", path, *command[1:]], stdin=source, stdout=output, stderr=errors)
    except OSError as error:
        raise posix_error(f'couldn\'t execute "{command[0][:150]}"', error) from None
