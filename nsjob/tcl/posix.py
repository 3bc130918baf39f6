"""What Tcl calls the errors and signals of the operating system: the words of messages and of `errorCode`."""

from __future__ import annotations

import errno
import os

from nsjob.tcl.errors import TclError

__all__ = ["error_words", "posix_error", "signal_words"]

# Where Tcl's words are not those of strerror() in lower case.
_WORDS = {
    "EPERM": "not owner",
    "EIO": "I/O error",
    "EBADF": "bad file number",
    "ECHILD": "no children",
    "ENOMEM": "not enough memory",
    "EFAULT": "bad address in system call argument",
    "EBUSY": "file busy",
    "EEXIST": "file already exists",
    "EXDEV": "cross-domain link",
    "EISDIR": "illegal operation on a directory",
    "ENFILE": "file table overflow",
    "ENOTTY": "inappropriate device for ioctl",
    "ETXTBSY": "text file or pseudo-device busy",
    "ESPIPE": "invalid seek",
    "EDOM": "math argument out of range",
    "ERANGE": "math result unrepresentable",
    "EOVERFLOW": "file too big",
    "EILSEQ": "illegal byte sequence",
    "EISCONN": "socket is already connected",
    "ENOTCONN": "socket is not connected",
    "EHOSTUNREACH": "host is unreachable",
    "ESTALE": "stale remote file handle",
}

_SIGNALS = {
    "SIGHUP": "hangup",
    "SIGINT": "interrupt",
    "SIGQUIT": "quit signal",
    "SIGILL": "illegal instruction",
    "SIGTRAP": "trace trap",
    "SIGABRT": "SIGABRT",
    "SIGBUS": "bus error",
    "SIGFPE": "floating-point exception",
    "SIGKILL": "kill signal",
    "SIGUSR1": "user-defined signal 1",
    "SIGSEGV": "segmentation violation",
    "SIGUSR2": "user-defined signal 2",
    "SIGPIPE": "write on pipe with no readers",
    "SIGALRM": "alarm clock",
    "SIGTERM": "software termination signal",
    "SIGCHLD": "child status changed",
    "SIGXCPU": "exceeded CPU time limit",
    "SIGXFSZ": "exceeded file size limit",
    "SIGVTALRM": "virtual time alarm",
    "SIGPROF": "profiling alarm",
    "SIGIO": "input/output possible on file",
    "SIGPWR": "power-fail restart",
    "SIGSYS": "bad argument to system call",
}


def error_words(number: int) -> tuple[str, str]:
    """Return the name of an error of the system (ENOENT), and what Tcl says of it."""
    name = errno.errorcode.get(number, "unknown error")
    return name, _WORDS.get(name) or os.strerror(number).lower()


def posix_error(said: str, error: OSError | int) -> TclError:
    """Return the Tcl error for an error of the system.

    Arguments:
        said: the message up to the reason: `couldn't open "x"`.
        error: the exception, or its number.
    """
    number = error if isinstance(error, int) else error.errno or 0
    name, words = error_words(number)
    return TclError(f"{said}: {words}", "POSIX", name, words)


def signal_words(number: int) -> tuple[str, str]:
    """Return the name of a signal, and what Tcl says of it."""
    import signal  # late: only a program that a signal ended is told of by its words

    try:
        name = signal.Signals(number).name
    except ValueError:
        return "unknown signal", "unknown signal"
    return (name, _SIGNALS[name]) if name in _SIGNALS else ("unknown signal", "unknown signal")
