"""Usage: the page that `nsjob --help` prints."""

from __future__ import annotations

__all__ = ["HELP"]

HELP = """\
nsjob: a job shell. One thread pool, named queues that cap how many of their
jobs run at once, and commands to drive them. Jobs are Python, or Tcl.

usage:
  nsjob [option ...]                       a prompt, where there is a terminal
  nsjob [option ...] FILE [arg ...]        run the commands in a file
  nsjob [option ...] -c COMMANDS [arg ...] run these commands
  ... | nsjob [option ...] [- [arg ...]]   run the commands that come in
  nsjob worker --store URL [option ...]    run the jobs of a store; see
                                           nsjob worker --help

options:
  -c COMMANDS      run these commands; what follows are their arguments
  --define FILE    Python definitions for all jobs: functions, imports,
                   constants; may be given several times
  --store URL      keep queues and jobs in a SQLite file (a path), or in
                   postgresql://USER@HOST/DATABASE, for other processes too
  --threads N      run at most N jobs at once, of all queues together; 0, over
                   a store: none, others do
  --timeout TIME   end all after this time: 90, 1.5s, 10m, 2h
  --json           print the result of each command as a line of JSON; what
                   goes to standard error are JSON lines too
  -q, --quiet      tell errors only
  -v, --verbose    tell each event of a job, and the whole log
  --norc           leave ~/.config/nsjob/nsjobrc unread, which only the
                   prompt reads
  --version        print the version
  -h, --help       print this page
  --               what follows is no option

The commands find their arguments in argv, their number in argc, and the name
of the file in argv0. At the end of a file nsjob waits for the jobs that are
left. A job that failed and was not waited for is told on standard error. Over
a store that is about the jobs that the file has queued; if it is stopped, they
stay there.

exit codes:
  0    all went well
  1    a command failed, or a job that nobody waited for
  2    the command line is wrong, or the file cannot be read
  n    the commands said: exit n
  124  the --timeout is over
  130  Ctrl-C: once cancels all jobs, twice ends at once (143: SIGTERM)
  141  nobody reads the output any more

examples:
  nsjob
      At the prompt, help tells all commands, help queue all about one.

  nsjob -c 'create q 2; puts [wait q [queue q {sum(range(10))}]]'
      Prints 45.

  nsjob nightly.nsj /var/data
      Runs a file. In it, [lindex $argv 0] is /var/data. Its first line may
      be #!/usr/bin/env nsjob, and then the file is a program.

  nsjob --define tools.py --threads 8 --timeout 1h nightly.nsj
      Jobs may call the functions of tools.py.

  nsjob --json -c 'create q; queuelist' | jq .[0].name
      Results for other programs.
"""
