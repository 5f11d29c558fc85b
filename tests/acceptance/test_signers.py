"""Keys that are kept elsewhere, and keys with a time, behind the real command."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.client.keys import KeyFile, load_key
from tests.acceptance.controls import served, write_controls
from tests.acceptance.jobs import MIRROR_JOB, is_waiting, start_apply
from tests.acceptance.workplace import MIRROR, Workplace, planned, quick, world_text

PAST, FUTURE = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
OTHER_KEY = "SHA256:" + "A" * 43

needs_agent = pytest.mark.skipif(
    shutil.which("ssh-agent") is None or shutil.which("ssh-add") is None, reason="needs OpenSSH"
)


@pytest.fixture
def keyed_place(place: Workplace) -> Workplace:
    """Return a folder with a sandbox, whose keys any profile may use."""
    place.make_sandbox(world_text())
    with place.opened():
        pass
    place.write("job.yaml", quick(MIRROR))
    return place


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """Start an agent of our own, and end it."""
    path = str(tmp_path / "agent")
    started = subprocess.run(
        ["ssh-agent", "-s", "-a", path], capture_output=True, text=True, check=True
    )
    yield path
    os.kill(int(started.stdout.split("SSH_AGENT_PID=")[1].split(";")[0]), signal.SIGTERM)


def pem(place: Workplace, name: str) -> Path:
    """Return the file of one of the sandbox's keys."""
    return place.sandboxes / "default" / "keys" / f"{name}.pem"


def lines(place: Workplace, *effect_keys: str) -> str:
    """Return the keys of a profile: the reader's file, and the operator's as given, each a list."""
    folder = place.sandboxes / "default" / "keys"
    written = "".join(
        f"      - api_key:\n          file: {folder}/operator.api-key\n{each}"
        for each in effect_keys
    )
    return (
        f"    read_key:\n      api_key:\n        file: {folder}/reader.api-key\n"
        f"      key:\n        file: {folder}/reader.pem\n    effect_key:\n{written}"
    )


def in_file(place: Workplace, **more: str) -> str:
    """Return the operator's key in its file, with more keys of a credential."""
    extra = "".join(f"        {name}: '{text}'\n" for name, text in more.items())
    return f"        key:\n          file: {pem(place, 'operator')}\n{extra}"


@needs_agent
def test_agent_signs_what_the_custodian_takes(keyed_place: Workplace, agent: str) -> None:
    environ = {**os.environ, "SSH_AUTH_SOCK": agent}
    operator = pem(keyed_place, "operator")
    subprocess.run(["ssh-add", "-q", str(operator)], env=environ, check=True, capture_output=True)
    listed = subprocess.run(["ssh-add", "-l"], env=environ, check=True, capture_output=True)
    fingerprint = listed.stdout.decode().split()[1]
    keyed_place.variables["SSH_AUTH_SOCK"] = agent
    keys = lines(keyed_place, f"        key:\n          agent: '{fingerprint}'\n")

    with served(keyed_place) as url:
        folder = write_controls(keyed_place, url, keys=keys)
        keyed_place.run(
            "run", "job.yaml", "--controls", str(folder), "--profile", "main", "--yes"
        ).expect(0)

    assert len(keyed_place.orders()) == 2


def test_command_signs_what_the_custodian_takes(keyed_place: Workplace) -> None:
    operator = pem(keyed_place, "operator")
    public = keyed_place.folder / "operator.pub"
    subprocess.run(
        ["openssl", "pkey", "-in", str(operator), "-pubout", "-out", str(public)], check=True
    )
    script = keyed_place.folder / "sign"
    script.write_text(
        f"#!/bin/sh\nopenssl dgst -sha512 -sign {operator} | openssl base64 -A\n", encoding="ascii"
    )
    script.chmod(0o700)
    command = (
        f"        key:\n          command:\n            argv: [{script}]\n"
        f"            public_key: {public}\n"
    )

    with served(keyed_place) as url:
        folder = write_controls(keyed_place, url, keys=lines(keyed_place, command))
        keyed_place.run(
            "run", "job.yaml", "--controls", str(folder), "--profile", "main", "--yes"
        ).expect(0)

    assert len(keyed_place.orders()) == 2


def test_signer_that_fails_sends_nothing_and_is_asked_again(keyed_place: Workplace) -> None:
    """Nothing left this machine, so that the outcome is known: exit 9, and the plan stays good."""
    operator = pem(keyed_place, "operator")
    public = keyed_place.folder / "operator.pub"
    subprocess.run(
        ["openssl", "pkey", "-in", str(operator), "-pubout", "-out", str(public)], check=True
    )
    command = (
        "        key:\n          command:\n            argv: [/bin/false]\n"
        f"            public_key: {public}\n"
    )
    with served(keyed_place) as url:
        folder = write_controls(keyed_place, url, keys=lines(keyed_place, command))
        ended = keyed_place.run(
            "run", "job.yaml", "--controls", str(folder), "--profile", "main", "--yes"
        ).expect(9)

    assert "the signing command /bin/false ended with 1" in ended.err
    assert keyed_place.writes() == ()


def test_first_key_that_is_valid_signs(keyed_place: Workplace) -> None:
    keys = lines(
        keyed_place,
        f"        key:\n          file: /nonexistent\n        valid_until: '{PAST}'\n",
        in_file(keyed_place, valid_from=PAST, valid_until=FUTURE),
    )
    with served(keyed_place) as url:
        folder = write_controls(keyed_place, url, keys=keys)
        keyed_place.run(
            "run", "job.yaml", "--controls", str(folder), "--profile", "main", "--yes"
        ).expect(0)

    assert len(keyed_place.orders()) == 2


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ({"valid_until": PAST}, "the last one was valid until 2020-01-01T00:00:00"),
        ({"valid_from": FUTURE}, "the next one is valid from 2100-01-01T00:00:00"),
    ],
    ids=["expired", "not yet"],
)
def test_key_outside_its_time_is_not_used(
    keyed_place: Workplace, time: dict[str, str], words: str
) -> None:
    keys = lines(keyed_place, in_file(keyed_place, **time))
    with served(keyed_place) as url:
        folder = write_controls(keyed_place, url, keys=keys)
        ended = keyed_place.run(
            "run", "job.yaml", "--controls", str(folder), "--profile", "main", "--yes"
        ).expect(3)

    assert f"no effect_key of the profile is valid now: {words}" in ended.err
    assert keyed_place.writes() == ()


def test_other_key_than_the_profile_means_is_refused(keyed_place: Workplace) -> None:
    fingerprint = load_key(KeyFile(path=pem(keyed_place, "operator")), environ={}).fingerprint
    with served(keyed_place) as url:
        keys = lines(keyed_place, in_file(keyed_place, fingerprint=OTHER_KEY))
        folder = write_controls(keyed_place, url, keys=keys)
        aimed = ["--controls", str(folder), "--profile", "main", "--yes"]
        ended = keyed_place.run("run", "job.yaml", *aimed).expect(3)
        write_controls(
            keyed_place, url, keys=lines(keyed_place, in_file(keyed_place, fingerprint=fingerprint))
        )
        keyed_place.run("run", "job.yaml", *aimed).expect(0)

    assert f"the key is {fingerprint}, and the profile means {OTHER_KEY}" in ended.err


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="needs /proc")
def test_process_that_holds_a_key_leaves_no_core_file(place: Workplace) -> None:
    place.make_sandbox(world_text(success_after="5s"))
    run = start_apply(place, planned(place, quick(MIRROR)))
    place.wait_for(is_waiting(MIRROR_JOB))

    limits = Path(f"/proc/{run.process.pid}/limits").read_text(encoding="utf-8").splitlines()
    run.process.send_signal(signal.SIGSEGV)
    ended = run.end()

    assert [line.split()[4:6] for line in limits if "core file" in line] == [["0", "0"]]
    assert ended.code == -signal.SIGSEGV
    assert [path for path in place.folder.iterdir() if path.name.startswith("core")] == []


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="needs prctl")
def test_memory_of_a_process_with_keys_is_shut() -> None:
    """PR_GET_DUMPABLE is 3; what it says decides about ptrace and core handlers."""
    code = (
        "import ctypes; from runner.app.hardening import shut_memory; shut_memory();"
        " print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout == "0\n"
