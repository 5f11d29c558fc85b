"""Profiles: where a custodian is, whose keys speak to it, and what is known about it."""

import ipaddress
import re
from dataclasses import field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from runner.controls.reading import Findings, entries_of, mapping_of, scalar_of, text_of
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.core.values import duration_from_text
from runner.documents.nodes import Entry, MappingNode, Node, ScalarNode

PLAN_LIFETIME = timedelta(hours=24)
"""How long a plan may be applied where the profile does not say."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_FIRST_DESCRIPTOR = 3
_USUAL_PORTS = {"https": 443, "http": 80}


class ProfileKind(StrEnum):
    """What answers at the profile's URL."""

    SANDBOX = "sandbox"
    CUSTODIAN = "custodian"


@record
class FromFile:
    """A secret in a file; a relative path starts at the controls folder."""

    path: Path


@record
class FromDescriptor:
    """A secret on an open file descriptor, 3 or above."""

    descriptor: int


@record
class FromVariable:
    """A secret in an environment variable."""

    name: str


SecretSource: TypeAlias = FromFile | FromDescriptor | FromVariable
"""Where a secret is; controls never hold one."""


@record
class ApiCredential:
    """The two halves of one API key: the name the custodian gave it, and the private key."""

    api_key: SecretSource
    key: SecretSource


@record
class ProfileFacts:
    """What is known about the custodian's clockwork; None is unknown, and unknown means halt."""

    timestamp_window: timedelta | None = None
    clock_skew: timedelta | None = None
    read_lag: timedelta | None = None


@record
class Profile:
    """One custodian account as this tool may use it.

    Shapes: ``url`` has scheme and host only, no slash at its end; ``state`` is the journal's file,
        or None for the default place; ``ca`` is a PEM bundle, or None for the system's; ``proxy``
        is a URL, or empty for a direct connection. A verb that needs a key the profile lacks says
        so.
    """

    name: str
    kind: ProfileKind
    url: str
    entity: str
    read_key: ApiCredential | None = None
    effect_key: ApiCredential | None = None
    state: Path | None = None
    plan_lifetime: timedelta = PLAN_LIFETIME
    facts: ProfileFacts = field(default_factory=ProfileFacts)
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


def profiles_from_document(node: Node, *, folder: Path, entity: str = "") -> dict[str, Profile]:
    """Build the profiles from a document that fits ``schemas/profiles.schema.json``.

    Shapes: ``folder`` is where relative paths start; ``entity`` is whom the directory speaks for,
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


def _profile(entry: Entry, folder: Path, findings: Findings) -> Profile:
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
        read_key=_credential(body, "read_key", folder, findings),
        effect_key=_credential(body, "effect_key", folder, findings),
        state=_path(body, "state", folder),
        plan_lifetime=findings.converted(scalar_of(body, "plan_lifetime"), _lifetime)
        or PLAN_LIFETIME,
        facts=_facts(body, findings),
        ca=_path(body, "ca", folder),
        proxy=findings.converted(scalar_of(body, "proxy"), _proxy) or "",
        production=production is not None and production.value is True,
    )


def _facts(body: MappingNode, findings: Findings) -> ProfileFacts:
    node = body.get("facts")
    if node is None:
        return ProfileFacts()
    facts = mapping_of(node)
    return ProfileFacts(
        timestamp_window=findings.converted(scalar_of(facts, "timestamp_window"), _fact),
        clock_skew=findings.converted(scalar_of(facts, "clock_skew"), _fact),
        read_lag=findings.converted(scalar_of(facts, "read_lag"), _fact),
    )


def _credential(
    body: MappingNode, key: str, folder: Path, findings: Findings
) -> ApiCredential | None:
    node = body.get(key)
    if node is None:
        return None
    credential = mapping_of(node)
    api_key = _source(mapping_of(credential.get("api_key")), folder, findings)
    private_key = _source(mapping_of(credential.get("key")), folder, findings)
    if api_key is None or private_key is None:
        return None
    return ApiCredential(api_key=api_key, key=private_key)


def _source(node: MappingNode, folder: Path, findings: Findings) -> SecretSource | None:
    (entry,) = node.entries
    assert isinstance(entry.value, ScalarNode), "the schema promised the place of a secret"
    if entry.key.text == "file":
        return FromFile(path=folder / entry.value.text)
    if entry.key.text == "fd":
        descriptor = findings.converted(entry.value, _descriptor)
        return None if descriptor is None else FromDescriptor(descriptor=descriptor)
    name = findings.converted(entry.value, _variable)
    return None if name is None else FromVariable(name=name)


def _path(body: MappingNode, key: str, folder: Path) -> Path | None:
    text = text_of(body, key)
    return folder / text if text else None


# None of these messages shows the text: people paste secrets into the wrong place.


def _descriptor(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) >= _FIRST_DESCRIPTOR):
        raise ValueError("fd must be the number of an open file descriptor, 3 or above")
    return int(text)


def _variable(text: str) -> str:
    if not _VARIABLE.fullmatch(text):
        raise ValueError("env must be the name of an environment variable")
    if text.startswith(("CEFFU_RUNNER_", "RUNNER_")):
        raise ValueError(
            "env must not start with CEFFU_RUNNER_ (our settings) or RUNNER_ (GitHub's)"
        )
    return text


def _fact(text: str) -> timedelta:
    return duration_from_text(text)


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
