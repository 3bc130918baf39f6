"""Files that are copied with a job, and its own working directory."""

from __future__ import annotations

import gc
import hashlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import nsjob
from nsjob.pool.files import Contents, DirectoryStore, Entry, Manifest, collected, unpack
from tests.conftest import PATIENCE, Gate

POSIX = pytest.mark.skipif(os.name != "posix", reason="it needs POSIX")
TREE = """
import os
found = {}
for at, _, names in os.walk(job.workdir):
    for name in names:
        path = job.workdir / at / name
        found[str(path.relative_to(job.workdir))] = path.read_text()
found
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with some files."""
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "data" / "b.txt").write_text("two")
    (tmp_path / "data" / "deep" / "c.txt").write_text("one")
    monkeypatch.chdir(tmp_path)
    return tmp_path


ENGINES: list[Any] = [
    pytest.param(lambda: "thread", id="thread"),
    pytest.param(lambda: "process", id="process", marks=POSIX),
    pytest.param(lambda: lambda: ThreadPoolExecutor(1), id="executor"),
]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_job_finds_its_files_in_its_working_directory(
    pool: nsjob.Pool, here: Path, engine: Callable[[], Any]
) -> None:
    pool.create("w", 1, engine=engine())
    files = ["a.txt", here / "data", {"x/other.txt": here / "a.txt"}]
    pool.pause("w")
    job = pool.queue("w", TREE, files=files)
    where = pool.queue("w", "str(job.workdir)", workdir=True)
    (here / "a.txt").write_text("changed since")
    pool.resume("w")
    assert job.wait(PATIENCE) == {
        "a.txt": "one",
        "data/b.txt": "two",
        "data/deep/c.txt": "one",
        "x/other.txt": "one",
    }
    gone(where.wait(PATIENCE))


def gone(path: str) -> None:
    """Return when the directory is not there any more: it is removed once the job is over."""
    while os.path.exists(path):
        threading.Event().wait(0.001)


def test_jobs_without_have_none(pool: nsjob.Pool) -> None:
    assert pool.queue("q", "job.workdir").wait(PATIENCE) is None


def test_the_current_directory_of_threads_stays_as_it_is(pool: nsjob.Pool, here: Path) -> None:
    cwd, own = pool.queue("q", "import os; os.getcwd(), str(job.workdir)", files="a.txt").wait(PATIENCE)
    assert cwd == str(here)
    assert own != cwd
    gone(own)


@POSIX
def test_a_worker_process_and_a_program_run_in_it(pool: nsjob.Pool, here: Path) -> None:
    pool.create("p", 1, engine="process")
    before = pool.queue("p", "import os; os.getcwd()").wait(PATIENCE)
    job = pool.queue(
        "p", "import os, pathlib; pathlib.Path('a.txt').read_text(), os.getcwd() == str(job.workdir)", files=["a.txt"]
    )
    assert job.wait(PATIENCE) == ("one", True)
    assert pool.queue("p", "import os; os.getcwd()").wait(PATIENCE) == before
    pool.create("c", 1, engine="command")
    job = pool.exec("c", [sys.executable, "-c", "print(open('a.txt').read())"], files=["a.txt"])
    job.wait(PATIENCE)
    assert pool.output("c", job) == "one\n"


def test_callables_and_tcl_jobs_find_it_too(pool: nsjob.Pool, here: Path) -> None:
    from nsjob.shell.session import Session

    pool.create("d", 1, workdir=True)
    path = pool.submit("d", lambda: nsjob.current_job().workdir).wait(PATIENCE)
    assert isinstance(path, Path)
    gone(str(path))
    session = Session(pool)
    session.eval("create -lang tcl t")
    script = "set f [open [job workdir]/a.txt]; set text [read $f]; close $f; set text"
    assert session.eval(f"wait t [queue -files a.txt t {{{script}}}]") == "one"


def test_each_run_has_a_fresh_one(pool: nsjob.Pool, here: Path) -> None:
    source = """
before = sorted(os.listdir(job.workdir))
open(job.workdir / "left", "w").close()
if job.attempt < 3:
    raise ValueError
before, str(job.workdir)
"""
    pool.define("import os")
    before, path = pool.queue("q", source, files=["a.txt"], retries=5, backoff=0).wait(PATIENCE)
    assert before == ["a.txt"]
    gone(path)


def test_it_stays_where_it_is_kept(pool: nsjob.Pool, tmp_path: Path) -> None:
    source = "open(job.workdir / str(job.attempt), 'w').close()\nif job.attempt < 2: raise ValueError\nstr(job.workdir)"
    job = pool.queue("q", source, workdir=tmp_path / "work", keepdir=True, retries=1, backoff=0)
    path = Path(job.wait(PATIENCE))
    assert [found.name for found in path.iterdir()] == ["2"]
    assert list((tmp_path / "work").iterdir()) == [path]  # that of the run before is gone
    assert pool.show("q", job).workdir == str(path)


def test_show_tells_where_it_is_and_an_interrupted_run_leaves_none(pool: nsjob.Pool, gate: Gate) -> None:
    told: list[str] = []
    job = pool.queue(
        "q", "told(str(job.workdir))\ngate.enter()", vars={"gate": gate, "told": told.append}, workdir=True
    )
    gate.came()
    assert pool.show("q", job).workdir == told[0]
    assert os.path.isdir(told[0])
    pool.cancel("q", job)
    gate.let()
    gone(told[0])
    job = pool.queue(
        "q", "told(str(job.workdir))\nwhile True: pass", vars={"told": told.append}, workdir=True, timeout=0.05
    )
    with pytest.raises(nsjob.JobTimeout):
        job.wait(PATIENCE)
    gone(told[1])


def test_that_of_a_job_that_was_written_off_goes_when_its_body_returns(pool: nsjob.Pool, gate: Gate) -> None:
    told: list[str] = []
    job = pool.queue(
        "q", "told(str(job.workdir))\ngate.enter()", vars={"gate": gate, "told": told.append}, workdir=True
    )
    gate.came()
    pool.kill("q", job)
    assert os.path.isdir(told[0])
    gate.let()
    gone(told[0])


@POSIX
@pytest.mark.parametrize("end", ["timeout", "cancel", "kill", "lost"])
def test_an_interrupted_worker_process_leaves_none(pool: nsjob.Pool, tmp_path: Path, here: Path, end: str) -> None:
    pool.create("p", 1, engine="process")
    os.mkfifo(tmp_path / "told")
    source = """
import os, pathlib
if job.attempt == 1:
    pathlib.Path(told).write_text(str(job.workdir))
    if end == "lost":
        os.kill(os.getpid(), 9)
    while end != "retried": pass
job.workdir.joinpath("a.txt").read_text()
"""
    options: dict[str, Any] = {"timeout": 0.5} if end == "timeout" else {"retries": 1, "backoff": 0}
    told = tmp_path / "told"
    job = pool.queue("p", source, vars={"told": str(told), "end": end}, files=["a.txt"], **options)
    path = told.read_text()
    if end == "cancel":
        pool.cancel("p", job)
    elif end == "kill":
        pool.kill("p", job)
    if end == "lost":
        assert job.wait(PATIENCE) == "one"
    else:
        with pytest.raises((nsjob.JobTimeout, nsjob.JobCancelled)):
            job.wait(PATIENCE)
    gone(path)


def test_a_coroutine_has_it_to_its_end(pool: nsjob.Pool, here: Path) -> None:
    source = "import asyncio\nawait asyncio.sleep(0)\n(job.workdir / 'a.txt').read_text()"
    assert pool.queue("q", source, files=["a.txt"]).wait(PATIENCE) == "one"


def test_scripts_of_the_queue_find_it_too(pool: nsjob.Pool) -> None:
    pool.create("h", 1, pre="open(job.workdir / 'mark', 'w').close()", workdir=True)
    assert pool.queue("h", "[path.name for path in job.workdir.iterdir()]").wait(PATIENCE) == ["mark"]


def test_many_jobs_share_the_copies(pool: nsjob.Pool, here: Path) -> None:
    pool.pause("q")
    jobs = pool.queue_many(
        "q", [TREE, ("len(list(job.workdir.iterdir()))", {"files": ["data", "a.txt"]})], files="a.txt"
    )
    assert len(contents(pool)) == 2
    pool.resume("q")
    assert [job.wait(PATIENCE) for job in jobs] == [{"a.txt": "one"}, 2]


def test_a_range_has_its_files_too(pool: nsjob.Pool, here: Path) -> None:
    job = pool.range("q", range(3), "assert (job.workdir / 'a.txt').read_text() == 'one'", files=["a.txt"])
    job.wait(PATIENCE)


def test_a_job_that_is_retried_has_its_files_again(pool: nsjob.Pool, here: Path) -> None:
    job = pool.queue("q", TREE, files=["a.txt"])
    pool.wait("q", job)
    (here / "a.txt").unlink()
    assert pool.retry("q", job.id).wait(PATIENCE) == {"a.txt": "one"}


# -- the copies -------------------------------------------------------------------------------------------------------


def contents(pool: nsjob.Pool) -> list[str]:
    """The names of the contents that are kept."""
    return sorted(name for _, _, names in os.walk(pool._core.depot._directory) for name in names)


def test_each_content_is_kept_once_while_a_job_needs_it(here: Path) -> None:
    pool = nsjob.Pool()
    pool.create("q")
    pool.pause("q")
    jobs = [pool.queue("q", "1", files=["a.txt", "data"]) for _ in range(3)]
    assert contents(pool) == sorted(hashlib.sha256(text).hexdigest() for text in (b"one", b"two"))
    for job in jobs:
        pool.cancel("q", job)
    assert len(contents(pool)) == 2  # the pool remembers them: they can be retried
    del jobs, job
    pool.resume("q")
    for waited in pool.queue_many("q", ["1"] * 1100):
        pool.wait("q", waited)
    del waited
    gc.collect()
    pool.cleanup()
    assert contents(pool) == []
    directory = pool._core.depot._directory
    pool.shutdown()
    assert not os.path.exists(directory)


BAD: list[tuple[Any, str]] = [
    (["missing.txt"], 'couldn\'t read "missing.txt": no such file or directory'),
    (["a.txt", "missing.txt"], "no such file"),
    (["../a.txt"], "would not stand below the working directory"),
    (["data/../../a.txt"], "would not stand below"),
    ([{"../x": "a.txt"}], "would not stand below"),
    ([{"/x": "a.txt"}], "absolute name"),
    ([{"": "a.txt"}], "would not stand below"),
    (["."], "would not stand below"),
    (["a.txt", {"a.txt": "data/b.txt"}], "two of them would be 'a.txt'"),
    (["a.txt", {"a.txt/b": "data/b.txt"}], "which is no directory"),
    ([5], "a path must be text"),
    (5, "files must be paths"),
    ([""], "a path must be text"),
]


@pytest.mark.parametrize(("files", "said"), BAD, ids=[repr(files) for files, _ in BAD])
def test_what_cannot_be_copied_is_said_when_queued_and_nothing_is_queued(
    pool: nsjob.Pool, here: Path, files: Any, said: str
) -> None:
    with pytest.raises(nsjob.OptionError) as raised:
        pool.queue("q", "1", files=files)
    assert said in str(raised.value)
    with pytest.raises(nsjob.OptionError):
        pool.queue_many("q", ["1", ("1", {"files": files})])
    assert pool.jobs("q") == []
    assert contents(pool) == []


@POSIX
def test_links_within_a_directory_stay_links_and_others_are_refused(pool: nsjob.Pool, here: Path) -> None:
    (here / "data" / "link").symlink_to("deep/c.txt")
    (here / "data" / "deep" / "up").symlink_to(here / "data" / "b.txt")
    (here / "named").symlink_to("a.txt")
    source = "import os; os.readlink(job.workdir / 'data' / 'link'), (job.workdir / 'data' / 'deep' / 'up').read_text()"
    assert pool.queue("q", source, files=["data"]).wait(PATIENCE) == ("deep/c.txt", "two")
    assert pool.queue("q", "(job.workdir / 'named').is_symlink()", files=["named"]).wait(PATIENCE) is False
    (here / "data" / "out").symlink_to(here / "a.txt")
    with pytest.raises(nsjob.OptionError, match="points out of"):
        pool.queue("q", "1", files=["data"])
    (here / "data" / "out").unlink()
    os.mkfifo(here / "data" / "pipe")
    with pytest.raises(nsjob.OptionError, match="neither a file nor a directory"):
        pool.queue("q", "1", files=["data"])


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read all")
def test_nothing_is_kept_of_files_one_of_which_cannot_be_read(pool: nsjob.Pool, here: Path) -> None:
    (here / "data" / "b.txt").chmod(0)
    with pytest.raises(nsjob.OptionError, match="permission denied"):
        pool.queue("q", "1", files=["a.txt", "data"])
    assert contents(pool) == []


@POSIX
def test_permissions_to_execute_are_kept(pool: nsjob.Pool, here: Path) -> None:
    (here / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (here / "run.sh").chmod(0o755)
    pool.create("c", 1, engine="command")
    job = pool.exec("c", ["./run.sh"], files=["run.sh"])
    job.wait(PATIENCE)
    assert pool.output("c", job) == "ran\n"


def test_options_that_cannot_be_are_refused(pool: nsjob.Pool) -> None:
    for bad in (5, "", None):
        with pytest.raises(nsjob.OptionError, match="workdir must be True, or the directory"):
            pool.queue("q", "1", workdir=bad)
    with pytest.raises(nsjob.OptionError, match="files is for single jobs"):
        pool.create("x", files=["a.txt"])
    with pytest.raises(nsjob.OptionError, match="files are for single jobs"):
        pool.executor("q", files=["a.txt"])


# -- stores and manifests by themselves -------------------------------------------------------------------------------


@pytest.fixture(params=["directory", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return DirectoryStore(str(tmp_path)) if request.param == "directory" else Contents()


def test_a_store_keeps_contents_by_their_hash(store: Any) -> None:
    digest = hashlib.sha256(b"ab").hexdigest()
    assert not store.has(digest)
    store.put(digest, [b"a", b"b"])
    assert store.has(digest)
    assert b"".join(store.get(digest)) == b"ab"
    other = hashlib.sha256(b"x").hexdigest()
    with pytest.raises(nsjob.OptionError, match="the content's digest is"):
        store.put(other, [b"ab"])
    assert not store.has(other)


EVIL = [
    Entry("../x", "directory"),
    Entry("/x", "directory"),
    Entry("a/../../x", "directory"),
    Entry("link", "link", target="/etc"),
    Entry("link", "link", target="../x"),
    Entry("a/link", "link", target="../../x"),
]


@pytest.mark.parametrize("entry", EVIL, ids=[f"{entry.name} {entry.target}" for entry in EVIL])
def test_a_manifest_that_leads_out_of_the_directory_is_not_unpacked(tmp_path: Path, entry: Entry) -> None:
    with pytest.raises(nsjob.OptionError):
        unpack([Entry("a", "directory"), entry], Contents(), str(tmp_path / "in" / "work"))
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "in" / "x").exists()


def test_a_manifest_names_contents_and_is_equal_where_they_are(here: Path) -> None:
    one = collected(["a.txt", "data"], Contents())
    assert one == collected([{"a.txt": here / "a.txt"}, here / "data"], Contents())
    assert len(one.hashes) == 2
    (here / "a.txt").write_text("else")
    assert one != collected(["a.txt", "data"], Contents())
    assert Manifest().hashes == ()
