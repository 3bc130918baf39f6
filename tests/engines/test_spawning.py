"""How programs are started: alike by the C library and by subprocess."""

from __future__ import annotations

import os
import signal
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from nsjob.engines import spawning

pytestmark = pytest.mark.skipif(os.name != "posix", reason="programs need process groups")


@pytest.fixture(params=["library", "subprocess"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "subprocess":
        monkeypatch.setattr(spawning, "_library", lambda: None)
    elif spawning._library() is None:
        assert not sys.platform.startswith("linux"), "this C library is not used: glibc 2.34 or later is wanted"
    return str(request.param)


class Started:
    """A program and what it wrote."""

    def __init__(self, folder: Path, *argv: str, environment: Mapping[str, str] | None = None, cwd: str = "") -> None:
        self._logs = [folder / "out", folder / "err"]
        numbers = [os.open(path, os.O_WRONLY | os.O_CREAT, 0o666) for path in self._logs]
        variables = {os.fsencode(name): os.fsencode(value) for name, value in (environment or os.environ).items()}
        try:
            self.child = spawning.spawn(argv, variables, cwd, True, *numbers)
        finally:
            for number in numbers:
                os.close(number)

    def end(self, said: bytes = b"") -> tuple[int, str, str]:
        assert self.child.stdin is not None
        with self.child.stdin as pipe:
            pipe.write(said)
        code = self.child.wait()
        return code, *(path.read_text() for path in self._logs)


@pytest.mark.usefixtures("way")
def test_it_reads_writes_and_ends(tmp_path: Path) -> None:
    program = Started(tmp_path, "sh", "-c", "cat; echo wrong >&2; exit 3")
    assert program.end(b"through the pipe") == (3, "through the pipe", "wrong\n")


@pytest.mark.usefixtures("way")
def test_a_signal_is_told_as_its_number_below_zero(tmp_path: Path) -> None:
    assert Started(tmp_path, "sh", "-c", "kill -TERM $$").end()[0] == -signal.SIGTERM


@pytest.mark.usefixtures("way")
def test_it_is_where_it_shall_be_and_leads_its_session(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    said = "import os; print(os.getcwd(), os.getsid(0) == os.getpid())"
    assert Started(tmp_path, sys.executable, "-c", said, cwd=str(folder)).end()[:2] == (0, f"{folder} True\n")


@pytest.mark.usefixtures("way")
def test_it_has_its_own_environment_and_path(tmp_path: Path) -> None:
    program = tmp_path / "own"
    program.write_text("#!/bin/sh\necho $WORD\n")
    program.chmod(0o755)
    environment = {"PATH": str(tmp_path), "WORD": "own"}
    assert Started(tmp_path, "own", environment=environment).end()[:2] == (0, "own\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it reads /proc")
@pytest.mark.usefixtures("way")
def test_it_inherits_no_descriptors_and_does_not_ignore_what_python_does(tmp_path: Path) -> None:
    number = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(number, True)
    try:
        code, out, err = Started(tmp_path, "sh", "-c", "ls /proc/self/fd; grep SigIgn /proc/self/status").end()
    finally:
        os.close(number)
    assert (code, err) == (0, "")
    *numbers, _, ignored = out.split()
    assert str(number) not in numbers
    for ignored_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
        assert not int(ignored, 16) >> (ignored_by_python - 1) & 1


@pytest.mark.usefixtures("way")
def test_what_cannot_be_started_says_why(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Started(tmp_path, "no-such-program")
    with pytest.raises(FileNotFoundError):
        Started(tmp_path, str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError):
        Started(tmp_path, "sh", cwd=str(tmp_path / "nowhere"))
    plain = tmp_path / "plain"
    plain.write_text("no program")
    plain.chmod(stat.S_IRUSR)
    with pytest.raises(PermissionError):
        Started(tmp_path, str(plain))
    with pytest.raises(PermissionError):
        Started(tmp_path, "plain", environment={"PATH": str(tmp_path)})
