"""The interactive face: a prompt over a pool, and sessions without a terminal for programs."""

from nsjob.shell.session import Session

__all__ = ["Session"]
