"""`clock scan` with a format: a regular expression from the format, and a time from the fields that it finds."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from nsjob.tcl.errors import TclError
from nsjob.tcl.library.calendar_dates import (
    EPOCH,
    day_of_date,
    day_of_week_date,
    day_of_year_date,
    fields_at,
    is_leap,
    seconds_of,
)
from nsjob.tcl.library.clock_formats import DAYS, MONTHS, spelled_out
from nsjob.tcl.library.time_zones import LEGACY, Zone, time_zone

__all__ = ["scanned"]

Found = dict[str, int]

# -- expressions ------------------------------------------------------------------------------------------------------


def unique_beginnings(words: dict[str, int]) -> dict[str, int]:
    """Return words and those of their beginnings that only one of them has."""
    begun: dict[str, list[int]] = {}
    for word, value in words.items():
        for size in range(1, len(word) + 1):
            begun.setdefault(word[:size], []).append(value)
    return {begin: values[0] for begin, values in begun.items() if len(values) == 1} | words


def named(names: list[str], numbers: list[int]) -> dict[str, int]:
    words: dict[str, int] = {}
    for name, value in zip(names, numbers, strict=True):
        words |= {name[:3].lower(): value, name.lower(): value}
    return unique_beginnings(words)


_WORDS = {
    "month": named(MONTHS, list(range(1, 13))),
    "weekday": named(DAYS, [7, 1, 2, 3, 4, 5, 6]),
    "afternoon": unique_beginnings({"am": 0, "pm": 1}),
    "before": unique_beginnings({"b.c.e.": 1, "c.e.": 0, "b.c.": 1, "a.d.": 0}),
}
_NUMBERS = {
    "C": ("century", r"\d\d?"), "d": ("day", r"\d\d?"), "e": ("day", r"\d\d?"), "g": ("iso_short", r"\d\d"),
    "H": ("hour", r"\d\d?"), "k": ("hour", r"\d\d?"), "I": ("hour12", r"\d\d?"), "l": ("hour12", r"\d\d?"),
    "j": ("day_of_year", r"\d\d?\d?"), "J": ("julian", r"\d+"), "m": ("month", r"\d\d?"), "N": ("month", r"\d\d?"),
    "M": ("minute", r"\d\d?"), "S": ("second", r"\d\d?"), "u": ("weekday", r"\d"), "w": ("weekday", r"\d"),
    "V": ("week", r"\d\d?"), "y": ("short", r"\d\d?"),
}  # fmt: skip
_NAMED = {
    "a": "weekday", "A": "weekday", "b": "month", "B": "month", "h": "month", "p": "afternoon", "P": "afternoon",
    "EE": "before",
}  # fmt: skip
_ALTERNATIVE = {"d": "day", "e": "day", "H": "hour", "k": "hour", "I": "hour12", "l": "hour12", "m": "month",
                "M": "minute", "S": "second", "u": "weekday", "w": "weekday", "y": "short"}  # fmt: skip
_FIXED = {"n": "\\n", "t": "\\t", "%": "%", " ": r"\s*", "U": r"\s*\d\d?", "W": r"\s*\d\d?"}
_GROUP = re.compile(r"%([EO].|.)|\s+|.", re.DOTALL)


@lru_cache(maxsize=128)
def expression(layout: str) -> tuple[re.Pattern[str], list[str]]:
    """Return the expression for a format, and what its groups are, in their order."""
    parts = [r"\s*"]
    fields: list[str] = []
    for group in _GROUP.finditer(re.sub(r"\s+", " ", spelled_out(layout))):
        sign = group[1]
        if sign is None:
            parts.append(r"\s+" if group[0] == " " else re.escape(group[0]))
        elif sign in _NUMBERS:
            field, digits = _NUMBERS[sign]
            parts.append(rf"\s*({digits})")
            fields.append(field)
        elif sign in ("Y", "G"):
            parts.append(r"\s*(\d\d)(\d\d)")
            fields += ["century", "short"] if sign == "Y" else ["iso_century", "iso_short"]
        elif sign in _NAMED:
            words = sorted(_WORDS[_NAMED[sign]], key=len, reverse=True)
            parts.append(f"({'|'.join(map(re.escape, words))})")
            fields.append(_NAMED[sign])
        elif sign in ("z", "Z"):
            parts.append(r"([-+]\d\d(?::?\d\d(?::?\d\d)?)?|[^\W_]{1,4})")
            fields.append("zone")
        elif sign == "s":
            parts.append(r"\s*([-+]?\d+)")
            fields.append("seconds")
        elif sign == "Q":
            parts.append(r"Stardate\s+([-+]?\d+)(\d\d\d)[.](\d)")
            fields += ["star_year", "star_fraction", "star_tenth"]
        elif sign[0] == "O" and sign[1:] in _ALTERNATIVE:
            parts.append(r"(\d\d)")
            fields.append(_ALTERNATIVE[sign[1]])
        elif sign in ("EC", "Ey"):
            parts.append(r"\d\d")
        else:
            parts.append(_FIXED.get(sign) or re.escape(group[0]))
    return re.compile("".join(parts) + r"\s*", re.IGNORECASE | re.ASCII), fields


# -- from fields to a time --------------------------------------------------------------------------------------------


def century(two: int) -> int:
    return two + (2000 if two <= 37 else 1900)


def year(found: Found) -> int:
    whole = 100 * found["century"] + found["short"]
    return 1 - whole if found.get("before") else whole


# Which fields make a day, in Tcl's order of preference: the lower number first, and among equals what stands last.
_DAYS: list[tuple[tuple[str, ...], int, Callable[[Found, Found], int]]] = [
    (("julian",), 1, lambda found, base: found["julian"]),
    (("before", "century", "short", "month", "day"), 2, lambda f, base: day_of_date(year(f), f["month"], f["day"])),
    (("before", "century", "short", "day_of_year"), 2, lambda f, base: day_of_year_date(year(f), f["day_of_year"])),
    (("century", "short", "month", "day"), 3, lambda f, base: day_of_date(year(f), f["month"], f["day"])),
    (("century", "short", "day_of_year"), 3, lambda f, base: day_of_year_date(year(f), f["day_of_year"])),
    (("iso_century", "iso_short", "week", "weekday"), 3,
     lambda f, base: day_of_week_date(100 * f["iso_century"] + f["iso_short"], f["week"], f["weekday"])),
    (("short", "month", "day"), 4, lambda f, base: day_of_date(century(f["short"]), f["month"], f["day"])),
    (("short", "day_of_year"), 4, lambda f, base: day_of_year_date(century(f["short"]), f["day_of_year"])),
    (("iso_short", "week", "weekday"), 4,
     lambda f, base: day_of_week_date(century(f["iso_short"]), f["week"], f["weekday"])),
    (("month", "day"), 5, lambda f, base: day_of_date(base["year"], f["month"], f["day"])),
    (("day_of_year",), 5, lambda f, base: day_of_year_date(base["year"], f["day_of_year"])),
    (("week", "weekday"), 5, lambda f, base: day_of_week_date(base["iso_year"], f["week"], f["weekday"])),
    (("day",), 6, lambda f, base: day_of_date(base["year"], base["month"], f["day"])),
    (("weekday",), 7, lambda f, base: day_of_week_date(base["iso_year"], base["week"], f["weekday"])),
    ((), 8, lambda f, base: base["julian"]),
]  # fmt: skip


def scanned(source: str, layout: str, base: int, usual: Callable[[], Zone]) -> int:
    """Return the time that a text means, by a format.

    Arguments:
        usual: gives the zone, where the text says none.

    Raises:
        TclError: input string does not match supplied format, and its like.
    """
    pattern, fields = expression(layout)
    match = pattern.fullmatch(source)
    if match is None:
        raise TclError("input string does not match supplied format", "CLOCK", "badInputString")
    found: Found = {}
    places: dict[str, int] = {}
    zone: Zone | None = None
    for place, (field, word) in enumerate(zip(fields, match.groups(), strict=True)):
        places[field] = place
        if field == "zone":
            zone = zone_of(word)
        else:
            found[field] = _WORDS[field][word.lower()] if field in _WORDS and not word.isdigit() else int(word)
        if field == "weekday":
            if found[field] > 7:
                raise TclError("day of week is greater than 7", "CLOCK", "badDayOfWeek")
            found[field] = found[field] or 7
    if "seconds" in found:
        if not -(1 << 63) <= found["seconds"] < 1 << 63:
            raise TclError("integer value too large to represent", "CLOCK", "integervalueTooLarge")
        return found["seconds"]
    if "star_year" in found:
        return star_seconds(found)
    zone = zone or usual()
    date = fields_at(base, zone)
    from_base = {
        "year": date.whole_year,
        "month": date.month,
        "iso_year": date.iso_year,
        "week": date.iso_week,
        "julian": date.julian,
    }
    julian = chosen_day(places)(found, from_base)
    if julian > 5_373_484:
        raise TclError("requested date too large to represent", "CLOCK", "dateTooLarge")
    return seconds_of(julian, second_of_day(found), zone)


def chosen_day(places: dict[str, int]) -> Callable[[Found, Found], int]:
    best: tuple[int, list[int], Callable[[Found, Found], int]] | None = None
    for needed, rank, day in _DAYS:
        if best is not None and rank > best[0]:
            break
        if not all(field in places for field in needed):
            continue
        order = sorted((places[field] for field in needed), reverse=True)
        if best is None or order >= best[1][: len(order)]:
            best = rank, order, day
    assert best is not None
    return best[2]


def second_of_day(found: Found) -> int:
    """Return the time of day; midnight where there is no hour."""
    minute = found.get("minute")
    second = found.get("second", 0) if minute is not None else 0
    twelve = "hour12" in found and "afternoon" in found
    exact = (minute is not None) + (minute is not None and "second" in found)
    if twelve and (exact or "hour" not in found or minute is None):
        hour = found["hour12"] % 12 if found["hour12"] == 12 else found["hour12"]
        hour += 12 * found["afternoon"]
    elif "hour" in found:
        hour = found["hour"]
    else:
        return 0
    return hour * 3600 + (minute or 0) * 60 + second


def zone_of(word: str) -> Zone:
    """Return the zone that a name in a text means."""
    if word[0] in "+-":
        return time_zone(word)
    offset = LEGACY.get(word.lower())
    if offset is None:
        raise TclError(f'time zone "{word.lower()}" not found', "CLOCK", "badTZName", word.lower())
    return time_zone(offset)


def star_seconds(found: Found) -> int:
    whole = found["star_year"] + 1946
    days = 366 if is_leap(whole, gregorian=True) else 365
    julian = day_of_year_date(whole, found["star_fraction"] * days // 1000 + 1)
    return 86_400 * (julian - EPOCH) + 8640 * found["star_tenth"]
