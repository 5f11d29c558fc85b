"""Every decision that the driver takes, each by its name.

The driver asks nothing else, so that one rule can be looked at by itself; a test that wants to know
whether a wrong rule would be noticed hands the driver a record with that one field changed.
"""

from collections.abc import Callable

from runner.core.record import record
from runner.effects import machine
from runner.effects.classify import Verdict, classify
from runner.effects.fence import is_past_fence
from runner.effects.resending import why_not_resent


@record
class Rules:
    """The rules of DESIGN section 6, one field a decision; the shapes are those of the functions.

    Shapes: ``classify`` says what an answer proves (rule 4); ``before_sending`` and
        ``among_recent`` decide by the look before the first attempt (rule 6); ``after_answer`` by
        an answer (rule 5); ``found_sending`` about an attempt that nobody is sending any more;
        ``after_look`` about UNKNOWN and SEEN; ``is_past_fence`` when "not found" may be believed
        (rule 7); ``why_not_resent`` whether a copy may follow (rule 8); ``out_of_patience`` and
        ``after_halt`` about HALTED; ``after_poll``, ``never_listed`` and ``out_of_time`` about
        ACCEPTED.
    """

    classify: Callable[..., Verdict] = classify
    before_sending: Callable[..., machine.FirstLook] = machine.before_sending
    among_recent: Callable[..., machine.Move | machine.Wait | machine.Send] = machine.among_recent
    after_answer: Callable[..., machine.Judged] = machine.after_answer
    found_sending: Callable[[], machine.Move] = machine.found_sending
    after_look: Callable[..., machine.Move | machine.Wait | machine.Send] = machine.after_look
    is_past_fence: Callable[..., bool] = is_past_fence
    why_not_resent: Callable[..., str] = why_not_resent
    out_of_patience: Callable[..., machine.Move] = machine.out_of_patience
    after_halt: Callable[..., machine.Move | machine.Wait] = machine.after_halt
    after_poll: Callable[..., machine.Move | machine.Wait] = machine.after_poll
    never_listed: Callable[..., machine.Move | machine.Wait] = machine.never_listed
    out_of_time: Callable[..., machine.Move | machine.Wait] = machine.out_of_time
