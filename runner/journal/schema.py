"""The tables of the journal, as numbered migrations.

Rows are facts and are appended. Some tables hold a present that changes: ``run`` (its end),
``effect`` (where it stands; ``transition`` keeps how it got there), ``attempt`` (its answer),
``spent`` (the moment it counts from), ``run_head`` and ``lock``. Everything is text or integer
except the bytes of files; moments are RFC 3339 in UTC with microseconds.

Written for SQLite; ``postgres_schema`` spells the same statements for PostgreSQL.
"""

APPLICATION_ID = 0x52554E52
"""``RUNR``, in the file's header: what tells a journal from any other SQLite file."""

_FIRST = (
    """
    CREATE TABLE meta (
        key   TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE run (
        seq          INTEGER PRIMARY KEY,
        run_id       TEXT NOT NULL UNIQUE,
        digest       TEXT NOT NULL,
        plan         TEXT NOT NULL,
        playbook     TEXT NOT NULL,
        host         TEXT NOT NULL,
        entity       TEXT NOT NULL,
        occurrence   TEXT NOT NULL,
        revision     INTEGER NOT NULL,
        created_at   TEXT NOT NULL,
        tool_version TEXT NOT NULL,
        exit_code    INTEGER,
        message      TEXT NOT NULL,
        finished_at  TEXT
    )
    """,
    """
    CREATE TABLE run_file (
        run_id TEXT NOT NULL REFERENCES run (run_id) ON DELETE CASCADE,
        name   TEXT NOT NULL,
        bytes  BLOB NOT NULL,
        PRIMARY KEY (run_id, name)
    ) WITHOUT ROWID
    """,
    # No cascade: a run that has claimed its occurrence can never be dropped.
    """
    CREATE TABLE claim (
        host       TEXT NOT NULL,
        entity     TEXT NOT NULL,
        playbook   TEXT NOT NULL,
        occurrence TEXT NOT NULL,
        revision   INTEGER NOT NULL,
        run_id     TEXT NOT NULL UNIQUE REFERENCES run (run_id),
        at         TEXT NOT NULL,
        PRIMARY KEY (host, entity, playbook, occurrence, revision)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE step_start (
        seq      INTEGER PRIMARY KEY,
        run_id   TEXT NOT NULL REFERENCES run (run_id) ON DELETE CASCADE,
        path     TEXT NOT NULL,
        at       TEXT NOT NULL,
        deadline TEXT,
        UNIQUE (run_id, path)
    )
    """,
    """
    CREATE TABLE step (
        seq         INTEGER PRIMARY KEY,
        run_id      TEXT NOT NULL REFERENCES run (run_id) ON DELETE CASCADE,
        path        TEXT NOT NULL,
        state       TEXT NOT NULL,
        result      TEXT NOT NULL,
        message     TEXT NOT NULL,
        exit_code   INTEGER NOT NULL,
        started_at  TEXT NOT NULL,
        finished_at TEXT NOT NULL,
        UNIQUE (run_id, path)
    )
    """,
    """
    CREATE TABLE effect (
        seq             INTEGER PRIMARY KEY,
        run_id          TEXT NOT NULL REFERENCES run (run_id) ON DELETE CASCADE,
        path            TEXT NOT NULL,
        action          TEXT NOT NULL,
        operation       TEXT NOT NULL,
        method          TEXT NOT NULL,
        url_path        TEXT NOT NULL,
        body            TEXT NOT NULL,
        request_id      TEXT NOT NULL,
        lock            TEXT NOT NULL,
        link_id         TEXT NOT NULL,
        kind            TEXT NOT NULL,
        coin            TEXT NOT NULL,
        network         TEXT NOT NULL,
        amount          TEXT NOT NULL,
        planned_at      TEXT NOT NULL,
        known_order_ids TEXT NOT NULL,
        state           TEXT NOT NULL,
        order_id        TEXT NOT NULL,
        status          TEXT NOT NULL,
        status_code     TEXT NOT NULL,
        reason          TEXT NOT NULL,
        evidence        TEXT NOT NULL,
        changed_at      TEXT NOT NULL,
        UNIQUE (run_id, path),
        UNIQUE (run_id, request_id)
    )
    """,
    "CREATE INDEX effect_by_lock ON effect (lock, state)",
    "CREATE INDEX effect_by_order ON effect (order_id) WHERE order_id <> ''",
    # One requestId, one payload, one effect, for ever; written when the effect may have left us.
    """
    CREATE TABLE request (
        request_id  TEXT PRIMARY KEY,
        body_digest TEXT NOT NULL,
        run_id      TEXT NOT NULL,
        path        TEXT NOT NULL,
        at          TEXT NOT NULL,
        FOREIGN KEY (run_id, path) REFERENCES effect (run_id, path)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE attempt (
        run_id              TEXT NOT NULL,
        path                TEXT NOT NULL,
        number              INTEGER NOT NULL,
        timestamp_ms        INTEGER NOT NULL,
        started_at          TEXT NOT NULL,
        key_fingerprint     TEXT NOT NULL,
        answer              TEXT,
        proven_not_executed INTEGER NOT NULL,
        PRIMARY KEY (run_id, path, number),
        FOREIGN KEY (run_id, path) REFERENCES effect (run_id, path)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE transition (
        seq            INTEGER PRIMARY KEY,
        run_id         TEXT NOT NULL,
        path           TEXT NOT NULL,
        at             TEXT NOT NULL,
        from_state     TEXT NOT NULL,
        state          TEXT NOT NULL,
        attempt_number INTEGER NOT NULL,
        order_id       TEXT NOT NULL,
        status         TEXT NOT NULL,
        reason         TEXT NOT NULL,
        evidence       TEXT NOT NULL,
        FOREIGN KEY (run_id, path) REFERENCES effect (run_id, path) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX transition_by_run ON transition (run_id, path)",
    """
    CREATE TABLE lock (
        name   TEXT PRIMARY KEY,
        run_id TEXT NOT NULL,
        at     TEXT NOT NULL
    ) WITHOUT ROWID
    """,
)

_SPENDING = (
    # What policies count. Effects that were there before are counted without the names that nobody
    # had written down: by action, coin, network and playbook.
    """
    CREATE TABLE spent (
        run_id      TEXT NOT NULL,
        path        TEXT NOT NULL,
        at          TEXT NOT NULL,
        action      TEXT NOT NULL,
        coin        TEXT NOT NULL,
        amount      TEXT NOT NULL,
        network     TEXT NOT NULL,
        wallet      TEXT NOT NULL,
        link        TEXT NOT NULL,
        destination TEXT NOT NULL,
        playbook    TEXT NOT NULL,
        PRIMARY KEY (run_id, path),
        FOREIGN KEY (run_id, path) REFERENCES effect (run_id, path) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
    "CREATE INDEX spent_by_time ON spent (at)",
    """
    INSERT INTO spent
    SELECT run_id, path,
           (SELECT min(at) FROM transition
            WHERE transition.run_id = effect.run_id AND transition.path = effect.path),
           action, coin, CASE amount WHEN '' THEN '0' ELSE amount END, network, '', '', '', playbook
    FROM effect JOIN run USING (run_id)
    WHERE EXISTS (SELECT 1 FROM transition
                  WHERE transition.run_id = effect.run_id AND transition.path = effect.path)
    """,
)

_EVERY_EFFECT = (
    # What was about a link and an amount is about anything: an effect without an amount has an
    # empty text there, and what else is compared stands in details, a JSON object of texts.
    "ALTER TABLE effect RENAME COLUMN link_id TO subject_id",
    "ALTER TABLE effect ADD COLUMN details TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE effect ADD COLUMN found_by TEXT NOT NULL DEFAULT 'list'",
)

_CHAINS = (
    # Who may write a run, and where its chain ends. A row of its own and small: it changes with
    # every row that is written, and a run's own row holds the whole plan.
    """
    CREATE TABLE run_head (
        run_id         TEXT PRIMARY KEY,
        number         INTEGER NOT NULL,
        head           TEXT NOT NULL,
        epoch          INTEGER NOT NULL,
        owner          TEXT NOT NULL,
        lease_until_ms INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE chain (
        run_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        kind   TEXT NOT NULL,
        key    TEXT NOT NULL,
        digest TEXT NOT NULL,
        head   TEXT NOT NULL,
        PRIMARY KEY (run_id, number)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE ownership (
        run_id TEXT NOT NULL,
        epoch  INTEGER NOT NULL,
        owner  TEXT NOT NULL,
        at     TEXT NOT NULL,
        PRIMARY KEY (run_id, epoch)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE register (
        number INTEGER NOT NULL,
        kind   TEXT NOT NULL,
        run_id TEXT NOT NULL,
        at     TEXT NOT NULL,
        facts  TEXT NOT NULL,
        head   TEXT NOT NULL,
        PRIMARY KEY (number)
    )
    """,
    # What people decided. Of no run: of the whole journal, and then its chain is the register.
    """
    CREATE TABLE decision (
        seq     INTEGER PRIMARY KEY,
        run_id  TEXT NOT NULL,
        path    TEXT NOT NULL,
        kind    TEXT NOT NULL,
        reason  TEXT NOT NULL,
        who     TEXT NOT NULL,
        at      TEXT NOT NULL,
        payload TEXT NOT NULL
    )
    """,
    "CREATE INDEX decision_by_run ON decision (run_id)",
    "ALTER TABLE attempt ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0",
)

_HANDED_BACK = (
    # Runs that were handed back, and when they are due; gone as soon as they go on.
    """
    CREATE TABLE suspension (
        run_id TEXT PRIMARY KEY,
        path   TEXT NOT NULL,
        at     TEXT NOT NULL,
        due_at TEXT NOT NULL
    ) WITHOUT ROWID
    """,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _EVERY_EFFECT,
    _SPENDING,
    _CHAINS,
    _HANDED_BACK,
)
"""Statement lists; applying number n (from 1) takes the schema from version n-1 to n."""

CHAINED = 4
"""The version whose rows are the first in a chain."""

VERSION = len(MIGRATIONS)
