"""The reference page of the commands, made from their declarations: `python -m nsjob.tcl.reference`."""

from __future__ import annotations

from collections.abc import Iterator

from nsjob.tcl.arithmetic import FUNCTIONS
from nsjob.tcl.command import Command
from nsjob.tcl.library import COMMANDS, PATCHLEVEL, families

__all__ = ["reference"]

_TCL = """
after append apply array auto_execok auto_import auto_load bgerror binary break catch cd chan clock close
concat continue coroutine dict encoding eof error eval exec exit expr fblocked fconfigure fcopy file fileevent
flush for foreach format gets glob global history http if incr info interp join lappend lassign lindex linsert
list llength lmap load lrange lrepeat lreplace lreverse lsearch lset lsort memory msgcat namespace open
package pid platform proc puts pwd re_syntax read refchan regexp regsub rename return safe scan seek self set
socket source split string subst switch tailcall tcltest tell throw time tm trace transchan try unknown unload
unset update uplevel upvar variable vwait while yield yieldto zlib
""".split()
_PAGES = "http memory msgcat platform re_syntax refchan safe self tcltest tm transchan".split()  # no commands
_LEFT_OUT = f"""\
What is offered behaves as Tcl {PATCHLEVEL} does: results, messages and error codes are compared with it.
Left out on purpose:

- Namespaces, beyond a leading `::`; object orientation; coroutines and tail calls; traces; child interpreters.
- The event loop: `after` pauses, and nothing can be put off to later.
- Channels beyond files, the standard ones and pipelines of programs; `binary`, `encoding` and `zlib`: Python has them.
- Loading of packages: `package require` answers for `Tcl` and `nsjob`, and for what scripts provide.
- `-errorstack` among the return options; `errorInfo` is there.
- Locales of `clock` other than C and English.
- Of regular expressions, basic ones (`(?b)`); advanced and extended ones are complete.
"""


def reference() -> str:
    """Return the page, in Markdown."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# Reference: the Tcl commands"
    yield ""
    yield "This page is made from the commands themselves: `python -m nsjob.tcl.reference > docs/tcl-reference.md`."
    yield ""
    for family in families():
        yield f"## {family.title}"
        yield ""
        for name in sorted(family.commands):
            yield from _entry(family.commands[name])
        yield ""
    yield "## Functions of expressions"
    yield ""
    yield " ".join(f"`{name}`" for name in sorted(FUNCTIONS))
    yield ""
    yield "## Left out"
    yield ""
    yield _LEFT_OUT
    missing = [name for name in _TCL if name not in COMMANDS and name not in _PAGES]
    yield f"Commands of Tcl {PATCHLEVEL} that are not there: {' '.join(f'`{name}`' for name in missing)}."


def _entry(command: Command) -> Iterator[str]:
    doc = " ".join(command.doc.split())
    if not command.subcommands:
        yield f"- `{_shown(command)}`: {doc}"
        return
    yield f"- `{command.name}`: {doc}"
    for name in sorted(command.subcommands):
        yield from (f"    {line}" for line in _entry(command.subcommands[name]))


def _shown(command: Command) -> str:
    return f"{command.name} {command.usage}".strip()


if __name__ == "__main__":
    print(reference(), end="")
