error boom
#---
error boom INFO
#---
error "two\nlines"
#---
proc f {} {error boom}; f
#---
proc f {} {error boom INFO}; f
#---
proc f {} {error boom "INFO\n    more"}; f
#---
proc f {} {expr {1/0}}; f
#---
proc f {} {expr {1 +}}; f
#---
proc f {} {nosuch}; f
#---
proc f {} {set nosuch}; f
#---
proc f {} {list $nosuch}; f
#---
proc f {} {g}; proc g {} {h}; proc h {} {error deep}; f
#---
proc f x {error "x is $x"}; f 5
#---
proc f x {error "x is $x"}; f [list a b c]
#---
proc f x {list $x}; f
#---
proc f x {list $x}; proc g {} {f}; g
#---
if 1 {error boom}
#---
if 1 {if 1 {error boom}}
#---
if {[error boom]} {}
#---
if {1/0} {}
#---
while 1 {error boom}
#---
while {[error boom]} {}
#---
for {set i 0} {$i < 5} {incr i} {error boom}
#---
for {error a} 1 {} {}
#---
for {} 1 {error b} {}
#---
foreach x {1 2 3} {error boom}
#---
foreach x {1 2 3} {if {$x == 2} {error boom}}
#---
lmap x {1 2} {error boom}
#---
switch a {a {error boom}}
#---
switch a a {error boom}
#---
switch -regexp abc {{^a} {error boom}}
#---
switch a {a - b {error boom}}
#---
eval {error boom}
#---
eval error boom
#---
eval {set x 1; error boom}
#---
uplevel 1 {error boom}
#---
uplevel #0 {error boom}
#---
proc f {} {uplevel 1 {error boom}}; f
#---
proc f {} {uplevel 1 g}; proc g {} {error boom}; f
#---
apply {{} {error boom}}
#---
apply {x {error $x}} boom
#---
apply {{x} {g}} 5
#---
catch {error boom}; set errorInfo
#---
catch {error boom} m o; dict get $o -errorinfo
#---
proc f {} {catch {error boom}; error again}; f
#---
proc f {} {if {[catch {g} m]} {error "f: $m"}}; proc g {} {error boom}; f
#---
proc f {} {if {[catch {g} m]} {error $m $::errorInfo $::errorCode}}; proc g {} {error boom {} {A B}}; f
#---
proc f {} {if {[catch {g} m]} {error "f failed: $m" $::errorInfo}}; proc g {} {error boom}; f
#---
proc f {} {catch {g} m o; return -options $o $m}; proc g {} {error boom}; f
#---
proc f {} {catch {g} m o; return -options [dict merge $o {-level 0}] $m}; proc g {} {error boom}; f
#---
proc f {} {return -code error boom}; f
#---
proc f {} {return -code error boom}; proc g {} {f}; g
#---
proc f {} {return -code error -errorinfo "MY INFO" boom}; proc g {} {f}; g
#---
proc f {} {return -level 2 -code error boom}; proc g {} {f}; proc h {} {g}; h
#---
proc f {} {return -level 0 -code error boom}; f
#---
proc f {} {throw {A B} boom}; f
#---
proc f {} {try {error boom}}; f
#---
proc f {} {try {error boom} finally {set x 1}}; f
#---
proc f {} {try {error boom} on error m {error "again $m"}}; f
#---
proc f {} {try {error boom} on error m {error "again $m"} finally {set x 1}}; f
#---
proc f {} {try {set x 1} finally {error fin}}; f
#---
proc f {} {try {throw {A B} x} trap A m {g}}; proc g {} {error handler}; f
#---
proc f {} {foreach x {1 2} {foreach y {3 4} {error $x$y}}}; f
#---
proc f {} {dict for {k v} {a 1} {error boom}}; f
#---
dict for {k v} {a 1} {error boom}
#---
dict map {k v} {a 1} {error boom}
#---
set d {a 1}; dict with d {error boom}
#---
set d {a 1}; dict update d a v {error boom}
#---
dict filter {a 1} script {k v} {error boom}
#---
lsort -command {apply {{a b} {error boom}}} {b a}
#---
lsort -command nosuch {b a}
#---
proc cmp {a b} {error "cannot compare $a"}; lsort -command cmp {b a}
#---
subst {a [error boom] b}
#---
subst {a $nosuch b}
#---
set x [error boom]
#---
set x "a [error boom] b"
#---
list a [list b [error boom]]
#---
expr {1 + [error boom]}
#---
expr {[f]}
#---
proc f {} {error boom}; expr {1 + [f]}
#---
proc f {} {error boom}; set x [f]
#---
proc f {} {error boom}; list [f] [f]
#---
proc f {} {error boom}; eval f
#---
proc f {} {error boom}; eval {f}
#---
proc f {} {error boom}; eval "set x 1; f"
#---
proc f {} {error boom}; uplevel 1 f
#---
proc f {} {error boom}; set c f; $c
#---
proc f {} {error boom}; {*}f
#---
proc f {} {error boom}; time {f} 1
#---
time {error boom}
#---
incr x a
#---
set x a; incr x
#---
set x a; incr x 5 6
#---
set a(x) 1; set a
#---
unset nosuch
#---
lindex a b c d
#---
lindex {a b} x
#---
string bogus x
#---
string length
#---
string index abc x
#---
dict get {a 1} b
#---
dict get {a 1 b} a
#---
array set x y
#---
rename nosuch x
#---
proc f
#---
proc f {a {b c d}} {}
#---
proc f {x} {incr x}; f abc
#---
proc f {x} {expr {$x + 1}}; f abc
#---
proc f {} {break}; f
#---
proc f {} {continue}; f
#---
proc f {} {break}; proc g {} {f}; g
#---
foreach x {1} {proc f {} {break}; f}
#---
set s "error boom"; eval $s
#---
set s "set y 1\nerror boom"; eval $s
#---
set f [open a.tcl w]; puts $f "proc g {} {\n  error boom\n}\nset x 1\ng"; close $f; source a.tcl
#---
set f [open a.tcl w]; puts $f "set x \{"; close $f; source a.tcl
#---
proc f {} {source nosuch.tcl}; f
#---
regexp ( x
#---
regsub ( x y
#---
proc f {} {regexp ( x}; f
#---
format %d abc
#---
scan 5 %z
#---
exec nosuchprogram_x
#---
proc f {} {exec nosuchprogram_x}; f
#---
open nosuch
#---
proc f {} {open nosuch}; f
#---
upvar a
#---
global
#---
proc f {} {upvar 5 x y}; f
#---
proc unknown args {error "unknown: $args"}; foo bar
#---
proc f {} {foo bar}; f
#---
a
#---
{a b} c
#---
list "abc
#---
proc f {} {list "abc}; f
#---
proc f {} {set x [list}; f
#---
proc f {} "list {a"; f
#---
proc f {} {list a}b; f
#---
proc f {} {set x ${y}; f
#---
proc f {} {if}; f
#---
proc f {} {if 1}; f
#---
proc f {} {if 1 {} else}; f
#---
proc f {} {while 1}; f
#---
proc f {} {expr {(1}}; f
#---
proc f {} {set x(}; f
#---
proc f {} {return -code bogus}; f
#---
proc f {} {error}; f
#---
proc f {} {error a b c d}; f
#---
error a {} {}
#---
error a "" X; 
#---
catch {error a "" X}; set errorCode
#---
catch {error a b}; list $errorCode $errorInfo
#---
catch {f}; catch {g}; set errorInfo
#---
if 1 {error [string repeat long 100]}
#---
if 1 {set x [error short] ; # a command whose text is much longer than one hundred and fifty characters, so that the trace shows only its beginning and three dots after it}
#---
proc averylongprocedurenamethatgoesonandonandonandonandonandonandonandonandon {} {error boom}; averylongprocedurenamethatgoesonandonandonandonandonandonandonandonandon
#---
proc f args {error boom}; f aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
#---
proc f n {if {$n} {f [incr n -1]} else {error bottom}}; f 3
#---
catch {expr {1/0}}; set errorCode
#---
catch {expr {sqrt(-1)}}; set errorCode
#---
catch {expr {"a" + 1}}; set errorCode
#---
catch {incr x a}; set errorCode
#---
catch {set nosuch}; set errorCode
#---
catch {nosuch}; set errorCode
#---
catch {string bogus}; set errorCode
#---
catch {lindex}; set errorCode
#---
catch {open nosuch}; set errorCode
#---
catch {exec nosuchprogram_x}; set errorCode
#---
catch {lindex a b}; set errorCode
#---
catch {llength "a \{"}; set errorCode
#---
catch {dict get {a 1} b}; set errorCode
#---
catch {dict get a b}; set errorCode
#---
catch {array set a b}; set errorCode
#---
catch {set x 1; set x(1) 2}; set errorCode
#---
catch {regexp (}; set errorCode
#---
catch {regexp ( x}; set errorCode
#---
catch {format %d a}; set errorCode
#---
catch {format %z a}; set errorCode
#---
catch {scan a %z}; set errorCode
#---
catch {error a b c}; set errorCode
#---
catch {throw {A {B C}} d}; set errorCode
#---
catch {rename nosuch x}; set errorCode
#---
catch {lsort -bogus a}; set errorCode
#---
catch {lsort -integer {a b}}; set errorCode
#---
catch {switch}; set errorCode
#---
catch {switch a {a}}; set errorCode
#---
catch {uplevel 99 {}}; set errorCode
#---
catch {expr {1 +}}; set errorCode
#---
catch {expr {foo}}; set errorCode
#---
catch {expr {nosuch(1)}}; set errorCode
#---
catch {eval "a \{"}; set errorCode
#---
catch {eval "a \["}; set errorCode
#---
catch {eval "a \""}; set errorCode
#---
catch {break}; info exists errorCode
#---
proc f {} {
  set x 1
  error boom
}
f
#---
proc f {} {
  if {1} {
    error boom
  }
}
f
#---
proc f {} {
  set x 1
  if {1} {
    set y 2
    error boom
  }
}
proc g {} {

  f
}
g
#---
proc f {} {
  foreach x {1 2 3} {
    set y $x

    error "boom $y"
  }
}
f
#---
proc f {} {
  while 1 {
    eval {
      error boom
    }
  }
}
f
#---
proc f {} {
  set x \
    [error boom]
}
f
#---
proc f {} {
  list a \
    b \
    [error boom] \
    c
}
f
#---
# comment
set x 1
set y {
  a
}
error boom
#---
proc f {} {
  eval {
    set a 1
    g
  }
}
proc g {} {
  uplevel 1 {
    set b 2
    error "in uplevel"
  }
}
f
#---
proc f {} {
  switch x {
    a {}
    x {
      set z 1
      error boom
    }
  }
}
f
#---
proc f {} {
  catch {
    set a 1
    error boom
  } m o
  dict get $o -errorline
}
f
#---
proc f {} {

  error boom
}
catch f m o
dict get $o -errorline
#---
eval {
  set x 1
  error boom
}
#---
apply {{} {
  set x 1
  error boom
}}
#---
proc outer {} {
  try {
    inner
  } on error {m o} {
    set info [dict get $o -errorinfo]
  }
  return $info
}
proc inner {} {
  error "from inner"
}
outer
#---
proc f {} {
  if {[catch {
    g
  } m o]} {
    return -options $o "wrapped: $m"
  }
}
proc g {} {
  error boom
}
f
#---
proc f {} {
  lmap x {1 2} {
    expr {$x / 0}
  }
}
f
#---
proc f {} {
  for {set i 0} {$i < 3} {incr i} {
    if {$i == 1} {
      error "at $i"
    }
  }
}
f
#---
proc f {} {
  dict for {k v} {a 1 b 2} {
    set y 1
    error "at $k"
  }
}
f
#---
proc f {} {
  set x [list a [list b [
    error boom
  ]]]
}
f
#---
expr {~""}
#---
expr {1/0+$a}
#---
set a 1; expr {$a+1/0}
#---
set a 1; expr {1/0+$a}
#---
set a 1; expr {$a+ ~""}
#---
set a 1; expr {~"" + $a}
#---
set a 1; expr {abs(~"")}
#---
eval {expr {~""}}
#---
proc f {} {expr {~""}}; f
#---
proc f {} {set a 1; expr {$a + ~""}}; f
#---
proc f {} {set a 1; expr {$a + 1/0}}; f
#---
proc f {} {set a 1; if {$a + ~""} {}}; f
#---
proc f {} {set a 1; if {~""} {}}; f
#---
proc f {} {set a 1; if {1/0} {}}; f
#---
if {~""} {}
#---
while {1/0} {}
#---
proc f {} {if {"a"} {}}; f
#---
proc f {} {expr {-"a"}}; f
#---
proc f {} {expr {"a"+1}}; f
#---
expr {"a"+1}
#---
expr {(~"")}
#---
expr {("a"+1)}
#---
expr {1<2 ? ~"" : 1}
#---
expr {2 && ~""}
#---
expr {1 && 1/0}
#---
expr {!!"a"}
#---
proc f {} {expr {!"a"}}; f
#---
proc f {} {if {!"a"} {}}; f
#---
expr {1/0 ? 1 : 2}
#---
expr {1 ? 1/0 : 2}
#---
expr {$nosuch}
#---
proc f {} {expr {$nosuch && 1/0}}; f
#---
set a 5; expr {$a < 3 && 1/0}
#---
proc f {} {set a 5; expr {$a < 3 && 1/0}}; f
#---
proc f {} {set a 5; expr {$a < 3 && ~""}}; f
#---
set x [expr {~""}]
#---
set x [expr {1/0}]
#---
list [expr ~""]
#---
expr 1/0
#---
eval {expr 1/0}
#---
eval {expr 1 / 0}
#---
eval {expr ~{}}
#---
expr {0x10 ** -1.5 / 0}
#---
eval {list [expr {1/0}]}
#---
proc f {} {list [expr {1/0}]}; f
#---
proc f {} {list a [list [expr {~""}]]}; f
#---
proc f {} {while 1 {list a [list [expr {1/0}]]}}; f
#---
proc f {} {switch a a {nosuch}}; f
#---
proc f {} {switch -- a a {nosuch}}; f
#---
proc f {} {switch -exact -- a a {nosuch}}; f
#---
proc f {} {switch -exact a a {nosuch}}; f
#---
proc f {} {switch -exact a {a {nosuch}}}; f
#---
proc f {} {switch -- a {a {nosuch}}}; f
#---
proc f {} {switch a {a {nosuch}}}; f
#---
proc f {} {switch -regexp -- a {a {nosuch}}}; f
#---
proc f {} {switch -regexp -- a {a+ {nosuch}}}; f
#---
proc f {} {switch -regexp -- a {(a)+ {nosuch}}}; f
#---
proc f {} {switch -regexp -matchvar m -- a {(a)+ {nosuch}}}; f
#---
proc f {} {switch -glob -nocase -- a {A {nosuch}}}; f
#---
proc f {} {switch -nocase -- a {A {nosuch}}}; f
#---
proc f {} {switch -nocase -- a {B {list} A nosuch}}; f
#---
proc f {} {switch -nocase -- a {B {list} A "nosuch"}}; f
#---
proc f {} {switch -glo -- a {B {list} A "nosuch"  a {nosuch}}}; f
#---
proc f {} {switch -regexp -nocase -- a {(a)+ {nosuch}}}; f
#---
switch a {a {nosuch}}
#---
eval {switch a {a {nosuch}}}
#---
eval {switch -- a {a {nosuch}}}
#---
eval {switch -- a a {nosuch}}
#---
eval {switch -nocase -- a {a {nosuch}}}
#---
eval {switch -- a {a {
 list a

 nosuch}}}
#---
eval {set x 1
switch -- a {
  b {
  nosuch
  } 
a {
 list a

 nosuch}}}
#---
proc f {} {set x 1
switch -- a {
  b {
  nosuch
  } 
a {
 list a

 nosuch}}}; f
#---
proc f {} {try {nosuch}}; f
#---
eval {try {nosuch}}
#---
eval {try {nosuch} finally {list}}
#---
eval {try {list} finally {nosuch}}
#---
eval {try {nosuch} on error {} {nosuch2}}
#---
eval {try {nosuch} on error {a} {nosuch2}}
#---
proc f {} {try {nosuch} on error {a} {nosuch2}}; f
#---
proc f {} {try {nosuch} on ok {a} {nosuch2}}; f
#---
proc f {} {try {nosuch} on error {a} {nosuch2} finally {nosuch3}}; f
#---
proc f {} {set x 1
  try {
   nosuch
   } finally {
   list
   }}; f
#---
proc f {} {set x 1
  try {
   list
   } finally {
   list

   nosuch3
   }}; f
#---
proc f {} {foreach {a b} {1 2 3} {nosuch}}; f
#---
proc f {} {foreach {a(1)} {1 2 3} {nosuch}}; f
#---
proc f {} {foreach {a b(1)} {1 2 3} {nosuch}}; f
#---
proc f {} {foreach {a ::b} {1 2 3} {nosuch}}; f
#---
proc f {} {foreach a {1 2 3} b {1 2} {nosuch}}; f
#---
proc f {} {set l {1 2}; foreach a $l b $l {nosuch}}; f
#---
proc f {} {set l {1 2}; lmap a $l b $l {nosuch}}; f
#---
proc f {} {set l {1 2}; lmap {a b} $l {nosuch}}; f
#---
proc f {} {set l {1 2}; lmap {a b(1)} $l {nosuch}}; f
#---
proc f {} {foreach {} {1 2 3} {nosuch}}; f
#---
proc f {} {foreach a {1 2 3} "nosuch"}; f
#---
proc f {} {foreach a {1 2 3} nosuch}; f
#---
proc f {} {foreach a "{a" nosuch}; f
#---
proc f {} {foreach {a b} "{a" nosuch}; f
#---
proc f {} {dict for {a b} {1 2} {nosuch}}; f
#---
proc f {} {dict for {a(1) b} {1 2} {nosuch}}; f
#---
proc f {} {dict map {a b} {1 2} {nosuch}}; f
#---
proc f {} {dict with a {nosuch}}; f
#---
proc f {} {set a {b c}; dict with a {nosuch}}; f
#---
proc f {} {set a {b c}; dict with a {}; nosuch}; f
#---
proc f {} {set a {b {c 1}}; dict with a b {nosuch}}; f
#---
proc f {} {set a {b {c 1}}; dict with a(1) b {nosuch}}; f
#---
proc f {} {set a {b {c 1}}; dict update a b c {nosuch}}; f
#---
proc f {} {set a {b {c 1}}; dict update a b c(1) {nosuch}}; f
#---
proc f {} {set a {b {c 1}}; set k b; dict update a $k c {nosuch}}; f
#---
proc f {} {set a {b {c 1}}; dict filter $a script {k v} {nosuch}}; f
#---
proc f {} {set a {b {c 1}}; dict with ::a b {nosuch}}; set a {b {c 1}}; f
#---
eval {dict for {a b} {1 2} {nosuch}}
#---
eval {dict with a {nosuch}}
#---
eval {set a {b 1}; dict with a {nosuch}}
#---
eval {foreach a {1} {nosuch}}
#---
eval {foreach {a b} {1} {nosuch}}
#---
proc f {} {catch {nosuch} m o; dict get $o -errorinfo}; f
#---
proc f {} {subst {a[nosuch]}}; f
#---
proc f {} {subst {a[nosuch]$x}}; f
#---
proc f {} {time {nosuch}}; f
#---
proc f {} {uplevel 1 {nosuch}}; f
#---
proc f {} {if {[nosuch]} {}}; f
#---
proc f {} {while {[nosuch]} {}}; f
#---
proc f {} {for {nosuch} {1} {} {}}; f
#---
proc f {} {for {} {1} {nosuch} {}}; f
#---
proc f {} {for {} {1} {} {nosuch}}; f
#---
proc f {} {while 1 {
  set x 1
  nosuch
}}; f
#---
proc f {} {eval {
  set x 1
  nosuch
}}; f
#---
proc f {} {set s {[nosuch]}; expr $s}; f
#---
proc f {} {set s {[nosuch]}; expr $s + 1}; f
#---
proc f {} {set s {[nosuch]}; if $s {}}; f
#---
proc f {} {set s {[nosuch]}; while $s {}}; f
#---
proc f {} {set s {[nosuch]}; for {} $s {} {}}; f
#---
proc f {} {set s {[nosuch]}; subst $s}; f
#---
proc f {} {subst {[nosuch}}; f
#---
proc f {} {subst {[}}; f
#---
proc f {} {set s {[}; subst $s}; f
#---
proc f {} {subst -nocommands {$x}}; f
#---
proc f {} {subst {abc
$x}}; f
#---
proc f {} {subst {abc
[nosuch]}}; f
#---
proc f {} {set s nosuch; eval $s}; f
#---
proc f {} {list {*}"\{a"}; f
#---
eval {list {*}"\{a"}
#---
proc f {} {expr {1+[nosuch]}}; f
#---
expr {1+[nosuch]}
#---
expr {1+[list [nosuch]]}
#---
list [expr {1+[list [nosuch]]}]
#---
proc f {} {list [expr {1+[list [nosuch]]}]}; f
#---
set x {[nosuch]}; expr $x
#---
set x {[nosuch]}; subst $x
#---
if {[nosuch]} {}
#---
if {0} {} elseif {[nosuch]} {}
#---
while {[nosuch]} {}
#---
set env(NOSUCH_X)
#---
proc f {} {set ::env(NOSUCH_X)}; f
#---
proc f {} {set a 5; incr a(x)}; f
#---
proc f {} {set a 5; incr a(x) 2}; f
#---
proc f {} {list {*}[nosuch]}; f
#---
list {*}[nosuch]
#---
proc unknown args {error x}; foo
#---
proc f {} {catch {
   
    nosuch} m o; return -options $o $m}; f
#---
lsort -command nosuch {a b}
#---
proc c {a b} {error x}; lsort -command c {a b}
#---
dict for {a b} {c d} {expr {[nosuch]}}
#---
foreach a {1} {expr {[nosuch]}}
#---
while 1 {nosuch}
#---
for {} {1} {} {nosuch}
#---
proc f {} {if [nosuch] {}}; f
#---
proc f {} {expr [nosuch]}; f
#---
proc f {} {expr "[nosuch]"}; f
#---
proc f {} {expr {"[nosuch]"}}; f
#---
proc f {} {set a [nosuch]}; f
#---
proc f {} {set a "[nosuch]"}; f
#---
set a "[nosuch]"
#---
proc f {} {return [nosuch]}; f
#---
proc f {} {lappend a [nosuch]}; f
#---
proc f {} {incr a [nosuch]}; f
#---
proc f {} {foreach a [nosuch] {}}; f
#---
proc f {} {switch [nosuch] a b}; f
#---
proc f {} {switch -- [nosuch] a b}; f
#---
proc f {} {try {expr {[nosuch]}} on ok {} {}}; f
#---
eval {
  switch -- a {
    b {
      nosuch
    }
    a {
      nosuch
    }
  }
}
#---
proc f {} {
  switch -- a {
    b {
      nosuch
    }
    a {
      nosuch
    }
  }
}
f
#---
proc f {} {
  switch -- a {
    b nosuch
    "c" "nosuch"
    a nosuch
  }
}
f
#---
proc f {} {
  switch a {
    b -
    "c" "nosuch"
    a "nosuch"
  }
}
f
#---
proc f {} {
  switch a {
    b "nosuch"
    "c" "nosuch"
    default "nosuch"
  }
}
f
#---
proc f {} {
  switch -- a b {
   nosuch
  } a {
   nosuch
   }
}
f
#---
proc f {} {
  dict for {n u} {
    nosuch 1
  } nosuch
}
f
#---
proc f {} {
  subst {
    $nosuch
   }
}
f
#---
proc f {} {
  subst {
    [nosuch]
   }
}
f
#---
set c 0.5; incr c x
#---
set c x; incr c 0.5
#---
set c 1; incr c 0.5
#---
set c 0.5; incr c 0.5
#---
set c 0.5; incr c 1
#---
proc f {} {set c 0.5; incr c x}; f
#---
proc f {} {set c 1; incr c x}; f
#---
proc f {} {set c 1; incr c 1.5}; f
#---
set c 1; catch {incr c 1.5}; set errorInfo
#---
list "a b"é
#---
list {a b}é]
#---
eval {list "a b"é}
#---
proc naïve {ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé} {nosuch}; naïve 1
#---
nosuch ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé
#---
apply {{} {nosuch ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé}}
#---
switch aééééééééééééééééééééééééééééééé {aééééééééééééééééééééééééééééééé nosuch}
#---
proc f {} {array set m {x 1}; array set m [array get m]; array set m "y $m(x)"; array get m y}; f
