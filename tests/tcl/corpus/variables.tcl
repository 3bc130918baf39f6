set x
#---
set x 5
#---
set x 5 6
#---
set
#---
set x {}; set x
#---
set x 5; unset x; set x
#---
unset x
#---
unset -nocomplain x
#---
unset x y
#---
set x 1; set y 2; unset x y; info exists x
#---
set x 1; unset x nosuch
#---
set x 1; unset -nocomplain nosuch x; info exists x
#---
unset
#---
unset -nocomplain
#---
unset -nocomplain --
#---
unset -- x
#---
set -nocomplain 5; unset -- -nocomplain; info exists -nocomplain
#---
unset -nocomplain -- x
#---
unset -bogus
#---
append x a b c
#---
append x
#---
append x a; append x b
#---
set x 5; append x 6
#---
set x(a) 5; append x b
#---
append x(a) b; set x(a)
#---
set x 5; append x; set x
#---
append
#---
lappend x a {b c}
#---
lappend x
#---
lappend x; set x
#---
set x {a b}; lappend x c
#---
set x "a \{"; lappend x c
#---
set x(a) 1; lappend x c
#---
lappend x(1) a; lappend x(1) b
#---
lappend
#---
set x {a  b}; lappend x
#---
set x {a  b}; lappend x c
#---
incr x
#---
incr x; incr x
#---
incr x 5
#---
incr x -5
#---
set x 5; incr x 1.5
#---
set x 1.5; incr x
#---
set x abc; incr x
#---
set x {}; incr x
#---
set x 0x10; incr x
#---
set x 010; incr x
#---
set x " 5 "; incr x
#---
set x 9223372036854775807; incr x
#---
set x 99999999999999999999; incr x -1
#---
set x(a) 5; incr x
#---
incr x(a)
#---
incr
#---
incr x 1 2
#---
incr x {}
#---
incr x abc
#---
array set a {x 1}; incr a(x) 5
#---
array set a {x 1 y 2}; lsort [array names a]
#---
array set a {x 1 y 2}; lsort [array get a]
#---
array set a {x 1 y 2}; array size a
#---
array set a {x 1}; array set a {y 2}; array size a
#---
array set a {x 1}; array set a {x 2}; set a(x)
#---
array set a {}; array exists a
#---
array set a {}; info exists a
#---
array set a {x}
#---
array set a x
#---
array set a "x \{"
#---
array set a
#---
array set a {x 1} y
#---
set a 5; array set a {x 1}
#---
set a 5; array get a
#---
set a 5; array names a
#---
set a 5; array size a
#---
set a 5; array exists a
#---
array get nosuch
#---
array names nosuch
#---
array size nosuch
#---
array exists nosuch
#---
array unset nosuch
#---
array unset nosuch x
#---
set a 5; array unset a
#---
array set a {x 1 y 2}; array unset a x; array names a
#---
array set a {x 1 y 2}; array unset a *; array exists a
#---
array set a {x 1 y 2}; array unset a; array exists a
#---
array set a {x1 1 x2 2 y 3}; lsort [array names a x*]
#---
array set a {x1 1 x2 2 y 3}; lsort [array names a -exact x1]
#---
array set a {x1 1 x2 2 y 3}; lsort [array names a -glob x?]
#---
array set a {x1 1 x2 2 y 3}; lsort [array names a -regexp {\d}]
#---
array set a {x1 1 x2 2 y 3}; lsort [array names a -exact x*]
#---
array set a {x1 1 x2 2 y 3}; lsort [array get a x*]
#---
array names a -bogus x
#---
array names a -exact
#---
array set a {x 1}; array names a -regexp (
#---
array statistics nosuch
#---
array set a {x 1}; set s [array startsearch a]; array nextelement a $s
#---
array set a {x 1}; set s [array startsearch a]; array nextelement a $s; array nextelement a $s
#---
array set a {x 1}; set s [array startsearch a]; array anymore a $s
#---
array set a {x 1}; set s [array startsearch a]; array nextelement a $s; array anymore a $s
#---
array set a {x 1}; set s [array startsearch a]; array donesearch a $s
#---
array set a {x 1}; set s [array startsearch a]; array donesearch a $s; array anymore a $s
#---
array set a {x 1}; array anymore a bogus
#---
array startsearch nosuch
#---
array set a {x 1}; array startsearch a
#---
array set a {x 1}; array startsearch a; array startsearch a
#---
array bogus a
#---
array
#---
array exists
#---
array exists a b
#---
array size a b
#---
set a(x) 1; set a
#---
set a(x) 1; set a 5
#---
set a(x) 1; list $a
#---
set a(x) 1; list $a(y)
#---
set a 1; set a(x) 5
#---
set a 1; set a(x)
#---
set a 1; unset a(x)
#---
set a(x) 1; unset a(x); array exists a
#---
set a(x) 1; unset a(y)
#---
set a(x) 1; unset a; array exists a
#---
set a(x) 1; info exists a(x)
#---
set a(x) 1; info exists a(y)
#---
set a(x) 1; info exists a
#---
info exists nosuch
#---
info exists
#---
info exists a b
#---
set "a b" 5; set {a b}
#---
set {} 5; set {}
#---
set a.b 5; list $a.b
#---
set a.b 5; list ${a.b}
#---
set x 5; set y $x; incr x; set y
#---
set x {a b}; set y $x; lappend x c; set y
#---
set x {a b}; set y $x; lset x 0 z; set y
#---
set x {a 1}; set y $x; dict set x a 2; set y
#---
set x abc; set y $x; append x d; set y
#---
set l {}; for {set i 0} {$i < 5} {incr i} {lappend l $l}; set l
#---
set x 5; set x; set x $x$x
#---
proc f x {lappend x c; set x}; set l {a b}; f $l; set l
#---
proc f {} {set x 5}; f; info exists x
#---
proc f {} {info exists x}; set x 5; f
#---
set tcl_version
#---
info exists tcl_patchLevel
#---
info exists env(PATH)
#---
set env(FOO_TEST_X) bar; set env(FOO_TEST_X)
#---
set env(FOO_TEST_X) bar; exec sh -c {echo $FOO_TEST_X}
#---
set env(FOO_TEST_X) bar; unset env(FOO_TEST_X); info exists env(FOO_TEST_X)
#---
array exists env
#---
set env(NOSUCH_VARIABLE)
#---
lassign {1 2 3} a b; list $a $b
#---
lassign {1 2 3} a b
#---
lassign {1} a b; list $a $b
#---
lassign {} a
#---
lassign
#---
lassign {1 2}
#---
lassign {1 2} a(x) a(y); list $a(x) $a(y)
#---
set a 5; lassign {1 2} a(x)
#---
lassign "a \{" x
#---
foreach {a(x) b} {1 2} {}; list $a(x) $b
#---
set i 5; incr i $i
#---
set x 5; incr x [incr x]
#---
set x 1; list $x [incr x] $x
#---
set x 1; list $x[incr x]$x
#---
set x 1; expr {$x + [incr x] + $x}
#---
set x a; set $x b; set $a c; list $x $a $b
#---
set v x; set $v 5; set [set v]
#---
set v x(1); set $v 5; set x(1)
#---
set a(1) x; set a(2) y; foreach i {1 2} {append r $a($i)}; set r
#---
set ::a::b 5
#---
set x::y 5
#---
set ::::x 5; set x
#---
set :x 5; set :x
#---
proc counter {} {
  global count
  incr count
}
counter
counter
counter
#---
set i 10
proc f {} {
  set i 5
  incr ::i $i
  return $i
}
list [f] $i
#---
array set a {b 1 c 2}
proc show {name} {
  upvar 1 $name array
  set r {}
  foreach key [lsort [array names array]] {lappend r $key=$array($key)}
  return $r
}
show a
#---
proc f {} {
  upvar #0 conf c
  set c(x) 5
  set c(y) 6
}
f
lsort [array get conf]
#---
proc swap {a b} {
  upvar $a x $b y
  lassign [list $x $y] y x
}
set p 1; set q 2
swap p q
list $p $q
#---
proc f {varname} {
  upvar 1 $varname v
  if {![info exists v]} {set v new}
  append v !
}
f fresh
f fresh
set fresh
#---
proc f {} {
  set local 1
  g
  info exists local
}
proc g {} {uplevel 1 unset local}
f
#---
proc f {} {
  upvar x y
  unset -nocomplain y
  set y again
}
set x 1
f
set x
#---
set a(one) 1
set a(two) 2
set total 0
foreach {k v} [array get a] {incr total $v}
set total
#---
proc f {} {set a 1; array set a {x 1}}; f
#---
proc f {} {set a 1; array set a {}}; f
#---
eval {set a 1; array set a {}}
#---
eval {set a 1; array set a {x 1}}
#---
set a 1; array set a {}
#---
proc f {} {set a 1; array set a [error x]}; f
#---
proc f {} {array set m [error x]}; f
#---
proc f {} {catch {array set m [error x]}; array exists m}; f
#---
proc f {} {catch {array set m $nosuch}; array exists m}; f
#---
proc f {} {catch {array set m {a b c}}; array exists m}; f
#---
proc f {} {set l {a b c}; catch {array set m $l}; array exists m}; f
#---
proc f {} {set l {a b c}; array set m $l; array exists m}; f
#---
proc f {} {array set m "\{"}; f
#---
proc f {} {array set m "\{$m(x)"}; f
#---
proc f {} {set l \{; array set m $l}; f
#---
proc f {} {array set m(x) {a b}}; f
#---
proc f {} {array set ::m {a b}; array get ::m}; f
#---
proc f {} {catch {array set ::m [error x]}; array exists ::m}; f
#---
proc f {} {array set ::n::m {a b}}; f
#---
proc f {} {upvar 1 k k; array set k "x $k(x)"}; f
#---
proc f {} {upvar 1 k(1) k; array set k {x 1}}; f
#---
proc f {} {upvar 1 k(1) k; array set k {}}; f
#---
proc f {} {array set k "x $k(x)"}; array set k {x 1}; f
#---
proc f {} {global k; array set k "x $k(x)"; array get k}; array set k {x 1}; f
#---
proc f {} {array set m}; f
#---
proc f {} {array se m $m(x)}; f
#---
proc f {} {list [array set m $m(x)]}; f
#---
proc f {} {set n m; array set $n $m(x)}; f
#---
proc f {} {if 1 {array set m $m(x)}}; f
#---
proc f {} {switch a a {array set m $m(x)}}; f
#---
proc f {} {dict for {a b} {c d} {array set m $m(x)}}; f
#---
proc f {} {foreach a {c d} {array set m $m(x)}}; f
#---
proc f {} {foreach {a b} {c d} {array set m $m(x)}}; f
#---
proc f {} {eval {array set m $m(x)}}; f
#---
proc f {} {try {array set m $m(x)} on ok {} {}}; f
#---
proc f {} {catch {array set m $m(x)} r; set r}; f
#---
proc f {} {array set m {x 1 y}}; f
#---
proc f {} {set a 5; array set m [list x 1 y [array size m]]; array get m}; f
#---
proc f {} {set l {x 1 x 2 y}; catch {array set m $l} r; list $r [array get m]}; f
#---
set l {x 1 x 2 y}; catch {array set m $l} r; list $r [array get m]
#---
set d { }; dict with d {}; set d
#---
set d { a 1 }; dict with d {}; set d
#---
set d { a   1 }; dict with d {set a 1}; set d
#---
set d { a 1 a 2 }; dict with d {}; set d
#---
set d { a {b   1} }; dict with d a {}; set d
#---
proc f {} {set d { a   1 }; dict with d {}; set d}; f
#---
proc f {} {set d { a   1 }; dict with d {set a 1}; set d}; f
#---
proc f {} {set d { }; dict with d {set a 1}; set d}; f
#---
set d { }; dict update d a b {}; set d
#---
set d { }; dict update d a b {set b 1}; set d
#---
set d { c  1 }; dict update d a b {}; set d
#---
set d { c  1 }; dict update d c b {}; set d
#---
proc f {} {set d { }; dict update d a b {}; set d}; f
#---
proc f {} {set d { c  1 }; dict update d a b {}; set d}; f
#---
proc f {} {set d { c  1 }; dict update d c b {}; set d}; f
#---
set d { a {   } }; dict with d a {}; set d
#---
set d { a {   } c  5 }; dict with d a {}; set d
#---
set d { }; dict with d {error x}
#---
set d { }; catch {dict with d {error x}}; set d
#---
set d " "; dict with d {break}
#---
set d { }; dict for {a b} $d {}; set d
#---
set d { }; dict remove $d x
#---
set d { a  1 }; dict remove $d x
#---
set d { }; dict unset d x; set d
#---
set d { a  1 }; dict unset d x; set d
#---
set d { a  1 a 2 }; dict unset d x; set d
#---
set d { a  1  }; dict replace $d
#---
set d { a  1  }; dict merge $d
#---
set d { a  1  }; dict merge $d {}
#---
set d { a  1  }; dict merge {} $d
#---
set d { a  1  }; dict filter $d key *
#---
set d {a  1 }; dict set d a 1; set d
#---
set d {a  1 }; dict append d a; set d
#---
set d {a  1 }; dict lappend d a; set d
#---
set d {a  1 }; dict incr d a 0; set d
