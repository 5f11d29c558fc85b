"""Reading the switches of a world."""

import re

from runner.catalogue.load import load_api
from runner.sandbox.switches import (
    Dedupe,
    DedupeScope,
    HttpStatusMode,
    OnDuplicate,
    RangeEnd,
    RowOrder,
    Switches,
    TotalPage,
    TransferIds,
    Types,
    UnknownId,
    WalletNames,
)
from runner.sandbox.world_reading import Section

_CODE = re.compile(r"G[0-9]{5}", re.ASCII)
FOREVER = "forever"


def read_switches(section: Section) -> Switches:
    """Read the positions of all switches."""
    section.refuse_unknown(*SWITCHES)
    usual = Switches()
    delays = section.section("reply_delay")
    delays.refuse_unknown(*load_api().operations)
    lifetime_ms = None
    if section.data.get("dedupe_lifetime", FOREVER) != FOREVER:
        lifetime_ms = section.duration_ms("dedupe_lifetime", 0)
    return Switches(
        timestamp_window_ms=section.duration_ms("timestamp_window", usual.timestamp_window_ms),
        dedupe=Dedupe(section.one_of("dedupe", tuple(Dedupe), usual.dedupe)),
        dedupe_scope=DedupeScope(
            section.one_of("dedupe_scope", tuple(DedupeScope), usual.dedupe_scope)
        ),
        dedupe_lifetime_ms=lifetime_ms,
        on_duplicate=OnDuplicate(
            section.one_of("on_duplicate", tuple(OnDuplicate), usual.on_duplicate)
        ),
        rejected_uses_id=section.boolean("rejected_uses_id", default=usual.rejected_uses_id),
        records_carry_request_id=section.boolean(
            "records_carry_request_id", default=usual.records_carry_request_id
        ),
        unknown_id=UnknownId(section.one_of("unknown_id", tuple(UnknownId), usual.unknown_id)),
        http_status=HttpStatusMode(
            section.one_of("http_status", tuple(HttpStatusMode), usual.http_status)
        ),
        types=Types(section.one_of("types", tuple(Types), usual.types)),
        wallet_names=WalletNames(
            section.one_of("wallet_names", tuple(WalletNames), usual.wallet_names)
        ),
        row_order=RowOrder(section.one_of("row_order", tuple(RowOrder), usual.row_order)),
        total_page=TotalPage(section.one_of("total_page", tuple(TotalPage), usual.total_page)),
        insufficient_balance_code=_code(section, usual.insufficient_balance_code),
        withdrawals_need_whitelist=section.boolean(
            "withdrawals_need_whitelist", default=usual.withdrawals_need_whitelist
        ),
        sub_wallets_reach_siblings=section.boolean(
            "sub_wallets_reach_siblings", default=usual.sub_wallets_reach_siblings
        ),
        transfers_from_exchange=section.boolean(
            "transfers_from_exchange", default=usual.transfers_from_exchange
        ),
        transfer_ids=TransferIds(
            section.one_of("transfer_ids", tuple(TransferIds), usual.transfer_ids)
        ),
        range_end=RangeEnd(section.one_of("range_end", tuple(RangeEnd), usual.range_end)),
        request_id_length=section.integer("request_id_length", usual.request_id_length),
        page_limit_default=section.integer("page_limit_default", usual.page_limit_default),
        success_message=section.text("success_message", usual.success_message),
        rate_limit=section.integer("rate_limit") if "rate_limit" in section.data else None,
        visibility_delay_ms=section.duration_ms("visibility_delay", usual.visibility_delay_ms),
        reply_delay_ms={str(op): delays.duration_ms(str(op), 0) for op in delays.data},
    )


SWITCHES = (
    *("timestamp_window", "dedupe", "dedupe_scope", "dedupe_lifetime", "on_duplicate"),
    *("rejected_uses_id", "records_carry_request_id", "unknown_id", "http_status", "types"),
    *("wallet_names", "row_order", "total_page", "insufficient_balance_code"),
    *("sub_wallets_reach_siblings", "transfers_from_exchange", "transfer_ids"),
    *("withdrawals_need_whitelist", "rate_limit", "visibility_delay", "reply_delay"),
    *("range_end", "request_id_length", "page_limit_default", "success_message"),
)
"""The names of all switches, as a world spells them."""


def _code(section: Section, usual: str) -> str:
    code = section.text("insufficient_balance_code", usual)
    # Anything else would be an answer that no client could read as a refusal.
    if not _CODE.fullmatch(code):
        section.note("an error code like G20022 is needed here", "insufficient_balance_code")
    return code
