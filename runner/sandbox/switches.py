"""What the real service leaves unknown: a client must be safe in every position of every switch.

Source: NOTES section 8; DESIGN section 4.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType

from runner.core.record import record


class HttpStatusMode(StrEnum):
    """The HTTP status of an answer that carries an error code."""

    OK = "ok"
    """Always 200, as the documentation's "Business error" examples have it."""
    MAPPED = "mapped"
    """The status the catalogue gives for the code."""


class Dedupe(StrEnum):
    """What makes a request a duplicate."""

    REQUEST_ID = "request_id"
    """A requestId that an accepted write has carried."""
    SIGNATURE = "signature"
    """A signature that any request has carried, reads included."""
    BOTH = "both"
    """Either of them."""
    NONE = "none"
    """Nothing: the same requestId twice moves twice."""


class DedupeScope(StrEnum):
    """Among whose requests a duplicate is looked for."""

    ENTITY = "entity"
    KEY = "key"
    OPERATION = "operation"
    """The entity's requests of the same operation."""


class OnDuplicate(StrEnum):
    """What a duplicate is answered."""

    REJECT = "reject"
    """G20015."""
    REPLAY = "replay"
    """What the first was answered, again; a duplicate by signature alone is rejected."""


class UnknownId(StrEnum):
    """What a detail read answers for an id nobody knows."""

    NULL = "null"
    """Success, with null in ``data``."""
    ERROR = "error"
    """G20005, as an invalid parameter."""


class Types(StrEnum):
    """How strictly the JSON types of a body are held to the documentation."""

    LENIENT = "lenient"
    """Ids, amounts, numbers and requestIds as text or as numbers."""
    STRICT = "strict"
    """As the description has them (one of several, where sources disagree), else G20005; of a
    requestId G20014."""


class WalletNames(StrEnum):
    """Whether two wallets of one entity may have one name."""

    FREE = "free"
    UNIQUE = "unique"
    """A second wallet of a name is refused with G20005."""


class RowOrder(StrEnum):
    """In which order lists come."""

    OLDEST_FIRST = "oldest_first"
    NEWEST_FIRST = "newest_first"


class TotalPage(StrEnum):
    """What ``totalPage`` says; an archived example shows 0 beside rows."""

    TRUTHFUL = "truthful"
    ZERO = "zero"


class RangeEnd(StrEnum):
    """Whether a range of time may be as long as its bound: the sources disagree."""

    EXCLUSIVE = "exclusive"
    """Shorter than 30 days, as the documentation says."""
    INCLUSIVE = "inclusive"
    """At most 30 days, as the vendor's library says."""


class TransferIds(StrEnum):
    """How ``subwallet.transfer.detail`` spells wallets: its schema and its example disagree."""

    NUMBERS = "numbers"
    """``fromWalletId`` and ``toWalletId``, as integers."""
    TEXTS = "texts"
    """``fromWalletIdStr`` and ``toWalletIdStr``."""


@record
class Switches:
    """The positions of all switches.

    Shapes: ``dedupe_lifetime_ms`` is how long a request is remembered, None for ever.
        ``reply_delay_ms`` maps an operation id to the pause between commit and answer.
        ``records_carry_request_id`` is false by default because no source shows a record row with
        a requestId, and a client that copes without one copes with one.
        ``insufficient_balance_code`` is G20022 (invalid amount) by default: no source names a code
        for it, and this is the documented one whose meaning is nearest. ``rejected_uses_id`` tells
        whether a refused write uses its requestId up. ``rate_limit`` is how many requests of a key
        are answered in any second, None for all. ``withdrawals_need_whitelist`` refuses withdrawals
        to addresses that are not approved. ``sub_wallets_reach_siblings`` allows transfers between
        sub-wallets of one parent, which have a direction of their own although the newest pages
        know only those to the parent. ``transfers_from_exchange`` lets the archived exchange
        transfer work in the direction that its page names and says does not work.
        ``request_id_length`` is how many characters a requestId may have; ``page_limit_default``
        how many rows a page has if the request does not say (25 in the documentation's examples);
        ``success_message`` what stands beside the success code ("global.success" in an old one).
    Units: milliseconds; the timestamp window is inclusive, to each side.
    """

    timestamp_window_ms: int = 60_000
    dedupe: Dedupe = Dedupe.REQUEST_ID
    dedupe_scope: DedupeScope = DedupeScope.ENTITY
    dedupe_lifetime_ms: int | None = None
    on_duplicate: OnDuplicate = OnDuplicate.REJECT
    rejected_uses_id: bool = False
    records_carry_request_id: bool = False
    unknown_id: UnknownId = UnknownId.NULL
    http_status: HttpStatusMode = HttpStatusMode.OK
    types: Types = Types.LENIENT
    wallet_names: WalletNames = WalletNames.FREE
    row_order: RowOrder = RowOrder.OLDEST_FIRST
    total_page: TotalPage = TotalPage.TRUTHFUL
    insufficient_balance_code: str = "G20022"
    withdrawals_need_whitelist: bool = True
    sub_wallets_reach_siblings: bool = True
    transfers_from_exchange: bool = False
    transfer_ids: TransferIds = TransferIds.NUMBERS
    range_end: RangeEnd = RangeEnd.EXCLUSIVE
    request_id_length: int = 70
    page_limit_default: int = 25
    success_message: str = "Success"
    rate_limit: int | None = None
    visibility_delay_ms: int = 0
    reply_delay_ms: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "reply_delay_ms", MappingProxyType(dict(self.reply_delay_ms)))


USUAL_SWITCHES = Switches()
"""The positions of a world that says nothing."""
