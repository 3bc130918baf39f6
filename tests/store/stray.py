"""python -m tests.store.stray ADDRESS NAME LEASE SHIFT: a worker process that is stopped, or whose clock is wrong.

It says `ready`, and then what its bodies and its log say, a line each. It ends with its stdin.
"""

from __future__ import annotations

import logging
import os
import sys
import time

import nsjob

__all__ = ["hold", "say"]


def say(*words: object) -> None:
    """Print a line."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def hold(name: str, path: str) -> str:
    """Run until there is a file of that name. Returns who ran it."""
    say("began", name)
    while not os.path.exists(path):
        time.sleep(0.01)
    say("ended", name)
    return f"{os.getpid()}"


class _Log(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say("log", record.getMessage().replace("\n", " "))


def main() -> None:
    """Serve the store."""
    address, name, lease, shift = sys.argv[1:]
    clock = time.time
    time.time = lambda: clock() + float(shift)
    logging.getLogger("nsjob").addHandler(_Log())
    pool = nsjob.Pool(4, store=address, name=name, lease=float(lease), maxpoll=0.2, maxlosses=10)
    pool.configure(grace=0.2)
    say("ready")
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
