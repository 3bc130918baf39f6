"""Encodings by Tcl's names, over Python's codecs. What cannot be decoded becomes a character for each byte."""

from __future__ import annotations

import codecs
import sys
from functools import lru_cache

from nsjob.tcl.errors import TclError
from nsjob.tcl.late import late

__all__ = ["Encoding", "encoding"]

_CODECS = {
    "ascii": "ascii", "big5": "big5", "binary": "latin-1", "cp874": "cp874", "cp932": "cp932", "cp936": "gbk",
    "cp949": "cp949", "cp950": "cp950", "euc-cn": "gb2312", "euc-jp": "euc-jp", "euc-kr": "euc-kr", "gb2312": "gb2312",
    "identity": "utf-8", "iso2022-jp": "iso2022-jp", "iso2022-kr": "iso2022-kr", "iso8859-1": "latin-1",
    "koi8-r": "koi8-r", "koi8-u": "koi8-u", "macCyrillic": "mac-cyrillic", "macGreek": "mac-greek",
    "macIceland": "mac-iceland", "macRoman": "mac-roman", "macTurkish": "mac-turkish", "shiftjis": "shift-jis",
    "tis-620": "tis-620", "utf-8": "utf-8", "unicode": f"utf-16-{sys.byteorder[0]}e",
    **{f"iso8859-{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)},
    **{f"cp125{page}": f"cp125{page}" for page in range(9)},
    **{f"cp{page}": f"cp{page}" for page in (437, 737, 775, 850, 852, 855, 857, 860, 861, 862, 863, 864, 865, 866)},
    "cp869": "cp869",
}  # fmt: skip
_UNDECODED = late("[\udc80-\udcff]")


class Encoding:
    """One encoding.

    Attributes:
        name: Tcl's name of it.
        codec: Python's.
        unit: how many bytes a newline takes.
    """

    def __init__(self, name: str, codec: str) -> None:
        self.name = name
        self.codec = codec
        self.unit = 2 if name == "unicode" else 1
        self.errors = "surrogatepass" if name == "unicode" else "surrogateescape"

    def decoded(self, source: bytes | bytearray) -> str:
        """Return the text of bytes, whole."""
        if self.unit == 2 and len(source) % 2:
            source = source[:-1]
        return shown(codecs.decode(source, self.codec, self.errors))

    def beginning(self, source: bytes | bytearray, count: int) -> tuple[str, int]:
        """Return at most `count` characters from the beginning of bytes, and how many bytes they take.

        The bytes may end within a character; it is left out.
        """
        decoder = codecs.getincrementaldecoder(self.codec)(self.errors)
        found = decoder.decode(bytes(source[: count * 4 if self.codec != "latin-1" else count]))[:count]
        if self.codec == "latin-1":
            return found, len(found)
        return shown(found), len(found.encode(self.codec, self.errors))

    def encoded(self, source: str) -> bytes:
        """Return the bytes of a text; ? for what there is none for."""
        try:
            return source.encode(self.codec)
        except UnicodeEncodeError:
            if self.name == "binary":
                return bytes(ord(letter) & 0xFF for letter in source)
            return source.encode(self.codec, "surrogatepass" if self.codec.startswith("utf") else "replace")


def shown(decoded: str) -> str:
    """Bytes that were no characters, as characters."""
    if decoded.isascii():
        return decoded
    return _UNDECODED.sub(lambda found: chr(ord(found[0]) - 0xDC00), decoded)


@lru_cache
def encoding(name: str) -> Encoding:
    """Return the encoding of that name.

    Raises:
        TclError: unknown encoding "...".
    """
    codec = _CODECS.get(name or "binary")
    if codec is None:
        raise TclError(f'unknown encoding "{name}"', "TCL", "LOOKUP", "ENCODING", name)
    return Encoding(name or "binary", codec)
