"""A run's history as lines, for people."""

from datetime import datetime

from runner.core.clock import moment_from_text
from runner.core.record import record
from runner.journal.sql import Sql


@record
class LogRow:
    """One thing that happened in a run.

    Shapes: ``path`` is the step's, empty for the run itself; ``kind`` is ``run``, ``start``,
        ``step`` or ``effect``; ``words`` is a phrase without the path.
    """

    at: datetime
    path: str
    kind: str
    words: str


@record
class Transition:
    """One durable change of an effect; equal states are another look at the same one."""

    at: datetime
    path: str
    from_state: str
    state: str
    attempt_number: int
    order_id: str
    status: str
    reason: str


_HISTORY = """
    SELECT created_at, '', 'run', 'registered: ' || playbook || ' for ' || occurrence, 0, seq
      FROM run WHERE run_id = ?
    UNION ALL
    SELECT at, path, 'start', CASE WHEN deadline IS NULL THEN 'entered'
           ELSE 'entered, deadline ' || deadline END, 1, seq
      FROM step_start WHERE run_id = ?
    UNION ALL
    SELECT at, path, 'effect',
           CASE WHEN from_state = state THEN state ELSE from_state || ' -> ' || state END
           || CASE WHEN state = 'sending' THEN ', attempt ' || attempt_number ELSE '' END
           || CASE WHEN order_id = '' THEN '' ELSE ', order ' || order_id END
           || CASE WHEN status = '' THEN '' ELSE ', ' || status END
           || CASE WHEN reason = '' THEN '' ELSE ': ' || reason END, 2, seq
      FROM transition WHERE run_id = ?
    UNION ALL
    SELECT finished_at, path, 'step',
           state || CASE WHEN message = '' THEN '' ELSE ': ' || message END, 3, seq
      FROM step WHERE run_id = ?
    UNION ALL
    SELECT finished_at, '', 'run',
           'ended with exit code ' || exit_code
           || CASE WHEN message = '' THEN '' ELSE ': ' || message END, 4, seq
      FROM run WHERE run_id = ? AND finished_at IS NOT NULL
    ORDER BY 1, 5, 6
"""


def log_rows(sql: Sql, run_id: str) -> tuple[LogRow, ...]:
    """Return what happened in a run, oldest first; equal moments keep the order of writing."""
    return tuple(
        LogRow(at=moment_from_text(at), path=path, kind=kind, words=words)
        for at, path, kind, words, _, _ in sql.execute(_HISTORY, (run_id,) * _HISTORY.count("?"))
    )


def transition_rows(sql: Sql, run_id: str) -> tuple[Transition, ...]:
    """Return every change of a run's effects, in the order they were written."""
    found = sql.execute(
        "SELECT at, path, from_state, state, attempt_number, order_id, status, reason"
        " FROM transition WHERE run_id = ? ORDER BY seq",
        (run_id,),
    )
    return tuple(
        Transition(
            at=moment_from_text(at),
            path=path,
            from_state=before,
            state=state,
            attempt_number=number,
            order_id=order_id,
            status=status,
            reason=reason,
        )
        for at, path, before, state, number, order_id, status, reason in found
    )
