"""What ``action.yml`` runs, as GitHub starts it: variables in, outputs out, signals heard."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.acceptance.jobs import MIRROR_JOB, assert_there_and_back_once, is_waiting
from tests.acceptance.workplace import (
    MIRROR,
    REPOSITORY,
    Ended,
    Started,
    Workplace,
    planned,
    quick,
    run_id,
    world_text,
)

SCRIPT = REPOSITORY / "tools" / "action.sh"


@pytest.fixture
def job(place: Workplace) -> Workplace:
    """Return a folder in which the command is on the PATH, as in a job after the installation."""
    place.make_sandbox(world_text(success_after="800ms"))
    programs = place.home / "bin"
    programs.mkdir()
    command = programs / "runner"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runner "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    place.variables |= {
        "PATH": f"{programs}{os.pathsep}{os.defpath}",
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(place.home / "output"),
        "GITHUB_STEP_SUMMARY": str(place.home / "summary"),
    }
    place.write("job.yaml", quick(MIRROR))
    return place


def start(job: Workplace, verb: str, paths: str = "", **given: str) -> Started:
    return Started(
        process=subprocess.Popen(
            ["bash", SCRIPT],
            cwd=job.folder,
            env={**job.environment(), "VERB": verb, "PATHS": paths, **given},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
    )


def act(job: Workplace, verb: str, paths: str = "", **given: str) -> Ended:
    return start(job, verb, paths, **given).end()


def outputs(job: Workplace) -> dict[str, str]:
    lines = Path(job.variables["GITHUB_OUTPUT"]).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_plan_and_apply_hand_over_plan_and_run(job: Workplace) -> None:
    before = job.balances()

    act(job, "plan", "job.yaml", SANDBOX="default", PLAYBOOK_INPUTS="amount=5 USDT\n").expect(0)
    plan = outputs(job)
    applied = act(job, "apply", plan["plan"], SANDBOX="default").expect(0)

    assert plan == {
        "exit-code": "0",
        "plan": "plan.json",
        "run-id": run_id(job.folder / "plan.json"),
    }
    assert [str(order.amount) for order in job.orders()] == ["5", "5"]
    assert job.balances() == before
    assert "mirror-apply-and-settle" in Path(job.variables["GITHUB_STEP_SUMMARY"]).read_text()
    assert outputs(job)["exit-code"] == "0"
    stop = re.search(r"^::stop-commands::([0-9a-f]{32})$", applied.out, re.MULTILINE)
    assert stop is not None
    inside = applied.out[stop.end() : applied.out.rindex(f"\n::{stop[1]}::\n")]
    assert "exit 0: done" in inside


def test_exit_code_of_a_refusal_is_the_steps(job: Workplace) -> None:
    job.write("bad.yaml", "kind: Playbook\n")

    refused = act(job, "validate", "bad.yaml").expect(3)

    assert outputs(job) == {"exit-code": "3"}
    # validate guards its own text, and its annotations stay commands.
    assert re.search(r"^::error file=bad\.yaml", refused.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGINT, "cancel"), (signal.SIGTERM, "terminate")]
)
def test_cancelled_job_writes_down_the_call_in_flight_and_is_resumed(
    job: Workplace, number: signal.Signals, name: str
) -> None:
    """GitHub sends SIGINT, 7.5 s later SIGTERM, 2.5 s later SIGKILL."""
    before = job.balances()
    plan = planned(job, quick(MIRROR))
    running = start(job, "apply", "plan.json", SANDBOX="default")
    job.wait_for(is_waiting(MIRROR_JOB), unless=running)

    stopped = running.interrupt(number).expect(12)

    assert outputs(job) == {"exit-code": "12", "plan": "plan.json", "run-id": run_id(plan)}
    assert "::warning title=Not final yet::" in stopped.out
    act(job, "resume", run_id(plan), SANDBOX="default").expect(0)
    assert_there_and_back_once(job, MIRROR_JOB, before)


def test_killed_job_is_resumed_by_the_schedule(job: Workplace) -> None:
    before = job.balances()
    planned(job, quick(MIRROR))
    run = job.start("apply", "plan.json", "--sandbox", "--yes")
    job.wait_for(is_waiting(MIRROR_JOB), unless=run)
    run.kill()

    act(job, "resume", SANDBOX="default").expect(0)

    assert_there_and_back_once(job, MIRROR_JOB, before)


@pytest.mark.parametrize(
    ("verb", "paths", "given"),
    [
        ("run", "job.yaml", {}),
        ("", "", {}),
        ("apply", "plan.json\nother.json", {}),
        ("plan", "", {}),
        ("validate", "--sarif=x", {}),
        ("validate", "job.yaml", {"STRICT": "yes"}),
    ],
)
def test_what_makes_no_sense_is_refused(
    job: Workplace, verb: str, paths: str, given: dict[str, str]
) -> None:
    act(job, verb, paths, **given).expect(64)


def test_nothing_that_is_given_is_read_as_a_script(job: Workplace) -> None:
    text = "$(touch pwned) `touch pwned`; touch pwned"

    act(job, "plan", text, SANDBOX="default", PLAYBOOK_INPUTS=f"ticket={text}").expect(3)

    assert not (job.folder / "pwned").exists()


def action() -> dict[str, Any]:
    loaded = YAML(typ="safe").load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_action_hands_every_input_on_as_a_variable() -> None:
    steps = action()["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    handed = " ".join(str(value) for step in steps for value in step.get("env", {}).values())
    handed += " ".join(str(step.get("with")) for step in steps)

    assert [script for script in scripts if "${{" in script] == []
    assert {name for name in action()["inputs"] if f"inputs.{name} " not in handed} == set()


@pytest.mark.parametrize(
    "path",
    [
        REPOSITORY / "action.yml",
        *sorted((REPOSITORY / ".github" / "workflows").glob("*.yml")),
        *sorted((REPOSITORY / "examples" / "ci" / "github").glob("*.yml")),
    ],
    ids=lambda path: path.name,
)
def test_actions_of_others_are_pinned_by_commit_with_their_version(path: Path) -> None:
    used = re.findall(r"uses: (?!\./)(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)

    assert used
    pin = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v[0-9.]+")
    assert [each for each in used if not pin.fullmatch(each)] == []
