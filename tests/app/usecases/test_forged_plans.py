"""Plans that somebody has written by hand: canonical, with a right digest, and not what we wrote.

The digest proves that a file is whole, not who made it, so apply has to notice each of these.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from runner.app.usecases.executing import apply_plan
from runner.app.usecases.planning import silent
from runner.core.errors import ExitCode, PlanRefused
from runner.plan.codec import PlanFile, file_from_plan, plan_from_file
from runner.plan.model import Plan, PlannedEffect, PlannedInput
from tests.app.usecases.conftest import Place

PLAYBOOK = """\
apiVersion: runner/v1
kind: Playbook
name: move
summary: Delegate an amount.
inputs:
  amount: {type: money, default: 1000 USDT, max: 2000 USDT}
  urgent: {type: bool, default: false}
  day: {type: string, default: one, pattern: "[a-z]+"}
labels:
  day: ${{ inputs.day }}
once: ${{ inputs.day }}
may:
  mirrorx.delegate: {count: 2, total: 5000 USDT}
steps:
  - id: before
    uses: mirrorx.positions
    with: {link: acme/arb-01}
  - id: send
    name: Delegate
    effect: mirrorx.delegate
    with:
      link: acme/arb-01
      amount: ${{ inputs.amount }}
"""
FAR = timedelta(days=30)
NO_CHANGE: Mapping[str, object] = {}


def forged(file: PlanFile, **changes: object) -> PlanFile:
    """Write a plan anew, as anybody can who knows how digests are made."""
    plan = replace(file.plan, **changes)  # type: ignore[arg-type]  # whatever a case says
    return plan_from_file(file_from_plan(plan).data)


def effect(plan: Plan, **changes: object) -> tuple[PlannedEffect, ...]:
    return (replace(plan.effects[0], **changes),)  # type: ignore[arg-type]  # as above


def given(plan: Plan, name: str, **changes: object) -> tuple[PlannedInput, ...]:
    return tuple(
        replace(each, **changes) if each.name == name else each  # type: ignore[arg-type]  # as above
        for each in plan.inputs
    )


FORGERIES: dict[str, Callable[[Plan], dict[str, object]]] = {
    "occurrence": lambda _: {"occurrence": "two"},
    "playbook": lambda _: {"playbook": "other"},
    "revision": lambda _: {"revision": 1},
    "summary": lambda _: {"summary": "Look at something."},
    "labels": lambda _: {"labels": {"day": "two"}},
    "no-files": lambda _: {"files": ()},
    "one-file-more": lambda p: {"files": (*p.files, replace(p.files[0], name="/dev/zero"))},
    "source-elsewhere": lambda _: {"source": "/nowhere.yaml"},
    "no-names": lambda _: {"names": {}},
    "one-name-more": lambda p: {"names": {**p.names, "wallet x": {"id": "1"}}},
    "totals": lambda _: {"totals": {}},
    "made-in-the-future": lambda p: {
        "created_at": p.created_at + FAR,
        "not_after": p.not_after + FAR,
    },
    "made-at-the-end-of-time": lambda p: {
        "created_at": p.created_at.replace(year=9999, month=12, day=31),
        "not_after": p.not_after.replace(year=9999, month=12, day=31),
    },
    "lives-longer": lambda p: {"not_after": p.not_after + FAR},
    "effect-request-id": lambda p: {"effects": effect(p, request_id="12345")},
    "effect-method": lambda p: {"effects": effect(p, method="GET")},
    "effect-title": lambda p: {"effects": effect(p, title="Undelegate")},
    "no-effects": lambda _: {"effects": ()},
    "step-title": lambda p: {"steps": (replace(p.steps[0], title="x"), *p.steps[1:])},
    "step-message": lambda p: {"steps": (replace(p.steps[0], message="x"), *p.steps[1:])},
    "steps-reversed": lambda p: {"steps": p.steps[::-1]},
    "input-outside-its-bounds": lambda p: {
        "inputs": given(p, "amount", value="2001 USDT", origin="--input"),
        "effects": effect(
            p, amount=Decimal(2001), body=p.effects[0].body.replace('"1000"', '"2001"')
        ),
        "totals": {"mirrorx.delegate": {"USDT": Decimal(2001)}},
    },
    "input-outside-its-pattern": lambda p: {"inputs": given(p, "day", value="1", origin="x")},
    "input-type": lambda p: {"inputs": given(p, "amount", type="string")},
    "input-no-type": lambda p: {"inputs": given(p, "amount", type="garbage<")},
    "input-value": lambda p: {"inputs": given(p, "amount", value=["x"])},
    "input-number": lambda p: {"inputs": given(p, "amount", value=7, origin="x")},
    "input-unknown": lambda p: {"inputs": given(p, "amount", value={"$unknown": "money"})},
    "input-default": lambda p: {"inputs": given(p, "amount", value="7 USDT")},
    "input-missing": lambda p: {"inputs": p.inputs[1:]},
    "input-more": lambda p: {"inputs": (*p.inputs, replace(p.inputs[0], name="x", origin="x"))},
    "input-twice": lambda p: {"inputs": (*p.inputs, p.inputs[0])},
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_forged_plan_is_refused_before_anything_is_sent(place: Place, name: str) -> None:
    desk = await place.desk()
    file = await place.plan(desk, place.write(PLAYBOOK))
    made = forged(file, **FORGERIES[name](file.plan))
    assert made.digest != file.digest

    try:
        code = (await apply_plan(desk, made, silent)).exit_code
    except PlanRefused as refused:
        code = refused.exit_code

    assert code is ExitCode.PLAN_REFUSED
    assert place.posts() == 0
    assert (await apply_plan(desk, file, silent)).exit_code == 0
    assert place.posts() == 1


async def test_plan_written_anew_without_a_change_is_the_same_plan(place: Place) -> None:
    desk = await place.desk()
    file = await place.plan(desk, place.write(PLAYBOOK), "urgent=true", "amount=1.50 USDT")

    assert forged(file, **NO_CHANGE) == file
    assert (await apply_plan(desk, forged(file, **NO_CHANGE), silent)).exit_code == 0


async def test_forged_occurrence_does_not_let_the_next_plan_send_again(place: Place) -> None:
    """Under another name in the claim, a plan with other paths would send the same once more."""
    desk = await place.desk()
    file = await place.plan(desk, place.write(PLAYBOOK))
    with pytest.raises(PlanRefused, match="its playbook and inputs give"):
        await apply_plan(desk, forged(file, occurrence="two"), silent)
    await apply_plan(desk, file, silent)

    with pytest.raises(PlanRefused, match=file.run_id):
        await place.plan(desk, place.write(PLAYBOOK.replace("id: send", "id: again")))
    assert place.posts() == 1


async def test_playbook_that_only_lost_its_assert_is_another_file(place: Place) -> None:
    """Its effects are the same; what would have stopped them is gone."""
    desk = await place.desk()
    guarded = PLAYBOOK.replace(
        "    with: {link: acme/arb-01}\n",
        "    with: {link: acme/arb-01}\n    assert: result.complete\n",
    )
    path = place.write(guarded)
    file = await place.plan(desk, path)
    path.write_text(PLAYBOOK, encoding="utf-8")

    for files in (file.plan.files, ()):
        with pytest.raises(PlanRefused, match="has changed"):
            await apply_plan(desk, forged(file, files=files), silent)
    assert place.posts() == 0


async def test_plan_is_not_applied_by_a_clock_that_was_set_back(place: Place) -> None:
    """Orders younger than the plan could not be asked for, and a twin would go unnoticed."""
    desk = await place.desk()
    file = await place.plan(desk, place.write(PLAYBOOK))
    place.clock.moment -= timedelta(hours=1)

    with pytest.raises(PlanRefused, match="yet to come"):
        await apply_plan(desk, file, silent)
    assert place.posts() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"profile": "x\n::set-output name=a::b"},
        {"playbook": "x\r\n::set-output name=a::b"},
        {"summary": "x\n::set-output name=a::b"},
        {"source": "x\n::set-output name=a::b"},
        {"labels": {"day": "x\u2028::set-output name=a::b"}},
        {"names": {"x\n::set-output name=a::b": {}}},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_refusal_gives_a_forgers_words_no_line_of_their_own(
    place: Place, changes: dict[str, object]
) -> None:
    """Systems that run us take such a line for a command, whoever wrote it."""
    desk = await place.desk()
    file = await place.plan(desk, place.write(PLAYBOOK))

    with pytest.raises(PlanRefused) as refused:
        await apply_plan(desk, forged(file, **changes), silent)

    lines = f"{refused.value.message}\n{refused.value.hint}".splitlines()
    assert any("::set-output" in line for line in lines)
    assert not any(line.strip().startswith("::") for line in lines)
