"""The commands on channels: `open close puts gets read eof flush fconfigure tell seek fblocked`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family, choose, wrong_args
from nsjob.tcl.errors import TclError
from nsjob.tcl.library.channel import Channel, add_channel, channel_named, close_channel, file_channel
from nsjob.tcl.library.channel_options import option_values, set_option
from nsjob.tcl.library.pathnames import native
from nsjob.tcl.library.wide_integers import wide_integer
from nsjob.tcl.posix import posix_error
from nsjob.tcl.values import elements, integer, number, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY"]

FAMILY = Family("Channels")


def readable(interp: Interp, name: Any) -> Channel:
    """Return a channel that can be read."""
    channel = channel_named(interp, text(name))
    if not channel.readable:
        raise TclError(f'channel "{channel.name}" wasn\'t opened for reading')
    return channel


def writable(interp: Interp, name: Any) -> Channel:
    """Return a channel that can be written to."""
    channel = channel_named(interp, text(name))
    if not channel.writable:
        raise TclError(f'channel "{channel.name}" wasn\'t opened for writing')
    return channel


# -- open and close ---------------------------------------------------------------------------------------------------

_MODES = {
    "r": os.O_RDONLY,
    "r+": os.O_RDWR,
    "w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    "w+": os.O_RDWR | os.O_CREAT | os.O_TRUNC,
    "a": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "a+": os.O_RDWR | os.O_CREAT,  # as in Tcl: begun at the end, but `seek` works
}
_FLAGS = {
    "RDONLY": os.O_RDONLY, "WRONLY": os.O_WRONLY, "RDWR": os.O_RDWR, "APPEND": os.O_APPEND, "BINARY": 0,
    "CREAT": os.O_CREAT, "EXCL": os.O_EXCL, "NOCTTY": os.O_NOCTTY, "NONBLOCK": os.O_NONBLOCK, "TRUNC": os.O_TRUNC,
}  # fmt: skip


def access_mode(word: Any) -> tuple[int, bool]:
    """Return the flags of an access mode, and whether it is for bytes: `r+`, `wb`, or a list of POSIX's words."""
    shown = text(word)
    if shown[:1].islower():
        plain = shown.replace("b", "", 1) if "b" in shown[1:] else shown
        if plain not in _MODES:
            raise TclError(f'illegal access mode "{shown}"')
        return _MODES[plain], plain != shown
    flags = 0
    modes = [text(flag) for flag in elements(word)]
    for flag in modes:
        if flag not in _FLAGS:
            raise TclError(
                f'invalid access mode "{flag}": must be RDONLY, WRONLY, RDWR, APPEND, BINARY,'
                " CREAT, EXCL, NOCTTY, NONBLOCK, or TRUNC"
            )
        if flag in ("RDONLY", "WRONLY", "RDWR"):
            flags &= ~os.O_ACCMODE
        flags |= _FLAGS[flag]
    if not {"RDONLY", "WRONLY", "RDWR"} & set(modes):
        raise TclError("access mode must include either RDONLY, WRONLY, or RDWR")
    return flags, "BINARY" in modes


@FAMILY.command("open", "fileName ?access? ?permissions?", 1, 3)
def open_(interp: Interp, arguments: list[Any]) -> Any:
    """Open a file, or a pipeline of commands (`|cmd arg ...`), and return its channel.

    Access is r, r+, w, w+, a or a+, with b for bytes,
    or a list of RDONLY, WRONLY, RDWR, APPEND, BINARY, CREAT, EXCL, TRUNC.
    """
    name = text(arguments[0])
    flags, binary = access_mode(arguments[1]) if len(arguments) > 1 else (os.O_RDONLY, False)
    permissions = integer(arguments[2]) if len(arguments) > 2 else 0o666
    access = flags & os.O_ACCMODE
    reading, writing = access != os.O_WRONLY, access != os.O_RDONLY
    if name.startswith("|"):
        from nsjob.tcl.library.processes import command_channel  # late: few scripts run programs

        channel = command_channel(interp, elements(name[1:]), reading=reading, writing=writing)
    else:
        try:
            descriptor = os.open(native(name), flags, permissions)
        except OSError as error:
            raise posix_error(f'couldn\'t open "{name}"', error) from None
        channel = file_channel(descriptor, readable=reading, writable=writing)
        if len(arguments) > 1 and text(arguments[1]).startswith("a") and channel.regular:
            os.lseek(descriptor, 0, os.SEEK_END)
    if binary:
        set_option(channel, "-translation", "binary")
    return add_channel(interp, channel)


@FAMILY.command("close", "channelId ?direction?", 1, 2)
def close(interp: Interp, arguments: list[Any]) -> Any:
    """Close a channel, or one direction of a pipeline.

    The processes of a pipeline are waited for, and their failure is an error.
    """
    channel = channel_named(interp, text(arguments[0]))
    if len(arguments) == 2:
        side = choose(text(arguments[1]), ["read", "write"], "direction")
        descriptor = channel.reader if side == "read" else channel.writer
        if not (channel.readable if side == "read" else channel.writable):
            raise TclError(f"Half-close of {side}-side not possible, side not opened or already closed")
        if channel.readable and channel.writable:
            if channel.reader == channel.writer or descriptor is None:
                raise TclError("")  # a file has no halves; Tcl says nothing
            if side == "write":
                channel.flush()
            channel.close_side(descriptor)
            return ""
    try:
        close_channel(interp, channel)
    except TclError as error:
        error.result = str(error).removesuffix("\n")
        raise
    return ""


# -- reading ----------------------------------------------------------------------------------------------------------


@FAMILY.command("gets", "channelId ?varName?", 1, 2)
def gets(interp: Interp, arguments: list[Any]) -> Any:
    """Return the next line without its end.

    With a variable, the line goes there, and its length is the result, -1 at the end.
    """
    line = readable(interp, arguments[0]).line()
    if len(arguments) == 1:
        return line or ""
    interp.set(text(arguments[1]), line or "")
    return -1 if line is None else len(line)


@FAMILY.command("read", 'channelId ?numChars?" or "read ?-nonewline? channelId', 1, 2)
def read(interp: Interp, arguments: list[Any]) -> Any:
    """Return all that is left, or so many characters. `-nonewline`: without the newline at the very end."""
    first = text(arguments[0])
    if first == "-nonewline":
        if len(arguments) == 1:
            raise wrong_args("read", 'channelId ?numChars?" or "read ?-nonewline? channelId')
        found = readable(interp, arguments[1]).rest()
        return found[:-1] if found.endswith("\n") else found
    channel = readable(interp, first)
    if len(arguments) == 1:
        return channel.rest()
    count = number(arguments[1])
    if type(count) is not int or count < 0:
        shown = text(arguments[1])
        if shown == "nonewline":  # the old form
            found = channel.rest()
            return found[:-1] if found.endswith("\n") else found
        raise TclError(f'expected non-negative integer but got "{shown}"', "TCL", "VALUE", "NUMBER")
    return channel.characters(count)


@FAMILY.command("eof", "channelId", 1)
def eof(interp: Interp, arguments: list[Any]) -> Any:
    """Whether the last read met the end."""
    return int(channel_named(interp, text(arguments[0])).at_end)


@FAMILY.command("fblocked", "channelId", 1)
def fblocked(interp: Interp, arguments: list[Any]) -> Any:
    """Whether the last read found too little, on a channel that doesn't block."""
    return int(readable(interp, arguments[0]).blocked)


# -- writing ----------------------------------------------------------------------------------------------------------


@FAMILY.command("puts", "?-nonewline? ?channelId? string", 1, 3)
def puts(interp: Interp, arguments: list[Any]) -> Any:
    """Write a text and a newline to stdout, or to a channel. `-nonewline`: without the newline."""
    words = arguments
    newline = "\n"
    if len(words) > 1 and words[0] == "-nonewline":
        words, newline = words[1:], ""
    elif len(words) == 3:
        if words[2] != "nonewline":
            raise wrong_args("puts", "?-nonewline? ?channelId? string")
        words, newline = words[:2], ""  # the old form
    writable(interp, words[0] if len(words) == 2 else "stdout").write(text(words[-1]) + newline)
    return ""


@FAMILY.command("flush", "channelId", 1)
def flush(interp: Interp, arguments: list[Any]) -> Any:
    """Write what is buffered."""
    writable(interp, arguments[0]).flush()
    return ""


# -- place, options ---------------------------------------------------------------------------------------------------


@FAMILY.command("tell", "channelId", 1)
def tell(interp: Interp, arguments: list[Any]) -> Any:
    """Return the place in a file in bytes, -1 for what is no file."""
    return channel_named(interp, text(arguments[0])).tell()


@FAMILY.command("seek", "channelId offset ?origin?", 2, 3)
def seek(interp: Interp, arguments: list[Any]) -> Any:
    """Go to a place in a file, counted in bytes from the `start`, the `current` place or the `end`."""
    channel = channel_named(interp, text(arguments[0]))
    offset = wide_integer(arguments[1])
    origin = choose(text(arguments[2]), ["start", "current", "end"], "origin") if len(arguments) > 2 else "start"
    channel.seek(offset, {"start": os.SEEK_SET, "current": os.SEEK_CUR, "end": os.SEEK_END}[origin])
    return ""


@FAMILY.command("fconfigure", "channelId ?-option value ...?", 1, -1)
def fconfigure(interp: Interp, arguments: list[Any]) -> Any:
    """Return the options of a channel, or one, or set some.

    `-blocking`, `-buffering` (full, line, none), `-buffersize` (bytes), `-encoding`, `-eofchar`, and `-translation`
    (auto, binary, cr, crlf, lf), which may be two, for reading and for writing.
    """
    words = arguments[1:]
    if len(words) > 2 and len(words) % 2:
        raise wrong_args("fconfigure", "channelId ?-option value ...?")
    channel = channel_named(interp, text(arguments[0]))
    if len(words) < 2:
        return option_values(channel, text(words[0]) if words else None)
    for at in range(0, len(words), 2):
        set_option(channel, text(words[at]), words[at + 1])
    return ""
