"""A Tcl 8.6 language core in Python: its rules, its commands, its messages. It knows nothing of jobs."""

from nsjob.tcl.errors import ParseError, TclError, TclExit, TclInterrupted
from nsjob.tcl.interp import Interp
from nsjob.tcl.parser import is_complete, parse

__all__ = ["Interp", "ParseError", "TclError", "TclExit", "TclInterrupted", "is_complete", "parse"]
