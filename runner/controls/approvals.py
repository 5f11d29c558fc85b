"""Approvals: the statement a person signs, and how many of them an effect still lacks.

Everything here is pure. A *statement* is canonical JSON, and exactly its bytes are signed. A *vote*
is a statement whose signature was verified, by a key that is listed for one person alone. Persons
are counted, never files: who signs twice, with one key or two, is one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from runner.controls.policy import Approval
from runner.core.clock import moment_from_text, timestamp_text
from runner.core.jsonvalue import canonical_json, parse_strict_json
from runner.core.record import record

PLAN_NAMESPACE = "runner-plan-v1"
"""The namespace of signatures over statements about a plan, and the type of these statements."""

MAKER_NAMESPACE = "runner-plan-maker-v1"
"""The namespace, and the type, of a maker's statement about the plan."""

MAKER_ROLE = "maker"
"""The role of who made a plan; no group."""

OWN_TYPES = (PLAN_NAMESPACE, MAKER_NAMESPACE)
"""What may be said about one plan."""

STATEMENT_BYTES_MAX = 64 * 1024
SKEW: Final = timedelta(minutes=5)
"""How far ahead of ours the clock of a signer may be."""

_NAMES: Final = ("type", "digest", "decision", "principal", "role", "reason")
_TIMES: Final = ("signed_at", "valid_until")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class Choice(StrEnum):
    """What a person decided."""

    APPROVE = "approve"
    REFUSE = "refuse"


@record
class Statement:
    """What is signed.

    Shapes: ``type`` is the signature's namespace; ``digest`` names a plan, or what is decided;
        ``role`` is the group the person speaks for.
    """

    type: str
    digest: str
    decision: Choice
    principal: str
    role: str
    reason: str
    signed_at: datetime
    valid_until: datetime


@record
class Vote:
    """A statement whose signature holds, and who gave it."""

    statement: Statement
    person: str
    groups: frozenset[str]
    fingerprint: str


@record
class Ballots:
    """Everything that counts about one plan at one moment.

    Shapes: ``problems`` say which files do not count, and why; ``excluded`` maps persons who may
        not decide to the reason; ``barred`` says why nobody's approval can count, ``unsigned`` why
        the plan may not be sent whatever was approved; both are empty where nothing does.
    """

    created_at: datetime
    votes: tuple[Vote, ...] = ()
    problems: tuple[str, ...] = ()
    excluded: Mapping[str, str] = field(default_factory=dict)
    barred: str = ""
    unsigned: str = ""

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "excluded", MappingProxyType(dict(self.excluded)))

    def lacking(self, approval: Approval, at: datetime) -> str:
        """Say what an effect still lacks, or nothing where it is approved.

        One refusal blocks, whoever of the signers gives it, and whenever.
        """
        refused = next((v for v in self.votes if v.statement.decision is Choice.REFUSE), None)
        if refused is not None:
            words = refused.statement.reason
            return f"{refused.person} has refused it{f': {words}' if words else ''}"
        if self.barred:
            return self.barred
        given = voters(self.votes, approval.groups, self.excluded)
        if len(given) < approval.count:
            return f"{len(given)} of {approval.count} given{_by(given)}"
        counts_from = self.created_at + approval.delay
        if at < counts_from:
            return f"it counts from {timestamp_text(counts_from)} on, the rule's delay"
        return ""


def voters(
    votes: Iterable[Vote], groups: Iterable[str], excluded: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the persons who approve for one of these groups, sorted, each once."""
    asked = frozenset(groups)
    return tuple(
        sorted(
            {
                vote.person
                for vote in votes
                if vote.statement.decision is Choice.APPROVE
                and vote.statement.role in asked & vote.groups
                and vote.person not in excluded
            }
        )
    )


def statement_bytes(statement: Statement) -> bytes:
    """Return the bytes that are signed."""
    return canonical_json(
        {name: str(getattr(statement, name)) for name in _NAMES}
        | {name: timestamp_text(getattr(statement, name)) for name in _TIMES}
    )


def statement_from_bytes(data: bytes) -> Statement:
    """Read a statement, refusing any byte that we would not have written.

    Errors: ``ValueError`` with a sentence.
    """
    if len(data) > STATEMENT_BYTES_MAX:
        raise ValueError("the statement is larger than 64 KiB")
    tree = parse_strict_json(data)
    if not isinstance(tree, dict) or set(tree) != {*_NAMES, *_TIMES}:
        raise ValueError("it is no statement of an approval")
    if not all(type(each) is str for each in tree.values()):
        raise ValueError("a value of the statement is no text")
    texts = {name: str(tree[name]) for name in tree}
    if not _DIGEST.fullmatch(texts["digest"]):
        raise ValueError("its digest is none")
    statement = Statement(
        **{name: texts[name] for name in _NAMES if name != "decision"},
        decision=Choice(texts["decision"]),
        signed_at=moment_from_text(texts["signed_at"]),
        valid_until=moment_from_text(texts["valid_until"]),
    )
    if statement_bytes(statement) != data:
        raise ValueError("its bytes are not as they were written")
    return statement


def against_statement(statement: Statement, *, type_: str, digest: str, at: datetime) -> str:
    """Say why a statement cannot count for something now, or nothing where it can."""
    if statement.type != type_:
        return f"it is of type {statement.type}, not {type_}"
    if statement.digest != digest:
        return f"it is about {statement.digest}"
    if statement.decision is Choice.REFUSE:
        # What somebody has refused stays refused.
        return ""
    if statement.signed_at > at + SKEW:
        return f"it was signed at {timestamp_text(statement.signed_at)}, which is yet to come"
    if statement.valid_until <= at:
        return f"it expired at {timestamp_text(statement.valid_until)}"
    return ""


def _by(given: tuple[str, ...]) -> str:
    return f", by {', '.join(given)}" if given else ""
