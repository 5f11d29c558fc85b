"""What can be done to a sandbox beside its API: by its verbs, and through the control endpoint.

Everything is asked and answered in plain JSON, in one transaction of the ledger, so it makes no
difference which process does it while others have the sandbox open.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from runner.core.clock import moment_from_text, timestamp_text
from runner.core.errors import UsageInvalid
from runner.core.jsonvalue import JsonValue
from runner.core.money import amount_text
from runner.core.record import record
from runner.core.values import duration_from_text
from runner.sandbox.added_keys import AddedKeys
from runner.sandbox.books import Balance, LoggedRequest
from runner.sandbox.clock import ClockChange, ClockMode, ClockRow
from runner.sandbox.directory import Sandbox
from runner.sandbox.faults import fault_to_json, read_fault
from runner.sandbox.incoming import IncomingDeposit, receive_deposit
from runner.sandbox.keys import KeyFile, create_key_files, load_key_file
from runner.sandbox.orders import Order
from runner.sandbox.portal import portal_order
from runner.sandbox.refusal import Refused
from runner.sandbox.settlement import settle_link
from runner.sandbox.steering import FaultRules, Rule
from runner.sandbox.world_check import check_world
from runner.sandbox.world_parts import read_key
from runner.sandbox.world_reading import Section

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Part = TypeVar("_Part")


class AskedWrongly(UsageInvalid):
    """What was asked of a sandbox cannot be read or cannot be; nothing has changed."""


@record
class Steward:
    """The hands and eyes of whoever runs a sandbox.

    Shapes: questions are mappings as the control endpoint takes them, their numbers as text or as
        numbers; moments are RFC 3339 in UTC, amounts decimal text.
    Errors: ``AskedWrongly`` for what cannot be read or done, in words; ``DepositRefused`` for a
        deposit that no chain would carry.
    """

    sandbox: Sandbox

    # looking

    def status(self) -> dict[str, JsonValue]:
        """Return what the sandbox is and how it stands: world, clock, keys, open orders, faults."""
        sandbox = self.sandbox
        orders = sandbox.ledger.orders()
        return {
            "name": sandbox.name,
            "folder": str(sandbox.folder),
            "world": sandbox.world.name,
            "digest": sandbox.digest,
            "clock": self.clock(),
            "keys": [key_json(key) for key in self._keys()],
            "requests": len(sandbox.ledger.requests()),
            "orders": len(orders),
            "open_orders": [order_json(order) for order in orders if order.is_open],
            "faults": self.faults(),
        }

    def clock(self) -> dict[str, JsonValue]:
        """Return what time it is, and how time passes."""
        return self._clock_json(self.sandbox.clock.row())

    def faults(self) -> list[JsonValue]:
        """Return every rule, and how often it was played."""
        with self.sandbox.ledger.transaction() as books:
            return [rule_json(rule) for rule in FaultRules(books=books).all()]

    def balances(self) -> list[JsonValue]:
        """Return every account."""
        return [balance_json(balance) for balance in self.sandbox.ledger.balances()]

    def orders(self) -> list[JsonValue]:
        """Return every order, first to last."""
        return [order_json(order) for order in self.sandbox.ledger.orders()]

    def requests(self) -> list[JsonValue]:
        """Return every request that arrived, first to last."""
        return [request_json(request) for request in self.sandbox.ledger.requests()]

    def check(self) -> list[JsonValue]:
        """Return what does not add up in the ledger, one sentence each."""
        return list(self.sandbox.ledger.check())

    # changing

    def change_clock(self, asked: Mapping[str, object]) -> dict[str, JsonValue]:
        """Step, set or switch the clock: ``advance``, ``set``, ``mode``, ``factor``."""
        section = Section(asked)
        section.refuse_unknown("advance", "set", "mode", "factor")
        mode = section.one_of("mode", tuple(ClockMode), ClockMode.REAL) if "mode" in asked else None
        change = ClockChange(
            mode=None if mode is None else ClockMode(mode),
            factor=section.amount("factor") if "factor" in asked else None,
            advance=_maybe(section, "advance", duration_from_text),
            to=_maybe(section, "set", moment_from_text),
        )
        _raise_for(section)
        if change == ClockChange():
            raise AskedWrongly(
                "nothing is asked of the clock", hint="advance, set, mode or factor changes it"
            )
        return self._clock_json(self.sandbox.change_clock(change))

    def add_fault(self, asked: Mapping[str, object]) -> dict[str, JsonValue]:
        """Make a rule, as a world spells one."""
        section = Section(asked)
        fault = read_fault(section)
        if not section.problems:
            check_world(section, replace(self.sandbox.world, faults=(fault,)))
        _raise_for(section)
        with self.sandbox.ledger.transaction() as books:
            return rule_json(FaultRules(books=books).add(fault))

    def remove_fault(self, number: int) -> dict[str, JsonValue]:
        """Take a rule away."""
        with self.sandbox.ledger.transaction() as books:
            rule = FaultRules(books=books).remove(number)
        if rule is None:
            raise AskedWrongly(f"there is no fault {number} in {self.sandbox.name!r}")
        return rule_json(rule)

    def deposit(self, asked: Mapping[str, object]) -> dict[str, JsonValue]:
        """Let somebody outside send a deposit: ``coin``, ``network``, ``amount``, ``wallet`` ..."""
        section = Section(asked)
        texts = ("wallet", "address", "memo", "from_address", "tx_id")
        section.refuse_unknown("coin", "network", "amount", "fails", *texts)
        incoming = IncomingDeposit(
            coin=section.text("coin"),
            network=section.text("network"),
            amount=section.amount("amount"),
            fails=section.boolean("fails", default=False),
            **{name: section.text(name, "") for name in texts},
        )
        _raise_for(section)
        with self.sandbox.ledger.transaction() as books:
            return order_json(receive_deposit(self.sandbox.world, books, incoming))

    def portal(self, asked: Mapping[str, object]) -> dict[str, JsonValue]:
        """Let a person place an order in the portal: ``operation``, ``parameters``, ``entity``."""
        section = Section(asked)
        section.refuse_unknown("operation", "parameters", "entity")
        operation, entity = section.text("operation"), section.text("entity", "")
        parameters = section.section("parameters")
        given = {str(name): parameters.text(str(name)) for name in parameters.data}
        _raise_for(section)
        world = self.sandbox.world
        try:
            with self.sandbox.ledger.transaction() as books:
                return order_json(portal_order(world, books, operation, given, entity=entity))
        except Refused as refused:
            raise _refused(refused) from refused

    def settle(self, asked: Mapping[str, object]) -> dict[str, JsonValue]:
        """Settle what trading on a MirrorX link gained or lost: ``link``, ``coin``, ``result``."""
        section = Section({**asked, "result": str(asked.get("result", "")).removeprefix("-")})
        section.refuse_unknown("link", "coin", "result")
        link, coin, amount = section.text("link"), section.text("coin"), section.amount("result")
        _raise_for(section)
        result = -amount if str(asked["result"]).startswith("-") else amount
        try:
            with self.sandbox.ledger.transaction() as books:
                order = settle_link(self.sandbox.world, books, link=link, coin=coin, result=result)
                return order_json(order)
        except Refused as refused:
            raise _refused(refused) from refused

    def add_key(self, asked: Mapping[str, object]) -> KeyFile:
        """Make another API key, as a world spells one; it works at once."""
        world, section = self.sandbox.world, Section(asked)
        key = read_key(world.entity, section)
        folder = self.sandbox.folder / "keys"
        with self.sandbox.ledger.transaction() as books:
            added = AddedKeys(books=books)
            if not section.problems:
                keys = (*world.keys, *added.all(world), key)
                check_world(section, replace(world, keys=keys))
            _raise_for(section)
            # The files come first: a key that is written down works.
            create_key_files(folder, key)
            added.add(key)
        return load_key_file(folder, key)

    def _keys(self) -> tuple[KeyFile, ...]:
        folder, world = self.sandbox.folder / "keys", self.sandbox.world
        with self.sandbox.ledger.transaction() as books:
            keys = (*world.keys, *AddedKeys(books=books).all(world))
        return tuple(load_key_file(folder, key) for key in keys)

    def _clock_json(self, row: ClockRow) -> dict[str, JsonValue]:
        written: dict[str, JsonValue] = {
            "mode": row.mode.value,
            "now": timestamp_text(row.moment(self.sandbox.clock.real.now())),
        }
        if row.mode is ClockMode.SCALED:
            written["factor"] = amount_text(row.factor)
        return written


def balance_json(balance: Balance) -> dict[str, JsonValue]:
    """Write one account."""
    account = balance.account
    return {
        "account": account.kind.value,
        "owner": account.owner,
        "coin": account.coin,
        "network": account.network,
        "amount": amount_text(balance.amount),
        "reserved": amount_text(balance.reserved),
    }


def order_json(order: Order) -> dict[str, JsonValue]:
    """Write one order; ``request_id`` and ``key`` are empty where no request caused it."""
    return {
        "id": order.id,
        "family": order.family.value,
        "type": order.type,
        "entity": order.entity,
        "owner": order.owner,
        "other_owner": order.other_owner,
        "request_id": order.request_id,
        "key": order.key_name,
        "coin": order.coin,
        "network": order.network,
        "amount": amount_text(order.amount),
        "status": order.status,
        "settled": order.settled,
        "accepted": _moment(order.accepted_ms),
        "changed": _moment(order.changed_ms),
    }


def request_json(request: LoggedRequest) -> dict[str, JsonValue]:
    """Write one line of the request log; ``signed`` is null where nobody looked."""
    return {
        "number": request.number,
        "at": _moment(request.at_ms),
        "method": request.method,
        "path": request.path,
        "operation": request.operation,
        "key": request.key_name,
        "signed": request.signed,
        "code": request.code,
        "detail": request.detail,
        "request_id": request.request_id,
        "duplicate": request.duplicate,
        "order_id": request.order_id,
        "fault": request.fault,
    }


def rule_json(rule: Rule) -> dict[str, JsonValue]:
    """Write one rule with its counts."""
    return {
        "number": rule.number,
        **fault_to_json(rule.fault),
        "seen": rule.seen,
        "played": rule.hits,
        "spent": rule.is_spent,
    }


def key_json(key: KeyFile) -> dict[str, JsonValue]:
    """Write where a key is; its texts stay in their files."""
    return {
        "name": key.name,
        "permissions": list(key.permissions),
        "private_key_file": str(key.pem_path),
        "api_key_file": str(key.pem_path.with_suffix(".api-key")),
    }


def _moment(at_ms: int) -> str:
    return timestamp_text(_EPOCH + timedelta(milliseconds=at_ms))


def _maybe(section: Section, name: str, read: Callable[[str], _Part]) -> _Part | None:
    if name not in section.data:
        return None
    try:
        return read(section.text(name))
    except ValueError as exc:
        section.note(str(exc), name)
        return None


def _raise_for(section: Section) -> None:
    if section.problems:
        raise AskedWrongly("; ".join(str(problem) for problem in section.problems))


def _refused(refused: Refused) -> AskedWrongly:
    return AskedWrongly(f"it was refused with {refused.code}: {refused.detail}")
