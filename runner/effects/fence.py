"""What must have passed before "not found" is believed.

Source: DESIGN section 6, rule 7.
"""

from datetime import timedelta

from runner.effects.ports import Facts


def fence_length(facts: Facts) -> timedelta | None:
    """Return how long after a send it can still be executed, or be executed and not be listed.

    Shapes: None where one of the three facts is not known: then nothing is ever long enough.
    """
    window, skew, lag = facts.timestamp_window, facts.clock_skew, facts.read_lag
    if window is None or skew is None or lag is None:
        return None
    return window + skew + lag


def is_past_fence(facts: Facts, age_s: float) -> bool:
    """Tell whether no attempt can be executed, or be executed and not be listed, any more.

    Units: ``age_s`` is how long ago the last attempt began, in seconds.
    """
    length = fence_length(facts)
    return length is not None and age_s > length.total_seconds()
