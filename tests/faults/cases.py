"""Cases and their names: what is played, spelt so that one line plays it again."""

from runner.core.record import record
from tests.faults.models import Model, model_from

NO_CRASH = "-"
IN_FLIGHT_S = {"in-flight": 1.0, "in-flight-late": 55.0}
"""The crashes on the wire: the process ends with the last byte, which arrives so much later."""


@record
class Case:
    """One case.

    Shapes: ``sends`` are names of send faults, the first send's first; ``read`` is a name of a read
        fault; ``crash`` is a boundary with the number of its call (``after-look#2``), the same with
        ``eio-kept:`` or ``eio-lost:`` before it, a name of ``IN_FLIGHT_S``, or ``-``.
    """

    action: str
    sends: tuple[str, ...] = ("ok",)
    read: str = "ok"
    model: Model = Model()
    crash: str = NO_CRASH

    def __str__(self) -> str:
        return "/".join((self.action, "+".join(self.sends), self.read, str(self.model), self.crash))


def case_from(text: str) -> Case:
    """Read what ``str`` wrote of a case."""
    action, sends, read, model, crash = text.split("/")
    return Case(
        action=action,
        sends=tuple(sends.split("+")),
        read=read,
        model=model_from(model),
        crash=crash,
    )
