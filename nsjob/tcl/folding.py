"""Folding: what Tcl works out of an expression when it compiles it, and when the result is made a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nsjob.tcl.arithmetic import BINARY, COMPARISONS, UNARY, tidy, truth
from nsjob.tcl.errors import TclError

if TYPE_CHECKING:
    from nsjob.tcl.expr import Node

__all__ = ["converts", "simplified"]

_OPERANDS = ("const", "parts", "text")


def simplified(node: Node) -> Node:
    """A tree with its constant parts worked out.

    One that comes out is ("const", value, True). One that fails is ("failing", node): it fails when it is come to, and
    errorInfo tells by its wording that the error is older than the command.
    """
    kind = node[0]
    if kind in _OPERANDS:
        return node
    if kind == "call":
        return ("call", node[1], [simplified(argument) for argument in node[2]])
    skipped = 2 if kind in ("unary", "binary") else 1
    parts = [simplified(part) for part in node[skipped:]]
    made: Node = (*node[:skipped], *parts)
    if any(part[0] not in ("const", "failing") for part in parts):
        return made
    try:
        return ("const", _value(made), True)
    except TclError:
        return ("failing", made)


def _value(node: Node) -> Any:
    """What a constant node comes to. What `&&`, `||` and `? :` do not look at may fail."""
    kind = node[0]
    if kind == "const":
        return node[1]
    if kind == "failing":
        return _value(node[1])
    if kind == "unary":
        return UNARY[node[1]](_value(node[2]))
    if kind == "binary":
        op, left, right = node[1], _value(node[2]), _value(node[3])
        return (1 if COMPARISONS[op](left, right) else 0) if op in COMPARISONS else BINARY[op](left, right)
    test = truth(_value(node[1]))
    if kind == "?":
        chosen = _value(node[2] if test else node[3])
        return tidy(chosen) if converts(node) else chosen
    return 1 if (test if test is (kind == "||") else truth(_value(node[2]))) else 0


def converts(node: Node) -> bool:
    """Whether a number that an expression comes to is put in its usual form.

    What an operator makes is left as it is, be it an operand unchanged (`0x10 ** 1`). So is the one branch of a
    `? :` after an operator where the other one ends in an operator.
    """
    return _converts(node, True)


def _converts(node: Node, before: bool) -> bool:
    kind = node[0]
    if kind in _OPERANDS:
        return before and len(node) == 2
    if kind == "?":
        first = _converts(node[2], _converts(node[1], True))
        return _converts(node[3], True) or first
    return bool(kind == "call")
