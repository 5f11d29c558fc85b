"""Streams that are closed, or whose reader has gone away: how a run ended is still told."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.workplace import MIRRORX, PATIENCE_S, Workplace, planned, quick


def shell(place: Workplace, redirection: str, *arguments: str | Path) -> int:
    """Run the command with its streams as a shell's redirection leaves them."""
    line = f'exec "$@" {redirection}'
    return subprocess.run(
        ["/bin/sh", "-c", line, "sh", *place.command(*arguments)],
        cwd=place.folder,
        env=place.environment(),
        check=False,
        timeout=PATIENCE_S,
        capture_output=True,
    ).returncode


def without_reader(place: Workplace, *arguments: str | Path) -> int:
    """Run the command with a stdout that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            place.command(*arguments),
            cwd=place.folder,
            env=place.environment(),
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=PATIENCE_S,
        ).returncode
    finally:
        os.close(writer)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_keep_a_run_from_ending_well(
    quick_place: Workplace, closed: str
) -> None:
    plan = planned(quick_place, quick(MIRRORX))

    assert shell(quick_place, closed, "apply", plan, "--sandbox", "--yes") == 0

    assert len(quick_place.orders()) == 2


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_usage_error_keeps_its_code_without_streams(place: Workplace, closed: str) -> None:
    assert shell(place, closed, "runs", "--no-such-option") == 64


def test_run_that_did_not_end_well_says_so_without_a_reader(quick_place: Workplace) -> None:
    """A reader that went away is 141, but never in the place of a verdict that needs somebody."""
    hopeless = (
        "  - id: hopeless\n    wait:\n      uses: mirrorx.positions\n"
        '      with: {link: acme/arb-01}\n      until: balance(result, "USDT") < 0\n'
        "      every: 50ms..50ms\n      timeout: 100ms\n"
    )
    text = quick(MIRRORX)
    text = text[: text.index("outputs:\n")] + hopeless
    plan = planned(quick_place, text)
    quick_place.run("apply", plan, "--sandbox", "--yes").expect(13)

    assert without_reader(quick_place, "apply", plan, "--sandbox", "--yes") == 13


def test_run_that_ended_well_does_not_claim_it_without_a_reader(quick_place: Workplace) -> None:
    plan = planned(quick_place, quick(MIRRORX))
    quick_place.run("apply", plan, "--sandbox", "--yes").expect(0)

    assert without_reader(quick_place, "apply", plan, "--sandbox", "--yes") == 141
