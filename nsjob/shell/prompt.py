"""The prompt: what `nsjob` without a file is, and `nsjob.shell.embed`.

Time counts here: the first prompt is to be there at once. So the rooms are imported when one is wanted, with the
collector of garbage at rest, and the commands of the session while the person looks at the prompt.
"""

from __future__ import annotations

import errno
import gc
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool

__all__ = ["embedded", "run"]


def run(opened: Callable[[], Pool], *, argv: list[str], rc: bool) -> int:
    """Be a prompt over a pool until the person leaves; the pool's jobs are waited for or cancelled then, as they say.

    Arguments:
        opened: makes the pool; called once, when the prompt can be seen.
        argv: what the commands find in the variable `argv`.
        rc: whether nsjobrc is read.

    Returns the exit code.
    """
    with _uncollected():
        from nsjob.shell.leaving import signals
        from nsjob.shell.sitting import Sitting, exit_code

        sitting = Sitting(opened)
        gc.freeze()  # all that is here now stays to the end
    with sitting.open() as prompt:
        prompt.variables = {"argv0": "nsjob", "argv": list(argv), "argc": len(argv)}
        with signals(prompt.reading.leave) as came:
            try:
                prompt.greet()
                if rc:
                    prompt.read_rc()
                while True:
                    code = prompt.until_left()
                    if came or prompt.leaving().agreed():
                        break
            except SystemExit as ended:
                code = exit_code(ended)
            except KeyboardInterrupt:  # while jobs were to end
                code = 128 + signal.SIGINT
            if came:
                prompt.say("terminated")
                prompt.leaving().cancel()
            prompt.let_go()
    return code


def embedded(pool: Pool, variables: Mapping[str, Any]) -> None:
    """Be a prompt over the pool of a running program; see `nsjob.shell.embed`."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise OSError(errno.ENOTTY, "nsjob.shell.embed needs a terminal")
    from nsjob.shell.sitting import Sitting

    with Sitting(lambda: pool).open() as prompt:
        prompt.variables = dict(variables)
        prompt.greet()
        prompt.until_left()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing is collected meanwhile: a program that only begins makes no garbage, but a lot to look through."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
