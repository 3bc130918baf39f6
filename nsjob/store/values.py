"""How values, errors and calls are kept: as JSON where the way there and back is exact, else pickled.

Who can write the store can run code in those who read it, as with any store of jobs.
"""

from __future__ import annotations

import io
import json
import math
import pickle
import traceback
from typing import Any

from nsjob.errors import CannotPickle, NsjobError, OptionError, brief

__all__ = ["clean", "keepable", "kept_error", "pack", "restored_error", "unpack"]

_PLAIN = (str, int, bool, type(None))
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_LONGEST_INT = 1 << 62  # longer ones have limits of their own in text
_DEEPEST = 50


def _is_exact(value: Any, depth: int = 0) -> bool:
    """Whether JSON gives back the same: of these very types, all the way down."""
    kind = type(value)
    if kind is int:
        return bool(-_LONGEST_INT < value < _LONGEST_INT)
    if kind in _PLAIN:
        return kind is not str or value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)
    if kind is float:
        return math.isfinite(value)
    if depth > _DEEPEST:
        return False
    if kind is list:
        return all(_is_exact(item, depth + 1) for item in value)
    if kind is dict:
        return all(type(name) is str and _is_exact(name) for name in value) and all(
            _is_exact(item, depth + 1) for item in value.values()
        )
    return False


def pack(value: Any, what: str) -> bytes | None:
    """A value as bytes; nothing for None.

    Raises:
        CannotPickle: it cannot be kept.
    """
    if value is None:
        return None
    if type(value) is int and -_LONGEST_INT < value < _LONGEST_INT:  # the commonest case
        return b"j%d" % value
    if _is_exact(value):
        return b"j" + _encode(value).encode()
    try:
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        if b"__main__" not in data:  # other programs have another main module
            return b"p" + data
    except Exception:  # lambdas, closures, ...
        pass
    import cloudpickle  # late: only what plain pickle cannot do

    try:
        return b"p" + bytes(cloudpickle.dumps(value))
    except Exception as error:
        raise CannotPickle(f"{what} cannot be pickled, so the store cannot keep it: {error}") from error


def unpack(data: bytes | memoryview | None) -> Any:
    """The value that `pack` made these bytes of."""
    if data is None:
        return None
    data = bytes(data)
    return json.loads(data[1:]) if data[:1] == b"j" else pickle.loads(data[1:])


def clean(said: str) -> str:
    """Text as every database can keep it."""
    return said.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def keepable(name: str, value: str) -> str:
    """Return text that every database can keep.

    Raises:
        OptionError: it is none.
    """
    if clean(value) != value:
        raise OptionError(f"{name}: a store keeps no NUL characters and no lone surrogates, but got {brief(value)}")
    return value


class _ErrorPickler(pickle.Pickler):
    """Pickles exceptions as they say themselves.

    Libraries teach pickle to take tracebacks along (tblib, and with it Dask): those hold frames of this program, and
    one of a thousand frames cannot be pickled at all.
    """

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, BaseException):
            return obj.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        return NotImplemented


def _pickled_error(error: BaseException) -> bytes:
    buffer = io.BytesIO()
    _ErrorPickler(buffer, pickle.HIGHEST_PROTOCOL).dump(error)
    return buffer.getvalue()


def kept_error(error: BaseException) -> bytes:
    """An error with its traceback as text, for who waits elsewhere."""
    try:
        lines = "".join(traceback.format_tb(error.__traceback__))
    except Exception:  # a traceback that cannot be shown must not cost the error
        lines = ""
    try:
        data = _pickled_error(error)
        if b"__main__" in data or type(pickle.loads(data)) is not type(error):
            raise CannotPickle("another program does not know it")
    except BaseException:  # of the error's own methods: it must not cost the thread that commits
        data = b""
    try:
        said = str(error)
    except BaseException:
        said = "its text cannot be had"
    kind = type(error).__name__
    return pickle.dumps((data, kind, said, lines), pickle.HIGHEST_PROTOCOL)


def restored_error(data: bytes | memoryview) -> BaseException:
    """The error that `kept_error` kept; one that cannot be made again is an NsjobError that tells of it."""
    pickled, kind, said, lines = pickle.loads(bytes(data))
    error: BaseException | None = None
    if pickled:
        try:
            error = pickle.loads(pickled)
        except Exception:  # this program does not have its class
            pass
    if error is None:
        error = NsjobError(f"{kind}: {said}")
    if lines:
        error.add_note(f"Where it was raised:\n{lines}".rstrip())
    return error
