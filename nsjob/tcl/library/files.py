"""The commands `cd`, `pwd` and `file`: what is said of files by name. What changes files is in `file_changes`."""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family
from nsjob.tcl.errors import TclError
from nsjob.tcl.library import file_changes, pathnames
from nsjob.tcl.library.channel import add_channel, file_channel, open_channels
from nsjob.tcl.library.globs import matcher
from nsjob.tcl.library.pathnames import native
from nsjob.tcl.library.wide_integers import wide_integer
from nsjob.tcl.posix import posix_error
from nsjob.tcl.values import text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY"]

FAMILY = Family("Files")
FILE = FAMILY.ensemble("file", "What is known of a file, and changes to it. `~` begins the name of a home directory.")

# -- the working directory --------------------------------------------------------------------------------------------


@FAMILY.command("cd", "?dirName?", 0, 1)
def cd(interp: Interp, arguments: list[Any]) -> Any:
    """Make a directory, or else the home directory, the working directory of the process."""
    name = text(arguments[0]) if arguments else "~"
    try:
        os.chdir(native(name))
    except OSError as error:
        raise posix_error(f'couldn\'t change working directory to "{name}"', error) from None
    return ""


@FAMILY.command("pwd")
def pwd(interp: Interp, arguments: list[Any]) -> Any:
    """Return the working directory of the process."""
    try:
        return os.getcwd()
    except OSError as error:
        raise posix_error("error getting working directory name", error) from None


# -- names ------------------------------------------------------------------------------------------------------------


@FILE.command("dirname", "name", 1)
def dirname(interp: Interp, arguments: list[Any]) -> Any:
    """Return all parts of a name but the last."""
    return pathnames.directory_of(text(arguments[0]))


@FILE.command("tail", "name", 1)
def tail(interp: Interp, arguments: list[Any]) -> Any:
    """Return the last part of a name."""
    return pathnames.last_part(text(arguments[0]))


@FILE.command("extension", "name", 1)
def extension(interp: Interp, arguments: list[Any]) -> Any:
    """Return what follows the last dot of the last part, with the dot."""
    return pathnames.extension_of(text(arguments[0]))


@FILE.command("rootname", "name", 1)
def rootname(interp: Interp, arguments: list[Any]) -> Any:
    """Return a name without its extension."""
    name = text(arguments[0])
    return name[: len(name) - len(pathnames.extension_of(name))]


@FILE.command("join", "name ?name ...?", 1, -1)
def join(interp: Interp, arguments: list[Any]) -> Any:
    """Put parts of a name together. An absolute one starts anew."""
    return pathnames.join([text(part) for part in arguments])


@FILE.command("split", "name", 1)
def split(interp: Interp, arguments: list[Any]) -> Any:
    """Return the parts of a name as a list."""
    return pathnames.split(text(arguments[0]))


@FILE.command("normalize", "name", 1)
def normalize(interp: Interp, arguments: list[Any]) -> Any:
    """Return the one absolute name without `.`, `..` and links, save that the last part may be a link."""
    return pathnames.normalized(text(arguments[0]))


@FILE.command("nativename", "name", 1)
def nativename(interp: Interp, arguments: list[Any]) -> Any:
    """Return a name as the system writes it: with `~` replaced."""
    return pathnames.join([pathnames.translated(text(arguments[0]))])


@FILE.command("pathtype", "name", 1)
def pathtype(interp: Interp, arguments: list[Any]) -> Any:
    """Return `absolute` or `relative`."""
    return "absolute" if text(arguments[0])[:1] in ("/", "~") else "relative"


@FILE.command("separator", "?name?", 0, 1)
def separator(interp: Interp, arguments: list[Any]) -> Any:
    """Return the character between the parts of a name."""
    return "/"


@FILE.command("volumes")
def volumes(interp: Interp, arguments: list[Any]) -> Any:
    """Return the roots that there are."""
    return ["/"]


@FILE.command("system", "name", 1)
def system(interp: Interp, arguments: list[Any]) -> Any:
    """Return the file system's name, `native`."""
    if not text(arguments[0]):
        raise TclError("unrecognised path", "TCL", "LOOKUP", "FILESYSTEM", "")
    return "native"


@FILE.command("channels", "?pattern?", 0, 1)
def channel_names(interp: Interp, arguments: list[Any]) -> Any:
    """Return the names of the open channels, or of those that match a pattern."""
    names = list(open_channels(interp))
    return [name for name in names if matcher(text(arguments[0]))(name)] if arguments else names


# -- existence and kind -----------------------------------------------------------------------------------------------


def status(name: str) -> os.stat_result:
    """Return what the system knows of a file.

    Raises:
        TclError: could not read "...".
    """
    try:
        return os.stat(native(name))
    except OSError as error:
        raise posix_error(f'could not read "{name}"', error) from None


def link_status(name: str) -> os.stat_result:
    """Return what the system knows of a file, or of the link itself where it is one.

    Raises:
        TclError: could not read "...".
    """
    try:
        return os.lstat(native(name))
    except OSError as error:
        raise posix_error(f'could not read "{name}"', error) from None


def declare_test(name: str, holds: Callable[[str], bool], doc: str) -> None:
    """Declare `file name`, which is 0 where there is no such file."""

    def test(interp: Interp, arguments: list[Any]) -> Any:
        try:
            return int(holds(native(text(arguments[0]))))
        except (OSError, TclError):
            return 0

    test.__doc__ = doc
    FILE.command(name, "name", 1)(test)


declare_test("exists", os.path.exists, "Whether there is such a file, and it can be reached.")
declare_test("executable", lambda name: os.access(name, os.X_OK), "Whether it may be run, or a directory searched.")
declare_test("readable", lambda name: os.access(name, os.R_OK), "Whether it may be read.")
declare_test("writable", lambda name: os.access(name, os.W_OK), "Whether it may be written to.")
declare_test("isdirectory", os.path.isdir, "Whether it is a directory.")
declare_test("isfile", os.path.isfile, "Whether it is a regular file.")
declare_test("owned", lambda name: os.stat(name).st_uid == os.geteuid(), "Whether it belongs to the current user.")

_KINDS = {
    modes.S_IFREG: "file",
    modes.S_IFDIR: "directory",
    modes.S_IFCHR: "characterSpecial",
    modes.S_IFBLK: "blockSpecial",
    modes.S_IFIFO: "fifo",
    modes.S_IFLNK: "link",
    modes.S_IFSOCK: "socket",
}


@FILE.command("type", "name", 1)
def type_(interp: Interp, arguments: list[Any]) -> Any:
    """Return `file`, `directory`, `link`, `fifo`, `socket`, `characterSpecial` or `blockSpecial`."""
    return _KINDS[modes.S_IFMT(link_status(text(arguments[0])).st_mode)]


@FILE.command("size", "name", 1)
def size(interp: Interp, arguments: list[Any]) -> Any:
    """Return the size in bytes."""
    return status(text(arguments[0])).st_size


def fill_array(interp: Interp, name: str, found: os.stat_result) -> Any:
    """Set the elements of an array to what is known of a file."""
    for field in "dev ino nlink uid gid size blocks blksize atime mtime ctime mode".split():
        interp.set(f"{name}({field})", int(getattr(found, f"st_{field}")))
    interp.set(f"{name}(type)", _KINDS[modes.S_IFMT(found.st_mode)])
    return ""


@FILE.command("stat", "name varName", 2)
def stat(interp: Interp, arguments: list[Any]) -> Any:
    """Put all that is known of a file into an array: atime, blksize, blocks, ctime, dev, gid, ino, and so on."""
    return fill_array(interp, text(arguments[1]), status(text(arguments[0])))


@FILE.command("lstat", "name varName", 2)
def lstat(interp: Interp, arguments: list[Any]) -> Any:
    """Put all that is known of a file, or of a link itself, into an array."""
    return fill_array(interp, text(arguments[1]), link_status(text(arguments[0])))


# -- times ------------------------------------------------------------------------------------------------------------


def set_times(name: str, what: str, access: int, modification: int) -> None:
    """Change both times of a file, in seconds."""
    try:
        os.utime(native(name), (access, modification))
    except OSError as error:
        raise posix_error(f'could not set {what} time for file "{name}"', error) from None
    except OverflowError:
        raise TclError(f'could not set {what} time for file "{name}": time too large', "NONE") from None


@FILE.command("atime", "name ?time?", 1, 2)
def atime(interp: Interp, arguments: list[Any]) -> Any:
    """Return the time of the last access, or set it, in seconds of `clock seconds`."""
    name = text(arguments[0])
    found = status(name)
    if len(arguments) == 2:
        set_times(name, "access", wide_integer(arguments[1]), int(found.st_mtime))
        found = status(name)
    return int(found.st_atime)


@FILE.command("mtime", "name ?time?", 1, 2)
def mtime(interp: Interp, arguments: list[Any]) -> Any:
    """Return the time of the last change, or set it, in seconds of `clock seconds`."""
    name = text(arguments[0])
    found = status(name)
    if len(arguments) == 2:
        set_times(name, "modification", int(found.st_atime), wide_integer(arguments[1]))
        found = status(name)
    return int(found.st_mtime)


# -- links ------------------------------------------------------------------------------------------------------------


@FILE.command("readlink", "name", 1)
def readlink(interp: Interp, arguments: list[Any]) -> Any:
    """Return what a link leads to."""
    name = text(arguments[0])
    try:
        return os.readlink(native(name))
    except OSError as error:
        raise posix_error(f'could not read link "{name}"', error) from None


@FILE.command("link", "?-linktype? linkname ?target?", 1, 3)
def link(interp: Interp, arguments: list[Any]) -> Any:
    """Return what a link leads to, or make one, `-symbolic` (as is usual) or `-hard`."""
    if len(arguments) == 1:
        return readlink(interp, arguments)
    return file_changes.make_link(interp, arguments)


# -- changes ----------------------------------------------------------------------------------------------------------

FILE.command("attributes", "name ?-option value ...?", 1, -1)(file_changes.attributes)
FILE.command("copy", "?-option value ...? source ?source ...? target", 0, -1)(file_changes.copy)
FILE.command("delete", "?-option value ...? ?pathname ...?", 0, -1)(file_changes.delete)
FILE.command("mkdir", "?name ...?", 0, -1)(file_changes.mkdir)
FILE.command("rename", "?-option value ...? source ?source ...? target", 0, -1)(file_changes.rename)


@FILE.command("tempfile", "?nameVar? ?template?", 0, 2)
def tempfile(interp: Interp, arguments: list[Any]) -> Any:
    """Open a new file to read and write, and return its channel.

    Its name goes to a variable; without one it is gone when closed.
    """
    template = text(arguments[1]) if len(arguments) > 1 else ""
    descriptor, path = file_changes.new_file(template)
    if arguments:
        interp.set(text(arguments[0]), path)
    else:
        os.unlink(path)
    return add_channel(interp, file_channel(descriptor, readable=True, writable=True))
