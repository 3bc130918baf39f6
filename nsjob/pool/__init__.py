"""Queues, jobs, and the decision of what runs next. No files, no network, no Tcl."""
