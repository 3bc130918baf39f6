"""The measures of the Tcl language: one algorithm in our Tcl, in plain Python, and in real Tcl where it is there."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.trials import AtLeast, AtMost, Comparison, Measure, Reading
from nsjob.tcl import Interp, parse

OURS, PYTHON, REAL = "nsjob.tcl", "plain Python", "tclsh"
TCLSH = shutil.which("tclsh")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much each measure does. The targets are about the sizes that stand here."""

    turns: int = 1_000_000
    fib: int = 22
    source: int = 1_000_000
    appended: tuple[int, int] = (1_000, 1_000_000)


FULL = Sizes()
QUICK = Sizes(50_000, 15, 100_000, (1_000, 50_000))

WHILE = "proc count n {set i 0; while {$i < $n} {incr i}; return $i}"
FIB = "proc fib n {if {$n < 2} {return $n}; expr {[fib [expr {$n - 1}]] + [fib [expr {$n - 2}]]}}"
FOREACH = "proc copy items {foreach x $items {lappend found $x}; llength $found}"
APPEND = "proc fill n {for {set i 0} {$i < $n} {incr i} {lappend found $i}; llength $found}"


def count(n: int) -> int:
    i = 0
    while i < n:
        i += 1
    return i


def fib(n: int) -> int:
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def copied(items: Sequence[int]) -> int:
    found = []
    for x in items:
        found.append(x)  # noqa: PERF402  as the script does it
    return len(found)


def measures(sizes: Sizes) -> list[Measure]:
    """All measures of the language."""
    items = list(range(sizes.turns))
    return [
        same(
            "tcl-while", f"while, incr and a compare, {sizes.turns:,} turns", 12,
            WHILE, f"count {sizes.turns}", partial(count, sizes.turns), {},
        ),
        same(
            "tcl-fib", f"recursive fib {sizes.fib}", 25,
            FIB, f"fib {sizes.fib}", partial(fib, sizes.fib), {},
        ),
        same(
            "tcl-foreach", f"foreach over {sizes.turns:,} elements with lappend", 8,
            FOREACH, "copy $items", partial(copied, items), {"items": items},
        ),
        parsing(sizes),
        appending(sizes),
    ]  # fmt: skip


def same(
    name: str,
    title: str,
    most: float,
    prepare: str,
    script: str,
    plain: Callable[[], object],
    variables: dict[str, list[int]],
) -> Measure:
    """One algorithm, in each language."""
    trials: list[Callable[[], list[Reading]]] = [
        partial(in_ours, prepare, script, variables),
        partial(in_python, plain),
    ]
    lines = [Comparison(OURS, PYTHON, AtMost(most)), Comparison(PYTHON)]
    if TCLSH:
        values = [f"set {name} [list {' '.join(map(str, items))}]" for name, items in variables.items()]
        trials.append(partial(in_real, "\n".join([prepare, *values]), script))
        lines += [Comparison(REAL, PYTHON), Comparison(OURS, REAL)]
    return Measure(name, title, "ms", trials, lines, 60)


def in_ours(prepare: str, script: str, variables: dict[str, list[int]]) -> list[Reading]:
    interp = Interp()
    interp.eval(prepare, **variables)
    start = time.perf_counter()
    interp.eval(script)
    return [Reading(OURS, (time.perf_counter() - start) * 1e3)]


def in_python(plain: Callable[[], object]) -> list[Reading]:
    start = time.perf_counter()
    plain()
    return [Reading(PYTHON, (time.perf_counter() - start) * 1e3)]


def in_real(prepare: str, script: str) -> list[Reading]:
    assert TCLSH is not None
    program = f"{prepare}\nputs [expr {{[lindex [time {{{script}}} 1] 0] / 1000.0}}]\n"
    ended = subprocess.run([TCLSH], input=program, capture_output=True, text=True, check=True)
    return [Reading(REAL, float(ended.stdout))]


# -- parsing ----------------------------------------------------------------------------------------------------------

PROCEDURES = """\
# Count the words of a text.
proc count_words {text} {
    set counts [dict create]
    foreach word [split [string tolower $text]] {
        if {$word eq ""} { continue }
        dict incr counts $word
    }
    return $counts
}

proc report {counts {limit 10}} {
    foreach {word count} [lrange [lsort -stride 2 -index 1 -integer -decreasing $counts] 0 [expr {2 * $limit - 1}]] {
        puts [format "%-20s %6d" $word $count]
    }
}

report [count_words "the quick brown fox and the lazy dog"] 5
"""
COMMANDS = """\
set alpha [lindex $values 0]
puts "hello $name, you have [llength $mails] mails"
incr count 5
set table($key) {one two three}
if {$alpha < 5} {puts yes} else {puts no}
"""
TO_REACH = "2 MB a second"


def parsing(sizes: Sizes) -> Measure:
    """How fast a text is parsed; nothing of it is cached."""
    texts = {"a program of procedures": PROCEDURES, "nothing but short commands": COMMANDS}

    def take() -> list[Reading]:
        found = [Reading(TO_REACH, 2.0)]
        for name, text in texts.items():
            source = text * (sizes.source // len(text) + 1)
            start = time.perf_counter()
            parse(source)
            found.append(Reading(name, len(source) / (time.perf_counter() - start) / 1e6))
        return found

    lines = [Comparison(name, TO_REACH, AtLeast(1.0)) for name in texts]
    return Measure("tcl-parse", f"parsing {sizes.source / 1e6:g} MB of script", "MB/s", [take], lines, 30)


# -- lists that grow --------------------------------------------------------------------------------------------------


def appending(sizes: Sizes) -> Measure:
    """What one more element costs in a short and in a long list."""
    short, long = sizes.appended

    def take() -> list[Reading]:
        interp = Interp()
        interp.eval(APPEND)
        found = []
        for size in (short, long):
            begun = time.perf_counter()
            for _ in range(max(1, long // size // 4)):
                interp.eval(f"fill {size}")
            found.append(
                Reading(lists_of(size), (time.perf_counter() - begun) / max(1, long // size // 4) / size * 1e9)
            )
        return found

    lines = [Comparison(lists_of(short)), Comparison(lists_of(long), lists_of(short), AtMost(1.5))]
    return Measure("tcl-lappend", "lappend, each element", "ns", [take], lines, 60)


def lists_of(size: int) -> str:
    """The name of a reading."""
    return f"a list of {size:,}"
