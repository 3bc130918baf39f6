#!/usr/bin/env python3
"""A census of the standard library: the functions, classes and lines of each of its modules, one job per file.

    python examples/census.py --threads 4 --top 10

Results are taken as they come. A file that cannot be parsed (the library has some, for its own tests) is an error of
its own job; it is listed and the others go on.
"""

from __future__ import annotations

import argparse
import ast
import os
import sysconfig
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nsjob

NOT_THE_LIBRARY = {"site-packages", "dist-packages", "__pycache__"}


@dataclass(frozen=True, slots=True)
class Census:
    """What was counted in one module, or in all of them."""

    functions: int
    classes: int
    lines: int


def census(path: Path) -> Census:
    """Count one module. Methods and nested functions are functions too; a line is a line of the file, blank or not.

    Raises:
        OSError: the file cannot be read.
        SyntaxError, ValueError: it is no Python source of the running version.
    """
    source = path.read_bytes()
    nodes = Counter(map(type, ast.walk(ast.parse(source, str(path)))))
    return Census(
        functions=nodes[ast.FunctionDef] + nodes[ast.AsyncFunctionDef],
        classes=nodes[ast.ClassDef],
        lines=len(source.splitlines()),
    )


def modules(directory: Path) -> list[Path]:
    """Every .py file below the directory, without what was installed beside the library."""
    found = (path.relative_to(directory) for path in directory.rglob("*.py"))
    return sorted(path for path in found if not NOT_THE_LIBRARY.intersection(path.parts))


def take(directory: Path, threads: int) -> tuple[dict[str, Census], dict[str, str]]:
    """Count all modules, `threads` at a time. Return the counts and the errors, each by the file's name."""
    counted: dict[str, Census] = {}
    failed: dict[str, str] = {}
    with nsjob.Pool() as pool:
        pool.create("census", maxthreads=threads, desc=f"modules of {directory}")
        for name in modules(directory):
            values = {"census": census, "path": directory / name}
            pool.queue("census", "census(path)", jobid=name.as_posix(), vars=values)
        while done := pool.waitany("census"):
            try:
                counted[done] = pool.wait("census", done)
            except Exception as error:  # the job's own: whatever this file did to the parser
                failed[done] = f"{type(error).__name__}: {error}"
    return counted, failed


def total(counts: Iterable[Census]) -> Census:
    """The sum of the counts."""
    counts = list(counts)
    return Census(
        functions=sum(each.functions for each in counts),
        classes=sum(each.classes for each in counts),
        lines=sum(each.lines for each in counts),
    )


def table(counted: dict[str, Census], top: int) -> str:
    """The `top` longest modules and the total of all, as text in columns."""
    longest = sorted(counted.items(), key=lambda entry: (-entry[1].lines, entry[0]))[:top]
    rows = [("module", "functions", "classes", "lines")]
    rows += [
        (name, f"{each.functions:,}", f"{each.classes:,}", f"{each.lines:,}")
        for name, each in [*longest, (f"all {len(counted):,} modules", total(counted.values()))]
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"{name:<{widths[0]}}  " + "  ".join(map(str.rjust, counts, widths[1:])) for name, *counts in rows]
    rule = "-" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the census and print it. Files that could not be counted are listed; they are no failure of the census."""
    parser = argparse.ArgumentParser(description="Count the functions, classes and lines of the standard library.")
    parser.add_argument("--threads", type=int, default=min(8, os.cpu_count() or 1), help="files counted at a time")
    parser.add_argument("--top", type=int, default=10, help="how many of the longest modules are shown")
    parser.add_argument(
        "--directory", type=Path, default=Path(sysconfig.get_path("stdlib")), help="count this instead of the library"
    )
    given = parser.parse_args(arguments)
    if given.threads < 1 or given.top < 0:
        parser.error("--threads must be 1 or more, and --top 0 or more")
    if not given.directory.is_dir():
        parser.error(f"no such directory: {given.directory}")

    warnings.simplefilter("ignore", SyntaxWarning)  # the parser's remarks on old test files are not ours to print
    warnings.simplefilter("ignore", DeprecationWarning)
    begun = time.perf_counter()
    counted, failed = take(given.directory, given.threads)
    took = time.perf_counter() - begun

    print(table(counted, given.top))
    print(f"\n{len(counted) + len(failed):,} files, {given.threads} at a time, in {took:.1f} s")
    if failed:
        print(f"\n{len(failed):,} could not be counted:")
        for name, error in sorted(failed.items()):
            print(f"  {name}: {error}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
