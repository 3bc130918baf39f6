"""IndexSet: a compact set of non-negative integers, as sorted runs: `1..1000000`, `5..9,12`."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from nsjob.errors import OptionError, brief

__all__ = ["HIGHEST", "IndexSet"]

HIGHEST = 10**18
"""The highest index that can be."""

_RUN = re.compile(r"\s*([0-9]+)\s*(?:\.\.\s*([0-9]+)\s*)?", re.ASCII)
_SHAPE = "must be indexes and runs of them with commas between, like 1..1000 or 5..9,12"


class IndexSet:
    """Integers from 0 to HIGHEST, kept as the first and last of each run of neighbours.

    A million in a row take no more room than two do. What is about one index takes the time of a binary search in the
    runs, and where a run comes or goes that of moving those behind it.
    """

    __slots__ = ("_count", "_firsts", "_lasts")

    def __init__(self, indexes: Iterable[int] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._count = 0
        if isinstance(indexes, range) and indexes and abs(indexes.step) == 1:
            ends = indexes[0], indexes[-1]
            self._put_run(_checked(min(ends)), _checked(max(ends)))
        elif isinstance(indexes, IndexSet):
            self._take_over(indexes)
        else:
            for index in indexes:
                self.add(index)

    @classmethod
    def parse(cls, text: str) -> IndexSet:
        """The set that a text names: indexes and runs (`first..last`), with commas between, in any order.

        The empty text is the empty set.

        Raises:
            OptionError: says what would be right.
        """
        made = cls()
        if not text.strip():
            return made
        for part in text.split(","):
            found = _RUN.fullmatch(part)
            if found is None:
                where = "" if part == text else f" in {brief(text)}"
                raise OptionError(f"bad indexes {brief(part.strip())}{where}: {_SHAPE}")
            first = _number(found[1])
            last = first if found[2] is None else _number(found[2])
            if last < first:
                raise OptionError(f"bad indexes {first}..{last}: must begin with the lower one, {last}..{first}")
            made._put_run(first, last)
        return made

    @classmethod
    def of(cls, given: object) -> IndexSet:
        """The set that a caller means: a text as `parse` takes it, a range, or any integers.

        Raises:
            OptionError: says what would be right.
        """
        if isinstance(given, str):
            return cls.parse(given)
        if isinstance(given, (bytes, int)) or not isinstance(given, Iterable):
            raise OptionError(f"indexes must be text like 1..1000, a range, or integers, but got {brief(given)}")
        return cls(given)

    def runs(self) -> Iterator[tuple[int, int]]:
        """The first and last index of each run, in order."""
        return zip(self._firsts, self._lasts, strict=True)

    def __str__(self) -> str:
        """The text that `parse` makes the same set of, in the shortest form: runs in order, none next to another."""
        return ",".join(_run_text(first, last) for first, last in self.runs())

    def brief(self, longest: int = 100) -> str:
        """The text, or as many runs of it as fit into so many characters, and `...`."""
        shown: list[str] = []
        size = 0
        for first, last in self.runs():
            run = _run_text(first, last)
            size += len(run) + 1
            if shown and size > longest:
                return ",".join([*shown, "..."])
            shown.append(run)
        return ",".join(shown)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, index: object) -> bool:
        if not isinstance(index, int):
            return False
        at = bisect_right(self._firsts, index) - 1
        return at >= 0 and index <= self._lasts[at]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.runs():
            yield from range(first, last + 1)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IndexSet):
            return NotImplemented
        return self._firsts == other._firsts and self._lasts == other._lasts

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"IndexSet.parse({str(self)!r})"

    def copy(self) -> IndexSet:
        """A set of its own with the same indexes."""
        return IndexSet(self)

    def add(self, index: int) -> None:
        """Put an index in, where it is not."""
        if index not in self:
            self._put_run(_checked(index), index)

    def discard(self, index: int) -> None:
        """Take an index out, where it is in."""
        if index not in self:
            return
        at = bisect_right(self._firsts, index) - 1
        first, last = self._firsts[at], self._lasts[at]
        self._count -= 1
        if first == last:
            del self._firsts[at], self._lasts[at]
        elif index == first:
            self._firsts[at] = index + 1
        elif index == last:
            self._lasts[at] = index - 1
        else:
            self._firsts.insert(at + 1, index + 1)
            self._lasts.insert(at, index - 1)

    def first(self, count: int) -> IndexSet:
        """The lowest so many, or all where there are no more."""
        made = IndexSet()
        for first, last in self.runs():
            if made._count >= count:
                break
            made._append(first, min(last, first + count - made._count - 1))
        return made

    def pop_first(self, count: int) -> IndexSet:
        """Take the lowest so many out, or all where there are no more, and return them."""
        made = self.first(count)
        whole = len(made._firsts)  # runs of which at least the beginning goes
        if whole and made._lasts[-1] != self._lasts[whole - 1]:
            whole -= 1
            self._firsts[whole] = made._lasts[-1] + 1
        del self._firsts[:whole], self._lasts[:whole]
        self._count -= made._count
        return made

    def pop(self) -> int:
        """Take the lowest one out and return it.

        Raises:
            KeyError: the set is empty.
        """
        if not self._count:
            raise KeyError("pop from an empty IndexSet")
        index = self._firsts[0]
        if index == self._lasts[0]:
            del self._firsts[0], self._lasts[0]
        else:
            self._firsts[0] = index + 1
        self._count -= 1
        return index

    def __or__(self, other: IndexSet) -> IndexSet:
        """What is in either."""
        made = IndexSet()
        for first, last in sorted([*self.runs(), *other.runs()]):
            if made._lasts and first <= made._lasts[-1] + 1:
                if last > made._lasts[-1]:
                    made._count += last - made._lasts[-1]
                    made._lasts[-1] = last
            else:
                made._append(first, last)
        return made

    def __and__(self, other: IndexSet) -> IndexSet:
        """What is in both."""
        return self - (self - other)

    def __sub__(self, other: IndexSet) -> IndexSet:
        """What is in this one and not in the other."""
        made = IndexSet()
        at = 0
        for first, last in self.runs():
            while at < len(other._lasts) and other._lasts[at] < first:
                at += 1
            near = at
            while near < len(other._firsts) and other._firsts[near] <= last:
                if other._firsts[near] > first:
                    made._append(first, other._firsts[near] - 1)
                first = other._lasts[near] + 1
                near += 1
            if first <= last:
                made._append(first, last)
        return made

    def _append(self, first: int, last: int) -> None:
        """Put a run in that comes behind all others, and is not next to the last one."""
        self._firsts.append(first)
        self._lasts.append(last)
        self._count += last - first + 1

    def _put_run(self, first: int, last: int) -> None:
        """Put a run in, whatever of it is in already; one with those that it touches."""
        low = bisect_left(self._lasts, first - 1)
        high = bisect_right(self._firsts, last + 1)
        if low < high:
            first = min(first, self._firsts[low])
            last = max(last, self._lasts[high - 1])
            self._count -= sum(self._lasts[at] - self._firsts[at] + 1 for at in range(low, high))
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]
        self._count += last - first + 1

    def _take_over(self, other: IndexSet) -> None:
        self._firsts = other._firsts.copy()
        self._lasts = other._lasts.copy()
        self._count = other._count


def _run_text(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}..{last}"


def _number(digits: str) -> int:
    if len(digits.lstrip("0")) > len(str(HIGHEST)):
        raise OptionError(f"bad index {brief(digits)}: must be 0 to {HIGHEST}")
    return _checked(int(digits))


def _checked(index: object) -> int:
    if isinstance(index, bool) or not isinstance(index, int):
        raise OptionError(f"an index must be an integer, but got {brief(index)}")
    if not 0 <= index <= HIGHEST:
        raise OptionError(f"an index must be 0 to {HIGHEST}, but got {brief(index)}")
    return index
