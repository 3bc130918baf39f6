"""Files of jobs: manifests of what is copied with a job, where the contents are kept, and working directories.

A manifest names files by the SHA-256 of their content; a ContentStore keeps each content once. Knows nothing of pools.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
import threading
import weakref
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from nsjob.errors import OptionError, brief

__all__ = [
    "ContentStore",
    "Contents",
    "Depot",
    "DirectoryStore",
    "Entry",
    "Manifest",
    "checked",
    "collected",
    "remove_directory",
    "unpack",
    "workdir_path",
]

_CHUNK = 1 << 20  # bytes that are read at once
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of a manifest.

    Attributes:
        name: where it is to stand, below the working directory, with slashes.
        kind: `file`, `directory`, or `link`: a symbolic link to something of the same manifest.
        digest: of a file's content, SHA-256 in hexadecimal.
        size: of the content, in bytes.
        mode: permission bits.
        target: what a link points to, from where it stands.
    """

    name: str
    kind: Literal["file", "directory", "link"]
    digest: str = ""
    size: int = 0
    mode: int = 0o644
    target: str = ""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Manifest:
    """The files and directories that are copied with a job."""

    entries: tuple[Entry, ...] = ()

    @property
    def hashes(self) -> tuple[str, ...]:
        """The contents that it needs, each once."""
        return tuple(dict.fromkeys(entry.digest for entry in self.entries if entry.kind == "file"))

    def __str__(self) -> str:
        return " ".join(entry.name for entry in self.entries)


class ContentStore(Protocol):
    """Keeps contents by their digest."""

    def has(self, digest: str, /) -> bool:
        """Whether that content is there."""

    def put(self, digest: str, chunks: Iterable[bytes], /) -> None:
        """Keep a content, whole or not at all.

        Raises:
            OptionError: it has another digest.
        """

    def get(self, digest: str, /) -> Iterable[bytes]:
        """The content.

        Raises:
            FileNotFoundError: it is not there.
        """


class DirectoryStore:
    """A ContentStore over a directory: a file for each content."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def has(self, digest: str) -> bool:
        return os.path.isfile(self._path(digest))

    def put(self, digest: str, chunks: Iterable[bytes]) -> None:
        path = self._path(digest)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        number, temporary = tempfile.mkstemp(dir=self._directory)
        try:
            with os.fdopen(number, "wb") as file:
                for chunk in checked(digest, chunks):
                    file.write(chunk)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise

    def get(self, digest: str) -> Iterator[bytes]:
        with open(self._path(digest), "rb") as file:
            yield from _chunks(file)

    def digests(self) -> list[str]:
        """All that are there."""
        return [name for _, _, names in os.walk(self._directory) for name in names if _HASH.fullmatch(name)]

    def remove(self, digest: str) -> None:
        """Let go of a content, if it is there."""
        try:
            os.unlink(self._path(digest))
        except FileNotFoundError:
            pass

    def _path(self, digest: str) -> str:
        if not _HASH.fullmatch(digest):
            raise ValueError(f"no SHA-256 in hexadecimal: {brief(digest)}")
        return os.path.join(self._directory, digest[:2], digest)


class Contents(dict[str, bytes]):
    """A ContentStore in memory; it can be pickled, to go with a job to another machine."""

    def has(self, digest: str) -> bool:
        return digest in self

    def put(self, digest: str, chunks: Iterable[bytes]) -> None:
        self[digest] = b"".join(checked(digest, chunks))

    def get(self, digest: str) -> Iterable[bytes]:  # type: ignore[override]
        return (self[digest],)


class Depot:
    """The contents that the jobs of one pool need, in a temporary directory. Each goes when no manifest needs it.

    Attributes:
        store: where they are.
    """

    def __init__(self) -> None:
        self._directory = tempfile.mkdtemp(prefix="nsjob-files-")
        self.store = DirectoryStore(self._directory)
        self._lock = threading.Lock()
        self._needed: Counter[str] = Counter()
        self._dropped: deque[tuple[str, ...]] = deque()

    def manifest(self, files: object) -> Manifest:
        """Copy files and directories, and return what names the copies; see `collected`.

        The copies stay while the manifest does.
        """
        with self._lock:
            self._sweep()
            try:
                made = collected(files, self.store)
            except BaseException:  # what came before the one that could not be read
                for digest in self.store.digests():
                    if digest not in self._needed:
                        self.store.remove(digest)
                raise
            hashes = made.hashes
            self._needed.update(hashes)
            # In a finalizer nothing is done but to note it: the lock may be taken.
            weakref.finalize(made, self._dropped.append, hashes).atexit = False
            return made

    def sweep(self) -> None:
        """Let go of what no manifest needs any more."""
        with self._lock:
            self._sweep()

    def _sweep(self) -> None:
        while self._dropped:
            for digest in self._dropped.popleft():
                self._needed[digest] -= 1
                if self._needed[digest] <= 0:
                    del self._needed[digest]
                    self.store.remove(digest)

    def close(self) -> None:
        """Remove all."""
        remove_directory(self._directory)


# -- making manifests -------------------------------------------------------------------------------------------------


def collected(files: object, store: ContentStore) -> Manifest:
    """Put files and directories into a store, and return what names them there.

    Arguments:
        files: paths, or {name: path} for what is to stand under another name; or a list of both. A relative path keeps
            its name; an absolute one goes by its last part. A directory comes with all that is in it.

    Raises:
        OptionError: one is not there or cannot be read, is neither a file nor a directory, or would stand outside of
            the working directory. What is missing is found out before anything is copied.
    """
    found: dict[str, tuple[Entry, str]] = {}
    for name, path in _named(files):
        for entry, source in _walked(name, path):
            if entry.name in found and not entry.kind == found[entry.name][0].kind == "directory":
                raise OptionError(f"files: two of them would be {brief(entry.name)}")
            found[entry.name] = entry, source
    for name in found:
        for parent in _parents(name):
            if parent in found and found[parent][0].kind != "directory":
                raise OptionError(f"files: {brief(name)} would stand within {brief(parent)}, which is no directory")
    return Manifest(tuple(_kept(entry, source, store) for entry, source in found.values()))


def _named(files: object) -> Iterator[tuple[str, str]]:
    """Names and paths."""
    if isinstance(files, str | os.PathLike | Mapping):
        files = [files]
    if not isinstance(files, Iterable) or isinstance(files, bytes):
        raise OptionError(f"files must be paths, or {{name: path}}, but got {brief(files)}")
    for one in files:
        if isinstance(one, Mapping):
            for name, path in one.items():
                yield _name(name), _path(path)
        else:
            path = _path(one)
            yield _name(os.path.basename(os.path.normpath(path)) if os.path.isabs(path) else path), path


def _path(given: object) -> str:
    path = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(path, str) or not path or "\0" in path:
        raise OptionError(f"files: a path must be text that is not empty, but got {brief(given)}")
    return path


def _name(given: object) -> str:
    """A name below the working directory.

    Raises:
        OptionError: it is not below it.
    """
    if not isinstance(given, str) or "\0" in given:
        raise OptionError(f"files: a name must be text, but got {brief(given)}")
    name = given.replace(os.sep, "/")
    if name.startswith("/") or os.path.isabs(given) or os.path.splitdrive(given)[0]:
        raise OptionError(f"files: {brief(given)} is an absolute name: it must stand below the working directory")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise OptionError(
            f"files: {brief(given)} would not stand below the working directory: {{name: path}} gives it a name there"
        )
    return "/".join(parts)


def _walked(name: str, path: str) -> Iterator[tuple[Entry, str]]:
    """An entry for a path, which may be a link itself, and for all that is in it; and where each is read from."""
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            yield Entry(name, "directory", mode=status.st_mode & 0o777), path
            yield from _walked_within(name, path, os.path.realpath(path))
        elif stat.S_ISREG(status.st_mode):
            yield Entry(name, "file", mode=status.st_mode & 0o777), path
        else:
            raise OptionError(f"files: {brief(path)} is neither a file nor a directory")
    except OSError as error:
        raise _unreadable(path, error) from None


def _walked_within(name: str, directory: str, top: str) -> Iterator[tuple[Entry, str]]:
    with os.scandir(directory) as scanned:
        children = sorted(scanned, key=lambda child: child.name)
    for child in children:
        own = f"{name}/{child.name}"
        mode = child.stat(follow_symlinks=False).st_mode
        if child.is_symlink():
            real = os.path.realpath(child.path)
            if os.path.commonpath([real, top]) != top:
                raise OptionError(f"files: the link {brief(child.path)} points out of {brief(top)}")
            target = os.path.relpath(real, os.path.realpath(directory)).replace(os.sep, "/")
            yield Entry(own, "link", target=target), child.path
        elif child.is_dir():
            yield Entry(own, "directory", mode=mode & 0o777), child.path
            yield from _walked_within(own, child.path, top)
        elif child.is_file():
            yield Entry(own, "file", mode=mode & 0o777), child.path
        else:
            raise OptionError(f"files: {brief(child.path)} is neither a file nor a directory")


def _kept(entry: Entry, path: str, store: ContentStore) -> Entry:
    """The entry with its content's digest; the content is in the store then."""
    if entry.kind != "file":
        return entry
    try:
        with open(path, "rb") as file:
            size = 0
            hasher = hashlib.sha256()
            for chunk in _chunks(file):
                size += len(chunk)
                hasher.update(chunk)
            digest = hasher.hexdigest()
            if not store.has(digest):
                file.seek(0)
                store.put(digest, _chunks(file))
    except OSError as error:
        raise _unreadable(path, error) from None
    except OptionError as error:
        raise OptionError(f"files: {brief(path)} was changed while it was read") from error
    return Entry(entry.name, "file", digest, size, entry.mode)


def _unreadable(path: str, error: OSError) -> OptionError:
    return OptionError(f'files: couldn\'t read "{path}": {(error.strerror or str(error)).lower()}')


def _parents(name: str) -> Iterator[str]:
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def checked(digest: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same chunks.

    Raises:
        OptionError: after the last one, where they have another digest.
    """
    hasher = hashlib.sha256()
    for chunk in chunks:
        hasher.update(chunk)
        yield chunk
    if hasher.hexdigest() != digest:
        raise OptionError(f"the content's digest is {hasher.hexdigest()}, not {digest}")


# -- working directories ----------------------------------------------------------------------------------------------


def workdir_path(parent: str, queue: str, job: str) -> str:
    """A path at which no directory is, for the working directory of one run.

    Arguments:
        parent: the directory in which it shall stand; empty for that of temporary files.
    """
    label = re.sub(r"[^\w.-]+", "_", f"{queue}-{job}")[:80]
    return os.path.join(parent or tempfile.gettempdir(), f"nsjob-{label}-{os.urandom(6).hex()}")


def unpack(entries: Iterable[Entry], store: ContentStore, directory: str) -> None:
    """Make the directory, with what a manifest names in it.

    Raises:
        OptionError: a name leads out of it: the manifest is not one that `collected` has made.
        OSError: it cannot be written, or a content is not there.
    """
    os.makedirs(directory, mode=0o700)
    links: list[Entry] = []
    for entry in entries:
        path = os.path.join(directory, *_name(entry.name).split("/"))
        if entry.kind == "directory":
            os.makedirs(path, exist_ok=True)
            os.chmod(path, entry.mode | 0o700)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if entry.kind == "link":
            links.append(entry)
            continue
        with open(path, "xb") as file:
            for chunk in checked(entry.digest, store.get(entry.digest)):
                file.write(chunk)
        os.chmod(path, entry.mode | 0o400)
    for entry in links:  # at last: nothing is written through them
        place = os.path.dirname(_name(entry.name))
        if os.path.isabs(entry.target) or os.path.normpath(os.path.join(place, entry.target)).startswith(".."):
            raise OptionError(f"files: the link {brief(entry.name)} points out of the working directory")
        os.symlink(entry.target, os.path.join(directory, *entry.name.split("/")))


def remove_directory(path: str) -> None:
    """Remove a directory with all that is in it, as far as that can be done."""
    shutil.rmtree(path, ignore_errors=True)
