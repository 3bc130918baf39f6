"""Streams: standard output and error of the program, whatever has become of them meanwhile."""

from __future__ import annotations

import os
import sys
from typing import Any

__all__ = ["BROKEN_PIPE", "finished", "reader_gone", "say", "show_lines_at_once"]

BROKEN_PIPE = 141  # exit code: 128 and the number of SIGPIPE, as of programs that end by it


def show_lines_at_once() -> None:
    """Let each line that is printed be seen at once, also by a program behind a pipe."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None and not sys.stdout.line_buffering:
        reconfigure(line_buffering=True)


def say(lines: str) -> None:
    """Write whole lines to standard error, after what is on its way to standard output. Nothing is raised."""
    for stream, content in ((sys.stdout, ""), (sys.stderr, lines + "\n")):
        if stream is None:
            continue
        try:
            if content:
                stream.write(content)
            stream.flush()
        except UnicodeError:
            stream.write(content.encode("ascii", "backslashreplace").decode("ascii"))
        except Exception:  # nobody reads it, the disk is full, it was closed, or it is no stream at all
            pass


def reader_gone() -> bool:
    """Whether standard output is a pipe that nobody reads any more."""
    try:
        import select  # late: only who could not write asks

        watch = select.poll()
        watch.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in watch.poll(0))
    except (AttributeError, OSError, ValueError, ImportError):  # no such call here, or no such file
        return False


def finished() -> OSError | None:
    """Write what is left of standard output. Returns why that failed; then nobody will try it again."""
    failure = None
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            failure = failure or error
            _drop(stream)
        except Exception:  # it was closed, or is no stream at all
            pass
    return failure


def _drop(stream: Any) -> None:
    """Let what cannot be written go nowhere, so that Python's own end does not stumble over it."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (AttributeError, OSError, ValueError):
        pass
