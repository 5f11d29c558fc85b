"""The manifests of what tells people and programs something; nothing of it reaches the custodian.

Source: DESIGN section 3.
"""

from runner.catalogue.manifest import ActionKind, Argument, Manifest
from runner.core.types import BOOL, STRING, Field, Record

TEXT_CHARACTERS_MAX = 4_000
"""How much of a text is delivered; the rest is cut off, so that no list makes a message fail."""

NOTIFY_MANIFESTS = (
    Manifest(
        name="notify.webhook",
        kind=ActionKind.NOTIFY,
        summary="Tell a target of the profile something; a failed delivery never fails the run.",
        operation="",
        arguments=(
            Argument(
                name="target", type=STRING, summary="a target's name under notify of the profile"
            ),
            Argument(
                name="text",
                type=STRING,
                summary=f"what to say; at most {TEXT_CHARACTERS_MAX} characters are delivered",
            ),
        ),
        result=Record(
            "notice",
            (
                Field("delivered", BOOL, summary="whether the target took it, with a status 2xx"),
                Field("reason", STRING, summary="why not; empty where it was delivered"),
            ),
        ),
    ),
)
"""What ``uses`` may name to tell somebody something."""
