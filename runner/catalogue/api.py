"""The custody API's description as frozen objects.

The one description is ``schemas/ceffu.openapi.yaml``; it is compiled to JSON inside the package and
``load_api`` builds these objects from the JSON. Nothing about the API is written down twice.
"""

from collections.abc import Callable, Iterator, Mapping
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
    VALUE = "value"
    """Neither object nor list, ``true`` for example."""

    @property
    def page_names(self) -> "PageNames | None":
        """Return what a page calls its parts, or None for what is no page."""
        return _PAGE_NAMES.get(self)


@record
class PageNames:
    """What a page calls its parts.

    Shapes: of ``pages`` (how many there are) and ``total`` (how many rows) one is empty, because no
        page tells both. A request says ``pageNo`` and ``pageLimit`` whatever the reply says.
    """

    rows: str
    pages: str
    total: str
    number: str
    size: str


_PAGE_NAMES = {
    Envelope.PAGE: PageNames(
        rows="data", pages="totalPage", total="", number="pageNo", size="pageLimit"
    ),
    Envelope.ARCHIVE_PAGE: PageNames(
        rows="data", pages="", total="total", number="pageNo", size="pageSize"
    ),
}


class ExampleKind(StrEnum):
    """How far an example of the documentation can be used."""

    WHOLE = "whole"
    PLACEHOLDER = "placeholder"
    """Type names or empty texts in place of values."""
    PARTIAL = "partial"
    """Only its beginning is shown."""


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
        playbook type the value carries, or is empty. Of a list ``item_types`` are the types of its
        items, and choices, meanings and language type are about the items. ``fields`` are the
        members of an object.
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
    item_types: tuple[str, ...] = ()
    fields: tuple["Parameter", ...] = ()


@record
class ReplyField:
    """One field of a reply's object or row.

    Shapes: ``meanings`` and ``language_type`` are those of ``Parameter``. Values other than the
        ``choices`` may arrive from a newer server and mean nothing we know. ``fields`` are those of
        the object, or of the objects of the list; ``item_types`` are the types of a list's items or
        of the values of an object that is a map of any keys. ``aliases`` are other names the field
        is seen under: a required field is there under one of its names.
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
    item_types: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def name_in(self, record: Mapping[str, object]) -> str | None:
        """Return the first of the field's names that the object has, or None."""
        return next((name for name in (self.name, *self.aliases) if name in record), None)


@record
class Operation:
    """One operation of the API.

    Shapes: ``requires_one_of`` names parameters of which at least one must be given,
        ``at_most_one_of`` some of which no two may be; ``window_ms`` is the exclusive upper bound
        of what ``range_names`` span, or None where no bound is stated. ``envelope_also`` is a
        second shape ``data`` is seen in. ``fields`` describe the object or the row; where that is
        no object, there are none and ``value`` describes it, without a name. ``page_fields`` stand
        beside the rows and are those ``envelope`` does not name already. ``permissions_also`` are
        groups named beside ``permission``; whether a key needs them is not stated. ``readback``
        names the operation that shows what a write did, or is empty; ``readback_by_request_id``
        tells whether that read can be asked by requestId. Examples are JSON objects as the
        documentation prints them, with mappings and tuples that cannot be changed;
        ``row_examples`` are documented rows of which no whole reply is shown. ``certain`` is about
        the path, ``permission_certain`` and ``envelope_certain`` about those two. ``read_only``
        marks a POST that changes nothing.
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
    read_only: bool = False
    permissions_also: tuple[str, ...] = ()
    at_most_one_of: tuple[str, ...] = ()
    envelope_also: Envelope | None = None
    value: ReplyField | None = None
    request_example_kind: ExampleKind = ExampleKind.WHOLE
    response_example_kind: ExampleKind = ExampleKind.WHOLE
    row_examples_kind: ExampleKind = ExampleKind.WHOLE

    @property
    def is_write(self) -> bool:
        """Tell whether the operation changes something at the custodian."""
        return self.method == "POST" and not self.read_only

    @property
    def has_body(self) -> bool:
        """Tell whether the parameters travel in a body, which is then what is signed."""
        return self.method == "POST"

    @property
    def range_names(self) -> tuple[str, str] | None:
        """Return the parameters that bound a range of time, or None without such a range."""
        return next((pair for pair in _RANGES if self.parameter(pair[0]) is not None), None)

    @property
    def page_max(self) -> int | None:
        """Return the most rows a page may be asked to have, or None where that is not stated."""
        limit = self.parameter("pageLimit")
        return limit.maximum if limit is not None else None

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter of that name, or None."""
        return next((p for p in self.parameters if p.name == name), None)


_RANGES = (("startTime", "endTime"), ("startDate", "endDate"))


class Operations(Mapping[str, Operation]):
    """The operations by id, each built when it is first asked for.

    A run uses a handful of operations, and building them all costs more than reading the rest of
    the description. Building twice, should two threads ask at once, gives equal objects.
    """

    __slots__ = ("_built", "_makers")

    def __init__(self, makers: Mapping[str, Callable[[], Operation]]) -> None:
        self._makers = dict(makers)
        self._built: dict[str, Operation] = {}

    def __getitem__(self, operation_id: str) -> Operation:
        built = self._built.get(operation_id)
        if built is None:
            built = self._built[operation_id] = self._makers[operation_id]()
        return built

    def __contains__(self, operation_id: object) -> bool:
        return operation_id in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


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
    """The whole description.

    Shapes: ``operations`` in the order of the documentation's navigation.
    """

    version: str
    server: str
    operations: Mapping[str, Operation]
    error_codes: Mapping[str, ErrorCode]

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        if not isinstance(self.operations, Operations):
            object.__setattr__(self, "operations", MappingProxyType(dict(self.operations)))
        object.__setattr__(self, "error_codes", MappingProxyType(dict(self.error_codes)))
