"""Definitions: files of Python whose names all jobs see (`nsjob --define FILE.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nsjob.errors import NsjobError, SnippetError
from nsjob.shell.files.failures import named, traceback_of
from nsjob.shell.files.sources import file_source

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool

__all__ = ["Undefined", "define"]


class Undefined(Exception):
    """A file of definitions failed. `str()` says where, and has the traceback."""


def define(pool: Pool, path: str) -> None:
    """Run a file of Python whose names all later jobs see.

    Raises:
        Unreadable: it cannot be read.
        Undefined: it is no Python, or raised something.
    """
    source = file_source(path)
    try:
        pool.define(source.text, filename=path)
    except SnippetError as error:
        raise Undefined(f"{path}:{error.lineno or 1}: {error}") from None
    except NsjobError as error:
        raise Undefined(f"{path}: {error}") from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Undefined(_told(error, path)) from None


def _told(error: BaseException, path: str) -> str:
    line = 1
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == path:
            line = step.tb_lineno
        step = step.tb_next
    return f"{path}:{line}: {named(error)}\n{traceback_of(error)}"
