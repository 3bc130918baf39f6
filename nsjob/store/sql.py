"""The statements of a store, one name for each. See database.py for how they are written."""

from __future__ import annotations

from collections.abc import Sequence

__all__: list[str] = []

NOW = "SELECT {now}"

# -- pools and their leases --------------------------------------------------------------------------------------------

NEW_POOL = """
INSERT INTO nsjob_pools (name, epoch, host, pid, until)
SELECT :name, COALESCE(MAX(epoch), 0) + 1, :host, :pid, {now} + :lease FROM nsjob_pools WHERE name = :name
RETURNING id, epoch, {now} AS now
"""
EXTEND = "UPDATE nsjob_pools SET until = {now} + :lease WHERE id = :pool AND until > {now} RETURNING {now} AS now"
LEAVE = "DELETE FROM nsjob_pools WHERE id = :pool"
OVERDUE = "SELECT id, name, host, pid FROM nsjob_pools WHERE until <= {now}"
LOCK_OVERDUE = "SELECT id FROM nsjob_pools WHERE id = :pool AND until <= {now} FOR UPDATE SKIP LOCKED"
STRAY_OWNERS = """
SELECT DISTINCT owner FROM nsjob_jobs WHERE gone = 0 AND state IN (3, 4) AND owner IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM nsjob_pools p WHERE p.id = nsjob_jobs.owner)
"""
OWNED = """
SELECT key, queue, id, state, attempt, losses, started, aside FROM nsjob_jobs
WHERE owner = :pool AND state IN (3, 4) AND gone = 0
"""
STOP = "UPDATE nsjob_jobs SET stopping = 1 WHERE key = :key AND state IN (3, 4)"
STOPPING = "SELECT key, queue, id FROM nsjob_jobs WHERE owner = :pool AND state IN (3, 4) AND stopping = 1 AND gone = 0"
END_STOPPED = """
UPDATE nsjob_jobs SET state = 5, outcome = 'cancelled', code = 'TCL_ERROR', result = NULL, ended = {now}, owner = NULL,
gone = 1, until = {now} + COALESCE(keep, :keep)
WHERE key = :key AND owner = :pool AND state IN (3, 4) AND stopping = 1
"""
BACK_UNSTARTED = """
UPDATE nsjob_jobs SET state = 0, owner = NULL, started = NULL, attempt = attempt - 1, suspect = 1
WHERE owner = :pool AND state = 3 AND gone = 0
"""
BACK_ALL = """
UPDATE nsjob_jobs SET state = 0, owner = NULL, started = NULL, attempt = attempt - 1
WHERE owner = :pool AND state IN (3, 4) AND gone = 0
"""
BACK_LOST = """
UPDATE nsjob_jobs SET state = 0, owner = NULL, started = NULL, attempt = attempt - 1, suspect = 1, losses = losses + 1
WHERE key = :key AND owner = :pool AND state = 4
"""

# -- queues ------------------------------------------------------------------------------------------------------------

QUEUES = """
SELECT id, name, maxthreads, paused, req, settings, defaults, created,
EXISTS (SELECT 1 FROM nsjob_jobs j WHERE j.queue = q.id AND j.kind = 4 AND j.state < 5) AS ranges
FROM nsjob_queues q ORDER BY id
"""
QUEUE = """
SELECT id, name, maxthreads, paused, req, settings, defaults, created FROM nsjob_queues WHERE name = :name
"""
NEW_QUEUE = """
INSERT INTO nsjob_queues (name, maxthreads, settings, defaults, created)
VALUES (:name, :maxthreads, :settings, :defaults, {now})
ON CONFLICT (name) DO NOTHING
"""
LOCK_QUEUE = "SELECT maxthreads, paused FROM nsjob_queues WHERE id = :queue"
TAKE_IDS = "UPDATE nsjob_queues SET serial = serial + :count WHERE id = :queue RETURNING serial"
TAKE_KEYS = "UPDATE nsjob_meta SET value = value + :count WHERE name = :name RETURNING value"
RESIZE = "UPDATE nsjob_queues SET maxthreads = :maxthreads WHERE id = :queue"
PAUSE = "UPDATE nsjob_queues SET paused = 1 WHERE id = :queue"
RESUME = """
UPDATE nsjob_queues SET paused = 0, req = CASE WHEN req = 'drain' THEN 'none' ELSE req END WHERE id = :queue
"""
REQUEST = "UPDATE nsjob_queues SET req = :req WHERE id = :queue AND req <> 'delete'"
DROP_QUEUE = """
DELETE FROM nsjob_queues WHERE id = :queue AND req = 'delete'
AND NOT EXISTS (SELECT 1 FROM nsjob_jobs WHERE queue = :queue AND gone = 0)
"""
TO_DROP = "SELECT id FROM nsjob_queues WHERE req = 'delete'"

# -- slots -------------------------------------------------------------------------------------------------------------

SLOTS = """
SELECT s.pool, s.slots, s.wanted FROM nsjob_slots s JOIN nsjob_pools p ON p.id = s.pool
WHERE s.queue = :queue AND p.until > {now}
"""
COMPARE = """
SELECT s.queue, s.pool, s.slots, s.wanted FROM nsjob_slots s JOIN nsjob_pools p ON p.id = s.pool
WHERE p.until > {now} AND s.queue IN (SELECT queue FROM nsjob_slots WHERE pool = :pool)
"""
HOLD = """
INSERT INTO nsjob_slots (pool, queue, slots, wanted)
SELECT id, CAST(:queue AS BIGINT), CAST(:slots AS INTEGER), CAST(:wanted AS INTEGER) FROM nsjob_pools WHERE id = :pool
ON CONFLICT (pool, queue) DO UPDATE SET slots = excluded.slots, wanted = excluded.wanted
"""
LET_GO = "DELETE FROM nsjob_slots WHERE pool = :pool AND queue = :queue"

# -- jobs come ---------------------------------------------------------------------------------------------------------

COLUMNS = (
    "key queue id rank ord priority queued aside kind script payload options ready expires dead blockers share "
    "uniq note topic subtopic grp keep token template"
).split()
_KINDS = (
    "BIGINT BIGINT TEXT SMALLINT BIGINT SMALLINT BIGINT SMALLINT SMALLINT TEXT {bytes} {bytes} BIGINT BIGINT "
    "BIGINT INTEGER TEXT TEXT TEXT TEXT TEXT TEXT BIGINT TEXT TEXT"
).split()
NEW_JOB = f"""
INSERT INTO nsjob_jobs ({", ".join(COLUMNS)}, state, owner, attempt, started)
SELECT {", ".join(f"CAST(:{name} AS {kind})" for name, kind in zip(COLUMNS, _KINDS, strict=True))},
CASE WHEN c.claimed THEN CAST(:claim AS SMALLINT) ELSE CAST(:state AS SMALLINT) END,
CASE WHEN c.claimed THEN CAST(:pool AS BIGINT) END, CASE WHEN c.claimed THEN 1 ELSE 0 END,
CASE WHEN c.claimed THEN CAST(:queued AS BIGINT) END
FROM (
    SELECT q.id, CAST(:claim AS SMALLINT) > 0 AND q.paused = 0
    AND CAST(:defined AS INTEGER) >= (SELECT COALESCE(MAX(number), 0) FROM nsjob_definitions)
    AND NOT EXISTS (SELECT 1 FROM nsjob_jobs r WHERE r.queue = :queue AND r.state = 0) AS claimed
    FROM nsjob_queues q WHERE q.id = :queue AND q.req = 'none'
) c
WHERE c.id = :queue
ON CONFLICT DO NOTHING
RETURNING state
"""
NEW_JOBS = f"""
INSERT INTO nsjob_jobs ({", ".join(COLUMNS)}, state)
SELECT {", ".join(f"CAST(:{name} AS {kind})" for name, kind in zip(COLUMNS, _KINDS, strict=True))},
CAST(:state AS SMALLINT)
FROM nsjob_queues q WHERE q.id = :queue AND q.req = 'none'
ON CONFLICT DO NOTHING
"""
NEW_JOB_POSTGRES = f"""
WITH new AS ({NEW_JOB})
SELECT state, CASE WHEN state = 0 THEN CAST(pg_notify('nsjob_work', 'work ' || CAST(:queue AS TEXT)) AS TEXT) END
FROM new
"""
PLAIN_COLUMNS = "key queue id rank ord priority queued aside kind script token".split()
NEW_CLAIMED = f"""
INSERT INTO nsjob_jobs ({", ".join(PLAIN_COLUMNS)}, state, owner, attempt, started)
SELECT {", ".join(f"CAST(:{name} AS {dict(zip(COLUMNS, _KINDS, strict=True))[name]})" for name in PLAIN_COLUMNS)},
CAST(:claim AS SMALLINT), CAST(:pool AS BIGINT), 1, CAST(:queued AS BIGINT)
FROM nsjob_queues q WHERE q.id = :queue AND q.req = 'none' AND q.paused = 0
AND CAST(:defined AS INTEGER) >= (SELECT COALESCE(MAX(number), 0) FROM nsjob_definitions)
AND NOT EXISTS (SELECT 1 FROM nsjob_jobs r WHERE r.queue = :queue AND r.state = 0)
ON CONFLICT DO NOTHING
"""
NEW_PLAIN = f"""
INSERT INTO nsjob_jobs ({", ".join(PLAIN_COLUMNS)}, state)
SELECT {", ".join(f"CAST(:{name} AS {dict(zip(COLUMNS, _KINDS, strict=True))[name]})" for name in PLAIN_COLUMNS)},
CAST(:state AS SMALLINT)
FROM nsjob_queues q WHERE q.id = :queue AND q.req = 'none'
ON CONFLICT DO NOTHING
RETURNING state
"""
NEW_PLAIN_POSTGRES = NEW_PLAIN.rstrip() + ", CAST(pg_notify('nsjob_work', 'work ' || CAST(queue AS TEXT)) AS TEXT)\n"
WHY_NOT = "SELECT req, settings FROM nsjob_queues WHERE id = :queue"
NAMED = "SELECT key, state, outcome, aside, token FROM nsjob_jobs WHERE queue = :queue AND id = :id AND gone = 0"
BY_TOKEN = "SELECT key FROM nsjob_jobs WHERE key = :key AND token = :token"
UNIQUE = "SELECT key, id FROM nsjob_jobs WHERE queue = :queue AND uniq = :uniq AND state < 5"
LAST_GONE = """
SELECT key, state, outcome FROM nsjob_jobs WHERE queue = :queue AND id = :id AND gone = 1 ORDER BY ended DESC LIMIT 1
"""
SCHEDULED = "SELECT COUNT(*) FROM nsjob_jobs WHERE gone = 0 AND state IN (0, 1, 2, 3) AND queue = :queue"
FOLLOW = "UPDATE nsjob_jobs SET followed = 1 WHERE key = :first"
COMES_AFTER = "INSERT INTO nsjob_after (job, first) VALUES (:job, :first) ON CONFLICT DO NOTHING"

# -- jobs are taken ----------------------------------------------------------------------------------------------------

TAKEN = """
key, queue, id, rank, ord, priority, queued, aside, attempt, losses, kind, script, payload, options, share, note,
topic, subtopic, grp, keep, dead, uniq, template
"""
_LAST_DEFINITION = "(SELECT COALESCE(MAX(number), 0) FROM nsjob_definitions)"
LAST_DEFINITION = f"SELECT {_LAST_DEFINITION}"
_NEXT_SQLITE = (
    "SELECT key FROM nsjob_jobs WHERE queue = :queue AND state = 0 AND kind < 4 ORDER BY rank DESC, ord LIMIT :count"
)
_LEASE_SQLITE = f"""
UPDATE nsjob_jobs SET state = CASE WHEN suspect = 1 THEN 4 ELSE :state END, owner = :pool, attempt = attempt + 1,
started = :now
WHERE key IN ({_NEXT_SQLITE})
AND EXISTS (SELECT 1 FROM nsjob_queues q WHERE q.id = :queue AND q.paused = 0)
RETURNING {TAKEN}, state, {_LAST_DEFINITION} AS defined
"""
_LEASE_POSTGRES = (
    """
WITH next AS MATERIALIZED (
    SELECT key FROM nsjob_jobs WHERE queue = :queue AND state = 0 AND kind < 4
    AND EXISTS (SELECT 1 FROM nsjob_queues q WHERE q.id = :queue AND q.paused = 0)
    ORDER BY rank DESC, ord LIMIT :count FOR UPDATE SKIP LOCKED
)
UPDATE nsjob_jobs SET state = CASE WHEN suspect = 1 THEN 4 ELSE CAST(:state AS SMALLINT) END, owner = :pool,
attempt = attempt + 1, started = :now
FROM next WHERE nsjob_jobs.key = next.key
RETURNING """
    + ", ".join(f"nsjob_jobs.{name.strip()}" for name in TAKEN.split(","))
    + f", nsjob_jobs.state, {_LAST_DEFINITION} AS defined"
)
_NEXT_POSTGRES = """SELECT key FROM nsjob_jobs WHERE queue = :queue AND state = 0 AND kind < 4
    AND EXISTS (SELECT 1 FROM nsjob_queues q WHERE q.id = :queue AND q.paused = 0)
    ORDER BY rank DESC, ord LIMIT :count FOR UPDATE SKIP LOCKED"""


def _topic(place: int, has_subtopic: bool, table: str = "") -> str:
    """Of jobs with one topic. Each is asked for by itself, so that an index has them in order."""
    condition = f"{table}topic = :topic{place}"
    return f"{condition} AND {table}subtopic = :subtopic{place}" if has_subtopic else condition


def _topics(shape: Sequence[bool], table: str = "") -> str:
    """Of jobs with one of some topics; without any, all jobs."""
    each = [f"({_topic(place, has_subtopic, table)})" for place, has_subtopic in enumerate(shape)]
    return f"({' OR '.join(each)})" if each else "1 = 1"


def lease(dialect: str, shape: Sequence[bool]) -> str:
    """What takes the next jobs of a queue.

    Arguments:
        shape: of the topics that are served, for each whether it has a subtopic; none for all jobs.
    """
    sqlite = dialect == "sqlite"
    whole, plain = (_LEASE_SQLITE, _NEXT_SQLITE) if sqlite else (_LEASE_POSTGRES, _NEXT_POSTGRES)
    if not shape:
        return whole
    some = plain.replace("SELECT key", "SELECT key, rank, ord")
    each = " UNION ALL ".join(
        f"SELECT * FROM ({some.replace('state = 0', f'state = 0 AND {_topic(place, has_subtopic)}', 1)}) AS t{place}"
        for place, has_subtopic in enumerate(shape)
    )
    return whole.replace(plain, f"SELECT key FROM ({each}) AS every ORDER BY rank DESC, ord LIMIT :count")


def has_work(shape: Sequence[bool]) -> str:
    """Whether a queue has a job that could be taken."""
    each = (
        f"SELECT 1 FROM nsjob_jobs WHERE queue = :queue AND state = 0 AND {_topic(place, has_subtopic)}"
        for place, has_subtopic in enumerate(shape)
    )
    found = " UNION ALL ".join(each) or "SELECT 1 FROM nsjob_jobs WHERE queue = :queue AND state = 0"
    return f"SELECT 1 WHERE EXISTS ({found})"


def queues_with_work(shape: Sequence[bool]) -> str:
    """The queues that have such jobs."""
    found = has_work(shape).partition("EXISTS ")[2].replace(":queue", "q.id")
    return f"SELECT id FROM nsjob_queues q WHERE paused = 0 AND EXISTS {found}"


def live_jobs(shape: Sequence[bool]) -> str:
    """Whether a queue has jobs, of these topics, that have not ended."""
    return f"""
SELECT 1 FROM nsjob_jobs WHERE gone = 0 AND state IN (0, 1, 2, 3, 4) AND queue = :queue AND {_topics(shape)} LIMIT 1
"""


def candidates(shape: Sequence[bool]) -> str:
    """The next jobs of a queue whose keys are not at their cap."""
    return CANDIDATES.replace("AND q.paused", f"AND {_topics(shape, 'j.')} AND q.paused") if shape else CANDIDATES


LEASE_KEYS = f"""
UPDATE nsjob_jobs SET state = 4, owner = :pool, attempt = attempt + 1, started = :now, apart = 0
WHERE key {{among:keys}} AND state = 0 RETURNING {TAKEN}, state, {_LAST_DEFINITION} AS defined
"""
CANDIDATES = """
SELECT j.key, j.share FROM nsjob_jobs j JOIN nsjob_queues q ON q.id = j.queue
WHERE j.queue = :queue AND j.state = 0 AND j.kind < 4 AND q.paused = 0 AND (j.share IS NULL OR j.share NOT IN (
    SELECT share FROM nsjob_jobs
    WHERE gone = 0 AND state IN (3, 4) AND queue = :queue AND share IS NOT NULL AND apart <> 1
    GROUP BY share HAVING COUNT(*) >= :most))
ORDER BY j.rank DESC, j.ord LIMIT :count
"""
SHARES = """
SELECT share, COUNT(*) AS jobs FROM nsjob_jobs
WHERE gone = 0 AND state IN (3, 4) AND kind < 4 AND queue = :queue AND share IS NOT NULL AND apart <> 1 GROUP BY share
UNION ALL
SELECT j.share, SUM(c.most) AS jobs FROM nsjob_chunks c JOIN nsjob_jobs j ON j.key = c.job
WHERE j.queue = :queue AND j.share IS NOT NULL GROUP BY j.share
"""
APART = "UPDATE nsjob_jobs SET apart = :apart WHERE key = :key AND owner = :owner AND state IN (3, 4)"
BEFORE_IT = """
SELECT (SELECT COUNT(*) FROM nsjob_jobs
WHERE gone = 0 AND state IN (3, 4) AND kind < 4 AND queue = :queue AND share = :share AND apart = 0)
+ (SELECT COALESCE(SUM(c.most), 0) FROM nsjob_chunks c JOIN nsjob_jobs j ON j.key = c.job
WHERE j.queue = :queue AND j.share = :share) AS jobs
"""
ARRIVE = """
UPDATE nsjob_jobs SET state = 0, ready = NULL
WHERE state = 1 AND key IN (SELECT key FROM nsjob_jobs WHERE state = 1 AND ready <= {now} FOR UPDATE SKIP LOCKED)
"""
BEGUN = "UPDATE nsjob_jobs SET state = 4 WHERE key = :key AND owner = :owner AND state = 3"
GIVE_BACK = """
UPDATE nsjob_jobs SET state = 0, owner = NULL, started = NULL, attempt = attempt - 1
WHERE key = :key AND owner = :owner AND state IN (3, 4)
"""

# -- jobs end ----------------------------------------------------------------------------------------------------------

COMPLETE = """
UPDATE nsjob_jobs SET state = 5, outcome = :outcome, code = :code, result = :result, started = :started,
attempt = :attempt,
ended = :ended, gone = CASE WHEN aside = 1 THEN 1 ELSE CAST(:gone AS SMALLINT) END, owner = NULL,
until = :ended + COALESCE(keep, :keep), ran = :ran
WHERE key = :key AND owner = :owner AND state IN (3, 4)
RETURNING followed
"""
RETURN = """
UPDATE nsjob_jobs SET state = :state, ready = :ready, attempt = :attempt, owner = NULL, started = NULL, suspect = 0,
rank = priority, ord = :ord
WHERE key = :key AND owner = :owner AND state IN (3, 4) AND stopping = 0
"""
RUN = """
INSERT INTO nsjob_runs (job, number, attempt, started, ended, pool, host, pid, outcome, reason)
SELECT CAST(:job AS BIGINT), COALESCE((SELECT MAX(number) FROM nsjob_runs WHERE job = :job), 0) + 1,
CAST(:attempt AS INTEGER), CAST(:started AS BIGINT), CAST(:ended AS BIGINT), CAST(:pool AS TEXT), CAST(:host AS TEXT),
CAST(:pid AS INTEGER), CAST(:outcome AS TEXT), CAST(:reason AS TEXT)
"""
FORGET_RUNS = """
DELETE FROM nsjob_runs WHERE job = :job AND number <= (SELECT MAX(number) FROM nsjob_runs WHERE job = :job) - :most
"""
SAME_RUNS = """
INSERT INTO nsjob_runs (job, number, attempt, started, ended, pool, host, pid, outcome, reason)
SELECT CAST(:job AS BIGINT), number, attempt, started, ended, pool, host, pid, outcome, reason
FROM nsjob_runs WHERE job = :other
"""
TALLY = """
INSERT INTO nsjob_tallies (queue, pool, outcome, jobs)
SELECT id, CAST(:pool AS TEXT), CAST(:outcome AS TEXT), CAST(:jobs AS BIGINT) FROM nsjob_queues WHERE id = :queue
ON CONFLICT (queue, pool, outcome) DO UPDATE SET jobs = nsjob_tallies.jobs + excluded.jobs
"""
FOLLOWERS = "SELECT job, first FROM nsjob_after WHERE first {among:keys} ORDER BY job"
STEP = """
UPDATE nsjob_jobs SET blockers = blockers - 1,
state = CASE WHEN blockers > 1 THEN 2 WHEN ready IS NOT NULL THEN 1 ELSE 0 END
WHERE key = :key AND state = 2
"""
UNFOLLOW = "DELETE FROM nsjob_after WHERE first {among:keys}"
END_EARLY = """
UPDATE nsjob_jobs SET state = 5, outcome = :outcome, code = 'TCL_ERROR', result = :result, ended = {now}, owner = NULL,
gone = CASE WHEN aside = 1 THEN 1 ELSE CAST(:gone AS SMALLINT) END, until = {now} + COALESCE(keep, :keep)
WHERE key = :key AND state < 3 AND NOT EXISTS (SELECT 1 FROM nsjob_chunks c WHERE c.job = :key)
RETURNING queue, id, kind
"""
END_LOST = """
UPDATE nsjob_jobs SET state = 5, outcome = 'error', code = 'TCL_ERROR', result = :result, ended = {now}, owner = NULL,
losses = losses + 1, gone = CASE WHEN aside = 1 THEN 1 ELSE 0 END, until = {now} + COALESCE(keep, :keep)
WHERE key = :key AND owner = :pool AND state = 4
"""
LATE = """
SELECT key, queue, id FROM nsjob_jobs
WHERE expires IS NOT NULL AND state < 3 AND started IS NULL AND expires <= {now} LIMIT 500
"""
DYING = """
SELECT key, queue, id, kind, started, options FROM nsjob_jobs
WHERE dead IS NOT NULL AND state < 5 AND dead <= {now} AND (state < 3 OR kind = 4) LIMIT 500
"""
BEGUN_RANGES = """
SELECT key FROM nsjob_jobs WHERE queue = :queue AND kind = 4 AND state < 5 AND started IS NOT NULL
"""
NEXT_DEATH = "SELECT MIN(dead) FROM nsjob_jobs WHERE dead IS NOT NULL AND state < 5"
WAITING = """
SELECT key, queue, id FROM nsjob_jobs WHERE gone = 0 AND state IN (0, 1, 2) AND queue = :queue
AND NOT (kind = 4 AND started IS NOT NULL)
"""

# -- what is to come ---------------------------------------------------------------------------------------------------

NEXT_READY = "SELECT MIN(ready) FROM nsjob_jobs WHERE state = 1"
NEXT_LATE = "SELECT MIN(expires) FROM nsjob_jobs WHERE expires IS NOT NULL AND state < 3"
REQUESTS = "SELECT id, job, verb, value FROM nsjob_requests WHERE pool = :pool ORDER BY id"
ANSWERED = "DELETE FROM nsjob_requests WHERE id = :id"
ASK = """
INSERT INTO nsjob_requests (pool, job, verb, value)
SELECT owner, key, :verb, CAST(:value AS TEXT) FROM nsjob_jobs
WHERE key = :key AND owner IS NOT NULL AND state IN (3, 4)
"""

# -- looking -----------------------------------------------------------------------------------------------------------

JOB = "SELECT j.*, s.progress, s.log FROM nsjob_jobs j LEFT JOIN nsjob_said s ON s.job = j.key"
BY_KEY = f"{JOB} WHERE j.key = :key"
BY_NAME = f"{JOB} WHERE j.queue = :queue AND j.id = :id AND j.gone = 0"
GONE_BY_NAME = f"{JOB} WHERE j.queue = :queue AND j.id = :id AND j.gone = 1 ORDER BY j.ended DESC LIMIT 1"
TABLE = f"{JOB} WHERE j.queue = :queue AND j.gone = 0 ORDER BY j.queued, j.key"
IDS = "SELECT id FROM nsjob_jobs WHERE queue = :queue AND gone = 0 ORDER BY queued, key"
ENDS = """
SELECT key, outcome, code, result, started, ended, attempt FROM nsjob_jobs WHERE key {among:keys} AND state = 5
"""
GONE_KEYS = "SELECT key FROM nsjob_jobs WHERE key {among:keys}"
BOUND = """
UPDATE nsjob_jobs SET gone = 1 WHERE gone = 0 AND state = 5 AND key IN (
    SELECT key FROM nsjob_jobs WHERE queue = :queue AND gone = 0 AND state = 5
    ORDER BY ended DESC, key DESC LIMIT 1000000000 OFFSET :most)
"""
TAKE = "UPDATE nsjob_jobs SET gone = 1 WHERE key = :key AND gone = 0 AND state = 5"
FIRST_ENDED = """
SELECT key, id FROM nsjob_jobs WHERE queue = :queue AND gone = 0 AND state = 5 AND aside = 0
ORDER BY ended, key LIMIT :most
"""
ANY_LIVE_AT_ALL = """
SELECT 1 FROM nsjob_jobs WHERE gone = 0 AND state IN (0, 1, 2, 3, 4) AND queue = :queue LIMIT 1
"""
ANY_LIVE = ANY_LIVE_AT_ALL.replace("LIMIT", "AND aside = 0 LIMIT")
ALL_ENDED = """
SELECT key, id, outcome FROM nsjob_jobs WHERE queue = :queue AND gone = 0 AND state = 5 ORDER BY ended, key
"""
COUNTS = """
SELECT state, COUNT(*) AS jobs FROM nsjob_jobs
WHERE gone = 0 AND state IN (0, 1, 2, 3, 4, 5) AND queue = :queue GROUP BY state
UNION ALL
SELECT -1 AS state, COUNT(*) AS jobs FROM nsjob_jobs
WHERE queue = :queue AND kind = 4 AND state < 5 AND state = 0 AND started IS NOT NULL
"""
TALLIES = "SELECT outcome, SUM(jobs) AS jobs FROM nsjob_tallies WHERE queue = :queue GROUP BY outcome"
SAID = "SELECT log, output FROM nsjob_said WHERE job = :job"
OUTPUT = "SELECT output FROM nsjob_said WHERE job = :job"
SAY = """
INSERT INTO nsjob_said (job, progress, log, output) VALUES (:job, :progress, :log, :output)
ON CONFLICT (job) DO UPDATE SET progress = COALESCE(excluded.progress, nsjob_said.progress),
log = COALESCE(excluded.log, nsjob_said.log), output = COALESCE(excluded.output, nsjob_said.output)
"""
EDIT = """
UPDATE nsjob_jobs SET state = :state, rank = :rank, ord = :ord, priority = :priority, aside = :aside, kind = :kind,
script = :script, payload = :payload, options = :options, ready = :ready, expires = :expires, dead = :dead,
blockers = :blockers, share = :share, uniq = :uniq, note = :note, topic = :topic, subtopic = :subtopic, grp = :grp,
keep = :keep WHERE key = :key AND state < 3
"""
LOCK_JOB = "SELECT key FROM nsjob_jobs WHERE key = :key FOR UPDATE"
LOCK_EDITS = "SELECT value FROM nsjob_meta WHERE name = 'genid' FOR UPDATE"
FIRSTS_OF = "SELECT first FROM nsjob_after WHERE job {among:keys}"
FORGET_FIRSTS = "DELETE FROM nsjob_after WHERE job = :job"
SAME_UNIQUE = """
SELECT id FROM nsjob_jobs WHERE queue = :queue AND uniq = :uniq AND state < 5 AND key <> :key
"""
PLACE = """
SELECT key, id, state, rank, ord, priority, kind FROM nsjob_jobs WHERE queue = :queue AND id = :id AND gone = 0
"""
FIRST_OF_RANK = "SELECT MIN(ord) FROM nsjob_jobs WHERE queue = :queue AND state = 0 AND rank = :rank"
NEXT_BEFORE = "SELECT MAX(ord) FROM nsjob_jobs WHERE queue = :queue AND state = 0 AND rank = :rank AND ord < :ord"
NEXT_BEHIND = "SELECT MIN(ord) FROM nsjob_jobs WHERE queue = :queue AND state = 0 AND rank = :rank AND ord > :ord"
MAKE_ROOM = "UPDATE nsjob_jobs SET ord = ord + 2 WHERE queue = :queue AND state = 0 AND rank = :rank AND ord >= :ord"
TURN = "UPDATE nsjob_jobs SET rank = :rank, ord = :ord WHERE key = :key AND state = 0"

FIND = """
SELECT j.*, s.progress, s.log, q.name AS queue_name FROM nsjob_jobs j
JOIN nsjob_queues q ON q.id = j.queue LEFT JOIN nsjob_said s ON s.job = j.key WHERE 1 = 1
"""
FIND_ORDER = " ORDER BY j.queued, j.key LIMIT :count"
FIND_PARTS = {
    "queue": "j.queue = :queue",
    "queue besides": "+j.queue = :queue",  # the sign keeps it from being looked up: there is a better index
    "topic": "j.topic = :topic",
    "no topic": "j.topic IS NULL",
    "subtopic": "j.subtopic = :subtopic",
    "no subtopic": "j.subtopic IS NULL",
    "group": "j.grp = :grp",
    "no group": "j.grp IS NULL",
    "priority": "j.priority = :priority",
    "note": "j.note LIKE :note ESCAPE '~'",
    "since": "j.queued >= :since",
    "until": "j.queued < :until",
    "after": "(j.queued > :moment OR (j.queued = :moment AND j.key > :key))",
    "outcome": "j.outcome = :outcome",
}

RUNS = "SELECT * FROM nsjob_runs WHERE job = :job ORDER BY number"
POOL = "SELECT name, host, pid FROM nsjob_pools WHERE id = :pool"
CLEAN = """
DELETE FROM nsjob_jobs WHERE key IN (SELECT key FROM nsjob_jobs WHERE state = 5 AND until <= {now} LIMIT :count)
"""
MOVE = "UPDATE nsjob_jobs SET rank = :rank, ord = :ord, state = 0, ready = NULL WHERE key = :key AND state < 2"
SNOOZE = "UPDATE nsjob_jobs SET state = 1, ready = {now} + :delay WHERE key = :key AND state < 2"

DEFINITIONS = "SELECT number, lang, source, filename FROM nsjob_definitions WHERE number > :number ORDER BY number"
DEFINE = """
INSERT INTO nsjob_definitions (number, lang, source, filename)
SELECT COALESCE(MAX(number), 0) + 1, CAST(:lang AS TEXT), CAST(:source AS TEXT), CAST(:filename AS TEXT)
FROM nsjob_definitions RETURNING number
"""
UNDEFINE = "DELETE FROM nsjob_definitions WHERE lang = :lang AND source = :source AND filename IS NULL"
DEFINED_IN = """
SELECT number, source FROM nsjob_definitions WHERE lang = :lang AND filename = :filename ORDER BY number DESC LIMIT 1
"""
NOTIFY_WORK = "SELECT pg_notify('nsjob_work', 'work')"
NOTIFY_WORK_OF = "SELECT pg_notify('nsjob_work', 'work ' || CAST(:queue AS TEXT))"
NOTIFY_SLOTS = """
SELECT pg_notify('nsjob', 'all')
WHERE EXISTS (SELECT 1 FROM nsjob_slots WHERE queue = :queue AND pool <> :pool AND wanted > slots)
"""
NOTIFY_ENDS = "SELECT pg_notify('nsjob', 'ends ' || CAST(:pool AS TEXT))"
# Both locks are the session's, of this store's table: they know nothing of transactions.
LEAD = "SELECT pg_try_advisory_lock(CAST(CAST('nsjob_queues' AS regclass) AS integer), CAST(:queue AS integer))"
LEAD_NO_MORE = "SELECT pg_advisory_unlock(CAST(CAST('nsjob_queues' AS regclass) AS integer), CAST(:queue AS integer))"
NOTIFY_ALL = "SELECT pg_notify('nsjob', 'all')"

# -- templates ---------------------------------------------------------------------------------------------------------

TEMPLATES = "SELECT * FROM nsjob_templates ORDER BY number"
TEMPLATE = "SELECT * FROM nsjob_templates WHERE name = :name"
NEW_TEMPLATE = """
INSERT INTO nsjob_templates (name, number, version, body) SELECT CAST(:name AS TEXT), COALESCE(MAX(number), 0) + 1, 1,
CAST(:body AS {bytes}) FROM nsjob_templates WHERE 1 = 1 ON CONFLICT DO NOTHING
"""
EDIT_TEMPLATE = """
UPDATE nsjob_templates SET body = :body, version = version + 1 WHERE name = :name AND version = :version
"""
DROP_TEMPLATE = "DELETE FROM nsjob_templates WHERE name = :name"

# -- contents of files -------------------------------------------------------------------------------------------------

PUT_CONTENT = """
INSERT INTO nsjob_contents (hash, part, data, made) VALUES (:hash, :part, :data, {now}) ON CONFLICT DO NOTHING
"""
GET_CONTENT = "SELECT data FROM nsjob_contents WHERE hash = :hash AND part = :part"
NEED_CONTENT = "INSERT INTO nsjob_needs (job, hash) VALUES (:job, :hash) ON CONFLICT DO NOTHING"
SAME_NEEDS = """
INSERT INTO nsjob_needs (job, hash) SELECT CAST(:job AS BIGINT), hash FROM nsjob_needs WHERE job = :other
"""
TOUCH_CONTENT = "UPDATE nsjob_contents SET made = {now} WHERE hash = :hash"
SWEEP_CONTENTS = """
DELETE FROM nsjob_contents WHERE made < {now} - :grace
AND NOT EXISTS (SELECT 1 FROM nsjob_needs n WHERE n.hash = nsjob_contents.hash)
"""

# -- what is told of while it happens ----------------------------------------------------------------------------------

_NEWS = """
SELECT j.key, j.queue, j.id, j.state, j.attempt, j.queued, j.started, j.ended, j.outcome, s.progress
FROM nsjob_jobs j LEFT JOIN nsjob_said s ON s.job = j.key
"""
NEWS_LIVE = f"{_NEWS} WHERE j.gone = 0 AND j.state IN (0, 1, 2, 3, 4)"
NEWS_NEW = f"{_NEWS} WHERE j.queued >= :since ORDER BY j.queued, j.key"
NEWS_OF = f"{_NEWS} WHERE j.key {{among:keys}}"
NEWS_QUEUES = "SELECT id, name FROM nsjob_queues"
AT_WORK = """
SELECT id FROM nsjob_jobs WHERE gone = 0 AND state = :state AND queue = :queue ORDER BY started LIMIT :most
"""
GIVEN_BACK = """
INSERT INTO nsjob_runs (job, number, attempt, started, ended, pool, host, pid, outcome, reason)
SELECT key, COALESCE((SELECT MAX(number) FROM nsjob_runs r WHERE r.job = key), 0) + 1, attempt,
COALESCE(started, {now}),
{now}, CAST(:name AS TEXT), CAST(:host AS TEXT), CAST(:pid AS INTEGER), 'requeued', CAST(:reason AS TEXT)
FROM nsjob_jobs WHERE key = :key AND owner = :owner AND state = 4
"""

# -- ranges ------------------------------------------------------------------------------------------------------------


def in_order(shape: Sequence[bool]) -> str:
    """The next jobs of a queue, ranges among them, save those of which the pool has a part."""
    return f"""
SELECT key, kind, rank, ord FROM nsjob_jobs j WHERE queue = :queue AND state = 0
AND EXISTS (SELECT 1 FROM nsjob_queues q WHERE q.id = :queue AND q.paused = 0) AND {_topics(shape, "j.")}
AND NOT EXISTS (SELECT 1 FROM nsjob_chunks c WHERE c.job = j.key AND c.pool = :pool)
ORDER BY rank DESC, ord LIMIT :count
"""


NEW_RANGE = """
INSERT INTO nsjob_ranges (job, kind, most, indexes, pending, succeeded, failed, cancelled)
VALUES (:job, :kind, :most, :indexes, :pending, :succeeded, '', '')
"""
RANGE = "SELECT * FROM nsjob_ranges WHERE job = :job"
CHUNKS = "SELECT pool, most, indexes FROM nsjob_chunks WHERE job = :job"
POOLS_CHUNKS = "SELECT job, indexes FROM nsjob_chunks WHERE pool = :pool"
NEW_CHUNK = "INSERT INTO nsjob_chunks (job, pool, most, indexes) VALUES (:job, :pool, :most, :indexes)"
SHRINK_CHUNK = "UPDATE nsjob_chunks SET indexes = :indexes WHERE job = :job AND pool = :pool"
GOES_BEFORE = """
SELECT 1 FROM nsjob_jobs j JOIN nsjob_jobs r ON r.key = :job
WHERE j.queue = r.queue AND j.state = 0 AND j.rank > r.rank LIMIT 1
"""
EXTEND_CHUNK = "UPDATE nsjob_chunks SET indexes = :indexes, most = :most WHERE job = :job AND pool = :pool"
DROP_CHUNK = "DELETE FROM nsjob_chunks WHERE job = :job AND pool = :pool"
PUT_RANGE = """
UPDATE nsjob_ranges SET pending = :pending, succeeded = :succeeded, failed = :failed, cancelled = :cancelled,
stopping = :stopping, lost = :lost, error = :error, first = :first WHERE job = :job
"""
RANGE_STATE = """
UPDATE nsjob_jobs SET state = :state, started = COALESCE(started, CAST(:now AS BIGINT)), attempt = 1
WHERE key = :key AND state IN (0, 4)
"""
END_RANGE = """
UPDATE nsjob_jobs SET state = 5, outcome = :outcome, code = :code, result = :result, ended = :ended, ran = :ran,
gone = CASE WHEN aside = 1 THEN 1 ELSE CAST(:gone AS SMALLINT) END, owner = NULL, until = :ended + COALESCE(keep, :keep)
WHERE key = :key AND state IN (0, 4) RETURNING followed
"""
LOSE_RANGE = "UPDATE nsjob_jobs SET losses = losses + 1 WHERE key = :key RETURNING losses"
FAILURE = """
INSERT INTO nsjob_failures (job, number, pool, host, started, ended, runs, error)
VALUES (:job, :number, :pool, :host, :started, :ended, :runs, :error) ON CONFLICT DO NOTHING
"""
FAILURES = "SELECT COUNT(*) FROM nsjob_failures WHERE job = :job"
FAILURE_OF = "SELECT * FROM nsjob_failures WHERE job = :job AND number = :number"
ASK_POOL = "INSERT INTO nsjob_requests (pool, job, verb) VALUES (:pool, :job, :verb)"
OWN_FAILURES = """
SELECT queue, id, result FROM nsjob_jobs WHERE outcome IN ('error', 'timeout', 'expired') AND queued >= :since
AND outcome IS NOT NULL AND outcome <> 'ok' AND token = :token AND (gone = 0 OR aside = 1) AND kind <> 1
ORDER BY ended
"""
OWN_LIVE = """
SELECT queue, COUNT(*) AS jobs FROM nsjob_jobs WHERE gone = 0 AND state IN (0, 1, 2, 3, 4) AND token = :token
GROUP BY queue
"""
