"""Making a signed statement and putting it where ``apply`` finds it."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from runner.app.usecases.approving import FOLDER, SIGNATURE_SUFFIX, approval_folder
from runner.controls.approvals import (
    MAKER_NAMESPACE,
    MAKER_ROLE,
    Choice,
    Statement,
    statement_bytes,
)
from runner.controls.sshsig import sealed_from_block, sign
from runner.core.errors import SettingsInvalid
from runner.core.files import write_whole
from runner.core.record import record
from runner.plan.codec import PlanFile

SEEN_BY_SSH = ("HOME", "SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "TERM")
"""The variables ssh-keygen may see: where its agent is, and how it asks for a passphrase."""


@record
class Maker:
    """Who signs a plan that was just made; ``variables`` are those ssh-keygen may see."""

    principal: str
    key: Path
    variables: Mapping[str, str]


def sign_as_maker(path: Path, file: PlanFile, maker: Maker) -> Path:
    """Sign a plan as its maker, beside the plan's file; return the statement's file.

    Errors: as ``write_signed``.
    """
    statement = Statement(
        type=MAKER_NAMESPACE,
        digest=file.digest,
        decision=Choice.APPROVE,
        principal=maker.principal,
        role=MAKER_ROLE,
        reason="",
        signed_at=file.plan.created_at,
        valid_until=file.plan.not_after,
    )
    return write_signed(
        path.absolute().parent / FOLDER, statement, key=maker.key, variables=maker.variables
    )


def write_signed(
    folder: Path, statement: Statement, *, key: Path, variables: Mapping[str, str]
) -> Path:
    """Sign a statement and write it with its signature; return the statement's file.

    A refusal has a name of its own, so that no later approval takes its place.

    Errors: ``SettingsInvalid`` where the key cannot sign, or nothing can be written there.
    """
    data = statement_bytes(statement)
    environment = {name: variables[name] for name in SEEN_BY_SSH if name in variables}
    signature = sign(data, key=key, namespace=statement.type, environment=environment)
    fingerprint = sealed_from_block(signature).fingerprint.partition(":")[2]
    name = f"{quote(statement.principal, safe='@')}-{_in_a_name(fingerprint)}"
    mark = ".refused" if statement.decision is Choice.REFUSE else ""
    mark = ".maker" if statement.type == MAKER_NAMESPACE else mark
    inner = approval_folder(folder, statement.digest)
    path = inner / f"{name}{mark}.json"
    try:
        inner.mkdir(parents=True, exist_ok=True)
        # The signature first: a statement is only looked for by its own name.
        write_whole(path.with_name(path.name + SIGNATURE_SUFFIX), signature)
        write_whole(path, data)
    except OSError as exc:
        raise SettingsInvalid(
            f"{path} cannot be written: {exc.strerror or exc}", hint="--approvals FOLDER"
        ) from exc
    return path


def _in_a_name(fingerprint: str) -> str:
    return fingerprint.replace("/", "_").replace("+", "-")
