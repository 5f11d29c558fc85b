"""The custodian's numbers, in words.

Source: ``schemas/ceffu.openapi.yaml`` enumerations; NOTES section 4: 0 and 10 are read as accepted,
30 is the good end of mirror and MirrorX orders, unknown numbers are never final.
"""

from runner.effects.classify import ORDER_STATUSES

MIRROR_KINDS = {"1": "apply", "2": "settle_from_ceffu", "3": "settle_from_binance"}
MIRRORX_KINDS = {"10": "delegate", "20": "undelegate", "30": "settlement"}
WALLET_TYPES = {"10": "qualified", "12": "cosign", "20": "prime", "21": "prime_sub"}
WALLET_TYPE_NUMBERS = {word: number for number, word in WALLET_TYPES.items()}
MIRRORX_LINK_APPROVED = "1"


def status_word(code: str) -> str:
    """Return ``accepted``, ``in_progress``, ``success`` or ``failed``; else ``unknown``."""
    return ORDER_STATUSES.get(code, "unknown")


def transaction_status_word(code: str, *, is_internal: bool) -> str:
    """Return the word for a deposit's or withdrawal's number.

    On a chain 30 only says that it was sent, and 40 is the good end; inside the custodian nothing
    comes after 30.
    """
    if code == _CONFIRMED:
        return "success"
    word = status_word(code)
    return "in_progress" if word == "success" and not is_internal else word


_CONFIRMED = "40"
