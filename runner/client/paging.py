"""All rows of a list, and whether they really are all."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace

from runner.catalogue.body import ParameterValue
from runner.client.client import Client, Reply
from runner.client.identity import is_described, row_key, whole_key
from runner.client.parameters import PAGE_LIMIT
from runner.core.errors import RemoteRefused, ReplyRefused
from runner.core.record import record

PAGES_MAX = 200


@record
class PagedRows:
    """The rows of all pages.

    Shapes: ``rows`` in the order of the pages, which the custodian does not promise to keep, each
        identity once; ``page_fields`` is what stands
        beside the rows of the first page (``exchangeBalance`` for example); ``pages_read`` counts
        requests of all passes; ``doubt`` says why ``complete`` is False, or is empty.
    """

    rows: tuple[Mapping[str, object], ...]
    complete: bool
    page_fields: Mapping[str, object]
    pages_read: int
    doubt: str = ""


async def read_pages(
    client: Client,
    operation_id: str,
    params: Mapping[str, ParameterValue],
    *,
    page_limit: int = PAGE_LIMIT,
    pages_max: int = PAGES_MAX,
) -> PagedRows:
    """Read every page of a list; a list without pages is one page, and complete.

    Words: the *identity* of a row is that of ``identity.row_key``. The *claimed* number of pages is
    ``totalPage``, or ``total`` rows divided by the page size the server echoes, or 0. A page is
    *short* when it has fewer rows than that size.

    The pages end with an empty page whose number is at least the claim, or with a short page whose
    number is the claim. So a ``totalPage`` of 0 beside rows, a short or empty page in the middle
    (filters applied after paging) and a claim that is too small do not end the reading early.

    ``complete`` is True only if the end was seen within ``pages_max``, no identity came twice, the
    claim did not shrink on the way, and, where ``total`` counts rows, as many were seen. There is
    no snapshot, so rows can move between pages: a pass in which that shows is read once more, and
    the second pass decides.

    Rows that are named by what they are about (an asset by coin and network) may share that name
    within one page, and then both are kept; on two pages they are one row that has moved, and the
    later one is kept, so that no balance is counted twice.

    Limits: one page is one answer and thus consistent; over several pages, a row that goes away
    from an earlier page while ``totalPage`` stays the same can hide one other row, unseen. A caller
    that must believe "not found" reads twice, apart in time.

    Errors: those of ``Client.call``; ``ReplyRefused`` when a page says it is another page.
    Source: NOTES section 3; ``operations.yaml`` pagination traps.
    """
    operation = client.operation(operation_id)
    if operation.envelope.page_names is None:
        seen = _Pass(operation_id=operation_id)
        seen.take_all(await client.call(operation_id, params))
        return seen.result()
    page_limit = min(page_limit, operation.page_max or page_limit)
    first = await _read_pass(client, operation_id, params, page_limit, pages_max)
    if not first.moved:
        return first.result()
    second = await _read_pass(client, operation_id, params, page_limit, pages_max)
    result = second.result()
    return replace(result, pages_read=first.pages_read + second.pages_read)


@dataclass(slots=True, kw_only=True)
class _Pass:
    """What one pass over the pages has seen so far."""

    operation_id: str
    rows: dict[Hashable, Mapping[str, object]] = field(default_factory=dict)
    page_fields: Mapping[str, object] = field(default_factory=dict)
    pages_read: int = 0
    claimed: int = 0
    total: int | None = None
    moved: bool = False
    doubt: str = ""

    def take(self, reply: Reply, page_limit: int) -> bool:
        """Take in one page; return whether it is the last."""
        self.pages_read += 1
        size = min(_number(reply.page, "pageLimit", "pageSize") or page_limit, page_limit)
        if self.pages_read == 1:
            self.page_fields = reply.page
        # A page behind the end has nothing to say about where the end is.
        if reply.rows or self.pages_read <= max(self.claimed, 1):
            self._note_claim(reply, size)
        self._note_rows(reply.rows)
        if not reply.rows:
            return self.pages_read >= self.claimed
        return len(reply.rows) < size and self.pages_read == self.claimed

    def take_all(self, reply: Reply) -> None:
        """Take in an answer that has no pages: one moment, in which nothing can move."""
        self.pages_read = 1
        self._note_rows(reply.rows)
        self.moved = False

    def is_past_claim(self) -> bool:
        """Tell whether the server has already said that there is no further page."""
        return self.pages_read > 0 and self.pages_read == self.claimed

    def result(self) -> PagedRows:
        """Return the rows and what to think of them."""
        doubt = self.doubt
        if not doubt and self.moved:
            doubt = "rows moved between pages while they were read"
        if not doubt and self.total is not None and self.total != len(self.rows):
            doubt = f"the server counts {self.total} rows and showed {len(self.rows)}"
        return PagedRows(
            rows=tuple(self.rows.values()),
            complete=not doubt,
            page_fields=self.page_fields,
            pages_read=self.pages_read,
            doubt=doubt,
        )

    def _note_claim(self, reply: Reply, size: int) -> None:
        if not reply.page:
            return
        total = _number(reply.page, "total")
        if reply.rows and total == 0:
            total = None  # as untrue as the totalPage of 0 that has been seen beside rows
        pages = _number(reply.page, "totalPage")
        claimed = pages if pages is not None else -(-(total or 0) // size)
        if claimed < self.claimed or (self.total is not None and total != self.total):
            self.moved = True
        self.claimed = claimed
        self.total = total

    def _note_rows(self, rows: tuple[Mapping[str, object], ...]) -> None:
        may_share = is_described(self.operation_id)
        on_page: set[Hashable] = set()
        for row in rows:
            key = row_key(self.operation_id, row)
            if may_share and key in on_page and self.rows[key] != row:
                key = whole_key(row)
            on_page.add(key)
            if key in self.rows:
                self.moved = True
            self.rows[key] = row


async def _read_pass(
    client: Client,
    operation_id: str,
    params: Mapping[str, ParameterValue],
    page_limit: int,
    pages_max: int,
) -> _Pass:
    seen = _Pass(operation_id=operation_id)
    for page_number in range(1, pages_max + 1):
        asked = {**params, "pageLimit": page_limit, "pageNo": page_number}
        try:
            reply = await client.call(operation_id, asked)
        except RemoteRefused as exc:
            # A server may answer a page behind its last one with an error instead of no rows.
            if exc.code in _PAST_THE_END and seen.is_past_claim():
                return seen
            raise
        echoed = _number(reply.page, "pageNo")
        if echoed is not None and echoed != page_number:
            # Some paging libraries answer a page behind the end with the last page again.
            if seen.is_past_claim() and echoed == seen.claimed:
                return seen
            raise _other_page(client, reply, f"page {echoed} instead of page {page_number}")
        if seen.take(reply, page_limit):
            return seen
    seen.doubt = f"there are more than {pages_max} pages"
    return seen


def _other_page(client: Client, reply: Reply, reason: str) -> ReplyRefused:
    operation = client.operation(reply.operation_id)
    return ReplyRefused(
        reason,
        method=operation.method,
        path=operation.path,
        status=200,
        remote_request_id=reply.remote_request_id,
    )


def _number(page: Mapping[str, object], *names: str) -> int | None:
    for name in names:
        text = page.get(name)
        if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX:
            return int(text)
    return None


_PAST_THE_END = frozenset({"G20004", "G20005"})
_DIGITS_MAX = 12
