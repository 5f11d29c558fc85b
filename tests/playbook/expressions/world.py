"""The world that the expressions of these tests see."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from runner.core.money import Money
from runner.core.source import Span
from runner.core.types import (
    BOOL,
    COIN,
    DATE,
    DECIMAL,
    DURATION,
    INT,
    MIRROR_LINK,
    MONEY,
    NETWORK,
    ORDER_ID,
    STRING,
    TIMESTAMP,
    Field,
    ListOf,
    MapOf,
    Record,
)
from runner.core.values import Unknown, Value
from runner.playbook.expressions.check import Checked, Scope, StepScope, check_expression
from runner.playbook.expressions.evaluate import SKIPPED, Environment, evaluate
from runner.playbook.expressions.parse import Expression, Locate, parse_expression

FEE = Record("fee", (Field("amount", MONEY), Field("payer", STRING, optional=True)))
ROW = Record(
    "row",
    (
        Field("coin", COIN),
        Field("network", NETWORK),
        Field("amount", MONEY),
        Field("memo", STRING, optional=True),
    ),
)
POSITIONS = Record(
    "positions",
    (
        Field("complete", BOOL),
        Field("by_coin", MapOf(COIN, MONEY)),
        Field("rows", ListOf(ROW)),
        Field("from", STRING),
    ),
)
ORDER = Record(
    "order",
    (
        Field("order", ORDER_ID),
        Field("status", STRING),
        Field("created_at", TIMESTAMP),
        Field("fee", FEE, optional=True),
    ),
)


def usdt(text: str) -> Money:
    return Money(Decimal(text), "USDT")


def row(coin: str, amount: str) -> dict[str, Value]:
    return {"coin": coin, "network": "ETH", "amount": Money(Decimal(amount), coin)}


POSITIONS_NOW: dict[str, Value] = {
    "complete": True,
    "by_coin": {"USDT": usdt("7"), "ETH": Money(Decimal("0.5"), "ETH")},
    "rows": (row("USDT", "3"), row("USDT", "4"), row("ETH", "0.5")),
    "from": "ceffu",
}


def locate_in(text: str, file: str = "playbook.yaml") -> Locate:
    """Place offsets of a text that is a whole file."""

    def point(offset: int) -> tuple[int, int]:
        before = text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    def locate(start: int, end: int) -> Span:
        line, column = point(start)
        end_line, end_column = point(end)
        return Span(file=file, line=line, column=column, end_line=end_line, end_column=end_column)

    return locate


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A scope and the values in it."""

    scope: Scope
    environment: Environment

    def locate(self, text: str) -> Locate:
        return locate_in(text)

    def parse(self, text: str) -> Expression:
        return parse_expression(text, locate_in(text))

    def check(self, text: str) -> Checked:
        return check_expression(self.parse(text), self.scope)

    def found(self, text: str) -> list[tuple[str, str]]:
        """Return code and underlined text of each diagnostic; the text is on one line."""
        return [
            (d.code, text[d.span.column - 1 : d.span.end_column - 1])
            for d in self.check(text).diagnostics
        ]

    def evaluate(self, text: str) -> Value:
        return evaluate(self.parse(text), self.environment)


def build_world() -> World:
    order: dict[str, Value] = {
        "order": "900719925474099312345",
        "status": "success",
        "created_at": datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    }
    return World(
        scope=Scope(
            names={"result": POSITIONS, "excess": MONEY},
            inputs={
                "link": MIRROR_LINK,
                "coin": COIN,
                "amount": MONEY,
                "targets": ListOf(MONEY),
                "days": ListOf(DATE),
                "band": DECIMAL,
                "count": INT,
                "day": DATE,
                "patience": DURATION,
                "ticket": STRING,
                "urgent": BOOL,
                "maybe": BOOL,
                "later_amount": MONEY,
                "later_list": ListOf(MONEY),
                "later_flags": ListOf(BOOL),
                "later_row": ROW,
                "later_coin": COIN,
                "later_positions": POSITIONS,
            },
            steps={
                "before": StepScope(type=POSITIONS, state="done"),
                "partial": StepScope(type=POSITIONS, state="done"),
                "order": StepScope(type=ORDER, state="done"),
                "silent": StepScope(type=None, state="done"),
                "top_up": StepScope(type=ORDER, state="maybe_skipped"),
                "undecided": StepScope(type=ORDER, state="maybe_skipped"),
                "after": StepScope(type=POSITIONS, state="later"),
            },
        ),
        environment=Environment(
            names={"result": POSITIONS_NOW, "excess": usdt("-2.5")},
            inputs={
                "link": "acme/arb-01",
                "coin": "USDT",
                "amount": usdt("10"),
                "targets": (usdt("1"), usdt("2")),
                "days": (date(2026, 11, 22), date(2026, 12, 24)),
                "band": Decimal("0.02"),
                "count": 3,
                "day": date(2026, 11, 22),
                "patience": timedelta(minutes=90),
                "ticket": "TRS-0001",
                "urgent": True,
                "maybe": Unknown(BOOL),
                "later_amount": Unknown(MONEY),
                "later_list": Unknown(ListOf(MONEY)),
                "later_flags": (True, Unknown(BOOL)),
                "later_row": Unknown(ROW),
                "later_coin": Unknown(COIN),
                "later_positions": Unknown(POSITIONS),
            },
            steps={
                "before": POSITIONS_NOW,
                "partial": {**POSITIONS_NOW, "complete": False},
                "order": order,
                "top_up": SKIPPED,
                "undecided": Unknown(ORDER),
            },
            now=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
            places={"USDT": 6, "ETH": 8}.__getitem__,
        ),
    )
