"""What `clock format` makes of a time, and the groups that stand for others in formats."""

from __future__ import annotations

import re
from collections.abc import Callable

from nsjob.tcl.library.calendar_dates import CHANGE, DateFields, is_leap
from nsjob.tcl.library.time_zones import numeric_name

__all__ = ["DAYS", "MONTHS", "formatted", "spelled_out"]

DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split()
MONTHS = (
    "January February March April May June July August September October November December".split()
)  # fmt: skip

_LONG = {
    "%%": "%%", "%D": "%m/%d/%Y", "%+": "%a %b %e %H:%M:%S %Z %Y", "%EY": "%EC%Ey", "%Ec": "%a %b %e %H:%M:%S %Y",
    "%Ex": "%m/%d/%Y", "%EX": "%H:%M:%S", "%R": "%H:%M", "%T": "%H:%M:%S", "%X": "%H:%M:%S",
    "%c": "%a %b %e %H:%M:%S %Y",
    "%r": "%I:%M:%S %P", "%x": "%m/%d/%Y",
}  # fmt: skip
_SHORTHAND = re.compile(r"%(?:E.|.)", re.DOTALL)


def spelled_out(layout: str) -> str:
    """Replace the groups that stand for several others (%D, %c, ...)."""
    return _SHORTHAND.sub(lambda found: _LONG.get(found[0], found[0]), layout)


def hour_of_twelve(date: DateFields) -> int:
    return (date.local // 3600 - 1) % 12 + 1


def sunday_week(date: DateFields) -> int:
    return (date.day_of_year - (date.weekday % 7 + 1) + 7) // 7


def star_date(date: DateFields) -> str:
    days = 366 if is_leap(date.whole_year, gregorian=date.julian >= CHANGE) else 365
    fraction = 1000 * (date.day_of_year - 1) // days
    return f"Stardate {date.year - 1946:02d}{fraction:03d}.{date.local % 86400 // 8640}"


_GROUPS: dict[str, Callable[[DateFields], str]] = {
    "a": lambda date: DAYS[date.weekday % 7][:3],
    "A": lambda date: DAYS[date.weekday % 7],
    "b": lambda date: MONTHS[date.month - 1][:3],
    "B": lambda date: MONTHS[date.month - 1],
    "C": lambda date: f"{date.year // 100:02d}",
    "d": lambda date: f"{date.day:02d}",
    "e": lambda date: f"{date.day:2d}",
    "g": lambda date: f"{date.iso_year % 100:02d}",
    "G": lambda date: f"{date.iso_year:02d}",
    "h": lambda date: MONTHS[date.month - 1][:3],
    "H": lambda date: f"{date.local // 3600 % 24:02d}",
    "I": lambda date: f"{hour_of_twelve(date):02d}",
    "j": lambda date: f"{date.day_of_year:03d}",
    "J": lambda date: f"{date.julian:07d}",
    "k": lambda date: f"{date.local // 3600 % 24:2d}",
    "l": lambda date: f"{hour_of_twelve(date):2d}",
    "m": lambda date: f"{date.month:02d}",
    "M": lambda date: f"{date.local // 60 % 60:02d}",
    "n": lambda date: "\n",
    "N": lambda date: f"{date.month:2d}",
    "p": lambda date: "AM" if date.local % 86400 < 43200 else "PM",
    "P": lambda date: "am" if date.local % 86400 < 43200 else "pm",
    "Q": star_date,
    "s": lambda date: str(date.seconds),
    "S": lambda date: f"{date.local % 60:02d}",
    "t": lambda date: "\t",
    "u": lambda date: str(date.weekday),
    "U": lambda date: f"{sunday_week(date):02d}",
    "V": lambda date: f"{date.iso_week:02d}",
    "w": lambda date: str(date.weekday % 7),
    "W": lambda date: f"{(date.day_of_year - date.weekday + 7) // 7:02d}",
    "y": lambda date: f"{date.year % 100:02d}",
    "Y": lambda date: f"{date.year:04d}",
    "z": lambda date: numeric_name(date.offset),
    "Z": lambda date: date.zone,
    "%": lambda date: "%",
    "EE": lambda date: date.era,
    "EC": lambda date: f"{date.year // 100:02d}",
    "Ey": lambda date: f"{date.year % 100:02d}",
    "Od": lambda date: f"{date.day:02d}",
    "Oe": lambda date: f"{date.day:02d}",
    "OH": lambda date: f"{date.local // 3600 % 24:02d}",
    "Ok": lambda date: f"{date.local // 3600 % 24:02d}",
    "OI": lambda date: f"{hour_of_twelve(date):02d}",
    "Ol": lambda date: f"{hour_of_twelve(date):02d}",
    "Om": lambda date: f"{date.month:02d}",
    "OM": lambda date: f"{date.local // 60 % 60:02d}",
    "OS": lambda date: f"{date.local % 60:02d}",
    "Ou": lambda date: f"{date.weekday:02d}",
    "Ow": lambda date: f"{date.weekday % 7:02d}",
    "Oy": lambda date: f"{date.year % 100:02d}",
    "E": lambda date: "",  # at the very end; Tcl drops it
    "O": lambda date: "",
}
_GROUP = re.compile(r"%([EO].|[EO]\Z|.)", re.DOTALL)


def formatted(date: DateFields, layout: str) -> str:
    """Replace the groups of a format; those that there are not stay as they are."""

    def group(found: re.Match[str]) -> str:
        value = _GROUPS.get(found[1])
        return found[0] if value is None else value(date)

    return _GROUP.sub(group, spelled_out(layout))
