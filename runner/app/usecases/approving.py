"""Whose approvals of a plan count: read from files, verified, and read again before every send."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from runner.controls.approvals import (
    MAKER_NAMESPACE,
    OWN_TYPES,
    PLAN_NAMESPACE,
    STATEMENT_BYTES_MAX,
    Ballots,
    Choice,
    Statement,
    Vote,
    against_statement,
    statement_from_bytes,
)
from runner.controls.load import load_signers
from runner.controls.place import ControlsPlace, ask_git
from runner.controls.signers import Signers
from runner.controls.sshsig import against_signature, sealed_from_block
from runner.core.errors import SettingsInvalid
from runner.core.record import record
from runner.plan.codec import PlanFile
from runner.plan.model import Plan

FOLDER = "approvals"
"""The folder of approvals beside a plan, or in the working folder."""

SIGNATURE_SUFFIX = ".sig"
_FILES_MAX: Final = 200
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_UNSIGNED: Final = (
    "the policy asks for plans that their maker has signed, and no maker of this one is known:"
    " runner plan FILE -o PLAN --sign"
)


@record
class SignedFile:
    """A statement's file and its signature's, as they are on disk."""

    name: str
    data: bytes
    signature: bytes


class Poll:
    """Counts the approvals of one plan.

    Signers, revoked keys and approvals are read anew each time. What has not changed is not
    verified again within a second, which is as fine as a moment of ssh-keygen can be.
    """

    def __init__(
        self,
        file: PlanFile,
        *,
        place: ControlsPlace | None,
        folders: tuple[Path, ...],
        is_maker_asked: bool = False,
    ) -> None:
        """Take the plan, the controls, and the folders in which approvals are looked for.

        Shapes: ``is_maker_asked`` tells whether the plan's maker has to have signed it.
        """
        self._file = file
        self._place = place
        self._folders = folders
        self._is_maker_asked = is_maker_asked
        self._authors = authors_of(file.plan)
        self._refusals: dict[tuple[str, str], Vote] = {}
        self._seen: tuple[object, ...] = ()
        self._ballots: Ballots | None = None

    async def count(self, at: datetime) -> Ballots:
        """Count what holds at a moment; the event loop goes on meanwhile."""
        return await asyncio.to_thread(self.counted, at)

    def counted(self, at: datetime) -> Ballots:
        """Count what holds at a moment.

        Errors: ``SettingsInvalid``, ``InvalidInput`` for controls that cannot be read.
        """
        plan = self._file.plan
        signers = None if self._place is None else load_signers(self._place)
        if signers is None:
            words = "no controls with a signers.yaml are named, so nobody can approve"
            unsigned = _UNSIGNED if self._is_maker_asked else ""
            return Ballots(created_at=plan.created_at, barred=words, unsigned=unsigned)
        files = signed_files(self._folders, self._file.digest)
        seen = (signers, files, at.replace(microsecond=0))
        if self._ballots is None or seen != self._seen:
            self._ballots, self._seen = self._verified(signers, files, at), seen
        return self._ballots

    def _verified(self, signers: Signers, files: tuple[SignedFile, ...], at: datetime) -> Ballots:
        plan, digest = self._file.plan, self._file.digest
        votes, problems = verified_votes(signers, files, type_=PLAN_NAMESPACE, digest=digest, at=at)
        makers, others = verified_votes(signers, files, type_=MAKER_NAMESPACE, digest=digest, at=at)
        for vote in votes:
            if vote.statement.decision is Choice.REFUSE:
                # A file that is deleted meanwhile takes nothing back.
                self._refusals[vote.person, vote.fingerprint] = vote
        excluded = _excluded(signers, plan, makers, self._authors or frozenset())
        known = (*votes, *self._refusals.values())
        return Ballots(
            created_at=plan.created_at,
            votes=known,
            problems=(*problems, *others, *_set_aside(votes, excluded), *signers.odd),
            excluded=excluded,
            barred=self._barred(),
            unsigned=_UNSIGNED if self._is_maker_asked and not makers else "",
        )

    def _barred(self) -> str:
        if self._authors is None:
            return (
                f"git cannot tell here who changed the files of {self._file.plan.git_commit[:12]},"
                " so it is not known who may not approve them"
            )
        return ""


def approval_folder(folder: Path, digest: str) -> Path:
    """Return where what is signed about one digest is kept."""
    return folder / digest.removeprefix("sha256:")


def signed_files(folders: Iterable[Path], digest: str) -> tuple[SignedFile, ...]:
    """Read every statement about a digest, each with its signature.

    Errors: ``SettingsInvalid`` for a folder that cannot be read, or holds too much.
    """
    found = []
    for folder in folders:
        inner = approval_folder(folder, digest)
        try:
            paths = sorted(inner.glob("*.json"))
            if len(paths) > _FILES_MAX:
                raise SettingsInvalid(f"{inner} holds more than {_FILES_MAX} statements")
            found += [
                SignedFile(
                    name=path.name,
                    data=_read(path),
                    signature=_read(path.with_name(path.name + SIGNATURE_SUFFIX)),
                )
                for path in paths
            ]
        except OSError as exc:
            raise SettingsInvalid(f"{inner} cannot be read: {exc.strerror}") from exc
    return tuple(found)


def verified_votes(
    signers: Signers, files: Iterable[SignedFile], *, type_: str, digest: str, at: datetime
) -> tuple[tuple[Vote, ...], tuple[str, ...]]:
    """Return the statements of one type that hold, and say of the others why they do not.

    Shapes: statements of another of our types about the same digest are passed over in silence.
    """
    votes, problems = [], []
    for file in files:
        try:
            vote = _vote(signers, file, type_, digest, at)
        except ValueError as error:
            problems.append(f"{file.name} does not count: {error}")
        else:
            votes += [] if vote is None else [vote]
    return tuple(votes), tuple(problems)


def _vote(signers: Signers, file: SignedFile, type_: str, digest: str, at: datetime) -> Vote | None:
    """Verify one statement.

    Errors: ``ValueError`` with a sentence.
    """
    try:
        statement = statement_from_bytes(file.data)
    except ValueError as error:
        # It says nothing that could be relied on, its type included.
        if type_ == MAKER_NAMESPACE:
            return None
        raise ValueError(str(error)) from error
    if statement.type != type_ and {statement.type, type_} <= set(OWN_TYPES):
        return None
    problem = against_statement(statement, type_=type_, digest=digest, at=at)
    if problem:
        raise ValueError(problem)
    person = signers.person_of(statement.principal)
    if person is None:
        raise ValueError(f"{statement.principal} is nobody of signers.yaml")
    sealed = sealed_from_block(file.signature)
    if sealed.namespace != type_:
        raise ValueError(f"its signature is of the namespace {sealed.namespace}, not {type_}")
    problem = _against(signers, file, statement, type_, at)
    if problem:
        raise ValueError(problem)
    owners = signers.owners_of(sealed.fingerprint)
    if owners != {person.name}:
        raise ValueError(f"its key is listed for {' and '.join(sorted(owners))}")
    if type_ != MAKER_NAMESPACE and statement.role not in person.groups:
        raise ValueError(f"{person.name} is not in the group {statement.role}")
    return Vote(
        statement=statement,
        person=person.name,
        groups=person.groups,
        fingerprint=sealed.fingerprint,
    )


def _against(
    signers: Signers, file: SignedFile, statement: Statement, type_: str, at: datetime
) -> str:
    def against(moment: datetime) -> str:
        return against_signature(
            file.data,
            file.signature,
            principal=statement.principal,
            namespace=type_,
            allowed=signers.allowed_for(statement.principal),
            revoked=signers.revoked,
            at=moment,
        )

    problem = against(at)
    if problem and statement.decision is Choice.REFUSE:
        # A refusal holds as long as the key held when it was given.
        problem = against(statement.signed_at)
    return problem


def authors_of(plan: Plan) -> frozenset[str] | None:
    """Return the addresses of who last changed the files of a plan; None where git cannot tell.

    Shapes: by the commit that the plan names, and by the one that is checked out here: which one a
        plan names is a text that its maker's machine wrote. None of either is outside of a
        repository.
    """
    found: set[str] = set()
    for file in plan.files:
        path = Path(file.name).absolute()
        here = _commit_here(path.parent)
        if not plan.git_commit and not here:
            continue
        # Git takes what begins with a dash for an option, and a plan's text is anybody's.
        if not path.parent.is_dir() or not _COMMIT.fullmatch(plan.git_commit or here):
            return None
        for commit in {plan.git_commit, here} - {""}:
            words = ("log", "-1", "--format=%ae%n%ce", commit, "--", str(path))
            told = ask_git(path.parent, *words)
            if told is None:
                return None
            found.update(told.decode("utf-8", "replace").split())
    return frozenset(found)


def _commit_here(folder: Path) -> str:
    """Return the commit a folder is checked out at, or nothing where there is none."""
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return ""
    told = ask_git(folder, "rev-parse", "--verify", "HEAD")
    return "" if told is None else told.decode("ascii").strip()


def _excluded(
    signers: Signers, plan: Plan, makers: Iterable[Vote], authors: frozenset[str]
) -> Mapping[str, str]:
    """Return who may not approve a plan, and why."""
    signed = {vote.person for vote in makers}
    excluded = {}
    for person in signers.persons:
        if person.name in signed or person.is_account(plan.created_by):
            excluded[person.name] = "made the plan"
        elif authors & (person.emails | person.principals):
            excluded[person.name] = "changed the playbook"
    return excluded


def _set_aside(votes: Iterable[Vote], excluded: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"the approval of {vote.person} does not count: {vote.person} {excluded[vote.person]}"
        for vote in votes
        if vote.person in excluded and vote.statement.decision is Choice.APPROVE
    )


def _read(path: Path) -> bytes:
    """Read a small file; one that is not there, is no file or is too large is empty."""
    if not path.is_file():
        return b""
    with path.open("rb") as stream:
        data = stream.read(STATEMENT_BYTES_MAX + 1)
    return data if len(data) <= STATEMENT_BYTES_MAX else b""
