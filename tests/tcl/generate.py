"""`python -m tests.tcl.generate --count 100000 [--seed N]`: random scripts, run by real Tcl and by ours.

Prints how many answers were compared and how many differ, and the shortest scripts that show it.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from nsjob.tcl.values import parse_number, text
from tests.tcl.grammar import Grammar
from tests.tcl.oracle import Answer, Ours, Tclsh

__all__ = ["Outcome", "compare", "shrunk"]

BATCH = 500
# `subst` of what is no script: it is evaluated up to there. `string range` from beyond the end: compiled, the other
# index is not looked at. An error code that is trapped: it depends on whether the variable was compiled in.
ACCIDENTAL = re.compile(r"subst[^\n]*\[|string ra[\s\S]{0,80}? en\w*\+1 \S|trap \{TCL LOOKUP")
# What compiled code leaves behind where it makes a variable, and a `break` that is caught takes for its own result.
STALE = re.compile(r"\{?can't read \"[^\"]*\": no such (?:variable|element in array)\}?")
JUMP = re.compile(r"\b(?:break|continue)\b")
NUMBER = re.compile(r"[0-9][0-9a-zA-Z.]*(?:(?<=e)[+-]?[0-9]+)?")
BEYOND = ("must be args, body, class", "-errorstack")  # shows what is left out on purpose


@dataclass
class Outcome:
    """What a run found.

    Attributes:
        count: how many answers were compared.
        differing: the scripts with different result, message or errorCode: script, tclsh's answer, ours.
        infos: how many differ in errorInfo only.
    """

    count: int = 0
    differing: list[tuple[str, Answer, Answer]] = field(default_factory=list)
    infos: list[tuple[str, Answer, Answer]] = field(default_factory=list)


def batches(count: int, seed: int) -> Iterator[list[str]]:
    for begun in range(0, count, BATCH):
        grammar = Grammar(f"{seed}:{begun}")
        yield [grammar.script() for _ in range(min(BATCH, count - begun))]


def beyond(script: str, expected: Answer, found: Answer) -> bool:
    """Whether a difference shows what is left out on purpose, or how real Tcl happens to compile."""
    if any(part in expected.result for part in BEYOND) or ACCIDENTAL.search(script):
        return True
    if JUMP.search(script) and expected.end == found.end and expected.code == found.code:
        return STALE.sub("{}", expected.result) == STALE.sub("{}", found.result)
    # What a `? :` comes to, where a part is constant: 0.001, but compiled 1e-3, as it is written.
    if "?" in script and expected.end == found.end and expected.code == found.code:
        return NUMBER.sub(usual, expected.result) == NUMBER.sub(usual, found.result)
    return False


def usual(found: re.Match[str]) -> str:
    """A number in its usual form."""
    value = parse_number(found[0])
    return found[0] if value is None else text(value)


def compare(count: int, seed: int, say: bool = False) -> Outcome:
    """Run so many scripts both ways."""
    outcome = Outcome()
    ours = Ours()
    with Tclsh() as tclsh, ThreadPoolExecutor(1) as beside:
        for batch in batches(count, seed):
            theirs = beside.submit(tclsh.run_all, batch)
            found = ours.run_all(batch)
            for script, expected, answer in zip(batch, theirs.result(), found, strict=True):
                if beyond(script, expected, answer):
                    continue
                if not expected.agrees(answer):
                    outcome.differing.append((script, expected, answer))
                elif not expected.traces(answer):
                    outcome.infos.append((script, expected, answer))
            outcome.count += len(batch)
            if say and outcome.count % (BATCH * 20) == 0:
                print(f"{outcome.count} compared, {len(outcome.differing)} differ", file=sys.stderr, flush=True)
    return outcome


def shrunk(script: str, tclsh: Tclsh, ours: Ours, tries: int = 400) -> tuple[str, Answer, Answer]:
    """Return a shorter script that still shows a disagreement, with both answers."""
    best = script
    answers = tclsh.run(script), ours.run(script)
    size = len(script) // 2
    while size and tries > 0:
        at = 0
        while at < len(best) and tries > 0:
            shorter = best[:at] + best[at + size :]
            tries -= 1
            pair = tclsh.run(shorter), ours.run(shorter)
            if not pair[0].agrees(pair[1]) and not strays(pair[0], pair[1], answers[1]):
                best, answers = shorter, pair
            else:
                at += size
        size //= 2
    return best, *answers


def strays(theirs: Answer, ours: Answer, before: Answer) -> bool:
    """Whether shrinking found something else: a command that we leave out, or a script without an end."""
    missing = "invalid command name"
    return "timeout" in (theirs.end, ours.end) or (
        ours.result.startswith(missing) and not before.result.startswith(missing)
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--shown", type=int, default=20, help="how many disagreements are shown, shrunk")
    given = options.parse_args()

    begun = time.monotonic()
    outcome = compare(given.count, given.seed, say=True)
    print(
        f"seed {given.seed}: {outcome.count} scripts compared in {time.monotonic() - begun:.0f} s, "
        f"{len(outcome.differing)} disagreements; errorInfo alone differs in {len(outcome.infos)}"
    )
    seen: set[str] = set()
    with Tclsh(2.0) as tclsh:
        for script, *_ in sorted(outcome.differing, key=lambda one: len(one[0])):
            if len(seen) == given.shown:
                break
            short, expected, answer = shrunk(script, tclsh, Ours(2.0))
            if short not in seen:
                seen.add(short)
                print(f"\n{short!r}\n   tclsh: {expected}\n   ours:  {answer}")
    return bool(outcome.differing)


if __name__ == "__main__":
    sys.exit(main())
