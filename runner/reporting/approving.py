"""What a person approves: read out of the plan's own bytes, and nothing beside them."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from runner.controls.approvals import Ballots, Choice, Vote
from runner.controls.requests import Request
from runner.core.clock import timestamp_text
from runner.plan.codec import PlanFile
from runner.plan.model import Plan, PlannedVerdict
from runner.reporting.escape import visible
from runner.reporting.plan_flows import plan_flows

if TYPE_CHECKING:
    from runner.core.money import Money

NO_OUTFLOW = "none"
"""What is typed for a plan that moves no money."""


def largest_outflow(plan: Plan) -> str:
    """Return the largest amount of each coin that one effect moves, as it has to be typed."""
    largest: dict[str, Money] = {}
    for effect in plan.effects:
        money = effect.money
        if money is not None:
            known = largest.get(money.coin)
            if known is None or money.amount > known.amount:
                largest[money.coin] = money
    return ", ".join(str(largest[coin]) for coin in sorted(largest)) or NO_OUTFLOW


def approval_text(file: PlanFile) -> str:
    """Return what is decided about, in the lines a person has to have read."""
    plan = file.plan
    lines = [
        "",
        "What you decide about",
        f"  plan      {file.digest} ({file.run_id})",
        f"  entity    {plan.entity} at {plan.host}",
        f"  playbook  {plan.playbook}, {plan.occurrence}",
        f"  made by   {plan.created_by} at {timestamp_text(plan.created_at)}",
        f"  not after {timestamp_text(plan.not_after)}",
        f"  effects   {len(plan.effects)}",
        f"  largest   {largest_outflow(plan)}",
        *_flows(plan),
        *_asked(plan.verdicts),
    ]
    return "\n".join(map(visible, lines)) + "\n"


def request_text(request: Request) -> str:
    """Return what a request decides, every fact of it."""
    lines = [
        "What you decide about",
        f"  digest      {request.digest}",
        f"  kind        {request.kind}",
        *(f"  {name:<11} {text}" for name, text in sorted(request.facts.items())),
        "",
        f"What is typed to sign it: {request.word}",
    ]
    return "\n".join(map(visible, lines)) + "\n"


def ballots_text(ballots: Ballots) -> str:
    """Return who has decided, and what does not count."""
    lines = [_vote_words(vote, ballots) for vote in _each_once(ballots.votes)]
    lines += ballots.problems
    if ballots.barred:
        lines.append(ballots.barred)
    return "\n".join(map(visible, lines or ["nobody has decided yet"]))


def _vote_words(vote: Vote, ballots: Ballots) -> str:
    statement = vote.statement
    refused = statement.decision is Choice.REFUSE
    said = "refused" if refused else f"approved for {statement.role}"
    until = "" if refused else f", until {timestamp_text(statement.valid_until)}"
    aside = " (does not count)" if vote.person in ballots.excluded and not refused else ""
    reason = f": {statement.reason}" if statement.reason else ""
    return (
        f"{vote.person} ({statement.principal}, {vote.fingerprint}) {said} at"
        f" {timestamp_text(statement.signed_at)}{until}{aside}{reason}"
    )


def _each_once(votes: Iterable[Vote]) -> Iterator[Vote]:
    seen: list[Vote] = []
    for vote in votes:
        if vote not in seen:
            seen.append(vote)
            yield vote


def _flows(plan: Plan) -> Iterator[str]:
    for flow in plan_flows(plan):
        count = f"{flow.effects} effect{'' if flow.effects == 1 else 's'}"
        open_words = ", some undecided" if flow.undecided else ""
        yield f"  moves     {flow} from {flow.debit} to {flow.credit} ({count}{open_words})"
    quiet = [effect for effect in plan.effects if effect.money is None]
    for effect in quiet:
        yield f"  does      {effect.title} ({effect.path})"
    targets = {
        f"{line.label} {line.text}"
        for effect in plan.effects
        for line in effect.lines
        if line.label == "to"
    }
    for target in sorted(targets):
        yield f"  where     {target}"


def _asked(verdicts: Iterable[PlannedVerdict]) -> Iterator[str]:
    rules: dict[tuple[str, ...], int] = {}
    for each in verdicts:
        if each.verdict == "approve":
            whose = f"{each.count} of {', '.join(each.groups)}"
            late = "" if each.delay in {"", "0s"} else f", after {each.delay}"
            key = (each.rule, each.place, each.reason, whose + late)
            rules[key] = rules.get(key, 0) + 1
    for (rule, place, reason, whose), count in rules.items():
        yield (
            f"  asked by  {rule} ({place}): {whose}, for {count}"
            f" effect{'' if count == 1 else 's'}: {reason}"
        )
