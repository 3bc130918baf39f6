"""Exits: what becomes of pools when the interpreter ends or the process forks; and ids that never come again."""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING

from nsjob.pool.context import PLACES

if TYPE_CHECKING:
    from nsjob.pool.core import Core

__all__ = ["genid", "register"]

_NO_THREADS_AT_EXIT = sys.version_info[:2] == (3, 12)  # it refuses new ones by then; the exiting thread helps out
_cores: weakref.WeakSet[Core] = weakref.WeakSet()
_lock = threading.RLock()
_given = 0


def genid() -> str:
    """Return `queue_id_<counter>_<seconds>`, both hexadecimal, as ns_job does; never the same twice in a process."""
    global _given
    with _lock:
        number = _given
        _given += 1
    return f"queue_id_{number:x}_{int(time.time()):x}"


def register(core: Core) -> None:
    """Let a pool finish its jobs when the interpreter ends, and know when the process forks."""
    with _lock:
        _cores.add(core)


def _finish_all() -> None:
    """The interpreter ends: finish what is queued, as concurrent.futures does. Ctrl-C ends it at once."""
    with _lock:
        cores = list(_cores)
    live = [core for core in cores if core.live and not core.forked]
    try:
        for core in cores:
            if not core.stopping and not core.forked:
                core.stop(False)
        for core in live:
            _finish(core)
    except KeyboardInterrupt:  # pool threads are daemons: no stuck one holds the exit
        for core in live:
            core.stop(True)


def _finish(core: Core) -> None:
    """Wait for a pool's jobs; for those that were told to end, for their grace period."""
    patience = core.settings.grace if core.cancelling else None
    try:
        if _NO_THREADS_AT_EXIT:
            while core.live and patience is None:
                core.threads.run_here()
                try:
                    core.waits.until([core.idlers], core.idle, 0.05)
                except TimeoutError:
                    pass
        else:
            core.waits.until([core.idlers], core.idle, patience)
    except TimeoutError:
        pass


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()
    for core in list(_cores):
        core.fork()
    ident = threading.get_ident()
    for other in [other for other in PLACES if other != ident]:
        PLACES.pop(other, None)


# Before the interpreter joins its threads, as concurrent.futures has it: atexit comes too late to start any.
threading._register_atexit(_finish_all)  # type: ignore[attr-defined]
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
