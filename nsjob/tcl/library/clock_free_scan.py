"""`clock scan` without a format: dates, times, zones and words like `tomorrow`, in any order that makes sense."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from nsjob.tcl.errors import TclError
from nsjob.tcl.library.calendar_dates import DateFields, added, day_of_date, fields_at, seconds_of
from nsjob.tcl.library.clock_formats import DAYS, MONTHS
from nsjob.tcl.library.time_zones import LEGACY, Zone, numeric_name, time_zone

__all__ = ["free_scan"]

_MONTHS = {word: at for at, name in enumerate(MONTHS, 1) for word in (name.lower(), name[:3].lower())} | {"sept": 9}
_DAYS = {word: at for at, name in enumerate(DAYS) for word in (name.lower(), name[:3].lower())}
_DAYS |= {"tues": 2, "wednes": 3, "thur": 4, "thurs": 4}
# Months, days and seconds of a unit.
_UNITS = {
    "year": (12, 0, 0), "month": (1, 0, 0), "fortnight": (0, 14, 0), "week": (0, 7, 0), "day": (0, 1, 0),
    "tomorrow": (0, 1, 0), "yesterday": (0, -1, 0), "today": (0, 0, 0), "now": (0, 0, 0),
    "hour": (0, 0, 3600), "minute": (0, 0, 60), "min": (0, 0, 60), "second": (0, 0, 1), "sec": (0, 0, 1),
}  # fmt: skip
_COUNTS = {"next": 1, "last": -1, "this": 0}


@dataclass(slots=True)
class Parts:
    """What a text says."""

    date: tuple[int, int, int] | None = None
    time: int | None = None
    zone: int | None = None
    relative: list[int] | None = None
    weekday: tuple[int, int] | None = None
    ordinal_month: tuple[int, int] | None = None
    numbers: list[int] = field(default_factory=list)

    def say_weekday(self, count: int, weekday: int) -> None:
        """Take note of a weekday: the first, second, ... from then on."""
        if self.weekday is not None:
            raise TclError("more than one weekday in string")
        self.weekday = count, weekday

    def move(self, count: int, unit: tuple[int, int, int]) -> None:
        """Add so many of a unit."""
        before = self.relative or [0, 0, 0]
        self.relative = [had + count * size for had, size in zip(before, unit, strict=True)]


def clock_time(hour: int, minute: int, second: int, half: str | None) -> int:
    if half:
        hour = hour % 12 + (12 if half.lower().startswith("p") else 0)
    return hour * 3600 + minute * 60 + second


Reader = Callable[[Parts, re.Match[str], DateFields], bool]


def iso_point(parts: Parts, found: re.Match[str], base: DateFields) -> bool:
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    parts.date = year, month, day
    parts.time = hour * 3600 + minute * 60 + second
    return True


def iso_date(parts: Parts, found: re.Match[str], base: DateFields) -> bool:
    parts.date = int(found[1]), int(found[2]), int(found[3])
    return True


def time_of_day(parts: Parts, found: re.Match[str], base: DateFields) -> bool:
    if parts.time is not None:
        raise TclError("more than one time of day in string")
    parts.time = clock_time(int(found[1]), int(found[2]), int(found[3] or 0), found[4])
    if found[5]:
        hours, minutes = int(found[6]), int(found[7])
        parts.zone = (-1 if found[5] == "-" else 1) * (hours * 60 + minutes)
    return True


def hour_of_half(parts: Parts, found: re.Match[str], base: DateFields) -> bool:
    if parts.time is not None:
        raise TclError("more than one time of day in string")
    parts.time = clock_time(int(found[1]), 0, 0, found[2])
    return True


def american(parts: Parts, found: re.Match[str], base: DateFields) -> bool:
    parts.date = int(found[3]) if found[3] else base.year, int(found[1]), int(found[2])
    return True


def day_first(parts: Parts, found: re.Match[str], base: DateFields) -> bool:
    month = _MONTHS.get(found[2].lower())
    if month is None or parts.date is not None:
        return False
    parts.date = int(found[3]) if found[3] else base.year, month, int(found[1])
    return True


def month_first(parts: Parts, found: re.Match[str], base: DateFields) -> bool:
    month = _MONTHS.get(found[1].lower())
    if month is None or parts.date is not None:
        return False
    parts.date = int(found[3]) if found[3] else base.year, month, int(found[2])
    return True


def counted_unit(parts: Parts, found: re.Match[str], base: DateFields) -> bool:
    word = found[2].lower()
    unit = _UNITS.get(word) or _UNITS.get(word.removesuffix("s"))
    if unit is not None:
        parts.move(int(found[1]), unit)
        return True
    weekday = _DAYS.get(word)
    if weekday is None or found[1].startswith("+"):
        return False
    parts.say_weekday(int(found[1]), weekday)
    return True


def next_unit(parts: Parts, found: re.Match[str], base: DateFields) -> bool:
    count, word = _COUNTS[found[1].lower()], found[2].lower()
    unit = _UNITS.get(word) or _UNITS.get(word.removesuffix("s"))
    if unit is not None:
        parts.move(count, unit)
    elif word in _DAYS:
        parts.say_weekday(2 if count > 0 else count, _DAYS[word])
    elif word in _MONTHS and count > 0:
        parts.ordinal_month = 1, _MONTHS[word]
    else:
        return False
    return True


def zone_offset(parts: Parts, found: re.Match[str], base: DateFields) -> bool:
    if parts.time is None or parts.zone is not None:
        return False
    parts.zone = (-1 if found[1] == "-" else 1) * (int(found[2]) * 60 + int(found[3]))
    return True


def word_alone(parts: Parts, found: re.Match[str], base: DateFields) -> bool:
    word = found[0].lower()
    if word == "ago" and parts.relative is not None:
        parts.relative = [-count for count in parts.relative]
    elif word in _DAYS:
        parts.say_weekday(1, _DAYS[word])
    elif word in LEGACY and parts.zone is None:
        offset = int(LEGACY[word])
        parts.zone = (-1 if offset < 0 else 1) * (abs(offset) // 100 * 60 + abs(offset) % 100)
    elif word in _UNITS or word.removesuffix("s") in _UNITS:
        parts.move(1, _UNITS.get(word) or _UNITS[word.removesuffix("s")])
    else:
        return False
    return True


def number_alone(parts: Parts, found: re.Match[str], base: DateFields) -> bool:
    digits = found[0]
    value = int(digits)
    if parts.time is not None and parts.date is not None and parts.relative is None:
        parts.date = value, parts.date[1], parts.date[2]
    elif parts.time is None:
        hour, minute = (value, 0) if len(digits) < 3 else divmod(value, 100)
        parts.time = hour * 3600 + minute * 60 if hour < 24 and minute < 60 else -1  # as Tcl: the second before
    else:
        raise TclError("more than one time of day in string")
    return True


_RULES: list[tuple[re.Pattern[str], Reader]] = [
    (re.compile(pattern, re.IGNORECASE | re.ASCII), reader)
    for pattern, reader in (
        (r"(\d{4})(\d\d)(\d\d)[T ]?(\d\d)(\d\d)(\d\d)\b", iso_point),
        (r"(\d{4})(\d\d)(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?\b(?!:|\s*[ap]m)", iso_point),
        (r"(\d{4})-(\d\d?)-(\d\d?)T(\d\d?):(\d\d)(?::(\d\d))?(?=\s|\Z)", iso_point),
        (r"(\d{4})(\d\d)(\d\d)\b", iso_date),
        (r"(\d{4})-(\d\d?)-(\d\d?)\b", iso_date),
        (
            r"(\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:\s*([ap]m?)\b)?(?:\s*([-+])(\d\d):?(\d\d)\b(?!\s*[a-z]))?",
            time_of_day,
        ),
        (r"(\d\d?)\s*([ap]m)\b", hour_of_half),
        (r"(\d\d?)/(\d\d?)(?:/(\d+))?", american),
        (r"(\d\d?)[-\s]*([a-z]+)\.?(?:[-\s,]+(\d+))?", day_first),
        (r"([a-z]+)\.?\s*(\d\d?)\b(?!:)(?:\s*,\s*(\d+))?", month_first),
        (r"([-+]?\s*\d+)\s*([a-z]+)", counted_unit),
        (r"(next|last|this)\s+([a-z]+)", next_unit),
        (r"([-+])(\d\d):?(\d\d)\b", zone_offset),
        (r"[a-z]+\.?", word_alone),
        (r"\d+\b", number_alone),
    )
]
_SPACE = re.compile(r"(?:\s|,)+")
_TOKEN = re.compile(r"[A-Za-z]+|\d+|.", re.DOTALL)


def parts_of(source: str, base: DateFields) -> Parts:
    """Read a text.

    Raises:
        TclError: syntax error (characters 0-2), and its like.
    """
    parts = Parts()
    at = 0
    while True:
        begun = at
        gap = _SPACE.match(source, at)
        at = gap.end() if gap else at
        if at >= len(source):
            return parts
        for pattern, reader in _RULES:
            found = pattern.match(source, at)
            if found is not None and reader(parts, found, base):
                at = found.end()
                break
        else:
            token = _TOKEN.match(source, at)
            end = token.end() - 1 if token else at
            raise TclError(f"syntax error (characters {begun}-{end})")


def free_scan(source: str, base: int, zone: Zone) -> int:
    """Return the time that a text means, seen from `base`."""
    date = fields_at(base, zone)
    try:
        parts = parts_of(source, date)
    except TclError as error:
        raise TclError(f'unable to convert date-time string "{source}": {error}') from None
    julian, second = date.julian, date.local % 86_400
    year, month = date.whole_year, date.month
    if parts.date is not None:
        year, month, day = parts.date
        if year < 100:
            year += 1900 if year >= 39 else 2000
        julian = day_of_date(year, month, day)
        second = parts.time or 0
    elif parts.time is not None:
        second = parts.time
    elif parts.weekday or parts.ordinal_month or (parts.relative is not None and any(parts.relative[:2])):
        second = 0
    if parts.zone is not None:
        zone = time_zone(numeric_name(60 * parts.zone))
    moment = seconds_of(julian, second, zone)
    if parts.relative is not None:
        months, days, seconds = parts.relative
        moment = added(added(moment, months, "months", zone), days, "days", zone) + seconds
    if parts.weekday is not None and parts.date is None:
        count, weekday = parts.weekday
        there = fields_at(moment, zone)
        first = there.julian + 6
        first -= (first + 1 - weekday) % 7
        first += 7 * count - (7 if count > 0 else 0)
        moment = seconds_of(first, second, zone)
    if parts.ordinal_month is not None:
        count, wanted = parts.ordinal_month
        moment = added(moment, (wanted - month - 1) % 12 + 1, "months", zone)
    return moment
