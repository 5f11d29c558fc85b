"""Decisions that the control section of the policy puts under signatures."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from runner.app.usecases.approving import signed_files, verified_votes
from runner.controls.approvals import Ballots
from runner.controls.load import load_signers
from runner.controls.place import ControlsPlace
from runner.controls.policy import Control, Policy
from runner.controls.requests import Request
from runner.core.errors import ConfirmationRefused, SettingsInvalid
from runner.core.files import write_whole
from runner.core.jsonvalue import JsonValue
from runner.core.record import record

FOLDER: Final = "decisions"
"""The folder of requests, in the working folder."""


@record
class Deciding:
    """Where signatures for decisions are asked for and looked for.

    Shapes: ``place`` are the controls that say whose count, None where none hold; ``requests`` is
        the folder a request is written to that lacks signatures.
    """

    control: Control
    place: ControlsPlace | None
    folders: tuple[Path, ...]
    requests: Path


def control_of(policy: Policy | None) -> Control:
    """Return who signs decisions; nobody where there is no policy."""
    return Control() if policy is None else policy.control


def require_signed(
    deciding: Deciding, kind: str, facts: Mapping[str, str], *, at: datetime
) -> JsonValue:
    """Insist that a decision was signed by as many as the policy asks for.

    Shapes: what is returned is kept with the decision: whose signatures counted; None where none
        are asked for.
    Errors: ``ConfirmationRefused`` where one is missing; the request to be signed is then a file.
    """
    approval = deciding.control.decisions.get(kind)
    if approval is None:
        return None
    request = Request(kind=kind, facts=facts)
    signers = None if deciding.place is None else load_signers(deciding.place)
    if signers is None:
        raise ConfirmationRefused(
            f"the policy puts {kind} under signatures, and there is no signers.yaml",
            hint="add signers.yaml and allowed_signers to the controls",
        )
    files = signed_files(deciding.folders, request.digest)
    votes, problems = verified_votes(
        signers, files, type_=request.type, digest=request.digest, at=at
    )
    # A delay counts from the first signature, by the signer's clock: a request has no moment.
    first = min((each.statement.signed_at for each in votes), default=at)
    ballots = Ballots(created_at=first, votes=votes, problems=problems)
    lacking = ballots.lacking(approval, at)
    if lacking:
        path = _written(deciding.requests, request)
        words = f"{kind} needs the signatures of {approval.count} of {', '.join(approval.groups)}"
        raise ConfirmationRefused(
            "\n".join((f"{words}: {lacking}; nothing was decided", *problems)),
            hint=f"runner approve {path} --as PRINCIPAL --key FILE --role GROUP, then this again",
        )
    return [
        {
            "person": each.person,
            "principal": each.statement.principal,
            "fingerprint": each.fingerprint,
            "role": each.statement.role,
            "digest": request.digest,
        }
        for each in votes
    ]


def persons_of(signatures: JsonValue) -> tuple[str, ...]:
    """Return the persons whose signatures a decision rests on, each once."""
    listed = signatures if isinstance(signatures, list | tuple) else ()
    return tuple(sorted({str(each["person"]) for each in listed if isinstance(each, Mapping)}))


def _written(folder: Path, request: Request) -> Path:
    path = folder / f"{request.digest.removeprefix('sha256:')}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, request.data)
    except OSError as exc:
        raise SettingsInvalid(
            f"{path} cannot be written: {exc.strerror or exc}", hint="use a folder of yours"
        ) from exc
    return path
