"""Journal: what `ns_log` and the pool log while a file runs, told on standard error."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nsjob.shell.files.failures import JobFailure
    from nsjob.shell.files.telling import Telling

__all__ = ["ALL", "ERRORS", "USUAL", "journal"]

# Levels: of the pool, and of `ns_log`.
ERRORS = (logging.ERROR, logging.ERROR)
USUAL = (logging.WARNING, logging.INFO)
ALL = (logging.INFO, logging.DEBUG)

_SEVERITIES = {
    logging.DEBUG: "debug",
    logging.INFO: "notice",
    logging.WARNING: "warning",
    logging.ERROR: "error",
    logging.CRITICAL: "fatal",
}


class _Journal(logging.Handler):
    def __init__(self, telling: Telling, failed: Callable[[JobFailure], object]) -> None:
        super().__init__()
        self._telling = telling
        self._failed = failed

    def emit(self, record: logging.LogRecord) -> None:
        detached: Any = getattr(record, "detached", None)  # see nsjob.pool.endings
        error = record.exc_info[1] if record.exc_info else None
        if detached is not None:
            from nsjob.shell.files.failures import job_failure  # late: only what fails pays for it

            queue, job = detached
            self._failed(job_failure(queue, job, error))
            return
        try:
            message = record.getMessage()
        except Exception as wrong:  # the text and its values do not fit
            message = f"{record.msg} ({wrong})"
        if record.exc_info:
            message += "\n" + logging.Formatter().formatException(record.exc_info)
        self._telling.logged(record.created, _SEVERITIES.get(record.levelno, record.levelname.lower()), message)


@contextmanager
def journal(telling: Telling, levels: tuple[int, int], failed: Callable[[JobFailure], object]) -> Iterator[None]:
    """Tell what is logged. Handlers of the program's own, above these loggers, hear nothing meanwhile.

    Arguments:
        levels: from which level on, of the pool and of `ns_log`.
        failed: called with each detached job that fails, instead of a line.
    """
    pool, script = logging.getLogger("nsjob"), logging.getLogger("nsjob.log")
    before = pool.level, script.level, pool.propagate
    handler = _Journal(telling, failed)
    pool.addHandler(handler)
    pool.setLevel(levels[0])
    script.setLevel(levels[1])
    pool.propagate = False
    try:
        yield
    finally:
        pool.removeHandler(handler)
        pool.setLevel(before[0])
        script.setLevel(before[1])
        pool.propagate = before[2]
