"""What one verdict costs with 1,000 rules and 100,000 past effects, as before each send.

What is timed is what the intent's transaction does: say which effects count, read them, decide. A
hundred of the rules ask for a sum of their own. All effects lie within the window, of ten coins.
The floor is fetching the same rows from the same file without making anything of them.
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from benchmarks.measure import Row
from runner.app.usecases.policies import check_policy
from runner.controls.guard import Guard, closed_guard
from runner.controls.place import ControlsPlace
from runner.controls.policy import EffectFacts, VerdictKind
from runner.core.clock import SystemClock
from runner.journal.codec import moment_text
from runner.journal.sqlite import open_journal

EFFECTS = 100_000
RULES = 1_000
SUMS = 100
COINS = 10
ROUNDS = 5
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
_FETCH = (
    "SELECT spent.* FROM spent JOIN effect USING (run_id, path) WHERE at >= ? AND spent.coin = ?"
)


def measure() -> list[Row]:
    """Measure the verdict, and of it the reading alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.sqlite"
        guard = _guard(Path(folder))
        effect = _facts(1)
        with closing(open_journal(path, clock=SystemClock())) as journal:
            _fill(path)
            asked = guard.asked(effect, AT)

            def read() -> None:
                asyncio.run(journal.spent(asked, run_id="new"))

            def decide() -> None:
                spent = asyncio.run(journal.spent(asked, run_id="new"))
                verdict = guard.verdict(effect, AT, spent, run_id="new")
                assert verdict.kind is VerdictKind.ALLOW, verdict

            with closing(sqlite3.connect(path)) as plain:

                def fetch() -> None:
                    since = moment_text(AT - timedelta(hours=24))
                    assert plain.execute(_FETCH, (since, "C1")).fetchall()

                floor_s = _median_s(fetch)
            return [
                Row(name="policy_read", median_s=_median_s(read), floor="fetch", floor_s=floor_s),
                Row(
                    name="policy_verdict",
                    median_s=_median_s(decide),
                    floor="fetch",
                    floor_s=floor_s,
                ),
            ]


def _median_s(work: Callable[[], None]) -> float:
    taken = []
    for _ in range(ROUNDS):
        started_s = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started_s)
    return statistics.median(taken)


def _guard(folder: Path) -> Guard:
    rules = "".join(_rule(number) for number in range(RULES - 1))
    last = "  - {name: rest, reason: R., verdict: allow}\n"
    head = "apiVersion: runner/v1\nkind: Policy\nrules:\n"
    (folder / "policy.yaml").write_text(f"{head}{rules}{last}", encoding="utf-8")
    policy = check_policy(ControlsPlace(path=folder / "policy.yaml")).policy
    return Guard(policy=policy, without=closed_guard("none").without)


def _rule(number: int) -> str:
    if number >= SUMS:
        link = f"    match: {{link: acme/other-{number}}}\n"
        return f"  - name: r{number}\n    reason: R.\n{link}    verdict: deny\n"
    # As many sums as rules: each has a window of its own.
    window = f"      sum: {{window: {24 * 60 - number}m, above: 1000000000 C1}}\n"
    return f"  - name: r{number}\n    reason: R.\n    match:\n{window}    verdict: deny\n"


def _facts(number: int) -> EffectFacts:
    return EffectFacts(
        action="mirror.apply",
        coin=f"C{number % COINS}",
        amount=Decimal("1.25"),
        network="ETH",
        link=f"acme/link-{number % 50}",
        playbook="bench",
    )


def _fill(path: Path) -> None:
    with closing(sqlite3.connect(path)) as sql:
        columns = {
            table: [row[1:3] for row in sql.execute(f"PRAGMA table_info({table})")]
            for table in ("run", "effect", "spent")
        }
        _insert(sql, columns["run"], "run", [{"run_id": "old", "created_at": moment_text(AT)}])
        numbers = range(EFFECTS)
        effects = ({"run_id": "old", "path": f"p{n}", "request_id": f"{n}"} for n in numbers)
        state = {"state": "confirmed", "known_order_ids": "[]", "evidence": "null"}
        _insert(sql, columns["effect"], "effect", ({**each, **state} for each in effects))
        _insert(sql, columns["spent"], "spent", map(_spent, numbers))
        sql.commit()


def _spent(number: int) -> dict[str, str]:
    facts = _facts(number)
    moment = AT - timedelta(seconds=number * 80_000 / EFFECTS)
    return {
        "run_id": "old",
        "path": f"p{number}",
        "at": moment_text(moment),
        "amount": str(facts.amount),
        **{
            name: getattr(facts, name) for name in ("action", "coin", "network", "link", "playbook")
        },
    }


def _insert(
    sql: sqlite3.Connection, columns: "list[tuple[str, str]]", table: str, rows: "object"
) -> None:
    """Insert rows, with something of the right type in every column they do not name."""
    names = [name for name, _ in columns if name != "seq"]
    empty = {name: 0 if kind == "INTEGER" else "" for name, kind in columns}
    marks = ",".join("?" * len(names))
    values = ([{**empty, **row}[name] for name in names] for row in rows)  # type: ignore[attr-defined]
    sql.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", values)  # noqa: S608
