"""The tutorial: every command of it, in its order, as a reader would type them."""

import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.acceptance.workplace import Workplace
from tests.pages import blocks, page

TUTORIAL = [block.text for block in blocks("sh") if block.page == "tutorial.md"]


@pytest.fixture(scope="module")
def followed(
    shared_place: Callable[[], Workplace],
) -> tuple[Workplace, subprocess.CompletedProcess[str]]:
    """Type all of it into one shell that stops at the first command that fails."""
    place = shared_place()
    programs = place.home / "bin"
    programs.mkdir()
    command = programs / "runner"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runner "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    people = {
        f"GIT_{who}_{what}": f"ada{at}"
        for who in ("AUTHOR", "COMMITTER")
        for what, at in (("NAME", ""), ("EMAIL", "@example.com"))
    }
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(TUTORIAL)],
        cwd=place.folder,
        env={
            **place.environment(),
            **people,
            "PATH": f"{programs}{os.pathsep}{os.defpath}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Workplace(folder=place.folder / "treasury"), done


def test_every_command_does_what_the_page_says(
    followed: tuple[Workplace, subprocess.CompletedProcess[str]],
) -> None:
    _, done = followed

    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed, 0 failed" in done.stdout
    assert "1 passed, 0 failed" in done.stdout
    assert done.stdout.count("exit 0: done") >= 2


def test_the_one_settlement_was_sent_once(
    followed: tuple[Workplace, subprocess.CompletedProcess[str]],
) -> None:
    place, _ = followed

    assert [order.amount for order in place.orders("desk")] == [Decimal(50000)]
    assert len(place.writes("desk")) == 1


def test_no_command_of_the_page_is_left_out() -> None:
    assert page("tutorial.md").count("```sh\n") == len(TUTORIAL)
    assert page("tutorial.md").count("runner ") > len(TUTORIAL)
