"""Programs over a store, in processes of their own: workers and shells, and what they say."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import nsjob

__all__ = ["PATIENCE", "Program", "Tap", "shell"]

PATIENCE = 60.0  # seconds; only a test that fails waits that long
ROOT = Path(nsjob.__file__).parents[1]


def _heed_signals() -> None:
    """Whoever runs the tests may ignore Ctrl-C, and programs inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Program:
    """`nsjob` with some words, running. What it says on standard error is read line by line."""

    def __init__(self, *words: object) -> None:
        self.lines: list[str] = []
        self._fresh: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nsjob", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heed_signals,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._fresh.put(line.rstrip("\n"))
        self._fresh.put(None)

    def said(self, wanted: str) -> str:
        """Wait until it says a line with this, and return that line."""
        while True:
            try:
                line = self._fresh.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"never said: {wanted}\n" + "\n".join(self.lines)) from None
            if line is None:
                raise AssertionError(f"it ended without saying: {wanted}\n" + "\n".join(self.lines))
            self.lines.append(line)
            if wanted in line:
                return line

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for its end, and return its exit code; all that it said is in `lines` then."""
        code = self.process.wait(timeout=PATIENCE)
        while (line := self._fresh.get(timeout=PATIENCE)) is not None:
            self.lines.append(line)
        return code

    def text(self) -> str:
        """All that it has said, as far as it was looked at."""
        return "\n".join(self.lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                self._reader.join(PATIENCE)
                stream.close()


class Ended:
    """What a program left that has ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


def shell(*words: object, **environment: str) -> Ended:
    """Run `nsjob` with some words to its end."""
    ended = subprocess.run(
        [sys.executable, "-m", "nsjob", *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **environment},
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


class Tap:
    """A named pipe that holds a body in another process until the test opens it."""

    def __init__(self, place: Path, name: str = "tap") -> None:
        self.path = place / name
        os.mkfifo(self.path)
        self.script = f"open({str(self.path)!r}).read()"

    def open(self) -> None:
        """Let one body go on."""
        with open(self.path, "w") as writer:
            writer.write("on")
