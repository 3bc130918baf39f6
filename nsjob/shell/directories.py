"""Directories: where the platform keeps what a program remembers from one day to the next."""

from __future__ import annotations

import os
import sys

__all__ = ["history_file", "state_directory"]


class NoHome(OSError):
    """There is no home directory."""

    def __init__(self) -> None:
        super().__init__("there is no home directory")


def _home() -> str:
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        raise NoHome
    return home


def _named(variable: str) -> str:
    """What a variable of the environment names; the XDG specification ignores paths that are not absolute."""
    given = os.environ.get(variable, "")
    return given if os.path.isabs(given) else ""


def state_directory() -> str:
    """The directory of nsjob's own.

    Raises:
        OSError: there is no home directory.
    """
    found = _named("XDG_STATE_HOME")
    if found:
        return os.path.join(found, "nsjob")
    if sys.platform == "darwin":
        return os.path.join(_home(), "Library", "Application Support", "nsjob")
    if sys.platform == "win32":
        return os.path.join(_named("LOCALAPPDATA") or os.path.join(_home(), "AppData", "Local"), "nsjob")
    return os.path.join(_home(), ".local", "state", "nsjob")


def history_file() -> str:
    """The file of the lines that were entered at the prompt."""
    return os.path.join(state_directory(), "history")
