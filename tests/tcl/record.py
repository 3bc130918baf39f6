"""`python -m tests.tcl.record [family ...]`: have real Tcl answer the corpus again, and write its answers down."""

from __future__ import annotations

import sys

from tests.tcl.oracle import Tclsh
from tests.tcl.recordings import CORPUS, families, scripts, write


def main(chosen: list[str]) -> int:
    total = 0
    with Tclsh() as tclsh:
        for family in chosen or families():
            every = scripts(family)
            answers = tclsh.run_all(every)
            late = [script for script, answer in zip(every, answers, strict=True) if answer.end == "timeout"]
            if late:
                print(f"{family}: no answer in time to {late}", file=sys.stderr)
                return 1
            write(family, zip(every, answers, strict=True))
            total += len(every)
            print(f"{family}: {len(every)}")
    if not chosen:
        for path in CORPUS.glob("*.jsonl"):
            if path.stem not in families():
                path.unlink()
    print(f"{total} scripts")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
