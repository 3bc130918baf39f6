"""While an interpreter imports ctypes, nobody else calls through it."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

import nsjob
from nsjob.engines import interpreter, interrupts, loading
from nsjob.engines.loading import LOADING, wait_for_loading
from tests.conftest import PATIENCE


def test_an_interrupt_waits(pool: nsjob.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bool] = []
    looked = threading.Event()
    real = interrupts.send

    def send(place: interrupts.Place, looks: int) -> bool:
        sent.append(real(place, looks))
        looked.set()
        return sent[-1]

    monkeypatch.setattr("nsjob.engines.thread.send", send)
    began = threading.Event()

    def body() -> None:
        began.set()
        while True:
            pass

    job = pool.submit("q", body)
    assert began.wait(PATIENCE)
    with LOADING:
        job.cancel()
        assert looked.wait(PATIENCE)
        assert not any(sent)
        assert job.state == "running"
    with pytest.raises(nsjob.JobCancelled):
        job.wait(PATIENCE)
    assert sent[-1]


def test_who_has_to_call_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, waited = threading.Event(), threading.Event()
    monkeypatch.setattr(loading, "time", SimpleNamespace(sleep=lambda _: looked.set()))

    def wait() -> None:
        wait_for_loading()
        waited.set()

    thread = threading.Thread(target=wait)
    with LOADING:
        thread.start()
        assert looked.wait(PATIENCE)
        assert not waited.is_set()
    assert waited.wait(PATIENCE)
    thread.join()


@pytest.mark.skipif(sys.version_info < (3, 14), reason="concurrent.interpreters came with Python 3.14")
def test_each_interpreter_that_starts_lets_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = MagicMock()
    monkeypatch.setattr(interpreter, "LOADING", lock)
    with nsjob.Pool() as pool:
        for name in ("one", "other"):
            pool.create(name, 1, engine="interpreter")
            assert pool.queue(name, "6 * 7").wait(PATIENCE) == 42
            assert pool.queue(name, "6 * 7").wait(PATIENCE) == 42
    assert lock.__enter__.call_count == lock.__exit__.call_count == 2
