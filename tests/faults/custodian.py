"""The sandbox of all cases of one process: the real application over a ledger in memory.

Resetting it is putting back the rows of a ledger that was just made, which keeps the statements
that were prepared for it.
"""

import sqlite3
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from hashlib import sha512
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from starlette.applications import Starlette

from runner.catalogue.load import load_api
from runner.client.keys import KeySigner, Signer, SigningKey
from runner.core.clock import Clock
from runner.core.record import record
from runner.sandbox.app import mount_service
from runner.sandbox.books import Books
from runner.sandbox.call import Call
from runner.sandbox.directory import seed_ledger
from runner.sandbox.faults import Fault
from runner.sandbox.ledger import Ledger
from runner.sandbox.lifecycles import after_stage
from runner.sandbox.operations import HANDLERS
from runner.sandbox.orders import SUCCESS, Order
from runner.sandbox.refusal import Refused
from runner.sandbox.service import Service
from runner.sandbox.steering import FaultRules
from runner.sandbox.switches import Switches
from runner.sandbox.tables import TABLES
from runner.sandbox.verify import PublicKey
from runner.sandbox.world import World
from tests.faults.clock import START
from tests.faults.models import Model
from tests.faults.subjects import base_world

KEY_NAME = "operator"
_API_KEY = "f" * 64
_RSA_BITS = 2048


@record
class _Person:
    """Somebody in the portal."""

    entity: str = "acme"
    name: str = ""
    wallet_ids: frozenset[str] = frozenset()


@record
class Made:
    """One execution, as the ledger has it.

    Shapes: ``moved`` are the accounts and amounts of its legs, ``made`` the wallet (name, type,
        parent) or None; ``is_settled`` tells whether what it moves has been posted.
    """

    id: str
    request_id: str
    status: int
    is_settled: bool
    moved: tuple[tuple[str, str, Decimal], ...] = ()
    made: tuple[str, str, str] | None = None


class _CheapKey:
    """A key whose signature is a digest: RSA is a sixth of a case, and proves nothing in it.

    It stands for both halves of a pair, as a ``Signer`` and as what the sandbox verifies with.
    """

    api_key = _API_KEY
    fingerprint = "SHA256:cheap"
    is_slow = False

    def sign(self, data: bytes) -> str:
        return b64encode(sha512(data).digest()).decode()

    def verify(self, signature: bytes, data: bytes, *scheme: object) -> None:
        if signature != sha512(data).digest():
            raise InvalidSignature


_CHEAP_KEY: Any = _CheapKey()


class LooseClock:
    """The clock of whichever case is played."""

    def __init__(self) -> None:
        self.case: Clock | None = None

    def _clock(self) -> Clock:
        assert self.case is not None, "the sandbox is asked only within a case"
        return self.case

    def now(self) -> Any:  # noqa: ANN401 - as the case's clock has it
        return self._clock().now()

    def monotonic_s(self) -> float:
        return self._clock().monotonic_s()

    async def sleep(self, delay_s: float) -> None:
        await self._clock().sleep(delay_s)


class Custodian:
    """The sandbox: ``app`` is what answers in the case at hand, ``ledger`` is the judge's."""

    def __init__(self, *, real_keys: bool = False) -> None:
        private = generate_private_key(65537, _RSA_BITS) if real_keys else None
        self.signer: Signer = _CheapKey()
        if private is not None:
            self.signer = KeySigner(api_key=_API_KEY, key=SigningKey(private))
        world = base_world()
        permissions = next(key for key in world.keys if key.name == KEY_NAME).permissions
        self._key = PublicKey(
            name=KEY_NAME,
            api_key=_API_KEY,
            entity=world.entity,
            permissions=frozenset(permissions),
            public_key=_CHEAP_KEY if private is None else private.public_key(),
        )
        self._clock = LooseClock()
        self._db = _seeded(world)
        self._undo = _undo_statements(self._db)
        self.ledger = Ledger(self._db, self._clock, partial(after_stage, world))
        # By identity: the switches of a model are made once.
        self._apps: dict[int, tuple[World, Starlette]] = {}
        self._world = world
        self.app: Any = None

    def reset(self, model: Model, clock: Clock) -> None:
        """Be the custodian of a model, to whom nothing has happened yet."""
        self._db.execute("BEGIN")
        for statement in self._undo:
            self._db.execute(statement)
        self._db.execute("COMMIT")
        self._clock.case = clock
        switches = model.switches
        if id(switches) not in self._apps:
            self._apps[id(switches)] = self._made(switches)
        self._world, self.app = self._apps[id(switches)]

    def _made(self, switches: Switches) -> tuple[World, Starlette]:
        world = replace(base_world(), switches=switches)
        service = Service(api=load_api(), world=world, keys=(self._key,))
        return world, mount_service(service, name="faults", ledger=self.ledger, clock=self._clock)

    def add_faults(self, faults: tuple[Fault, ...], operation: str) -> None:
        """Make rules about the next calls of an operation."""
        with self.ledger.transaction() as books:
            rules = FaultRules(books=books)
            for fault in faults:
                rules.add(replace(fault, operation=operation))

    def place(self, operation: str, given: Mapping[str, str]) -> Order | None:
        """Let a person do by hand what an operation does; None where it is refused."""
        with self.ledger.transaction() as books:
            call = Call(world=self._world, books=books, given=given, key=_Person())
            try:
                with books.savepoint():
                    return HANDLERS[operation](call).order
            except Refused:
                return None

    def made_by_key(self) -> tuple[Made, ...]:
        """Return everything that our key has done, brought up to the present."""
        orders = (o for o in self.ledger.orders() if o.key_name == KEY_NAME)
        wallets = self._db.execute(
            "SELECT id, request_id, label, type, parent_id FROM wallet"
            " WHERE name = '' AND request_id != '' ORDER BY number"
        )
        return (
            *(_made_by(order) for order in orders),
            *(
                Made(
                    id=row[0],
                    request_id=row[1],
                    status=SUCCESS,
                    is_settled=True,
                    made=(row[2], str(row[3]), row[4]),
                )
                for row in wallets
            ),
        )

    def made_by_others(self) -> int:
        """Return how many orders somebody in the portal has placed."""
        return sum(1 for order in self.ledger.orders() if order.key_name != KEY_NAME)

    def sums(self) -> dict[str, Decimal]:
        """Return what the postings of each coin add up to."""
        sums: dict[str, Decimal] = {}
        for coin, amount in self._db.execute(
            "SELECT a.coin, p.amount FROM posting p JOIN account a ON a.id = p.account_id"
        ):
            sums[coin] = sums.get(coin, Decimal(0)) + Decimal(amount)
        return sums

    def overdrawn(self) -> list[str]:
        """Return the accounts that are below zero and must not be."""
        rows = self._db.execute(
            "SELECT kind, owner, coin FROM account WHERE balance LIKE '-%'"
            " AND kind NOT IN ('opening', 'outside')"
        )
        return ["/".join(row) for row in rows]


def _made_by(order: Order) -> Made:
    return Made(
        id=order.id,
        request_id=order.request_id,
        status=order.status,
        is_settled=order.settled,
        moved=tuple((str(leg.debit), str(leg.credit), leg.amount) for leg in order.legs),
    )


def _seeded(world: World) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)

    def run(statement: str, values: Any = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - SQLite's
        return db.execute(statement, values).fetchall()

    for statement in TABLES:
        db.execute(statement)
    db.execute("BEGIN")
    seed_ledger(world, START, Books(run, now=START))
    db.execute("COMMIT")
    return db


def _undo_statements(db: sqlite3.Connection) -> tuple[str, ...]:
    """Keep a copy of every table, and return what makes them equal to it again."""
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    undo = []
    for name in names:
        db.execute(f"CREATE TEMP TABLE kept_{name} AS SELECT * FROM main.{name}")  # noqa: S608
        undo.append(f"DELETE FROM main.{name}")  # noqa: S608
        if db.execute(f"SELECT count(*) FROM kept_{name}").fetchone()[0]:  # noqa: S608
            undo.append(f"INSERT INTO main.{name} SELECT * FROM kept_{name}")  # noqa: S608
    # Rows take their numbers from it, so it is put back last.
    return (*sorted(undo, key=lambda statement: "sqlite_sequence" in statement),)
