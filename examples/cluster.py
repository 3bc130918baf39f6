#!/usr/bin/env python3
"""Checksums of the standard library's files, computed on a Dask cluster: which worker did how many.

    pip install 'nsjob[dask]'
    dask scheduler --host 127.0.0.1 --port 8786 &
    dask worker tcp://127.0.0.1:8786 --nthreads 1 --nworkers 2 &
    python examples/cluster.py tcp://127.0.0.1:8786

Without an address it starts two worker processes of its own, and ends them.
"""

from __future__ import annotations

import argparse
import sysconfig
from collections import Counter
from pathlib import Path

import nsjob

CHECKSUM = """
import hashlib
import os

def checksum(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), os.getpid()
"""


def main() -> None:
    """Compute what the command line asks for."""
    parser = argparse.ArgumentParser(description="SHA-256 of the files of the standard library, on a Dask cluster.")
    parser.add_argument("address", nargs="?", help="of the scheduler, like tcp://127.0.0.1:8786")
    parser.add_argument("--directory", type=Path, default=Path(sysconfig.get_path("stdlib")), help="whose files")
    parser.add_argument("--most", type=int, default=500, metavar="N", help="at most N files (500)")
    asked = parser.parse_args()
    files = sorted(asked.directory.glob("*.py"))[: asked.most]
    cluster = {"address": asked.address} if asked.address else {"workers": 2}
    with nsjob.Pool() as pool:
        pool.create("sums", 16, engine="dask", retries=3, **cluster)
        pool.define(CHECKSUM)
        jobs = [pool.queue("sums", "checksum(path)", vars={"path": str(path)}) for path in files]
        workers: Counter[int] = Counter()
        for path, job in zip(files, jobs, strict=True):
            digest, pid = job.wait()
            workers[pid] += 1
            print(digest[:16], path.name)
    print(f"{len(files)} files:", ", ".join(f"{count} by worker {pid}" for pid, count in sorted(workers.items())))


if __name__ == "__main__":
    main()
