"""The contents of files that go with jobs, in the store: whichever machine runs a job has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeAlias

from nsjob.pool.files import Manifest, checked, collected
from nsjob.store import sql
from nsjob.store.database import Cursor

__all__ = ["StoredContents", "StoredDepot"]

Transaction: TypeAlias = Callable[[Callable[[Cursor], Any]], Any]

_PART = 4 * 1024 * 1024  # bytes of a row
_GRACE = 86_400_000_000  # microseconds for which a content stays that no job needs yet, or any more


class StoredContents:
    """A ContentStore over the database.

    Arguments:
        read, change: what do something in a transaction, in any thread.
    """

    def __init__(self, read: Transaction, change: Transaction) -> None:
        self._read = read
        self._change = change

    def has(self, digest: str) -> bool:
        """Whether that content is there; it stays for a day from now."""
        return bool(self._change(lambda cursor: cursor.run(sql.TOUCH_CONTENT, hash=digest)))

    def put(self, digest: str, chunks: Iterable[bytes]) -> None:
        """Keep a content, whole or not at all."""
        parts = list(_parts(checked(digest, chunks)))

        def keep(cursor: Cursor) -> None:
            for number, data in enumerate(parts):
                cursor.run(sql.PUT_CONTENT, hash=digest, part=number, data=data)

        self._change(keep)

    def get(self, digest: str) -> Iterator[bytes]:
        """The content.

        Raises:
            FileNotFoundError: it is not there.
        """
        number = 0
        while True:
            data = self._read(partial(_part, digest, number))
            if data is None:
                if not number:
                    raise FileNotFoundError(f"the store has no content {digest}")
                return
            yield bytes(data)
            number += 1


class StoredDepot:
    """What the core asks for the files of jobs.

    Attributes:
        store: where they are.
    """

    def __init__(self, read: Transaction, change: Transaction) -> None:
        self._change = change
        self.store = StoredContents(read, change)

    def manifest(self, files: object) -> Manifest:
        """Copy files and directories into the store, and return what names the copies."""
        return collected(files, self.store)

    def sweep(self) -> int:
        """Let go of what no job needs any more."""
        return int(self._change(lambda cursor: cursor.run(sql.SWEEP_CONTENTS, grace=_GRACE)))

    def close(self) -> None:
        """They stay."""


def _part(digest: str, number: int, cursor: Cursor) -> Any:
    return cursor.value(sql.GET_CONTENT, hash=digest, part=number)


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of the size of a row; an empty content is one empty piece."""
    kept = bytearray()
    some = False
    for chunk in chunks:
        kept += chunk
        while len(kept) >= _PART:
            yield bytes(kept[:_PART])
            del kept[:_PART]
            some = True
    if kept or not some:
        yield bytes(kept)
