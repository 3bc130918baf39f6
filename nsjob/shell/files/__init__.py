"""Command files: how they are read, run, stopped and reported."""
