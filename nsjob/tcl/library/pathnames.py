"""Names of files as Tcl takes them apart and puts them together on Unix: text only, save where a link is followed."""

from __future__ import annotations

import os
from collections.abc import Sequence

from nsjob.tcl.errors import TclError

__all__ = ["directory_of", "extension_of", "join", "last_part", "native", "normalized", "split", "translated"]


def split(name: str) -> list[str]:
    """Return the parts of a name; the first is / where it is absolute. A later one that begins with ~ gets a ./"""
    parts = [part for part in name.split("/") if part]
    if name.startswith("/"):
        return ["/", *(protected(part) for part in parts)]
    return [part if not at else protected(part) for at, part in enumerate(parts)]


def protected(part: str) -> str:
    """A part that no one takes for somebody's home."""
    return f"./{part}" if part.startswith("~") else part


def join(parts: Sequence[str]) -> str:
    """Put parts together; an absolute one starts anew."""
    joined = ""
    for part in parts:
        if part.startswith("/"):
            joined = "/"
        elif part.startswith("~"):
            joined = ""
        begun = 2 if joined and part.startswith("./~") else 0
        words = [word for word in part[begun:].split("/") if word]
        if not words:
            continue
        joined = f"{joined}{'' if not joined or joined.endswith('/') else '/'}{'/'.join(words)}"
        if part.startswith("~") and len(words) == 1 and part.endswith("/"):
            joined += "/"
    return joined


def home_of(user: str) -> str:
    """Return the home directory of a user, of the own one for no name.

    Raises:
        TclError: user "..." doesn't exist.
    """
    if not user:
        home = os.environ.get("HOME")
        if home is None:
            raise TclError("couldn't find HOME environment variable to expand path", "TCL", "VALUE", "PATH", "HOMELESS")
        return home
    found = os.path.expanduser(f"~{user}")
    if found.startswith("~"):
        raise TclError(f'user "{user}" doesn\'t exist', "TCL", "VALUE", "PATH", "NOUSER")
    return found


def translated(name: str) -> str:
    """Return a name with a leading ~ or ~user replaced by the home directory."""
    if not name.startswith("~"):
        return name
    user, _, rest = name[1:].partition("/")
    words = [word for word in rest.split("/") if word]
    home = home_of(user)
    return join([home, "/".join(words)]) if words and not words[0].startswith("~") else "/".join([home, *words])


def native(name: str) -> str:
    """Return the name that the system is to be given."""
    name = translated(name)
    if "\0" in name:  # Tcl's own form of it: there is no such file, but no other one is meant either
        return os.fsdecode(name.encode("utf-8", "surrogateescape").replace(b"\0", b"\xc0\x80"))
    return name


def directory_of(name: str) -> str:
    """Return all parts but the last."""
    parts = split(name)
    if len(parts) == 1 and parts[0].startswith("~"):
        parts = split(translated(name))
    if len(parts) > 1:
        return join(parts[:-1])
    return "/" if parts == ["/"] else "."


def last_part(name: str) -> str:
    """Return the last part; none where the name is the root."""
    parts = split(name)
    if len(parts) == 1 and parts[0].startswith("~"):
        parts = split(translated(name))
    if not parts or parts == ["/"]:
        return ""
    return parts[-1]


def extension_of(name: str) -> str:
    """Return what follows the last dot of the last part, with the dot."""
    dot = name.rfind(".")
    return name[dot:] if dot > name.rfind("/") else ""


def normalized(name: str) -> str:
    """Return the one absolute name without `.`, `..` and links, save that the last part may be a link."""
    if not name:
        return ""
    whole = translated(name)
    if not whole.startswith("/"):
        whole = f"{os.getcwd()}/{whole}"
    path = ""
    for part in whole.split("/"):
        if part in ("", "."):
            continue
        # What comes next is looked up in the directory that a link leads to.
        if path and os.path.islink(path):
            path = os.path.realpath(path).rstrip("/")
        path = path.rpartition("/")[0] if part == ".." else f"{path}/{part}"
    return path or "/"
