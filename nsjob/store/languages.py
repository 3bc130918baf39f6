"""Languages: what makes jobs and definitions of a store run here that are not in Python.

Other rooms make them; they are imported where a job or a definition of that language is met first.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast
from weakref import ref

from nsjob.pool.work import Script

if TYPE_CHECKING:
    from nsjob.store.pool import StoredPool

__all__ = ["Language", "Languages"]

_HOMES = {"tcl": "nsjob.commands.languages"}  # modules with a function `stored_language`


class Language(Protocol):
    """A language of jobs, over one pool."""

    def __call__(self, source: str) -> Script:
        """The body that a script is."""

    def define(self, source: str) -> object:
        """Make definitions for later jobs of this process."""


class Languages(dict[str, Language]):
    """The languages of a pool's jobs, beside Python."""

    def __init__(self, pool: StoredPool) -> None:
        super().__init__()
        self._pool = ref(pool)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in _HOMES

    def __missing__(self, name: str) -> Language:
        pool = self._pool()
        if pool is None:
            raise KeyError(name)
        made = cast(Language, import_module(_HOMES[name]).stored_language(pool))
        self[name] = made
        return made
