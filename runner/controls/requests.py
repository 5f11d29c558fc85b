"""Decisions beside plans that need signatures: what is decided, as the bytes a digest names.

A *request* is canonical JSON of texts. Whoever signs names its digest in a statement of the
request's own type, so that a signature for one decision is none for another, nor for a plan.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from runner.core.ids import bytes_digest
from runner.core.jsonvalue import canonical_json, parse_strict_json
from runner.core.record import record

REQUEST_TYPES: Final = MappingProxyType(
    {
        "resolve": "runner-resolve-v1",
        "lock_break": "runner-lock-break-v1",
        "state_adopt": "runner-state-adopt-v1",
        "start": "runner-start-v1",
    }
)
"""The type of a request, which is the namespace of signatures for it, by what is decided."""

REQUEST_BYTES_MAX: Final = 64 * 1024


@record
class Request:
    """What is decided.

    Shapes: ``kind`` is of ``REQUEST_TYPES``; ``facts`` are texts by name, everything that makes
        this decision another one than any other: account, run, effect, what it is to be.
    """

    kind: str
    facts: Mapping[str, str]

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))

    @property
    def type(self) -> str:
        """Return the type of statements about it, and the namespace of their signatures."""
        return REQUEST_TYPES[self.kind]

    @property
    def word(self) -> str:
        """Return what has to be typed to sign it: the effect, the lock or the journal, and how."""
        named = ("decision", "path", "lock", "stands_for", "scope")
        return " ".join((self.kind, *(self.facts[each] for each in named if each in self.facts)))

    @property
    def data(self) -> bytes:
        """Return the bytes that are decided about."""
        return canonical_json({"type": self.type, "kind": self.kind, "facts": dict(self.facts)})

    @property
    def digest(self) -> str:
        """Return the digest that a statement names."""
        return bytes_digest(self.data)


def request_from_bytes(data: bytes) -> Request:
    """Read a request, refusing any byte that we would not have written.

    Errors: ``ValueError`` with a sentence.
    """
    if len(data) > REQUEST_BYTES_MAX:
        raise ValueError("it is larger than 64 KiB")
    tree = parse_strict_json(data)
    match tree:
        case {"kind": str(kind), "facts": dict(facts)} if str(kind) in REQUEST_TYPES:
            texts = {name: str(text) for name, text in facts.items()}
            request = Request(kind=str(kind), facts=texts)
            if request.data == data:
                return request
    raise ValueError("it is neither a plan nor a request for a decision, as they are written")
