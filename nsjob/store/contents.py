"""The contents of files that go with jobs, in the store: whichever machine runs a job has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nsjob.pool.files import Manifest, _checked, collected
from nsjob.store import sql
from nsjob.store.database import Database

__all__ = ["StoredContents", "StoredDepot"]

_PART = 4 * 1024 * 1024  # bytes of a row
_GRACE = 86_400_000_000  # microseconds for which a content stays that no job needs yet, or any more


class StoredContents:
    """A ContentStore over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def has(self, hash: str) -> bool:
        """Whether that content is there; it stays for a day from now."""
        return bool(self._database.transact(lambda cursor: cursor.run(sql.TOUCH_CONTENT, hash=hash)))

    def put(self, hash: str, chunks: Iterable[bytes]) -> None:
        """Keep a content, whole or not at all."""
        parts = list(_parts(_checked(hash, chunks)))

        def keep(cursor: Any) -> None:
            for number, data in enumerate(parts):
                cursor.run(sql.PUT_CONTENT, hash=hash, part=number, data=data)

        self._database.transact(keep)

    def get(self, hash: str) -> Iterator[bytes]:
        """The content.

        Raises:
            FileNotFoundError: it is not there.
        """
        number = 0
        while True:
            data = self._database.read(lambda cursor, part=number: cursor.value(sql.GET_CONTENT, hash=hash, part=part))  # type: ignore[misc]
            if data is None:
                if not number:
                    raise FileNotFoundError(f"the store has no content {hash}")
                return
            yield bytes(data)
            number += 1


class StoredDepot:
    """What the core asks for the files of jobs.

    Attributes:
        store: where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.store = StoredContents(database)

    def manifest(self, files: object) -> Manifest:
        """Copy files and directories into the store, and return what names the copies."""
        return collected(files, self.store)

    def sweep(self) -> int:
        """Let go of what no job needs any more."""
        return self._database.transact(lambda cursor: cursor.run(sql.SWEEP_CONTENTS, grace=_GRACE))

    def close(self) -> None:
        """They stay."""


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
