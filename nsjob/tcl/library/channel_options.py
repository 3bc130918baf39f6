"""The options of channels, as `fconfigure` shows and sets them."""

from __future__ import annotations

import os
from typing import Any

from nsjob.tcl.errors import TclError
from nsjob.tcl.library.channel import Channel
from nsjob.tcl.library.tcl_encodings import encoding
from nsjob.tcl.values import boolean, elements, integer, text

__all__ = ["option_values", "set_option"]

_OPTIONS = ["-blocking", "-buffering", "-buffersize", "-encoding", "-eofchar", "-translation"]
_LINES = {"auto": "auto", "binary": "lf", "cr": "cr", "lf": "lf", "crlf": "crlf", "platform": "lf"}
LARGEST_BUFFER = 1 << 20


def option_name(given: str) -> str:
    """Return the option that `given` is, or begins."""
    found = [option for option in _OPTIONS if option.startswith(given)] if len(given) > 1 else []
    if len(found) != 1:
        raise TclError(f'bad option "{given}": should be one of {", ".join(_OPTIONS[:-1])}, or {_OPTIONS[-1]}')
    return found[0]


def option_values(channel: Channel, given: str | None) -> Any:
    """Return the value of one option, or a list of all names and values."""
    values = {
        "-blocking": int(channel.blocking),
        "-buffering": channel.buffering,
        "-buffersize": channel.buffer_size,
        "-encoding": channel.encoding.name,
        "-eofchar": of_sides(channel, channel.input_end, channel.output_end),
        "-translation": of_sides(channel, channel.input_lines, channel.output_lines),
    }
    if given is not None:
        return values[option_name(given)]
    return [part for pair in values.items() for part in pair]


def of_sides(channel: Channel, reading: str, writing: str) -> Any:
    """What is said of an option that each direction has for itself."""
    if channel.readable and channel.writable:
        return [reading, writing]
    return reading if channel.readable else writing


def set_option(channel: Channel, given: str, value: Any) -> None:
    """Set one option."""
    option = option_name(given)
    if option == "-blocking":
        try:
            channel.blocking = boolean(value)
        except TclError as error:
            raise TclError(str(error), "TCL", "VALUE", "BOOLEAN") from None
        if channel.reader is not None:
            os.set_blocking(channel.reader, channel.blocking)
    elif option == "-buffering":
        shown = text(value)
        found = [kind for kind in ("full", "line", "none") if shown and kind.startswith(shown)]
        if not found:
            raise TclError("bad value for -buffering: must be one of full, line, or none")
        channel.buffering = found[0]
    elif option == "-buffersize":
        channel.buffer_size = max(1, min(integer(value), LARGEST_BUFFER))
    elif option == "-encoding":
        channel.encoding = encoding(text(value))
    elif option == "-eofchar":
        set_end(channel, value)
    else:
        set_translation(channel, value)


def set_end(channel: Channel, value: Any) -> None:
    """Set the characters that end the input and the output."""
    ends = [text(end)[:1] for end in elements(value)]
    if len(ends) > 2:
        raise TclError("bad value for -eofchar: should be a list of zero, one, or two elements")
    if any(end == "\0" or not end.isascii() for end in ends):
        raise TclError("bad value for -eofchar: must be non-NUL ASCII character")
    if channel.readable:
        channel.input_end = ends[0] if ends else ""
        channel.at_end = False
    if channel.writable:
        channel.output_end = ends[-1] if ends else ""


def set_translation(channel: Channel, value: Any) -> None:
    """Set how lines end, for reading and for writing."""
    lines = [text(mode) for mode in elements(value)]
    if len(lines) not in (1, 2):
        raise TclError("bad value for -translation: must be a one or two element list")
    sides = (("readable", lines[0]), ("writable", lines[-1]))
    for side, mode in sides:
        if not getattr(channel, side) or not mode:
            continue
        if mode not in _LINES:
            raise TclError("bad value for -translation: must be one of auto, binary, cr, lf, crlf, or platform")
        if mode == "binary":
            channel.encoding = encoding("binary")
        if side == "readable":
            channel.input_lines = _LINES[mode]
            channel.after_return = False
            channel.input_end = "" if mode == "binary" else channel.input_end
        else:
            channel.output_lines = "lf" if mode == "auto" else _LINES[mode]
            channel.output_end = "" if mode == "binary" else channel.output_end
