"""Days and the calendar: Julian day numbers, the Gregorian calendar since 1582, the Julian before."""

from __future__ import annotations

from dataclasses import dataclass

from nsjob.tcl.errors import TclError
from nsjob.tcl.library.time_zones import Zone

__all__ = [
    "DateFields",
    "added",
    "day_of_date",
    "day_of_week_date",
    "day_of_year_date",
    "fields_at",
    "is_leap",
    "seconds_of",
]

DAY = 86_400
EPOCH = 2_440_588  # the Julian day of 1970-01-01
CHANGE = 2_299_161  # the first day of the Gregorian calendar, 1582-10-15
_UNITS = {"year": 12, "month": 1, "week": 7, "day": 1, "hour": 3600, "minute": 60, "second": 1}
_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


@dataclass(slots=True)
class DateFields:
    """A time, taken apart.

    Attributes:
        seconds, local: of the epoch, and as if clocks there showed UTC.
        year: counted from 1 in its era; `whole_year` counts on below 1.
        weekday: 1 is Monday, 7 Sunday.
    """

    seconds: int
    local: int
    offset: int
    zone: str
    julian: int
    whole_year: int
    day_of_year: int
    month: int
    day: int
    iso_year: int
    iso_week: int
    weekday: int

    @property
    def era(self) -> str:
        return "B.C.E." if self.whole_year < 1 else "C.E."

    @property
    def year(self) -> int:
        return 1 - self.whole_year if self.whole_year < 1 else self.whole_year


def is_leap(year: int, *, gregorian: bool) -> bool:
    """Whether a year has 366 days."""
    return year % 4 == 0 and (not gregorian or year % 100 != 0 or year % 400 == 0)


def year_start(year: int, *, gregorian: bool) -> int:
    """Return the Julian day before the first day of a year."""
    past = year - 1
    if gregorian:
        return 1_721_425 + 365 * past + past // 4 - past // 100 + past // 400
    return 1_721_423 + 365 * past + past // 4


def day_of_year_date(year: int, day: int) -> int:
    """Return the Julian day of the n-th day of a year."""
    julian = year_start(year, gregorian=True) + day
    return julian if julian >= CHANGE else year_start(year, gregorian=False) + day


def day_of_date(year: int, month: int, day: int) -> int:
    """Return the Julian day of a date. Months beyond 12 and days beyond the month's go on into the next."""
    over, month = divmod(month - 1, 12)
    year += over

    def julian_day(*, gregorian: bool) -> int:
        leap = month > 1 and is_leap(year, gregorian=gregorian)
        return year_start(year, gregorian=gregorian) + _BEFORE[month] + leap + day

    julian = julian_day(gregorian=True)
    return julian if julian >= CHANGE else julian_day(gregorian=False)


def day_of_week_date(year: int, week: int, weekday: int) -> int:
    """Return the Julian day of a weekday in a week as ISO 8601 counts them."""
    first = day_of_date(year, 1, 4)
    monday = first - first % 7
    return monday + 7 * (week - 1) + weekday - 1


def year_of(julian: int) -> tuple[int, int]:
    """Return the year of a Julian day, and which day of the year it is."""
    gregorian = julian >= CHANGE
    year = (julian - 1_721_425) * 400 // 146_097 + 1 if gregorian else (julian - 1_721_423) * 4 // 1461 + 1
    while julian <= year_start(year, gregorian=gregorian):
        year -= 1
    while julian > year_start(year + 1, gregorian=gregorian):
        year += 1
    return year, julian - year_start(year, gregorian=gregorian)


def fields_at(seconds: int, zone: Zone) -> DateFields:
    """Take a time apart."""
    offset, name = zone.at(seconds)
    local = seconds + offset
    julian = local // DAY + EPOCH
    year, day_of_year = year_of(julian)
    leap = is_leap(year, gregorian=julian >= CHANGE)
    lengths = [_BEFORE[month] + (leap and month > 1) for month in range(13)]
    month = next(month for month in range(1, 13) if day_of_year <= lengths[month])
    weekday = julian % 7 + 1
    iso_year, thursday = year_of(julian - weekday + 4)
    return DateFields(
        seconds, local, offset, name, julian, year, day_of_year, month, day_of_year - lengths[month - 1],
        iso_year, (thursday - 1) // 7 + 1, weekday,
    )  # fmt: skip


def seconds_of(julian: int, second_of_day: int, zone: Zone) -> int:
    """Return the time of the epoch of a second of a day, by the clocks of a zone."""
    return zone.utc((julian - EPOCH) * DAY + second_of_day)


def added(moment: int, count: int, unit: str, zone: Zone) -> int:
    """Return a time and so many of a unit. From days on, the time of day stays."""
    singular = unit.removesuffix("s")
    if singular not in _UNITS or unit.endswith("ss"):
        raise TclError(
            f'unknown unit "{unit}", must be  years, months, weeks, days, hours, minutes or seconds',
            "CLOCK", "badUnit", unit,
        )  # fmt: skip
    count *= _UNITS[singular]
    if singular in ("hour", "minute", "second"):
        return moment + count
    date = fields_at(moment, zone)
    if singular in ("week", "day"):
        return seconds_of(date.julian + count, date.local % 86_400, zone)
    years, month = divmod(date.month - 1 + count, 12)
    # Tcl counts on in the era: before the first year, more years are further back.
    year = 1 - (date.year + years) if date.whole_year < 1 else date.year + years
    length = day_of_date(year, month + 2, 1) - day_of_date(year, month + 1, 1)
    return seconds_of(day_of_date(year, month + 1, min(date.day, length)), date.local % 86_400, zone)
