"""What an action promises: its arguments, its result, its lock, and what it does to balances.

Checker, editor schema, dry run, engine and reference pages read the manifest; nothing about an
action is written down twice.
"""

from collections.abc import Mapping
from enum import StrEnum

from runner.core.record import record
from runner.core.types import Record, Type

RAW_PREFIX = "api."
"""What the name of a raw read starts with; the operation's id follows."""


class ActionKind(StrEnum):
    """What calling an action can do."""

    READ = "read"
    EFFECT = "effect"


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

    Shapes: ``debit`` and ``credit`` are account templates over the arguments; ``{wallet}`` is the
        wallet behind the link.
    """

    debit: str
    credit: str


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
class Manifest:
    """One action.

    Shapes: ``operation`` is the id of the API operation it calls; ``volatile`` names result fields
        (``field``, or ``rows.field`` for a field of every row) that an earlier effect of the same
        run may change in a way the projection cannot follow; ``lock`` is a template over the
        arguments and ``{coin}``, and empty for reads; ``order_field`` names the field of the reply
        that holds the custodian's id, ``result_order`` the field of our result that repeats it;
        ``resolver`` is the operation that lists such orders; ``list_only`` effects can be found by
        that list alone, never asked for by requestId.
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
    order_field: str = ""
    result_order: str = ""
    resolver: str = ""
    list_only: bool = False
    confirmation: Confirmation = Confirmation()

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
