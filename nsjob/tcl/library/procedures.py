"""Procedures: `proc`, `apply`, other frames, and what is there to be known (`info`)."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import MANY, Command, Family
from nsjob.tcl.errors import TclError
from nsjob.tcl.frames import LambdaName, Link
from nsjob.tcl.interp import Procedure, no_command
from nsjob.tcl.library import PATCHLEVEL
from nsjob.tcl.library.control import note
from nsjob.tcl.library.variables import caller_frame, level_frame
from nsjob.tcl.outcomes import joined
from nsjob.tcl.parser import is_complete
from nsjob.tcl.patterns import glob_match
from nsjob.tcl.values import elements, parse_number, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

FAMILY = Family("Procedures and introspection")


def _parameters(given: Any) -> list[tuple[str, Any | None]]:
    found: list[tuple[str, Any | None]] = []
    for specifier in elements(given):
        fields = elements(specifier)
        shown = text(specifier)
        code = ("TCL", "OPERATION", "PROC", "FORMALARGUMENTFORMAT")
        if len(fields) > 2:
            raise TclError(f'too many fields in argument specifier "{shown}"', *code)
        if not fields or not text(fields[0]):
            raise TclError("argument with no name", *code)
        name = text(fields[0])
        if name.endswith(")") and "(" in name:
            raise TclError(f'formal parameter "{name}" is an array element', *code)
        if "::" in name:
            raise TclError(f'formal parameter "{name}" is not a simple name', *code)
        found.append((name, fields[1] if len(fields) == 2 else None))
    return found


@FAMILY.command("proc", "name args body", 3)
def proc(interp: Interp, arguments: list[Any]) -> str:
    """Define a procedure. A parameter may have a default; a last one named `args` takes all that is left."""
    name = text(arguments[0])
    plain = name.lstrip(":") if name.startswith("::") else name
    try:
        parameters = _parameters(arguments[1])
    except TclError as error:
        error.add(f'\n    (creating proc "{name}")')
        raise
    procedure = Procedure(plain, parameters, text(arguments[2]), None)
    interp.define(_command(plain, procedure))
    return ""


def _command(name: str, procedure: Procedure) -> Command:
    def run(interp: Interp, values: list[Any]) -> Any:
        return interp.call_procedure(procedure, name, values)

    return Command(name, procedure.usage(), run, 0, MANY, procedure=procedure)


def _lambda(interp: Interp, given: Any) -> Procedure:
    shown = text(given)
    cache: dict[str, Procedure] = interp.extras.setdefault("lambdas", {})
    found = cache.get(shown)
    if found is None:
        try:
            parts = elements(given)
        except TclError:
            parts = []
        if len(parts) not in (2, 3):
            error = TclError(f'can\'t interpret "{shown}" as a lambda expression', "TCL", "VALUE", "LAMBDA")
            raise error
        namespace = text(parts[2]) if len(parts) == 3 else ""
        if namespace.strip(":"):
            full = namespace if namespace.startswith("::") else f"::{namespace}"
            raise TclError(f'namespace "{full}" not found', "TCL", "LOOKUP", "NAMESPACE", full)
        try:
            parameters = _parameters(parts[0])
        except TclError as error:
            error.add(f'\n    (parsing lambda expression "{shown}")')
            raise
        if len(cache) > 500:
            cache.clear()
        found = cache[shown] = Procedure("apply", parameters, text(parts[1]), shown)
    return found


@FAMILY.command("apply", "lambdaExpr ?arg ...?", 1, -1)
def apply(interp: Interp, arguments: list[Any]) -> Any:
    """Call an anonymous procedure: a list of parameters and body."""
    procedure = _lambda(interp, arguments[0])
    name = LambdaName("apply lambdaExpr")
    name.source = arguments[0]
    return interp.call_procedure(procedure, name, arguments[1:])


@FAMILY.command("rename", "oldName newName", 2)
def rename(interp: Interp, arguments: list[Any]) -> str:
    """Give a command another name; the empty name deletes it."""
    old, new = (text(argument) for argument in arguments)
    plain = old.lstrip(":") if old.startswith("::") else old
    target = new.lstrip(":") if new.startswith("::") else new
    if plain not in interp.commands:
        verb = "rename" if new else "delete"
        raise TclError(f"can't {verb} \"{old}\": command doesn't exist", "TCL", "LOOKUP", "COMMAND", old)
    if new and target in interp.commands:
        raise TclError(
            f'can\'t rename to "{new}": command already exists', "TCL", "OPERATION", "RENAME", "TARGET_EXISTS"
        )
    interp.rename(plain, target)
    return ""


@FAMILY.command("unknown", "name ?arg ...?", 1, -1)
def unknown(interp: Interp, arguments: list[Any]) -> Any:
    """What is called in place of a command that is not there. A script may define its own."""
    raise no_command(text(arguments[0]))


@FAMILY.command("uplevel", "?level? command ?arg ...?", 1, -1)
def uplevel(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate a script in the frame that called the procedure, or in the one that is given."""
    frame = None
    shown = text(arguments[0])
    if shown[:1] == "#" or shown[:1].isdigit():
        frame = level_frame(interp, arguments[0])
        if frame is not None:
            arguments = arguments[1:]
            if not arguments:
                raise TclError('wrong # args: should be "uplevel ?level? command ?arg ...?"', "TCL", "WRONGARGS")
    if frame is None:
        frame = caller_frame(interp)
    before, interp.frame = interp.frame, frame
    try:
        return interp.eval_body(arguments[0] if len(arguments) == 1 else joined(arguments))
    except TclError as error:
        note(error, f'"uplevel" body line {error.line}')
        raise
    finally:
        interp.frame = before


# -- info -------------------------------------------------------------------------------------------------------------

INFO = FAMILY.ensemble("info", "What is there: commands, procedures, variables, levels.")


def _procedure(interp: Interp, name: Any) -> Procedure:
    shown = text(name)
    command = interp.commands.get(shown.lstrip(":") if shown.startswith("::") else shown)
    if command is None or command.procedure is None:
        raise TclError(f'"{shown}" isn\'t a procedure', "TCL", "LOOKUP", "PROCEDURE", shown)
    return command.procedure


@INFO.command("args", "procname", 1)
def info_args(interp: Interp, arguments: list[Any]) -> list[str]:
    """Return the names of a procedure's parameters."""
    return list(_procedure(interp, arguments[0]).names)


@INFO.command("body", "procname", 1)
def info_body(interp: Interp, arguments: list[Any]) -> str:
    """Return a procedure's body."""
    return _procedure(interp, arguments[0]).body


@INFO.command("default", "procname arg varname", 3)
def info_default(interp: Interp, arguments: list[Any]) -> int:
    """Whether a parameter has a default, which goes to the variable."""
    procedure = _procedure(interp, arguments[0])
    wanted = text(arguments[1])
    for name, default in procedure.parameters:
        if name == wanted:
            interp.set(arguments[2], "" if default is None else default)
            return 0 if default is None else 1
    raise TclError(
        f'procedure "{text(arguments[0])}" doesn\'t have an argument "{wanted}"', "TCL", "LOOKUP", "ARGUMENT", wanted
    )


def _fitting(names: list[str], arguments: list[Any]) -> list[str]:
    if not arguments:
        return names
    pattern = text(arguments[0])
    if pattern.startswith("::"):
        bare = pattern.lstrip(":")
        return [f"::{name}" for name in names if glob_match(bare, name)]
    return [name for name in names if glob_match(pattern, name)]


@INFO.command("commands", "?pattern?", 0, 1)
def info_commands(interp: Interp, arguments: list[Any]) -> list[str]:
    """Return the names of the commands, all or those that fit a pattern."""
    return _fitting(list(interp.commands), arguments)


@INFO.command("procs", "?pattern?", 0, 1)
def info_procs(interp: Interp, arguments: list[Any]) -> list[str]:
    """Return the names of the procedures, all or those that fit a pattern."""
    return _fitting([name for name, command in interp.commands.items() if command.procedure is not None], arguments)


@INFO.command("functions", "?pattern?", 0, 1)
def info_functions(interp: Interp, arguments: list[Any]) -> list[str]:
    """Return the names of the functions of `expr`."""
    from nsjob.tcl.arithmetic import FUNCTIONS

    return _fitting(list(FUNCTIONS), arguments)


@INFO.command("vars", "?pattern?", 0, 1)
def info_vars(interp: Interp, arguments: list[Any]) -> list[str]:
    """Return the names of the variables that can be seen here."""
    if arguments and text(arguments[0]).startswith("::"):
        return _fitting(interp.globals.names(), arguments)
    frame = interp.frame
    return _fitting([*frame.vars, *frame.others], arguments)


@INFO.command("locals", "?pattern?", 0, 1)
def info_locals(interp: Interp, arguments: list[Any]) -> list[str]:
    """Return the names of the procedure's own variables."""
    frame = interp.frame
    if frame is interp.globals:
        return []
    own = [name for name, other in frame.others.items() if not isinstance(other, Link)]
    return _fitting([*frame.vars, *own], arguments)


@INFO.command("globals", "?pattern?", 0, 1)
def info_globals(interp: Interp, arguments: list[Any]) -> list[str]:
    """Return the names of the global variables."""
    return _fitting(interp.globals.names(), [text(argument).lstrip(":") for argument in arguments])


@INFO.command("exists", "varName", 1)
def info_exists(interp: Interp, arguments: list[Any]) -> int:
    """Whether a variable has a value."""
    return 1 if interp.exists(arguments[0]) else 0


@INFO.command("complete", "command", 1)
def info_complete(interp: Interp, arguments: list[Any]) -> int:
    """Whether a text has no open brace, bracket or quote."""
    return 1 if is_complete(text(arguments[0])) else 0


@INFO.command("level", "?number?", 0, 1)
def info_level(interp: Interp, arguments: list[Any]) -> Any:
    """Return the level of the procedure that runs, or the words with which the one of a level was called."""
    frame = interp.frame
    if not arguments:
        return frame.level
    shown = text(arguments[0])
    number = parse_number(shown)
    if type(number) is not int:
        raise TclError(f'expected integer but got "{shown}"', "TCL", "VALUE", "INTEGER")
    wanted = number if number > 0 else frame.level + number
    at: Any = frame
    while at is not None and at.level > wanted:
        at = at.caller
    if at is None or at.level != wanted or at.level == 0:
        kind = "LEVEL" if frame is interp.globals else "STACK_LEVEL"
        raise TclError(f'bad level "{shown}"', "TCL", "LOOKUP", kind, shown)
    return list(at.words)


@INFO.command("hostname")
def info_hostname(interp: Interp, arguments: list[Any]) -> str:
    """Return the name of this machine."""
    return socket.gethostname()


@INFO.command("nameofexecutable")
def info_nameofexecutable(interp: Interp, arguments: list[Any]) -> str:
    """Return the path of the program that runs."""
    return sys.executable


@INFO.command("patchlevel")
def info_patchlevel(interp: Interp, arguments: list[Any]) -> str:
    """Return the version of Tcl whose behaviour this is."""
    return PATCHLEVEL


@INFO.command("tclversion")
def info_tclversion(interp: Interp, arguments: list[Any]) -> str:
    """The same, without the patch level."""
    return PATCHLEVEL.rpartition(".")[0]


@INFO.command("script", "?filename?", 0, 1)
def info_script(interp: Interp, arguments: list[Any]) -> str:
    """Return the name of the file that is being read."""
    if arguments:
        interp.scripts[-1:] = [text(arguments[0])]
    return interp.scripts[-1] if interp.scripts else ""
