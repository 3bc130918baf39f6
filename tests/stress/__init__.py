"""What the pool must withstand, as a program: `python -m tests.stress`. One module per scenario.

A scenario is a module with FULL, its size (jobs, interrupts, signals, ...), and `scenario(tally, size, random)`, which
does that many and notes in `tally` what was done and what should not have happened.
"""
