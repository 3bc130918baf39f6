"""Durable jobs: a pool whose jobs, queues and definitions are in a database that other processes and machines share."""
