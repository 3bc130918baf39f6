"""Past: the lines that were entered, kept in a file, one JSON text a line. Where that fails, it goes on without."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator

from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.history import History

__all__ = ["FromPast", "Past"]

_MOST = 10_000  # lines that the file keeps, about
_LONGEST = 4_000  # signs of a text that is suggested


class Past(History):
    """The history of a prompt.

    Arguments:
        path: tells which file it is; may raise OSError.

    Attributes:
        trouble: a sentence about what went wrong with the file, until somebody has taken it.
    """

    def __init__(self, path: Callable[[], str]) -> None:
        super().__init__()
        self.trouble = ""
        self._path: str | None = None
        self._entered: list[str] = []
        self._before: list[str] = []
        try:
            self._path = path()
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            self._before = self._read(self._path)
            self._open(self._path).close()
        except OSError as error:
            self._fail(error)

    def lines(self) -> list[str]:
        """What was entered, the oldest first: before this session, and in it."""
        return self._before + self._entered

    def newest(self) -> Iterator[str]:
        """The same, the newest first."""
        yield from reversed(self._entered)
        yield from reversed(self._before)

    def take_trouble(self) -> str:
        """What went wrong since the last time, once."""
        found, self.trouble = self.trouble, ""
        return found

    # -- as prompt_toolkit wants it ------------------------------------------------------------------------------

    def load_history_strings(self) -> Iterable[str]:
        return reversed(self._before)

    def append_string(self, string: str) -> None:
        if string.strip() and string != next(self.newest(), None):
            super().append_string(string)

    def store_string(self, string: str) -> None:
        self._entered.append(string)
        if self._path is None or string.startswith(" "):  # a line that begins with a blank is not for the file
            return
        try:
            with self._open(self._path) as file:
                file.write(json.dumps(string, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n")
        except OSError as error:
            self._fail(error)

    # -- the file ------------------------------------------------------------------------------------------------

    def _read(self, path: str) -> list[str]:
        if not os.path.isfile(path):  # a device can be written, but there may be no end to it
            return []
        found: list[str] = []
        with open(path, "rb") as file:
            for line in file:
                try:
                    entry = json.loads(line)
                except ValueError:  # half a line, or somebody else's
                    continue
                if isinstance(entry, str):
                    found.append(entry)
        if len(found) > 2 * _MOST:
            found = found[-_MOST:]
            self._rewrite(path, found)
        return found

    def _rewrite(self, path: str, lines: list[str]) -> None:
        fresh = f"{path}.{os.getpid()}"
        try:
            with self._open(fresh) as file:
                for line in lines:
                    file.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n")
            os.replace(fresh, path)
        except OSError:  # it stays long, then
            if os.path.exists(fresh):
                os.remove(fresh)

    def _open(self, path: str) -> _File:
        return _File(path)

    def _fail(self, error: OSError) -> None:
        where = f" in {self._path}" if self._path is not None else ""
        self.trouble = f"the history is not kept{where}: {(error.strerror or str(error)).lower()}"
        self._path = None


class _File:
    """A file that is appended to, by one write for each text: several prompts may share it."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]

    def close(self) -> None:
        os.close(self._descriptor)

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FromPast(AutoSuggest):
    """Suggests the newest line that begins with what is typed."""

    def __init__(self, past: Past) -> None:
        self._past = past

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        text = document.text
        if not text.strip() or len(text) > _LONGEST or not document.is_cursor_at_the_end:
            return None
        for line in self._past.newest():
            if line.startswith(text) and len(text) < len(line) <= _LONGEST:
                rest = line[len(text) :]
                return Suggestion(rest.partition("\n")[0]) if not rest.startswith("\n") else None
        return None
