"""The private key appears in nothing that the program writes or says, whatever happens to it.

What is searched: everything the processes said, and the bytes of every file in the working folder
and in the home, SQLite files included. What is searched for: the key in every spelling it could
leave in. What may hold it: the key files themselves.
"""

import base64
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from runner.app.environment import build_environment
from runner.cli.crash import guarded
from runner.cli.shell import Shell
from runner.core.secret import Secret
from tests.acceptance.controls import key_lines, served, write_controls
from tests.acceptance.jobs import MIRROR_JOB, is_sent, start_apply
from tests.acceptance.workplace import (
    MIRROR,
    Ended,
    Workplace,
    planned,
    quick,
    replaced,
    run_id,
    world_text,
)

VERBOSE = {"CEFFU_RUNNER_LOG_LEVEL": "debug"}


def spellings(pem: bytes) -> dict[str, bytes]:
    """Return every spelling of a private key that must never be seen, by a name for it.

    Each is a piece from the middle of its form, so that no common head or line break hides it.
    """
    key = load_pem_private_key(pem, None)
    found = {
        f"PEM line {number}": line
        for number, line in enumerate(pem.splitlines())
        # The first lines of every key of one kind are alike up to the modulus.
        if number >= 2 and len(line) >= 20 and not line.startswith(b"-----")
    }
    numbers = key.private_numbers()  # type: ignore[union-attr]  # it is an RSA key
    for name, number in (("d", numbers.d), ("p", numbers.p), ("q", numbers.q)):  # type: ignore[union-attr]  # as above
        found |= {f"{name} as a number": str(number).encode(), f"{name} in hex": b"%x" % number}
    forms = {
        "PKCS#8": key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        "PKCS#1": key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "PEM": pem,
    }
    for name, form in forms.items():
        whole = {
            "base64": base64.b64encode(form),
            "url-safe base64": base64.urlsafe_b64encode(form),
            "hex": form.hex().encode(),
            "upper hex": form.hex().upper().encode(),
            "raw": form,
            "percent-encoded": quote(form, safe="").encode(),
            "repr": repr(form)[2:-1].encode(),
        }
        middle = {how: text[len(text) // 2 : len(text) // 2 + 60] for how, text in whole.items()}
        found |= {f"{name} {how}": text for how, text in middle.items()}
    return found


@dataclass(slots=True, kw_only=True)
class Watched:
    """A working folder whose every word is kept to be searched."""

    place: Workplace
    said: list[bytes] = field(default_factory=list)

    def run(self, *arguments: str | Path, descriptors: tuple[int, ...] = ()) -> Ended:
        """Run the command and keep what it says."""
        return self.keep(self.place.run(*arguments, descriptors=descriptors))

    def keep(self, ended: Ended) -> Ended:
        """Keep what a process said."""
        self.said.append(ended.text.encode())
        return ended

    def leaks(self, *pems: bytes) -> list[str]:
        """Name every place that shows a spelling of one of the keys."""
        needles = [item for pem in pems for item in spellings(pem).items()]
        places = {f"output {number}": text for number, text in enumerate(self.said)}
        for root in (self.place.folder, self.place.home):
            places |= {
                str(path.relative_to(root)): path.read_bytes()
                for path in root.rglob("*")
                if path.is_file() and not self._may_hold_it(path)
            }
        assert len(places) > len(self.said), "there was nothing to search"
        return [
            f"{where}: {name}"
            for where, text in places.items()
            for name, needle in needles
            if needle in text
        ]

    def _may_hold_it(self, path: Path) -> bool:
        return path.parent.name == "keys" and path.suffix == ".pem"

    def keys(self, name: str = "default") -> list[bytes]:
        """Return the private keys of a sandbox."""
        folder = self.place.sandboxes / name / "keys"
        return [(folder / f"{key}.pem").read_bytes() for key in ("reader", "operator")]


@pytest.fixture
def watched(place: Workplace) -> Watched:
    """Return a watched folder whose commands log as much as they can."""
    place.variables |= VERBOSE
    place.make_sandbox(world_text(timestamp_window="2s"))
    return Watched(place=place)


def test_search_finds_what_it_is_told_to_find(watched: Watched) -> None:
    """A canary that cannot sing proves nothing."""
    with watched.place.opened():
        pass
    reader, _ = watched.keys()
    names = spellings(reader)

    for name, needle in names.items():
        watched.place.write("leak.txt", "")
        (watched.place.folder / "leak.txt").write_bytes(b"before " + needle + b" after")

        assert f"leak.txt: {name}" in watched.leaks(reader)


def test_demo_shows_no_key(place: Workplace) -> None:
    place.variables |= VERBOSE
    watched = Watched(place=place)

    watched.run("demo").expect(0)

    assert watched.leaks(*watched.keys("demo")) == []


def test_plan_apply_and_everything_that_shows_them_show_no_key(watched: Watched) -> None:
    plan = watched.place.folder / "plan.json"
    watched.place.write("job.yaml", quick(MIRROR))

    watched.run("plan", "job.yaml", "--sandbox", "-o", plan).expect(0)
    watched.run("apply", plan, "--sandbox", "--yes").expect(0)
    watched.run("show", plan, "--format", "json").expect(0)
    watched.run("apply", plan, "--sandbox", "--yes").expect(0)
    watched.run("logs", run_id(plan), "--sandbox").expect(0)
    watched.run("runs", "--sandbox").expect(0)
    watched.run("verify", "--sandbox", "--json").expect(0)
    watched.run("reconcile", "--sandbox")
    watched.run("lock", "list", "--sandbox").expect(0)
    watched.run("stop", "--reason", "a look first", "--sandbox").expect(0)
    watched.run("start", "--reason", "looked at", "--sandbox").expect(0)
    watched.run("state", "show", "--sandbox").expect(0)
    watched.run("call", "wallet.list", "--sandbox")
    watched.run("sandbox", "requests").expect(0)
    watched.run("sandbox", "ledger").expect(0)

    assert watched.leaks(*watched.keys()) == []


def test_text_logs_show_no_key(watched: Watched) -> None:
    watched.place.variables["CEFFU_RUNNER_LOG_FORMAT"] = "text"
    watched.place.write("job.yaml", quick(MIRROR))

    watched.run("run", "job.yaml", "--sandbox", "--yes").expect(0)

    assert watched.leaks(*watched.keys()) == []


def test_runs_that_end_badly_show_no_key(watched: Watched) -> None:
    place = watched.place
    place.write("job.yaml", quick(MIRROR))
    place.write("bad.yaml", replaced(MIRROR, "default: ETH", "default: &net ETH"))
    place.write(
        "never.yaml",
        replaced(
            quick(MIRROR), 'until: result.status == "success"', 'until: result.status == "never"'
        ).replace("timeout: 10m", "timeout: 1s"),
    )

    watched.run("run", "job.yaml", "--sandbox").expect(64)
    watched.run("run", "bad.yaml", "--sandbox", "--yes").expect(3)
    watched.run("run", "job.yaml", "--sandbox", "--yes", "-i", "amount=9000000 USDT")
    watched.run("run", "never.yaml", "--sandbox", "--yes").expect(13)
    watched.run("run", "job.yaml", "--sandbox", "--yes").expect(7)

    assert watched.leaks(*watched.keys()) == []


def test_killed_and_halted_run_shows_no_key(watched: Watched) -> None:
    place = watched.place
    place.make_sandbox(world_text(timestamp_window="2s", reply_delay="mirror.asset.apply: 20s"))
    plan = planned(place, quick(MIRROR))
    run = start_apply(place, plan)
    place.wait_for(is_sent(MIRROR_JOB))
    watched.keep(run.kill())

    watched.run("resume", run_id(plan), "--sandbox").expect(10)
    watched.run("logs", run_id(plan), "--sandbox").expect(0)

    assert watched.leaks(*watched.keys()) == []


def test_key_in_the_environment_shows_nowhere(watched: Watched) -> None:
    place = watched.place
    with place.opened():
        pass
    reader, operator = watched.keys()
    folder = place.sandboxes / "default" / "keys"
    body = b"".join(line for line in operator.splitlines() if not line.startswith(b"-----"))
    place.variables |= {
        "READ_KEY": reader.decode(),
        "READ_API_KEY": (folder / "reader.api-key").read_text("ascii"),
        "WRITE_KEY": body.decode(),
        "WRITE_API_KEY": (folder / "operator.api-key").read_text("ascii"),
    }
    place.write("job.yaml", quick(MIRROR))
    with served_to(watched, key_lines("env: READ_{part}", "env: WRITE_{part}")) as options:
        watched.run("plan", "job.yaml", *options, "-o", "plan.json").expect(0)
        watched.run("apply", "plan.json", *options, "--yes").expect(0)
        watched.run("runs", *options).expect(0)

    assert len(place.orders()) == 2
    assert watched.leaks(reader, operator) == []


def test_damaged_key_in_the_environment_shows_nowhere(watched: Watched) -> None:
    """A key with a few characters missing is as secret as a whole one."""
    place = watched.place
    with place.opened():
        pass
    reader, operator = watched.keys()
    lines = operator.decode().splitlines()
    place.variables |= {
        "BAD_KEY": "\n".join([*lines[:5], lines[5][:-4], *lines[6:]]),
        "BAD_API_KEY": "sandbox-x",
    }
    place.write("job.yaml", quick(MIRROR))
    with served_to(watched, key_lines("env: BAD_{part}", "env: BAD_{part}")) as options:
        watched.run("plan", "job.yaml", *options).expect(3)

    assert watched.leaks(reader, operator) == []


def test_key_on_a_file_descriptor_shows_nowhere(watched: Watched) -> None:
    place = watched.place
    with place.opened():
        pass
    reader, operator = watched.keys()
    folder = place.sandboxes / "default" / "keys"
    names = ("reader.api-key", "reader.pem", "operator.api-key", "operator.pem")
    place.write("job.yaml", quick(MIRROR))
    descriptors = [os.open(folder / name, os.O_RDONLY) for name in names]
    lines = key_lines("fd: {part}", "fd: {part}")
    for number in descriptors:
        part = "API_KEY" if descriptors.index(number) % 2 == 0 else "KEY"
        lines = lines.replace(f"fd: {part}", f"fd: {number}", 1)
    try:
        with served_to(watched, lines) as options:
            watched.run(
                "run", "job.yaml", *options, "--yes", descriptors=tuple(descriptors)
            ).expect(0)
    finally:
        for number in descriptors:
            os.close(number)

    assert len(place.orders()) == 2
    assert watched.leaks(reader, operator) == []


def test_crash_file_shows_no_key(watched: Watched) -> None:
    """A bug cannot be asked for from outside, so the boundary is called with one that has a key."""
    place = watched.place
    with place.opened():
        pass
    reader, operator = watched.keys()
    stderr = io.StringIO()
    environment = build_environment(
        {"HOME": str(place.home), "OPERATOR_KEY": operator.decode()},
        cwd=place.folder,
        stdin=io.StringIO(),
        stdout=io.StringIO(),
        stderr=stderr,
    )
    shell = Shell(environment=environment)
    for pem in (reader, operator):
        shell.redactor.register(Secret(pem))

    def broken() -> int:
        material = operator
        spoken = json.dumps(
            {
                name: text.decode("latin-1")
                for name, text in spellings(reader).items()
                if "PEM line" in name
            }
        )
        raise RuntimeError(f"cannot use {material!r} or {spoken}")

    code = guarded(broken, shell=shell, stderr=stderr)

    watched.said.append(stderr.getvalue().encode())
    assert code == 70
    (crash,) = (place.home / ".local" / "state" / "ceffu-runner" / "crashes").iterdir()
    assert "RuntimeError" in crash.read_text("utf-8")
    assert "Traceback" not in stderr.getvalue()
    assert watched.leaks(reader, operator) == []


def test_key_is_not_handed_to_child_processes(watched: Watched) -> None:
    """The plan asks git for the commit: what git is given must not hold the key."""
    place = watched.place
    with place.opened():
        pass
    reader, operator = watched.keys()
    place.write("bin/git", '#!/bin/sh\nenv > "$0.env"; cat /proc/$$/environ >> "$0.env"\n')
    (place.folder / "bin" / "git").chmod(0o755)
    (place.folder / ".git").mkdir()
    place.variables |= {"SOME_KEY": operator.decode(), "PATH": f"{place.folder}/bin:{os.defpath}"}

    watched.run("plan", place.write("job.yaml", quick(MIRROR)), "--sandbox").expect(0)

    assert (place.folder / "bin" / "git.env").exists()
    assert watched.leaks(reader, operator) == []


@contextmanager
def served_to(watched: Watched, keys: str) -> Iterator[list[str]]:
    """Serve the sandbox and give the options of a profile with these keys."""
    with served(watched.place) as url:
        folder = write_controls(watched.place, url, keys=keys)
        yield ["--controls", str(folder), "--profile", "main"]
