"""What `file` does to files: make, copy, rename, delete, link, attributes. The commands are declared in `files`."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import re
import shutil
import stat as modes
import tempfile
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import choose, wrong_args
from nsjob.tcl.errors import TclError
from nsjob.tcl.library.pathnames import directory_of, extension_of, join, last_part, native, split
from nsjob.tcl.posix import error_words, posix_error
from nsjob.tcl.values import number, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["attributes", "copy", "delete", "make_link", "mkdir", "new_file", "rename"]


def forced(arguments: list[Any]) -> tuple[bool, list[str]]:
    """Return whether -force is given, and the names."""
    force = False
    for at, argument in enumerate(arguments):
        word = text(argument)
        if not word.startswith("-"):
            return force, [text(name) for name in arguments[at:]]
        if choose(word, ["-force", "--"], "option", exact=True) == "--":
            return force, [text(name) for name in arguments[at + 1 :]]
        force = True
    return force, []


def mkdir(interp: Interp, arguments: list[Any]) -> Any:
    """Make directories, and those that they are to be in."""
    for argument in arguments:
        name = text(argument)
        parts = split(name)
        if not parts:
            raise posix_error(f'can\'t create directory "{name}"', errno.ENOENT)
        for count in range(1, len(parts) + 1):
            make_directory(join(parts[:count]))
    return ""


def make_directory(name: str) -> None:
    """Make one directory, where there is none."""
    path = native(name)
    try:
        try:
            if not modes.S_ISDIR(os.stat(path).st_mode):
                raise FileExistsError(errno.EEXIST, "")
        except FileNotFoundError:
            try:
                os.mkdir(path)
            except FileExistsError:  # somebody else's at the same moment; or a link to nowhere, which Tcl lets pass
                pass
    except OSError as error:
        raise posix_error(f'can\'t create directory "{name}"', error) from None


# -- delete -----------------------------------------------------------------------------------------------------------


def delete(interp: Interp, arguments: list[Any]) -> Any:
    """Delete files and directories; one that is not empty only with `-force`. What does not exist is passed over."""
    force, names = forced(arguments)
    for name in names:
        path = native(name)
        try:
            if not modes.S_ISDIR(os.lstat(path).st_mode):
                os.unlink(path)
            elif force:
                remove_tree(path)
            else:
                os.rmdir(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno == errno.ENOTEMPTY:  # Tcl has one name for the two
                raise TclError(f'error deleting "{name}": directory not empty',
                               "POSIX", "EEXIST", error_words(errno.EEXIST)[1]) from None  # fmt: skip
            raise posix_error(f'error deleting "{error.filename if error.filename != path else name}"', error) from None
    return ""


def remove_tree(path: str) -> None:
    """Delete a directory with all that it holds, also where it may not be written to."""
    with os.scandir(path) as entries:
        found = [(entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries]
    if found:
        os.chmod(path, modes.S_IMODE(os.stat(path).st_mode) | 0o700)
    for inner, is_directory in found:
        if is_directory:
            remove_tree(inner)
        else:
            os.unlink(inner)
    os.rmdir(path)


# -- copy and rename --------------------------------------------------------------------------------------------------


def copy(interp: Interp, arguments: list[Any]) -> Any:
    """Copy a file or directory, or several into a directory. `-force`: over existing ones."""
    return transfer(arguments, "copy", "copying")


def rename(interp: Interp, arguments: list[Any]) -> Any:
    """Rename a file or directory, or move several into a directory. `-force`: over existing ones."""
    return transfer(arguments, "rename", "renaming")


def transfer(arguments: list[Any], command: str, doing: str) -> str:
    """Copy or rename, whichever `command` says, all sources to the target, or into it where it is a directory."""
    force, names = forced(arguments)
    if len(names) < 2:
        raise wrong_args(f"file {command}", "?-option value ...? source ?source ...? target")
    *sources, target = names
    if os.path.isdir(native(target)):
        for source in sources:
            transfer_one(source, join([target, last_name(source)]), doing, force)
    elif len(sources) > 1:
        words = error_words(errno.ENOTDIR)
        raise TclError(f'error {doing}: target "{target}" is not a directory', "POSIX", *words)
    else:
        # Tcl names only one of them where both words are the same.
        transfer_one(target if sources[0] == target else sources[0], target, doing, force)
    return ""


def last_name(source: str) -> str:
    parts = split(source)
    return "" if not parts or (len(parts) == 1 and parts[0][0] in "/~") else parts[-1]


def transfer_one(source: str, target: str, doing: str, force: bool) -> None:
    """Copy or rename one file or directory; links themselves, not what they lead to."""
    begun, to = native(source), native(target)
    said = f'error {doing} "{source}"'
    try:
        kind = os.lstat(begun)
    except OSError as error:
        raise posix_error(said, error) from None
    said += f' to "{target}"'
    try:
        there: os.stat_result | None = os.lstat(to)
    except FileNotFoundError:
        there = None
    except OSError as error:
        raise posix_error(said, error) from None
    if there is not None:
        if not force:
            raise posix_error(f'error {doing} "{source}"' if source is target else said, errno.EEXIST)
        if (kind.st_dev, kind.st_ino) == (there.st_dev, there.st_ino):
            return
        check_overwriting(source, target, modes.S_ISDIR(kind.st_mode), modes.S_ISDIR(there.st_mode))
    try:
        if doing == "renaming":
            move(begun, to, said)
        else:
            duplicate(begun, to)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:
            error = FileExistsError(errno.EEXIST, "", error.filename)
        place = ""
        if doing == "copying" and modes.S_ISDIR(kind.st_mode) and error.filename not in (None, begun, to):
            place = f': "{error.filename}"'
        raise posix_error(said + place, error) from None


def check_overwriting(source: str, target: str, from_directory: bool, to_directory: bool) -> None:
    if from_directory and not to_directory:
        raise TclError(f'can\'t overwrite file "{target}" with directory "{source}"')
    if to_directory and not from_directory:
        raise TclError(f'can\'t overwrite directory "{target}" with file "{source}"')


def move(begun: str, to: str, said: str) -> None:
    """Rename, also to another file system."""
    try:
        os.rename(begun, to)
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise TclError(f"{said}: trying to rename a volume or move a directory into itself") from None
        if error.errno != errno.EXDEV:
            raise
        duplicate(begun, to)
        if os.path.isdir(begun) and not os.path.islink(begun):
            remove_tree(begun)
        else:
            os.unlink(begun)


def duplicate(begun: str, to: str) -> None:
    """Copy a file, link or directory, with its permissions and times."""
    kind = os.lstat(begun).st_mode
    if not modes.S_ISDIR(kind) and os.path.lexists(to):
        os.unlink(to)  # a link there is replaced, not followed
    if modes.S_ISLNK(kind):
        os.symlink(os.readlink(begun), to)
    elif modes.S_ISDIR(kind):
        if f"{os.path.realpath(to)}/".startswith(f"{os.path.realpath(begun)}/"):
            raise OSError(errno.EINVAL, "")  # Tcl goes on until the name is too long
        if os.path.lexists(to):
            os.rmdir(to)
        os.mkdir(to)
        for name in sorted(os.listdir(begun)):
            duplicate(f"{begun}/{name}", f"{to}/{name}")
        shutil.copystat(begun, to)
    elif modes.S_ISFIFO(kind):
        os.mkfifo(to, modes.S_IMODE(kind))
    else:
        shutil.copy2(begun, to)


# -- links ------------------------------------------------------------------------------------------------------------


def make_link(interp: Interp, arguments: list[Any]) -> Any:
    """Make a link, and return its target."""
    kind = "-symbolic"
    if len(arguments) == 3:
        kind = choose(text(arguments[0]), ["-symbolic", "-hard"], "option")
    name, target = text(arguments[-2]), text(arguments[-1])
    said = f'could not create new link "{name}"'
    path, to = native(name), join([native(target)])
    beside = to if kind == "-hard" else os.path.join(os.path.dirname(path), to)
    try:
        if not os.path.exists(beside):
            raise FileNotFoundError(errno.ENOENT, "")
        (os.link if kind == "-hard" else os.symlink)(to, path)
    except FileExistsError:
        raise TclError(f"{said}: that path already exists", "POSIX", *error_words(errno.EEXIST)) from None
    except FileNotFoundError:
        there = os.path.exists(native(directory_of(name)))
        reason = f'target "{target}" doesn\'t exist' if there else "no such file or directory"
        raise TclError(f"{said}: {reason}", "POSIX", *error_words(errno.ENOENT)) from None
    except OSError as error:
        raise posix_error(f'{said} pointing to "{target}"', error) from None
    return target


# -- attributes -------------------------------------------------------------------------------------------------------

_ATTRIBUTES = ["-group", "-owner", "-permissions"]


def attributes(interp: Interp, arguments: list[Any]) -> Any:
    """Return the attributes of a file, or one, or set some: `-group`, `-owner`, `-permissions`."""
    name, *options = [text(argument) for argument in arguments]
    if not native(name):
        raise posix_error(f'could not read "{name}"', errno.ENOENT)
    if not options:
        return [word for option in _ATTRIBUTES for word in (option, attribute(name, option))]
    if len(options) == 1:
        return attribute(name, choose(options[0], _ATTRIBUTES, "option"))
    for at in range(0, len(options), 2):
        option = choose(options[at], _ATTRIBUTES, "option")
        if at + 1 == len(options):
            raise TclError(f'value for "{options[at]}" missing', "TCL", "OPERATION", "FATTR", "NOVALUE")
        set_attribute(name, option, options[at + 1])
    return ""


def attribute(name: str, option: str) -> str:
    """Return one attribute."""
    try:
        found = os.stat(native(name))
    except OSError as error:
        raise posix_error(f'could not read "{name}"', error) from None
    if option == "-permissions":
        shown = f"0{found.st_mode & 0x7FFF:o}"  # as Tcl: with the bit of a directory
        return shown.rjust(5, "0")
    try:
        return grp.getgrgid(found.st_gid).gr_name if option == "-group" else pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        return str(found.st_gid if option == "-group" else found.st_uid)


def set_attribute(name: str, option: str, value: str) -> None:
    """Change one attribute."""
    path = native(name)
    what = option[1:]
    try:
        if option == "-permissions":
            os.chmod(path, permissions(value, path, name))
        elif option == "-group":
            os.chown(path, -1, account(value, name, what))
        else:
            os.chown(path, account(value, name, what), -1)
    except OSError as error:
        raise posix_error(f'could not set {what} for file "{name}"', error) from None


def account(value: str, name: str, what: str) -> int:
    """Return the number of a group or owner."""
    found = number(value)
    if isinstance(found, int):
        return found
    try:
        return grp.getgrnam(value).gr_gid if what == "group" else pwd.getpwnam(value).pw_uid
    except KeyError:
        who = "group" if what == "group" else "user"
        code = ("SETGRP", "NO_GROUP") if who == "group" else ("SETOWN", "NO_USER")
        message = f'could not set {what} for file "{name}": {who} "{value}" does not exist'
        raise TclError(message, "TCL", "OPERATION", *code) from None


_WHO = {"u": 0o4700, "g": 0o2070, "o": 0o1007, "a": 0o7777}
_WHAT = {"r": 0o444, "w": 0o222, "x": 0o111, "s": 0o6000, "t": 0o1000}
_CLAUSE = re.compile(r"([ugoa]*)([-+=])([rwxst]*)\Z")
_ROW = re.compile(r"[r-][w-][xsS-][r-][w-][xsS-][r-][w-][xtT-]\Z")


def permissions(value: str, path: str, name: str) -> int:
    """Return the mode that a number, `u+x,go-w` or `rwxr-xr-x` means for a file."""
    found = number(value)
    if isinstance(found, int):
        return found & 0o7777
    try:
        mode = modes.S_IMODE(os.stat(path).st_mode)
    except OSError as error:
        raise posix_error(f'could not read "{name}"', error) from None
    if _ROW.match(value):
        return row_mode(value)
    for clause in value.split(","):
        parts = _CLAUSE.match(clause)
        if parts is None:
            raise TclError(f'unknown permission string format "{value}"', "TCL", "VALUE", "PERMISSION")
        who = sum({_WHO[letter] for letter in parts[1]}) if "a" not in parts[1] and parts[1] else 0o7777
        what = who & sum({_WHAT[letter] for letter in parts[3]})
        mode = mode | what if parts[2] == "+" else mode & ~what if parts[2] == "-" else (mode & ~who) | what
    return mode


def row_mode(row: str) -> int:
    """Return the mode that `rwxr-xr-x` means."""
    mode = 0
    for at, letter in enumerate(row):
        bit = 0o400 >> at
        if letter in "rwxst":
            mode |= bit
        if letter in "sStT":
            mode |= (0o4000, 0o2000, 0o1000)[at // 3]
    return mode


def new_file(template: str) -> tuple[int, str]:
    """Make a file of a new name like `template`, and return its descriptor and name."""
    extension = extension_of(template)
    directory = native(directory_of(template)) if "/" in template else None
    prefix = last_part(template)[: -len(extension) or None] if template else ""
    try:
        return tempfile.mkstemp(extension, f"{prefix or 'tcl'}_", directory)
    except OSError as error:
        raise posix_error("can't create temporary file", error) from None
