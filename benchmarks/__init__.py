"""What nsjob costs, beside its peers: `python -m benchmarks`.

Each measure runs every pool in turn, round after round, on one Python in one process, so that whatever else the machine
does falls on all of them alike; what is compared is the ratio within each round.
"""
