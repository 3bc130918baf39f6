"""The nursery: a process that has imported what workers need, and forks one in milliseconds whenever asked.

`python -m nsjob.engines.nursery SOCKET`. It has one thread, so that forking is safe. Each request is one message on a
socket: `spawn MAXMEM` with the descriptors of the worker's pipes, answered by its pid; `wait PID`, answered by its
status. When the socket ends, so does it; its workers notice that their parent is gone.
"""

from __future__ import annotations

import os
import signal
import socket
import sys

from nsjob.engines import worker

__all__ = ["main"]


def main(words: list[str]) -> None:
    """Serve one pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is for the pool
    control = socket.socket(fileno=int(words[0]))
    while True:
        try:
            request, descriptors, _, _ = socket.recv_fds(control, 64, 3)
        except OSError:
            break
        if not request:
            break
        verb, _, argument = request.decode().partition(" ")
        if verb == "spawn":
            control.send(b"%d" % _spawn(control, descriptors, int(argument)))
        else:
            control.send(b"%d" % _status(int(argument)))
    os._exit(0)


def _spawn(control: socket.socket, descriptors: list[int], maxmem: int) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        for descriptor in descriptors:
            os.close(descriptor)
        return pid
    try:
        control.close()
        orders, answers, permits = descriptors
        worker.serve(orders, answers, permits, parent, maxmem)
    finally:
        os._exit(1)


def _status(pid: int) -> int:
    """The exit code of a worker that ends or has ended; minus the signal where one killed it."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return 255


if __name__ == "__main__":
    main(sys.argv[1:])
