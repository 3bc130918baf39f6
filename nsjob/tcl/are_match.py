"""Matching as Tcl does: the leftmost match, of these the longest (or shortest), and groups by Tcl's own order.

Sets of positions in the text are integers, a bit a position, and a node maps the set where it begins to the set where
it can end, so that no expression takes exponential time (save with back references, in Tcl too). What the groups hold
is found afterwards, by dividing the match from the left among the nodes of a plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nsjob.tcl.are import Alternatives, Bound, Chars, Group, Look, Node, Reference, Repeat, Sequence
from nsjob.tcl.charsets import ASCII_TOP, TOP, lower

__all__ = ["LONGER", "MIXED", "SHORTER", "Plan", "Spans", "plan", "search"]

Spans = list[tuple[int, int]]
"""Where the match and its groups are; (-1, -1) for a group that took no part."""

# -- plans: in which order the parts of a match are settled -----------------------------------------------------------

LONGER, SHORTER, MIXED, CAPTURES, REFERS = 1, 2, 4, 8, 16
_OWN = LONGER | SHORTER  # of the node alone; the other flags go up to those around it
_MESSY = MIXED | CAPTURES | REFERS


@dataclass(slots=True, eq=False)
class Plan:
    """A part of the expression.

    Attributes:
        kind: `whole` (nothing in it is to be told apart), `both` (left, then right), `any` (of parts), `many`
            (repeats of left), `group`, `reference`.
        flags: LONGER or SHORTER where it prefers one, and what there is inside.
        node: what it matches.
    """

    kind: str
    flags: int
    node: Node
    parts: tuple[Plan, ...] = ()
    least: int = 1
    most: int | None = 1


def plan(node: Node) -> Plan:
    """Return how matches of a tree are divided."""
    if type(node) is not Alternatives:
        return _branch_plan(node.items if type(node) is Sequence else (node,))
    flags = LONGER
    parts = tuple(plan(branch) for branch in node.branches)
    for part in parts:
        flags |= _up(flags | part.flags)
    return Plan("any", flags, node, parts) if flags & _MESSY else Plan("whole", flags, node)


def _up(flags: int) -> int:
    return (flags & ~_OWN) | (MIXED if flags & _OWN == _OWN else 0)


def _combined(one: int, other: int) -> int:
    return _up(one | other) | (one & _OWN or other & _OWN)


def _branch_plan(items: tuple[Node, ...]) -> Plan:
    """The plan of a branch: what can be matched in one go, then an atom that can not, then the rest."""
    flags = 0
    for at, item in enumerate(items):
        if type(item) is Bound or type(item) is Look:
            continue
        atom, prefers = item, 0
        if type(item) is Repeat:
            atom = item.inner
            prefers = 0 if item.greedy is None else LONGER if item.greedy else SHORTER
        inner = _atom_plan(atom)
        together = flags | prefers | inner.flags
        if inner.kind not in ("group", "reference") and not _up(together) & _MESSY:
            flags = together
            continue
        first = _quantified_plan(item, prefers, inner)
        rest = _branch_plan(items[at + 1 :])
        begun = _combined(prefers, inner.flags)
        begun |= _combined(begun, rest.flags)
        tail = Plan("both", begun, Sequence(items[at:]), (first, rest))
        if not at:
            return tail
        before = Plan("whole", flags, Sequence(items[:at]))
        return Plan("both", flags | _combined(flags, begun), Sequence(items), (before, tail))
    return Plan("whole", flags, Sequence(items))


def _atom_plan(atom: Node) -> Plan:
    if type(atom) is Group:
        inner = plan(atom.inner)
        return Plan("group", inner.flags | CAPTURES, atom, (inner,)) if atom.number else inner
    if type(atom) is Reference:
        return Plan("reference", REFERS, atom)
    return Plan("whole", 0, atom)


def _quantified_plan(item: Node, prefers: int, inner: Plan) -> Plan:
    if type(item) is not Repeat or (item.least == 1 == item.most and inner.kind != "reference"):
        return inner
    flags = _combined(prefers, inner.flags)
    if inner.kind == "reference":
        return Plan("reference", flags, item, (), item.least, item.most)
    if item.least and not inner.flags & REFERS:
        # Only the last turn's groups count, so the turns before are matched in one go.
        most = None if item.most is None else item.most - 1
        before = Repeat(item.inner, item.least - 1, most, item.greedy)
        return Plan("both", flags, item, (Plan("whole", flags & _OWN, before), inner))
    return Plan("many", flags, item, (inner,), item.least, item.most)


# -- sets of positions ------------------------------------------------------------------------------------------------

_WORD = Chars(((95, 95),), ("alnum",))
_NEWLINE = Chars(((10, 10),))
_memory: tuple[str, dict[Chars, int]] = ("", {})  # the sets of the text that was looked at last


class _Scan:
    """A text from `start` on. `bol` says whether `^` matches at the start."""

    def __init__(self, text: str, start: int, bol: bool) -> None:
        global _memory
        self.text = text
        self.size = len(text)
        self.start = start
        self.bol = bol
        self.all = ((1 << (self.size + 1)) - 1) >> start << start
        self.places: dict[Node, int] = {}
        memory = _memory
        if memory[0] is not text or len(memory[1]) > 200:
            _memory = memory = (text, {})
        self.sets = memory[1]

    def chars(self, node: Chars) -> int:
        """Where the characters of a set stand."""
        found = self.sets.get(node)
        if found is None:
            ranges = node.resolved(ASCII_TOP if self.text.isascii() else TOP)
            table = {
                ord(char): "1" if any(first <= ord(char) <= last for first, last in ranges) else "0"
                for char in set(self.text)
            }
            found = self.sets[node] = int(self.text.translate(table)[::-1], 2) if self.text else 0
        return found

    def holds(self, node: Bound | Look) -> int:
        """Where a constraint holds."""
        found = self.places.get(node)
        if found is None:
            if type(node) is Look:
                found = self.backward(node.inner, self.all)
                if not node.wanted:
                    found = self.all & ~found
            else:
                found = self.bound(node.kind) & self.all  # type: ignore[union-attr]
            self.places[node] = found
        return found

    def bound(self, kind: str) -> int:
        if kind in ("start", "line-start"):
            place = 1 << self.start if self.bol else 0
            return place | (self.chars(_NEWLINE) & self.all) << 1 if kind == "line-start" else place
        if kind == "begin":
            return 1 << self.start
        if kind in ("end", "line-end"):
            return 1 << self.size | (self.chars(_NEWLINE) if kind == "line-end" else 0)
        here = self.chars(_WORD) & self.all
        before = here << 1
        if kind == "word-start":
            return here & ~before
        if kind == "word-end":
            return before & ~here
        return here ^ before if kind == "edge" else ~(here ^ before)

    def forward(self, node: Node, places: int) -> int:
        """Where a node can end that begins at one of these places."""
        kind = type(node)
        if not places:
            return 0
        if kind is Chars:
            return (places & self.chars(node)) << 1  # type: ignore[arg-type]
        if kind is Sequence:
            for item in node.items:  # type: ignore[union-attr]
                places = self.forward(item, places)
            return places
        if kind is Repeat:
            return self.repeated(node, places, True)  # type: ignore[arg-type]
        if kind is Group:
            return self.forward(node.inner, places)  # type: ignore[union-attr]
        if kind is Alternatives:
            found = 0
            for branch in node.branches:  # type: ignore[union-attr]
                found |= self.forward(branch, places)
            return found
        if kind is Reference:
            return self.forward(node.target, places)  # type: ignore[union-attr]
        return places & self.holds(node)  # type: ignore[arg-type]

    def backward(self, node: Node, places: int) -> int:
        """Where a node can begin that ends at one of these places."""
        kind = type(node)
        if not places:
            return 0
        if kind is Chars:
            return (places >> 1) & self.chars(node) & self.all  # type: ignore[arg-type]
        if kind is Sequence:
            for item in reversed(node.items):  # type: ignore[union-attr]
                places = self.backward(item, places)
            return places
        if kind is Repeat:
            return self.repeated(node, places, False)  # type: ignore[arg-type]
        if kind is Group:
            return self.backward(node.inner, places)  # type: ignore[union-attr]
        if kind is Alternatives:
            found = 0
            for branch in node.branches:  # type: ignore[union-attr]
                found |= self.backward(branch, places)
            return found
        if kind is Reference:
            return self.backward(node.target, places)  # type: ignore[union-attr]
        return places & self.holds(node)  # type: ignore[arg-type]

    def repeated(self, node: Repeat, places: int, onward: bool) -> int:
        inner = node.inner
        step = self.forward if onward else self.backward
        for _ in range(node.least):
            after = step(inner, places)
            if after == places:
                break
            places = after
        if node.most is None and type(inner) is Chars:
            chars = self.chars(inner)
            return self.run(places, chars) if onward else self.run_back(places, chars)
        reached = fresh = places
        turns = -1 if node.most is None else node.most - node.least
        while fresh and turns:
            fresh = step(inner, fresh) & ~reached
            reached |= fresh
            turns -= 1
        return reached

    def run(self, places: int, chars: int) -> int:
        """All places that are reached over characters of a set: one addition carries through every run."""
        return (((places & chars) + chars) ^ chars) | places

    def run_back(self, places: int, chars: int) -> int:
        chars &= self.all
        size = 1
        while size <= self.size and chars:
            places |= chars & (places >> size)
            chars &= chars >> size
            size *= 2
        return places


def _descending(places: int) -> Iterator[int]:
    while places:
        place = places.bit_length() - 1
        yield place
        places ^= 1 << place


def _ascending(places: int) -> Iterator[int]:
    while places:
        lowest = places & -places
        yield lowest.bit_length() - 1
        places ^= lowest


# -- the match and its groups -----------------------------------------------------------------------------------------


def search(whole: Plan, groups: int, text: str, start: int, bol: bool) -> Spans | None:
    """Return where the first match from `start` on is, or None.

    Arguments:
        groups: how many groups the expression has.
        bol: whether `^` matches at `start`.
    """
    scan = _Division(text, start, bol, groups)
    shorter = bool(whole.flags & SHORTER)
    order = _ascending if shorter else _descending
    for begin in _ascending(scan.backward(whole.node, scan.all)):
        for end in order(scan.forward(whole.node, 1 << begin)):
            scan.spans = [(-1, -1)] * (groups + 1)
            if scan.divide(whole, begin, end):
                scan.spans[0] = (begin, end)
                return scan.spans
    return None


class _Division(_Scan):
    """A scan that fills the spans of groups."""

    def __init__(self, text: str, start: int, bol: bool, groups: int) -> None:
        super().__init__(text, start, bol)
        self.spans: Spans = [(-1, -1)] * (groups + 1)

    def divide(self, part: Plan, begin: int, end: int) -> bool:
        """Fill the spans of groups within a part that is known to match from begin to end, references apart."""
        if not part.flags & (CAPTURES | REFERS):
            return True
        if part.kind == "both":
            return self.divide_both(part, begin, end)
        if part.kind == "group":
            if not self.divide(part.parts[0], begin, end):
                return False
            self.spans[part.node.number] = (begin, end)  # type: ignore[union-attr]
            return True
        if part.kind == "any":
            for branch in part.parts:
                if self.forward(branch.node, 1 << begin) >> end & 1 and self.divide(branch, begin, end):
                    return True
            return False
        if part.kind == "many":
            return self.divide_many(part, begin, end)
        return self.repeats_reference(part, begin, end)

    def divide_both(self, part: Plan, begin: int, end: int) -> bool:
        left, right = part.parts
        middles = self.forward(left.node, 1 << begin) & ((2 << end) - 1)
        middles &= self.backward(right.node, 1 << end)
        for middle in (_ascending if left.flags & SHORTER else _descending)(middles):
            if self.divide(left, begin, middle) and self.divide(right, middle, end):
                return True
            self.forget(left)
            self.forget(right)
        return False

    def forget(self, part: Plan) -> None:
        if part.kind == "group":
            self.spans[part.node.number] = (-1, -1)  # type: ignore[union-attr]
        for inner in part.parts:
            self.forget(inner)

    def divide_many(self, part: Plan, begin: int, end: int) -> bool:
        """Find the turns of a repeat, each as long (or short) as may be, and fill the groups of the last."""
        if begin == end and not part.least:
            return True
        inner = part.parts[0]
        least = max(1, part.least)
        most = end - begin if part.most is None else min(end - begin, part.most)
        most = max(most, least)
        shorter = bool(inner.flags & SHORTER)
        onward = self.backward(Repeat(inner.node, 0, None, True), 1 << end)
        within = (2 << end) - 1
        ends = [begin]
        choices = [self.turns(inner, begin, onward & within, shorter)]
        while choices:
            count = len(choices)
            here = next(choices[-1], None)
            if here is None:
                choices.pop()
                ends.pop()
                continue
            if here == end:
                if count >= least and self.fill_turns(inner, [*ends, end]):
                    return True
                continue
            # A turn over nothing counts only where that is needed to have enough of them.
            if count >= most or (here == ends[-1] and (count >= least or least - count < end - here)):
                continue
            ends.append(here)
            choices.append(self.turns(inner, here, onward & within, shorter))
        return False

    def turns(self, inner: Plan, begin: int, allowed: int, shorter: bool) -> Iterator[int]:
        places = self.forward(inner.node, 1 << begin) & allowed
        return _ascending(places) if shorter else _descending(places)

    def fill_turns(self, inner: Plan, ends: list[int]) -> bool:
        for at in range(1, len(ends)):
            self.forget(inner)
            if not self.divide(inner, ends[at - 1], ends[at]):
                return False
        return True

    def repeats_reference(self, part: Plan, begin: int, end: int) -> bool:
        node = part.node.inner if type(part.node) is Repeat else part.node
        first, last = self.spans[node.number]  # type: ignore[union-attr]
        if first < 0:
            return False
        if first == last or begin == end:
            return begin == end and (first == last or part.least == 0)
        turns, left_over = divmod(end - begin, last - first)
        if left_over or turns < part.least or (part.most is not None and turns > part.most):
            return False
        wanted, found = self.text[first:last] * turns, self.text[begin:end]
        if node.nocase:  # type: ignore[union-attr]
            return [*map(lower, wanted)] == [*map(lower, found)]
        return wanted == found
