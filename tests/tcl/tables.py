"""Scripts by the thousand from tables: commands x arguments. `python -m tests.tcl.record` has real Tcl answer them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator

__all__ = ["TABLES", "word"]

# fmt: off

TABLES: dict[str, Callable[[], Iterator[str]]] = {}


def table(make: Callable[[], Iterator[str]]) -> Callable[[], Iterator[str]]:
    TABLES[make.__name__.rstrip("_") + "-table"] = make
    return make


def word(value: str) -> str:
    """A text as a word of a script that means it; not as Tcl's `list` would write it."""
    if value and all(sign.isalnum() or sign in "_.:/,=@%^&|<>?!+*-'~" for sign in value):
        return value
    depth = 0
    for sign in value:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            break
    if depth == 0 and not set("\\\0\r") & set(value):
        return "{" + value + "}"
    return '"' + "".join(_QUOTED.get(sign, sign) for sign in value) + '"'


_QUOTED = {sign: "\\" + sign for sign in '\\"$[]{}'} | {"\0": "\\0", "\r": "\\r"}


def words(*values: object) -> str:
    return " ".join(word(str(value)) for value in values)


def some(count: int, every: Iterable[str]) -> Iterator[str]:
    """So many of them, always the same ones."""
    found = list(dict.fromkeys(every))
    if len(found) > count:
        keep = set(random.Random(count).sample(range(len(found)), count))
        found = [one for at, one in enumerate(found) if at in keep]
    yield from found


def product(*columns: Iterable[str]) -> Iterator[tuple[str, ...]]:
    return itertools.product(*columns)


STRINGS = [
    "", "a", "abc", "hello world", "Hello, World!", " lead", "trail ", "  both  ", "a{b", "a}b", "{}", "{a b} c",
    'say "hi"', "$x [y]", "back\\slash", "tab\there", "line\nbreak", "semi;colon", "#comment", "a#b", "éàü",
    "\u0416\u0434",
    "ß", "0", "-1", "12abc", "a b c d e", "\x00nul", "x\x7fy", "a,b,,c", "AbCdEfG", "\\", "a\\", "[", "]", '"', "{",
    "}",
    "{{}", "a \\{ b", "\u4e2d\u6587", "aaa", "abcabcabc", "*", "a*c", "\r\n",
]
NUMBERS = [
    "0", "1", "-1", "2", "-2", "3", "7", "-7", "10", "63", "64", "100", "0x1F", "0b101", "0o17", "010", "+5", "1.0",
    "1.5",
    "-2.5", "0.1", "3.0", "0.0", "-0.0", "1e10", "1e300", "1e-5", "123456789012345678", "9223372036854775807",
    "-9223372036854775808", "9223372036854775808", "12345678901234567890123",
]
ODD = ["", "abc", "08", "true", "no", "Inf", "-Inf", "1_0", "0x", "1e", " 4 ", "5.", ".5", "1.2.3", "--1", "a b"]
LISTS = [
    "", "a", "a b c", "a b c d e f", "{a b} c {d {e f}}", "1 2 3", "{} {} x", "{a}b", "{a", 'a "b c" d', '"a',
    "x\\ y z",
    "a\\{ b", "  spaced   out  ", "a\nb\tc", "5 3 10 1", "$x [y] #z", "#a b", "{{1 2} {3 4}} {5 6}", "a b a c a",
    '"a"b c',
]
INDEXES = [
    "0", "1", "2", "5", "-1", "end", "end-1", "end+1", "end-10", "1+1", "2-1", "abc", "", "1.5", "end-", "0x1", "e",
]
DICTS = [
    "", "a 1", "a 1 b 2", "a 1 b 2 c 3", "a 1 b 2 a 3", "a {b 1 c 2} d 4", "a", "{a b} {c d} e {}", "a {",
    "x {y {z 1}}",
]


# -- expressions ------------------------------------------------------------------------------------------------------

BINARY = "+ - * / % << >> & | ^ < > <= >= == != eq ne && || in ni".split()


@table
def expr_binary() -> Iterator[str]:
    numbers = (f"expr {{{a} {op} {b}}}" for op, a, b in product(BINARY, NUMBERS, NUMBERS) if not wild(op, b))
    yield from some(1500, numbers)
    powers = (f"expr {{{a} ** {b}}}" for a, b in product(NUMBERS, NUMBERS[:10] + NUMBERS[12:24]))
    yield from some(200, powers)
    every = [*NUMBERS[::3], *ODD]
    mixed = (
        f"set a {word(a)}; set b {word(b)}; expr {{$a {op} $b}}"
        for op, a, b in product([*BINARY, "**"], every, every)
        if not wild(op, b)
    )
    yield from some(1500, mixed)


def wild(op: str, right: str) -> bool:
    """Whether the result would be too long to look at."""
    return (op == "<<" and len(right) > 3) or (op == "**" and len(right) > 4)


@table
def expr_unary() -> Iterator[str]:
    for op, a in product("- + ! ~ -- ++ !! ~~ -+ !- -~".split(), [*NUMBERS, "abc", "true", "{}", '""', "$x"]):
        yield f"set x 5; expr {{{op}{a}}}"
    for op, a in product("- + ! ~".split(), ODD):
        yield f"set a {word(a)}; expr {{{op}$a}}"


FUNCTIONS = (
    "abs acos asin atan bool ceil cos cosh double entier exp floor int isqrt log log10 round sin sinh sqrt tan tanh "
    "wide max min"
).split()


@table
def expr_functions() -> Iterator[str]:
    for name, a in product(
        FUNCTIONS, [*NUMBERS, '"abc"', "true", '""', "Inf", "-1.5", "2.5", "3.5", "0.5", "-0.5", "1e20"]
    ):
        if not (name in ("exp", "sinh", "cosh") and len(a) > 6):
            yield f"expr {{{name}({a})}}"
    pairs = product(
        "atan2 fmod hypot pow max min".split(),
        ["0", "1", "-2", "2.5", "0.0", "10", '"x"'],
        ["0", "3", "-1.5", "7", "{}"],
    )
    for name, a, b in pairs:
        yield f"expr {{{name}({a}, {b})}}"
    for name in [*FUNCTIONS, "atan2", "fmod", "hypot", "pow", "rand", "srand", "nosuch"]:
        if name != "rand":
            yield f"expr {{{name}()}}"
        yield f"expr {{{name}(1,2,3)}}" if name not in ("max", "min") else f"expr {{{name}(3,1,2)}}"
        yield f"expr {name}"
        yield f"expr {{{name} (2)}}" if name not in ("srand", "rand") else f"expr {{{name}(}}"
        yield f"expr {{{name}(2}}"


@table
def expr_precedence() -> Iterator[str]:
    chance = random.Random(1)
    for _ in range(500):
        yield "expr {" + chain(chance) + "}"
    for _ in range(150):
        yield (
            "expr {"
            + chain(chance).replace("(", "", 1)
            + chance.choice(["", ")", " +", " )", " ? 1", "(", " 1", " : 2"])
            + "}"
        )


def chain(chance: random.Random) -> str:
    parts = []
    for _ in range(chance.randint(2, 5)):
        number = str(chance.randint(0, 9))
        if chance.random() < 0.2:
            number = chance.choice(["-", "!", "~"]) + number
        if chance.random() < 0.15:
            number = f"({number} {chance.choice(['+', '-', '<', '&', '?1:'])} {chance.randint(1, 5)})"
        parts += [number, chance.choice([*BINARY[:-2], "**"])]
    text = " ".join(parts[:-1])
    return f"{text} ? {chance.randint(1, 5)} : {chance.randint(6, 9)}" if chance.random() < 0.15 else text


@table
def expr_floats() -> Iterator[str]:
    chance = random.Random(2)
    for _ in range(150):
        yield f"expr {{{chance.uniform(-10, 10) * 10 ** chance.randint(-20, 20)!r} * 1.0}}"
    for mantissa, power in product(
        ["1", "1.5", "9.999999999999999", "1.2345678901234567", "-4"], [str(n) for n in range(-6, 20)]
    ):
        yield f"expr {{{mantissa}e{power} + 0.0}}"
    shorts = "1e308*10 -1e308*10 4e-324 5e-325 0.1+0.2 1/3.0 2/3.0 1e16 1e15 1e17 123456789012345680.0 1e2".split()
    for shown in shorts:
        yield f"expr {{{shown}}}"


@table
def expr_conditions() -> Iterator[str]:
    truths = "1 0 2 -1 0.0 0.5 true false yes no on off tru fal y n o t f TRUE Off abc {} 1x".split()
    for a in truths:
        yield f"set a {a}; if {{$a}} {{list yes}} else {{list no}}"
        yield f"set a {a}; expr {{$a ? 1 : 2}}"
        yield f"set a {a}; expr {{!$a}}"
        yield f"set a {a}; expr {{$a && 1}}"
        yield f"set a {a}; expr {{0 || $a}}"
        yield f"set a {a}; while {{$a}} {{break}}"
        yield f"set a {a}; string is true -strict $a"
        yield f"set a {a}; expr {{bool($a)}}"
        yield f"set a {a}; expr {a if a != '{}' else '{}'}"


# -- strings ----------------------------------------------------------------------------------------------------------

CLASSES = (
    "alnum alpha ascii boolean control digit double entier false graph integer list lower print punct space true upper "
    "wideinteger wordchar xdigit"
).split()


@table
def string_is() -> Iterator[str]:
    every = [
        *STRINGS,
        *NUMBERS[::4],
        *ODD,
        "12", "ab12", "ABC", " 12", "12 ", "1e400", "0x7fffffff", "4294967296", "18446744073709551616",
    ]
    yield from some(900, (f"string is {kind} {word(s)}" for kind, s in product(CLASSES, every)))
    strict = (
        f"string is {kind} -strict -failindex at {word(s)}; list [info exists at]"
        for kind, s in product(CLASSES, every)
    )
    yield from some(300, strict)
    for kind, s in product(CLASSES, ["12x", "", "ab 1", "a{", "1.5e", "é1", "0x1g", "tru"]):
        yield f"set at none; list [string is {kind} -failindex at {word(s)}] $at"


@table
def string_indexes() -> Iterator[str]:
    strings = ["", "a", "abcdef", "h\u00e9llo", "12345"]
    for s, i in product(strings, INDEXES):
        yield f"string index {word(s)} {word(i)}"
        yield f"string wordend {word(s + ' xy')} {word(i)}"
        yield f"string wordstart {word(s + ' xy')} {word(i)}"
    yield from some(300, (f"string range {words(s, i, j)}" for s, i, j in product(strings, INDEXES, INDEXES)))
    yield from some(200, (f"string replace {words(s, i, j, 'XY')}" for s, i, j in product(strings, INDEXES, INDEXES)))
    yield from some(60, (f"string replace {words(s, i, j)}" for s, i, j in product(strings, INDEXES, INDEXES)))
    for case in ("toupper", "tolower", "totitle"):
        yield from some(60, (f"string {case} {words('hELLo wOrld', i, j)}" for i, j in product(INDEXES, INDEXES)))
        yield from (f"string {case} {words('hELLo wOrld', i)}" for i in INDEXES)


@table
def string_one() -> Iterator[str]:
    commands = "length bytelength reverse tolower toupper totitle trim trimleft trimright".split()
    for name, s in product(commands, STRINGS):
        yield f"string {name} {word(s)}"
    for name, s, signs in product(
        "trim trimleft trimright".split(),
        ["xxhixx", "  a ", "abcba", "{x}", "", "éaé"],
        ["x", "ab", " ", "", "{}", "é", "a-c"],
    ):
        yield f"string {name} {words(s, signs)}"
    for s, n in product(["", "a", "ab ", "{", "é"], ["0", "1", "3", "-1", "x", "2.0", ""]):
        yield f"string repeat {words(s, n)}"


@table
def string_two() -> Iterator[str]:
    strings = ["", "a", "b", "abc", "ABC", "abd", "ab", "é", "Z", "a b", "10", "9"]
    for name, a, b in product(["compare", "equal"], strings, strings):
        yield f"string {name} {words(a, b)}"
    options = product(
        ["compare", "equal"],
        ["-nocase", "-length 2", "-nocase -length 1", "-length -1", "-length x", "-no", "-bogus", "-length"],
        strings[2:6],
        ["abd", "AB"],
    )
    for name, option, a, b in options:
        yield f"string {name} {option} {words(a, b)}"
    patterns = [
        "*", "a*", "*c", "?bc", "[a-c]*", "[!a]*", "\\*", "a\\*c", "*b*", "[c-a]bc", "[", "[abc", "a[", "", "**",
        "*?*", "{a,b}*", "[]a]", "[^a]bc", "\\", "a*c*",
    ]
    for p, s in product(patterns, ["", "abc", "a*c", "ABC", "*", "]", "a", "^bc", "[", "\\"]):
        yield f"string match {words(p, s)}"
    for p, s in product(patterns[:8], ["abc", "ABC"]):
        yield f"string match -nocase {words(p, s)}"
    for name, a, b in product(["first", "last"], ["a", "b", "bc", "", "x", "abcabc", "é"], ["abcabc", "", "b", "aéa"]):
        yield f"string {name} {words(a, b)}"
    for name, i in product(["first", "last"], INDEXES):
        yield f"string {name} {words('bc', 'abcabcabc', i)}"
    maps = ["a 1", "a 1 b 2", "ab 1 a 2", "a 2 ab 1", "", "a", "a b b a", "{} x", "abc {}", "A x", "é e", "a {b c}"]
    for m, s in product(maps, ["", "abc", "aabbcc", "ABCabc", "é"]):
        yield f"string map {words(m, s)}"
        yield f"string map -nocase {words(m, s)}"


@table
def split_and_join() -> Iterator[str]:
    for s in [*STRINGS, "a:b:c", "::", "a::b", ":"]:
        yield f"split {word(s)}"
        for signs in ["", ":", ",", " ,", "b", "\\"]:
            yield f"split {words(s, signs)}"
    for items in LISTS:
        for by in ["", "-", ", ", "{", "\n"]:
            yield f"join {words(items, by)}"
        yield f"join {word(items)}"
        yield f"concat {word(items)} {word(items)}"
        yield f"concat {word(items)} {{}} {{ x }} y"
        yield f"eval list {word(items)}"


@table
def format_() -> Iterator[str]:
    numbers = [
        "0", "5", "-5", "42", "255", "65", "-1", "9223372036854775807", "18446744073709551616", "1e3", "abc", "",
        "0x10", "true", "3.7",
    ]
    specs = (
        "%d %5d %-5d| %05d %+d %i %u %x %X %#x %o %#o %b %#b %c %8.3d %ld %lld %llx %hd "
        "%hu %lu %+5d %-+5d| %#X %#08x %.0d %x%% %hx %llu %llb %08b"
    ).split()
    for spec, n in product(specs, numbers):
        yield f"format {words(spec, n)}"
    floats = [
        "0", "1", "1.5", "-2.75", "123456.789", "1e10", "1e-10", "1e100", "abc", "Inf", "0.1", "100000", "2.5",
        "1e15",
    ]
    for spec, n in product(
        "%f %.2f %8.3f %-8.1f| %e %.3e %E %g %G %.3g %#g %+f %08.2f %a %.0f %#.0f %10.4e %.15g %.17g %+g".split(),
        floats,
    ):
        if not ("a" in spec and n == "abc"):
            yield f"format {words(spec, n)}"
    for spec, s in product(
        "%s %5s %-5s| %.2s %5.1s| %05s %-.1s %+s %.0s".split(), ["", "abc", "abcdefgh", "é", "a b", "5"]
    ):
        yield f"format {words(spec, s)}"
    for rest in [
        "%", "%%", "%d", "%d%d 1", "%s", "%z 1", "%1$s a", "%2$s a b", "%2$s %1$s a b", "%1$s %s a b", "%*d 5 42",
        "%-*d| 5 42", "%*d -5 42",
        "%.*f 2 3.14159", "%*.*f 8 2 3.14159", "%3$s a b", "%0$s a", "%1$d a", "%*d x 42", "a b c", "%s b c",
        "{a %d b} 5", "%ll 5",
        "{%5%|}", "%1$*2$d 5 8", "%-05d| 7", "{% d} 7", "{% d} -7", "%hhd 300", "%Lf 1.5", "%qd 5", "%jd 5", "%td 5",
        "%zd 5", "%p 5", "%n 5",
        "%c 0", "%c 8364", "%c a", "%5c| 65", "%-5c| 65", "%.3d 5", "%5.3d| 5", "%+.3d 5", "%05.3d 5", "%s%s a",
        "%1$s%1$s a", "{%s %d%%} x 5",
    ]:
        yield f"format {rest}"


@table
def scan() -> Iterator[str]:
    strings = [
        "", "12", "-12", "+12", "  12", "12abc", "abc", "abc def", "0x1F", "0b11", "077", "1.5e3", "-.5", "a,b",
        "12 34", "1e", "é", "99999999999999999999", "%", "Inf",
    ]
    specs = [
        "%d", "%i", "%u", "%x", "%o", "%b", "%c", "%s", "%f", "%e", "%g", "%2d", "%3s", "%[a-c]", "%[^ ]", "%*d",
        "%*s%s", "%d%d", "%d %d", "%s %s", "%n", "%d%n", "%ld", "%lld", "%hd", "%%", "%2c", "%1$d", "%[]a]", "a%s",
        "%c%c",
    ]
    yield from some(480, (f"scan {words(s, spec)}" for spec, s in product(specs, strings)))
    yield from some(
        160, (f"list [scan {words(s, spec)} a] [info exists a] [set a none]" for spec, s in product(specs, strings))
    )
    for rest in [
        "a", "a %", "12 %z", "12 {%d %d} x", "{1 2} {%d %d} x", "12 %d x y", "{1 2} {%2$d %1$d}", "{1 2} {%2$d %d}",
        "{1 2} {%1$d %1$d}", "a %[", "a %[]",
        "{a b} {%s %s} x y; list $x $y", "5 %d x; set x", "{} %d x", "{a} %d x", "abc {%1s%1s%1s}",
        "10:20:30 %d:%d:%d", "#ff8000 #%2x%2x%2x", "{x=5, y=6} {x=%d, y=%d}",
        "abc %*2s%s", "{  a} %c", "{1 2 3} {%d %*d %d}", "0x %x", "0x %i", "- %d", "{1.} %f", "{.} %f", "1e5 %d%s",
        "abcdef {%[a-c]%[d-f]}", "a-z {%[a-]}", "a-z {%[-a]}", "{a]b} {%[]ab]}",
    ]:
        yield f"scan {rest}"


PATTERNS = [
    "a", "abc", "^a", "c$", "a.c", "a*", "a+", "a?", "(a)(b)", "(a)|(b)", "[abc]+", "[^a]", "[[:alpha:]]+",
    "[[:digit:]]*", "\\d+", "\\w+", "\\s",
    "\\mabc", "abc\\M", "\\yb", "a{2}", "a{1,2}", "(?:ab)+", "(?i)ABC", "a*?", "(a+)(a*)", "x|y|z", "", "()", "(?=b)",
    "a(?!b)", "[a-c]", "\\.", "a\\|b", "(.)\\1", "(ab)*c",
    "(", "[", "a{", "*a", "a**", "[z-a]", "(?<x", "\\", "[[:foo:]]", "a{2,1}", "a|", "(a", ")", "\\A.", ".\\Z",
    "(?n)^b", "(?x)a b", "***=a.c", "***:a", "\\u0061", "\\x61", "[\\d]", "a|ab|abc", "(a|ab)(c|bcd)(d*)",
]
SUBJECTS = [
    "", "a", "abc", "aaa", "xabcx", "ABC", "b", "a.c", "12 ab", "abab c", "aabb", "line\nbreak", "foo abc bar",
    "abcd",
]


@table
def regexp() -> Iterator[str]:
    yield from some(500, (f"regexp -inline {words('--', p, s)}" for p, s in product(PATTERNS, SUBJECTS)))
    yield from some(200, (f"regexp -indices -inline {words('--', p, s)}" for p, s in product(PATTERNS, SUBJECTS)))
    yield from some(250, (f"regexp -all -inline {words('--', p, s)}" for p, s in product(PATTERNS, SUBJECTS)))
    yield from some(100, (f"regexp -all {words('--', p, s)}" for p, s in product(PATTERNS, SUBJECTS)))
    yield from some(
        150,
        (
            f"list [regexp {words('--', p, s)} all one two] [info exists all] [set all none]"
            for p, s in product(PATTERNS, SUBJECTS)
        ),
    )
    options = [
        "-nocase", "-line", "-linestop", "-lineanchor", "-start 1", "-start end", "-start -1", "-expanded", "-bogus",
        "-start", "-about", "-nocase -all -inline", "-indices -all -inline", "-a", "-inline -start 2",
        "-all -indices",
    ]
    yield from some(160, (f"regexp {o} {words(p, s)}" for o, p, s in product(options, PATTERNS[:12], SUBJECTS[2:13:2])))


@table
def regsub() -> Iterator[str]:
    subs = ["X", "", "&&", "\\0-\\1", "<\\1|\\2>", "\\&", "\\\\", "a\\", "\\9", "é", "{", "$x"]
    yield from some(300, (f"regsub {words('--', p, s, sub)}" for p, s, sub in product(PATTERNS, SUBJECTS, subs)))
    yield from some(450, (f"regsub -all {words('--', p, s, sub)}" for p, s, sub in product(PATTERNS, SUBJECTS, subs)))
    yield from some(
        120,
        (
            f"list [regsub -all {words('--', p, s, sub)} out] $out"
            for p, s, sub in product(PATTERNS[:30], SUBJECTS, subs)
        ),
    )
    options = [
        "-nocase", "-line", "-start 1", "-all -start 2", "-start x", "-bogus", "-all -nocase", "-expanded",
        "-all -line",
    ]
    yield from some(
        120, (f"regsub {o} {words(p, s, '<&>')}" for o, p, s in product(options, PATTERNS[:12], SUBJECTS[2:]))
    )


@table
def subst() -> Iterator[str]:
    texts = [
        "$x", "a$x", "[list 1 2]", "\\n", "$x [set x] \\t", "$", "$$x", "${x}", "$y(a)", "$y($x)",
        "\\x41\\u0042\\103", "[", "[break]", "[continue]", "[return r]", "a[break]b", "a[continue]b", "a[return r]b",
        "$nosuch", "\\", "a\\", "{$x}", '"$x"', "\\$x", "[set x", "$y(", "a;b\nc", "#x", "[error e]",
        "$x[continue]$x",
    ]
    options = ["", "-nobackslashes", "-nocommands", "-novariables", "-nocommands -novariables", "-nob", "-bogus", "-no"]
    for o, t in product(options, texts):
        yield f"set x 5; set y(a) A; set y(5) five; subst {o} {word(t)}"


# -- lists ------------------------------------------------------------------------------------------------------------


@table
def list_quoting() -> Iterator[str]:
    for s in STRINGS:
        yield f"list {word(s)}"
        yield f"list a {word(s)}"
        yield f"list [list {word(s)}]"
        yield f"llength {word(s)}"
        yield f"lindex {word(s)} 0"
        yield f"set l {{}}; lappend l {word(s)} b {word(s)}"
        yield f"dict create {word(s)} {word(s)}"
        yield f"lindex [list {word(s)} x] 0"
        yield f"concat {word(s)} x"
        yield f"join [list {word(s)} {word(s)}] :"
    chance = random.Random(3)
    for _ in range(300):
        yield f"list {' '.join(word(scrap(chance)) for _ in range(chance.randint(1, 3)))}"
    for _ in range(300):
        yield f"lrange {word(scrap(chance, 12))} 0 end"


def scrap(chance: random.Random, most: int = 6) -> str:
    return "".join(chance.choice(' \t\n{}[]"\\$;#ab') for _ in range(chance.randint(0, most)))


@table
def list_indexes() -> Iterator[str]:
    for items, i in product(LISTS, INDEXES):
        yield f"lindex {words(items, i)}"
    yield from some(400, (f"lrange {words(items, i, j)}" for items, i, j in product(LISTS, INDEXES, INDEXES)))
    yield from some(200, (f"linsert {words(items, i, 'X', 'y z')}" for items, i in product(LISTS, INDEXES)))
    yield from some(
        300, (f"lreplace {words(items, i, j, 'N', '')}" for items, i, j in product(LISTS, INDEXES, INDEXES))
    )
    yield from some(80, (f"lreplace {words(items, i, j)}" for items, i, j in product(LISTS, INDEXES, INDEXES)))
    yield from some(
        250, (f"set l {word(items)}; lset l {words(i, 'NEW')}; set l" for items, i in product(LISTS, INDEXES))
    )
    nested = ["{{1 2} {3 4}} {5 6}", "{a {b {c d}}} e", "1 2 3"]
    paths = ["0 0", "{0 0}", "{0 1 1}", "0 1 0", "end end", "{1 0}", "2 0", "{}", "{0 5}", "{0 -1}", "{0 x}", "0 {1 0}"]
    for items, path in product(nested, paths):
        yield f"lindex {word(items)} {path}"
        yield f"set l {word(items)}; lset l {path} NEW; set l"


@table
def list_whole() -> Iterator[str]:
    for items in LISTS:
        yield f"llength {word(items)}"
        yield f"lreverse {word(items)}"
        yield f"lassign {word(items)} a b; list $a $b"
        yield f"lassign {word(items)} a"
        yield f"lassign {word(items)}"
        yield f"foreach x {word(items)} {{lappend r <$x>}}; set r"
        yield f"lmap x {word(items)} {{string length $x}}"
        yield f"lmap {{x y}} {word(items)} {{list $y $x}}"
        yield f"foreach {{a b c}} {word(items)} {{append r $a|$b|$c,}}; set r"
        yield f"set l {word(items)}; lappend l x {{y z}}"
        yield f"set l {word(items)}; lappend l"
        yield f"set l {word(items)}; append l x"
        yield f"list {{*}}{word(items)} end"
        yield f"string is list {word(items)}"
        yield f"lsort {word(items)}"
        yield f"lsort -unique {word(items)}"
        yield (
            f"expr {{{{a}} in {word(items)}}}"
            if "{" not in items and '"' not in items
            else f"set l {word(items)}; expr {{{{a}} in $l}}"
        )
        yield f"dict size {word(items)}"
        yield f"catch {word(items)} m; set m"
        yield f"apply [list x {{llength $x}}] {word(items)}"
    for n, rest in product(["0", "1", "3", "-1", "x", "1.5", ""], ["", "a", "a b", "{a b} {}"]):
        yield f"lrepeat {word(n)} {rest}"


@table
def lsort() -> Iterator[str]:
    lists = [
        "", "a", "c a b", "B a C b", "10 9 2 33 1", "x10 x9 x2", "1.5 -2 1e1", "a1 A1 a01 B", "é e f",
        "{b 2} {a 1} {c 3}", "{b 2} {a 2} {c 1}", "5 abc 3", "0x10 8 010", "a b a c a b", "x-1 x-10 x-2", "a {} b",
        "12345678901234567890 5 -12345678901234567890", "1 01 1.0",
    ]
    options = [
        "", "-decreasing", "-integer", "-real", "-dictionary", "-ascii", "-nocase", "-unique", "-integer -unique",
        "-index 0", "-index 1", "-integer -index 1", "-index end", "-indices", "-decreasing -indices",
        "-dictionary -decreasing", "-nocase -unique", "-increasing", "-stride 2", "-stride 2 -index 1",
        "-command {apply {{a b} {string compare $b $a}}}", "-command {apply {{a b} {return x}}}", "-command nosuch",
        "-index x", "-stride 1", "-bogus", "-in", "-i", "-integer -decreasing -unique", "-index {0 0}", "-index",
        "-command", "-stride 2 -unique", "-index 5",
    ]
    for o, items in product(options, lists):
        yield f"lsort {o} {word(items)}"


@table
def lsearch() -> Iterator[str]:
    lists = ["", "a b c", "b a b c", "1 2 10 20", "{a 1} {b 2} {c 3}", "Abc abc ABC", "a* b? [c]", "1.0 1 01"]
    options = [
        "", "-exact", "-glob", "-regexp", "-all", "-inline", "-all -inline", "-not", "-not -all -inline", "-nocase",
        "-exact -nocase", "-start 1", "-start end", "-start 9", "-integer", "-real", "-sorted", "-sorted -integer",
        "-index 0", "-index 1 -inline", "-subindices -index 1 -inline", "-index 0 -all", "-dictionary", "-bisect",
        "-decreasing -sorted", "-bogus", "-start", "-start x", "-a", "-subindices", "-regexp -all -inline", "-ascii",
        "-increasing", "-integer -exact -all",
    ]
    for o, items, p in product(options, lists, ["b", "*", "1", "a.*", "ABC", "[a-b]", "10"]):
        if not ("regexp" in o and p == "*" and items == ""):
            yield f"lsearch {o} {words(items, p)}"


# -- dicts ------------------------------------------------------------------------------------------------------------


@table
def dict_() -> Iterator[str]:
    for d in DICTS:
        quoted = word(d)
        for rest in ["", "a", "b", "nosuch", "a b", "a b c", "x y z", "x y q"]:
            yield f"dict get {quoted} {rest}"
            yield f"dict exists {quoted} {rest or 'z'}"
        for name in "size keys values info".split()[:3]:
            yield f"dict {name} {quoted}"
            yield f"dict {name} {quoted} *"
        for pattern in ["a", "[ab]", "1", "?", "z*"]:
            yield f"dict keys {quoted} {pattern}"
            yield f"dict values {quoted} {pattern}"
            yield f"dict filter {quoted} key {pattern}"
            yield f"dict filter {quoted} value {pattern} 2"
        yield f"dict filter {quoted} script {{k v}} {{expr {{$v > 1}}}}"
        yield f"dict filter {quoted} script {{k}} {{expr 1}}"
        yield f"dict filter {quoted} bogus"
        for other in DICTS[:6]:
            yield f"dict merge {quoted} {word(other)}"
        yield f"dict merge {quoted}"
        yield f"dict remove {quoted} a"
        yield f"dict remove {quoted} a b nosuch"
        yield f"dict replace {quoted} a X"
        yield f"dict replace {quoted} a X new Y"
        yield f"dict replace {quoted} a"
        yield f"dict create {d}" if "{" not in d or d.count("{") == d.count("}") else "dict create a"
        yield f"dict for {{k v}} {quoted} {{lappend r $v $k}}; if {{[info exists r]}} {{set r}}"
        yield f"dict for {{k v}} {quoted} {{break}}"
        yield f"dict for {{k v}} {quoted} {{error boom}}"
        yield f"dict for k {quoted} {{}}"
        yield f"dict map {{k v}} {quoted} {{string length $v}}"
        yield f'dict map {{k v}} {quoted} {{if {{$k eq "a"}} continue; set v}}'
        yield f"foreach {{k v}} {quoted} {{lappend r $k}}; if {{[info exists r]}} {{set r}}"
        for change in [
            "set d a X", "set d a b X", "set d new X", "set d x y z X", "set d", "set d a", "unset d a",
            "unset d a b", "unset d nosuch", "unset d nosuch b", "unset d",
            "incr d a", "incr d a 5", "incr d b -2", "incr d new", "incr d a x", "append d a X", "append d a X Y",
            "append d new", "lappend d a X", "lappend d a {x y} z", "lappend d new",
            "update d a v {set v 5}", "update d a v b w {unset v; set w 9}", "update d nosuch v {set v 1}",
            "update d a v {error boom}", "update d a", "with d {set a 9}", "with d {unset -nocomplain a}",
            "with d a {set b 9}", "with d {error boom}", "with d {}",
            "set d {} X", "unset d {}",
        ]:
            yield f"set d {quoted}; list [dict {change}] $d"
    for rest in [
        "", "bogus", "create a", "get", "set d", "incr d", "for", "for {a b} c", "with", "update", "exists a",
        "filter a", "s", "keys", "values", "map {a b}", "lappend", "append", "merge", "replace", "unset", "size",
    ]:
        yield f"dict {rest}"


# -- control ----------------------------------------------------------------------------------------------------------

OUTCOMES = [
    "set r ok", "error boom", "error boom INFO", "error boom {} {A B}", "return r", "return -code error bad",
    "return -code error -errorcode {X Y} bad", "return -code break",
    "return -code continue", "return -code 7 seven", "return -code return rr", "return -level 0 zero",
    "return -level 2 two", "return -code ok fine", "break", "continue", "return -code error -errorinfo II bad",
    "throw {T U} thrown", "return -options {-code 1 -level 1 -x y} opt", "expr {1/0}", "nosuchcmd", "set nosuchvar",
    "return -foo bar r", "return -code bogus x", "return -level -1 x", "return -level x y", "throw {} x", "throw A",
    "error", "return -code", "return -errorcode", "return -errorcode {a {} x", "return -errorcode \"a {\" x",
    "return -code 0x1 x", "return -code error", "return -options x y",
]


# What is done with an outcome; \n is a newline, and BODY what ends in it.
USES = r"""
BODY
catch {BODY}
list [catch {BODY} m] $m
catch {BODY} m o; dict get $o -code
catch {BODY} m o; dict get $o -level
catch {BODY} m o; if {[dict exists $o -errorcode]} {dict get $o -errorcode}
catch {BODY} m o; if {[dict exists $o -errorinfo]} {dict get $o -errorinfo}
catch {BODY} m o; if {[dict exists $o -errorline]} {dict get $o -errorline}
catch {BODY} m o; lsort [dict keys $o -\[a-d,f-z\]*]
proc f {} {BODY}; f
proc f {} {BODY\n}\nproc g {} {\n  f\n}\ng
proc f {} {BODY}; list [catch {f} m] $m
proc f {} {BODY}; catch f m o; dict get $o -code
proc f {} {BODY}; catch f m o; dict get $o -level
proc f {} {BODY}; proc g {} {f; return after}; list [catch g m] $m
proc f {} {BODY}; set n 0; foreach x {1 2 3} {incr n; f; incr n 10}; set n
set n 0; while {$n < 3} {incr n; BODY; incr n 10}; set n
for {set i 0} {$i < 3} {incr i} {BODY}; set i
for {set i 0} {$i < 3} {incr i; if {$i > 5} break; BODY} {incr i}; set i
lmap x {1 2} {BODY}
eval {BODY}
eval {BODY} \n
if 1 {BODY}
if 1 {\n  set y 1\n  BODY\n}
switch a a {BODY}
switch a {a {\nBODY\n}}
apply {{} {BODY}}
proc f {} {uplevel 1 {BODY}; return late}; f
proc f {} {uplevel {BODY}; return late}; list [catch f m] $m
list a [BODY]
set x "a[BODY]b"
expr {1 + [BODY]}
subst {a[BODY]b}
try {BODY}
list [catch {try {BODY} finally {set fin 1}} m] $m $fin
try {BODY} on error {m o} {list err $m} on ok {m} {list ok $m} on return {m} {list ret $m}
try {BODY} on break {} {list brk} on continue {} {list cont} on 7 {m} {list seven $m}
try {BODY} trap {} {m} {list trapped $m}
try {BODY} trap {A} {m} {list A $m} trap {X Y} {m} {list XY $m} trap ARITH {m} {list arith $m}
list [catch {try {set a 1} finally {BODY}} m] $m
list [catch {try {error first} on error {} {BODY}} m] $m
catch {try {error first} on error {} {BODY}} m o; dict exists $o -during
catch {BODY} m o; list [catch {return -options $o $m} m2] $m2
proc f {} {catch {BODY} m o; return -options $o $m}; list [catch f m2] $m2
catch {error first {} FIRST}; catch {BODY}; set ::errorCode
time {BODY} 0
set d {a 1}; dict for {k v} $d {BODY}
set d {a 1}; dict with d {BODY}
set d {a 1}; dict update d a v {BODY}
set s {BODY}; $s
lsort -command {apply {{a b} {BODY}}} {b a}
catch {error first}; proc f {} {eval {BODY}\n}; catch f; set errorInfo
"""


@table
def outcomes() -> Iterator[str]:
    for use in USES.strip().splitlines():
        for body in OUTCOMES:
            yield use.replace("\\n", "\n").replace("BODY", body)


@table
def switch() -> Iterator[str]:
    options = [
        "", "-exact", "-glob", "-regexp", "--", "-exact --", "-nocase", "-glob -nocase", "-regexp -nocase", "-bogus",
        "-ex", "-matchvar m", "-regexp -matchvar m", "-regexp -matchvar m -indexvar i --", "-regexp -indexvar i",
        "-exact -glob", "-indexvar",
    ]
    values = ["a", "abc", "A", "", "-x", "a*", "5", "x y"]
    bodies = [
        "a {list A} a* {list As} default {list D}", "a - abc {list both}",
        "{^a(.*)$} {list [info exists m]} x {list X}", "a -", "a", "a b c", "default {list D} a {list A}", "",
        "a* {list [info exists i]} {} {list empty}", "-x {list dash} {x y} {list xy}", "a {list A} # comment",
    ]
    for o, v, b in product(options, values, bodies):
        if (len(o) * 7 + len(v) * 3 + len(b)) % 3 == 0:
            yield f"switch {o} {word(v)} {word(b)}"
    for rest in [
        "", "a", "a b", "a b c", "a a {list 1} b {list 2}", "-- -x -x {list 1}", "-x -x {list 1}", "b a - b {list 2}",
        "c a {list 1} default {list d}", "a a {error boom}", "a {a {error boom}}", "a default - a {list 1}",
        "x {a {list 1}}", "{a b} {{a b} {list ab}}", "a { a {list 1}", "a {a {} }", "-glob -- \\[x \\[x {list 1}",
        "-regexp a ( {list}", "-regexp ab {(a)(b) {list}}", "-regexp -matchvar m abc {a(.)(.) {set m}}",
        "-regexp -matchvar m -indexvar i abc {a(.)(.) {list $m $i}}", "-regexp -matchvar m x {a {} default {set m}}",
    ]:
        yield f"switch {rest}"


COMMANDS = (
    "append apply array break catch concat continue dict error eval expr for foreach format global if incr join "
    "lappend lassign lindex linsert list llength lmap lrange lrepeat lreplace lreverse lsearch lset lsort proc regexp "
    "regsub rename return scan set split string subst switch throw time try unset uplevel upvar variable while"
).split()


@table
def usage() -> Iterator[str]:
    for name in COMMANDS:
        for count in range(7):
            if not (name in ("time", "while", "for") and count > 6):
                yield f"{name}{' x' * count}"
        yield f"{name} 1 1" if name != "while" else "while 1 break"
        yield f"{name} {{}} {{}}" if name not in ("while",) else "while {} {}"
        yield f"{name} {{}} {{}} {{}}"
    simple = "cd pwd close eof exec exit fconfigure flush gets glob open puts read source after".split()
    for name in simple:
        for count in (0, 1, 4, 5, 6):
            if (name, count) not in [
                ("exit", 0),
                ("fconfigure", 4),
                ("exec", 4),
                ("exec", 5),
                ("exec", 6),
                ("pwd", 0),
                ("cd", 0),
                ("after", 4),
                ("after", 5),
                ("after", 6),
            ]:
                yield f"{name}{' x' * count}"
    subcommands = {
        "string": "bytelength compare equal first index is last length map match range repeat replace reverse tolower "
        "totitle toupper trim trimleft trimright wordend wordstart",
        "dict": "append create exists filter for get incr info keys lappend map merge "
        "remove replace set size unset update values with",
        "array": "exists get names set size unset",
        "info": "args body commands complete default exists globals level locals procs vars script "
        "tclversion patchlevel nameofexecutable",
        "file": "dirname tail rootname extension join split pathtype exists isfile isdirectory normalize "
        "nativename size mtime mkdir",
    }
    for name, those in subcommands.items():
        for sub in those.split():
            for count in range(6):
                if name == "file" and sub == "mkdir":
                    continue
                if (
                    name == "info"
                    and ((count == 0 and sub not in ("args", "body", "complete", "default", "exists")) or count == 1)
                    and sub in "commands globals vars procs nameofexecutable script"
                ):
                    continue
                if name == "file" and sub == "normalize" and count == 1:
                    continue
                yield f"{name} {sub}{' x' * count}"
        yield name


# -- variables --------------------------------------------------------------------------------------------------------


@table
def incr_append() -> Iterator[str]:
    every = [*NUMBERS, *ODD]
    for a in every:
        yield f"set v {word(a)}; incr v"
        yield f"set v {word(a)}; incr v -3"
        yield f"set v 5; incr v {word(a)}"
        yield f"incr fresh {word(a)}"
        yield f"set v {word(a)}; append v {word(a)}"
        yield f"set v(x) {word(a)}; incr v(x)"
        yield f"set v {word(a)}; expr {{$v + 0}}"
        yield f"set v {word(a)}; expr {{double($v)}}"
        yield f"lindex {{a b c d e f g h}} {word(a)}"
        yield f"string repeat ab [expr {{{word(a) if a.strip() and ' ' not in a else 1} % 5}}]"
        yield f"format %d {word(a)}"
        yield f"string is integer {word(a)}"
        yield f"set v {word(a)}; if {{$v == 5}} {{list five}} else {{list other}}"
        yield f'set v {word(a)}; expr {{$v == "4"}}'
        yield f"set v {word(a)}; expr {{$v < 10}}"
        yield f"set v {word(a)}; expr {{int($v)}}"
        yield f"expr {word(a)}"


@table
def array_() -> Iterator[str]:
    setups = [
        "", "set a 5", "array set a {}", "array set a {x 1}", "array set a {x 1 y 2 xz 3}", "set a(q) 1; unset a(q)",
    ]
    uses = [
        "array exists a", "array size a", "lsort [array names a]", "lsort [array names a x*]",
        "lsort [array names a -exact x]", "lsort [array names a -regexp ^x]", "lsort [array names a -glob ?]",
        "lsort [array get a]", "array get a x", "lsort [array get a x*]",
        "array set a {x 9 n 8}; lsort [array get a]", "array set a {x}", "array set a x",
        "array unset a; info exists a", "array unset a x; lsort [array names a]",
        "array unset a x*; array size a", "set a", "set a(x)", "set a(nosuch)", "set a(x) 5", "set a 7", "incr a",
        "incr a(x)", "append a(x) y", "lappend a(x) y z", "unset a", "unset a(x)", "unset a(nosuch)",
        "unset -nocomplain a(nosuch); list ok",
        "info exists a", "info exists a(x)", "info exists a(nosuch)", "array names a -bogus x", "array bogus a",
        "array", "array names", "array set a {a {b", "foreach {k v} [array get a x] {lappend r $k $v}; set r",
        "array startsearch a", "array anymore a s", "array nextelement a s-1-a", "array donesearch a x",
        "set s [array startsearch a]; set r {}; while {[array anymore a $s]} {lappend r [array nextelement a $s]}; "
        "array donesearch a $s; lsort $r",
        "proc f {} {upvar a b; list [array exists b] [array size b]}; f",
        "proc f {} {upvar a(x) b; set b 77}; f; lsort [array get a]", "proc f {} {global a; array size a}; f",
        "set i x; set a($i)", "set a($nosuch)", "set a(x y) 3; array size a", "set {a(x y)} 3", "list $a(x)",
        "list $a", "list ${a(x)}", "list $a(x)$a(y)", "list [set a(x)]", "array set a {x 1 x 2}; set a(x)",
        "lsort [array names a y]", "array exists a(x)", "array size a(x)",
    ]
    for s, u in product(setups, uses):
        yield f"{s}; {u}" if s else u


# -- names of files, time ---------------------------------------------------------------------------------------------


@table
def file_names() -> Iterator[str]:
    paths = [
        "", "/", "a", "/a", "a/b", "/a/b/c.txt", "a.tar.gz", ".hidden", "a/.hidden", "a/", "a//b", "//a", "a/b/",
        "..", ".", "../x", "./x", "a.", "a.b/c", "~", "~/x", "a b/c d.e", "/a.b/c", "a/..", "x.y.z/", "///", "a\\b",
        "C:/x", "{a}",
    ]
    for name, p in product("dirname tail rootname extension split pathtype nativename".split(), paths):
        if not (p.startswith("~") and name in ("nativename", "dirname")):
            yield f"file {name} {word(p)}"
    for a, b in product(["", "a", "/a", "a/", "..", "a//b", "./a", "a b"], ["", "b", "/b", "b/c", ".", "../c", "b/"]):
        yield f"file join {words(a, b)}"
        yield f"file join {words(a, b, 'z')}"
    for p in paths:
        yield f"file join {word(p)}"
        if not p.startswith("~"):
            yield f"file normalize {word('/' + p)}"
        yield f"file exists {word(p + '/nosuch')}"
    yield "file join"


@table
def clock() -> Iterator[str]:
    times = [
        "0", "1", "86399", "951782400", "1000000000", "1234567890", "1709210096", "1735689599", "-1", "4102444800",
        "253402300799", "1704067200", "1078056000",
    ]
    groups = (
        "%Y-%m-%d %H:%M:%S %a %A %b %B %C %d %D %e %g %G %h %H %I %j %J %k %l %m %M %n %N %p %P %s %S %t %T %u %U %V "
        "%w %W %y %Y %z %Z %% %R"
    ).split()
    for t, g in product(times, groups):
        yield f"clock format {t} -gmt 1 -format {word(g)}"
    for t in times:
        yield f"clock format {t} -gmt 1"
        yield f"clock format {t} -gmt true -format {{%A, %d %B %Y at %I:%M %p}}"
        yield f"clock format {t} -timezone :UTC -format %Y-%m-%dT%H:%M:%SZ"
    for rest in [
        "x -gmt 1", "0 -gmt", "0 -gmt x", "0 -bogus 1", "", "0 -gmt 1 -format", "0 -gmt 1 -format {}",
        "0 -gmt 1 -format plain", "1.5 -gmt 1", "{} -gmt 1",
    ]:
        yield f"clock format {rest}"


# -- the rules --------------------------------------------------------------------------------------------------------


@table
def backslashes() -> Iterator[str]:
    forms = [
        "\\a", "\\b", "\\f", "\\n", "\\r", "\\t", "\\v", "\\\\", "\\q", "\\ ", "\\$x", "\\[x\\]", "\\\"", "\\{",
        "\\}", "\\;", "\\#", "\\x", "\\x4", "\\x41", "\\x414", "\\x0041", "\\xg", "\\u", "\\u4", "\\u41", "\\u0041",
        "\\u00412", "\\ug", "\\U41", "\\U00000041", "\\U000000411", "\\U0010FFFE"[:7],
        "\\0", "\\1", "\\7", "\\8", "\\12", "\\101", "\\1011", "\\400", "\\377", "\\477", "\\19", "\\\n", "\\\n  x",
        "\\\n\t x", "a\\\nb", "a \\\n b", "\\\\\n"[:2], "\\é", "\\x80", "\\u20ac", "\\c", "\\e", "\\xZZ", "\\08",
    ]
    for form in forms:
        yield f"set x 5; list a{form}b"
        yield f'set x 5; list "a{form}b"'
        yield f"set x 5; string length {form}"
        yield f"set x 5; list {{a{form}b}}" if form not in ("\\{", "\\}") else f"list {{{form}}}"
        yield f"lindex {{a{form}b}} 0"
        yield f"subst {{a{form}b}}"
        yield f'expr {{"a{form}b" eq {{x}}}}'
        yield f'scan [string index "{form}" 0] %c'
        yield f'set x 5; split "{form}" {{}}'


@table
def syntax() -> Iterator[str]:
    """Short texts over the characters that mean something: most are errors, and each in its own way."""
    chance = random.Random(4)
    pieces = [
        "set ", "a", " ", "x", "{", "}", "[", "]", '"', "$", "$x", "${x}", "$a(", ")", "\\", "\\\n", "\n", ";", "#",
        "{*}", "list ", "1", "$y(1)", "(", "{a b}", '"a b"', "[list 1]",
    ]
    for _ in range(1500):
        yield "set x 5; set y(1) one\n" + "".join(chance.choice(pieces) for _ in range(chance.randint(2, 7)))
    for _ in range(500):
        yield "set x 5; set y(1) one\nlist " + "".join(chance.choice(pieces[1:]) for _ in range(chance.randint(2, 6)))
    for text in map(scrap, itertools.repeat(chance, 300)):
        yield f"info complete {word(text)}"


@table
def loops() -> Iterator[str]:
    """Loops whose statements are put into them, in circumstances that make those go the long way."""
    heads = ["foreach x $items {%s}", "set i 0; while {$i < 4} {incr i; set x $i; %s}", "foreach {x y} $items {%s}"]
    bodies = [
        "lappend r $x", "lappend r $x; lappend r $x", "lappend r $r", "lappend x $x; lappend r $x", "lappend r $none",
        "incr n", "incr n $x", "incr n -2; lappend r $n", "incr x; lappend r $x", "incr x $x", "incr n; break",
        "lappend r $x; continue; incr n", "lappend r $x; error $n", "set s $r; lappend r $x; lappend s z",
        "lappend r $x; if {$x > 2} break", "lappend r $x; if {$x > 2} {return early}", "eval {lappend r $x}",
        "lappend a $x", "incr a", "unset -nocomplain r; lappend r $x", "lappend r [incr n]", "eval break; incr n",
        "eval continue", "upvar 0 r s; lappend s $x", "lappend g $x; incr n", "catch {lappend r $x; break}; incr n",
        "lappend w $x", "incr w",
    ]
    settings = ["set r {}; set n 0", "set n 5", "global g; set n 08; set r 1", "upvar 0 r n; set r 7",
                "set a(1) 2; set n 0x10; set r \\{"]
    for head, body, setting in product(heads, bodies, settings):
        shown = "foreach v {r n g s w x i} {if {[info exists $v]} {append o $v= [set $v] {; }}}; set o"
        yield f"proc p items {{{setting}; {head % body}; {shown}}}; list [catch {{p {{1 2 3}}}} m] $m $::errorInfo"
