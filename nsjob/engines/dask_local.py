"""A Dask cluster of this machine, in processes of its own: `python -m nsjob.engines.dask_local WORKERS`.

It says where it is in one line of JSON and ends when its stdin does, so that it cannot outlive who started it. The
scheduler is in no process of the program, and the program's main module is not run again for workers.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading

from nsjob.engines.processes import end_group
from nsjob.errors import WorkerLost

__all__ = ["LocalCluster", "main"]

_GRACE = 5.0  # seconds that it has to end by itself


class LocalCluster:
    """The near side: one such process, which is started again where it is gone.

    Arguments:
        workers: how many worker processes it has, each with one thread; 0 for as many as there are cores.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._address = ""
        self._ended = False

    def address(self) -> str:
        """Where its scheduler is. It is started where it does not run; that takes seconds.

        Raises:
            WorkerLost: it did not start.
        """
        with self._lock:
            if self._ended:
                raise WorkerLost("the local Dask cluster has been ended")
            process = self._process
            if process is not None and process.poll() is None:
                return self._address
            if process is not None:
                self._bury(process)
            process = self._process = self._started()
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said:
            raise WorkerLost(f"the local Dask cluster did not start (exit code {process.wait()})")
        self._address = str(json.loads(said))
        return self._address

    def _started(self) -> subprocess.Popen[str]:
        path = os.pathsep.join(part or os.getcwd() for part in sys.path)
        return subprocess.Popen(
            [sys.executable, "-m", "nsjob.engines.dask_local", str(self._workers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C at the terminal is for the program
        )

    def end(self) -> None:
        """End it for good, and its workers with it."""
        with self._lock:
            self._ended = True
            process, self._process = self._process, None
        if process is not None:
            self._bury(process)

    @staticmethod
    def _bury(process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            pass
        end_group(process.pid, signal.SIGKILL)  # whatever of it is left
        process.wait()
        process.stdout.close()


def main(words: list[str]) -> None:
    """Serve until stdin ends."""
    import distributed

    with distributed.LocalCluster(
        n_workers=int(words[0]) or len(os.sched_getaffinity(0)),
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    ) as cluster:
        print(json.dumps(cluster.scheduler_address), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
