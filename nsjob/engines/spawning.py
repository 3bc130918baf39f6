"""Spawning: how programs are started while other threads go on.

subprocess holds the GIL from the fork until the program runs, most of a millisecond in which no other thread does
anything. So where the C library can do all that is wanted (glibc 2.34 and later), its posix_spawn is called without the
GIL; elsewhere subprocess is.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import IO, Any, Protocol

from nsjob.engines.loading import wait_for_loading

__all__ = ["Child", "spawn"]

_SETSID, _SETSIGDEF = 0x80, 0x04  # of glibc's spawn.h
_LARGE = 512  # bytes: more than its opaque types have
_STDIO = 3  # descriptors
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ) if os.name == "posix" else ()  # Python ignores them


class Child(Protocol):
    """A program that was started.

    Attributes:
        pid: its process, the leader of a session of its own.
        stdin: what it reads from, where that was asked for.
    """

    pid: int
    stdin: IO[bytes] | None

    def wait(self) -> int:
        """Wait for its end and return its exit code, or minus the number of the signal that killed it."""


def spawn(argv: Sequence[str], environment: Mapping[bytes, bytes], cwd: str, piped: bool, out: int, err: int) -> Child:
    """Start a program in a session of its own, which inherits no descriptors but these.

    Arguments:
        cwd: where; empty for here.
        piped: whether its stdin is a pipe; else it reads nothing.
        out, err: the descriptors of its stdout and stderr.

    Raises:
        OSError: it cannot be started.
    """
    library = _library()
    if library is None or min(out, err) < _STDIO:  # descriptors that would be in each other's way
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=cwd or None,
            env=environment,
            start_new_session=True,
        )
    if cwd and not os.path.isdir(cwd):
        number = errno.ENOTDIR if os.path.exists(cwd) else errno.ENOENT
        raise OSError(number, os.strerror(number), cwd)
    path = _found(argv[0], environment)
    wait_for_loading()
    if not piped:
        return _Spawned(library.start(path, argv, environment, cwd, -1, out, err), None)
    theirs, ours = os.pipe()
    try:
        pid = library.start(path, argv, environment, cwd, theirs, out, err)
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    return _Spawned(pid, os.fdopen(ours, "wb"))


class _Spawned:
    def __init__(self, pid: int, stdin: IO[bytes] | None) -> None:
        self.pid = pid
        self.stdin = stdin

    def wait(self) -> int:
        try:
            _, status = os.waitpid(self.pid, 0)
        except ChildProcessError:  # somebody else has waited for it, as code that waits for any child does
            return 0
        return os.waitstatus_to_exitcode(status)


class _Library:
    """What is called of the C library.

    Arguments:
        quick: calls with the GIL held; it is not worth letting go for these.
        slow: calls without it.
    """

    def __init__(self, quick: Any, slow: Any) -> None:
        self._c = quick
        self._spawn = slow.posix_spawn
        self._defaults = ctypes.create_string_buffer(_LARGE)  # a sigset_t
        quick.sigemptyset(self._defaults)
        for number in _RESTORED:
            quick.sigaddset(self._defaults, int(number))

    def start(
        self,
        path: bytes,
        argv: Sequence[str],
        environment: Mapping[bytes, bytes],
        cwd: str,
        stdin: int,
        out: int,
        err: int,
    ) -> int:
        """Start a program; returns its pid."""
        c = self._c
        actions = ctypes.create_string_buffer(_LARGE)
        attributes = ctypes.create_string_buffer(_LARGE)
        words = (ctypes.c_char_p * (len(argv) + 1))(*[os.fsencode(word) for word in argv], None)
        lines = [name + b"=" + value for name, value in environment.items()]
        variables = (ctypes.c_char_p * (len(lines) + 1))(*lines, None)
        pid = ctypes.c_int()
        c.posix_spawn_file_actions_init(actions)
        c.posix_spawnattr_init(attributes)
        try:
            if stdin < 0:
                c.posix_spawn_file_actions_addopen(actions, 0, b"/dev/null", os.O_RDONLY, 0)
            else:
                c.posix_spawn_file_actions_adddup2(actions, stdin, 0)
            c.posix_spawn_file_actions_adddup2(actions, out, 1)
            c.posix_spawn_file_actions_adddup2(actions, err, 2)
            c.posix_spawn_file_actions_addclosefrom_np(actions, _STDIO)
            if cwd:
                c.posix_spawn_file_actions_addchdir_np(actions, os.fsencode(cwd))
            c.posix_spawnattr_setsigdefault(attributes, self._defaults)
            c.posix_spawnattr_setflags(attributes, ctypes.c_short(_SETSID | _SETSIGDEF))
            number = self._spawn(ctypes.byref(pid), path, actions, attributes, words, variables)
        finally:
            c.posix_spawn_file_actions_destroy(actions)
            c.posix_spawnattr_destroy(attributes)
        if number:
            raise OSError(number, os.strerror(number), argv[0])
        return pid.value


@cache
def _library() -> _Library | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        version = os.confstr("CS_GNU_LIBC_VERSION") or ""
        quick, slow = ctypes.PyDLL(None), ctypes.CDLL(None)
    except (OSError, ValueError):
        return None
    whole = version.startswith("glibc") and hasattr(quick, "posix_spawn_file_actions_addclosefrom_np")  # it came last
    return _Library(quick, slow) if whole else None


def _found(name: str, environment: Mapping[bytes, bytes]) -> bytes:
    """The file of a program: along the PATH that it is to have, where its name has no slash.

    Raises:
        FileNotFoundError, PermissionError: there is none that can be executed.
    """
    if "/" in name:
        return os.fsencode(name)
    number = errno.ENOENT
    for directory in environment.get(b"PATH", os.fsencode(os.defpath)).split(os.pathsep.encode()):
        path = os.path.join(directory, os.fsencode(name))
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
        if os.path.isfile(path):
            number = errno.EACCES
    raise OSError(number, os.strerror(number), name)
