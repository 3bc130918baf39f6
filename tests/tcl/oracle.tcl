# Runs scripts for oracle.py. argv: where requests come from, where answers go, the directory to run in.
#
# A request is one line, a script in which \, newline, carriage return and NUL are written as backslash sequences. The
# answer is one line too: code, result, errorCode and errorInfo in the same writing, with tabs between.

lassign $argv from to directory
set requests [open $from r]
set answers [open $to w]
fconfigure $requests -encoding utf-8 -translation lf
fconfigure $answers -encoding utf-8 -translation lf
cd $directory
set written [list \\ \\\\ \n \\n \r \\r \t \\t \0 \\0]

# A child is used again as long as a script leaves its commands as they were: making one takes 2 ms.
proc renew {} {
    global commands procs globals spaces unknown
    catch {interp delete child}
    interp create child
    # What init.tcl sets up on first use, here rather than in the middle of a script.
    child eval {
        catch {no such command}
        catch {package require no.such.package}
        clock format 0 -gmt 1
        unset -nocomplain errorInfo errorCode auto_index
    }
    child eval {proc probe {} {}}
    set commands [lsort [child eval {info commands}]]
    set procs [lsort [child eval {info procs}]]
    set spaces [lsort [child eval {namespace children ::}]]
    set unknown [child eval {info body unknown}]
    foreach name [child eval {info globals}] {set globals($name) 1}
}

proc clean {} {
    global commands procs globals spaces unknown
    if {[catch {
        foreach name [child eval {info globals}] {
            if {![info exists globals($name)]} {child eval [list unset -nocomplain ::$name]}
        }
        foreach name [child eval {info commands}] {set known($name) 1}
        foreach name $commands {unset known($name)}
        foreach name [array names known] {child eval [list rename $name {}]}
        if {[lsort [child eval {info procs}]] ne $procs || [child eval {info body unknown}] ne $unknown
            || [llength [child eval {file channels}]] > 3
            || [lsort [child eval {namespace children ::}]] ne $spaces} {error changed}
    }]} renew
    foreach name [glob -nocomplain -directory $::directory * .?*] {
        if {[file tail $name] ne ".."} {file delete -force $name}
    }
    cd $::directory
}

# Evaluates a script as tclsh does a file's: command by command. `eval`, `source` and a child's `eval` compile the whole
# of it, and errors in compiled code leave other traces. What is left is the script of a trace. Returns {code result
# options}; the result is only there if it is an error's.
proc direct {script} {
    append script "\n\n#"; # what a trace appends is a comment
    child eval [list trace add execution probe enter $script]
    set code [catch {child eval probe} result options]
    child eval [list trace remove execution probe enter $script]
    if {$code == 1} {
        set info [dict get $options -errorinfo]
        set end [string last "\n    (enter trace on \"probe\")" $info]
        # Without that, it is the error of a `return` outside of procs, and the rest is about the probe.
        dict set options -errorinfo [expr {$end >= 0 ? [string range $info 0 $end-1] : ""}]
    }
    list $code $result $options
}

renew
while {[gets $requests line] >= 0} {
    set script [subst -nocommands -novariables $line]
    set code 0
    if {[string index $script end] ne "\\"} {
        lassign [direct $script] code result options
        # Whether this or LOOKUP, depends on what former scripts have left of a variable.
        if {$code == 1 && [lindex [dict get $options -errorcode] 1] eq "READ"} {
            clean
            renew
            lassign [direct $script] code result options
        }
    }
    if {$code == 0} {
        clean
        set code [catch {child eval $script} result options]
    }
    set errorcode ""
    set info ""
    if {$code == 1} {
        set errorcode [dict get $options -errorcode]
        set info [dict get $options -errorinfo]
        set end [string last "\n    invoked from within\n\"child eval \$script\"" $info]
        if {$end >= 0} {set info [string range $info 0 $end-1]}
    }
    set fields {}
    foreach field [list $code $result $errorcode $info] {lappend fields [string map $written $field]}
    puts $answers [join $fields \t]
    flush $answers
    clean
}
exit 0
