"""From a profile to a receiver of the custodian's webhooks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TypeVar

from runner.client.webhooks import (
    SCHEMES,
    HintedRead,
    SignedText,
    WebhookHash,
    WebhookReceiver,
    WebhookScheme,
    load_webhook_key,
)
from runner.controls.profile import Profile
from runner.controls.webhook_settings import WebhookEvent, WebhookSettings
from runner.core.errors import SettingsInvalid

T = TypeVar("T")


def build_receiver(profile: Profile, *, memory_max: int = 10_000) -> WebhookReceiver:
    """Build the receiver that checks what a profile's custodian sends.

    Shapes: ``memory_max`` is how many events it remembers.
    Errors: ``SettingsInvalid`` for a profile without webhooks; ``KeyRefused`` for its public key.
    """
    settings = profile.webhooks
    if settings is None:
        raise SettingsInvalid(
            f'profile "{profile.name}" says nothing about webhooks',
            hint="add webhooks with scheme and public_key to profiles.yaml",
        )
    key = load_webhook_key(settings.public_key)
    return WebhookReceiver(scheme_from_settings(settings), key, memory_max=memory_max)


def scheme_from_settings(settings: WebhookSettings) -> WebhookScheme:
    """Return the scheme a profile names, with what it changes of it."""
    scheme = SCHEMES[settings.scheme]
    return replace(
        scheme,
        signed=scheme.signed if settings.signed is None else SignedText(settings.signed),
        hash=scheme.hash if settings.hash is None else WebhookHash(settings.hash),
        signature_header=_or(settings.signature_header, scheme.signature_header),
        signature_field=_or(settings.signature_field, scheme.signature_field),
        unsigned_fields=_or(settings.unsigned_fields, scheme.unsigned_fields),
        data_field=_or(settings.data_field, scheme.data_field),
        event_field=_or(settings.event_field, scheme.event_field),
        time_fields=_or(settings.time_fields, scheme.time_fields),
        age_s_max=_seconds(settings.age_max, scheme.age_s_max),
        ahead_s_max=_seconds(settings.ahead_max, scheme.ahead_s_max),
        reads=scheme.reads if settings.events is None else _reads(settings.events),
    )


def _or(given: T | None, usual: T) -> T:
    return usual if given is None else given


def _seconds(given: timedelta | None, usual: int) -> int:
    return usual if given is None else int(given.total_seconds())


def _reads(events: Mapping[str, WebhookEvent]) -> Mapping[str, HintedRead]:
    return MappingProxyType(
        {
            event: HintedRead(operation=each.operation, parameters=tuple(each.parameters.items()))
            for event, each in events.items()
        }
    )
