"""Bodies: which commands with scripts real Tcl compiles in, where weaving.py does not do it too.

In `errorInfo` their scripts look as if they were part of the script around them, and in a procedure the variables of
these scripts are the procedure's.
"""

from __future__ import annotations

from nsjob.tcl.errors import TclError
from nsjob.tcl.parser import Word
from nsjob.tcl.values import elements, text

__all__ = ["WITH_BODIES", "inlines", "tries"]

WITH_BODIES = frozenset(["switch", "try", "lmap", "dict", "subst"])
_SWITCHES = ("-exact", "-glob", "-nocase", "-regexp")


def inlines(words: list[Word], procedure: bool) -> bool:
    """Whether a command of WITH_BODIES is compiled in, in a procedure or elsewhere."""
    if words[-1].value is None or any(word.expand for word in words):
        return False
    name = words[0].value
    if name == "switch":
        return _switch(words[1:])
    if name == "subst":
        return all(word.value is not None for word in words)
    if not procedure:
        return False
    if name == "lmap":
        return len(words) > 3 and all(_locals(word) for word in words[1:-1:2])
    if name != "dict" or len(words) < 4:
        return False
    kind = words[1].value
    if kind in ("for", "map"):
        return _locals(words[2])
    if kind == "update":
        return all(_locals(word) for word in words[2:3] + words[4:-1:2])
    return kind == "with"


def tries(words: list[Word], procedure: bool) -> bool:
    """Whether a `try` is compiled in. Its handlers need variables of a procedure."""
    if len(words) < 2 or any(word.value is None or word.expand for word in words):
        return False
    handlers = words[2:-2] if len(words) > 3 and words[-2].value == "finally" else words[2:]
    return not handlers or (procedure and all(not word.value or _locals(word) for word in handlers[2::4]))


def _switch(words: list[Word]) -> bool:
    """Without options, and with a list of arms; or all options are known, and end with `--`."""
    given = []
    for at, word in enumerate(words):
        if word.value == "--":
            del words[: at + 1]
            break
        given.append(word.value or "")
    else:
        return len(words) == 2
    chosen = [option for one in given for option in _SWITCHES if len(one) > 1 and option.startswith(one)]
    return (
        len(chosen) == len(given)
        and ("-nocase" not in chosen or "-glob" in chosen or "-regexp" in chosen)
        and all(word.value is not None for word in words[1:])
    )


def _locals(word: Word) -> bool:
    """Whether a word is a list of names of plain variables."""
    try:
        names = [text(name) for name in elements(word.value or "")]
    except TclError:
        return False
    return bool(names) and not any("::" in name or name.endswith(")") for name in names)
