"""The worker: a process that runs the jobs of a store until it is stopped, or has nothing more to do."""
