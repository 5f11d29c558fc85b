"""The examples of ``runner explain`` for what only a plan can find."""

from dataclasses import replace

import pytest

from runner.core.errors import InvalidInput
from runner.reporting.explaining import FOLDER, Example, load_explanation
from tests.app.usecases.conftest import Place

EXPLAINED = [load_explanation(path.stem) for path in sorted(FOLDER.glob("*.yaml"))]
CODES = [each.code for each in EXPLAINED if each.seen_by == "plan"]


async def plan(place: Place, example: Example) -> set[str]:
    """Plan an example where a real custodian would be, and return the codes found."""
    assert example.data is not None
    desk = await place.desk()
    # What the vendor's pages leave out is confirmed there: it is not what the examples are about.
    confirmed = replace(desk.facts, confirms=frozenset({"mirror.asset.apply"}))
    desk = replace(desk, is_sandbox=False, facts=confirmed, unprotected="")
    path = place.write(example.data.decode("utf-8"), "example.yaml")
    try:
        await place.plan(desk, path, *example.given)
    except InvalidInput as invalid:
        return {found.code for found in invalid.diagnostics}
    return set()


@pytest.mark.parametrize("code", CODES)
async def test_bad_example_has_that_code_alone_and_good_one_none(code: str, place: Place) -> None:
    explained = load_explanation(code)

    assert await plan(place, explained.bad) == {code}
    assert await plan(place, explained.good) == set()
