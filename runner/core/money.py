r"""Amounts: text in, exact decimals inside, text out; never a float.

What people write, and what we send, matches ``(0|[1-9][0-9]{0,29})(\.[0-9]{1,18})?`` before
``Decimal`` sees it. What we read may be signed and hold up to 40 digits on each side of the point;
what we compute from it and store may have grown to 60.
"""

import re
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, Underflow

from runner.core.record import positional_record

CONTEXT = Context(
    prec=120,
    Emin=-999,
    Emax=999,
    traps=[Inexact, InvalidOperation, DivisionByZero, Overflow, Underflow],
)
"""Arithmetic on amounts: a result that would have to be rounded raises ``Inexact`` instead."""

WRITTEN_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,18})?", re.ASCII)
READ_AMOUNT = re.compile(r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,40}0{0,20})?", re.ASCII)
STORED_AMOUNT = re.compile(r"-?(?:0|[1-9][0-9]{0,59})(?:\.[0-9]{1,60})?", re.ASCII)
COIN = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,19}", re.ASCII)
ZERO = Decimal(0)


class AmountInvalid(ValueError):
    """A text is not an amount; the message says what is, without a word about Python."""


def amount_from_text(text: str) -> Decimal:
    """Read an amount a person wrote.

    Shapes: at most 30 digits before and 18 after the point; no sign, exponent, blank, separator,
        leading zero or non-ASCII digit.
    Errors: ``AmountInvalid``.
    """
    if not WRITTEN_AMOUNT.fullmatch(text):
        raise AmountInvalid(
            f"{text!r} is not an amount: write digits and at most one point, like 250000 or 0.05"
        )
    return Decimal(text)


def amount_from_reply(text: str) -> Decimal:
    """Read an amount the custodian sent: may be negative, up to 40 digits on each side.

    More decimals than that are taken where they are zeros, up to 60 in all: the documentation's
    example of a wallet's value has 43.

    Errors: ``AmountInvalid``.
    """
    if not READ_AMOUNT.fullmatch(text):
        raise AmountInvalid(f"{text!r} is not a decimal amount")
    return Decimal(text)


def amount_from_stored(text: str) -> Decimal:
    """Read an amount that we wrote ourselves: as one the custodian sent, up to 60 digits a side.

    Errors: ``AmountInvalid``.
    """
    if not STORED_AMOUNT.fullmatch(text):
        raise AmountInvalid(f"{text!r} is not a decimal amount")
    return Decimal(text)


def amount_text(amount: Decimal) -> str:
    """Write an amount the one way we send and show it: plain digits, no exponent, no spare zeros.

    Shapes: ``1.50`` becomes ``1.5``, ``1E+3`` becomes ``1000``, any zero becomes ``0``.
    """
    assert amount.is_finite(), "an amount is a number"
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def decimal_places(amount: Decimal) -> int:
    """Count the digits after the point that matter (``1.50`` has one)."""
    text = amount_text(amount)
    return len(text.partition(".")[2])


@positional_record
class Money:
    """An amount of one coin.

    Shapes: ``amount`` is finite; ``coin`` matches ``COIN``. Equality compares numbers, not
        spelling.
    """

    amount: Decimal
    coin: str

    def __str__(self) -> str:
        """Spell it the way playbooks do: ``250000 USDT``."""
        return f"{amount_text(self.amount)} {self.coin}"


def money_from_text(text: str) -> Money:
    """Read ``250000 USDT``: an amount, one blank, a coin.

    Errors: ``AmountInvalid``, with a sentence that names the part that is wrong.
    """
    amount, blank, coin = text.partition(" ")
    if not blank:
        raise AmountInvalid(f"{text!r} is not money: write amount and coin, like 250000 USDT")
    if not COIN.fullmatch(coin):
        raise AmountInvalid(f"{coin!r} is not a coin: use its symbol in capital letters, like USDT")
    return Money(amount_from_text(amount), coin)


def money_from_stored(text: str) -> Money:
    """Read money that we wrote ourselves, which may be negative after a subtraction.

    Errors: ``AmountInvalid``.
    """
    amount, _, coin = text.partition(" ")
    if not COIN.fullmatch(coin):
        raise AmountInvalid(f"{text!r} is not money")
    return Money(amount_from_stored(amount), coin)
