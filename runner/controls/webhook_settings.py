"""The ``webhooks`` of a profile: how the custodian's notifications are signed and spelt.

No source states it, so all of it is a setting over a scheme that the client library knows by name.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from types import MappingProxyType

from runner.controls.reading import (
    Findings,
    entries_of,
    mapping_of,
    scalar_of,
    scalars_of,
    text_of,
)
from runner.core.record import record
from runner.core.values import duration_from_text
from runner.documents.nodes import MappingNode, Node


@record
class WebhookEvent:
    """What is read because of one type of event.

    Shapes: ``parameters`` maps parameters of the operation to fields of the notification, in the
        order in which they are tried.
    """

    operation: str
    parameters: Mapping[str, str]

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))


@record
class WebhookSettings:
    """What a profile says about webhooks.

    Shapes: ``scheme`` is the name of a scheme of the client library; ``public_key`` is PEM, or
        base64 of DER; None everywhere else means what the scheme says. ``signature_header`` may be
        empty, which means that the signature stands in the body.
    """

    scheme: str
    public_key: str
    signed: str | None = None
    hash: str | None = None
    signature_header: str | None = None
    signature_field: str | None = None
    unsigned_fields: tuple[str, ...] | None = None
    data_field: str | None = None
    event_field: str | None = None
    time_fields: tuple[str, ...] | None = None
    age_max: timedelta | None = None
    ahead_max: timedelta | None = None
    events: Mapping[str, WebhookEvent] | None = field(default=None)

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        if self.events is not None:
            object.__setattr__(self, "events", MappingProxyType(dict(self.events)))


def webhooks_from_node(node: Node | None, findings: Findings) -> WebhookSettings | None:
    """Read the settings, or None where a profile has none.

    Shapes: what is wrong with a duration goes to ``findings``; the key is checked when it is used.
    """
    if node is None:
        return None
    body = mapping_of(node)
    return WebhookSettings(
        scheme=text_of(body, "scheme"),
        public_key=text_of(body, "public_key"),
        signed=_text(body, "signed"),
        hash=_text(body, "hash"),
        signature_header=_text(body, "signature_header"),
        signature_field=_text(body, "signature_field"),
        unsigned_fields=_texts(body, "unsigned_fields"),
        data_field=_text(body, "data_field"),
        event_field=_text(body, "event_field"),
        time_fields=_texts(body, "time_fields"),
        age_max=findings.converted(scalar_of(body, "age_max"), duration_from_text),
        ahead_max=findings.converted(scalar_of(body, "ahead_max"), duration_from_text),
        events=_events(body, findings),
    )


def _events(body: MappingNode, findings: Findings) -> dict[str, WebhookEvent] | None:
    if body.get("events") is None:
        return None
    # The description is only paid for by profiles that name operations in it.
    from runner.catalogue.load import load_api

    operations = load_api().operations
    events = {}
    for entry in entries_of(body, "events"):
        event = mapping_of(entry.value)
        named = scalar_of(event, "operation")
        assert named is not None, "the schema promised an operation"
        operation = operations.get(named.text)
        if operation is None or operation.method != "GET":
            summary = f'the API has no read "{named.text}"'
            findings.add("unknown-name", summary, named.span, hint="runner call --list shows them")
        events[entry.key.text] = WebhookEvent(
            operation=named.text,
            parameters={
                each.key.text: text_of(mapping_of(event.get("parameters")), each.key.text)
                for each in entries_of(event, "parameters")
            },
        )
    return events


def _text(body: MappingNode, key: str) -> str | None:
    node = scalar_of(body, key)
    return None if node is None else node.text


def _texts(body: MappingNode, key: str) -> tuple[str, ...] | None:
    if body.get(key) is None:
        return None
    return tuple(item.text for item in scalars_of(body, key))
