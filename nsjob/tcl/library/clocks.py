"""The command `clock`: the time, what it is called, and what is meant by such a name."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family, choose
from nsjob.tcl.errors import TclError
from nsjob.tcl.library.calendar_dates import added, fields_at
from nsjob.tcl.library.clock_formats import formatted
from nsjob.tcl.library.clock_free_scan import free_scan
from nsjob.tcl.library.clock_scans import scanned
from nsjob.tcl.library.time_zones import Zone, time_zone
from nsjob.tcl.library.wide_integers import wide_integer
from nsjob.tcl.values import brief, number, text, truth_word

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY"]

FAMILY = Family("Time")
CLOCK = FAMILY.ensemble("clock", "The time, in seconds since 1970 began in Greenwich, and its names.")
_FORMAT_USAGE = "clockval ?-format string? ?-gmt boolean? ?-locale LOCALE? ?-timezone ZONE?"
_SCAN_USAGE = "string ?-base seconds? ?-format string? ?-gmt boolean? ?-locale LOCALE? ?-timezone ZONE?"
_ADD_USAGE = "clockval ?number units?... ?-gmt boolean? ?-locale LOCALE? ?-timezone ZONE?"

# -- now --------------------------------------------------------------------------------------------------------------


@CLOCK.command("seconds")
def seconds(interp: Interp, arguments: list[Any]) -> Any:
    """Return the time in seconds."""
    return time.time_ns() // 1_000_000_000


@CLOCK.command("milliseconds")
def milliseconds(interp: Interp, arguments: list[Any]) -> Any:
    """Return the time in milliseconds."""
    return time.time_ns() // 1_000_000


@CLOCK.command("microseconds")
def microseconds(interp: Interp, arguments: list[Any]) -> Any:
    """Return the time in microseconds."""
    return time.time_ns() // 1000


@CLOCK.command("clicks", "?-switch?", 0, 1)
def clicks(interp: Interp, arguments: list[Any]) -> Any:
    """Return a fine count that goes on with time, or the time in `-milliseconds` or `-microseconds`."""
    if arguments:
        if choose(text(arguments[0]), ["-milliseconds", "-microseconds"], "option") == "-milliseconds":
            return milliseconds(interp, [])
    return microseconds(interp, [])


# -- options ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Options:
    """What the options of a call say; None: not given."""

    format: str | None = None
    gmt: Any = None
    locale: str | None = None
    timezone: str | None = None
    base: Any = None

    def zone(self) -> Zone:
        """Return the zone that is asked for."""
        if self.gmt is not None and truth(self.gmt):
            return Zone(time_zone("+0000").rules, "GMT")
        return time_zone(self.timezone or "")


def truth(value: Any) -> bool:
    found = number(value)
    if found is None:
        word = truth_word(text(value))
        if word is None:
            raise TclError(f'expected boolean value but got "{text(value)}"', "TCL", "VALUE", "NUMBER")
        return word
    return found != 0


def wrong_number(name: str, usage: str) -> TclError:
    return TclError(f'wrong # args: should be "{name} {usage}"', "CLOCK", "wrongNumArgs")


def check_zone_and_locale(options: Options) -> None:
    """Check what goes for all that take these options."""
    if options.gmt is not None and options.timezone is not None:
        raise TclError("cannot use -gmt and -timezone in same call", "CLOCK", "gmtWithTimezone")
    locale = (options.locale or "c").lower()
    if locale not in ("c", "posix", "system", "current") and locale.partition("_")[0] != "en":
        raise TclError(f'locale "{options.locale}" is not offered: only C and en are', "CLOCK", "badLocale", locale)


# -- format -----------------------------------------------------------------------------------------------------------


@CLOCK.command("format", _FORMAT_USAGE, 0, -1)
def format_(interp: Interp, arguments: list[Any]) -> Any:
    """Return a time in words, as `-format` lays it out: `%Y-%m-%d %H:%M`.

    The zone is that of `-timezone :Area/City`, or Greenwich's with `-gmt 1`, or else the system's.
    """
    if len(arguments) % 2 != 1:
        raise wrong_number("clock format", _FORMAT_USAGE)
    options = Options()
    for at in range(1, len(arguments), 2):
        given = text(arguments[at])
        names = ["-format", "-gmt", "-locale", "-timezone"]
        found = [name for name in names if len(given) > 1 and name.startswith(given)]
        if not found:
            raise TclError(f'bad option "{given}": must be -format, -gmt, -locale, or -timezone',
                           "CLOCK", "badOption", given)  # fmt: skip
        value = arguments[at + 1]
        setattr(options, found[0][1:], value if found[0] == "-gmt" else text(value))
    moment = wide_integer(arguments[0])
    if options.gmt is not None:
        truth(options.gmt)
    check_zone_and_locale(options)
    layout = "%a %b %d %H:%M:%S %Z %Y" if options.format is None else options.format
    return formatted(fields_at(moment, options.zone()), layout)


# -- scan -------------------------------------------------------------------------------------------------------------


@CLOCK.command("scan", _SCAN_USAGE, 0, -1)
def scan(interp: Interp, arguments: list[Any]) -> Any:
    """Return the time that words mean, laid out as `-format` says, or else in one of the usual ways.

    Without a format: dates like 2026-01-31, 1/31/2026 and 31 Jan 2026, times like 12:30 and 10 pm, zones,
    `now`, `tomorrow`, `next monday`, `2 weeks ago`. What is not said is taken from `-base`, or from now.
    """
    if len(arguments) % 2 != 1:
        raise wrong_number("clock scan", _SCAN_USAGE)
    options = Options()
    for at in range(1, len(arguments), 2):
        given = text(arguments[at])
        names = ["-base", "-format", "-gmt", "-locale", "-timezone"]
        found = [name for name in names if len(given) > 1 and name.startswith(given)]
        if not found:
            raise TclError(f'bad option "{given}", must be -base, -format, -gmt, -locale or -timezone',
                           "CLOCK", "badOption", given)  # fmt: skip
        value = arguments[at + 1]
        setattr(options, found[0][1:], value if found[0] in ("-gmt", "-base") else text(value))
    base = plain(wide_integer, options.base) if options.base is not None else seconds(interp, [])
    if options.gmt is not None and options.timezone is None:
        plain(truth, options.gmt)
    if options.format is None and options.locale is not None:
        raise TclError("legacy [clock scan] does not support -locale", "CLOCK", "flagWithLegacyFormat")
    check_zone_and_locale(options)
    source = text(arguments[0])
    if options.format is None:
        return free_scan(source, base, options.zone())
    return scanned(source, options.format, base, options.zone)


def plain(read: Any, value: Any) -> Any:
    """Read a value; the error has no code, as Tcl's has none here."""
    try:
        return read(value)
    except TclError as error:
        raise TclError(str(error)) from None


# -- add --------------------------------------------------------------------------------------------------------------


@CLOCK.command("add", _ADD_USAGE, 0, -1)
def add(interp: Interp, arguments: list[Any]) -> Any:
    """Return a time and so many of units: `clock add $t 1 month -2 days`.

    The units are years, months, weeks, days, hours, minutes and seconds. A day beyond the month's is its last.
    """
    if not arguments:
        raise TclError('wrong # args: should be "::tcl::clock::add clockval ?arg ...?"', "TCL", "WRONGARGS")
    if len(arguments) % 2 != 1:
        raise wrong_number("clock add", _ADD_USAGE)
    moment = number(arguments[0])
    if moment is None:
        raise TclError(f'expected number but got "{brief(text(arguments[0]))}"')
    options = Options()
    steps: list[tuple[int, str]] = []
    for at in range(1, len(arguments), 2):
        count = number(arguments[at])
        given = text(arguments[at])
        found = [name for name in ("-gmt", "-locale", "-timezone") if len(given) > 1 and name.startswith(given)]
        if type(count) is int:
            steps.append((count, text(arguments[at + 1])))
        elif found:
            setattr(options, found[0][1:], arguments[at + 1] if found[0] == "-gmt" else text(arguments[at + 1]))
        else:
            raise TclError(f'bad option "{given}", must be -gmt, -locale or -timezone', "CLOCK", "badOption", given)
    if options.gmt is not None:
        plain(truth, options.gmt)
        options.timezone = None
    check_zone_and_locale(options)
    zone = options.zone()
    result = int(moment)
    for count, unit in steps:
        result = added(result, count, unit, zone)
    return result
