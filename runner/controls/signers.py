"""Who may sign: the persons of ``signers.yaml`` and the keys of ``allowed_signers``.

``allowed_signers`` is OpenSSH's own file. A line of it counts here only where nothing has to be
guessed: its principals are names and no patterns, and its key is no certificate authority. A key
that is listed for two persons speaks for neither: whoever holds it could be either.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import Final

from runner.controls.reading import Findings, entries_of, mapping_of, scalars_of
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.documents.nodes import Node

SIGNERS_FILE = "signers.yaml"
ALLOWED_FILE = "allowed_signers"
REVOKED_FILE = "revoked_signers"
SIGNING_FILES = (SIGNERS_FILE, ALLOWED_FILE, REVOKED_FILE)
"""The files of a controls folder that say whose signatures count."""

_PATTERN: Final = re.compile(r"[*?!\"]")
_TOKEN: Final = re.compile(r'(?:[^\s"]|"[^"]*")+')
_KEY_TYPE: Final = re.compile(r"(?:ssh|sk-ssh|ecdsa-sha2|sk-ecdsa-sha2)-[A-Za-z0-9@.-]+")


@record
class Person:
    """One person.

    Shapes: ``principals`` are names of ``allowed_signers``; ``emails`` those in git commits;
        ``accounts`` are ``user`` or ``user@machine``.
    """

    name: str
    principals: frozenset[str]
    groups: frozenset[str]
    emails: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()

    def is_account(self, account: str) -> bool:
        """Tell whether ``user@machine`` is this person, by all that is known."""
        known = self.accounts | self.principals | {self.name}
        return account in known or account.partition("@")[0] in known


@record
class AllowedLine:
    """One line of ``allowed_signers``; ``fingerprint`` is the key's, as ssh-keygen spells it."""

    principals: frozenset[str]
    fingerprint: str
    text: str


@record
class Signers:
    """Everything that says whose signatures count.

    Shapes: ``odd`` says which lines of ``allowed_signers`` do not count, and why; ``revoked`` are
        the bytes of a list of keys or of a KRL, empty for none.
    """

    persons: tuple[Person, ...]
    lines: tuple[AllowedLine, ...] = ()
    odd: tuple[str, ...] = ()
    revoked: bytes = b""

    def person_of(self, principal: str) -> Person | None:
        """Return the person behind a principal, or None."""
        return next((each for each in self.persons if principal in each.principals), None)

    def allowed_for(self, principal: str) -> bytes:
        """Return the lines that name a principal and count, as a file of their own."""
        return "".join(f"{each.text}\n" for each in self._lines_of(principal)).encode()

    def owners_of(self, fingerprint: str) -> frozenset[str]:
        """Return the names of the persons, or the bare principals, a key is listed for."""
        return frozenset(
            principal if person is None else person.name
            for line in self.lines
            if line.fingerprint == fingerprint
            for principal in line.principals
            for person in (self.person_of(principal),)
        )

    def _lines_of(self, principal: str) -> Iterable[AllowedLine]:
        return (each for each in self.lines if principal in each.principals)


def persons_from_document(node: Node) -> tuple[Person, ...]:
    """Read the persons of a document that fits ``schemas/signers.schema.json``.

    Errors: ``InvalidInput`` for a principal, address or account that is two persons'.
    """
    findings = Findings()
    persons = []
    owners: dict[tuple[str, str], str] = {}
    for entry in entries_of(mapping_of(node), "persons"):
        body = mapping_of(entry.value)
        name = entry.key.text
        texts: dict[str, frozenset[str]] = {}
        for key in ("principals", "emails", "accounts"):
            scalars = scalars_of(body, key)
            texts[key] = frozenset(each.text for each in scalars)
            for each in scalars:
                owner = owners.setdefault((key, each.text), name)
                if owner != name:
                    findings.add(
                        "wrong-value",
                        f"{each.text} is {owner}'s already, and nobody is two persons",
                        each.span,
                        hint="one person may have several; give each to one person",
                    )
        groups = frozenset(each.text for each in scalars_of(body, "groups"))
        persons.append(Person(name=name, groups=groups, **texts))
    if findings.found:
        raise InvalidInput(tuple(findings.found))
    return tuple(persons)


def signers_from_files(persons: tuple[Person, ...], allowed: bytes, revoked: bytes) -> Signers:
    """Put persons, keys and revoked keys together; a line that cannot count is said to be odd."""
    lines, odd = [], []
    for number, raw in enumerate(allowed.split(b"\n"), start=1):
        try:
            line = _line(raw.decode("ascii").strip())
        except ValueError as error:
            odd.append(f"{ALLOWED_FILE}:{number} does not count: {error}")
        else:
            lines += [] if line is None else [line]
    return Signers(persons=persons, lines=tuple(lines), odd=tuple(odd), revoked=revoked)


def fingerprint_of(blob: bytes) -> str:
    """Return the fingerprint of a public key's bytes, as ssh-keygen spells it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii")
    return f"SHA256:{digest.rstrip('=')}"


def _line(text: str) -> AllowedLine | None:
    if not text or text.startswith("#"):
        return None
    tokens = _TOKEN.findall(text)
    named, *rest = tokens
    if _PATTERN.search(named):
        raise ValueError("its principal is a pattern or quoted, and a key is one person's")
    options = "" if _KEY_TYPE.fullmatch(rest[0] if rest else "") else (rest.pop(0) if rest else "")
    if "cert-authority" in options.lower():
        raise ValueError("its key is a certificate authority, and a key is one person's")
    if len(rest) < 2 or not _KEY_TYPE.fullmatch(rest[0]):  # noqa: PLR2004 - a type and a key
        raise ValueError("it is not `principals [options] keytype key`")
    try:
        blob = base64.b64decode(rest[1], validate=True)
    except binascii.Error:
        raise ValueError("its key is not base64") from None
    return AllowedLine(
        principals=frozenset(named.split(",")), fingerprint=fingerprint_of(blob), text=text
    )
