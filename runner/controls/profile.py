"""Profiles: where a custodian is, whose keys speak to it, and what is known about it."""

import ipaddress
from dataclasses import field, fields
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from runner.controls.caps import Caps
from runner.controls.caps_file import caps_from_node
from runner.controls.credentials import (
    ApiCredential,
    SecretSource,
    credentials_from_node,
    placed_path,
    source_from_node,
)
from runner.controls.notify_targets import NotifyTarget, targets_from_node
from runner.controls.reading import (
    Findings,
    entries_of,
    mapping_of,
    scalar_of,
    scalars_of,
    text_of,
)
from runner.controls.state_place import StatePlace, is_url, postgres_place
from runner.controls.webhook_settings import WebhookSettings, webhooks_from_node
from runner.core.diagnostics import did_you_mean
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.core.values import duration_from_text, duration_text
from runner.documents.nodes import Entry, MappingNode, Node

PLAN_LIFETIME = timedelta(hours=24)
"""How long a plan may be applied where the profile does not say."""

UNKNOWN = "unknown"
"""The word for a fact nobody has told us; leaving the fact out says the same."""

_USUAL_PORTS = {"https": 443, "http": 80}


class ProfileKind(StrEnum):
    """What answers at the profile's URL."""

    SANDBOX = "sandbox"
    CUSTODIAN = "custodian"


class Dedupe(StrEnum):
    """What the custodian recognises a repeated request by, where that is known."""

    REQUEST_ID = "request_id"


@record
class ProfileFacts:
    """What is known about the custodian; None is unknown, and unknown means halt.

    Shapes: a "not found" is believed past ``timestamp_window`` + ``clock_skew`` + ``read_lag``
        alone. ``dedupe`` tells that a second request with a requestId is never executed, for
        ``dedupe_lifetime`` after the first; ``dedupe_across_keys`` that this holds whatever key of
        the entity signed it. ``rejected_uses_id`` tells whether a rejected request has used up its
        requestId, ``rate_limited_not_executed`` whether 429 and G20012 prove that a write was not
        executed. ``confirms`` names operations whose path and body, which no page of the vendor
        states, were confirmed.
    Source: DESIGN section 6, rules 4, 7 and 8, and the state SEEN.
    """

    timestamp_window: timedelta | None = None
    clock_skew: timedelta | None = None
    read_lag: timedelta | None = None
    dedupe: Dedupe | None = None
    dedupe_lifetime: timedelta | None = None
    dedupe_across_keys: bool | None = None
    rejected_uses_id: bool | None = None
    rate_limited_not_executed: bool | None = None
    confirms: frozenset[str] = frozenset()

    def texts(self) -> dict[str, str]:
        """Return the facts as plans record them, in one order."""
        known = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: _fact_text(value)
            for name, value in known.items()
            # A plan made before anybody confirmed anything stays comparable.
            if name != "confirms" or value
        }


@record
class Profile:
    """One custodian account as this tool may use it.

    Shapes: ``url`` has scheme and host only, no slash at its end; of ``read_keys`` and
        ``effect_keys`` the first that is valid is used; ``state`` is where the journal is, or None
        for the default place, and ``state_password`` where its database's password is; ``ca`` is a
        PEM bundle, or None for the system's; ``stop_file`` is one that stops every send while it is
        there, or None; ``proxy`` is a URL, or empty for a direct connection;
        ``webhooks`` is None where no notification can be checked. A verb that needs a key the
        profile lacks says so.
    """

    name: str
    kind: ProfileKind
    url: str
    entity: str
    read_keys: tuple[ApiCredential, ...] = ()
    effect_keys: tuple[ApiCredential, ...] = ()
    state: StatePlace | None = None
    state_password: SecretSource | None = None
    plan_lifetime: timedelta = PLAN_LIFETIME
    facts: ProfileFacts = field(default_factory=ProfileFacts)
    caps: Caps = field(default_factory=Caps)
    stop_file: Path | None = None
    webhooks: WebhookSettings | None = None
    notify: tuple[NotifyTarget, ...] = ()
    ca: Path | None = None
    proxy: str = ""
    production: bool = False

    @property
    def host(self) -> str:
        """Return host and port as identities and plans spell them: no port where it is the usual.

        One custodian must have one spelling, or it would be two to everything derived from it.
        """
        parts = urlsplit(self.url)
        usual = f":{_USUAL_PORTS[parts.scheme]}" if parts.scheme in _USUAL_PORTS else None
        return parts.netloc.lower().removesuffix(usual) if usual else parts.netloc.lower()


def profiles_from_document(
    node: Node, *, folder: Path | None, entity: str = ""
) -> dict[str, Profile]:
    """Build the profiles from a document that fits ``schemas/profiles.schema.json``.

    Shapes: ``folder`` is where relative paths start, or None where the document was read at a
        revision: what is in the working tree beside it is not what was reviewed, so that relative
        paths are refused; ``entity`` is whom the directory speaks for,
        or empty where that is not known.
    Errors: ``InvalidInput`` with everything a schema cannot see: URLs that are not https, another
        entity than the directory's, durations that are none, variables with our own prefix.
    """
    findings = Findings()
    profiles = {
        entry.key.text: _profile(entry, folder, findings)
        for entry in entries_of(mapping_of(node), "profiles")
    }
    for entry in entries_of(mapping_of(node), "profiles"):
        written = scalar_of(mapping_of(entry.value), "entity")
        if entity and written is not None and written.text != entity:
            summary = f'profile "{entry.key.text}" is of another entity than the directory'
            findings.add("wrong-value", summary, written.span, hint=f"the directory says {entity}")
    if findings.found:
        raise InvalidInput(tuple(findings.found))
    return profiles


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _profile(entry: Entry, folder: Path | None, findings: Findings) -> Profile:
    body = mapping_of(entry.value)
    kind = ProfileKind(text_of(body, "kind"))
    url_node = scalar_of(body, "url")
    url = findings.converted(url_node, _url) or ""
    if url and kind is ProfileKind.SANDBOX and not is_loopback(urlsplit(url).hostname or ""):
        assert url_node is not None, "a url was read from it"
        summary = f'sandbox "{entry.key.text}" is not on this machine'
        hint = "a sandbox listens on 127.0.0.1; anything else is kind: custodian"
        findings.add("wrong-value", summary, url_node.span, hint=hint)
    production = scalar_of(body, "production")
    if production is not None and production.value is True and kind is ProfileKind.SANDBOX:
        findings.add("wrong-value", "a sandbox is never production", production.span)
    return Profile(
        name=entry.key.text,
        kind=kind,
        url=url,
        entity=text_of(body, "entity"),
        read_keys=credentials_from_node(body, "read_key", folder, findings),
        effect_keys=credentials_from_node(body, "effect_key", folder, findings),
        state=_state(body, folder, findings),
        state_password=_state_password(body, folder, findings),
        plan_lifetime=findings.converted(scalar_of(body, "plan_lifetime"), _lifetime)
        or PLAN_LIFETIME,
        facts=_facts(body, findings),
        caps=caps_from_node(body.get("caps"), findings),
        stop_file=_path(body, "stop_file", folder, findings),
        webhooks=webhooks_from_node(body.get("webhooks"), findings),
        notify=targets_from_node(
            body.get("notify"),
            findings,
            source=lambda node: source_from_node(node, folder, findings),
            may_be_local=kind is ProfileKind.SANDBOX,
        ),
        ca=_path(body, "ca", folder, findings),
        proxy=findings.converted(scalar_of(body, "proxy"), _proxy) or "",
        production=production is not None and production.value is True,
    )


def _facts(body: MappingNode, findings: Findings) -> ProfileFacts:
    node = body.get("facts")
    if node is None:
        return ProfileFacts()
    facts = mapping_of(node)
    dedupe = text_of(facts, "dedupe")
    lifetime = scalar_of(facts, "dedupe_lifetime")
    if lifetime is not None and dedupe != Dedupe.REQUEST_ID:
        summary = "dedupe_lifetime is about a deduplication that is not known"
        findings.add("wrong-value", summary, lifetime.span, hint="add dedupe: request_id")
    return ProfileFacts(
        timestamp_window=findings.converted(scalar_of(facts, "timestamp_window"), _fact),
        clock_skew=findings.converted(scalar_of(facts, "clock_skew"), _fact),
        read_lag=findings.converted(scalar_of(facts, "read_lag"), _fact),
        dedupe=Dedupe.REQUEST_ID if dedupe == Dedupe.REQUEST_ID else None,
        dedupe_lifetime=findings.converted(lifetime, _fact),
        dedupe_across_keys=_truth(facts, "dedupe_across_keys"),
        rejected_uses_id=_truth(facts, "rejected_uses_id"),
        rate_limited_not_executed=_truth(facts, "rate_limited_not_executed"),
        confirms=_confirmed(facts, findings),
    )


def _confirmed(facts: MappingNode, findings: Findings) -> frozenset[str]:
    items = scalars_of(facts, "confirms")
    if not items:
        return frozenset()
    # The description is only paid for by profiles that confirm something in it.
    from runner.catalogue.load import load_api

    operations = load_api().operations
    for item in items:
        if item.text not in operations:
            summary = f'the API has no operation "{item.text}"'
            hint = did_you_mean(item.text, operations)
            findings.add("unknown-name", summary, item.span, hint=hint)
    return frozenset(item.text for item in items)


def _truth(body: MappingNode, key: str) -> bool | None:
    # The word `unknown` may stand there, and is what an absent key says.
    node = scalar_of(body, key)
    return node.value if node is not None and isinstance(node.value, bool) else None


def _fact_text(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, frozenset):
        return " ".join(sorted(value))
    return str(value)


def _path(body: MappingNode, key: str, folder: Path | None, findings: Findings) -> Path | None:
    node = scalar_of(body, key)
    return None if node is None or not node.text else placed_path(node, folder, findings)


def _state(body: MappingNode, folder: Path | None, findings: Findings) -> StatePlace | None:
    node = scalar_of(body, "state")
    if node is not None and is_url(node.text):
        return findings.converted(node, postgres_place)
    return _path(body, "state", folder, findings)


def _state_password(
    body: MappingNode, folder: Path | None, findings: Findings
) -> SecretSource | None:
    node = body.get("state_password")
    if node is None:
        return None
    state = scalar_of(body, "state")
    if state is None or not is_url(state.text):
        summary = "state_password is for a journal in a database, and this one is a file"
        findings.add("wrong-value", summary, node.span, hint="take it out")
    return source_from_node(mapping_of(node), folder, findings)


# None of these messages shows the text: people paste secrets into the wrong place.


def _fact(text: str) -> timedelta | None:
    return None if text == UNKNOWN else duration_from_text(text)


def _lifetime(text: str) -> timedelta:
    lifetime = duration_from_text(text)
    if not lifetime:
        raise ValueError("plan_lifetime must be longer than nothing")
    return lifetime


def _url(text: str) -> str:
    parts = _split(text)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("url must end after the host: the API's paths are added to it")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("url must start with https:// (http is for this machine only)")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _proxy(text: str) -> str:
    parts = _split(text)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if parts.scheme not in {"https", "http"} or not parts.hostname or port == 0:
        raise ValueError("this must be a URL, like https://open-api.ceffu.com")
    if "@" in parts.netloc:
        raise ValueError("a URL here must not hold a user name or password")
    return parts
