"""Two things that must not be doubled or mistaken when the answer to their request is lost."""

from dataclasses import replace

import pytest

from runner.actions.reads import Reads
from runner.app.desk import Desk
from runner.app.usecases.executing import apply_plan
from runner.app.usecases.planning import silent
from runner.controls.destination import DestinationEntry
from runner.core.errors import ExitCode
from runner.effects.model import EffectState
from runner.reporting.recap import effect_line, render_effects
from runner.reporting.terminal import Terminal
from runner.sandbox.world_file import default_world
from tests.app.usecases.conftest import MakePlace, Network, Place

HEAD = "apiVersion: runner/v1\nkind: Playbook\nname: t\nonce: today\n"
ADD = (
    HEAD
    + """\
may: {whitelist.upsert: {count: 1}}
steps:
  - id: add
    effect: whitelist.upsert
    with: {destination: acme/new, coin: USDT, network: ETH, confirmation: confirmed}
"""
)
MAKE = (
    HEAD
    + """\
may: {wallet.create: {count: 1}}
steps:
  - id: c
    effect: wallet.create
    with: {name: desk 7, type: prime}
"""
)


async def desk_with_label(place: Place, network: Network) -> Desk:
    """Open a desk whose directory has one more destination, which no whitelist has."""
    desk = await place.desk(network=network)
    entry = DestinationEntry(
        name="acme/new", address="0x" + "ab" * 20, networks=("ETH",), coins=("USDT",), label="new"
    )
    named = {**desk.directory.destinations, entry.name: entry}
    directory = replace(desk.directory, destinations=named)
    custodian = replace(desk.custodian, directory=directory)
    return replace(desk, directory=directory, custodian=custodian, reads=Reads(custodian))


@pytest.mark.parametrize("delay_ms", [0, 20_000, 60_000])
async def test_entry_that_is_listed_late_is_added_once(
    make_place: MakePlace, delay_ms: int
) -> None:
    world = default_world()
    switches = replace(world.switches, visibility_delay_ms=delay_ms)
    place = make_place(replace(world, switches=switches))
    desk = await desk_with_label(place, Network(lose="reply"))
    file = await place.plan(desk, place.write(ADD))

    report = await apply_plan(desk, file, silent)

    assert report.exit_code is ExitCode.DONE
    assert [row.state for row in report.effects] == [EffectState.CONFIRMED]
    assert len(place.writes()) == 1


async def test_wallet_known_by_its_name_alone_is_said_to_be(place: Place) -> None:
    lost = await place.desk(network=Network(lose="reply"))
    file = await place.plan(lost, place.write(MAKE))

    report = await apply_plan(lost, file, silent)

    assert report.exit_code is ExitCode.DONE
    (row,) = report.effects
    assert row.reason.endswith("found by its name; the name is its identity")
    assert "c: found by its name; the name is its identity" in render_effects(
        [effect_line(row)], Terminal()
    )


async def test_wallet_that_the_answer_named_has_no_remark(place: Place) -> None:
    desk = await place.desk()
    file = await place.plan(desk, place.write(MAKE))

    report = await apply_plan(desk, file, silent)

    assert [effect_line(row).remark for row in report.effects] == [""]
