"""When an effect may be sent again although an earlier attempt may have been executed.

Only the custodian can keep a second copy from being executed, so what it does with one must be
known: that it recognises the requestId, for how long, and whoever signs.
Source: DESIGN section 6, rule 8.
"""

from collections.abc import Sequence
from datetime import timedelta

from runner.core.record import record
from runner.effects.model import Attempt, EffectOrder
from runner.effects.ports import Facts
from runner.effects.transitions import SENDS_MAX, carries_request_id, sends_made


@record
class Copy:
    """The send that would be made, beside those that may have been executed.

    Units: ``first_age_s`` is how long ago the first attempt began that is not proven unexecuted,
        ``last_age_s`` the last attempt, in seconds; negative when the clock was set back.
    """

    key_fingerprint: str
    first_age_s: float
    last_age_s: float


def why_not_resent(
    order: EffectOrder, attempts: Sequence[Attempt], facts: Facts, copy: Copy
) -> str:
    """Return why another send would not be safe, or nothing where it is.

    A copy is safe while the custodian is known to recognise it: until its deduplication could have
    forgotten the first attempt, less the time in which the copy itself can still be executed.
    """
    if sends_made(attempts) >= SENDS_MAX:
        return f"it was sent {SENDS_MAX} times"
    if not carries_request_id(order):
        return "it carries no requestId by which a copy would be recognised"
    if not facts.dedupes_request_id or facts.dedupe_lifetime is None:
        return "it is not known that the custodian never executes a requestId twice"
    others = {each.key_fingerprint for each in attempts if not each.proven_not_executed}
    if others - {copy.key_fingerprint} and not facts.dedupe_across_keys:
        return "an earlier attempt was signed with another key, which may hide it from this one"
    if copy.first_age_s < 0 or copy.last_age_s < 0:
        return "the clock was set back, so that nobody knows how old the first attempt is"
    under_way = (facts.timestamp_window or timedelta()) + (facts.clock_skew or timedelta())
    if copy.first_age_s + under_way.total_seconds() >= facts.dedupe_lifetime.total_seconds():
        return "the custodian may have forgotten the requestId by now"
    return ""
