"""Python names: what a name in a job's script, in `py` or in a definition may be. It runs no code to find out."""

from __future__ import annotations

import builtins
import inspect
import keyword
import re
import types
from collections.abc import Iterator, Mapping
from typing import Any

from nsjob.pool.context import JobContext
from nsjob.shell.line.python_pieces import python_pieces
from nsjob.shell.line.scope import Scope, given_options
from nsjob.shell.line.spots import Spot
from nsjob.tcl import TclError
from nsjob.tcl.parser import Word
from nsjob.tcl.values import elements, text

__all__ = ["python_offers", "typed_name"]

_NAME = re.compile(r"(?:[^\W\d]\w*\.)*(?:[^\W\d]\w*)?\Z")
_NAMES = re.compile(r"[^\W\d]\w*")
_TEXTS = ("string", "comment")


def typed_name(script: str) -> str:
    """The name, dots included, that a script ends with; what is typed of it."""
    found = _NAME.search(script)
    return found[0] if found is not None else ""


def python_offers(spot: Spot) -> Iterator[tuple[str, str]]:
    """Names that could stand at the cursor, each with a few words about it."""
    script = spot.typed
    if _in_text(script):
        return
    known = dict(_namespace(spot))
    owner, dot, _ = typed_name(script).rpartition(".")
    if dot:
        yield from _attributes(owner, known)
        return
    for name, (value, where) in known.items():
        yield name, _about(value, where)
    written = script[: len(script) - len(typed_name(script))]
    for name in dict.fromkeys(_NAMES.findall(written)):
        if name not in known and not keyword.iskeyword(name) and not hasattr(builtins, name):
            yield name, "of this script"
    for name in (*keyword.kwlist, *keyword.softkwlist):
        if name != "_":
            yield name, "keyword"
    for name, value in vars(builtins).items():
        if not name.startswith("_"):
            yield name, _about(value, "builtin")


def _in_text(script: str) -> bool:
    """Whether the script ends within a string or a comment."""
    style, last = "", ""
    for _, style, last in python_pieces(script):  # noqa: B007  the last one counts
        pass
    kind = style.rpartition("pygments.")[2]
    if kind.startswith("comment"):
        return not last.endswith("\n")
    if kind.startswith("error"):
        return last in "\"'"
    return "string" in kind and "interpol" not in kind and not _ends_string(last)


def _ends_string(last: str) -> bool:
    return len(last) > 0 and last[-1] in "\"'"


def _namespace(spot: Spot) -> Iterator[tuple[str, tuple[Any, str]]]:
    """What the script will find: each name with its value and where that comes from."""
    shell = spot.scope.shell
    if spot.role.kind is not None and spot.role.kind.offers == "python":  # `py`: in the shell itself
        for name, value in {**shell.namespace, "pool": shell.pool, "tcl": None, "shell": shell}.items():
            if not name.startswith("__"):
                yield name, (value, "of this shell")
        frame = shell.interp.frame
        for name in frame.names():
            if name.isidentifier() and name not in shell.namespace and frame.array(name) is None:
                yield name, (frame.get(name), "variable of this shell")
        return
    yield "job", (JobContext, "the job that runs this")
    for name, value in _definitions(spot.scope).items():
        if not name.startswith("__"):
            yield name, (value, "defined by ns_eval")
    for name in _lent(spot):
        yield name, (None, "given by -use or -vars")


def _definitions(scope: Scope) -> Mapping[str, Any]:
    core = getattr(scope.shell.pool, "_core", None)
    return dict(core.definitions.namespace) if core is not None else {}


def _lent(spot: Spot) -> list[str]:
    """The names of the values that the command at hand gives the script."""
    options = given_options(spot.scope, spot.words)
    return [*_elements(options.get("-use")), *_elements(options.get("-vars"))[::2]]


def _elements(word: Word | None) -> list[str]:
    if word is None or word.value is None:
        return []
    try:
        return [text(one) for one in elements(word.value)]
    except TclError:
        return []


def _attributes(owner: str, known: Mapping[str, tuple[Any, str]]) -> Iterator[tuple[str, str]]:
    """The attributes of a dotted name, where it leads to something through modules and classes only."""
    first, *rest = owner.split(".")
    if first in known:
        value = known[first][0]
    elif hasattr(builtins, first):
        value = getattr(builtins, first)
    else:
        return
    for name in rest:
        if not isinstance(value, types.ModuleType | type):
            return
        value = inspect.getattr_static(value, name, None)
    if value is None:
        return
    for name in dir(value if isinstance(value, types.ModuleType | type) else type(value)):
        if not name.startswith("_"):
            yield f"{owner}.{name}", _about(inspect.getattr_static(value, name, None), "")


def _about(value: Any, where: str) -> str:
    """The first line of what is documented, or what it is."""
    if isinstance(value, property):
        value = value.fget
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType | types.MethodDescriptorType):
        doc = value.__doc__
        if isinstance(doc, str) and doc.strip():
            return doc.strip().partition("\n")[0]
    if isinstance(value, types.ModuleType):
        return "module"
    return where or type(value).__name__
