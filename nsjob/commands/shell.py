"""Shell: the commands of one interpreter over a pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nsjob.commands.face import Face, Silent
from nsjob.commands.languages import languages_of
from nsjob.tcl import Interp

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool

__all__ = ["SHELL", "Shell"]

SHELL = "nsjob.shell"  # where an interpreter keeps the Shell whose commands it has


class Shell:
    """What commands work with.

    Attributes:
        pool: whose queues and jobs they are about.
        interp: the interpreter that has the commands.
        face: whoever sits before it.
        languages: those of the pool's queues.
        namespace: where `py` runs.
    """

    def __init__(self, pool: Pool, interp: Interp | None = None, face: Face | None = None) -> None:
        from nsjob.commands.words import install  # late: each word is about a Shell

        self.pool = pool
        self.interp = Interp() if interp is None else interp
        self.face: Face = Silent() if face is None else face
        self.languages = languages_of(pool)
        self.namespace: dict[str, Any] = {}
        self.interp.extras[SHELL] = self
        install(self.interp)

    def hint(self, sentence: str) -> None:
        """Tell what was probably meant."""
        self.face.hint(sentence)
