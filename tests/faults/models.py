"""What the custodian may be like: nobody has said, so a case is played under every combination.

Source: RELIABILITY 1.7 and 2.2.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from functools import cache
from itertools import product

from runner.core.record import record
from runner.effects.ports import Facts
from runner.sandbox.switches import Dedupe, HttpStatusMode, OnDuplicate, Switches, UnknownId

WINDOW_S = 60
SKEW_S = 5
LAG_S = 20


class Shows(StrEnum):
    """What the custodian's reads show of an order, and when."""

    IDS = "ids"
    """Its requestId, at once."""
    IDS_LATE = "ids-late"
    """Its requestId, after ``LAG_S``; an id nobody knows is an error, as every refusal is."""
    BARE = "bare"
    """No requestId in lists, at once."""
    BARE_LATE = "bare-late"
    """No requestId in lists, after ``LAG_S``."""

    @property
    def has_ids(self) -> bool:
        return self in {Shows.IDS, Shows.IDS_LATE}

    @property
    def is_late(self) -> bool:
        return self in {Shows.IDS_LATE, Shows.BARE_LATE}


class Repeat(StrEnum):
    """What a request is answered that carries the requestId of an accepted one."""

    REJECT = "reject"
    """G20015."""
    REPLAY = "replay"
    """What the first was answered."""
    NONE = "none"
    """It moves the money again."""


class Known(StrEnum):
    """What the profile says about the custodian."""

    KNOWN = "known"
    """Window, skew and lag, as they are."""
    REMEMBERED = "remembered"
    """That too, and that a requestId is executed once, and used up by nothing else."""
    UNKNOWN = "unknown"
    """Nothing."""


class Twin(StrEnum):
    """When somebody places the same order in the portal."""

    NONE = "alone"
    BEFORE = "twin-before"
    """Between our last look and our send."""
    AFTER = "twin-after"
    """Right after our send."""
    FIRST = "twin-first"
    """After the plan was made, and before our first look."""


@record
class Model:
    """One custodian, and what our profile says of it."""

    shows: Shows = Shows.IDS
    repeat: Repeat = Repeat.REJECT
    known: Known = Known.KNOWN
    twin: Twin = Twin.NONE

    def __str__(self) -> str:
        return f"{self.shows},{self.repeat},{self.known},{self.twin}"

    @property
    def switches(self) -> Switches:
        return _switches(self.shows, self.repeat)

    def facts(self) -> Facts:
        if self.known is Known.UNKNOWN:
            return Facts()
        remembered = self.known is Known.REMEMBERED
        return Facts(
            timestamp_window=timedelta(seconds=WINDOW_S),
            clock_skew=timedelta(seconds=SKEW_S),
            read_lag=timedelta(seconds=LAG_S if self.shows.is_late else 0),
            dedupes_request_id=remembered,
            dedupe_lifetime=timedelta(days=1) if remembered else None,
            dedupe_across_keys=remembered,
            rejected_keeps_id=remembered,
        )


def model_from(text: str) -> Model:
    """Read what ``str`` wrote of a model."""
    shows, repeat, known, twin = text.split(",")
    return Model(shows=Shows(shows), repeat=Repeat(repeat), known=Known(known), twin=Twin(twin))


def models(*, has_ids: bool, twins: bool) -> Iterator[Model]:
    """Yield the models that make a difference to an effect, one that repeats nothing first.

    Shapes: ``has_ids`` says that the effect's reads can show a requestId at all; ``twins`` that
        somebody in the portal can do the same.
    """
    shown = tuple(Shows) if has_ids else (Shows.BARE, Shows.BARE_LATE)
    for shows, known in product(shown, Known):
        for twin in tuple(Twin) if twins else (Twin.NONE,):
            yield Model(shows=shows, known=known, twin=twin)


def repeats(model: Model) -> Iterator[Model]:
    """Yield the models that answer a repeated request otherwise, where the facts allow it."""
    for repeat in (Repeat.REPLAY, Repeat.NONE):
        if repeat is Repeat.REPLAY or model.known is not Known.REMEMBERED:
            yield replace(model, repeat=repeat)


@cache
def _switches(shows: Shows, repeat: Repeat) -> Switches:
    late = shows.is_late
    return Switches(
        timestamp_window_ms=WINDOW_S * 1000,
        dedupe=Dedupe.NONE if repeat is Repeat.NONE else Dedupe.REQUEST_ID,
        on_duplicate=OnDuplicate.REPLAY if repeat is Repeat.REPLAY else OnDuplicate.REJECT,
        records_carry_request_id=shows.has_ids,
        visibility_delay_ms=LAG_S * 1000 if late else 0,
        unknown_id=UnknownId.ERROR if late else UnknownId.NULL,
        http_status=HttpStatusMode.MAPPED if late else HttpStatusMode.OK,
        transfers_from_exchange=True,
        wallet_names=Switches().wallet_names,
    )
