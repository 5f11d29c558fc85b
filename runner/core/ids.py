"""Identities: derived from what is meant, never drawn when something is sent."""

import hashlib

from runner.core.jsonvalue import canonical_json


def request_id(
    *, host: str, entity: str, playbook: str, occurrence: str, path: str, revision: int
) -> str:
    """Derive the requestId of one effect: the same on every machine, in every attempt.

    Shapes: decimal digits of a number from 1 to 2^53, so that it fits a string field, an int64
        field and every portal that reads numbers as doubles.
    Source: DESIGN section 5, Identity.
    """
    text = canonical_json([host, entity, playbook, occurrence, path, revision])
    digest = hashlib.sha256(b"runner-request-v1\n" + text).digest()
    return str(1 + (int.from_bytes(digest[:8], "big") >> 11))


def plan_digest(plan: bytes) -> str:
    """Return ``sha256:`` and the hex digest that names a plan.

    Shapes: ``plan`` is the plan's canonical JSON.
    Source: DESIGN section 5, the plan file.
    """
    return bytes_digest(b"runner-plan-v1\n" + plan)


def run_id(digest: str) -> str:
    """Derive the id of the one run a plan can have.

    Shapes: ``R-`` and 16 hex digits of the plan's digest.
    """
    return f"R-{digest.removeprefix('sha256:')[:16]}"


def bytes_digest(data: bytes) -> str:
    """Return ``sha256:`` and the hex digest of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
