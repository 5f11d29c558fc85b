"""From any older version of the tables to this one, inside the transaction of whoever asks."""

import secrets
from datetime import datetime

from runner.journal.chain import open_chain
from runner.journal.codec import moment_text
from runner.journal.records import NOTE, OWNERSHIP, RECORDS, RUN, enter, stored_rows
from runner.journal.register import enter_register
from runner.journal.schema import CHAINED, MIGRATIONS
from runner.journal.sql import Sql
from runner.journal.transaction import Transaction


def migrate(sql: Sql, version: int, *, at: datetime) -> None:
    """Apply every migration after a version; 0 is an empty database, and draws the store's id."""
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            sql.execute(statement)
    if 0 < version < CHAINED:
        # Last, because what is entered are the rows as every migration has left them.
        _begin_chains(sql, at)
    if version == 0:
        store_id = f"S-{secrets.token_hex(8)}"
        for key, value in (("store_id", store_id), ("created_at", moment_text(at))):
            sql.execute("INSERT INTO meta (key, value) VALUES (?,?)", (key, value))
        enter_register(sql, "store", "", {"store_id": store_id}, at)


def _begin_chains(sql: Sql, at: datetime) -> None:
    """Begin the chains of runs that were written before there were chains.

    What they held is entered as it is found; a note says from when on it is vouched for.
    """
    (store_id,) = sql.execute("SELECT value FROM meta WHERE key = 'store_id'").fetchone()
    enter_register(sql, "store", "", {"store_id": store_id}, at)
    note = f"the chain begins here: what was written before {moment_text(at)} is as it was found"
    enter_register(sql, NOTE, "", {"note": note}, at)
    runs = sql.execute("SELECT run_id, digest, exit_code FROM run ORDER BY seq").fetchall()
    for run_id, digest, exit_code in runs:
        transaction = Transaction(sql=sql, chain=open_chain(sql, run_id))
        transaction.chain.add(NOTE, (note,), "")
        for table in RECORDS:
            if table is not OWNERSHIP:
                for values in stored_rows(sql, table, run_id):
                    enter(transaction, _FIRST_KIND.get(table.table, table.table), table, values)
        transaction.chain.close()
        enter_register(sql, RUN.table, run_id, {"digest": digest}, at)
        if exit_code is not None:
            chain = transaction.chain
            enter_register(sql, "end", run_id, {"head": chain.head, "number": chain.number}, at)


_FIRST_KIND = {"run_file": "file", "step_start": "start"}
"""What an entry calls a row of a table whose name is not the kind's."""
