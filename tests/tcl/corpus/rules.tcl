set a b
#---
set a {b c}
#---
set a "b c"
#---
set a b c
#---
set a {b}c
#---
set a "b"c
#---
set a {b} ;
#---
set a {b};set c d
#---
set a b;;;set c
#---
 ;; set a 1 ;
#---
set {a b} 1; set {a b}
#---
set "a b" 1; set a\ b
#---
set a {$x [y] \n}
#---
set a "x$"
#---
set a $
#---
set a $$
#---
set a 5; set b $a$a
#---
set a 5; set b x$a.y
#---
set a 5; set b ${a}b
#---
set a 5; set b $ab
#---
set a 5; set b ${a
#---
set a 5; set b "$a"
#---
set a 5; set b {$a}
#---
set {a b} 5; set c ${a b}
#---
set {a(b)} 5; set c ${a(b)}
#---
set a(b) 5; set i b; set c $a($i)
#---
set a(b) 5; set c $a([string index abc 1])
#---
set a(b\ c) 5; set c $a(b c)
#---
set {a(x y)} 5; set c $a(x y)
#---
set a("b") 5; list $a("b")
#---
set a() 5; set a()
#---
set () 5; set ()
#---
set (x) 5; list $(x)
#---
set a( 5; set a(
#---
set a(b 5; set a(b
#---
set {a)} 5; set {a)}
#---
set a(1) x; set b $a(1
#---
set a 1; set b "$a(1)"
#---
set a 1; list $a (1)
#---
set ::x 5; list $::x
#---
set ::x 5; list $x
#---
set ::x 5; list ${::x}
#---
set x: 5; list $x:
#---
set x 5; list $x:y
#---
set x 5; list $x::y
#---
set x 5; list "$x:"
#---
set é 5; list $é
#---
set _a1 5; list $_a1-
#---
set x 5; list [set x]
#---
set x 5; list a[set x]b
#---
set x 5; list "[set x][set x]"
#---
list [list [list a b] c] d
#---
list [list a; list b]
#---
list [list a
#---
list [
#---
list []
#---
list [;]
#---
list a[]b
#---
list b]
#---
list [# comment
#---
list [list a ;# comment]
#---
set x [list a b]; list {*}$x c
#---
list {*}{a b} {*}{c {d e}}
#---
list {*}"a b"
#---
list {*}[list a b]
#---
list {*}
#---
list {*} a
#---
list {*}{}
#---
list {*}{} a
#---
list {*}$nosuch
#---
list {*}{a {b}
#---
list {*}"a \{b"
#---
list {*}{a}b
#---
list "{*}a b"
#---
list \{*}a
#---
list x{*}a
#---
{*}{list a b} c
#---
{*}{set x} 5; set x
#---
{*}{}
#---
{*}
#---
set l {a b}; list {*}$l{*}$l
#---
list {*}a\ b
#---
list {*}{a\ b}
#---
list {*}{{*}a}
#---
list a\
#---
list a\ b
#---
list a\nb
#---
list "a\nb"
#---
list {a\nb}
#---
list a \  b
#---
list "a\"b"
#---
list "a{b"
#---
list {a"b}
#---
list {a{b}c}
#---
list {a\{b}
#---
list {a\}b}
#---
list {a\\}
#---
list "a}b"
#---
list a{b
#---
list a}b
#---
list a"b
#---
list a"b"
#---
list a{b}c
#---
list "a" "b"
#---
list "a"{b}
#---
list {a}{b}
#---
list {a}"b"
#---
list {a} {b}{*}c
#---
list "a
#---
list {a
#---
list "a [list b c] d"
#---
list "a [list "b c"] d"
#---
list "a [list {b "c}] d"
#---
list "a [list b" c]
#---
list "[list \"]"
#---
list {[list a}
#---
list "$x"
#---
list a;list b
#---
list a ; list b
#---
list a\;list b
#---
list {a;b}
#---
list "a;b"
#---
# comment
#---
# comment ; list a
#---
list a # b
#---
list a ;# b
#---
list a; # b
#---
list #a
#---
list "#a"
#---
;# c
#---
set x 1 ;# comment with { brace
#---
# unbalanced { brace
#---
# "quote
#---
if 1 { # comment }
#---
if 1 {list a ;# } 
#---
proc f {} { # a { comment }
#---
\# a
#---
"#" a
#---
[list list a b]
#---
[list list] a b
#---
"list" a b
#---
{list} a b
#---
li\st a b
#---
l[set x ist] a b
#---
set c list; $c a b
#---
set c "list a"; $c b
#---
set c "list a"; {*}$c b
#---
set c {}; $c
#---
""
#---
{}
#---
{} a
#---
nosuch
#---
nosuch a b
#---
::list a b
#---
::set x 5; set x
#---
::nosuch
#---
set a 5; set ::a
#---
list \x41\x42
#---
list \x
#---
list \u20ac
#---
list \101\102
#---
list \400
#---
list \8
#---
list a\b
#---
list \a\f\v
#---
list "\
#---
list a
#---
list "a\
#---
   b"
#---
list {a\
#---
   b}
#---
   b
#---
set x "a\\\nb"
#---
string length "\
#---
"
#---
string length {\
#---
}
#---
list \\\\
#---
list \\\\\\n
#---
list \$x \[y\] \"z\"
#---
list $ x
#---
list $.x
#---
list "a$ b"
#---
list $1
#---
set 1 one; list $1
#---
list ${}
#---
set {} empty; list ${} $
#---
set {} e; list ${}
#---
list ${a}b}
#---
list ${{a}}
#---
set {{a}} 5; list ${{a}}
#---
set "a\}b" 5; set "a\}b"
#---
set x 5; list "\$x" \$x
#---
set x 5; list {*}"$x $x"
#---
set x {a b}; list $x "$x" {$x}
#---
set x "a b"; set y [list $x]; list $y
#---
set x 1;set y 2;list $x$y
#---
set x 1 ; set y 2 ; list [expr $x+$y]
#---
set x(a,b) 1; set i a; set j b; list $x($i,$j)
#---
set x(a) b; set y(b) c; list $y($x(a))
#---
set x(a) b; list "$x(a)"
#---
set x(a) b; list $x(a)$x(a)
#---
set x(a) b; list $x(a)(a)
#---
set x([) 5
#---
set x("a b") 5; array names x
#---
set x(a b) 5
#---
set {x(a b)} 5; array names x
#---
set x {a}
#---
set	x	5
#---
set x 5	
#---
	set x 5
#---
set x \t
#---
set x "	"
#---
eval {list a
#---
eval "list a"
#---
eval list a b
#---
eval {list a} {b c}
#---
eval list {a b} {c}
#---
eval {list "a b"} c
#---
eval
#---
eval {}
#---
eval {# c}
#---
eval "list a\nlist b"
#---
eval "set x 5;" {set x}
#---
subst {a\tb}
#---
set a [expr 1]; set b [expr 2]; list $b$a
#---
set x [set y 5]; list $x $y
#---
set x [set y [set z 5]]; list $x $y $z
#---
list [list [list [list [list a]]]]
#---
list "[list "[list "a"]"]"
#---
list {[} {]}
#---
list [list {]}]
#---
list [list "]"]
#---
list [list \]]
#---
list ]
#---
list a]b
#---
list }
#---
]
#---
"a
#---
{a
#---
list {a}}
#---
list {a}]
#---
list "a"]
#---
[list a b
#---
set x {a
#---
b}
#---
set x "a
#---
b"
#---
list {
#---
list "
#---
set x {};set y
#---
set x;
#---
unset x
#---
list a b \
#---
  c d
#---
list a \
#---
b;list c
#---
list {*}[list 1 2]a
#---
list a{*}[list 1 2]
#---
list {*}{a b}{c}
#---
list "a b"c
#---
list {a b}c
#---
set "x" "5"
#---
set {x} {5}
#---
"set" {x} 5
#---
{set} x 5
#---
info complete "a \{"
#---
info complete "a \\\n"
#---
info complete {a "}
#---
info complete {a [}
#---
info complete {a $x(}
#---
info complete {a ${x}
#---
info complete "a\\"
#---
info complete {# a { b}
#---
info complete {list a ;# x}
#---
# a comment \
continued here
list a
#---
# a comment \\
list a
#---
list a \
     b \
     c
#---
set x {
  a
  b
}
llength $x
#---
list a
list b
#---

list a

#---
set x 1
  # indented
  set y 2
list $x $y
#---
proc f {a
  b} {list $a $b}
f 1 2
#---
proc f {} {
  # a comment with "quotes" and [brackets] and $vars
  return ok
}
f
#---
proc f {} {
  # a brace that is \{ escaped
  return ok
}
f
#---
if {1} {
  set x a
} else {
  set x b
}
#---
if {1}
{
  set x a
}
#---
set x "one
two [list three
list four] five"
#---
set x [
  list a b
]
#---
set x [list a \
  b \
]
#---
list {a b
c} "d
e" f\
g
#---
set a 1; \
set b 2
list $a $b
#---
list "a\
      b" {c\
      d} e\
      f
#---
set x {*}{a b}
#---
set name x
set $name 5
set x
#---
set name x
set x 7
set $name
#---
set cmd [list set y "a b \{"]
eval $cmd
set y
