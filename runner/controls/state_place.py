"""Where a journal is: a file, or a schema of a PostgreSQL database.

A URL holds no password: controls are reviewed and kept, and a command line is seen by others. The
password comes from the profile's ``state_password``, or from libpq's own places (a password file, a
service file, ``PGPASSWORD``, a client certificate).
"""

import ipaddress
import re
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from runner.core.diagnostics import did_you_mean
from runner.core.record import record
from runner.core.values import duration_from_text

SCHEMA = "ceffu_runner"
"""The schema of a journal whose URL names none."""
LEASE = timedelta(seconds=30)
"""How long a run stays a dead owner's where the URL does not say."""
LEASE_MIN, LEASE_MAX = timedelta(seconds=10), timedelta(hours=1)
"""Longer than an attempt may wait for its send (5 s): a lease never ends between the two."""

_SCHEMES = ("postgresql", "postgres")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,63}", re.ASCII)
_PARAMETERS = frozenset(
    {
        "channel_binding", "connect_timeout", "gssencmode", "host", "krbsrvname", "lease",
        "passfile", "schema", "service", "sslcert", "sslcrl", "sslkey", "sslmode",
        "sslnegotiation", "sslrootcert",
    }
)  # fmt: skip
_SECRETS = frozenset({"password", "sslpassword", "options"})
_VERIFYING = ("verify-full", "verify-ca")


@record
class PostgresPlace:
    """A journal in a PostgreSQL database.

    Shapes: ``host`` is a name, an address, or the folder of a Unix socket, and empty where libpq
        shall find it; ``parameters`` are libpq's own, sorted; ``lease`` is how long a run stays its
        owner's after the owner was last heard of.
    """

    host: str
    port: int | None
    database: str
    user: str
    schema: str = SCHEMA
    lease: timedelta = LEASE
    parameters: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """Say where it is, in words that hold no secret."""
        port = "" if self.port is None else f":{self.port}"
        return f"PostgreSQL {self.host or 'local'}{port}/{self.database}, schema {self.schema}"


StatePlace: TypeAlias = Path | PostgresPlace
"""Where a journal is."""


def is_url(text: str) -> bool:
    """Tell whether a text names a database rather than a file."""
    return "://" in text


def postgres_place(text: str) -> PostgresPlace:
    """Read a PostgreSQL URL, whose text is never repeated: people paste passwords.

    Shapes: ``postgresql://[USER@]HOST[:PORT]/DATABASE[?schema=...&lease=...&sslmode=...]``; to a
        host that is not this machine the certificate is always checked.
    Errors: ``ValueError`` with a sentence.
    """
    parts = _split(text)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.password is not None or _SECRETS.intersection(given):
        raise ValueError(
            "a database's URL here must not hold a password or options: use state_password, a"
            " password file, a service file or PGPASSWORD"
        )
    for name in given:
        if name not in _PARAMETERS:
            near = did_you_mean(name, sorted(_PARAMETERS))
            raise ValueError(f"a database's URL here has no such parameter; {near or 'leave it'}")
    host = given.pop("host", "") or unquote(parts.hostname or "")
    database = unquote(parts.path.removeprefix("/"))
    user = unquote(parts.username or "")
    if not _NAME.fullmatch(database) or (user and not _NAME.fullmatch(user)):
        raise ValueError("the name of a database and its user hold letters, digits, . _ @ and -")
    schema = given.pop("schema", SCHEMA)
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        raise ValueError("schema holds small letters, digits and _, and never starts with pg_")
    lease = duration_from_text(given.pop("lease")) if "lease" in given else LEASE
    if not LEASE_MIN <= lease <= LEASE_MAX:
        raise ValueError("lease must be from 10s to 1h")
    if "service" not in given and not _is_here(host):
        mode = given.setdefault("sslmode", _VERIFYING[0])
        if mode not in _VERIFYING:
            raise ValueError(
                "sslmode must be verify-full or verify-ca: a journal's server proves who it is"
            )
        if mode == _VERIFYING[0]:
            given.setdefault("sslrootcert", "system")
    return PostgresPlace(
        host=host,
        port=parts.port,
        database=database,
        user=user,
        schema=schema,
        lease=lease,
        parameters=tuple(sorted(given.items())),
    )


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in _SCHEMES or parts.fragment:
        raise ValueError(
            "state must be a file, or a URL like postgresql://db.example.com/treasury with one host"
        )
    return parts


def _is_here(host: str) -> bool:
    if not host or host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
