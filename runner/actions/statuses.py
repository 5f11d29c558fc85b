"""The custodian's numbers, in words.

Source: ``schemas/ceffu.openapi.yaml`` enumerations; NOTES section 4: 0 and 10 are read as accepted,
30 is the good end of mirror and MirrorX orders, unknown numbers are never final.
"""

from runner.catalogue.manifest import ORDER_STATUSES

MIRROR_KINDS = {"1": "apply", "2": "settle_from_ceffu", "3": "settle_from_binance"}
MIRRORX_KINDS = {"10": "delegate", "20": "undelegate", "30": "settlement"}
WALLET_TYPES = {"10": "qualified", "12": "cosign", "20": "prime", "21": "prime_sub"}
WALLET_TYPE_NUMBERS = {word: number for number, word in WALLET_TYPES.items()}
MIRRORX_LINK_APPROVED = "1"
TRANSFER_KINDS = {"10": "on_chain", "20": "internal"}
EXCHANGE_KINDS = {"10": "to_exchange", "20": "from_exchange"}
INTERNAL_TRANSFERS = frozenset({"10", "20", "30", "40"})
"""Directions of transfers that somebody has ordered; 70 is the custodian's own sweep."""
AUTO_COLLECTION = "1"
ADDRESS_TYPES = {"1": "standard", "2": "universal"}
ADDRESS_TYPE_NUMBERS = {word: number for number, word in ADDRESS_TYPES.items()}
WEBHOOK_EVENTS = {
    "deposit_success": "1",
    "deposit_failed": "2",
    "withdrawal_success": "3",
    "withdrawal_failed": "4",
}


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


def address_status_word(code: str, current_code: str) -> str:
    """Return the word for a whitelist entry, which has two numbers whose difference nobody states.

    It has succeeded when both say so, and failed when either does.
    """
    words = {status_word(code), status_word(current_code)}
    if "failed" in words:
        return "failed"
    return words.pop() if len(words) == 1 else "in_progress"


_CONFIRMED = "40"
