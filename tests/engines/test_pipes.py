"""Messages over pipes: whole, in order, however they are cut."""

from __future__ import annotations

import errno
import os
import struct
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsjob.engines.pipes import Receiver, Sender, open_pipes


@pytest.fixture
def ends() -> Iterator[tuple[Receiver, Sender]]:
    out, into = os.pipe()
    receiver, sender = Receiver(out), Sender(into)
    yield receiver, sender
    receiver.close()
    sender.close()


def framed(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + data


@given(st.lists(st.one_of(st.integers(0, 100), st.integers(8_000, 8_400), st.integers(65_000, 200_000)), max_size=8))
def test_all_messages_come_whole_and_in_order(sizes: list[int]) -> None:
    out, into = os.pipe()
    receiver, sender = Receiver(out), Sender(into)
    messages = [bytes([number]) * size for number, size in enumerate(sizes)]

    def send() -> None:
        for message in messages:
            sender.send(message)
        sender.close()

    thread = threading.Thread(target=send)
    thread.start()
    assert [bytes(receiver.receive()) for _ in messages] == messages
    with pytest.raises(EOFError):
        receiver.receive()
    thread.join()
    receiver.close()


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5), st.lists(st.integers(1, 30)))
def test_however_they_are_cut(messages: list[bytes], cuts: list[int]) -> None:
    out, into = os.pipe()
    receiver = Receiver(out)
    whole = b"".join(map(framed, messages))
    pieces = []
    for cut in cuts:
        pieces.append(whole[:cut])
        whole = whole[cut:]
    pieces.append(whole)
    found: list[bytes] = []

    def listen() -> None:
        found.extend(bytes(receiver.receive()) for _ in messages)

    thread = threading.Thread(target=listen)
    thread.start()
    for piece in pieces:
        os.write(into, piece)
        os.sched_yield()
    thread.join()
    assert found == messages
    os.close(into)
    receiver.close()


@pytest.mark.parametrize("sent", [b"", b"\x05", framed(b"hello")[:-1], framed(bytes(100_000))[:-1]])
def test_an_end_within_a_message_is_an_end(ends: tuple[Receiver, Sender], sent: bytes) -> None:
    receiver, sender = ends

    def send() -> None:
        sender._all(sent)
        sender.close()

    thread = threading.Thread(target=send)
    thread.start()
    with pytest.raises(EOFError):
        receiver.receive()
    thread.join()


def test_nobody_reads(ends: tuple[Receiver, Sender]) -> None:
    receiver, sender = ends
    receiver.close()
    with pytest.raises(BrokenPipeError):
        sender.send(b"x")


def test_a_closed_end(ends: tuple[Receiver, Sender]) -> None:
    receiver, sender = ends
    receiver.close()
    sender.close()
    with pytest.raises(ValueError, match="closed"):
        receiver.receive()
    with pytest.raises(ValueError, match="closed"):
        sender.send(b"x")


def test_as_many_pipes_are_opened_as_asked_for_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[int, int]] = []
    pipe = os.pipe

    def scarce() -> tuple[int, int]:
        if len(opened) == 2:
            raise OSError(errno.EMFILE, "too many open files")
        opened.append(pipe())
        return opened[-1]

    monkeypatch.setattr(os, "pipe", scarce)
    with pytest.raises(OSError, match="too many open files"):
        open_pipes(3)
    for descriptor in (end for ends in opened for end in ends):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    opened.clear()
    assert open_pipes(2) == opened
    for descriptor in (end for ends in opened for end in ends):
        os.close(descriptor)
