"""The command line: which shell, which file, which pool."""

from __future__ import annotations

import sys

from nsjob.pool.pool import Pool

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run `nsjob` with these words, or those of the command line; returns the exit code."""
    from nsjob.shell.session import Session

    words = sys.argv[1:] if arguments is None else arguments
    if len(words) == 2 and words[0] == "-c":
        with Pool() as pool:
            Session(pool).eval(words[1])
        return 0
    raise SystemExit(2)
