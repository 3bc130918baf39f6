"""The measures of starting: whole processes beside `python -c pass`, with compiled modules in their caches."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache, partial

from benchmarks.trials import AtMost, Comparison, Measure, Reading

try:
    import pty
except ImportError:  # Windows
    pty = None  # type: ignore[assignment]

PYTHON, PUTS, IMPORT, POOL, PROMPT = (
    "python -c pass",
    "nsjob -c 'puts hi'",
    "import nsjob",
    "nsjob.Pool()",
    "to the first prompt",
)
MORE, MOST_MORE = "what that is more", "90 ms more"
INSTALLED = shutil.which("nsjob", path=os.path.dirname(sys.executable))
NSJOB = [sys.executable, INSTALLED] if INSTALLED else [sys.executable, "-m", "nsjob"]
COMMANDS = {
    PYTHON: [sys.executable, "-c", "pass"],
    PUTS: [*NSJOB, "-c", "puts hi"],
    IMPORT: [sys.executable, "-c", "import nsjob"],
    POOL: [sys.executable, "-c", "import nsjob; nsjob.Pool()"],
}
_PATIENCE = 60.0  # seconds


def measures() -> list[Measure]:
    """All measures of starting. Python's own start stands beside each: the machine's other work is in both."""
    found = [
        Measure(
            "start-script",
            "a script of one line, whole process",
            "ms",
            [script],
            [
                Comparison(PUTS, PYTHON, AtMost(3.0)),
                Comparison(MORE, MOST_MORE, AtMost(1.0)),
                Comparison(PYTHON),
            ],
            30,
        ),
        Measure(
            "start-import",
            "importing nsjob, and a pool, whole process",
            "ms",
            [partial(process, PYTHON), partial(process, IMPORT), partial(process, POOL)],
            [Comparison(IMPORT, PYTHON, AtMost(1.2)), Comparison(POOL, PYTHON), Comparison(PYTHON)],
            30,
        ),
    ]
    if pty is not None:
        lines = [Comparison(PROMPT, PYTHON, AtMost(14.0)), Comparison(PYTHON)]  # 350 ms where Python takes 25
        trials: list[Callable[[], list[Reading]]] = [partial(process, PYTHON), prompt]
        found.append(Measure("start-prompt", "until the prompt can be seen", "ms", trials, lines, 30))
    return found


@cache
def _caches() -> tempfile.TemporaryDirectory[str]:
    """Where compiled modules are kept: whoever runs this may have forbidden to write them beside the sources."""
    return tempfile.TemporaryDirectory(prefix="nsjob-startup-")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": _caches().name, "TERM": "xterm-256color"}


@cache
def _warm(name: str) -> None:
    """The first run compiles; it is not measured."""
    _run(name)


def _run(name: str) -> float:
    start = time.perf_counter()
    subprocess.run(
        COMMANDS[name],
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return (time.perf_counter() - start) * 1e3


def process(name: str) -> list[Reading]:
    """The time of one process, from its start to its end."""
    _warm(name)
    return [Reading(name, _run(name))]


def script() -> list[Reading]:
    """One script, and Python's own start just before it."""
    _warm(PYTHON)
    _warm(PUTS)
    bare, ours = _run(PYTHON), _run(PUTS)
    return [Reading(PYTHON, bare), Reading(PUTS, ours), Reading(MORE, ours - bare), Reading(MOST_MORE, 90.0)]


# -- the prompt -------------------------------------------------------------------------------------------------------


def prompt() -> list[Reading]:
    """From the start of the process until the prompt is on the screen of a terminal."""
    _first_prompt()
    return [Reading(PROMPT, _first_prompt() * 1e3)]


def _first_prompt() -> float:
    controller, terminal = pty.openpty()
    start = time.perf_counter()
    running = subprocess.Popen(
        [*NSJOB, "--norc"],
        env=_environment(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = b""
    try:
        while b"nsjob>" not in shown:
            if time.perf_counter() - start > _PATIENCE:
                raise RuntimeError(f"there is no prompt: {shown[-500:]!r}")
            more = os.read(controller, 65536)
            if b"\x1b[6n" in more:
                os.write(controller, b"\x1b[1;1R")  # where the cursor is: terminals answer that
            shown += more
        return time.perf_counter() - start
    finally:
        running.kill()
        running.wait()
        os.close(controller)
