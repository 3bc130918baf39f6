"""Usage: the page that `nsjob worker --help` prints."""

from __future__ import annotations

__all__ = ["HELP"]

HELP = """\
nsjob worker: runs the jobs of a store, until it is stopped.

usage:
  nsjob worker --store URL [option ...]

options:
  --store URL      the store: a SQLite file, or postgresql://USER@HOST/DATABASE
  --queue NAME     serve this queue only; may be given several times
  --topic TOPIC    serve only jobs with this topic, or of a topic and subtopic:
                   TOPIC/SUBTOPIC; may be given several times
  --threads N      run at most N jobs at once; else as many as the queues allow
  --timeout TIME   how long a job may run that has no time limit of its own
  --lease TIME     how long its jobs are its own without a word from it, 60s;
                   after that others have them
  --maxpoll TIME   look for jobs at least that often, 5s; new ones are heard of
                   at once, as a rule
  --idle TIME      end when there was nothing to do for that time: 0 ends at
                   once, where nothing is left
  --drain          end when its queues are drained (see help drain) and empty
  --name NAME      what it is called in run records; HOST-PID
  -q, --quiet      tell warnings and errors only
  -v, --verbose    tell what jobs say of their progress, and the whole log
  -h, --help       print this page

It tells on standard error which job it starts, and what became of it.

SIGTERM or Ctrl-C: it takes nothing new, finishes what runs, and ends. A second
one: what runs is interrupted and goes back to the store for other workers. A
third one ends it as it is; then its jobs go back when its lease is over.

exit codes:
  0         it was stopped, or had nothing more to do
  1         the store cannot be used
  2         the command line is wrong
  130, 143  a second Ctrl-C or SIGTERM
"""
