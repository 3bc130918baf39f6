if 1 {list a}
#---
if 0 {list a}
#---
if 0 {list a} else {list b}
#---
if 0 {list a} {list b}
#---
if 1 then {list a}
#---
if 0 then {list a} else {list b}
#---
if 0 {list a} elseif 1 {list b}
#---
if 0 {list a} elseif 0 {list b} else {list c}
#---
if 0 {list a} elseif 0 then {list b} {list c}
#---
if
#---
if 1
#---
if 1 then
#---
if 0 {list a} else
#---
if 0 {list a} elseif
#---
if 0 {list a} elseif 1
#---
if 0 {list a} elseif 1 then
#---
if 1 {list a} b c
#---
if 0 {list a} b c
#---
if 1 {list a} else {list b} c
#---
if 0 {list a} else {list b} c
#---
if 1 list
#---
if {1} {set x 5} else {set x 6}; set x
#---
if {$x} {list a}
#---
if {[error a]} {list a}
#---
set x 5; if $x==5 {list five}
#---
set x 5; if {$x == 5 && $x < 10} {list yes}
#---
while 0 {error a}
#---
set i 0; while {$i < 5} {incr i}; set i
#---
set i 0; while {$i < 5} {incr i}
#---
set i 0; while 1 {if {[incr i] > 5} break}; set i
#---
set i 0; set r {}; while {$i < 5} {incr i; if {$i == 3} continue; lappend r $i}; set r
#---
for {set i 0} {$i < 3} {incr i} {lappend r $i}; list $r $i
#---
for {set i 0} {$i < 3} {incr i} {}
#---
for {set i 0} {$i < 9} {incr i} {if {$i == 4} break}; set i
#---
for {set i 0; set j 9} {$i < $j} {incr i; incr j -1} {}; list $i $j
#---
for {error a} 1 {} {}
#---
for {} {[error b]} {} {}
#---
for {} 1 {error c} {}
#---
for {} 1 {} {error d}
#---
for {} 1 {break} {}
#---
for {} 1 {continue} {break}
#---
for {break} 1 {} {}
#---
set i 0; for {} {$i < 3} {incr i; continue} {}; set i
#---
foreach x {a b c} {lappend r $x}; set r
#---
foreach x {a b c} {}
#---
foreach {a b} {1 2 3 4} {lappend r $b $a}; set r
#---
foreach {a b} {1 2 3} {lappend r <$a,$b>}; set r
#---
foreach a {1 2} b {x y z} {lappend r <$a,$b>}; set r
#---
foreach {a b} {1 2 3 4} c {x y} {lappend r $a$b$c}; set r
#---
foreach x {a b c} {if {$x eq "b"} continue; lappend r $x}; set r
#---
foreach x {a b c} {if {$x eq "b"} break; lappend r $x}; set r
#---
foreach x {} {error a}; info exists x
#---
foreach x {a b} {}; set x
#---
foreach {} {a b} {}
#---
foreach x
#---
foreach x {a b}
#---
foreach x {a b} y {c}
#---
foreach x {a b} y {c} {list} z
#---
foreach "a \{" {a b} {}
#---
foreach x "a \{b" {}
#---
foreach x {a b} {error boom}
#---
foreach x(1) {a b} {lappend r $x(1)}; set r
#---
set x(1) 5; foreach x {a b} {}
#---
foreach {x x} {1 2 3 4} {lappend r $x}; set r
#---
foreach ::x {1 2} {}; set ::x
#---
set l {1 2 3}; foreach x $l {lappend l $x}; set l
#---
set l {1 2 3}; foreach x $l {set l {}; lappend r $x}; set r
#---
foreach x {1 2} {foreach y {a b} {lappend r $x$y}}; set r
#---
foreach x {1 2} {foreach y {a b} {if {$y eq "b"} break; lappend r $x$y}}; set r
#---
lmap x {1 2 3} {expr {$x * 2}}
#---
lmap {a b} {1 2 3 4} {expr {$a + $b}}
#---
lmap x {1 2 3} {if {$x == 2} continue; set x}
#---
lmap x {1 2 3} {if {$x == 2} break; set x}
#---
lmap x {} {set x}
#---
lmap a {1 2} b {x y} {list $a $b}
#---
lmap x {a b} {error boom}
#---
lmap
#---
lmap x {1 2}
#---
switch a {a {list 1} b {list 2}}
#---
switch b {a {list 1} b {list 2}}
#---
switch c {a {list 1} b {list 2}}
#---
switch c {a {list 1} default {list 2}}
#---
switch a {a - b {list 2}}
#---
switch -glob abc {a* {list 1} default {list 2}}
#---
switch -regexp abc {^b {list 1} b {list 2}}
#---
switch -regexp -matchvar m abc {(b)(c) {set m}}
#---
switch -regexp -matchvar m -indexvar i abc {(b)(c) {list $m $i}}
#---
switch -nocase ABC {abc {list 1}}
#---
switch -exact -- -a {-a {list 1}}
#---
switch -- a a {list 1} b {list 2}
#---
switch a a {list 1} b {list 2}
#---
switch a {a {list 1} b}
#---
switch a {}
#---
switch a
#---
switch {}
#---
switch -bogus a {a {}}
#---
switch a {a {list [break]}}
#---
foreach x {1 2} {switch $x {1 {continue} 2 {lappend r $x}}}; set r
#---
proc f x {switch $x {a {return A} b {return B}}; return C}; list [f a] [f b] [f c]
#---
switch "a b" {{a b} {list 1}}
#---
switch [list a b] {{a b} {list 1}}
#---
set x a; switch $x a {list 1} $x {list 2}
#---
set x a; switch a $x {list 1} default {list 2}
#---
switch a "a {list 1}"
#---
switch x { # comment {list 1} x {list 2} }
#---
catch {error a}
#---
catch {error a} m; set m
#---
catch {set x 5} m; set m
#---
catch {set x 5} m o; set o
#---
catch {error a} m o; dict get $o -errorcode
#---
catch {error a b c} m o; dict get $o -errorcode
#---
catch {error a b c} m o; dict get $o -errorinfo
#---
catch {error a} m; set errorInfo
#---
catch {error a "" {X Y}}; set errorCode
#---
catch {return 5} m; set m
#---
catch {break}
#---
catch {continue}
#---
catch {return -code 7 x} m o; list $m [dict get $o -code] [dict get $o -level]
#---
catch
#---
catch a b c d
#---
catch {catch {error a}}
#---
catch {error a} a(x); set a(x)
#---
set a 5; catch {error x} a(x)
#---
catch {error a} m o; catch {error b} m2 o2; list $m $m2
#---
catch {}
#---
catch {# only a comment}
#---
catch "error \{"
#---
catch {set x} m; set m
#---
catch {expr {1/0}} m o; list $m [dict get $o -errorcode]
#---
catch {nosuch} m o; list $m [dict get $o -errorcode]
#---
catch {string bogus} m o; dict get $o -errorcode
#---
catch {lindex a b} m o; dict get $o -errorcode
#---
catch {set a(x)} m o; list $m [dict get $o -errorcode]
#---
catch {throw {A B} msg} m o; list $m [dict get $o -errorcode]
#---
catch {error a} -> o; dict get $o -errorline
#---
catch "\n\nerror a" -> o; dict get $o -errorline
#---
catch {eval "\n\nerror a"} -> o; dict get $o -errorline
#---
throw X msg
#---
throw {X Y} msg
#---
throw {} msg
#---
throw X
#---
throw
#---
throw X Y Z
#---
error msg
#---
error msg info
#---
error msg info code
#---
error msg {} {A B}
#---
error msg info {A B}
#---
error
#---
error a b c d
#---
error "" 
#---
error "a\nb"
#---
error {a {b} c}
#---
try {list a}
#---
try {error a} on error {m} {list caught $m}
#---
try {error a} on error {m o} {list $m [dict get $o -code]}
#---
try {error a} on ok {} {list no}
#---
try {list a} on ok {v} {list got $v}
#---
try {list a} on ok {} {list got}
#---
try {throw {A B C} m} trap {A B} {m} {list trapped $m}
#---
try {throw {A B C} m} trap {A C} {m} {list trapped $m}
#---
try {throw {A B C} m} trap {} {m} {list trapped $m}
#---
try {throw {A B C} m} trap {A B C D} {m} {list trapped $m}
#---
try {throw A m} trap B {} {list b} trap A {} {list a}
#---
try {throw A m} on error {} {list first} trap A {} {list second}
#---
try {throw A m} trap A {} - on error {} {list shared}
#---
try {list a} finally {set x 5}
#---
try {error a} finally {set x 5}
#---
catch {try {error a} finally {set x 5}}; set x
#---
try {error a} on error {} {list b} finally {set x 5}
#---
try {error a} on error {} {error b} finally {set x 5}
#---
try {list a} finally {error f}
#---
try {error a} finally {error f}
#---
try {list a} finally {break}
#---
foreach x {1 2} {try {continue} finally {lappend r $x}}; set r
#---
foreach x {1 2} {try {break} finally {lappend r $x}}; set r
#---
proc f {} {try {return a} finally {set ::x 1}}; list [f] $x
#---
proc f {} {try {return a} on return {v} {return <$v>}}; f
#---
proc f {} {try {return a} finally {return b}}; f
#---
try {break} on break {} {list b}
#---
try {continue} on continue {} {list c}
#---
try {return x} on return {v} {list r $v}
#---
try {return -code 5 x} on 5 {v} {list five $v}
#---
try {return -code 5 x} on 6 {v} {list five $v}
#---
try
#---
try {} on
#---
try {} on error
#---
try {} on error {}
#---
try {} on bogus {} {}
#---
try {} trap
#---
try {} trap "a \{" {} {}
#---
try {} finally
#---
try {} finally {} {}
#---
try {} finally {} on error {} {}
#---
try {} bogus
#---
try {} on error {a b c} {}
#---
try {error a} on error - 
#---
try {error a} on error {} -
#---
try {error a} on error {} - finally {}
#---
try {error a} on 1 {m} {set m}
#---
try {list a} on 0 {m} {set m}
#---
try {set x 5; error a} on error {} {set x}
#---
try {error a} on error {m} {error "$m b"}
#---
return
#---
return a
#---
return a b
#---
return -code ok a
#---
return -code error a
#---
return -code 1 a
#---
return -code break
#---
return -code bogus
#---
return -level 0 a
#---
return -level 0 -code error a
#---
return -level 0 -code break
#---
return -level 1 -code 0 a
#---
return -errorcode {A B} -code error a
#---
return -errorinfo info -code error a
#---
return -options {-code error -errorcode X} a
#---
return -foo bar a
#---
proc f {} {return -foo bar a}; catch f m o; dict get $o -foo
#---
proc f {} {return -level 0 a; list b}; f
#---
proc f {} {return -code error a}; catch f m; set m
#---
proc f {} {return -code error -errorcode {A B} a}; catch f m o; dict get $o -errorcode
#---
proc f {} {return -code error -errorinfo hello a}; catch f m o; dict get $o -errorinfo
#---
proc f {} {return -code break}; foreach x {1 2} {f; lappend r $x}; info exists r
#---
proc f {} {return -code continue}; foreach x {1 2} {lappend r $x; f; lappend r no}; set r
#---
proc f {} {return -code return a}; proc g {} {f; return b}; g
#---
proc f {} {return -level 2 a}; proc g {} {f; return b}; g
#---
proc f {} {return -level 3 a}; proc g {} {f; return b}; proc h {} {g; return c}; h
#---
proc f {} {g; return f}; proc g {} {h; return g}; proc h {} {return -level 2 h}; f
#---
proc f {} {break}; f
#---
proc f {} {continue}; f
#---
proc f {} {break}; foreach x {1 2} {f}
#---
proc f {} {return -code 42 a}; catch f
#---
proc f {} {return -code 42 a}; f
#---
proc f {} {eval {return a}; list b}; f
#---
proc f {} {eval {eval {return a}}; list b}; f
#---
proc f {} {foreach x {1 2} {return $x}}; f
#---
proc f {} {catch {return a}; list b}; f
#---
proc f {} {catch {return a} m o; return -options $o $m}; f
#---
proc f {} {catch {error a} m o; return -options $o $m}; f
#---
proc f {} {catch {error a} m o; return -options $o $m}; catch f; set errorInfo
#---
proc f {} {catch {error a} m o; dict incr o -level; return -options $o $m}; f
#---
proc f {} {while 1 {return a}}; f
#---
proc f {} {uplevel 1 {return a}; list b}; f
#---
proc f {} {uplevel 1 {return -code return a}; list b}; f
#---
proc f {} {uplevel 1 break}; foreach x {1 2} {f; lappend r $x}; info exists r
#---
proc f {} {uplevel 1 {set x 5}}; f; set x
#---
proc f {} {uplevel #0 {set x 5}}; f; set x
#---
proc f {} {uplevel set x 5}; f; set x
#---
proc f {} {uplevel 1 set x 5}; f; set x
#---
proc f {} {uplevel 1 [list set x {a b}]}; f; set x
#---
proc f {} {uplevel 2 {set x 5}}; f
#---
proc f {} {uplevel #5 {set x 5}}; f
#---
proc f {} {uplevel -1 {set x 5}}; f
#---
proc f {} {uplevel a {set x 5}}; f
#---
proc f {} {uplevel #a {set x 5}}; f
#---
proc f {} {uplevel 0 {set x 5}; set x}; f
#---
proc f {} {uplevel 1}; f
#---
proc f {} {uplevel}; f
#---
uplevel 1 {set x 5}
#---
uplevel #0 {set x 5}
#---
uplevel 0 {set x 5}
#---
uplevel {set x 5}
#---
proc f {} {upvar x y; set y 5}; f; set x
#---
proc f {} {upvar 1 x y; set y 5}; f; set x
#---
proc f {} {upvar #0 x y; set y 5}; f; set x
#---
proc f {n} {upvar $n y; incr y}; set x 5; f x; set x
#---
proc f {n} {upvar $n y; set y}; f nosuch
#---
proc f {n} {upvar $n y; info exists y}; f nosuch
#---
proc f {} {upvar a(x) y; set y 5}; f; set a(x)
#---
proc f {} {upvar a y; set y(x) 5}; f; set a(x)
#---
proc f {} {upvar a y b z; set y 1; set z 2}; f; list $a $b
#---
proc f {} {upvar a y; unset y}; set a 5; f; info exists a
#---
proc f {} {upvar a y; upvar b y; set y 5}; f; list [info exists a] $b
#---
proc f {} {set y 1; upvar a y}; f
#---
proc f {} {upvar a y(x)}; f
#---
proc f {} {upvar 1 a}; f
#---
proc f {} {upvar}; f
#---
proc f {} {upvar 5 a b}; f
#---
proc f {} {upvar #9 a b}; f
#---
proc f {} {upvar x x; set x}; set x 5; f
#---
proc f {} {upvar 0 a b; set b 5; set a}; f
#---
proc f {x} {upvar 0 x y; set y 5; set x}; f 1
#---
upvar 0 a b; set b 5; set a
#---
upvar #0 a b; set b 5; set a
#---
upvar a b
#---
upvar 0 a a
#---
proc f {} {g; set x}; proc g {} {upvar x y; set y 5}; f
#---
proc f {} {set x 1; g; set x}; proc g {} {h}; proc h {} {upvar 2 x y; incr y}; f
#---
proc f {} {set x 1; g; set x}; proc g {} {uplevel 1 {incr x}}; f
#---
proc f {} {global x; set x 5}; f; set x
#---
proc f {} {global x y; set x 5; set y 6}; f; list $x $y
#---
proc f {} {global x; set x}; f
#---
proc f {} {global}; f
#---
proc f {} {global a(x)}; f
#---
proc f {} {set x 1; global x}; f
#---
proc f {} {global ::x; set x 5}; f; set x
#---
proc f {} {global x; unset x; set x 5}; set x 1; f; set x
#---
global x
#---
proc f {} {variable x; set x 5}; f; set x
#---
proc f {} {variable x 5}; f; set x
#---
proc f {} {variable x 5 y 6; list $x $y}; f
#---
proc f {} {variable x; set x}; f
#---
proc f {} {variable}; f
#---
proc f {} {variable a(x)}; f
#---
variable x 5; set x
#---
proc f {} {set ::x 5}; f; set x
#---
proc f {} {list $::nosuch}; f
#---
proc f {} {set x}; set x 5; f
#---
proc f {} {}; f
#---
proc f {} {list}; f
#---
proc f a {list $a}; f 1
#---
proc f {a} {list $a}; f
#---
proc f {a} {list $a}; f 1 2
#---
proc f {a b} {list $a $b}; f 1
#---
proc f {{a 5}} {list $a}; f
#---
proc f {{a 5}} {list $a}; f 6
#---
proc f {{a 5}} {list $a}; f 6 7
#---
proc f {a {b 5}} {list $a $b}; f 1
#---
proc f {a {b 5}} {list $a $b}; f
#---
proc f {a {b 5} c} {list $a $b $c}; f 1 2
#---
proc f {a {b 5} c} {list $a $b $c}; f 1 2 3
#---
proc f {{a 1} b} {list $a $b}; f 1
#---
proc f args {list $args}; f
#---
proc f args {list $args}; f 1 2 {3 4}
#---
proc f {a args} {list $a $args}; f 1
#---
proc f {a args} {list $a $args}; f 1 2 3
#---
proc f {a args} {list $a $args}; f
#---
proc f {args a} {list $args $a}; f 1 2
#---
proc f {args a} {list $args $a}; f 1 2 3
#---
proc f {{args 5}} {list $args}; f
#---
proc f {{args 5}} {list $args}; f 1 2
#---
proc f {{a {}}} {list $a}; f
#---
proc f {{a 1 2}} {}
#---
proc f {{}} {}
#---
proc f {{} a} {}
#---
proc f {a(x)} {}
#---
proc f {a::b} {}
#---
proc f {{a b c}} {}
#---
proc f "a \{" {}
#---
proc f {a a} {list $a}; f 1 2
#---
proc f
#---
proc f {}
#---
proc f {} {} {}
#---
proc {} {} {list empty}; {}
#---
proc "a b" {} {list ab}; "a b"
#---
proc "a b" {x} {list ab}; "a b"
#---
proc ::f {} {list a}; f
#---
proc f {} {list a}; ::f
#---
proc f {} {proc g {} {list b}}; f; g
#---
proc f {} {return a}; proc f {} {return b}; f
#---
proc f {} {list a}; rename f g; g
#---
proc f {} {list a}; rename f g; f
#---
proc f {} {list a}; rename f {}; f
#---
proc f {} {list a}; proc g {} {list b}; rename f g
#---
rename nosuch x
#---
rename nosuch {}
#---
rename set myset; myset x 5
#---
rename set myset; proc set args {myset {*}$args}; set x 5
#---
rename list l; list a
#---
rename a
#---
proc f n {if {$n <= 1} {return 1}; expr {$n * [f [expr {$n - 1}]]}}; f 20
#---
proc f {} {f}; f
#---
proc f {} {f}; catch f m o; list $m [dict get $o -errorcode]
#---
proc f {} {g}; proc g {} {f}; f
#---
set s {eval $s}; eval $s
#---
proc f n {if {$n} {f [incr n -1]} else {list done}}; f 300
#---
proc unknown args {list unknown $args}; nosuch a b
#---
proc unknown args {list unknown $args}; nosuch a {b c}
#---
proc unknown args {error "no $args"}; nosuch a b
#---
rename unknown {}; nosuch
#---
apply {x {list $x}} 5
#---
apply {{x y} {list $x $y}} 1 2
#---
apply {{x {y 5}} {list $x $y}} 1
#---
apply {args {list $args}} 1 2
#---
apply {{} {list a}}
#---
apply {x {list $x}}
#---
apply {x {list $x}} 1 2
#---
apply {x}
#---
apply {}
#---
apply
#---
apply {a b c d}
#---
apply "x \{"
#---
apply {{} {error boom}}
#---
apply {{} {return a; list b}}
#---
apply {{} {break}}
#---
set f {x {expr {$x * 2}}}; apply $f 21
#---
set f {{x} {expr {$x * 2}}}; lmap v {1 2 3} {apply $f $v}
#---
apply {{x} {upvar y z; set z $x}} 5; set y
#---
apply {{a b c} {}} 1
#---
eval {error boom}
#---
eval error boom
#---
eval "error" boom
#---
eval {set x 5
#---
set y 6}
#---
eval {}
#---
eval "a \{"
#---
time {set x 5} 0
#---
time {set x 5} -1
#---
time {error boom} 1
#---
time {error boom} 0
#---
time a b c
#---
time
#---
time {} x
#---
regexp {^[0-9.]+ microseconds per iteration$} [time {set x 5} 10]
#---
set n 0; time {incr n} 7; set n
#---
set n 0; time {incr n}; set n
#---
subst {a $b}
#---
set b 5; subst {a $b [list c] \t}
#---
subst -nocommands {[list a] $::tcl_version}
#---
exit 0
#---
exit 3
#---
exit
#---
exit x
#---
exit 1 2
#---
exit -1
#---
exit 256
#---
after 1
#---
after 0
#---
after -5
#---
after x
#---
after
#---
source
#---
source nosuch.tcl
#---
set f [open a.tcl w]; puts $f {set x 5}; close $f; source a.tcl; set x
#---
set f [open a.tcl w]; puts $f {set x 5; return 7; set x 6}; close $f; list [source a.tcl] $x
#---
set f [open a.tcl w]; puts $f "set x 5\nerror boom\n"; close $f; source a.tcl
#---
set f [open a.tcl w]; puts $f {proc f {} {return ok}}; close $f; source a.tcl; f
#---
set f [open a.tcl w]; puts $f {break}; close $f; source a.tcl
#---
set f [open a.tcl w]; puts $f {error boom}; close $f; catch {source a.tcl}; set errorInfo
#---
set f [open a.tcl w]; puts -nonewline $f "set x 5\x1aset x 6"; close $f; source a.tcl; set x
#---
source -encoding utf-8 nosuch.tcl
#---
break
#---
continue
#---
break x
#---
continue x
#---
proc f {} {
  set x 1
  # comment
  set y 2
  list $x $y
}
f
#---
proc repeat {n body} {
  for {set i 0} {$i < $n} {incr i} {
    uplevel 1 $body
  }
}
set x 0
repeat 5 {incr x 2}
set x
#---
proc do {body while cond} {
  while 1 {
    set code [catch {uplevel 1 $body} result options]
    switch $code {
      0 - 4 {}
      3 {return}
      default {dict incr options -level; return -options $options $result}
    }
    if {![uplevel 1 [list expr $cond]]} break
  }
}
set i 0
do {incr i; if {$i == 3} continue; lappend r $i; if {$i == 7} break} while {$i < 10}
set r
#---
proc do {body while cond} {
  while 1 {
    set code [catch {uplevel 1 $body} result options]
    switch $code {
      0 - 4 {}
      3 {return}
      default {dict incr options -level; return -options $options $result}
    }
    if {![uplevel 1 [list expr $cond]]} break
  }
}
proc f {} {
  set i 0
  do {incr i; if {$i == 3} {return early}} while {$i < 10}
  return late
}
f
#---
set r {}
for {set i 0} {$i < 3} {incr i} {
  for {set j 0} {$j < 3} {incr j} {
    if {$j == 1} continue
    if {$i == 2} break
    lappend r $i,$j
  }
}
set r
#---
proc f {} {
  foreach x {1 2 3} {
    foreach y {a b} {
      if {$x == 2} {return $x$y}
    }
  }
}
f
#---
catch {error x} m o; dict remove $o -errorstack
#---
catch {nosuch a} m o; dict remove $o -errorstack
#---
catch {error x II {A B}} m o; dict remove $o -errorstack
#---
catch {return -code error -errorcode {A B} x} m o; set o
#---
proc f {} {return -code error -errorcode {A B} -foo bar x}; catch {f} m o; dict remove $o -errorstack
#---
catch {throw {A B} x} m o; dict remove $o -errorstack
#---
catch {expr {1/0}} m o; dict remove $o -errorstack
#---
catch {return -errorcode {A B} x} m o; set o
#---
catch {return -code error -errorinfo foo x} m o; set o
#---
catch {return -foo bar -level 0 -code 5 x} m o; set o
#---
proc f {} {return -foo bar x}; catch f m o; set o
#---
catch {try {error a} on error {m o} {error b}} m o; dict keys [dict remove $o -errorstack]
#---
catch {try {error a} finally {error c}} m o; dict keys [dict remove $o -errorstack]
#---
catch {try {error a} on error {} {try {error b} on error {} {error c}}} m o; list [dict keys [dict remove $o -errorstack]] [dict get $o -during -errorinfo]
#---
catch {throw A x} m o; catch {return -options $o $m} m o; dict remove $o -errorstack
#---
catch {throw A x} m o; proc f {o m} {return -options $o $m}; catch {f $o $m} m o; dict remove $o -errorstack
#---
proc f {} {switch -- a a {array set m $m(x)} b {}}; f
#---
proc f {} {switch -- b a {array set m $m(x)} b {array set m $m(x)}}; f
#---
proc f {} {switch a {a {array set m $m(x)}}}; f
#---
proc f {} {set s a; switch $s {a {catch {nosuch} m; set m}}}; f
#---
proc f {x} {switch -- $x {a - b {list 1} - {list 2} default {list 3}}}; list [f a] [f b] [f -] [f c]
#---
proc f {x} {switch -- $x a - b {list 1} - {list 2} default {list 3}}; list [f a] [f b] [f -] [f c]
#---
proc f {x} {switch -glob -- $x a* {return 5} default {return 6}}; list [f ab] [f b]
#---
proc f {x} {switch -- $x {a {return 5} default {break}}}; foreach x {a b} {f $x}
#---
proc f {} {foreach x {a b c} {switch -- $x {a continue b break} ; lappend r $x}; info exists r}; f
#---
proc f {} {foreach x {a b c} {switch -- $x {a {lappend r 1; continue} b {}} ; lappend r $x}; set r}; f
#---
proc f {} {set x 5; foreach y {1 2} {try {incr x $y} finally {incr x}}; set x}; f
#---
proc f {} {dict for {a b} {x 1 y 2} {dict for {c d} {u 3 v 4} {lappend r $a$b$c$d}}; set r}; f
#---
proc f {n} {if {$n} {dict for {a b} {x 1} {f [incr n -1]}} else {error deep}}; f 2
#---
proc f {} {lmap {a b} {1 2 3 4} {expr {$a + $b}}}; list [f] [f]
#---
proc f {} {subst -nocommands {a $x}}; proc g {} {set x 1; subst {a $x}}; list [g] [catch f m] $m
#---
proc f {} {dict for {a b} {x 1} {rename set sot; sot q 5}}; f
#---
proc f {} {switch -- a {a {proc list args {return mine}; list 1}}}; f
#---
proc f {} {set d {a 1 b 2}; dict with d {set a 5; unset b}; set d}; f
#---
proc f {} {set d {a 1 b 2}; dict update d a x b y {incr x; unset y}; set d}; f
#---
proc f {} {set d {a 1 b 2}; dict map {k v} $d {incr v}}; f
#---
proc f {} {switch -- a 1 {}; switch -- 1 1 5}; f
#---
proc f {} {switch -- a {a 5}}; f
