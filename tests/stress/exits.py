"""Exits: programs that fork, end, drop their pools or are interrupted with jobs under way; see programs.py.

Each must end in time, with the exit code that one would expect, all its lines printed, and no noise on stderr.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

from tests.stress.programs import PROGRAMS, Program
from tests.stress.tally import Tally

FULL = 20  # rounds of all of them
_TIMEOUT = 20.0
_AFTER = 0.4  # seconds from a program's first line to its SIGINT
_AT_ONCE = 2
_ROOT = Path(__file__).parents[2]
# Forking beside threads is what is tested; Python 3.12 and later warn of it.
_OPTIONS = ("-X", "faulthandler", "-W", "ignore:This process:DeprecationWarning", "-m", "tests.stress.programs")


def scenario(tally: Tally, size: int, random: Random) -> None:
    """Run each program `size` times."""
    todo = list(PROGRAMS) * size
    random.shuffle(todo)

    def work() -> None:
        while todo:
            try:
                name = todo.pop()
            except IndexError:
                return
            _run(tally, name, PROGRAMS[name])

    threads = [threading.Thread(target=work) for _ in range(_AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _run(tally: Tally, name: str, program: Program) -> None:
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *_OPTIONS, name],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = ""
    try:
        if program.interrupted:
            assert process.stdout is not None
            first = process.stdout.readline()
            time.sleep(_AFTER)
            process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=_TIMEOUT - (time.monotonic() - began))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # faulthandler prints where it stands
        try:
            out, error = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:  # a child of its own holds the pipes, or it does not even abort
            process.kill()
            out = error = ""
        tally.violation(f"{name}: does not end: {error[-1500:]}")
        return
    out = first + out
    tally.add("programs")
    code = process.returncode
    lines, right = sorted(out.splitlines()), sorted(program.out.splitlines())
    last = error.strip().splitlines()[-1] if error.strip() else ""
    said = f": {error[-1500:]}" if error else ""
    if code not in program.codes:
        tally.violation(f"{name}: exit code {code} instead of {program.codes}{said}")
    elif lines != right:
        tally.violation(f"{name}: printed {lines} instead of {right}{said}")
    elif not program.error:
        tally.expect(not error, f"{name}: noise{said}")
    else:
        good = last.startswith(program.error) and error.count("Traceback (most recent") == 1
        tally.expect(good, f"{name}: not one traceback with {program.error}{said}")
