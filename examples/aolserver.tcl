configure -lang tcl

# Everything below is a script for AOLserver's ns_job, as it was written for it: procs for all job threads through
# ns_eval, a queue, jobs whose results are collected as they come, errors that are caught, and a job that is too slow.

ns_eval {
    proc primes {from to} {
        set found {}
        for {set n [expr {$from < 2 ? 2 : $from}]} {$n < $to} {incr n} {
            set prime 1
            for {set d 2} {$d * $d <= $n} {incr d} {
                if {$n % $d == 0} {
                    set prime 0
                    break
                }
            }
            if {$prime} {
                lappend found $n
            }
        }
        return $found
    }
    proc percentage {part whole} {
        if {$whole == 0} {
            error "nothing to take a part of" "" {REPORT EMPTY}
        }
        return [format "%.1f %%" [expr {100.0 * $part / $whole}]]
    }
}

set queueId [ns_job create -desc "prime numbers" [ns_job genid] 3]

# Jobs for the ranges; each job's id leads to its range.

set step 500
for {set from 0} {$from < 2000} {incr from $step} {
    set to [expr {$from + $step}]
    set jobId [ns_job queue $queueId "primes $from $to"]
    set range($jobId) "$from to $to"
}

# Results, each as soon as it is there.

while {[llength [ns_job jobs $queueId]] > 0} {
    ns_job waitany -timeout 30:0 $queueId
    foreach entry [ns_job joblist $queueId] {
        array set job $entry
        if {$job(state) eq "done"} {
            set count($job(id)) [llength [ns_job wait $queueId $job(id)]]
        }
    }
}

set total 0
foreach jobId [lsort -dictionary [array names count]] {
    puts "$range($jobId): $count($jobId) primes"
    incr total $count($jobId)
}
puts "all: $total primes"

# A job that fails fails here, with its own error code.

foreach {part whole} {303 2000 1 0} {
    set jobId [ns_job queue $queueId [list percentage $part $whole]]
    if {[catch {ns_job wait $queueId $jobId} result]} {
        puts "percentage $part $whole: $result (error code $::errorCode)"
    } else {
        puts "percentage $part $whole: $result"
    }
}

# A job that takes too long is given up.

set slow [ns_job queue -jobid slow $queueId {
    while {1} {
        after 1
    }
}]
if {[catch {ns_job wait -timeout 0:50000 $queueId $slow} result]} {
    puts "$slow: $result ($::errorCode)"
    ns_job cancel $queueId $slow
}

# A job whose answer nobody waits for.

ns_job queue -detached $queueId {
    ns_log notice "[llength [primes 0 100]] primes below 100"
}

ns_job delete $queueId
