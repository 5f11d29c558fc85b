"""What can befall a request: every send fault and read fault there is a name for.

Most are the sandbox's own rules (``runner/sandbox/faults.py``). What happens on the way, before the
sandbox or after it, is played on the wire, with the errors that httpx raises there.
Source: RELIABILITY 2.2, tier A.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from runner.core.jsonvalue import JsonValue
from runner.core.record import record
from runner.sandbox.faults import Fault, FaultKind
from tests.faults.models import LAG_S, SKEW_S, WINDOW_S

CLIENT_TIMEOUT_S = 15.0
"""How long the client waits for an answer."""


class Way(StrEnum):
    """What the wire does with a request."""

    THROUGH = "through"
    NO_NAME = "no name"
    REFUSED = "refused"
    NO_TLS = "no tls"
    NO_ROUTE_IN_TIME = "no connection in time"
    LOST = "lost"
    """Nothing arrives, and the client waits in vain."""
    LOST_ANSWER = "lost answer"
    """It arrives, and the client waits in vain."""
    LATE = "late"
    """It arrives ``late_s`` later; the client has given up by then."""
    RESET_THEN_LATE = "reset, then late"
    """The connection breaks at once; what was sent arrives ``late_s`` later all the same."""
    QUEUED = "queued"
    """Something in front answers at once with a code that nobody has documented, and hands what was
    sent on ``late_s`` later."""


@record
class SendFault:
    """What befalls one send.

    Shapes: ``rules`` are the sandbox's, without operation; ``mangled`` names what is done to the
        answer's body. ``whole`` makes the amount all there is, so that a second send is refused for
        want of balance because the first has landed. ``limits_known`` says that the profile has the
        fact that a rate limit means not executed. ``always`` are rules for every call there is.
    """

    name: str
    way: Way = Way.THROUGH
    late_s: float = 0.0
    rules: tuple[Fault, ...] = ()
    mangled: str = ""
    whole: bool = False
    limits_known: bool = False
    always: tuple[Fault, ...] = ()

    @property
    def is_about_orders(self) -> bool:
        """Whether it changes what becomes of an order, or what an answer says of one."""
        kinds = {FaultKind.STUCK, FaultKind.LATE_FAILURE}
        return any(rule.kind in kinds for rule in self.rules) or self.mangled == "odd status"


@record
class ReadFault:
    """What befalls the first reads after the first send, or the first look of all.

    Shapes: ``reads`` is how many of them; ``first_look`` begins with the very first read.
    """

    name: str
    way: Way = Way.THROUGH
    rules: tuple[Fault, ...] = ()
    reads: int = 1
    first_look: bool = False


def _rule(kind: FaultKind, **options: JsonValue) -> Fault:
    return Fault(kind=kind, options=options)


def _always(kind: FaultKind, **options: JsonValue) -> Fault:
    return Fault(kind=kind, calls=None, options=options)


def _sides(name: str, kind: FaultKind, **options: JsonValue) -> list[SendFault]:
    return [
        SendFault(name=f"{name}-{when}", rules=(_rule(kind, when=when, **options),))
        for when in ("before", "after")
    ]


OK = SendFault(name="ok")

_NEVER_SENT = [
    SendFault(name="dns", way=Way.NO_NAME),
    SendFault(name="refused", way=Way.REFUSED),
    SendFault(name="tls", way=Way.NO_TLS),
    SendFault(name="connect-timeout", way=Way.NO_ROUTE_IN_TIME),
]
_CUT = [
    *_sides("reset", FaultKind.RESET),
    *_sides("closed", FaultKind.LOST_REPLY),
    SendFault(name="truncated-after", rules=(_rule(FaultKind.TRUNCATED, when="after"),)),
    SendFault(name="whole-reset-after", whole=True, rules=(_rule(FaultKind.RESET, when="after"),)),
    SendFault(name="timeout-before", way=Way.LOST),
    SendFault(name="timeout-after", way=Way.LOST_ANSWER),
    SendFault(name="late-in-window", way=Way.LATE, late_s=30),
    SendFault(name="late-at-window", way=Way.LATE, late_s=WINDOW_S),
    SendFault(name="late-past-window", way=Way.LATE, late_s=WINDOW_S + 15),
    SendFault(
        name="late-at-window-skewed",
        way=Way.LATE,
        late_s=WINDOW_S + SKEW_S - 1,
        always=(_always(FaultKind.CLOCK_SKEW, behind=f"{SKEW_S - 1}s"),),
    ),
    SendFault(name="reset-late-in-window", way=Way.RESET_THEN_LATE, late_s=45),
]
_STRANGE = [
    *_sides("http-500", FaultKind.HTTP_ERROR, status=500),
    *_sides("http-503", FaultKind.HTTP_ERROR, status=503),
    *_sides("http-302", FaultKind.HTTP_ERROR, status=302),
    *_sides("http-404", FaultKind.HTTP_ERROR, status=404),
    *_sides("html-502", FaultKind.HTML, status=502),
    *_sides("html-403", FaultKind.HTML, status=403),
    *_sides("empty-200", FaultKind.EMPTY),
    *_sides("http-429", FaultKind.TOO_MANY_REQUESTS, retry_after="2s"),
    SendFault(
        name="http-429-known",
        rules=(_rule(FaultKind.TOO_MANY_REQUESTS, when="before", retry_after="2s"),),
        limits_known=True,
    ),
]
_CODED = [
    SendFault(name="g29999-queued", way=Way.QUEUED, late_s=30),
    SendFault(name="g29999-queued-long", way=Way.QUEUED, late_s=WINDOW_S),
    *_sides("g20001", FaultKind.ERROR_CODE, code="G20001"),
    *_sides("g20012", FaultKind.ERROR_CODE, code="G20012"),
    SendFault(
        name="g20012-known",
        rules=(_rule(FaultKind.ERROR_CODE, when="before", code="G20012"),),
        limits_known=True,
    ),
    *_sides("g20015", FaultKind.ERROR_CODE, code="G20015"),
    SendFault(name="g20007", rules=(_rule(FaultKind.ERROR_CODE, when="before", code="G20007"),)),
    SendFault(name="g20022", rules=(_rule(FaultKind.ERROR_CODE, when="before", code="G20022"),)),
    SendFault(name="g20009", rules=(_rule(FaultKind.ERROR_CODE, when="before", code="G20009"),)),
    *_sides("g29999", FaultKind.ERROR_CODE, code="G29999"),
]
_SPOILT = [
    SendFault(name="wrong-ids", rules=(_rule(FaultKind.WRONG_ID),)),
    SendFault(
        name="wrong-order-id",
        rules=(
            _rule(FaultKind.WRONG_ID, field="orderViewId"),
            _rule(FaultKind.WRONG_ID, field="recordId"),
        ),
    ),
    SendFault(name="wrong-request-id", rules=(_rule(FaultKind.WRONG_ID, field="requestId"),)),
    SendFault(name="no-order-id", mangled="no order id"),
    SendFault(name="no-data", mangled="no data"),
    SendFault(name="odd-status", mangled="odd status"),
    SendFault(name="double-keys", mangled="double keys"),
    SendFault(name="not-json", mangled="not json"),
    SendFault(name="refusal-with-order", mangled="refusal with order"),
]
_ODD = [
    SendFault(name="slow-before", rules=(_rule(FaultKind.DELAY, when="before", by="4s"),)),
    SendFault(name="slow-after", rules=(_rule(FaultKind.DELAY, when="after", by="4s"),)),
    SendFault(name="twice-first", rules=(_rule(FaultKind.DUPLICATE_DELIVERY, answer="first"),)),
    SendFault(name="twice-second", rules=(_rule(FaultKind.DUPLICATE_DELIVERY, answer="second"),)),
    SendFault(name="skew-ahead", always=(_always(FaultKind.CLOCK_SKEW, ahead="4s"),)),
    SendFault(name="skew-behind", always=(_always(FaultKind.CLOCK_SKEW, behind="4s"),)),
    SendFault(name="far-ahead", always=(_always(FaultKind.CLOCK_SKEW, ahead="10m"),)),
    SendFault(name="far-behind", always=(_always(FaultKind.CLOCK_SKEW, behind="10m"),)),
    SendFault(name="stuck", rules=(_rule(FaultKind.STUCK, at=20),)),
    SendFault(name="fails-later", rules=(_rule(FaultKind.LATE_FAILURE, after="40s"),)),
    SendFault(
        name="fails-later-reset",
        rules=(
            _rule(FaultKind.LATE_FAILURE, after="40s"),
            _rule(FaultKind.RESET, when="after"),
        ),
    ),
]

SEND_FAULTS: Mapping[str, SendFault] = MappingProxyType(
    {fault.name: fault for fault in (OK, *_NEVER_SENT, *_CUT, *_STRANGE, *_CODED, *_SPOILT, *_ODD)}
)
"""Every send fault by its name."""

CRASHED = frozenset(
    {
        *("ok", "dns", "refused", "tls"),
        *("reset-before", "reset-after", "timeout-before", "timeout-after", "whole-reset-after"),
        *("late-in-window", "late-at-window-skewed", "late-past-window", "g29999-queued"),
        *("http-500-before", "http-500-after", "html-502-after", "empty-200-after"),
        *("http-429-before", "http-429-after", "http-429-known", "truncated-after"),
        *("g20001-before", "g20001-after", "g20007", "g20015-after", "g20022"),
        *("wrong-ids", "wrong-order-id", "no-order-id", "refusal-with-order"),
        *("twice-first", "slow-after", "skew-ahead", "skew-behind", "far-behind", "fails-later"),
    }
)
"""The send faults that meet every crash also where time is short: one of each sort."""

SECOND_FAULTS = (
    "dns",
    "refused",
    "reset-before",
    "reset-after",
    "late-in-window",
    "http-500-after",
    "g20022",
    "g20015-before",
)
"""What befalls the second send, where there is one."""

READ_OK = ReadFault(name="ok")
_READ_FAULTS = (
    READ_OK,
    ReadFault(name="timeout", way=Way.LOST_ANSWER),
    ReadFault(name="http-500", rules=(_rule(FaultKind.HTTP_ERROR, when="before", status=500),)),
    ReadFault(name="g20001", rules=(_rule(FaultKind.ERROR_CODE, when="before", code="G20001"),)),
    ReadFault(name="empty", rules=(_rule(FaultKind.EMPTY, when="after"),)),
    ReadFault(name="stale", rules=(_rule(FaultKind.STALE, lag=f"{LAG_S}s"),), reads=2),
    ReadFault(name="wrong-record", rules=(_rule(FaultKind.WRONG_RECORD),), reads=2),
    ReadFault(name="missing-page", rules=(_rule(FaultKind.MISSING_PAGE),), reads=2),
    ReadFault(name="wrong-ids", rules=(_rule(FaultKind.WRONG_ID),), reads=2),
    ReadFault(name="first-timeout", way=Way.LOST_ANSWER, first_look=True),
    ReadFault(
        name="first-missing-page", rules=(_rule(FaultKind.MISSING_PAGE),), reads=2, first_look=True
    ),
    ReadFault(name="long-silence", way=Way.LOST_ANSWER, reads=16),
)
READ_FAULTS: Mapping[str, ReadFault] = MappingProxyType({each.name: each for each in _READ_FAULTS})
"""Every read fault by its name."""
