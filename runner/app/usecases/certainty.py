"""What no page of the vendor states is sent to a custodian only where controls confirm it.

Source: DESIGN section 3, certainty.
"""

from collections.abc import Collection

from runner.catalogue.api import Operation
from runner.core.errors import SettingsInvalid


class InferredRefused(SettingsInvalid):
    """An operation's path or body is inferred, and nothing in the controls confirms it."""


def require_certain(operation: Operation, confirms: Collection[str], unprotected: str) -> None:
    """Insist that an operation is stated by the vendor or confirmed by protected controls.

    Shapes: ``confirms`` are the profile's facts; ``unprotected`` says why they do not count, or is
        empty.
    Errors: ``InferredRefused``.
    """
    is_confirmed = operation.id in confirms
    if operation.certain or (is_confirmed and not unprotected):
        return
    hint = "only a sandbox is sent what is inferred"
    if is_confirmed:
        hint = f"the profile confirms it, but its controls are not protected: {unprotected}"
    raise InferredRefused(
        f"{operation.id} is inferred: no page of the vendor states its path and body", hint=hint
    )
