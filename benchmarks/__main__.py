"""`python -m benchmarks`: take the measures, print one table."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import engines, language, shell, startup, store, table
from benchmarks import measures as pools
from benchmarks.trials import Figures, Measure, figures


def measures(quick: bool) -> list[Measure]:
    """All measures: of the pool, then of the language, of the shell, of the engines, of the store, and of starting."""
    if quick:
        return [
            *pools.measures(pools.QUICK),
            *language.measures(language.QUICK),
            *shell.measures(shell.QUICK),
            *engines.measures(engines.QUICK),
            *store.measures(store.QUICK),
            *startup.measures(),
        ]
    return [
        *pools.measures(pools.FULL),
        *language.measures(language.FULL),
        *shell.measures(shell.FULL),
        *engines.measures(engines.FULL),
        *store.measures(store.FULL),
        *startup.measures(),
    ]


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    names = [measure.name for measure in measures(True)]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="nsjob beside its peers, in one run.")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="at most N rounds of each measure (7)")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, at most 3 rounds: a minute or two")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help="this measure; may be repeated")
    parser.add_argument("--list", action="store_true", help="name the measures, and take none")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    asked = parser.parse_args(arguments)
    if asked.rounds < 1:
        parser.error("--rounds: at least 1")
    return asked


def main(arguments: Sequence[str] | None = None) -> None:
    """Take the measures that the command line asks for, and print them as they are taken."""
    asked = options(arguments)
    wanted = [each for each in measures(asked.quick) if not asked.only or each.name in asked.only]
    if asked.list:
        print("\n".join(f"{measure.name:14} {measure.title} [{measure.unit}]" for measure in wanted))
        return
    print(table.machine())
    print(table.versions())
    if asked.quick:
        print("--quick: smaller sizes than those that the targets are about")
    print("\n" + table.heading(), flush=True)
    start = time.monotonic()
    taken = []
    for measure in wanted:
        taken.append(figures(measure, min(asked.rounds, 3) if asked.quick else asked.rounds))
        print(table.block(taken[-1]) + "\n", flush=True)
    print(f"taken in {time.monotonic() - start:.0f} s")
    if asked.json:
        asked.json.write_text(json.dumps(record(taken), indent=1) + "\n")


def record(taken: Sequence[Figures]) -> object:
    """The figures, as JSON has them."""
    return {
        "machine": table.machine(),
        "versions": table.versions(),
        "measures": [
            {
                "name": each.measure.name,
                "title": each.measure.title,
                "unit": each.measure.unit,
                "rounds": each.rounds,
                "lines": [
                    {
                        "who": line.comparison.who,
                        "value": asdict(line.value),
                        "against": line.comparison.against or None,
                        "ratio": asdict(line.ratio) if line.ratio else None,
                        "target": str(line.comparison.target) if line.comparison.target else None,
                        "met": line.met,
                    }
                    for line in each.lines
                ],
            }
            for each in taken
        ],
    }


if __name__ == "__main__":
    main()
