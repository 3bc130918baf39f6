"""Random scripts from a grammar over the commands: each ends, soon, and says the same whenever it runs."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.tcl.tables import BINARY, CLASSES, word

__all__ = ["KINDS", "Grammar"]

# fmt: off

VARIABLES = ["a", "b", "c", "d", "m(x)", "m(y)", "::g"]
SIGNS = ' \t\n{}[]"\\$;#()ab1*?.-é'
WORDS = [
    "", "a", "b", "abc", "x y", "hello world", "A", "Ab", "10", "end", "-1", "a.b", "*", "{}", "foo bar baz",
    "\u4e2d",
]
INTEGERS = [
    "0", "1", "2", "3", "-1", "5", "7", "10", "-12", "0x1F", "0b101", "0o17", "123456789", "9223372036854775807",
    "99999999999999999999",
]
DOUBLES = ["0.5", "1.0", "-2.25", "3.14159", "1e3", "1e-3", "1e20", "100.0", "0.1", "-0.0"]
PIECES = [
    "a", "b", ".", "[ab]", "[^a]", "\\d", "\\w", "\\s", "(a)", "(b|a)", "(?:ab)", "x", "^", "$", "[[:alpha:]]", "\\y",
    "(a*)", "1",
]
KINDS = {
    "program": 6,
    "expression": 3,
    "list_command": 3,
    "dict_command": 2,
    "text_command": 3,
    "syntax": 2,
    "pattern": 2,
    "format_or_scan": 1,
}


class Grammar:
    """One random script after another.

    Arguments:
        seed: the same seed gives the same scripts.
    """

    def __init__(self, seed: object) -> None:
        self.chance = Random(str(seed))
        self._loops = 0
        self._procs: list[tuple[str, int]] = []

    def script(self) -> str:
        """Return one script."""
        self._loops = 0
        self._procs = []
        kind = self.chance.choices(list(KINDS), list(KINDS.values()))[0]
        make: Callable[[], str] = getattr(self, kind)
        return make()

    # -- what a script is about

    def program(self) -> str:
        known = self.chance.sample(["a", "b", "c"], self.chance.randint(1, 3))
        lines = [f"set {name} {word(self.value())}" for name in known]
        if self.chance.random() < 0.3:
            lines.append("array set m {x 1 y {a b}}")
        lines += [self.proc() for _ in range(self.chance.randint(0, 2))]
        if self.chance.random() < 0.5:
            # An error ends a script: this way, the commands after it are seen too.
            lines += [f"lappend log [catch {{{self.command(0)}}} r] $r" for _ in range(self.chance.randint(1, 6))]
            return "\n".join([*lines, "set log"])
        lines += [self.command(0) for _ in range(self.chance.randint(1, 4))]
        if self.chance.random() < 0.4:
            lines.append(
                "list " + " ".join(f"[if {{[info exists {name}]}} {{set {name}}}]" for name in ("a", "b", "c"))
            )
        return "\n".join(lines)

    def expression(self) -> str:
        known = f"set a {word(self.number())}; set b {word(self.value())}; set c {word(self.pick(WORDS))}"
        return f"{known}\nexpr {{{self.expr(0)}}}"

    def list_command(self) -> str:
        items = self.items()
        name = self.pick(
            [
                "lindex", "lrange", "linsert", "lreplace", "lset", "lsort", "lsearch", "join", "llength", "lreverse",
                "lassign", "foreach", "lappend", "concat", "raw", "lrepeat", "in",
            ]
        )
        if name in ("lindex", "lrange", "linsert", "lreplace"):
            rest = {
                "lindex": [self.index()], "lrange": [self.index(), self.index()],
                "linsert": [self.index(), word(self.string())], "lreplace": [self.index(), self.index(),
                word(self.string())],
            }[name]
            return f"{name} {word(items)} {' '.join(rest)}"
        if name == "lset":
            return f"set l {word(items)}; list [lset l {self.index()} {word(self.string())}] $l"
        if name in ("lsort", "lsearch"):
            return self.sorting(name, items)
        if name == "lappend":
            return f"set l {word(items)}; lappend l {word(self.string())} {word(self.string())}"
        if name == "foreach":
            return f"foreach {{x y}} {word(items)} {{lappend r $y $x}}\nif {{[info exists r]}} {{set r}}"
        if name == "lassign":
            return f"list [lassign {word(items)} p q] $p $q"
        if name == "raw":
            return f"lrange {word(self.string(12))} 0 end"
        if name == "lrepeat":
            return f"lrepeat {self.pick(['0', '2', '-1', 'x'])} {word(self.string())} {word(self.string())}"
        if name == "in":
            return f"set l {word(items)}; expr {{{word(self.string())!r} in $l}}".replace("'", '"')
        return f"{name} {word(items)}" + (f" {word(self.string(2))}" if name in ("join", "concat") else "")

    def sorting(self, name: str, items: str) -> str:
        if name == "lsort":
            options = [
                "-decreasing", "-unique", "-nocase", "-integer", "-real", "-dictionary", "-ascii", "-indices",
                "-index 0", "-index end", "-stride 2",
            ]
            return f"lsort {self.several(options)} {word(items)}"
        options = [
            "-all", "-inline", "-not", "-exact", "-glob", "-nocase", "-start 1", "-integer", "-index 0",
            "-subindices", "-sorted", "-start end",
        ]
        return f"lsearch {self.several(options)} {word(items)} {word(self.pick(WORDS))}"

    def dict_command(self) -> str:
        kind = self.chance.random()
        items = self.items(self.chance.randint(0, 3) * 2) if kind < 0.8 else self.items()
        key, other = word(self.key()), word(self.string(4))
        use = self.pick([
            f"dict get $d {key}", f"dict set d {key} {other}", f"dict set d {key} k {other}", f"dict unset d {key}",
            f"dict exists $d {key}", f"dict keys $d {word(self.glob())}", f"dict values $d {word(self.glob())}",
            f"dict merge $d {word(self.items(2))}", f"dict remove $d {key}", f"dict replace $d {key} {other}",
            f"dict incr d {key} {self.pick(INTEGERS)}", f"dict append d {key} {other}",
            f"dict lappend d {key} {other}",
            "dict size $d", "dict for {k v} $d {lappend r $v $k}", "dict map {k v} $d {string length $v}",
            f"dict filter $d key {word(self.glob())}", f"dict filter $d value {word(self.glob())}",
            f"dict update d {key} v {{append v x}}", f"dict with d {{set {key} 5}}", "dict create {*}$d",
            "llength $d", "lindex $d end", f"lappend d {other}",
        ])
        return f"set d {word(items)}\nlist [{use}] $d"

    def string(self, most: int = 6) -> str:
        """A text with signs that mean something."""
        chance = self.chance.random()
        if chance < 0.3:
            return self.pick(WORDS)
        if chance < 0.45:
            return self.pick(INTEGERS)
        return "".join(self.chance.choices(SIGNS, k=self.chance.randint(0, most)))

    def text_command(self) -> str:
        subject, other = word(self.string(10)), word(self.string(3))
        index = self.index
        end = self.pick(["end", "5", "end-0"])
        return self.pick([
            f"string length {subject}", f"string index {subject} {index()}",
            f"string range {subject} {index()} {index()}", f"string replace {subject} 0 {end} {other}",
            f"string first {other} {subject}", f"string last {other} {subject}",
            f"string first {other} {subject} {index()}", f"string compare {subject} {other}",
            f"string equal -nocase {subject} {other}", f"string compare -length 2 {subject} {other}",
            f"string match {word(self.glob())} {subject}", f"string match -nocase {word(self.glob())} {subject}",
            f"string map {word(self.items(4))} {subject}", f"string map -nocase {word(self.items(2))} {subject}",
            f"string repeat {subject} {self.pick(['0', '1', '3', 'x'])}", f"string reverse {subject}",
            f"string toupper {subject} {index()}", f"string totitle {subject}",
            f"string tolower {subject} {index()} {index()}", f"string trim {subject} {other}",
            f"string trimleft {subject}", f"string trimright {subject} {other}",
            f"string is {self.pick(CLASSES)} {subject}", f"string is {self.pick(CLASSES)} -strict {subject}",
            f"set at -; list [string is {self.pick(CLASSES)} -failindex at {subject}] $at",
            f"split {subject} {other}", f"split {subject}", f"subst -nocommands -novariables {subject}",
            f"append v {subject} {other}", f"list {subject} {other}", f"string wordend {subject} {index()}",
            f"string wordstart {subject} {index()}", f"scan {subject} %c", f"info complete {subject}",
            f"file join {subject} {other}", f"file tail {subject}", f"file dirname {subject}",
            f"file extension {subject}", f"file split {subject}", f"dict create {subject} {other}",
        ])

    def syntax(self) -> str:
        pieces = [
            "set a", "list", " ", " ", "x", "{", "}", "[", "]", '"', "$", "$a", "${a}", "$m(", ")", "\\", "\\\n",
            "\n", ";", "#", "{*}", "1", "$m(x)", "{a b}", '"a b"', "[list 1]", "expr", "\\x41", "\\u00e9", "-", "é",
        ]
        return "set a 5; array set m {x 1}\nlist " + "".join(self.chance.choices(pieces, k=self.chance.randint(2, 9)))

    def pattern(self) -> str:
        pattern = (
            "".join(
                self.pick(PIECES) + self.pick(["", "", "", "*", "+", "?", "{2}", "{1,2}", "*?", "+?"])
                for _ in range(self.chance.randint(1, 4))
            )
            .replace("$*", "$")
            .replace("^*", "^")
        )
        if self.chance.random() < 0.15:
            pattern += "|" + self.pick(PIECES)
        subject = word("".join(self.chance.choices("aabbx1 \nA", k=self.chance.randint(0, 9))))
        p = word(pattern)
        spec = word(self.pick(["<&>", "[\\1]", "", "\\0\\0", "X"]))
        options = self.several(["-nocase", "-line", "-all", "-start 1"])
        return self.pick([
            f"regexp -inline {options} -- {p} {subject}", f"regexp -all -inline -- {p} {subject}",
            f"regexp -indices -inline {options} -- {p} {subject}", f"regsub {options} -- {p} {subject} {spec}",
            f"regsub -all -- {p} {subject} {spec}", f"list [regexp {options} -- {p} {subject} x y] [info exists x]",
            f"switch -regexp -- {subject} {{{p} {{list yes}} default {{list no}}}}",
        ])

    def format_or_scan(self) -> str:
        if self.chance.random() < 0.6:
            flags = (
                self.pick(["", "", "-", "0", "+", " ", "#"])
                + self.pick(["", "", "5", "12", "*"])
                + self.pick(["", "", ".0", ".3", ".*"])
            )
            kind = self.pick("ddduxXobcseEfgG")
            values = ["6"] * flags.count("*") + [
                self.pick([*INTEGERS, *DOUBLES, "abc", ""]) if kind not in "c" else self.pick(["65", "233", "x"])
            ]
            return f"format {word('<%' + flags + kind + '>')} {' '.join(map(word, values))}"
        specs = "".join(
            self.pick(["%d", "%s", "%c", "%x", "%f", "%2d", "%[a-z]", "%*d", " ", "%n", "%o", "%3s", "a", ",", "%[^,]"])
            for _ in range(self.chance.randint(1, 3))
        )
        subject = self.pick(["12 34", "abc 12", "-5,6", " 7", "", "ff", "1.5e2x", "12abc", "a,b,1", "0x1f"])
        return f"scan {word(subject)} {word(specs)}"

    # -- parts

    def pick(self, choices: list[str] | str) -> str:
        return choices[int(self.chance.random() * len(choices))]

    def several(self, options: list[str]) -> str:
        return " ".join(self.chance.sample(options, self.chance.choice([0, 0, 1, 1, 2, 3])))

    def number(self) -> str:
        chance = self.chance.random()
        if chance < 0.3:
            return str(self.chance.randint(-20, 20))
        return self.pick(INTEGERS) if chance < 0.65 else self.pick(DOUBLES)

    def value(self) -> str:
        chance = self.chance.random()
        if chance < 0.45:
            return self.number()
        return self.string() if chance < 0.75 else self.items()

    def key(self) -> str:
        return self.pick(["a", "b", "k", "x y", "", "1"])

    def glob(self) -> str:
        return self.pick(["*", "a*", "?", "[a-c]*", "*b", "\\*", "x", "[", "*{*", "1"])

    def items(self, count: int | None = None) -> str:
        """A list, as Tcl's own `list` would not always write it; rarely one that is none."""
        count = self.chance.randint(0, 5) if count is None else count
        every = [self.key() if at % 2 == 0 and self.chance.random() < 0.5 else self.string(4) for at in range(count)]
        if self.chance.random() < 0.2:
            every = [str(self.chance.randint(-9, 30)) for _ in every]
        if self.chance.random() < 0.06:
            return " ".join(every)
        return self.pick([" ", " ", "  ", "\n"]).join(word(one) for one in every)

    def index(self) -> str:
        return self.pick(["0", "1", "2", "end", "end-1", "-1", "5", "end+1", "1+1", "3-2", "x", "end-0", "end-2", "{}"])

    def name(self) -> str:
        return self.pick(VARIABLES)

    def expr(self, depth: int) -> str:
        chance = self.chance.random()
        if depth > 3 or chance < 0.25:
            return self.operand()
        if chance < 0.75:
            op = self.pick([*BINARY, "**"])
            left = self.expr(depth + 1)
            if op in ("**", "<<"):
                right = self.pick(["0", "1", "2", "3", "-1", "5", "0.5"])
            elif op in ("in", "ni"):
                right = self.pick(["{1 2 a}", "$b", '"a b"'])
            else:
                right = self.expr(depth + 1)
            space = self.pick([" ", " ", " ", ""]) if op[0] not in "eni" else " "
            return self.pick(["{}{}{}{}{}", "({}{}{}{}{})"]).format(left, space, op, space, right)
        if chance < 0.82:
            return self.pick("-+!~") + self.operand()
        if chance < 0.9:
            return f"{self.expr(depth + 2)} ? {self.expr(depth + 2)} : {self.expr(depth + 2)}"
        name = self.pick(["abs", "int", "double", "round", "floor", "ceil", "bool", "entier", "isqrt", "sqrt", "wide"])
        if chance < 0.97:
            return f"{name}({self.expr(depth + 1)})"
        return f"{self.pick(['max', 'min', 'fmod', 'hypot'])}({self.expr(depth + 2)}, {self.expr(depth + 2)})"

    def operand(self) -> str:
        chance = self.chance.random()
        if chance < 0.45:
            return self.number()
        if chance < 0.75:
            return self.pick(["$a", "$b", "$c", "$a"])
        if chance < 0.85:
            return self.pick(
                [
                    "true", "false", '"a"', "{b}", '"5"', "yes", '""', "{1 2}", "[set a]", "[llength $b]", "Inf",
                    "[string length $c]",
                ]
            )
        return str(self.chance.randint(0, 9))

    def word(self, depth: int) -> str:
        """A word of a command: a literal, a variable, a command, or a mixture."""
        chance = self.chance.random()
        if chance < 0.35:
            return word(self.value())
        if chance < 0.7:
            return f"${self.name()}"
        if chance < 0.8 and depth < 3:
            return f"[{self.command(depth + 2)}]"
        if chance < 0.9:
            before, after = self.pick(["a", "", "x y "]), self.pick(["", ".", " b", "\\n"])
            return f'"{before}${self.name()}{after}"'
        return (
            f"{{*}}${self.pick(['a', 'b', 'c'])}" if chance < 0.94 else f"[list ${self.name()} {word(self.string(3))}]"
        )

    def body(self, depth: int) -> str:
        lines = [self.command(depth + 1) for _ in range(self.chance.randint(1, 2))]
        gap = self.pick(["; ", "\n  "])
        return "{" + gap.lstrip(";") + gap.join(lines) + ("\n}" if gap[0] == "\n" else "}")

    def proc(self) -> str:
        name = f"f{len(self._procs)}"
        count = self.chance.randint(0, 2)
        parameters = ["p", "{q 5}", "args"] if self.chance.random() < 0.2 else ["a", "b"][:count]
        body = self.body(1)
        link = self.pick(["", "", "", "global c\n", "upvar 1 c c\n", "upvar 1 b d a c\n", "variable c\n"])
        self._procs.append((name, count))
        return f"proc {name} {{{' '.join(parameters)}}} {{\n  {link}{body[1:-1].strip()}\n}}"

    def command(self, depth: int) -> str:
        chance = self.chance.random()
        if depth < 3 and chance < 0.3:
            return self.structure(depth)
        if chance < 0.36 and self._procs:
            name, count = self.chance.choice(self._procs)
            count += self.chance.choice([0, 0, 0, 0, 1, -1])
            return " ".join([name, *(self.word(depth) for _ in range(count))])
        if chance < 0.42:
            return self.pick(
                [
                    "break", "continue", "return $a", "error boom", "return", "error $b INFO {A B}",
                    "return -code error $a", "return -code break", "throw {X Y} msg", "return -level 0 $a",
                    "nosuch $a", "set nosuch", "return -code continue",
                ]
            )
        if chance < 0.55:
            return self.text_command()
        if chance < 0.6:
            return self.list_command()
        one, two = self.word(depth), self.word(depth)
        name = self.name()
        pattern = word(self.pick(["a", "(.)b", "^.", "\\d+"]))
        return self.pick([
            f"set {name} {one}", f"set {name} {one}", f"set {name} [expr {{{self.expr(1)}}}]", f"append {name} {one}",
            f"lappend {name} {one} {two}", f"incr {name}", f"incr {name} {one}", f"unset {name}",
            f"unset -nocomplain {name}", f"set {name}", f"info exists {name}", f"list {one} {two}",
            f"llength {one}", f"lindex {one} {self.index()}", f"lrange {one} {self.index()} {self.index()}",
            f"concat {one} {two}", f"join {one} {word(self.string(2))}", f"string length {one}",
            f"string toupper {one}", f"string equal {one} {two}", f"split {one} {word(self.string(2))}",
            f"lsort {one}", f"lreverse {one}", f"lassign {one} a b", f"dict get {one} {two}",
            f"dict set {name} {one} {two}",
            f"eval {one}", f"eval list {one} {two}", f"subst {word(self.string(5))}",
            f"lset {name} {self.index()} {one}", f"format %s-%s {one} {two}", f"expr {{{self.expr(1)}}}",
            f"expr {one} + {two}", "info level", f"array size {self.pick(['m', 'a'])}", "lsort [array names m]",
            f"array set m {one}", f"lsearch {one} {two}", f"string map {one} {two}", f"regexp {pattern} {one} c",
            f"dict size {one}", f"uplevel 1 {{set {name} {word(self.string(3))}}}",
        ])

    def structure(self, depth: int) -> str:
        kinds = ["if", "catch", "try", "switch", "eval", "apply", "uplevel", "time", "dictfor"]
        if self._loops < 1:
            kinds += ["foreach", "while", "for", "lmap"]
        kind = self.pick(kinds)
        if kind in ("foreach", "while", "for", "lmap", "dictfor"):
            self._loops += 1
            made = self.loop(kind, depth)
            self._loops -= 1
            return made
        if kind == "if":
            otherwise = f" else {self.body(depth)}" if self.chance.random() < 0.5 else ""
            return f"if {{{self.expr(2)}}} {self.body(depth)}{otherwise}"
        if kind == "catch":
            return f"catch {self.body(depth)} {self.pick(['', 'a', 'b', 'c'])}"
        if kind == "try":
            handlers = [
                f"on error {{a}} {self.body(depth)}",
                f"on {self.pick(['ok', 'return', 'break'])} {{b}} {self.body(depth)}",
                f"trap {self.pick(['{TCL LOOKUP}', 'X', 'ARITH', '{}'])} {{a}} {self.body(depth)}",
                f"finally {self.body(depth)}",
            ]
            return " ".join(["try", self.body(depth), *(one for one in handlers if self.chance.random() < 0.4)])
        if kind == "switch":
            option, second = self.pick(["", "-glob", "-exact", "-regexp"]), self.pick(["5", "b*", "1 -  2"])
            arms = f"a {self.body(depth)} {second} {self.body(depth)} default {self.body(depth)}"
            return f"switch {option} -- {self.word(depth)} {{{arms}}}"
        if kind == "apply":
            return f"apply {{{{a b}} {self.body(depth)}}} {self.word(depth)} {self.word(depth)}"
        if kind == "uplevel":
            return f"uplevel {self.pick(['#0', '1', '0'])} {self.body(depth)}"
        if kind == "time":
            return f"string length [time {self.body(depth)} 0]"
        return f"eval {self.body(depth)}"

    def loop(self, kind: str, depth: int) -> str:
        counter = f"n{depth}{self._loops}"
        if kind == "foreach":
            items = self.pick(["{1 2 3}", "{x {y z}}", "{}"])
            return f"foreach {self.pick(['a', '{a b}', 'd'])} {items} {self.body(depth)}"
        if kind == "lmap":
            return f"lmap {self.pick(['a', '{a b}'])} {{1 2 x}} {self.body(depth)}"
        if kind == "for":
            return f"for {{set {counter} 0}} {{${counter} < 3}} {{incr {counter}}} {self.body(depth)}"
        if kind == "dictfor":
            return f"dict for {{a b}} {{x 1 y {{2 3}}}} {self.body(depth)}"
        return f"while {{[incr {counter}] < 4}} {self.body(depth)}"
