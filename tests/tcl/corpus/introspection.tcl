info args nosuch
#---
proc f {a {b 5} args} {list}; info args f
#---
proc f {a {b 5} args} {list}; info body f
#---
proc f {a {b 5} args} {list}; info default f b v; set v
#---
proc f {a {b 5} args} {list}; info default f b v
#---
proc f {a {b 5} args} {list}; info default f a v
#---
proc f {a {b 5} args} {list}; info default f a v; set v
#---
proc f {a {b 5} args} {list}; info default f nosuch v
#---
info default nosuch a v
#---
info body nosuch
#---
info body set
#---
info args set
#---
info exists x
#---
info complete {}
#---
info complete {a}
#---
info complete "a \{"
#---
info complete "a \[b"
#---
info complete "a \"b"
#---
info complete "a {b} c"
#---
info complete "a \}"
#---
info complete "\$x("
#---
info complete "a \\\n"
#---
info commands nosuch
#---
info commands set
#---
lsort [info commands l*e]
#---
info commands ::set
#---
llength [info commands no*such]
#---
proc f {} {}; info commands f
#---
proc f {} {}; info procs f
#---
info procs set
#---
info procs nosuch
#---
proc foo1 {} {}; proc foo2 {} {}; lsort [info procs foo*]
#---
info level
#---
proc f {} {info level}; f
#---
proc f {} {g}; proc g {} {info level}; f
#---
proc f args {info level 0}; f a b {c d}
#---
proc f args {info level [info level]}; f a b
#---
proc f args {info level 1}; f a b
#---
proc f args {g x}; proc g args {info level -1}; f a b
#---
proc f args {g x}; proc g args {info level 1}; f a b
#---
proc f args {info level 2}; f a b
#---
proc f args {info level -1}; f a b
#---
proc f args {info level -5}; f a b
#---
info level 0
#---
info level 1
#---
info level x
#---
proc f {} {info level x}; f
#---
proc f {} {uplevel 1 {info level}}; f
#---
proc f {} {g}; proc g {} {uplevel 1 {info level 0}}; f
#---
proc f {} {uplevel #0 {info level}}; f
#---
info locals
#---
proc f {} {set b 1; set a 2; lsort [info locals]}; f
#---
proc f {a b} {lsort [info locals]}; f 1 2
#---
proc f {a b} {set ab 1; lsort [info locals a*]}; f 1 2
#---
proc f {} {global x; upvar y z; set a 1; lsort [info locals]}; f
#---
proc f {} {global x; set x 1; set a 1; lsort [info vars]}; f
#---
proc f {a} {set b 1; lsort [info vars]}; f 1
#---
proc f {} {set ab 1; set ac 2; lsort [info vars a*]}; f
#---
set foo_1 1; set foo_2 2; lsort [info vars foo_*]
#---
set foo_1 1; set foo_2 2; lsort [info globals foo_*]
#---
proc f {} {set foo_3 1; lsort [info globals foo_*]}; set foo_1 1; f
#---
proc f {} {set foo_3 1; info vars foo_*}; set foo_1 1; f
#---
info vars nosuch*
#---
info globals nosuch*
#---
info tclversion
#---
string match 8.6* [info patchlevel]
#---
info
#---
info args
#---
info args a b
#---
info body
#---
info exists
#---
info complete
#---
info complete a b
#---
info default f
#---
info level 1 2
#---
info tclversion x
#---
info script a b
#---
info level [list]
#---
proc f {x} {info exists x}; f 1
#---
proc f {} {info exists ::x}; set x 1; f
#---
proc f {} {upvar x y; info exists y}; f
#---
proc f {} {upvar x y; info exists y}; set x 1; f
#---
apply {{} {info level 0}}
#---
apply {{a} {info locals}} 1
#---
apply {{} {info level}}
#---
proc f {a b} {}; rename f g; info args g
#---
proc f {a b} {}; info args ::f
#---
proc f {} { list a ;# comment
#---
 list b}; info body f
#---
string is integer -strict [pid]
#---
package require Tcl
#---
package require Tcl 8.5
#---
package require Tcl 9
#---
package require nosuchpackage
#---
package provide Tcl
#---
package vcompare 1.2 1.10
#---
info nameofexecutable x
