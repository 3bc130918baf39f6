"""Which of Tcl's regular expressions Python's `re` matches just as Tcl does, and how they read there.

`re` takes the first match in its order of trying, Tcl the longest (or shortest) of all. Here is proved, for most
expressions that people write, that the two are one; all others are left to `are_match`.
"""

from __future__ import annotations

from dataclasses import dataclass

from nsjob.tcl.are import Alternatives, Bound, Chars, Group, Look, Node, Reference, Repeat, Sequence
from nsjob.tcl.are_match import MIXED, SHORTER, Plan
from nsjob.tcl.charsets import Ranges, disjoint, merged, ranges_text

__all__ = ["first_is_preferred", "places_of", "python_text"]


@dataclass(slots=True)
class _Facts:
    """What is known of a node's matches that begin at one place.

    Attributes:
        first: what it can begin with.
        more: what can follow a match so that a longer one is possible.
        empty: whether it can match nothing.
        size: the size of all its matches, or None.
        straight: each next character leaves it one way to go on.
        falling: `re` tries its ends from the longest to the shortest.
        level: of two matches that cross (one begins earlier and ends later), the ends can be exchanged.
        groups: whether it captures anything.
        certain: whether every match of it goes through all its groups.
    """

    first: Ranges = ()
    more: Ranges = ()
    empty: bool = True
    size: int | None = 0
    straight: bool = True
    falling: bool = True
    level: bool = True
    groups: bool = False
    certain: bool = True


def first_is_preferred(tree: Node, whole: Plan, top: int) -> bool:
    """Whether the match that `re` finds first is Tcl's, groups included.

    Arguments:
        top: the largest code point that the texts have.
    """
    if whole.flags & MIXED or _refers(tree):
        return False
    items = _flat(tree)
    facts = [_facts(item, top) for item in items]
    if whole.flags & SHORTER:
        return all(fact.level for fact in facts)
    return all(_settled(item, facts[at], facts[at + 1 :], items[at + 1 :]) for at, item in enumerate(items))


def _flat(node: Node) -> list[Node]:
    """The items of a branch, those of its plain groups among them."""
    if type(node) is Sequence:
        return [inner for item in node.items for inner in _flat(item)]
    return _flat(node.inner) if type(node) is Group else [node]


def _settled(item: Node, fact: _Facts, after: list[_Facts], rest: list[Node]) -> bool:
    """Whether the end of an item, and its groups, are what Tcl chooses, given what comes after it."""
    if fact.groups and not (fact.straight or _same_parse(item)):
        return False
    if fact.size is not None:
        return True
    if rest and type(rest[-1]) is Bound and rest[-1].kind == "end" and all(one.size is not None for one in after):
        return True
    if not fact.falling:
        return False
    if all(one.level for one in after):
        return True
    return fact.straight and disjoint(fact.more, _sequence_facts(after).first)


def _same_parse(node: Node) -> bool:
    """Whether `re` and Tcl fill the groups alike, over the same match of a node that may have several ways."""
    if type(node) is Group:
        return _same_parse(node.inner)
    if type(node) is Alternatives:
        return all(_same_parse(branch) for branch in node.branches)
    if type(node) is Sequence:
        return all(_same_parse(item) and (type(item) is not Alternatives or _width(item) is not None) for item in
                   _flat(node))  # fmt: skip
    if type(node) is Repeat:
        return type(node.inner) is Chars or not _captures(node.inner)
    return True


def _width(node: Node) -> int | None:
    return _facts(node, 0x7F).size


def _captures(node: Node) -> bool:
    if type(node) is Group:
        return bool(node.number) or _captures(node.inner)
    if type(node) is Repeat:
        return _captures(node.inner)
    if type(node) is Sequence:
        return any(map(_captures, node.items))
    return type(node) is Alternatives and any(map(_captures, node.branches))


def _refers(node: Node) -> bool:
    if type(node) is Group or type(node) is Repeat:
        return _refers(node.inner)
    if type(node) is Sequence:
        return any(map(_refers, node.items))
    if type(node) is Alternatives:
        return any(map(_refers, node.branches))
    return type(node) is Reference


def _facts(node: Node, top: int) -> _Facts:
    if type(node) is Chars:
        return _Facts(node.resolved(top), (), False, 1)
    if type(node) is Group:
        found = _facts(node.inner, top)
        found.groups = found.groups or node.number > 0
        return found
    if type(node) is Sequence:
        return _sequence_facts([_facts(item, top) for item in node.items])
    if type(node) is Repeat:
        return _repeat_facts(node, _facts(node.inner, top))
    if type(node) is Alternatives:
        return _alternatives_facts([_facts(branch, top) for branch in node.branches])
    return _Facts()


def _sequence_facts(facts: list[_Facts]) -> _Facts:
    found = _Facts()
    for fact in reversed(facts):
        found = _joined(fact, found)
    return found


def _joined(left: _Facts, right: _Facts) -> _Facts:
    size = None if left.size is None or right.size is None else left.size + right.size
    straight = left.straight and right.straight and disjoint(left.more, right.first)
    return _Facts(
        first=merged(left.first + right.first) if left.empty else left.first,
        more=merged(left.more + right.first + right.more) if right.empty else right.more,
        empty=left.empty and right.empty,
        size=size,
        straight=straight,
        falling=(left.falling and right.falling and (left.size is not None or right.size is not None)) or straight,
        level=left.level and right.level,
        groups=left.groups or right.groups,
        certain=left.certain and right.certain,
    )


def _repeat_facts(node: Repeat, inner: _Facts) -> _Facts:
    again = node.most is None or node.most > 1
    plain = type(node.inner) is Chars
    even = inner.size is not None and inner.size > 0
    if not plain and (inner.empty or (inner.groups and again)):
        straight = falling = False
    else:
        straight = inner.straight and (not again or disjoint(inner.more, inner.first))
        falling = straight or even or (not again and inner.falling)
    exact = node.least == node.most
    return _Facts(
        first=inner.first,
        more=merged(inner.more + inner.first),
        empty=inner.empty or node.least == 0,
        size=inner.size * node.least if exact and inner.size is not None else None,
        straight=straight,
        falling=falling,
        level=plain or (exact and inner.size is not None),
        groups=inner.groups,
        certain=inner.certain and node.least > 0,
    )


def _alternatives_facts(facts: list[_Facts]) -> _Facts:
    sizes = {fact.size for fact in facts}
    groups = any(fact.groups for fact in facts)
    straight = all(fact.straight for fact in facts) and not any(fact.empty for fact in facts[:-1])
    first: Ranges = ()
    for fact in facts:
        straight = straight and disjoint(first, fact.first)
        first = merged(first + fact.first)
    same = len(sizes) == 1 and None not in sizes
    return _Facts(
        first=first,
        more=merged(part for fact in facts for part in fact.more) if straight else ((0, 0x10FFFF),),
        empty=any(fact.empty for fact in facts),
        size=next(iter(sizes)) if same else None,
        straight=straight,
        falling=straight or same or (None not in sizes and not groups),  # the longest are written first
        level=same,
        groups=groups,
        certain=not groups,
    )


# -- writing ----------------------------------------------------------------------------------------------------------

_BOUNDS = {
    "start": "^", "line-start": "(?m:^)", "end": r"\Z", "line-end": "(?m:$)", "begin": r"\A",
    "word-start": "(?<!{w})(?={w})", "word-end": "(?<={w})(?!{w})",
    "edge": "(?:(?<!{w})(?={w})|(?<={w})(?!{w}))", "no-edge": "(?:(?<!{w})(?!{w})|(?<={w})(?={w}))",
}  # fmt: skip
_LATER = {"start": "(?!)", "line-start": r"(?<=\n)"}
_WORD = Chars(((95, 95),), ("alnum",))


def places_of(node: Node) -> set[str]:
    """Which bounds an expression has."""
    if type(node) is Bound:
        return {node.kind}
    if type(node) is Sequence:
        return set().union(*map(places_of, node.items))
    if type(node) is Alternatives:
        return set().union(*map(places_of, node.branches))
    return places_of(node.inner) if isinstance(node, Group | Repeat | Look) else set()


def python_text(node: Node, top: int, bol: bool) -> str:
    """Return an expression as `re` reads it.

    Arguments:
        top: the largest code point that the texts have.
        bol: whether `^` matches at the beginning of the text.
    """
    if type(node) is Chars:
        return ranges_text(node.resolved(top), top)
    if type(node) is Bound:
        if not bol and node.kind in _LATER:
            return _LATER[node.kind]
        return _BOUNDS[node.kind].replace("{w}", ranges_text(_WORD.resolved(top), top))
    if type(node) is Look:
        if _captures(node.inner):
            return "(?!)"  # It is not used: the groups, of which Tcl fills none, don't add up.
        return f"(?{'=' if node.wanted else '!'}{python_text(node.inner, top, bol)})"
    if type(node) is Group:
        return f"({'' if node.number else '?:'}{python_text(node.inner, top, bol)})"
    if type(node) is Repeat:
        inner = python_text(node.inner, top, bol)
        if type(node.inner) is not Group and (type(node.inner) is not Chars or inner.startswith("(")):
            inner = f"(?:{inner})"
        return inner + _quantifier(node)
    if type(node) is Sequence:
        return "".join(
            f"(?:{python_text(item, top, bol)})" if type(item) is Alternatives else python_text(item, top, bol)
            for item in node.items
        )
    if type(node) is Alternatives:
        branches = list(node.branches)
        sizes = [_width(branch) for branch in branches]
        if None not in sizes and not _captures(node):
            branches.sort(key=lambda branch: -(_width(branch) or 0))
        return "|".join(python_text(branch, top, bol) for branch in branches)
    raise TypeError(node)


def _quantifier(node: Repeat) -> str:
    counts = (node.least, node.most)
    shown = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get(counts)
    if shown is None:
        shown = f"{{{node.least}}}" if node.least == node.most else f"{{{node.least},{node.most or ''}}}"
    return shown + ("?" if node.greedy is False else "")
