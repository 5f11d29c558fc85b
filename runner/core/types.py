"""The types of the playbook language, as values.

They are spelled ``string``, ``money``, ``list<money>``, ``map<coin, money>``; records have a name
and come from action manifests alone.
"""

from collections.abc import Mapping
from typing import TypeAlias

from runner.core.record import positional_record

SCALAR_NAMES = frozenset(
    {
        "string",
        "int",
        "decimal",
        "bool",
        "date",
        "duration",
        "timestamp",
        "coin",
        "network",
        "money",
        "wallet",
        "mirror_link",
        "mirrorx_link",
        "destination",
        "order_id",
    }
)

DIRECTORY_NAMES = frozenset({"wallet", "mirror_link", "mirrorx_link", "destination"})
"""Scalars that hold a name of the directory, never a raw id."""


@positional_record
class Scalar:
    """A type without parts; ``name`` is one of ``SCALAR_NAMES``."""

    name: str

    def __post_init__(self) -> None:
        """Refuse a name that is not a scalar type."""
        assert self.name in SCALAR_NAMES, f"{self.name!r} is not a scalar type"

    def __str__(self) -> str:
        """Spell the type as in a playbook."""
        return self.name


@positional_record
class ListOf:
    """A list whose items all have one type."""

    item: "Type"

    def __str__(self) -> str:
        """Spell the type as in a playbook."""
        return f"list<{self.item}>"


@positional_record
class MapOf:
    """A mapping from text-like keys (``string``, ``coin``, ``network``) to values of one type."""

    key: Scalar
    value: "Type"

    def __str__(self) -> str:
        """Spell the type as in a playbook."""
        return f"map<{self.key}, {self.value}>"


@positional_record
class Field:
    """One field of a record; an ``optional`` one may be absent and is read with ``get``.

    Shapes: ``is_step`` marks a step inside a group, of which ``ran`` can be asked.
    """

    name: str
    type: "Type"
    optional: bool = False
    summary: str = ""
    is_step: bool = False


@positional_record
class Record:
    """A fixed set of named fields, in order."""

    name: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """Return the field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)

    def __str__(self) -> str:
        """Spell the record by its name."""
        return self.name


Type: TypeAlias = Scalar | ListOf | MapOf | Record
"""Any type of the language."""

STRING = Scalar("string")
INT = Scalar("int")
DECIMAL = Scalar("decimal")
BOOL = Scalar("bool")
DATE = Scalar("date")
DURATION = Scalar("duration")
TIMESTAMP = Scalar("timestamp")
COIN = Scalar("coin")
NETWORK = Scalar("network")
MONEY = Scalar("money")
WALLET = Scalar("wallet")
MIRROR_LINK = Scalar("mirror_link")
MIRRORX_LINK = Scalar("mirrorx_link")
DESTINATION = Scalar("destination")
ORDER_ID = Scalar("order_id")

TEXT_LIKE = frozenset(
    {
        "string",
        "coin",
        "network",
        "wallet",
        "mirror_link",
        "mirrorx_link",
        "destination",
        "order_id",
    }
)
"""Scalars whose value is a text."""


class TypeInvalid(ValueError):
    """A text does not spell a type."""


def type_from_text(text: str, records: Mapping[str, Record] | None = None) -> Type:
    """Read ``list<money>`` or ``map<coin, money>``.

    Shapes: ``records`` are the records that may be named, by name; none unless given.
    Errors: ``TypeInvalid`` with a sentence naming the part that is wrong.
    """
    text = text.strip()
    if text in SCALAR_NAMES:
        return Scalar(text)
    if text.startswith("list<") and text.endswith(">"):
        return ListOf(type_from_text(text[5:-1], records))
    if text.startswith("map<") and text.endswith(">"):
        key_text, comma, value_text = text[4:-1].partition(",")
        if not comma:
            raise TypeInvalid(f"{text!r} needs a key type and a value type: map<coin, money>")
        key = type_from_text(key_text, records)
        if not isinstance(key, Scalar) or key.name not in {"string", "coin", "network"}:
            raise TypeInvalid(f"{key_text.strip()!r} cannot be a key: use string, coin or network")
        return MapOf(key, type_from_text(value_text, records))
    if records is not None and text in records:
        return records[text]
    raise TypeInvalid(f"{text!r} is not a type")
