proc parse_options {argv} {
    array set opts {-verbose 0 -name "" -size 10}
    while {[llength $argv] > 0} {
        set arg [lindex $argv 0]
        switch -glob -- $arg {
            -verbose {set opts(-verbose) 1; set argv [lrange $argv 1 end]}
            -name - -size {
                set opts($arg) [lindex $argv 1]
                set argv [lrange $argv 2 end]
            }
            -- {set argv [lrange $argv 1 end]; break}
            -* {error "unknown option \"$arg\""}
            default break
        }
    }
    set r {}
    foreach k [lsort [array names opts]] {lappend r $k $opts($k)}
    return [list $r $argv]
}
list [parse_options {-verbose -name "a b" x y}] [parse_options {-size 5 -- -name}] [catch {parse_options {-bogus}} m] $m
#---
proc getopt {_argv name {_var ""} {default ""}} {
    upvar 1 $_argv argv $_var var
    set pos [lsearch -regexp $argv ^$name]
    if {$pos >= 0} {
        set to $pos
        if {$_var ne ""} {set var [lindex $argv [incr to]]}
        set argv [lreplace $argv $pos $to]
        return 1
    } else {
        if {[llength [info level 0]] == 5} {set var $default}
        return 0
    }
}
set argv {-a -file foo.txt rest -b}
list [getopt argv -a] [getopt argv -file file] $file [getopt argv -x x dflt] $x $argv
#---
proc fib n {
    if {$n < 2} {return $n}
    expr {[fib [expr {$n - 1}]] + [fib [expr {$n - 2}]]}
}
lmap n {0 1 2 3 4 5 10 15} {fib $n}
#---
proc memo_fib n {
    global memo
    if {[info exists memo($n)]} {return $memo($n)}
    if {$n < 2} {return [set memo($n) $n]}
    set memo($n) [expr {[memo_fib [expr {$n-1}]] + [memo_fib [expr {$n-2}]]}]
}
list [memo_fib 100] [array size memo]
#---
proc memoize {} {
    set cmd [info level -1]
    global cache
    if {[info level] > 2 && [lindex [info level -2] 0] eq "memoize"} return
    if {![info exists cache($cmd)]} {set cache($cmd) [eval $cmd]}
    return -code return $cache($cmd)
}
proc square x {memoize; incr ::calls; expr {$x * $x}}
list [square 4] [square 4] [info exists calls]
#---
proc sieve n {
    set marks [lrepeat [expr {$n + 1}] 1]
    for {set i 2} {$i * $i <= $n} {incr i} {
        if {[lindex $marks $i]} {
            for {set j [expr {$i * $i}]} {$j <= $n} {incr j $i} {lset marks $j 0}
        }
    }
    set primes {}
    for {set i 2} {$i <= $n} {incr i} {
        if {[lindex $marks $i]} {lappend primes $i}
    }
    return $primes
}
sieve 100
#---
proc roman n {
    set r ""
    foreach {value letters} {1000 M 900 CM 500 D 400 CD 100 C 90 XC 50 L 40 XL 10 X 9 IX 5 V 4 IV 1 I} {
        while {$n >= $value} {
            append r $letters
            incr n -$value
        }
    }
    return $r
}
lmap n {1 4 9 14 40 90 400 1994 2024 3999} {roman $n}
#---
proc unroman s {
    array set v {I 1 V 5 X 10 L 50 C 100 D 500 M 1000}
    set total 0
    set last 0
    foreach c [lreverse [split $s ""]] {
        set n $v($c)
        if {$n < $last} {incr total -$n} else {incr total $n; set last $n}
    }
    return $total
}
lmap r {I IV IX XIV MCMXCIV MMXXIV} {unroman $r}
#---
proc csv_split {line {sep ,}} {
    set fields {}
    set field ""
    set quoted 0
    set chars [split $line ""]
    for {set i 0} {$i < [llength $chars]} {incr i} {
        set c [lindex $chars $i]
        if {$quoted} {
            if {$c eq "\""} {
                if {[lindex $chars [expr {$i + 1}]] eq "\""} {append field "\""; incr i} else {set quoted 0}
            } else {append field $c}
        } elseif {$c eq "\""} {set quoted 1
        } elseif {$c eq $sep} {lappend fields $field; set field ""
        } else {append field $c}
    }
    lappend fields $field
}
list [csv_split {a,b,c}] [csv_split {"a, b",,"say ""hi""",x}] [csv_split {1;2;3} ";"] [csv_split ""]
#---
proc csv_join row {
    set out {}
    foreach field $row {
        if {[regexp {[",\n]} $field]} {
            set field "\"[string map {\" \"\"} $field]\""
        }
        lappend out $field
    }
    join $out ,
}
csv_join {a {b,c} {say "x"} {} {two
lines}}
#---
proc stack {cmd name args} {
    upvar #0 stack_$name s
    switch -exact -- $cmd {
        push {eval lappend s $args; return [llength $s]}
        pop {
            if {![info exists s] || [llength $s] == 0} {error "stack \"$name\" is empty"}
            set top [lindex $s end]
            set s [lrange $s 0 end-1]
            return $top
        }
        peek {return [lindex $s end]}
        size {if {[info exists s]} {llength $s} else {return 0}}
        default {error "bad command \"$cmd\""}
    }
}
list [stack size a] [stack push a 1 2 3] [stack pop a] [stack peek a] [stack size a] [stack pop a] [stack pop a] [catch {stack pop a} m] $m
#---
proc enqueue {qvar item} {upvar 1 $qvar q; lappend q $item}
proc dequeue {qvar} {
    upvar 1 $qvar q
    set q [lassign $q first]
    return $first
}
set q {}
foreach x {a {b c} d} {enqueue q $x}
set r {}
while {[llength $q]} {lappend r [dequeue q]}
list $r $q
#---
proc walk {tree {depth 0}} {
    lassign $tree name children
    set out "[string repeat {  } $depth]$name\n"
    foreach child $children {append out [walk $child [expr {$depth + 1}]]}
    return $out
}
walk {root {{a {{a1 {}} {a2 {}}}} {b {}} {{c d} {{e {{f {}}}}}}}}
#---
proc flatten lst {
    set prev {}
    while {$lst ne $prev} {
        set prev $lst
        set lst [eval concat $lst]
    }
    return $lst
}
flatten {1 {2 3 {4 5 {6}}} 7 {{8}}}
#---
proc deep_reverse {l depth} {
    if {$depth == 0} {return $l}
    set r {}
    foreach x $l {set r [linsert $r 0 [deep_reverse $x [expr {$depth - 1}]]]}
    return $r
}
list [deep_reverse {{1 2} {3 4} {5 {6 7}}} 1] [deep_reverse {{1 2} {3 4} {5 {6 7}}} 2]
#---
proc lremove {listVar args} {
    upvar 1 $listVar l
    foreach x $args {
        while {[set i [lsearch -exact $l $x]] >= 0} {set l [lreplace $l $i $i]}
    }
    return $l
}
set l {a b c a d b}
lremove l a b
set l
#---
proc K {x y} {return $x}
proc lpop_ {listVar} {upvar 1 $listVar l; K [lindex $l end] [set l [lrange $l 0 end-1]]}
set l {1 2 3}
list [lpop_ l] [lpop_ l] $l
#---
proc gcd {a b} {
    while {$b} {lassign [list $b [expr {$a % $b}]] a b}
    return $a
}
proc lcm {a b} {expr {$a / [gcd $a $b] * $b}}
list [gcd 48 18] [gcd 17 5] [lcm 4 6] [gcd 123456789012345678901234567890 9876543210]
#---
proc hanoi {n from to via} {
    if {$n == 0} return
    hanoi [expr {$n - 1}] $from $via $to
    lappend ::moves $from$to
    hanoi [expr {$n - 1}] $via $to $from
}
hanoi 4 A C B
list [llength $moves] $moves
#---
proc permutations lst {
    if {[llength $lst] <= 1} {return [list $lst]}
    set res {}
    set i 0
    foreach x $lst {
        foreach p [permutations [lreplace $lst $i $i]] {lappend res [linsert $p 0 $x]}
        incr i
    }
    return $res
}
permutations {a b {c d}}
#---
proc combos {l k} {
    if {$k == 0} {return {{}}}
    set r {}
    for {set i 0} {$i < [llength $l]} {incr i} {
        foreach rest [combos [lrange $l $i+1 end] [expr {$k - 1}]] {
            lappend r [concat [list [lindex $l $i]] $rest]
        }
    }
    return $r
}
combos {a b c d} 2
#---
proc quicksort l {
    if {[llength $l] < 2} {return $l}
    set pivot [lindex $l 0]
    set less {}; set same {}; set more {}
    foreach x $l {
        if {$x < $pivot} {lappend less $x} elseif {$x > $pivot} {lappend more $x} else {lappend same $x}
    }
    concat [quicksort $less] $same [quicksort $more]
}
list [quicksort {3 1 4 1 5 9 2 6 5 3 5}] [quicksort {pear apple fig}] [quicksort {10 9 1.5 1e2}]
#---
proc bubble l {
    set n [llength $l]
    for {set i 0} {$i < $n} {incr i} {
        for {set j 0} {$j < $n - $i - 1} {incr j} {
            set a [lindex $l $j]
            set b [lindex $l [expr {$j + 1}]]
            if {$a > $b} {lset l $j $b; lset l [expr {$j + 1}] $a}
        }
    }
    return $l
}
bubble {5 2 9 1 5 6 -3}
#---
proc bsearch {l x} {
    set lo 0
    set hi [expr {[llength $l] - 1}]
    while {$lo <= $hi} {
        set mid [expr {($lo + $hi) / 2}]
        set v [lindex $l $mid]
        if {$v == $x} {return $mid}
        if {$v < $x} {set lo [expr {$mid + 1}]} else {set hi [expr {$mid - 1}]}
    }
    return -1
}
set l {1 3 5 7 9 11}
lmap x {1 5 11 4 0 12} {bsearch $l $x}
#---
proc tokens s {
    set r {}
    while {[string length $s]} {
        switch -regexp -matchvar m -- $s {
            {^\s+} {}
            {^\d+(\.\d+)?} {lappend r [list num [lindex $m 0]]}
            {^[A-Za-z_]\w*} {lappend r [list id [lindex $m 0]]}
            {^[-+*/()=]} {lappend r [list op [lindex $m 0]]}
            default {error "bad character \"[string index $s 0]\" at \"$s\""}
        }
        set s [string range $s [string length [lindex $m 0]] end]
    }
    return $r
}
list [tokens {x1 = 3.5*(y + 42)}] [catch {tokens {a ? b}} m] $m
#---
proc machine input {
    set state start
    set out {}
    foreach c [split $input ""] {
        switch -regexp -- "$state,$c" {
            {^start,[0-9]} {set state number; set buffer $c}
            {^start,[a-z]} {set state word; set buffer $c}
            {^start,} {}
            {^number,[0-9]} - {^word,[a-z0-9]} {append buffer $c}
            {^(number|word),\s} {lappend out $state:$buffer; set state start}
            default {set state error; break}
        }
    }
    if {$state in {number word}} {lappend out $state:$buffer}
    list $state $out
}
list [machine "abc 12 x9 7"] [machine "12a"] [machine ""]
#---
set state idle
set log {}
foreach event {coin push push coin coin push} {
    switch -glob -- $state/$event {
        idle/coin {set state ready}
        ready/push {set state idle; lappend log open}
        ready/coin {lappend log refund}
        */push {lappend log blocked}
    }
}
list $state $log
#---
proc rpn expr {
    set stack {}
    foreach t $expr {
        switch -exact -- $t {
            + - - - * - / {
                if {[llength $stack] < 2} {return -code error "stack underflow at \"$t\""}
                set b [lindex $stack end]
                set a [lindex $stack end-1]
                set stack [lrange $stack 0 end-2]
                lappend stack [expr $a $t $b]
            }
            default {
                if {![string is double -strict $t]} {error "not a number: $t"}
                lappend stack $t
            }
        }
    }
    return $stack
}
list [rpn {3 4 + 2 *}] [rpn {10 4 /}] [catch {rpn {1 +}} m] $m [catch {rpn {a}} m] $m [catch {rpn {1 0 /}} m] $m
#---
proc template {text args} {
    array set vars $args
    set r ""
    while {[regexp {^(.*?)\{\{(\w+)\}\}(.*)$} $text -> before name text]} {
        append r $before
        if {[info exists vars($name)]} {append r $vars($name)} else {append r <$name?>}
    }
    append r $text
}
template "Dear {{name}}, you owe {{sum}} to {{who}}." name "Ann B" sum {$5}
#---
proc expand {template} {uplevel 1 [list subst -nocommands -nobackslashes $template]}
proc f {} {set who World; set n 3; expand {Hello $who, $n times [not run] \n}}
f
#---
proc html_escape s {string map {& &amp; < &lt; > &gt; \" &quot;} $s}
proc tag {name attrs args} {
    set r "<$name"
    foreach {k v} $attrs {append r " $k=\"[html_escape $v]\""}
    append r > [join $args ""] </$name>
}
tag div {class "a & b" id x} [tag b {} [html_escape "1 < 2"]] [tag i {}]
#---
proc urlencode s {
    set r ""
    foreach c [split $s ""] {
        if {[string match {[a-zA-Z0-9_.~-]} $c]} {append r $c} elseif {$c eq " "} {append r +} else {append r %[format %02X [scan $c %c]]}
    }
    return $r
}
proc urldecode s {
    set s [string map {+ { } \\ \\\\ \[ \\\[ \] \\\] \$ \\\$} $s]
    regsub -all {%([0-9A-Fa-f]{2})} $s {\\u00\1} s
    subst -nocommands -novariables $s
}
list [urlencode {a b&c=d/[e]$}] [urldecode a+b%26c%3Dd%2F%5Be%5D%24] [urldecode [urlencode "x \\ y"]]
#---
proc querystring {dict} {
    set pairs {}
    dict for {k v} $dict {lappend pairs $k=$v}
    join $pairs &
}
proc parsequery s {
    set d {}
    foreach pair [split $s &] {
        lassign [split $pair =] k v
        dict lappend d $k $v
    }
    return $d
}
list [querystring {a 1 b {}}] [parsequery a=1&b=2&a=3&c]
#---
proc count_words text {
    foreach word [regexp -all -inline {\w+} [string tolower $text]] {incr count($word)}
    set r {}
    foreach {w n} [array get count] {lappend r [list $w $n]}
    lsort -integer -decreasing -index 1 [lsort -index 0 $r]
}
count_words "The cat and the dog and the bird. The END"
#---
proc wrap {text width} {
    set lines {}
    set line ""
    foreach word $text {
        if {[string length $line] + [string length $word] + 1 > $width && $line ne ""} {
            lappend lines $line
            set line $word
        } else {
            append line [expr {$line eq "" ? "" : " "}] $word
        }
    }
    lappend lines $line
    join $lines \n
}
wrap "the quick brown fox jumps over the lazy dog again and again" 16
#---
proc table rows {
    foreach row $rows {
        set c 0
        foreach cell $row {
            set n [string length $cell]
            if {![info exists width($c)] || $n > $width($c)} {set width($c) $n}
            incr c
        }
    }
    set out ""
    foreach row $rows {
        set c 0
        set line {}
        foreach cell $row {
            lappend line [format %-*s $width($c) $cell]
            incr c
        }
        append out [string trimright [join $line " | "]] \n
    }
    return $out
}
table {{name age city} {Ann 30 Berlin} {Bartholomew 5 Ulm}}
#---
proc commify n {
    while {[regsub {^([-+]?\d+)(\d{3})} $n {\1,\2} n]} {}
    return $n
}
lmap n {1 12 123 1234 1234567 -1234567 1234567.891} {commify $n}
#---
proc commas n {
    while {[regexp {^(-?\d+)(\d\d\d)(.*)$} $n all a b c]} {set n $a,$b$c}
    set n
}
list [commas 1] [commas 1000] [commas 123456789] [commas -9999999]
#---
proc caesar {s n} {
    set r ""
    foreach c [split $s {}] {
        scan $c %c i
        if {[string is upper $c]} {
            append r [format %c [expr {($i - 65 + $n) % 26 + 65}]]
        } elseif {[string is lower $c]} {
            append r [format %c [expr {($i - 97 + $n) % 26 + 97}]]
        } else {append r $c}
    }
    return $r
}
list [caesar "Hello, World!" 3] [caesar [caesar "Hello, World!" 3] -3]
#---
proc palindrome s {
    set s [regsub -all {[^a-z]} [string tolower $s] {}]
    expr {$s eq [string reverse $s]}
}
list [palindrome "A man, a plan, a canal: Panama"] [palindrome "hello"]
#---
proc anagrams words {
    foreach w $words {lappend groups([join [lsort [split $w ""]] ""]) $w}
    set r {}
    foreach k [lsort [array names groups]] {
        if {[llength $groups($k)] > 1} {lappend r $groups($k)}
    }
    return $r
}
anagrams {tea eat ate tan nat bat listen silent}
#---
proc tobase {n base} {
    set digits 0123456789abcdefghijklmnopqrstuvwxyz
    if {$n == 0} {return 0}
    set neg [expr {$n < 0}]
    set n [expr {abs($n)}]
    set r ""
    while {$n > 0} {
        set r [string index $digits [expr {$n % $base}]]$r
        set n [expr {$n / $base}]
    }
    return [expr {$neg ? "-" : ""}]$r
}
list [tobase 255 16] [tobase 255 2] [tobase -10 3] [tobase 0 7] [tobase 123456789012345678901234567890 36]
#---
proc foreach-with-index {ivar xvar list body} {
    upvar 1 $ivar i $xvar x
    set i 0
    foreach x $list {
        uplevel 1 $body
        incr i
    }
}
proc f {} {
    foreach-with-index i x {a b c} {lappend r $i=$x}
    return $r
}
f
#---
proc unless {cond body} {if {![uplevel 1 [list expr $cond]]} {uplevel 1 $body}}
set x 5
unless {$x > 10} {set y small}
unless {$x > 1} {set y big}
set y
#---
proc until {cond body} {
    while {![uplevel 1 [list expr $cond]]} {
        set code [catch {uplevel 1 $body} result]
        switch -- $code {
            0 {}
            1 {return -code error -errorinfo $::errorInfo -errorcode $::errorCode $result}
            2 {return -code return $result}
            3 {return}
            4 {}
            default {return -code $code $result}
        }
    }
}
proc f {} {
    set i 0
    until {$i >= 10} {
        incr i
        if {$i % 2} continue
        lappend r $i
        if {$i == 6} break
    }
    return $r
}
proc g {} {until {0} {return found}; return lost}
list [f] [g] [catch {until 0 {error oops}} m] $m
#---
proc with-var {name value body} {
    upvar 1 $name v
    set had [info exists v]
    if {$had} {set old $v}
    set v $value
    set code [catch {uplevel 1 $body} result options]
    if {$had} {set v $old} else {unset v}
    dict incr options -level
    return -options $options $result
}
set x 1
list [with-var x 2 {expr {$x * 10}}] $x [with-var y 3 {set y}] [info exists y] [catch {with-var x 9 {error "x is $x"}} m] $m $x
#---
proc loop {var from to body} {
    upvar 1 $var i
    for {set i $from} {$i < $to} {incr i} {
        switch [catch {uplevel 1 $body} msg] {
            0 {}
            1 {return -code error $msg}
            2 {return -code return $msg}
            3 {return}
            4 {}
        }
    }
}
set r {}
loop i 0 10 {
    if {$i == 2} continue
    if {$i == 5} break
    lappend r $i
}
list $r $i
#---
proc assert {cond {msg ""}} {
    if {![uplevel 1 expr [list $cond]]} {
        if {$msg eq ""} {set msg "assertion failed: $cond"}
        return -code error -errorcode ASSERT $msg
    }
}
set x 3
list [catch {assert {$x == 3}}] [catch {assert {$x > 5}} m] $m $errorCode
#---
proc try_ {body handler} {
    if {[catch {uplevel 1 $body} msg]} {
        upvar 1 err err
        set err $msg
        uplevel 1 $handler
    } else {return $msg}
}
list [try_ {expr 1+1} {list failed}] [try_ {error boom} {list handled $err}]
#---
proc curry {cmd args} {list {*}$cmd {*}$args}
proc map {f l} {lmap x $l {{*}$f $x}}
proc filter {f l} {
    set r {}
    foreach x $l {if {[{*}$f $x]} {lappend r $x}}
    return $r
}
proc fold {f init l} {foreach x $l {set init [{*}$f $init $x]}; return $init}
proc add {a b} {expr {$a + $b}}
list [map [curry add 10] {1 2 3}] [filter {apply {x {expr {$x % 2}}}} {1 2 3 4 5}] [fold add 0 {1 2 3 4}] [fold {apply {{a b} {expr {max($a, $b)}}}} 0 {3 9 2}]
#---
proc compose {f g} {list apply {{f g x} {{*}$f [{*}$g $x]}} $f $g}
set inc {apply {x {expr {$x + 1}}}}
set dbl {apply {x {expr {$x * 2}}}}
list [{*}[compose $inc $dbl] 5] [{*}[compose $dbl $inc] 5] [{*}[compose [compose $inc $inc] $dbl] 5]
#---
proc counter {name {start 0}} {
    proc $name {{by 1}} [string map [list %S $start %N $name] {
        global counter_%N
        if {![info exists counter_%N]} {set counter_%N %S}
        incr counter_%N $by
    }]
}
counter tick 10
counter tock
list [tick] [tick 5] [tock] [tick] [tock -3]
#---
proc object {name args} {
    upvar #0 obj_$name self
    array set self $args
    proc $name {method args} [format {
        upvar #0 obj_%s self
        switch -- $method {
            get {return $self([lindex $args 0])}
            set {set self([lindex $args 0]) [lindex $args 1]}
            keys {lsort [array names self]}
            destroy {unset self; rename %s {}}
            default {return -code error "no method \"$method\""}
        }
    } $name $name]
    return $name
}
object p x 1 y 2
list [p get x] [p set z 9] [p keys] [catch {p fly} m] $m [p destroy] [info commands p] [catch {p get x} m] $m
#---
proc account {op {amount 0}} {
    upvar #0 balance balance
    if {![info exists balance]} {set balance 0}
    switch $op {
        deposit {incr balance $amount}
        withdraw {
            if {$amount > $balance} {throw {ACCOUNT FUNDS} "insufficient funds: have $balance, need $amount"}
            incr balance -$amount
        }
        balance {return $balance}
    }
}
account deposit 100
account withdraw 30
set r [try {account withdraw 500} trap {ACCOUNT FUNDS} msg {list refused $msg}]
list $r [account balance]
#---
proc matmul {a b} {
    set bt {}
    for {set j 0} {$j < [llength [lindex $b 0]]} {incr j} {lappend bt [lmap row $b {lindex $row $j}]}
    lmap row $a {
        lmap col $bt {
            set s 0
            foreach x $row y $col {set s [expr {$s + $x * $y}]}
            set s
        }
    }
}
list [matmul {{1 2} {3 4}} {{5 6} {7 8}}] [matmul {{1 0 2}} {{1} {2} {3.5}}]
#---
proc transpose m {
    set r {}
    set cols [llength [lindex $m 0]]
    for {set i 0} {$i < $cols} {incr i} {lappend r [lmap row $m {lindex $row $i}]}
    return $r
}
transpose {{1 2 3} {4 5 6} {a {b c} {}}}
#---
proc life cells {
    array set n {}
    foreach c $cells {
        lassign $c x y
        set alive($x,$y) 1
        foreach dx {-1 0 1} {
            foreach dy {-1 0 1} {
                if {$dx || $dy} {incr n([expr {$x + $dx}],[expr {$y + $dy}])}
            }
        }
    }
    set next {}
    foreach k [array names n] {
        if {$n($k) == 3 || ($n($k) == 2 && [info exists alive($k)])} {lappend next [split $k ,]}
    }
    lsort $next
}
list [life {{0 1} {1 1} {2 1}}] [life [life {{0 1} {1 1} {2 1}}]]
#---
proc collatz n {
    set r $n
    while {$n != 1} {
        set n [expr {$n % 2 ? 3 * $n + 1 : $n / 2}]
        lappend r $n
    }
    return $r
}
list [collatz 6] [llength [collatz 27]]
#---
proc factorize n {
    set f {}
    for {set p 2} {$p * $p <= $n} {incr p} {
        while {$n % $p == 0} {lappend f $p; set n [expr {$n / $p}]}
    }
    if {$n > 1} {lappend f $n}
    return $f
}
lmap n {2 12 97 360 1001 65536} {factorize $n}
#---
proc ackermann {m n} {
    if {$m == 0} {return [incr n]}
    if {$n == 0} {return [ackermann [incr m -1] 1]}
    ackermann [expr {$m - 1}] [ackermann $m [incr n -1]]
}
list [ackermann 1 2] [ackermann 2 3]
#---
proc pascal n {
    set row 1
    set rows [list $row]
    for {set i 1} {$i < $n} {incr i} {
        set next 1
        for {set j 1} {$j < $i} {incr j} {
            lappend next [expr {[lindex $row $j-1] + [lindex $row $j]}]
        }
        lappend next 1
        set row $next
        lappend rows $row
    }
    return $rows
}
pascal 7
#---
proc newton x {
    set g [expr {$x / 2.0}]
    while {abs($g * $g - $x) > 1e-9} {set g [expr {($g + $x / $g) / 2}]}
    format %.6f $g
}
list [newton 2] [newton 9] [newton 1e6]
#---
proc stats l {
    set n [llength $l]
    set sum 0.0
    foreach x $l {set sum [expr {$sum + $x}]}
    set mean [expr {$sum / $n}]
    set var 0
    foreach x $l {set var [expr {$var + ($x - $mean) ** 2}]}
    set sorted [lsort -real $l]
    set mid [expr {$n / 2}]
    set median [expr {$n % 2 ? [lindex $sorted $mid] : ([lindex $sorted $mid-1] + [lindex $sorted $mid]) / 2.0}]
    list $mean [format %.4f [expr {sqrt($var / $n)}]] $median
}
list [stats {1 2 3 4}] [stats {5 1 9}]
#---
set config {
    # a comment
    host = example.org
    port=8080

    [section two]
    path = /usr/local/bin
    bad line
}
set section main
set result {}
set n 0
foreach line [split $config \n] {
    incr n
    set line [string trim $line]
    switch -regexp -matchvar m -- $line {
        {^$} - {^#} continue
        {^\[(.*)\]$} {set section [lindex $m 1]}
        {^(\w+)\s*=\s*(.*)$} {dict set result $section [lindex $m 1] [lindex $m 2]}
        default {dict lappend result errors "line $n: $line"}
    }
}
set result
#---
proc dict_path {d args} {
    foreach key $args {
        if {[catch {set d [dict get $d $key]}]} {return "no $key"}
    }
    return $d
}
set conf {server {host h ports {http 80 https 443}} debug 0}
list [dict_path $conf server ports https] [dict_path $conf server nope] [dict_path $conf debug]
#---
proc invert d {
    set r {}
    dict for {k v} $d {dict lappend r $v $k}
    return $r
}
invert {a 1 b 2 c 1 d {x y} e {x y}}
#---
proc dict_walk {d {prefix ""}} {
    set r {}
    dict for {k v} $d {
        if {[llength $v] % 2 == 0 && [llength $v] > 0} {
            lappend r {*}[dict_walk $v $prefix$k.]
        } else {
            lappend r $prefix$k=$v
        }
    }
    return $r
}
dict_walk {a 1 b {c 2 d {e 3 f 4}} g x}
#---
set inventory {}
foreach {item qty price} {apple 3 0.5 pear 2 0.75 fig 10 0.1 apple 2 0.5} {
    dict incr inventory $item $qty
    dict set prices $item $price
}
set total 0
dict for {item qty} $inventory {
    set total [expr {$total + $qty * [dict get $prices $item]}]
}
list $inventory [format %.2f $total] [lsort [dict keys $inventory]]
#---
proc graph_path {edges from to} {
    foreach {a b} $edges {lappend next($a) $b; lappend next($b) $a}
    set queue [list [list $from]]
    set seen($from) 1
    while {[llength $queue]} {
        set queue [lassign $queue path]
        set last [lindex $path end]
        if {$last eq $to} {return $path}
        foreach n $next($last) {
            if {[info exists seen($n)]} continue
            set seen($n) 1
            lappend queue [concat $path $n]
        }
    }
    return {}
}
list [graph_path {a b b c c d a e e d d f} a f] [graph_path {a b c d} a d]
#---
proc toposort deps {
    set order {}
    set seen {}
    proc visit {n deps orderVar seenVar} {
        upvar 1 $orderVar order $seenVar seen
        if {$n in $seen} return
        lappend seen $n
        if {[dict exists $deps $n]} {
            foreach d [dict get $deps $n] {visit $d $deps order seen}
        }
        lappend order $n
    }
    foreach n [lsort [dict keys $deps]] {visit $n $deps order seen}
    return $order
}
toposort {app {lib util} lib {core} util {core} core {}}
#---
proc make_tree {} {return {}}
proc insert {tree key} {
    if {$tree eq {}} {return [list $key {} {}]}
    lassign $tree k left right
    if {$key < $k} {set left [insert $left $key]} elseif {$key > $k} {set right [insert $right $key]}
    list $k $left $right
}
proc inorder tree {
    if {$tree eq {}} return
    lassign $tree k left right
    concat [inorder $left] $k [inorder $right]
}
set t [make_tree]
foreach x {5 2 8 1 9 3 5} {set t [insert $t $x]}
list [inorder $t] $t
#---
proc queens n {
    set solutions 0
    place $n {} solutions
    return $solutions
}
proc place {n rows countVar} {
    upvar 1 $countVar count
    set col [llength $rows]
    if {$col == $n} {incr count; return}
    for {set r 0} {$r < $n} {incr r} {
        set ok 1
        for {set c 0} {$c < $col} {incr c} {
            set q [lindex $rows $c]
            if {$q == $r || abs($q - $r) == $col - $c} {set ok 0; break}
        }
        if {$ok} {place $n [concat $rows $r] count}
    }
}
list [queens 4] [queens 5]
#---
proc run_length s {
    set r {}
    foreach {all c} [regexp -all -inline {(.)\1*} $s] {append r [string length $all]$c}
    return $r
}
proc run_expand s {
    set r ""
    foreach {- n c} [regexp -all -inline {(\d+)(\D)} $s] {append r [string repeat $c $n]}
    return $r
}
list [run_length aaabccdddd] [run_expand 3a1b2c] [run_expand [run_length wwwwwwwwwwwwb]]
#---
proc hexdump s {
    set out ""
    for {set i 0} {$i < [string length $s]} {incr i 8} {
        set part [string range $s $i $i+7]
        set hex {}
        foreach c [split $part ""] {lappend hex [format %02x [scan $c %c]]}
        append out [format "%04x  %-23s  %s\n" $i $hex [regsub -all {[^ -~]} $part .]]
    }
    return $out
}
hexdump "Hello\tWorld\n\x00binary"
#---
proc json_string s {return "\"[string map {\\ \\\\ \" \\\" \n \\n \t \\t} $s]\""}
proc json_list l {return "\[[join [lmap x $l {json_string $x}] {, }]\]"}
proc json_object d {
    set parts {}
    dict for {k v} $d {lappend parts "[json_string $k]: [json_string $v]"}
    return "{[join $parts {, }]}"
}
list [json_list {a "b c" {d"e}}] [json_object {name {Ann "X" B} note "two\nlines"}]
#---
proc ensemble {name map} {
    proc $name {sub args} [string map [list %MAP% [list $map] %NAME% $name] {
        set map %MAP%
        set found [lsearch -all -inline -glob [dict keys $map] $sub*]
        if {$sub in $found} {set found [list $sub]}
        switch [llength $found] {
            1 {return [uplevel 1 [dict get $map [lindex $found 0]] $args]}
            0 {error "unknown subcommand \"$sub\": must be [join [lsort [dict keys $map]] {, }]"}
            default {error "ambiguous subcommand \"$sub\": [join [lsort $found] {, }]"}
        }
    }]
}
ensemble str {length {string length} lower {string tolower} upper {string toupper}}
list [str length abc] [str u abc] [catch {str l x} m] $m [catch {str z} m] $m
#---
proc log {level msg} {
    global loglevel lines
    set levels {debug info warn error}
    if {[lsearch $levels $level] < [lsearch $levels $loglevel]} return
    lappend lines [format {%-5s %s} [string toupper $level] $msg]
}
set loglevel info
foreach {level msg} {debug hidden info "started up" warn careful error "it broke"} {log $level $msg}
join $lines \n
#---
proc retry {times body} {
    for {set i 1} {$i <= $times} {incr i} {
        if {![catch {uplevel 1 $body} result options]} {return $result}
    }
    return -options [dict incr options -level] "after $times tries: $result"
}
set n 0
list [retry 5 {incr n; if {$n < 3} {error "not yet"}; set n}] [catch {retry 2 {error never}} m] $m
#---
proc defer {script} {upvar 1 deferred d; lappend d $script}
proc run body {
    set deferred {}
    set code [catch $body result options]
    foreach script [lreverse $deferred] $script
    return -options $options $result
}
proc run2 body {
    set deferred {}
    set code [catch $body result]
    foreach script [lreverse $deferred] {eval $script}
    list $code $result
}
set log {}
list [run2 {defer {lappend ::log one}; defer {lappend ::log two}; lappend ::log body; error x}] $log
#---
rename puts original_puts
set out {}
proc puts args {
    if {[llength $args] == 1} {append ::out [lindex $args 0] \n; return}
    if {[lindex $args 0] eq "-nonewline" && [llength $args] == 2} {append ::out [lindex $args 1]; return}
    original_puts {*}$args
}
puts hello
puts -nonewline "no newline"
puts ""
rename puts {}
rename original_puts puts
set out
#---
proc unknown {name args} {
    if {[string is integer -strict $name]} {return [expr $name $args]}
    if {[regexp {^get_(\w+)$} $name -> var]} {return [uplevel 1 [list set $var]]}
    return -code error "what is \"$name\"?"
}
set color blue
list [3 + 4] [get_color] [catch {fly away} m] $m
#---
set result {}
for {set i 1} {$i <= 15} {incr i} {
    if {$i % 15 == 0} {
        lappend result FizzBuzz
    } elseif {$i % 3 == 0} {
        lappend result Fizz
    } elseif {$i % 5 == 0} {
        lappend result Buzz
    } else {
        lappend result $i
    }
}
set result
#---
proc lcs {a b} {
    set n [string length $a]
    set m [string length $b]
    for {set i 0} {$i <= $n} {incr i} {set t($i,0) ""}
    for {set j 0} {$j <= $m} {incr j} {set t(0,$j) ""}
    for {set i 1} {$i <= $n} {incr i} {
        set i1 [expr {$i - 1}]
        for {set j 1} {$j <= $m} {incr j} {
            set j1 [expr {$j - 1}]
            set c [string index $a $i1]
            if {$c eq [string index $b $j1]} {
                set t($i,$j) $t($i1,$j1)$c
            } elseif {[string length $t($i1,$j)] >= [string length $t($i,$j1)]} {
                set t($i,$j) $t($i1,$j)
            } else {
                set t($i,$j) $t($i,$j1)
            }
        }
    }
    return $t($n,$m)
}
list [lcs AGGTAB GXTXAYB] [lcs abcdef acf]
#---
proc levenshtein {s t} {
    set prev {}
    for {set j 0} {$j <= [string length $t]} {incr j} {lappend prev $j}
    set i 0
    foreach cs [split $s ""] {
        set row [incr i]
        set j 0
        foreach ct [split $t ""] {
            set cost [expr {$cs ne $ct}]
            lappend row [expr {min([lindex $row end] + 1, [lindex $prev $j+1] + 1, [lindex $prev $j] + $cost)}]
            incr j
        }
        set prev $row
    }
    lindex $prev end
}
list [levenshtein kitten sitting] [levenshtein "" abc] [levenshtein flaw lawn]
#---
proc soundex s {
    set s [string toupper $s]
    set code [string index $s 0]
    set digits [string map {A 0 E 0 I 0 O 0 U 0 H 0 W 0 Y 0 B 1 F 1 P 1 V 1 C 2 G 2 J 2 K 2 Q 2 S 2 X 2 Z 2 D 3 T 3 L 4 M 5 N 5 R 6} $s]
    regsub -all {(.)\1+} $digits {\1} digits
    regsub -all 0 [string range $digits 1 end] {} digits
    string range $code${digits}000 0 3
}
lmap n {Robert Rupert Ashcraft Tymczak Pfister} {soundex $n}
#---
proc isbn13 s {
    set s [string map {- {} { } {}} $s]
    if {![regexp {^\d{13}$} $s]} {return 0}
    set sum 0
    set w 1
    foreach d [split $s ""] {incr sum [expr {$d * $w}]; set w [expr {4 - $w}]}
    expr {$sum % 10 == 0}
}
list [isbn13 978-0-306-40615-7] [isbn13 978-0-306-40615-8] [isbn13 abc]
#---
proc luhn n {
    set sum 0
    set double 0
    foreach d [lreverse [split $n ""]] {
        if {$double} {incr d $d; if {$d > 9} {incr d -9}}
        incr sum $d
        set double [expr {!$double}]
    }
    expr {$sum % 10 == 0}
}
lmap n {79927398713 79927398710 4539578763621486 0} {luhn $n}
#---
proc leap y {expr {$y % 4 == 0 && ($y % 100 != 0 || $y % 400 == 0)}}
proc days {y m} {
    switch $m {
        4 - 6 - 9 - 11 {return 30}
        2 {return [expr {28 + [leap $y]}]}
    }
    return 31
}
list [lmap y {1900 2000 2023 2024} {leap $y}] [lmap m {1 2 4 12} {days 2024 $m}] [clock format [expr {86400 * 59}] -gmt 1 -format {%d %b %Y}]
#---
proc change {amount coins} {
    set ways [lrepeat [expr {$amount + 1}] 0]
    lset ways 0 1
    foreach c $coins {
        for {set i $c} {$i <= $amount} {incr i} {
            lset ways $i [expr {[lindex $ways $i] + [lindex $ways [expr {$i - $c}]]}]
        }
    }
    lindex $ways end
}
list [change 100 {1 5 10 25 50}] [change 5 {2}]
#---
set data {
    {Smith John 42}
    {Jones Ann 37}
    {Brown Bob 42}
    {Adams Zoe 9}
}
proc by_age {a b} {
    set d [expr {[lindex $a 2] - [lindex $b 2]}]
    if {$d} {return $d}
    string compare [lindex $a 0] [lindex $b 0]
}
list [lsort -command by_age $data] [lsort -index 1 $data] [lsort -integer -decreasing -index 2 $data]
#---
proc interp_args {spec args} {
    set result {}
    foreach {name default} $spec {dict set result $name $default}
    foreach {name value} $args {
        if {![dict exists $spec $name]} {
            return -code error "bad option \"$name\": must be [join [dict keys $spec] ", "]"
        }
        dict set result $name $value
    }
    return $result
}
list [interp_args {-a 1 -b 2} -b 5] [catch {interp_args {-a 1 -b 2} -c 5} m] $m
#---
proc lazy {name body} {
    uplevel 1 [list set $name [list pending $body]]
}
proc force name {
    upvar 1 $name v
    if {[lindex $v 0] eq "pending"} {set v [list done [uplevel 1 [lindex $v 1]]]}
    lindex $v 1
}
set n 0
lazy x {incr n; expr {6 * 7}}
list [force x] [force x] $n
#---
proc lshift {listVar {count 1}} {
    upvar 1 $listVar l
    if {![info exists l]} {return -code error "can't read \"$listVar\": no such variable"}
    set r [lrange $l 0 [expr {$count - 1}]]
    set l [lreplace $l 0 [expr {$count - 1}]]
    return $r
}
set argv {a b c d e}
list [lshift argv] [lshift argv 2] $argv [catch {lshift nosuch} m] $m
#---
proc range {from {to ""} {step 1}} {
    if {$to eq ""} {set to $from; set from 0}
    if {$step == 0} {error "step is 0"}
    set r {}
    for {set i $from} {$step > 0 ? $i < $to : $i > $to} {incr i $step} {lappend r $i}
    return $r
}
list [range 5] [range 2 5] [range 10 0 -3] [range 0] [catch {range 1 2 0} m] $m
#---
proc brackets s {
    set stack {}
    array set pair {) ( ] [ \} \{}
    foreach c [split $s ""] {
        switch -- $c {
            ( - \[ - \{ {lappend stack $c}
            ) - \] - \} {
                if {[lindex $stack end] ne $pair($c)} {return 0}
                set stack [lrange $stack 0 end-1]
            }
        }
    }
    expr {[llength $stack] == 0}
}
list [brackets "a(b\[c\]{d})"] [brackets "(\]"] [brackets "(("] [brackets ""]
#---
proc calc s {
    set pos 0
    set toks [regexp -all -inline {\d+(?:\.\d+)?|[-+*/()]} $s]
    set v [calc_sum]
    if {$pos < [llength $toks]} {error "junk \"[lindex $toks $pos]\""}
    return $v
}
proc peek {} {upvar #1 toks toks pos pos; lindex $toks $pos}
proc next {} {upvar #1 toks toks pos pos; incr pos; lindex $toks $pos-1}
proc calc_sum {} {
    set v [calc_prod]
    while {[peek] in {+ -}} {
        set op [next]
        set v [expr "$v $op [calc_prod]"]
    }
    return $v
}
proc calc_prod {} {
    set v [calc_atom]
    while {[peek] in {* /}} {
        set op [next]
        set v [expr "$v $op [calc_atom]"]
    }
    return $v
}
proc calc_atom {} {
    set t [next]
    switch -- $t {
        ( {set v [calc_sum]; next; return $v}
        - {return [expr {-[calc_atom]}]}
        default {return $t}
    }
}
proc main {} {list [calc "1+2*3"] [calc "(1+2)*-3"] [calc "2*(3+(4-1))/4.0"] [catch {calc "1 2"} m] $m}
list [calc "1+2*3"] [calc "(1+2)*-3"] [calc "10/4"] [calc "10/4.0"]
