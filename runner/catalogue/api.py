"""The custody API's description as frozen objects.

The one description is ``schemas/ceffu.openapi.yaml``; it is compiled to JSON inside the package and
``load_api`` builds these objects from the JSON. Nothing about the API is written down twice.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from runner.core.record import record


class Location(StrEnum):
    """Where a parameter travels."""

    QUERY = "query"
    BODY = "body"


class Envelope(StrEnum):
    """The shape of ``data`` in a successful reply."""

    OBJECT = "object"
    LIST = "list"
    PAGE = "page"
    """``{data: [row], totalPage, pageNo, pageLimit}``."""
    ARCHIVE_PAGE = "archive_page"
    """``{data: [row], total, pageNo, pageSize}``; ``total`` counts rows."""


class WriteOutcome(StrEnum):
    """What an error code says about a write it answers."""

    DONE = "done"
    NOT_EXECUTED = "not_executed"
    REPEATABLE = "repeatable"
    """Not executed, and the same request may be sent again after a remedy (G20007)."""
    RATE_LIMITED = "rate_limited"
    """Not executed only where the profile's facts say so (G20012)."""
    ALREADY_RECEIVED = "already_received"
    UNKNOWN = "unknown"


@record
class Parameter:
    """One parameter of an operation.

    Shapes: ``types`` are JSON type names, the documented (and sent) one first; ``choices`` are the
        texts allowed, or empty; ``maximum`` and ``minimum`` are inclusive; ``example`` is the text
        of the documentation's example, or empty. ``meanings`` are (value, meaning) pairs, of the
        choices or, where there are none, of the values we know of. ``language_type`` spells the
        playbook type the value carries, or is empty.
    """

    name: str
    location: Location
    required: bool
    types: tuple[str, ...]
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    length_max: int | None = None
    description: str = ""
    example: str = ""
    certain: bool = True
    meanings: tuple[tuple[str, str], ...] = ()
    language_type: str = ""


@record
class ReplyField:
    """One field of a reply's object or row; ``fields`` are those of its items, if it is a list.

    Shapes: ``meanings`` and ``language_type`` are those of ``Parameter``. Values other than the
        ``choices`` may arrive from a newer server and mean nothing we know.
    """

    name: str
    types: tuple[str, ...]
    required: bool
    nullable: bool
    choices: tuple[str, ...] = ()
    description: str = ""
    fields: tuple["ReplyField", ...] = ()
    certain: bool = True
    meanings: tuple[tuple[str, str], ...] = ()
    language_type: str = ""


@record
class Operation:
    """One operation of the API.

    Shapes: ``requires_one_of`` names parameters of which at least one must be given; ``window_ms``
        is the exclusive upper bound of endTime minus startTime, or None; ``fields`` describe the
        object or the row; ``page_fields`` stand beside the rows and are those ``envelope`` does
        not name already; ``readback`` names the operation that shows what a write did, or is empty;
        ``readback_by_request_id`` tells whether that read can be asked by requestId. Examples are
        JSON objects as the documentation prints them, with mappings and tuples that cannot be
        changed; some are placeholders, type names or empty texts in place of values.
        ``row_examples`` are documented rows of which no whole reply is shown. ``certain`` is about
        the path, ``permission_certain`` and ``envelope_certain`` about those two.
    """

    id: str
    title: str
    group: str
    summary: str
    method: str
    path: str
    permission: str
    archived: bool
    certain: bool
    parameters: tuple[Parameter, ...]
    envelope: Envelope
    data_nullable: bool
    fields: tuple[ReplyField, ...]
    page_fields: tuple[ReplyField, ...] = ()
    requires_one_of: tuple[str, ...] = ()
    window_ms: int | None = None
    readback: str = ""
    readback_by_request_id: bool = False
    request_example: Mapping[str, object] | None = None
    response_example: Mapping[str, object] | None = None
    row_examples: tuple[Mapping[str, object], ...] = ()
    permission_certain: bool = True
    envelope_certain: bool = True

    @property
    def is_write(self) -> bool:
        """Tell whether the operation changes something at the custodian."""
        return self.method == "POST"

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter of that name, or None."""
        return next((p for p in self.parameters if p.name == name), None)


@record
class ErrorCode:
    """One business code of the envelope; ``message`` is empty where no source shows the text.

    Shapes: ``http_status`` is a guess for every code but success; ``certain`` is about the meaning.
    """

    code: str
    message: str
    meaning: str
    http_status: int
    write_outcome: WriteOutcome
    certain: bool = True


@record
class Api:
    """The whole description."""

    version: str
    server: str
    operations: Mapping[str, Operation]
    error_codes: Mapping[str, ErrorCode]

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        object.__setattr__(self, "operations", MappingProxyType(dict(self.operations)))
        object.__setattr__(self, "error_codes", MappingProxyType(dict(self.error_codes)))
