"""What an action promises: its arguments, its result, its lock, and what it does to balances.

Checker, editor schema, dry run, engine and reference pages read the manifest; nothing about an
action is written down twice.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType

from runner.core.record import record
from runner.core.types import Record, Type

RAW_PREFIX = "api."
"""What the name of a raw read starts with; the operation's id follows."""


class ActionKind(StrEnum):
    """What calling an action can do."""

    READ = "read"
    EFFECT = "effect"
    REPEATABLE = "repeatable"
    """An effect that leaves the same when it is done twice, so that it may be sent again."""
    NOTIFY = "notify"
    """Tells somebody something, and neither reads nor changes anything at the custodian."""


class FoundBy(StrEnum):
    """How it is found out what became of an effect, and with that how much a look can prove."""

    LIST = "list"
    """In a list that need not show whose an order is: a matching row is evidence, never a hit."""
    REQUEST_ID = "request_id"
    """By asking for its requestId."""
    NAME = "name"
    """By a name that nothing else has."""
    STATE = "state"
    """By what it was to bring about; whose doing that was does not matter."""
    NOTHING = "nothing"
    """By no read at all."""


ORDER_STATUSES: Mapping[str, str] = MappingProxyType(
    {"0": "accepted", "10": "accepted", "20": "in_progress", "30": "success", "99": "failed"}
)
"""The numbers of orders and transfers that no chain is part of, and our word for each.

Source: ceffu/NOTES.md 4: read 0 and 10 as accepted, not done.
"""
CHAIN_STATUSES: Mapping[str, str] = MappingProxyType(
    {"10": "accepted", "20": "in_progress", "30": "in_progress", "40": "success", "99": "failed"}
)
"""The numbers of what goes over a chain: 30 says that it was sent, 40 that it has arrived.

Source: ceffu/NOTES.md 4.
"""


@record
class Argument:
    """One key of a step's ``with``.

    Shapes: ``default`` is the text used when the key is absent, or None; ``choices`` limits a
        string argument to these words, or is empty.
    """

    name: str
    type: Type
    required: bool = True
    default: str | None = None
    choices: tuple[str, ...] = ()
    summary: str = ""


@record
class BalanceField:
    """Where a read shows a balance that effects move.

    Shapes: ``rows`` names the list field of the result; each row has a ``coin`` and perhaps a
        ``network``; ``field`` is the money field that shows ``account``; ``summed`` names the
        ``map<coin, money>`` field that adds ``field`` up over the rows, or is empty. ``account`` is
        a template over the arguments, with ``{network}`` from the row, like
        ``mirrored:{link}:{network}``.
        ``seeds`` tells whether the field is what effects can spend, and so the projected ledger's
        opening; a field that only moves along with the account has False.
    """

    rows: str
    field: str
    account: str
    summed: str = ""
    seeds: bool = True


@record
class Movement:
    """What an effect does to the projected ledger: ``amount`` leaves one account for the other.

    Shapes: ``debit`` and ``credit`` are account templates over the parts of an effect's draft;
        ``{wallet}`` is the wallet behind a link. ``fee_read`` names the action whose ``fee`` is
        what the custodian takes on top of the amount, a movement of its own, and is empty where it
        takes none; ``charged_read`` names the action that shows, by the order's id, what it has
        taken; ``limits_read`` names the action that lists what a network lets through, or is
        empty where no network is part of it.
    """

    debit: str
    credit: str
    fee_read: str = ""
    charged_read: str = ""
    limits_read: str = ""


@record
class Confirmation:
    """How an effect's end is awaited.

    Units: seconds. ``every_s`` is the first pause between looks, ``every_s_max`` the longest;
        ``within_s`` is how long the engine waits before it hands the run back, still owned;
        ``patience_s`` is how long an unknown outcome is read before it is halted.
    """

    every_s: float = 2.0
    every_s_max: float = 30.0
    within_s: float = 1200.0
    patience_s: float = 900.0


@record
class Acceptance:
    """What the answer to an accepted effect holds.

    Shapes: ``order_field`` names the field with the custodian's id, or is empty where the answer
        has none; ``echoes_request_id`` tells whether our requestId comes back; ``statuses`` are the
        numbers of its status, or empty where it has none; ``is_bare`` marks an answer that is
        ``true`` and nothing else.
    """

    order_field: str = ""
    echoes_request_id: bool = False
    statuses: Mapping[str, str] = field(default_factory=dict)
    is_bare: bool = False


@record
class Manifest:
    """One action.

    Shapes: ``operation`` is the id of the API operation it calls, or empty where it calls none;
        ``volatile`` names result fields
        (``field``, or ``rows.field`` for a field of every row) that an earlier effect of the same
        run may change in a way the projection cannot follow; ``lock`` is a template over the parts
        of an effect's draft, and empty for reads; ``movement`` is None for what moves no money;
        ``result_order`` names the field of our result that holds the custodian's id, or is empty;
        ``resolver`` is the operation that shows what became of an effect, and empty where
        ``found_by`` is NOTHING; ``changes`` names the reads that show something else once the
        effect is done, beside balances.
    """

    name: str
    kind: ActionKind
    summary: str
    operation: str
    arguments: tuple[Argument, ...]
    result: Record
    balances: tuple[BalanceField, ...] = ()
    volatile: tuple[str, ...] = ()
    lock: str = ""
    movement: Movement | None = None
    acceptance: Acceptance = Acceptance()
    result_order: str = ""
    resolver: str = ""
    found_by: FoundBy = FoundBy.NOTHING
    changes: tuple[str, ...] = ()
    confirmation: Confirmation = Confirmation()

    @property
    def is_effect(self) -> bool:
        """Tell whether the action changes something at the custodian, once or again and again."""
        return self.kind in {ActionKind.EFFECT, ActionKind.REPEATABLE}

    @property
    def link_type(self) -> str:
        """Return the type of the links the action is about: ``mirror_link`` or ``mirrorx_link``."""
        link = self.argument("link")
        assert link is not None, f"{self.name} is not about a link"
        return str(link.type)

    def argument(self, name: str) -> Argument | None:
        """Return the argument of that name, or None."""
        return next((a for a in self.arguments if a.name == name), None)


def account_name(template: str, parts: Mapping[str, str]) -> str:
    """Fill an account template, leaving out what is empty: ``custody:acme/prime``.

    Shapes: ``parts`` has every name the template uses; sections are separated by colons.
    """
    filled = (section.format_map(parts) for section in template.split(":"))
    return ":".join(section for section in filled if section)
