"""The words of the shell: Tcl commands bound to a pool."""
