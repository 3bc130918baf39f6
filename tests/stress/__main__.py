"""python -m tests.stress: runs the scenarios and prints a line for each."""

from __future__ import annotations

import argparse
import faulthandler
import gc
import importlib
import random
import sys
import time

from tests.stress.tally import Tally

SCENARIOS = ("mix", "races", "signals", "finalizers", "process_locks", "bodies", "exits", "kills", "many_done")
_SMALL = 100  # the share of the full size that the test suite runs
_PATIENCE = 90.0  # seconds of a whole scenario at that size; many times as many at larger ones
_EXIT = 20.0  # seconds of the interpreter's exit after the last one


def run(name: str, share: int, seed: int) -> bool:
    """Run one scenario at one `share`-th of its size, and print its line. Returns whether nothing was wrong."""
    module = importlib.import_module(f"tests.stress.{name}")
    tally = Tally(name)
    gc.collect()  # finalizers of the scenario before are not this one's
    # A scenario that hangs is ended with every thread's stack and exit code 1.
    faulthandler.dump_traceback_later(_PATIENCE * max(1.0, _SMALL / share), exit=True)
    began = time.monotonic()
    try:
        size = max(module.FULL // share, getattr(module, "LEAST", 1))
        module.scenario(tally, size, random.Random(f"{name} {seed}"))
    except Exception as error:
        import traceback

        traceback.print_exc()
        tally.violation(f"the scenario itself failed: {type(error).__name__}: {error}")
    print(tally.line(time.monotonic() - began), flush=True)
    if tally.violations:
        print(tally.complaints(), flush=True)
    faulthandler.cancel_dump_traceback_later()
    return not tally.violations


def main() -> int:
    """Parse the command line and run what it asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--full", action="store_true", help="the whole size; otherwise a hundredth, as the test suite")
    sizes.add_argument("--share", type=int, default=_SMALL, metavar="N", help="one Nth of the whole size")
    parser.add_argument("--only", choices=SCENARIOS, action="append", help="this scenario; may be repeated")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    chosen = parser.parse_args()
    gil = "" if getattr(sys, "_is_gil_enabled", lambda: True)() else ", free-threaded"
    print(f"Python {sys.version.split()[0]}{gil}, seed {chosen.seed}", flush=True)
    share = 1 if chosen.full else chosen.share
    results = [run(name, share, chosen.seed) for name in chosen.only or SCENARIOS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    faulthandler.enable()
    code = main()
    faulthandler.dump_traceback_later(_EXIT, exit=True)  # an exit that hangs is ended too
    sys.exit(code)
