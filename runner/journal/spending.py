"""What was spent: the facts of every effect with an intent, as policies count them.

Every function works inside a transaction that its caller has opened.
Source: DESIGN section 7, Policy: every effect with an intent counts, HALTED included, except
REJECTED, FAILED and CANCELLED.
"""

from datetime import datetime

from runner.controls.guard import SpentAsked
from runner.controls.policy import EffectFacts, Spent
from runner.core.clock import moment_from_text
from runner.core.money import amount_from_stored, amount_text
from runner.effects.model import EffectOrder
from runner.journal.codec import moment_text
from runner.journal.records import SPENT, enter_written, insert_row
from runner.journal.sql import Sql
from runner.journal.transaction import Transaction

_FACTS = "action, coin, amount, network, wallet, link, destination, playbook"
_COUNTS = "effect.state NOT IN ('rejected', 'failed', 'cancelled')"


def record_spent(
    transaction: Transaction, order: EffectOrder, facts: EffectFacts, at: datetime
) -> None:
    """Write the facts of an effect whose intent stands."""
    values = (
        order.path,
        moment_text(at),
        facts.action,
        facts.coin,
        amount_text(facts.amount),
        facts.network,
        facts.wallet,
        facts.link,
        facts.destination,
        facts.playbook,
    )
    insert_row(transaction, "spent", SPENT, values)


def move_spent(transaction: Transaction, order: EffectOrder, at: datetime) -> None:
    """Let an effect count from the moment of a send: money moves then, not at its intent."""
    written = transaction.sql.execute(
        "UPDATE spent SET at = ? WHERE run_id = ? AND path = ?",
        (moment_text(at), order.run_id, order.path),
    ).rowcount
    if written == 1:
        enter_written(transaction, "spent", SPENT, (order.path,))


def spent_rows(sql: Sql, asked: SpentAsked, *, run_id: str, path: str = "") -> tuple[Spent, ...]:
    """Return the spent effects that were asked for, without the effect that is to be decided.

    Shapes: ``run_id`` and ``path`` are that effect's; ``path`` is empty where it has no intent.
    """
    if asked.since is None and not asked.own_run:
        return ()
    # Moments are texts of one width, so that they compare as moments do.
    since = "9" if asked.since is None else moment_text(asked.since)
    found = sql.execute(
        f"SELECT spent.run_id, at, spent.{_FACTS.replace(', ', ', spent.')}"  # noqa: S608  # constants
        " FROM spent JOIN effect USING (run_id, path)"
        f" WHERE {_COUNTS} AND (at >= ? OR ? AND spent.run_id = ?)"
        " AND (spent.coin = ? OR ? = '')"
        " AND NOT (spent.run_id = ? AND spent.path = ?)",
        (since, asked.own_run, run_id, asked.coin, asked.coin, run_id, path),
    ).fetchall()
    return tuple(_spent(each) for each in found)


def _spent(found: tuple[str, ...]) -> Spent:
    run_id, at, action, coin, amount, network, wallet, link, destination, playbook = found
    return Spent(
        facts=EffectFacts(
            action=action,
            coin=coin,
            amount=amount_from_stored(amount),
            network=network,
            wallet=wallet,
            link=link,
            destination=destination,
            playbook=playbook,
        ),
        at=moment_from_text(at),
        run_id=run_id,
    )
