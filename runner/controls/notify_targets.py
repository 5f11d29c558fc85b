"""The ``notify`` of a profile: whom runs may tell something, by name.

An address often holds a secret of its own, so none is ever shown; nor is it in a plan or a journal.
"""

import re
from dataclasses import field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runner.controls.reading import Findings, mapping_of, scalar_of
from runner.core.record import record
from runner.documents.nodes import MappingNode, Node

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.controls.credentials import SecretSource


@record
class NotifyTarget:
    """One target.

    Shapes: ``url`` is ``https://``, or on a sandbox's profile ``http://`` of this machine, with
        path and query; ``secret`` is what notices are signed with, or None.
    """

    name: str
    url: str = field(repr=False)
    secret: "SecretSource | None" = None


def targets_from_node(
    node: Node | None,
    findings: Findings,
    *,
    source: "Callable[[MappingNode], SecretSource | None]",
    may_be_local: bool,
) -> tuple[NotifyTarget, ...]:
    """Read the targets of a profile.

    Shapes: ``source`` reads where a secret is; ``may_be_local`` tells whether plain http to this
        machine is allowed; what is wrong goes to ``findings``.
    """
    if node is None:
        return ()
    targets = []
    for entry in mapping_of(node).entries:
        body = mapping_of(entry.value)
        url = findings.converted(
            scalar_of(body, "url"), lambda text: checked_url(text, may_be_local=may_be_local)
        )
        secret = body.get("secret")
        targets.append(
            NotifyTarget(
                name=entry.key.text,
                url=url or "",
                secret=None if secret is None else source(mapping_of(secret)),
            )
        )
    return tuple(targets)


def checked_url(text: str, *, may_be_local: bool) -> str:
    """Return the address of a target.

    Errors: ``ValueError`` in words that do not repeat it.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", 0
        parts = urlsplit("")
    if not host or port == 0 or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("this must be a URL, like https://hooks.example.com/desk")
    if "@" in parts.netloc or parts.fragment:
        raise ValueError("a URL here must not hold a user name, a password or a fragment")
    if not _PLAIN.fullmatch(f"{parts.path}?{parts.query}") or _DOTS.search(parts.path):
        raise ValueError(
            "a URL here must be written as it is sent: no dots as folders, %xx for signs"
        )
    if parts.scheme == "http" and may_be_local and host in _HERE:
        return text
    if parts.scheme != "https":
        here = " (http is for a sandbox, to 127.0.0.1)" if parts.scheme == "http" else ""
        raise ValueError(f"a target's url must start with https://{here}")
    return text


_PLAIN = re.compile(r"(?:[A-Za-z0-9._~!$&()*+,;=:@/?-]|%[0-9A-F]{2})*", re.ASCII)
_DOTS = re.compile(r"/\.\.?(?:/|$)")
"""What a client would resolve before it sends: the address would be another one."""
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})
