"""The judge: holds a case's verdict against the sandbox's own ledger and request log.

What our journal says is only ever the accused. The invariants are those of RELIABILITY 2.2; a
sentence is returned for each that does not hold.
"""

from collections.abc import Iterator
from enum import StrEnum

from runner.core.record import record
from runner.effects.model import EffectRow, EffectState
from runner.sandbox.orders import FAILED
from tests.faults.custodian import Custodian, Made
from tests.faults.faulty import SEND_FAULTS
from tests.faults.models import Known, Twin
from tests.faults.play import PROCESSES_MAX, Outcome
from tests.faults.subjects import SUBJECTS, Subject

STILL_S_MAX = 4 * 3600.0
"""I11: this long after the last fault every effect stands still, at the latest."""
SENDS_MAX = 4


class Fault(StrEnum):
    """What a violated invariant is counted as."""

    DUPLICATE = "duplicate"
    """I1: more than one execution."""
    LOSS = "loss"
    """Never sent, never refused, and nobody told: the effect was forgotten."""
    FALSE_VERDICT = "false verdict"
    """I2, I3: the verdict and the ledger disagree."""
    BROKEN_RULE = "broken rule"
    """I4 to I7: the ledger does not add up, a send before its attempt was durable ..."""
    NEEDLESS_HALT = "needless halt"
    """A person was asked what could be known."""
    NO_END = "no end"
    """I11: it does not stand still."""


@record
class Violation:
    """One invariant that does not hold in one case."""

    fault: Fault
    words: str

    def __str__(self) -> str:
        return f"{self.fault}: {self.words}"


@record
class Verdict:
    """What the judge says of a case.

    Shapes: ``halt`` says why a halt could not be helped, and is empty where there was none.
    """

    violations: tuple[Violation, ...]
    halt: str = ""


def judge(outcome: Outcome, custodian: Custodian) -> Verdict:
    """Judge a case that was just played on this custodian."""
    subject = SUBJECTS[outcome.case.action]
    violations = [
        *_duplicates(outcome),
        *_verdict(outcome, subject),
        *_rules(outcome, custodian),
        *_ending(outcome),
    ]
    halt = ""
    if outcome.end == EffectState.HALTED and outcome.row is not None:
        halt = reason_to_halt(outcome, subject)
        if not halt:
            words = f"the outcome could be known: {outcome.row.reason}"
            violations.append(Violation(fault=Fault.NEEDLESS_HALT, words=words))
    return Verdict(violations=tuple(violations), halt=halt)


def reason_to_halt(outcome: Outcome, subject: Subject) -> str:
    """Say why nobody could know what became of an effect, or nothing where somebody could.

    Knowable is what follows from answers that were made durable, from reads that show requestIds,
    and from the profile's facts; the ledger says which of them there was to see.
    """
    row = outcome.row
    assert row is not None, "what has halted has a row"
    unclear = [each for each in row.attempts if not each.proven_not_executed]
    if not row.attempts:
        return "an order like it was there before anything was sent" if _has_twin(outcome) else ""
    if not unclear:
        return ""
    if len(outcome.orders) > 1:
        return "one send was delivered and executed twice"
    if any(_verdict_of(each.answer) == "accepted" for each in unclear):
        return "the answer named another order than it had made" if _answer_lied(outcome) else ""
    return _reason_unanswered(outcome, subject)


def _reason_unanswered(outcome: Outcome, subject: Subject) -> str:
    """Say why reading, and sending again where that is safe, could not settle it."""
    model = outcome.case.model
    shown = (model.shows.has_ids and subject.has_ids) or subject.is_told_apart
    if outcome.orders and shown:
        return ""
    if _has_twin(outcome) and not shown:
        return "an order like it is there, and no list says whose an order is"
    if "g20015-before" in outcome.case.sends and not outcome.orders:
        return "the custodian said that it had the requestId, and shows no order"
    if outcome.case.read == "long-silence":
        return "nothing could be read for longer than patience"
    if model.known is Known.REMEMBERED:
        return f"sent {SENDS_MAX} times" if len(outcome.posts) >= SENDS_MAX else ""
    if outcome.orders:
        return "executed, the answer was lost, and no list says whose an order is"
    if model.known is Known.UNKNOWN:
        return "not executed, and no fact says when a missing order proves it"
    return "not executed, past the fence, and no fact says that sending again is safe"


def _has_twin(outcome: Outcome) -> bool:
    return outcome.case.model.twin is not Twin.NONE and outcome.others > 0


def _answer_lied(outcome: Outcome) -> bool:
    """Tell whether a success was answered that named another order than the one it made."""
    return bool({"wrong-ids", "wrong-order-id"} & set(outcome.case.sends))


def _duplicates(outcome: Outcome) -> Iterator[Violation]:
    twice = any(name.startswith("twice") for name in outcome.case.sends)
    if len(outcome.orders) > 1 and not (twice and _is_the_sandboxs_doing(outcome)):
        ids = ", ".join(f"{order.id} ({order.request_id})" for order in outcome.orders)
        yield Violation(fault=Fault.DUPLICATE, words=f"{len(outcome.orders)} executions: {ids}")


def _is_the_sandboxs_doing(outcome: Outcome) -> bool:
    # One request that the network delivers twice to a custodian who does not look for duplicates.
    return len(outcome.posts) == 1 or len({post.timestamp_ms for post in outcome.posts}) < len(
        outcome.orders
    )


def _verdict(outcome: Outcome, subject: Subject) -> Iterator[Violation]:
    row, orders = outcome.row, outcome.orders
    end = outcome.end
    if end == EffectState.CONFIRMED:
        yield from _confirmed(outcome, subject)
    elif end == EffectState.FAILED:
        if [order.status for order in orders] != [FAILED]:
            yield _false(f"failed, and the ledger has {_shown(orders)}")
        elif row is None or row.order_id != orders[0].id:
            yield _false(f"failed as {_order_of(row)}, and the order is {orders[0].id}")
    elif end in {EffectState.REJECTED, EffectState.CANCELLED, "unreachable", "locked"}:
        if orders:
            yield _false(f"{end}, and the ledger has {_shown(orders)}")
    elif end == EffectState.HALTED and row is not None:
        yield from _halted(row)


def _confirmed(outcome: Outcome, subject: Subject) -> Iterator[Violation]:
    row, orders = outcome.row, outcome.orders
    if not orders:
        yield _false("confirmed, and never executed")
        return
    order = next((each for each in orders if row is not None and each.id == row.order_id), None)
    if order is None:
        yield _false(f"confirmed as {_order_of(row)}, and the ledger has {_shown(orders)}")
        return
    whole = any(SEND_FAULTS[name].whole for name in outcome.case.sends)
    if (order.moved, order.made) != (subject.legs(whole=whole), subject.makes):
        yield _false(f"confirmed, and it did {order.moved or order.made}")
    if not order.is_settled or order.status != subject.done:
        yield _false(f"confirmed, and the order's status is {order.status}")


def _halted(row: EffectRow) -> Iterator[Violation]:
    evidence = row.evidence if isinstance(row.evidence, dict) else {}
    asked = str(evidence.get("ask", ""))
    if row.order.request_id not in row.reason or row.order.request_id not in asked:
        yield Violation(fault=Fault.BROKEN_RULE, words="I4: the halt does not name the requestId")


def _rules(outcome: Outcome, custodian: Custodian) -> Iterator[Violation]:
    sums = {coin: total for coin, total in custodian.sums().items() if total}
    if sums:
        yield _broken(f"I5: the postings do not add up: {sums}")
    overdrawn = custodian.overdrawn()
    if overdrawn:
        yield _broken(f"I5: below zero: {overdrawn}")
    for number, post in enumerate(outcome.posts, 1):
        if not post.durable:
            yield _broken(f"I6: send {number} left before its attempt was durable")
    if len({(post.request_id, post.body) for post in outcome.posts}) > 1:
        yield _broken("I7: one effect was sent as two requests")
    if len(outcome.posts) > SENDS_MAX + _unsent(outcome):
        yield _broken(f"{len(outcome.posts)} sends")
    for problem in outcome.problems:
        yield _broken(problem)


def _unsent(outcome: Outcome) -> int:
    return sum(
        1
        for each in (outcome.row.attempts if outcome.row else ())
        if isinstance(each.answer, dict) and each.answer.get("kind") == "not_sent"
    )


def _ending(outcome: Outcome) -> Iterator[Violation]:
    stuck = "stuck" in outcome.case.sends and outcome.end == EffectState.ACCEPTED
    row = outcome.row
    standing = row is not None and (
        row.state in {"confirmed", "rejected", "failed", "cancelled", "halted"}
    )
    if not standing and not stuck:
        yield Violation(
            fault=Fault.LOSS if row is None else Fault.NO_END,
            words=f"it ended as {outcome.end or 'nothing'} after {outcome.processes} processes",
        )
    elif outcome.took_s > STILL_S_MAX and not stuck:
        yield Violation(
            fault=Fault.NO_END, words=f"it took {outcome.took_s:.0f} s after the last fault"
        )
    if row is not None and standing and str(row.state) != outcome.end:
        yield _false(f"it ended {outcome.end}, and the journal says {row.state}")


def _order_of(row: EffectRow | None) -> str:
    return "nothing" if row is None else row.order_id


def _shown(orders: tuple[Made, ...]) -> str:
    return ", ".join(f"{order.id} status {order.status}" for order in orders) or "nothing"


def _verdict_of(answer: object) -> object:
    return answer.get("verdict") if isinstance(answer, dict) else None


def _false(words: str) -> Violation:
    return Violation(fault=Fault.FALSE_VERDICT, words=words)


def _broken(words: str) -> Violation:
    return Violation(fault=Fault.BROKEN_RULE, words=words)


__all__ = ["PROCESSES_MAX", "Fault", "Verdict", "Violation", "judge", "reason_to_halt"]
