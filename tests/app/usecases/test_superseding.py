"""Plans that supersede an ended run, in virtual time: the sandbox's books say what was done."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from runner.app.usecases.executing import RunReport, apply_plan, resume_run
from runner.app.usecases.pins import PlanDrifted
from runner.app.usecases.planning import silent
from runner.core.errors import (
    ExitCode,
    OutcomeLeftOpen,
    PlanRefused,
    PolicyDenied,
    UsageInvalid,
)
from runner.effects.model import EffectState
from runner.plan.codec import PlanFile, file_from_plan, plan_from_file
from runner.sandbox.world_file import load_world
from tests.acceptance.kinds import DESK_1, PRIME, UID, fault, kinds_world
from tests.app.usecases.conftest import MakePlace, Network, Place

HEAD = """\
apiVersion: runner/v1
kind: Playbook
name: two-moves
inputs:
  one: {type: money, default: 500 USDT}
  two: {type: money, default: 400 USDT}
  day: {type: string, default: today}
once: ${{ inputs.day }}
may:
  subwallet.transfer: {count: 2, total: 1000 USDT}
  exchange.transfer: {count: 1, total: 400 USDT}
steps:
"""
ONE = """\
- id: one
  effect: subwallet.transfer
  with:
    from: acme/prime-01
    to: acme/desk-01
    amount: ${{ inputs.one }}
"""
TWO = """\
- id: two
  effect: exchange.transfer
  with:
    wallet: acme/prime-01
    direction: to_exchange
    amount: ${{ inputs.two }}
"""
DOWN = (f"custody/{PRIME}/USDT", f"custody/{DESK_1}/USDT")
OUT = (f"custody/{PRIME}/USDT", f"exchange/{UID}/USDT")
OUT_FAILS = fault("out", "late_failure", "after: 2s")
TWICE = OUT_FAILS.replace("call: 1", "call: 1\n    calls: 2")


def indented(text: str, by: int) -> str:
    """Move lines to the right."""
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


def playbook(*steps: str) -> str:
    """Return a playbook of these steps."""
    return HEAD + "".join(indented(step, 2) for step in steps)


JOB = playbook(ONE, TWO)


class Story:
    """One occurrence told by its runs: each planned upon the one before, and applied."""

    def __init__(self, place: Place) -> None:
        self.place = place

    async def plan(
        self, text: str = JOB, *flags: str, after: str = "", again: tuple[str, ...] = ()
    ) -> PlanFile:
        """Plan a playbook, upon a run."""
        path = self.place.write(text)
        desk = await self.place.desk()
        return await self.place.plan(desk, path, *flags, supersedes=after, again=again)

    async def apply(self, file: PlanFile, network: Network | None = None) -> RunReport:
        """Apply a plan, in a process of its own."""
        return await apply_plan(await self.place.desk(network=network), file, silent)

    async def ended(self, code: ExitCode, text: str = JOB, *flags: str, after: str = "") -> str:
        """Plan and apply; return the run, which has ended like that."""
        report = await self.apply(await self.plan(text, *flags, after=after))
        assert report.exit_code is code
        return report.run_id

    def moved(self) -> list[tuple[str, str]]:
        """Return what was moved for good, in its order; the books must add up."""
        assert self.place.sandbox.ledger.check() == ()
        orders = self.place.sandbox.ledger.orders()
        return [(str(order.debit), str(order.credit)) for order in orders if order.settled]


Tell = Callable[..., Story]


@pytest.fixture
def tell(make_place: MakePlace, tmp_path: Path) -> Tell:
    """Return what begins a story in a world with these faults."""

    def begin(*faults: str) -> Story:
        world = tmp_path / "world.yaml"
        world.write_text(kinds_world(*faults), encoding="utf-8")
        return Story(make_place(load_world(world)))

    return begin


def paths(file: PlanFile) -> tuple[list[str], list[str]]:
    """Return the paths a plan would send, and those it carries."""
    plan = file.plan
    return [each.path for each in plan.effects], [each.path for each in plan.carried]


async def test_confirmed_effect_is_carried_under_its_old_id_and_the_failed_one_gets_a_new_one(
    tell: Tell,
) -> None:
    story = tell(OUT_FAILS)
    first = await story.plan()
    report = await story.apply(first)
    assert report.exit_code is ExitCode.FAILED

    file = await story.plan(after=report.run_id)
    done = await story.apply(file)

    assert paths(file) == (["two"], ["one"])
    assert (file.plan.supersedes, file.plan.revision) == (report.run_id, 1)
    carried = file.plan.carried[0]
    assert (carried.run_id, carried.request_id, carried.order_id) == (
        report.run_id,
        first.plan.effects[0].request_id,
        report.effects[0].order_id,
    )
    assert file.plan.effects[0].request_id != first.plan.effects[1].request_id
    assert done.exit_code is ExitCode.DONE
    assert story.moved() == [DOWN, OUT]
    assert plan_from_file(file.data).plan == file.plan


async def test_carried_effect_moves_no_projected_balance_and_is_not_counted_in_the_totals(
    tell: Tell,
) -> None:
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED)

    plan = (await story.plan(after=run)).plan

    assert {action: dict(coins) for action, coins in plan.totals.items()} == {
        "exchange.transfer": {"USDT": Decimal(400)}
    }
    assert [(each.account, each.change) for each in plan.balances] == [
        ("custody:acme/prime-01", Decimal(-400)),
        ("exchange:1000001201750", Decimal(400)),
    ]
    assert [each.path for each in plan.verdicts] == ["two"]


STRUCTURES = {
    "foreach": """\
- id: each
  foreach: way in ["a", "b"]
  key: way
  steps:
  - id: one
    if: way == "a"
    ONE
  - id: two
    if: way == "b"
    TWO
""",
    "group": "- id: g\n  steps:\n  - id: one\n    ONE\n  - id: two\n    TWO\n",
    "parallel": """\
- id: both
  on_failure: finish_others
  parallel:
  - id: left
    steps:
    - id: one
      ONE
  - id: right
    steps:
    - id: two
      TWO
""",
    "try": """\
- id: attempt
  try:
  - id: one
    ONE
  - id: two
    TWO
  finally:
  - id: look
    uses: wallet.assets
    with: {wallet: acme/prime-01}
""",
}


def structured(name: str) -> str:
    """Return a playbook with the two effects inside something."""
    lines = []
    for line in STRUCTURES[name].splitlines():
        word = line.strip()
        if word in {"ONE", "TWO"}:
            body = (ONE if word == "ONE" else TWO).splitlines()[1:]
            lines += [f"{line[: len(line) - len(word)]}{each[2:]}" for each in body]
        else:
            lines.append(line)
    text = playbook("\n".join(lines) + "\n")
    # A loop could do all of it for every item.
    return text.replace("{count: 1, total: 400 USDT}", "{count: 2, total: 800 USDT}")


@pytest.mark.parametrize(
    ("name", "two", "one"),
    [
        ("foreach", "each[b]/two", "each[a]/one"),
        ("group", "g/two", "g/one"),
        ("parallel", "both/right/two", "both/left/one"),
        ("try", "attempt/two", "attempt/one"),
    ],
)
async def test_effects_inside_something_are_carried_by_their_paths(
    tell: Tell, name: str, two: str, one: str
) -> None:
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED, structured(name))

    file = await story.plan(structured(name), after=run)
    report = await story.apply(file)

    assert paths(file) == ([two], [one])
    assert report.exit_code is ExitCode.DONE
    assert sorted(story.moved()) == sorted([DOWN, OUT])


CALLED = """\
apiVersion: runner/v1
kind: Playbook
name: part
inputs:
  one: {type: money, default: 500 USDT}
  two: {type: money, default: 400 USDT}
once: never
may:
  subwallet.transfer: {count: 1, total: 500 USDT}
  exchange.transfer: {count: 1, total: 400 USDT}
steps:
"""


async def test_effects_of_a_called_playbook_are_carried_and_count_for_its_bounds(
    tell: Tell,
) -> None:
    story = tell(OUT_FAILS)
    part = CALLED + indented(ONE, 2) + indented(TWO, 2)
    story.place.write(part, name="part.yaml")
    caller = playbook("- id: call\n  playbook: ./part.yaml\n  with:\n    one: ${{ inputs.one }}\n")
    run = await story.ended(ExitCode.FAILED, caller)

    with pytest.raises(PolicyDenied, match=r"call: subwallet\.transfer: 2 effects"):
        await story.plan(caller, after=run, again=("call/one",))
    file = await story.plan(caller, after=run)
    report = await story.apply(file)

    assert paths(file) == (["call/two"], ["call/one"])
    assert report.exit_code is ExitCode.DONE
    assert story.moved() == [DOWN, OUT]


async def test_rescued_failure_is_superseded_like_any_other(tell: Tell) -> None:
    story = tell(OUT_FAILS)
    rescued = playbook(
        f"- id: attempt\n  try:\n{indented(ONE + TWO, 2)}  rescue:\n  - id: look\n"
        "    uses: wallet.assets\n    with: {wallet: acme/prime-01}\n"
    )
    run = await story.ended(ExitCode.FAILED, rescued)

    file = await story.plan(rescued, after=run)
    report = await story.apply(file)

    assert paths(file) == (["attempt/two"], ["attempt/one"])
    assert report.exit_code is ExitCode.DONE
    assert story.moved() == [DOWN, OUT]


async def test_run_that_went_well_is_not_offered_for_superseding(tell: Tell) -> None:
    story = tell()
    run = await story.ended(ExitCode.DONE)

    with pytest.raises(PlanRefused) as used:
        await story.plan()

    assert f"runner logs {run}" in used.value.hint
    assert "--supersedes" not in used.value.hint


async def test_result_of_a_carried_effect_feeds_later_steps(tell: Tell) -> None:
    """What was only accepted then is confirmed now, and its order is the one of then."""
    story = tell(OUT_FAILS)
    look = '- id: look\n  assert: steps.one.status == "success"\n'
    text = playbook(ONE, look, TWO)
    text += "outputs:\n  id:\n    type: string\n    value: ${{ steps.one.request_id }}\n"
    run = await story.ended(ExitCode.FAILED, text)

    file = await story.plan(text, after=run)
    report = await story.apply(file)

    conditions = {step.path: step.conditions for step in file.plan.steps}
    assert conditions["look"] == ('assert steps.one.status == "success": true',)
    assert report.outputs == {"id": file.plan.carried[0].request_id}


async def test_other_payload_is_refused_unless_it_is_asked_for_again(tell: Tell) -> None:
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED)

    with pytest.raises(PlanRefused) as refused:
        await story.plan(JOB, "one=300 USDT", after=run)
    file = await story.plan(JOB, "one=300 USDT", after=run, again=("one",))
    report = await story.apply(file)

    assert '"amount":"500"' in str(refused.value)
    assert '"amount":"300"' in str(refused.value)
    assert "--again one" in refused.value.hint
    assert paths(file) == (["one", "two"], [])
    assert file.plan.again == ("one",)
    assert report.exit_code is ExitCode.DONE
    assert story.moved() == [DOWN, DOWN, OUT]


async def test_again_sends_the_same_payload_once_more_under_a_new_id(tell: Tell) -> None:
    story = tell(OUT_FAILS)
    first = await story.plan()
    run = (await story.apply(first)).run_id

    file = await story.plan(after=run, again=("one",))
    await story.apply(file)

    assert file.plan.effects[0].request_id != first.plan.effects[0].request_id
    assert story.moved() == [DOWN, DOWN, OUT]


async def test_what_was_done_counts_towards_may(tell: Tell) -> None:
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED)

    with pytest.raises(PolicyDenied) as denied:
        await story.plan(JOB, "one=501 USDT", after=run, again=("one",))

    assert "subwallet.transfer: 1001 USDT, `may` allows 1000 USDT" in str(denied.value)
    assert f"what {run} and the runs before it have done counts as well" in str(denied.value)


async def test_amount_in_another_spelling_is_the_same_payload(tell: Tell) -> None:
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED)

    file = await story.plan(JOB, "one=500.00 USDT", after=run)

    assert paths(file) == (["two"], ["one"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("to: acme/desk-01", "to: acme/desk-02"),
        (
            "from: acme/prime-01\n      to: acme/desk-01",
            "from: acme/desk-02\n      to: acme/prime-01",
        ),
        ("amount: ${{ inputs.one }}", "amount: ${{ inputs.one + money('0.000001 USDT') }}"),
    ],
    ids=["to", "direction", "least-amount"],
)
async def test_nothing_but_requestid_and_timestamp_may_differ(
    tell: Tell, old: str, new: str
) -> None:
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED)
    assert JOB.count(old) == 1

    with pytest.raises(PlanRefused, match=f"one: what {run} has done was"):
        await story.plan(JOB.replace(old, new), after=run)


async def test_step_that_is_gone_is_refused_unless_it_is_named(tell: Tell) -> None:
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED)

    with pytest.raises(PlanRefused, match="no longer in the playbook") as refused:
        await story.plan(playbook(TWO), after=run)
    file = await story.plan(playbook(TWO), after=run, again=("one",))
    await story.apply(file)

    assert "--again one" in refused.value.hint
    assert paths(file) == (["two"], [])
    assert story.moved() == [DOWN, OUT]


async def test_step_whose_condition_is_false_now_gives_what_was_done(tell: Tell) -> None:
    """A condition that looks at balances is false because the effect was done."""
    story = tell(OUT_FAILS)
    look = "- id: before\n  uses: wallet.assets\n  with: {wallet: acme/desk-01}\n"
    one = ONE.replace("- id: one\n", '- id: one\n  if: balance(steps.before, "USDT") < LIMIT\n')
    held = next(
        each.amount
        for each in story.place.sandbox.ledger.balances()
        if str(each.account) == DOWN[1]
    )
    text = playbook(look, one.replace("LIMIT", f'money("{held + 1} USDT")'), TWO)
    run = await story.ended(ExitCode.FAILED, text)

    file = await story.plan(text, after=run)
    report = await story.apply(file)

    said = {step.path: (step.state, step.message) for step in file.plan.steps}
    assert said["one"] == ("done", f"done by {run}; not sent again; `if` is false now")
    assert paths(file) == (["two"], ["one"])
    assert report.exit_code is ExitCode.DONE
    assert story.moved() == [DOWN, OUT]


async def test_chain_of_runs_carries_what_any_of_them_has_done(tell: Tell) -> None:
    story = tell(TWICE)
    first = await story.ended(ExitCode.FAILED)
    second = await story.ended(ExitCode.FAILED, after=first)

    with pytest.raises(PlanRefused, match=f"{first} was superseded by {second}"):
        await story.plan(after=first)
    file = await story.plan(after=second)
    report = await story.apply(file)

    assert (file.plan.revision, paths(file)) == (2, (["two"], ["one"]))
    assert file.plan.carried[0].run_id == first
    assert report.exit_code is ExitCode.DONE
    assert story.moved() == [DOWN, OUT]
    assert len({request for _, request in story.place.writes()}) == 4


async def test_of_two_plans_that_supersede_one_run_only_one_is_applied(tell: Tell) -> None:
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED)
    left = await story.plan(after=run)
    right = await story.plan(JOB, "two=1 USDT", after=run)
    await story.apply(left)
    sent = story.place.posts()

    with pytest.raises(PlanRefused, match=left.run_id):
        await story.apply(right)

    assert story.place.posts() == sent


async def test_two_processes_that_supersede_one_run_at_once_send_once(tell: Tell) -> None:
    """The second applies while the first has its request on the way: the claim is in its row."""
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED)
    left = await story.plan(after=run)
    right = await story.plan(JOB, "two=1 USDT", after=run)
    refused: list[PlanRefused] = []

    async def meanwhile() -> None:
        if not refused:
            with pytest.raises(PlanRefused) as other:
                await story.apply(right)
            refused.append(other.value)

    report = await story.apply(left, Network(before=meanwhile))

    assert report.exit_code is ExitCode.DONE
    assert left.run_id in str(refused[0])
    assert story.moved() == [DOWN, OUT]


async def test_run_that_has_not_ended_is_not_superseded(tell: Tell) -> None:
    story = tell(fault("out", "stuck"))
    file = await story.plan(JOB.replace("effect: exchange", "within: 5s\n    effect: exchange"))
    report = await story.apply(file)
    assert report.exit_code is ExitCode.NOT_FINAL

    with pytest.raises(PlanRefused, match="cannot be superseded before it has ended") as refused:
        await story.plan(after=file.run_id)

    assert f"runner resume {file.run_id}" in refused.value.hint


async def test_run_with_a_halted_effect_is_not_superseded(tell: Tell) -> None:
    story = tell(fault("out", "error_code", "code: G20015", "when: before"))
    file = await story.plan()
    report = await story.apply(file)
    assert report.exit_code is ExitCode.OUTCOME_UNKNOWN

    with pytest.raises(PlanRefused, match="which is halted") as refused:
        await story.plan(after=file.run_id)

    assert file.plan.effects[1].request_id in str(refused.value)
    assert f"runner resume {file.run_id}" in refused.value.hint


async def test_run_that_sent_nothing_is_not_superseded(tell: Tell) -> None:
    story = tell()
    text = playbook(
        "- id: look\n  wait:\n    uses: wallet.assets\n    with: {wallet: acme/desk-01}\n"
        '    until: balance(result, "USDT") < 0\n    timeout: 1s\n',
        ONE,
    )
    run = await story.ended(ExitCode.ENDED_BEFORE_SENDING, text)

    with pytest.raises(PlanRefused, match="nothing of it was ever sent") as refused:
        await story.plan(text, after=run)

    assert "without --supersedes" in refused.value.hint


@pytest.mark.parametrize(
    ("change", "flags", "words"),
    [
        (("name: two-moves", "name: others"), (), "its playbook is two-moves"),
        (("", ""), ("day=tomorrow",), "its occurrence is today"),
    ],
)
async def test_run_of_something_else_is_not_superseded(
    tell: Tell, change: tuple[str, str], flags: tuple[str, ...], words: str
) -> None:
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED)
    text = JOB.replace(*change) if change[0] else JOB

    with pytest.raises(PlanRefused, match=words):
        await story.plan(text, *flags, after=run)


async def test_unknown_run_and_path_are_usage_errors(tell: Tell) -> None:
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED)

    with pytest.raises(UsageInvalid, match="there is no run R-0000000000000000"):
        await story.plan(after="R-0000000000000000")
    with pytest.raises(UsageInvalid, match="--again two: no run") as refused:
        await story.plan(after=run, again=("two",))

    assert refused.value.hint == "confirmed: one"


async def test_playbook_without_once_goes_on_with_the_occurrence_of_its_run(tell: Tell) -> None:
    story = tell(OUT_FAILS)
    text = JOB.replace("once: ${{ inputs.day }}\n", "")
    run = await story.ended(ExitCode.FAILED, text)

    await story.ended(ExitCode.DONE, text, after=run)

    assert story.moved() == [DOWN, OUT]


def forged(file: PlanFile, **changes: object) -> PlanFile:
    """Write a plan's file anew, with a digest that is right for what it says."""
    return plan_from_file(file_from_plan(replace(file.plan, **changes)).data)  # type: ignore[arg-type]


async def test_plan_that_says_something_else_of_what_was_done_is_refused(tell: Tell) -> None:
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED)
    file = await story.plan(after=run)
    again = await story.plan(after=run, again=("one",))
    other = replace(file.plan.carried[0], order_id="1")
    sent = story.place.posts()

    for changes, error in (
        ({"carried": ()}, PlanDrifted),
        ({"carried": (other,)}, PlanDrifted),
        ({"carried": (file.plan.carried[0],) * 2}, PlanDrifted),
        ({"again": ("one",)}, PlanDrifted),
        ({"again": ("none",)}, PlanRefused),
        ({"revision": 0}, PlanRefused),
        ({"revision": 2}, PlanRefused),
        ({"supersedes": ""}, PlanRefused),
        ({"supersedes": "R-0000000000000000"}, PlanRefused),
        # The effect of another revision, in a plan that carries it: it would be sent twice.
        ({"effects": again.plan.effects}, PlanDrifted),
    ):
        with pytest.raises(error):
            await story.apply(forged(file, **changes))

    assert story.place.posts() == sent


async def test_superseding_run_that_is_cut_off_goes_on_and_sends_once(tell: Tell) -> None:
    """The journal is gone in the middle of a send, as after a power cut."""
    story = tell(OUT_FAILS)
    run = await story.ended(ExitCode.FAILED)
    file = await story.plan(after=run)
    desks = [await story.place.desk()]

    async def cut() -> None:
        desks[-1].store.close()

    desks.append(await story.place.desk(network=Network(before=cut)))
    with pytest.raises(OutcomeLeftOpen):
        await apply_plan(desks[-1], file, silent)

    report = await resume_run(await story.place.desk(), file.run_id, silent)

    assert report.exit_code is ExitCode.DONE
    assert [(row.order.path, row.state) for row in report.effects] == [
        ("two", EffectState.CONFIRMED)
    ]
    assert story.moved() == [DOWN, OUT]
