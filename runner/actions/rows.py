"""Reading the custodian's rows: texts, amounts and moments, or a refusal that says which field."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from runner.core.clock import moment_from_ms
from runner.core.errors import ReplyRefused
from runner.core.jsonvalue import NumberText
from runner.core.money import COIN, AmountInvalid, Money, amount_from_reply


class Row:
    """One object of a reply, read field by field.

    Errors: every method raises ``ReplyRefused`` naming the field when the reply does not hold what
        the description promises.
    """

    def __init__(self, fields: Mapping[str, object], *, method: str, path: str) -> None:
        """Take the fields, and the call they came from for the error's sake."""
        self._fields = fields
        self._method = method
        self._path = path

    def text(self, name: str) -> str:
        """Return a text or a number's text."""
        value = self._fields.get(name)
        if not isinstance(value, str):
            raise self._refused(name, "is missing")
        return str(value)

    def text_or_none(self, name: str) -> str | None:
        """Return a text, or None where the field is absent or null."""
        value = self._fields.get(name)
        return str(value) if isinstance(value, str) else None

    def is_number(self, name: str) -> bool:
        """Tell whether a field came as a number, which may have been rounded on its way."""
        return isinstance(self._fields.get(name), NumberText)

    def whole(self, name: str) -> int:
        """Return a whole number."""
        text = self.text(name)
        if not text.isascii() or not text.isdigit() or len(text) > _DIGITS_MAX:
            raise self._refused(name, "is not a whole number")
        return int(text)

    def whole_or_none(self, name: str) -> int | None:
        """Return a whole number, or None where the field is absent or null."""
        return self.whole(name) if self.text_or_none(name) else None

    def moment(self, name: str) -> datetime:
        """Return a moment given in milliseconds."""
        try:
            return moment_from_ms(self.whole(name))
        except OverflowError as exc:
            raise self._refused(name, "is no moment") from exc

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self._fields.get(name)
        if not isinstance(value, bool):
            raise self._refused(name, "is neither true nor false")
        return value

    def rows_or_none(self, name: str) -> "tuple[Row, ...] | None":
        """Return the objects of a list inside, or None where the field is absent or null."""
        items = self._fields.get(name)
        if not isinstance(items, list):
            return None
        return tuple(
            Row(item, method=self._method, path=self._path)
            for item in items
            if isinstance(item, Mapping)
        )

    def amount(self, name: str) -> Decimal:
        """Return an exact amount."""
        try:
            return amount_from_reply(self.text(name))
        except AmountInvalid as exc:
            raise self._refused(name, "is not an amount") from exc

    def amount_or_none(self, name: str) -> Decimal | None:
        """Return an exact amount, or None where the field is absent, null or empty."""
        return self.amount(name) if self.text_or_none(name) else None

    def coin(self, name: str = "coinSymbol") -> str:
        """Return a coin's symbol."""
        text = self.text(name)
        if not COIN.fullmatch(text):
            raise self._refused(name, "is not a coin's symbol")
        return text

    def money(self, name: str) -> Money:
        """Return an amount of the row's coin."""
        return Money(self.amount(name), self.coin())

    def _refused(self, name: str, what: str) -> ReplyRefused:
        return ReplyRefused(
            f"the reply's field {name} {what}", method=self._method, path=self._path
        )


_DIGITS_MAX = 30
