"""Where real Tcl 8.6.13 answers by accident, and ours differently, on purpose."""

from __future__ import annotations

__all__ = ["ACCIDENTS", "UNTRACED"]

# Compiled `string replace` takes a range that ends before it begins for one to be inserted twice; not compiled, it
# returns the string, as documented.
_REPLACE = ["string replace héllo e 0", "string replace a 1+1 end-1", "string replace abcdef end-1 1"]
_REPLACE += ["string replace abcdef 1 end-10"]
# Two leading slashes, made of one.
_NORMALIZE = ["file normalize /./x"]
# A `return` within a quoted word, outside of procs: what of the word was there already is put before the message.
_QUOTED = [
    f'set x "a[return {options}]b"'
    for options in (
        "-code error bad",
        "-code error -errorinfo II bad",
        "-code error -errorcode {X Y} bad",
        "-options {-code 1 -level 1 -x y} opt",
        "-code 0x1 x",
        "-code error",
    )
]

# A pattern for parts of elements, which is compiled with others of the same shape: the whole element comes back.
_SEARCH = ["lsearch -subindices -index 1 -inline {{a 1} {b 2} {c 3}} *"]
_SEARCH += ["lsearch -subindices -index 1 -inline {{a 1} {b 2} {c 3}} 1"]
# The words of an error depend on whether `return` was compiled.
_OPTIONS = ["return -options x y", "list a [return -options x y]", 'set x "a[return -options x y]b"']
_OTHERS = [
    "set at none; list [string is double -failindex at 0x1g] $at",  # where a number ends that is none
    "format %",  # that no value is left is found before that the conversion has no letter
    "regexp -about a* {foo abc bar}",  # flags of the compiled expression: ours is compiled differently
    "rename list l; list a",  # the standard `unknown` needs `list`
]

ACCIDENTS = frozenset([*_REPLACE, *_NORMALIZE, *_QUOTED, *_SEARCH, *_OPTIONS, *_OTHERS])

# Scripts of which errorInfo is not compared.
# `clock format` is a procedure of Tcl's library, and shows what it calls.
_CLOCK = [
    f"clock format{arguments}"
    for arguments in (
        "", " ", " x -gmt 1", " 1.5 -gmt 1", " {} -gmt 1", " 0 -gmt", " 0 -gmt x", " 0 -bogus 1", " 0 -gmt 1 -format"
    )
]  # fmt: skip
# A procedure left by what has no line shows that of the error before.
_LINES = [
    f"proc f {{}} {{{command}\n}}\nproc g {{}} {{\n  f\n}}\ng"
    for command in ("error boom INFO", "return -code break", "return -code continue", "continue")
]
# How many levels there may be depends on what is around the script.
_DEEP = ["proc f {} {f}; f", "proc f {} {g}; proc g {} {f}; f", "set s {eval $s}; eval $s"]
# The trace of the error that was caught, below the message that its result could not be stored.
_CAUGHT = ["set a 5; catch {error x} a(x)"]

UNTRACED = frozenset([*_CLOCK, *_LINES, *_DEEP, *_CAUGHT])
