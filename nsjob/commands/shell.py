"""Shell: the commands of one interpreter over a pool."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nsjob.commands.face import Face, Silent
from nsjob.tcl import Interp

if TYPE_CHECKING:
    from logging import Logger

    from nsjob.commands.languages import Languages
    from nsjob.pool.pool import Pool

__all__ = ["SHELL", "Shell"]

SHELL = "nsjob.shell"  # where an interpreter keeps the Shell whose commands it has


class Shell:
    """What commands work with.

    Arguments:
        pool: whose queues and jobs they are about; or what makes it, which is called when a command asks for it.

    Attributes:
        interp: the interpreter that has the commands.
        face: whoever sits before it.
        namespace: where `py` runs.
    """

    def __init__(self, pool: Pool | Callable[[], Pool], interp: Interp | None = None, face: Face | None = None) -> None:
        from nsjob.commands.words import install  # late: each word is about a Shell

        self._pool = pool
        self.interp = Interp() if interp is None else interp
        self.face: Face = Silent() if face is None else face
        self.namespace: dict[str, Any] = {}
        self.interp.extras[SHELL] = self
        install(self.interp)

    @cached_property
    def pool(self) -> Pool:
        """The pool."""
        if not callable(self._pool):
            return self._pool
        pool = self._pool()
        if pool.store:
            self.take_over(pool)
        return pool

    def take_over(self, pool: Pool) -> None:
        """Have the procs that other shells have defined for the jobs of a store."""
        from nsjob.commands.languages import languages_of  # late: it needs the pool's modules

        for known in languages_of(pool).procedures():
            self.interp.define(known)

    @cached_property
    def languages(self) -> Languages:
        """The languages of the pool's queues."""
        from nsjob.commands.languages import languages_of  # late: it needs the pool's modules

        return languages_of(self.pool)

    @cached_property
    def log(self) -> Logger:
        """Where `ns_log` writes. Who makes the pool says where the log goes."""
        import logging  # late: few scripts write to it

        _ = self.pool
        return logging.getLogger("nsjob.log")

    def hint(self, sentence: str) -> None:
        """Tell what was probably meant."""
        self.face.hint(sentence)
