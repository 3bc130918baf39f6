"""The rc file, `~/.config/nsjob/nsjobrc`: commands that a prompt begins with. Command files never read it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nsjob.shell.files.failures import script_failure
from nsjob.shell.files.sources import Unreadable, file_source
from nsjob.tcl import TclError

if TYPE_CHECKING:
    from nsjob.shell.session import Session

__all__ = ["rc_path", "read_rc"]


def rc_path() -> str:
    """Where it is looked for: below XDG_CONFIG_HOME or ~/.config; empty where there is no home directory."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):  # as its specification says
        home = os.path.expanduser("~")
        if home == "~" or not os.path.isabs(home):
            return ""
        base = os.path.join(home, ".config")
    return os.path.join(base, "nsjob", "nsjobrc")


def read_rc(session: Session) -> str:
    """Evaluate the rc file, where there is one. Returns what the person has to know: a sentence, or nothing.

    Raises:
        TclExit: it says `exit`.
    """
    path = rc_path()
    if not path or not os.path.lexists(path):
        return ""
    try:
        source = file_source(path)
    except Unreadable as error:
        return str(error)
    try:
        session.source(source)
    except TclError as error:
        failure = script_failure(error, source, session.shell)
        return f"{path}:{failure.line}: {failure.message}" + (f"\nhint: {failure.hint}" if failure.hint else "")
    return ""
