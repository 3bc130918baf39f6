"""Texts as people type and paste them, whole and broken, for the tests of what looks at them."""

from __future__ import annotations

from hypothesis import strategies as st

_PIECES = [
    "queue ",
    "-head ",
    "-timeout 5 ",
    "-lang tcl ",
    "q ",
    "{",
    "}",
    "[",
    "]",
    '"',
    "$x",
    "${",
    "$a(",
    ")",
    "(",
    ";",
    "\n",
    "    ",
    " ",
    "\\",
    "\\\n",
    "#",
    "foreach f $l {",
    "if {$x > 1} ",
    "else ",
    "switch $x {",
    "proc p {a b} {",
    "apply {{x} {",
    "expr {",
    "def f(x):",
    "return x",
    "'''",
    "'",
    ":",
    "wait ",
    "ns_job ",
    "configure -lang tcl",
    "catch {",
    "{*}",
    "py {",
    "-use {",
    "é",
    "\0",
]

TEXTS = st.one_of(
    st.lists(st.sampled_from(_PIECES), max_size=25).map("".join),
    st.text(alphabet=st.one_of(st.sampled_from('{}[]"$\\;#()* \n\tab1:.-é\0'), st.characters()), max_size=60),
)
"""Mostly signs and words that mean something."""

DEEP = ["[", "{", '"$a(', "if 1 {", "$a(", "[\n#", "\\", 'puts [a "', "expr {", "switch x {"]
"""What is nested as deep as one likes when it is repeated."""
