open nosuch
#---
open nosuch r
#---
open nosuch z
#---
open nosuch r x y z
#---
set f [open a w]; puts $f hello; close $f; set f [open a]; set r [read $f]; close $f; set r
#---
set f [open a w]; puts -nonewline $f hello; close $f; file size a
#---
set f [open a w]; puts $f hello; close $f; file size a
#---
set f [open a w]; puts $f "a\nb\nc"; close $f; set f [open a]; while {[gets $f line] >= 0} {lappend r $line}; close $f; set r
#---
set f [open a w]; puts $f "a\nb"; close $f; set f [open a]; set r [list [gets $f] [gets $f] [gets $f] [eof $f]]; close $f; set r
#---
set f [open a w]; puts -nonewline $f "a\nb"; close $f; set f [open a]; set r [list [gets $f x] $x [eof $f] [gets $f x] $x [eof $f] [gets $f x] $x [eof $f]]; close $f; set r
#---
set f [open a w]; close $f; file size a
#---
set f [open a w]; close $f; set f [open a]; set r [list [gets $f x] $x [eof $f]]; close $f; set r
#---
set f [open a w]; puts $f abc; close $f; set f [open a a]; puts $f def; close $f; set f [open a]; set r [read $f]; close $f; set r
#---
set f [open a w]; puts $f abcdef; close $f; set f [open a]; set r [list [read $f 2] [read $f 2] [read $f 10] [read $f]]; close $f; set r
#---
set f [open a w]; puts $f abcdef; close $f; set f [open a]; set r [read -nonewline $f]; close $f; set r
#---
set f [open a w+]; puts $f abc; close $f; set f [open a r+]; set r [gets $f]; close $f; set r
#---
set f [open a w]; gets $f
#---
set f [open a w]; read $f
#---
set f [open a w]; close $f; set f [open a]; puts $f x
#---
set f [open a w]; close $f; puts $f x
#---
set f [open a w]; close $f; close $f
#---
close nosuch
#---
puts nosuch x
#---
gets nosuch
#---
read nosuch
#---
eof nosuch
#---
flush nosuch
#---
fconfigure nosuch
#---
puts
#---
puts a b c d
#---
puts -nonewline
#---
gets
#---
gets a b c
#---
read
#---
close
#---
set f [open a w]; fconfigure $f -encoding
#---
set f [open a w]; fconfigure $f -translation
#---
set f [open a w]; fconfigure $f -buffering
#---
set f [open a w]; fconfigure $f -bogus
#---
set f [open a w]; fconfigure $f -bogus 1
#---
set f [open a w]; fconfigure $f -encoding nosuch
#---
set f [open a w]; fconfigure $f -translation nosuch
#---
set f [open a w]; fconfigure $f -buffering nosuch
#---
set f [open a w]; fconfigure $f -encoding iso8859-1; puts -nonewline $f é; close $f; file size a
#---
set f [open a w]; fconfigure $f -encoding utf-8; puts -nonewline $f é; close $f; file size a
#---
set f [open a w]; fconfigure $f -translation crlf; puts $f a; close $f; file size a
#---
set f [open a w]; fconfigure $f -translation crlf; puts $f a; close $f; set f [open a]; set r [read $f]; close $f; string length $r
#---
set f [open a w]; fconfigure $f -translation crlf; puts $f a; close $f; set f [open a]; fconfigure $f -translation binary; set r [read $f]; close $f; string length $r
#---
set f [open a w]; fconfigure $f -translation cr; puts $f a; close $f; set f [open a]; set r [read $f]; close $f; scan $r %c%c
#---
set f [open a w]; fconfigure $f -encoding iso8859-1; puts -nonewline $f é; close $f; set f [open a]; fconfigure $f -encoding iso8859-1; set r [read $f]; close $f; set r
#---
set f [open a w]; fconfigure $f -buffering line -encoding utf-8; list [fconfigure $f -buffering] [fconfigure $f -encoding]
#---
set f [open a w]; puts $f abc; flush $f; file size a
#---
file exists nosuch
#---
file exists .
#---
file isfile .
#---
file isdirectory .
#---
file isdirectory nosuch
#---
file size nosuch
#---
file mtime nosuch
#---
file mkdir d; file isdirectory d
#---
file mkdir d/e/f; file isdirectory d/e/f
#---
file mkdir d; file mkdir d
#---
close [open a w]; file mkdir a
#---
close [open a w]; file exists a
#---
close [open a w]; file isfile a
#---
close [open a w]; file isdirectory a
#---
close [open a w]; file delete a; file exists a
#---
file delete nosuch
#---
file delete
#---
file mkdir d; file delete d; file exists d
#---
file mkdir d; close [open d/a w]; file delete d
#---
file mkdir d; close [open d/a w]; file delete -force d; file exists d
#---
close [open a w]; close [open b w]; file delete a b; glob -nocomplain *
#---
close [open a w]; file copy a b; lsort [glob *]
#---
close [open a w]; file rename a b; glob *
#---
file copy nosuch b
#---
file rename nosuch b
#---
close [open a w]; close [open b w]; file copy a b
#---
close [open a w]; close [open b w]; file copy -force a b
#---
close [open a w]; close [open b w]; file rename a b
#---
close [open a w]; close [open b w]; file rename -force a b; glob *
#---
file mkdir d; close [open a w]; file copy a d; file exists d/a
#---
file mkdir d; close [open a w]; file rename a d; file exists d/a
#---
file mkdir d; close [open d/a w]; file copy d e; file exists e/a
#---
close [open a w]; close [open b w]; file copy a b nosuch
#---
file copy a
#---
file rename a
#---
glob *
#---
glob -nocomplain *
#---
glob
#---
glob -bogus *
#---
close [open a w]; close [open b w]; lsort [glob *]
#---
close [open a1 w]; close [open a2 w]; close [open b w]; lsort [glob a*]
#---
close [open a1 w]; close [open a2 w]; close [open b w]; lsort [glob {[ab]*}]
#---
close [open a1 w]; close [open a2 w]; close [open b w]; lsort [glob {{a1,b}}]
#---
close [open a1 w]; close [open a2 w]; close [open b w]; lsort [glob a? b]
#---
close [open .hid w]; glob -nocomplain *
#---
close [open .hid w]; glob .h*
#---
file mkdir d; close [open d/a.txt w]; glob d/*.txt
#---
file mkdir d; close [open d/a.txt w]; glob -directory d *
#---
file mkdir d; close [open d/a.txt w]; glob -directory d -tails *
#---
file mkdir d; close [open d/a.txt w]; glob -tails -path d/a *
#---
file mkdir d; close [open a w]; glob -type d *
#---
file mkdir d; close [open a w]; glob -type f *
#---
file mkdir d; close [open a w]; glob -types {f} *
#---
file mkdir d; close [open d/a w]; glob */a
#---
file mkdir d; glob d
#---
glob nosuch
#---
glob nosuch*
#---
glob -tails *
#---
file mkdir d; cd d; file tail [pwd]
#---
cd nosuch
#---
close [open a w]; cd a
#---
file mkdir d; cd d; cd ..; file exists d
#---
cd a b
#---
file join a b
#---
file join a /b
#---
file join
#---
file split /a/b
#---
file split a//b/
#---
file dirname a
#---
file dirname /
#---
file tail /a/b/
#---
file extension a.b.c
#---
file rootname a.b.c
#---
file extension .bashrc
#---
file rootname a/b.c/d
#---
file normalize /a/../b/./c
#---
file normalize /..
#---
file normalize //a
#---
file pathtype a
#---
file pathtype /a
#---
file pathtype ~a
#---
file nativename a/b
#---
file type .
#---
file type nosuch
#---
close [open a w]; file type a
#---
file readable .
#---
file writable nosuch
#---
file executable .
#---
close [open a w]; file executable a
#---
close [open a w]; file readable a
#---
file owned .
#---
file bogus a
#---
file
#---
file exists
#---
file exists a b
#---
file tail
#---
file size
#---
close [open a w]; expr {[file mtime a] > 1000000000}
#---
close [open a w]; file mtime a 1000; file mtime a
#---
close [open a w]; file atime a 1000; file atime a
#---
close [open a w]; file mtime a x
#---
close [open a w]; file stat a s; set s(size)
#---
close [open a w]; file stat a s; set s(type)
#---
close [open a w]; file attributes a -permissions 0600; file attributes a -permissions
#---
file link l a
#---
close [open a w]; file link l a; file type l
#---
close [open a w]; file link -symbolic l a; file readlink l
#---
exec echo hello
#---
exec echo a b {c d}
#---
exec echo -n a
#---
exec printf {a\nb\n}
#---
exec printf {a\n\n}
#---
exec -keepnewline echo a
#---
exec nosuchprogram_x
#---
exec
#---
exec false
#---
catch {exec false} m o; lrange [dict get $o -errorcode] 0 0
#---
catch {exec false} m o; lindex [dict get $o -errorcode] 2
#---
exec sh -c {exit 3}
#---
catch {exec sh -c {exit 3}} m o; list $m [lindex [dict get $o -errorcode] 2]
#---
exec sh -c {echo out; echo err >&2}
#---
catch {exec sh -c {echo out; echo err >&2}} m o; list $m [dict get $o -errorcode]
#---
exec sh -c {echo out; echo err >&2; exit 2}
#---
exec -ignorestderr sh -c {echo out; echo err >&2} 2>/dev/null
#---
exec sh -c {echo err >&2} 2>@1
#---
exec sh -c {echo out; echo err >&2} 2> err; 
#---
exec sh -c {echo out; echo err >&2} 2>/dev/null
#---
exec echo a > out; file size out
#---
exec echo a >> out; exec echo b >> out; file size out
#---
exec echo a >& out; file size out
#---
exec cat << hello
#---
exec cat << "hello\n"
#---
exec cat <<hello
#---
exec echo a | cat
#---
exec echo hello | tr a-z A-Z
#---
exec echo a | sh -c {cat; exit 2}
#---
exec sh -c {exit 2} | cat
#---
exec printf {c\na\nb\n} | sort
#---
exec echo a > out; exec cat < out
#---
exec cat < nosuch
#---
exec echo a >
#---
exec echo a | 
#---
exec | cat
#---
exec echo a | | cat
#---
exec cat <<
#---
exec sh -c {kill -9 $$}
#---
catch {exec sh -c {kill -9 $$}} m o; lreplace [dict get $o -errorcode] 1 1
#---
set f [open a w]; exec echo hi >@ $f; close $f; file size a
#---
set f [open a w]; puts $f hi; close $f; set f [open a]; set r [exec cat <@ $f]; close $f; set r
#---
exec sh -c {echo a; echo b} | sh -c {read x; echo $x}
#---
exec -- echo a
#---
exec -bogus echo a
#---
exec echo $env(HOME_NOSUCH)
#---
set f [open "|echo hi"]; set r [read $f]; close $f; set r
#---
set f [open "|cat" r+]; puts $f hi; flush $f; set r [gets $f]; close $f; set r
#---
set f [open "|false"]; close $f
#---
set f [open "|sh -c {exit 3}"]; catch {close $f} m o; list $m [lindex [dict get $o -errorcode] 2]
#---
set f [open "|nosuchprogram_x"]
#---
set f [open "|cat > out" w]; puts $f hi; close $f; file size out
#---
clock seconds x
#---
clock format
#---
clock bogus
#---
string is integer -strict [clock seconds]
#---
string is entier -strict [clock milliseconds]
#---
string is entier -strict [clock microseconds]
#---
string is entier -strict [clock clicks]
#---
string is entier -strict [clock clicks -milliseconds]
#---
expr {[clock milliseconds] / 1000 - [clock seconds] <= 1}
#---
clock clicks -bogus
#---
clock milliseconds x
