"""Persons with real SSH keys, as the controls of a test name them."""

import json
import os
import subprocess
from pathlib import Path

from tests.acceptance.workplace import Workplace

PERSONS = {
    "anna": ("anna@example.com", "treasury"),
    "bob": ("bob@example.com", "treasury"),
    "carol": ("carol@example.com", "risk"),
}
"""Each person's principal and group."""


def make_key(place: Workplace, name: str) -> Path:
    """Make an SSH key in the home folder, and return its private half."""
    path = place.home / name
    if not path.exists():
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)],
            check=True,
            stdin=subprocess.DEVNULL,
        )
    return path


def public_of(key: Path) -> str:
    """Return a key's public half, type and key alone."""
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


def write_signers(
    place: Workplace, *, allowed: str = "", extra: dict[str, str] | None = None
) -> None:
    """Write signers.yaml and allowed_signers with the keys of all persons.

    Shapes: ``allowed`` replaces the lines of allowed_signers; ``extra`` are more lines of a person.
    """
    text = "apiVersion: runner/v1\nkind: Signers\npersons:\n"
    for name, (principal, group) in PERSONS.items():
        text += f"  {name}:\n    principals:\n      - {principal}\n    groups:\n      - {group}\n"
        text += (extra or {}).get(name, "")
    place.write("controls/signers.yaml", text)
    place.write("controls/allowed_signers", allowed or all_lines(place))


def all_lines(place: Workplace) -> str:
    """Return the line of each person's own key."""
    return "".join(line(place, name) for name in PERSONS)


def line(place: Workplace, name: str, *, key: str = "", options: str = "") -> str:
    """Return one line of allowed_signers."""
    public = public_of(make_key(place, key or name))
    return f"{PERSONS[name][0]} {options}{' ' if options else ''}{public}\n"


def digest_of(place: Workplace, plan: str = "plan.json") -> str:
    """Return a plan's digest."""
    text: str = json.loads((place.folder / plan).read_bytes())["digest"]
    return text


def typed(place: Workplace, plan: str = "plan.json") -> tuple[str, ...]:
    """Return what a person types, as options."""
    effects = json.loads((place.folder / plan).read_bytes())["plan"]["effects"]
    return "--entity", "acme", "--effects", str(len(effects)), "--largest", "250000 USDT"


def approve(
    place: Workplace, name: str, *more: str, key: str = "", plan: str = "plan.json"
) -> None:
    """Let a person approve a plan with the real command."""
    principal, group = PERSONS[name]
    place.run(
        *("approve", plan, "--as", principal, "--key", make_key(place, key or name)),
        *("--role", group, *typed(place, plan), *more),
    ).expect(0)


def statements(place: Workplace) -> list[Path]:
    """Return every statement that was written, sorted."""
    return sorted((place.folder / "approvals").glob("*/*.json"))


def sign_file(key: Path, namespace: str, data: bytes) -> bytes:
    """Sign bytes as anybody can, without our command."""
    return subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", namespace],
        input=data,
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    ).stdout


def commit_all(place: Workplace, email: str) -> None:
    """Commit everything but the sandbox to the folder's own repository, on its branch ``main``."""
    place.write(".gitignore", ".runner/\nplan.json\napprovals/\n")
    names = ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("commit", "--quiet", "--message=change"),
    ):
        subprocess.run(
            ["git", "-C", str(place.folder), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(place.home)} | dict.fromkeys(names, email),
            check=True,
        )
