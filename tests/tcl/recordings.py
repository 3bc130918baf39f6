"""The corpus on disk: families of scripts, each with what real Tcl answers.

`corpus/NAME.tcl` holds scripts written by hand, with lines of `#---` between them. `corpus/NAME.jsonl` holds a line for
each script of the family, from that file or from a table (tables.py):
["script", "ok", "result"] or ["script", "error", "message", "errorCode", "errorInfo"]. An errorInfo that says no more
than message, `while executing` and the script is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tests.tcl.oracle import Answer
from tests.tcl.tables import TABLES

__all__ = ["CORPUS", "families", "read", "scripts", "write"]

CORPUS = Path(__file__).parent / "corpus"
SEPARATOR = "\n#---\n"


def families() -> list[str]:
    """The names of all families, written by hand or made from tables."""
    return sorted([*TABLES, *(path.stem for path in CORPUS.glob("*.tcl"))])


def scripts(family: str) -> list[str]:
    """The scripts of a family, each once."""
    if family in TABLES:
        found: Iterable[str] = TABLES[family]()
    else:
        source = (CORPUS / f"{family}.tcl").read_bytes().decode("utf-8")
        found = source.removesuffix("\n").split(SEPARATOR)
    return list(dict.fromkeys(found))


def plain_info(script: str, message: str) -> str:
    """The errorInfo of an error of the whole script, where that is one command."""
    shown = script if len(script) <= 150 else script[:150] + "..."
    return f'{message}\n    while executing\n"{shown}"'


def write(family: str, answers: Iterable[tuple[str, Answer]]) -> None:
    """Write a family's recording."""
    lines = []
    for script, answer in answers:
        line = [script, answer.end, answer.result]
        if answer.end == "error":
            line.append(answer.code)
            if answer.info != plain_info(script, answer.result):
                line.append(answer.info)
        lines.append(json.dumps(line, ensure_ascii=any(0xD800 <= ord(sign) < 0xE000 for part in line for sign in part)))
    (CORPUS / f"{family}.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")


def read(family: str) -> list[tuple[str, Answer]]:
    """Read a family's recording: scripts with their answers."""
    found = []
    with (CORPUS / f"{family}.jsonl").open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            script, end, result, *more = json.loads(line)
            if end == "error":
                found.append(
                    (script, Answer(end, result, more[0], more[1] if len(more) > 1 else plain_info(script, result)))
                )
            else:
                found.append((script, Answer(end, result)))
    return found
