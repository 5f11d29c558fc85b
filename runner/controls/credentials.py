"""Whose keys speak to the custodian: where each half is, and from when until when it may be used.

Controls name the places of secrets and never hold one. During a rotation two keys stand side by
side, each with its time.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from runner.controls.reading import Findings, mapping_of, scalar_of, scalars_of
from runner.core.clock import moment_from_text
from runner.core.record import record
from runner.documents.nodes import Entry, MappingNode, ScalarNode, SequenceNode

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}", re.ASCII)
_FIRST_DESCRIPTOR = 3


@record
class FromFile:
    """A secret in a file; a relative path starts at the controls folder."""

    path: Path


@record
class FromDescriptor:
    """A secret on an open file descriptor, 3 or above."""

    descriptor: int


@record
class FromVariable:
    """A secret in an environment variable."""

    name: str


@record
class FromAgent:
    """A key that an SSH agent keeps; ``fingerprint`` is as ``ssh-add -l`` prints it."""

    fingerprint: str


@record
class FromCommand:
    """A key that a command signs with; ``public_key`` is the file of its public half, in PEM."""

    argv: tuple[str, ...]
    public_key: Path


SecretSource: TypeAlias = FromFile | FromDescriptor | FromVariable
"""Where a secret is; controls never hold one."""

KeyHolder: TypeAlias = SecretSource | FromAgent | FromCommand
"""Where a private key is: at hand, or with somebody who signs with it and does not give it away."""


@record
class ApiCredential:
    """The two halves of one API key: the name the custodian gave it, and the private key.

    Shapes: ``fingerprint`` is that of the one key that is meant, as plans show it, or empty; the
        credential is used from ``valid_from``, inclusive, until ``valid_until``, exclusive, None
        being without end.
    """

    api_key: SecretSource
    key: KeyHolder
    fingerprint: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def is_valid_at(self, moment: datetime) -> bool:
        """Tell whether it may be used at a moment."""
        begun = self.valid_from is None or self.valid_from <= moment
        return begun and (self.valid_until is None or moment < self.valid_until)


def credentials_from_node(
    body: MappingNode, key: str, folder: Path | None, findings: Findings
) -> tuple[ApiCredential, ...]:
    """Read ``read_key`` or ``effect_key``, one or a list of them, from a profile.

    Shapes: in the order they are written; nothing for one whose parts are wrong, which is found.
    """
    node = body.get(key)
    if node is None:
        return ()
    each = tuple(node) if isinstance(node, SequenceNode) else (node,)
    found = (_credential(mapping_of(one), folder, findings) for one in each)
    return tuple(one for one in found if one is not None)


def source_from_node(
    node: MappingNode, folder: Path | None, findings: Findings
) -> SecretSource | None:
    """Read the place of a secret, or None for one that is wrong, which is found."""
    (entry,) = node.entries
    assert isinstance(entry.value, ScalarNode), "the schema promised the place of a secret"
    if entry.key.text == "file":
        path = placed_path(entry.value, folder, findings)
        return None if path is None else FromFile(path=path)
    if entry.key.text == "fd":
        descriptor = findings.converted(entry.value, _descriptor)
        return None if descriptor is None else FromDescriptor(descriptor=descriptor)
    name = findings.converted(entry.value, _variable)
    return None if name is None else FromVariable(name=name)


def placed_path(node: ScalarNode, folder: Path | None, findings: Findings) -> Path | None:
    """Read a path; a relative one starts at the controls folder, where there is one."""
    path = Path(node.text)
    if folder is not None:
        return folder / path
    if path.is_absolute():
        return path
    summary = "controls read at a revision have no folder that a relative path could start at"
    findings.add("wrong-value", summary, node.span, hint="write an absolute path, like /etc/...")
    return None


def _credential(node: MappingNode, folder: Path | None, findings: Findings) -> ApiCredential | None:
    api_key = source_from_node(mapping_of(node.get("api_key")), folder, findings)
    key = _holder(mapping_of(node.get("key")), folder, findings)
    until = scalar_of(node, "valid_until")
    since, end = (
        findings.converted(scalar_of(node, name), _moment) for name in ("valid_from", "valid_until")
    )
    if since is not None and end is not None and end <= since:
        assert until is not None, "its text was read"
        findings.add("wrong-value", "valid_until must be later than valid_from", until.span)
    fingerprint = findings.converted(scalar_of(node, "fingerprint"), _fingerprint) or ""
    if api_key is None or key is None:
        return None
    return ApiCredential(
        api_key=api_key, key=key, fingerprint=fingerprint, valid_from=since, valid_until=end
    )


def _holder(node: MappingNode, folder: Path | None, findings: Findings) -> KeyHolder | None:
    (entry,) = node.entries
    if entry.key.text == "agent":
        assert isinstance(entry.value, ScalarNode), "the schema promised a fingerprint"
        fingerprint = findings.converted(entry.value, _fingerprint)
        return None if fingerprint is None else FromAgent(fingerprint=fingerprint)
    if entry.key.text == "command":
        return _command(entry, folder, findings)
    return source_from_node(node, folder, findings)


def _command(entry: Entry, folder: Path | None, findings: Findings) -> FromCommand | None:
    body = mapping_of(entry.value)
    argv = scalars_of(body, "argv")
    if not Path(argv[0].text).is_absolute():
        # PATH is the caller's; what signs must be the one that was reviewed.
        summary = "the command must be named with its whole path"
        findings.add("wrong-value", summary, argv[0].span, hint="like /usr/local/bin/sign-with-kms")
        return None
    public_key = scalar_of(body, "public_key")
    assert public_key is not None, "the schema demands it"
    path = placed_path(public_key, folder, findings)
    if path is None:
        return None
    return FromCommand(argv=tuple(part.text for part in argv), public_key=path)


# None of these messages shows the text: people paste secrets into the wrong place.


def _descriptor(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) >= _FIRST_DESCRIPTOR):
        raise ValueError("fd must be the number of an open file descriptor, 3 or above")
    return int(text)


def _variable(text: str) -> str:
    if not _VARIABLE.fullmatch(text):
        raise ValueError("env must be the name of an environment variable")
    if text.startswith(("CEFFU_RUNNER_", "RUNNER_")):
        raise ValueError(
            "env must not start with CEFFU_RUNNER_ (our settings) or RUNNER_ (GitHub's)"
        )
    return text


def _moment(text: str) -> datetime:
    try:
        return moment_from_text(text)
    except (ValueError, OverflowError):
        raise ValueError("write a moment with its zone, like 2026-11-24T08:00:00Z") from None


def _fingerprint(text: str) -> str:
    if not _FINGERPRINT.fullmatch(text):
        raise ValueError("a fingerprint is SHA256: and 43 characters of base64")
    return text
