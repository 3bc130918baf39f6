"""Scripts: `expr`, `subst`, `source`, and `package`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Ensemble, Family, choose
from nsjob.tcl.compile import Compiler, compile_direct
from nsjob.tcl.errors import BREAK, CONTINUE, ERROR, OK, RETURN, ParseError, Signal, TclError
from nsjob.tcl.frames import Inlined
from nsjob.tcl.library import PATCHLEVEL
from nsjob.tcl.outcomes import joined
from nsjob.tcl.parser import Parser
from nsjob.tcl.values import BACKSLASH, backslash, elements, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

FAMILY = Family("Scripts")


@FAMILY.command("expr", "arg ?arg ...?", 1, -1)
def expr(interp: Interp, arguments: list[Any]) -> Any:
    """Return the value of an expression; several words are put together with spaces between them."""
    if len(arguments) == 1:
        return interp.expr(arguments[0])
    return interp.expr(joined(arguments))


_SUBST = ["-nobackslashes", "-nocommands", "-novariables"]


@FAMILY.command("subst", "?-nobackslashes? ?-nocommands? ?-novariables? string", 1, -1)
def subst(interp: Interp, arguments: list[Any]) -> str:
    """Replace variables, commands and backslash sequences in a text."""
    without = {choose(text(option), _SUBST, "option") for option in arguments[:-1]}
    source = text(arguments[-1])
    try:
        return _substituted(interp, source, without, type(arguments[-1]) is Inlined)
    except TclError as error:
        error.begun = error.begun or isinstance(error, ParseError)
        if error.logged:
            interp.failed = (error, error.size, source, error.line)
            error.logged = False
        raise


def _substituted(interp: Interp, source: str, without: set[str], procedure: bool) -> str:
    parser = Parser(source)
    compiler = Compiler(source, False, not interp.redefined, procedure)
    found: list[str] = []
    at = 0
    size = len(source)
    while at < size:
        sign = source[at]
        end = at + 1
        try:
            if sign == "\\" and "-nobackslashes" not in without:
                sequence = BACKSLASH.match(source, at)
                assert sequence is not None
                found.append(backslash(sequence[0]))
                end = sequence.end()
            elif sign == "$" and "-novariables" not in without:
                variable = parser.variable(at)
                if variable is not None:
                    end = variable.end
                    found.append(text(compiler.variable(variable)(interp.frame)))
                else:
                    found.append("$")
            elif sign == "[" and "-nocommands" not in without:
                substitution = parser.bracket(at)
                end = substitution.end
                found.append(text(compiler.substitution(substitution)(interp.frame)))
            else:
                while end < size and source[end] not in "\\$[":
                    end += 1
                found.append(source[at:end])
        except Signal as signal:
            if signal.code == BREAK:
                break
            if signal.code != CONTINUE:
                found.append(text(signal.value))
            end = max(end, at + 1)
        at = end
    return "".join(found)


@FAMILY.command("source", "?-encoding name? fileName", 1, 3)
def source_(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate the script in a file."""
    encoding = "utf-8"
    if len(arguments) == 3:
        choose(text(arguments[0]), ["-encoding"], "option")
        encoding = text(arguments[1])
    elif len(arguments) == 2:
        raise TclError('wrong # args: should be "source ?-encoding name? fileName"', "TCL", "WRONGARGS")
    name = text(arguments[-1])
    try:
        with open(name, encoding=encoding, errors="surrogateescape") as file:
            content = file.read().partition("\x1a")[0]
    except LookupError:
        raise TclError(f'unknown encoding "{encoding}"', "TCL", "LOOKUP", "ENCODING", encoding) from None
    except OSError as error:
        from nsjob.tcl.posix import posix_error

        raise posix_error(f'couldn\'t read file "{name}"', error) from None
    interp.scripts.append(name)
    try:
        return compile_direct(content)(interp.frame)
    except Signal as signal:
        if signal.code != RETURN:
            raise
        if signal.level > 1:
            raise Signal(RETURN, signal.value, signal.after, signal.level - 1, signal.options) from None
        if signal.after == OK:
            return signal.value
        if signal.after == ERROR:
            raise interp.error_of(signal) from None
        raise Signal(signal.after, signal.value, options=signal.options) from None
    except TclError as error:
        shown = name if len(name) <= 150 else name[:150] + "..."
        error.add(f'\n    (file "{shown}" line {error.line})')
        error.logged = False
        raise
    finally:
        interp.scripts.pop()


PACKAGE = Ensemble("package")


@FAMILY.command("package", "option ?arg ...?", 1, -1)
def package(interp: Interp, arguments: list[Any]) -> Any:
    """Versions of Tcl and nsjob, and of what scripts provide; none are loaded from files."""
    option = choose(text(arguments[0]), sorted(PACKAGE.subcommands), "option")
    return PACKAGE.run(interp, [option, *arguments[1:]])


def _packages(interp: Interp) -> dict[str, str]:
    if "packages" not in interp.extras:
        from importlib.metadata import PackageNotFoundError, version

        try:
            own = version("nsjob")
        except PackageNotFoundError:
            own = "0"
        interp.extras["packages"] = {"Tcl": PATCHLEVEL, "nsjob": own}
    found: dict[str, str] = interp.extras["packages"]
    return found


@PACKAGE.command("names")
def package_names(interp: Interp, arguments: list[Any]) -> list[str]:
    """Return the names of the packages that are there."""
    return list(_packages(interp))


@PACKAGE.command("present", "?-exact? package ?requirement ...?", 1, -1)
def package_present(interp: Interp, arguments: list[Any]) -> str:
    """Return the version of a package that is there."""
    return _version(interp, arguments, "package {} is not present")


@PACKAGE.command("require", "?-exact? package ?requirement ...?", 1, -1)
def package_require(interp: Interp, arguments: list[Any]) -> str:
    """Return the version of a package; an error where it is not there, or not in a version that would do."""
    return _version(interp, arguments, "can't find package {}")


def _version(interp: Interp, arguments: list[Any], missing: str) -> str:
    words = [text(argument) for argument in arguments]
    exact = words[0] == "-exact"
    if exact:
        del words[0]
    name, wanted = words[0], words[1:]
    known = _packages(interp)
    found = known.get(name, "")
    if not found and "find" in missing:
        found = _provided(interp, name, wanted)
    if not found:
        raise TclError(missing.format(" ".join([name, *wanted])), "TCL", "PACKAGE", "UNFOUND")
    if wanted and not any(_satisfies(found, f"{want}-{want}" if exact else want) for want in wanted):
        raise TclError(
            f"version conflict for package \"{name}\": have {found}, need {' '.join(wanted)}",
            "TCL", "PACKAGE", "VERSIONCONFLICT",
        )  # fmt: skip
    return found


def _provided(interp: Interp, name: str, wanted: list[str]) -> str:
    """Evaluate the script that provides a package, or ask the command that is to find it."""
    scripts: dict[tuple[str, str], Any] = interp.extras.get("package scripts", {})
    fitting = [
        version
        for known, version in scripts
        if known == name and (not wanted or any(_satisfies(version, want) for want in wanted))
    ]
    if interp.extras.get("package prefer", "stable") == "stable":
        fitting = [version for version in fitting if version.replace(".", "").isdigit()] or fitting
    if fitting:
        version = max(fitting, key=_numbers)
        before, interp.frame = interp.frame, interp.globals
        try:
            interp.eval_body(scripts[name, version])
        finally:
            interp.frame = before
    elif text(interp.extras.get("package unknown", "")):
        interp.call([*elements(interp.extras["package unknown"]), name, *wanted])
    return _packages(interp).get(name, "")


def _numbers(version: str) -> list[int]:
    try:
        return [int(part) for part in version.replace("a", ".-2.").replace("b", ".-1.").split(".")]
    except ValueError:
        raise TclError(f'expected version number but got "{version}"', "TCL", "VALUE", "VERSION") from None


def _satisfies(version: str, requirement: str) -> bool:
    have = _numbers(version)
    least, dash, most = requirement.partition("-")
    begun = _numbers(least)
    if not dash:
        return have >= begun and have[0] == begun[0]
    if not most:
        return have >= begun
    end = _numbers(most)
    return have[: len(begun)] == begun if begun == end else begun <= have < end


@PACKAGE.command("forget", "?package package ...?", 0, -1)
def package_forget(interp: Interp, arguments: list[Any]) -> str:
    """Forget that packages are there."""
    for name in arguments:
        _packages(interp).pop(text(name), None)
    return ""


@PACKAGE.command("ifneeded", "package version ?script?", 2, 3)
def package_ifneeded(interp: Interp, arguments: list[Any]) -> Any:
    """Say by which script a version of a package is provided when it is required; or return that script."""
    scripts: dict[tuple[str, str], Any] = interp.extras.setdefault("package scripts", {})
    key = (text(arguments[0]), text(arguments[1]))
    _numbers(key[1])
    if len(arguments) == 2:
        return scripts.get(key, "")
    scripts[key] = arguments[2]
    return ""


@PACKAGE.command("prefer", "?latest|stable?", 0, 1)
def package_prefer(interp: Interp, arguments: list[Any]) -> str:
    """Tell which versions are preferred, stable or latest, and choose."""
    if arguments:
        interp.extras["package prefer"] = choose(text(arguments[0]), ["latest", "stable"], "preference")
    return str(interp.extras.get("package prefer", "stable"))


@PACKAGE.command("unknown", "?command?", 0, 1)
def package_unknown(interp: Interp, arguments: list[Any]) -> Any:
    """Name the command that is asked for a package that is not there; or return it."""
    if arguments:
        interp.extras["package unknown"] = arguments[0]
        return ""
    return interp.extras.get("package unknown", "")


@PACKAGE.command("versions", "package", 1)
def package_versions(interp: Interp, arguments: list[Any]) -> list[str]:
    """Return the versions of a package that a script could provide."""
    scripts: dict[tuple[str, str], Any] = interp.extras.get("package scripts", {})
    name = text(arguments[0])
    return [version for known, version in scripts if known == name]


@PACKAGE.command("provide", "package ?version?", 1, 2)
def package_provide(interp: Interp, arguments: list[Any]) -> str:
    """Say that a package is there, in a version; or return the version that is."""
    name = text(arguments[0])
    known = _packages(interp)
    if len(arguments) == 1:
        return known.get(name, "")
    version = text(arguments[1])
    _numbers(version)
    if known.setdefault(name, version) != version:
        raise TclError(
            f'conflicting versions provided for package "{name}": {known[name]}, then {version}',
            "TCL", "PACKAGE", "VERSIONCONFLICT",
        )  # fmt: skip
    return ""


@PACKAGE.command("vcompare", "version1 version2", 2)
def package_vcompare(interp: Interp, arguments: list[Any]) -> int:
    """Compare versions: -1, 0 or 1."""
    first, second = (_numbers(text(argument)) for argument in arguments)
    size = max(len(first), len(second))
    first, second = first + [0] * (size - len(first)), second + [0] * (size - len(second))
    return (first > second) - (first < second)


@PACKAGE.command("vsatisfies", "version ?requirement ...?", 2, -1)
def package_vsatisfies(interp: Interp, arguments: list[Any]) -> int:
    """Whether a version satisfies one of the requirements."""
    version = text(arguments[0])
    return 1 if any(_satisfies(version, text(wanted)) for wanted in arguments[1:]) else 0
