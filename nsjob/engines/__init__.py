"""Where the bodies of jobs run. Importing this registers the engines that every pool has."""

from nsjob.engines.thread import ThreadEngine
from nsjob.pool.engine import ENGINES, LATE, OPTION_OF

__all__ = ["ThreadEngine"]

ENGINES["thread"] = ThreadEngine
LATE["process"] = "nsjob.engines.process:PROCESS"
LATE["interpreter"] = "nsjob.engines.interpreter:INTERPRETER"
LATE["command"] = "nsjob.engines.command:COMMAND"
OPTION_OF.update(maxmem="process", jobsperworker="process", spool="command")
LATE["executor"] = "nsjob.engines.executor:EXECUTOR"
OPTION_OF["executor"] = "executor"
LATE["dask"] = "nsjob.engines.dask_cluster:DASK"
OPTION_OF.update(address="dask", workers="dask", resources="dask")
