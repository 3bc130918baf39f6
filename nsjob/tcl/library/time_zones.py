"""Time zones as `clock` names them: `:Europe/Paris`, `+0130`, `EST5EDT,M3.2.0,M11.1.0`, and that of the system."""

from __future__ import annotations

import io
import os
import re
import zoneinfo
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from nsjob.tcl.errors import TclError

__all__ = ["LEGACY", "Zone", "numeric_name", "time_zone"]

_FIRST = -62_135_500_000  # the first that Python's datetime holds, in seconds of the epoch
_SUMMERS_FROM, _SUMMERS_TO = -1_704_153_600, 4_102_444_800
_NUMERIC = re.compile(r"([-+])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?")
_POSIX = re.compile(
    r"(?:[A-Za-z]{3,}|<[-+\w]+>)[-+]?\d[\d:]*(?:[A-Za-z]{3,}|<[-+\w]+>)?[-+\d:]*(?:,[\w.:/+-]+,[\w.:/+-]+)?\Z"
)

# Names in mail headers and in free text, with their hours and minutes.
LEGACY = {
    "gmt": "+0000", "ut": "+0000", "utc": "+0000", "bst": "+0100", "wet": "+0000", "wat": "-0100", "at": "-0200",
    "nft": "-0330", "nst": "-0330", "ndt": "-0230", "ast": "-0400", "adt": "-0300", "est": "-0500", "edt": "-0400",
    "cst": "-0600", "cdt": "-0500", "mst": "-0700", "mdt": "-0600", "pst": "-0800", "pdt": "-0700", "yst": "-0900",
    "ydt": "-0800", "hst": "-1000", "hdt": "-0900", "cat": "-1000", "ahst": "-1000", "nt": "-1100", "idlw": "-1200",
    "cet": "+0100", "cest": "+0200", "met": "+0100", "mewt": "+0100", "mest": "+0200", "swt": "+0100", "sst": "+0200",
    "fwt": "+0100", "fst": "+0200", "eet": "+0200", "eest": "+0300", "bt": "+0300", "it": "+0330", "zp4": "+0400",
    "zp5": "+0500", "ist": "+0530", "zp6": "+0600", "wast": "+0700", "wadt": "+0800", "jt": "+0730", "cct": "+0800",
    "jst": "+0900", "kst": "+0900", "cast": "+0930", "jdt": "+1000", "kdt": "+1000", "cadt": "+1030", "east": "+1000",
    "eadt": "+1030", "gst": "+1000", "nzt": "+1200", "nzst": "+1200", "nzdt": "+1300", "idle": "+1200",
    **{letter: f"+{hour:02}00" for hour, letter in enumerate("abcdefghiklm", 1)},
    **{letter: f"-{hour:02}00" for hour, letter in enumerate("nopqrstuvwxy", 1)},
    "z": "+0000",
}  # fmt: skip


class Zone:
    """A time zone: the offset from UTC, in seconds, and the name, at a time."""

    def __init__(self, rules: tzinfo, name: str | None = None, *, summers: bool = True) -> None:
        self.rules = rules
        self.summers = summers  # False: Tcl's rules for it begin in 1916
        self.name = name  # the same at all times; None: the rules say it

    def at(self, seconds: int) -> tuple[int, str]:
        """Return offset and name at a time of the epoch."""
        if not self.summers and seconds < _SUMMERS_FROM:
            seconds = next(moment for moment in (0, 15_638_400) if not self.summer(moment))
        seconds = min(seconds, _SUMMERS_TO - 1)  # Tcl's tables end there; nothing changes after
        moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=max(seconds, _FIRST))
        local = moment.astimezone(self.rules)
        offset = int((local.utcoffset() or timedelta()).total_seconds())
        return offset, local.tzname() or "" if self.name is None else self.name or numeric_name(offset)

    def summer(self, seconds: int) -> bool:
        """Whether clocks show summer time."""
        return bool(datetime.fromtimestamp(seconds, self.rules).dst())

    def utc(self, local: int) -> int:
        """Return the time of the epoch at which clocks show `local`; Tcl's choice where none or two do."""
        seen: set[int] = set()
        seconds = local
        while True:
            offset, _ = self.at(seconds)
            seconds = local - offset
            if offset in seen:
                return seconds
            seen.add(offset)


def numeric_name(offset: int) -> str:
    """`+hhmm`, with seconds only where there are some."""
    hours, rest = divmod(abs(offset), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{'-' if offset < 0 else '+'}{hours:02}{minutes:02}{f'{seconds:02}' if seconds else ''}"


def time_zone(name: str) -> Zone:
    """Return a zone; that of the system for no name.

    Raises:
        TclError: time zone "..." not found.
    """
    if name:
        return named_zone(name)
    chosen = os.environ.get("TCL_TZ") or os.environ.get("TZ")
    if chosen:
        try:
            return named_zone(chosen)
        except TclError:
            return named_zone(":localtime")
    return system_zone()


@lru_cache(maxsize=1)
def system_zone() -> Zone:
    try:
        with open("/etc/localtime", "rb") as file:
            return Zone(zoneinfo.ZoneInfo.from_file(file))
    except (OSError, ValueError):
        return named_zone(":localtime")


class _Local(tzinfo):
    """Whatever the C library takes for the local time."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None

    dst = utcoffset

    def tzname(self, moment: datetime | None) -> None:
        return None

    def fromutc(self, moment: datetime) -> datetime:
        local = moment.replace(tzinfo=UTC).astimezone()
        return local.replace(tzinfo=timezone(local.utcoffset() or timedelta()))


@lru_cache(maxsize=64)
def named_zone(name: str) -> Zone:
    if name == ":localtime":
        return Zone(_Local(), "")
    numeric = _NUMERIC.match(name)
    if numeric:
        sign, hours, minutes, seconds = numeric.groups("0")
        offset = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        if offset < 86_400:
            return Zone(timezone(timedelta(seconds=-offset if sign == "-" else offset)), name)
    if _POSIX.match(name):
        try:
            return Zone(zoneinfo.ZoneInfo.from_file(io.BytesIO(rules_file(name))), summers=False)
        except ValueError:
            pass
    key = name.removeprefix(":")
    try:
        return Zone(zoneinfo.ZoneInfo(key))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        pass
    if name.startswith(":"):
        raise TclError(f'time zone "{name}" not found', "CLOCK", "badTimeZone", name)
    raise TclError(f"time zone {name} not found", "TCL", "READ", "VARNAME")


def rules_file(rules: str) -> bytes:
    """A zone file (RFC 8536) that has nothing but a rule in POSIX's form.

    Where it names no dates, the changes are Europe's east of Greenwich, and else those of the US.
    """
    east = re.match(r"[^-+\d<]+-(\d+)(?::?\d+)*[A-Za-z<]", rules)
    if "," not in rules and east and int(east[1]) <= 12:
        rules += f",M3.5.0/{int(east[1]) + 1},M10.5.0/{int(east[1]) + 2}"
    elif "," not in rules and re.search(r"\d[A-Za-z<]", rules):
        rules += ",M3.2.0,M11.1.0"
    header = b"TZif2" + bytes(15)
    counts = b"".join(count.to_bytes(4, "big") for count in (0, 0, 0, 0, 1, 4))
    kind = bytes(6) + b"UTC\0"
    return (header + counts + kind) * 2 + b"\n" + rules.encode() + b"\n"
