"""Lists that may lack rows: what they show is not what there is."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest

from runner.actions.custodian import Custodian
from runner.catalogue.load import load_api
from runner.client.client import Client
from runner.client.keys import KeyFile, KeySigner, load_key
from runner.client.rate import RateWindow
from runner.client.transport import HttpTransport
from runner.client.wire import RawReply, RawRequest
from runner.core.money import Money
from runner.sandbox.directory import Sandbox
from tests.actions.test_reads import read
from tests.hand_clock import HandClock


class Moving:
    """A custodian whose rows move: the first page comes again as the second."""

    def __init__(self, transport: HttpTransport) -> None:
        self._transport = transport
        self._page: dict[str, Any] = {}

    async def send(self, request: RawRequest) -> RawReply:
        reply = await self._transport.send(request)
        number = int(parse_qs(request.query)["pageNo"][0])
        answer = json.loads(reply.body)
        if number == 1:
            self._page = answer["data"]
        if number <= 2:
            rows = self._page["data"]
            answer["data"] = {
                **self._page,
                "pageNo": number,
                "totalPage": 2,
                "pageLimit": len(rows),
            }
        return replace(reply, body=json.dumps(answer).encode())


@pytest.mark.parametrize("action", ["wallet.assets", "mirror.positions", "mirrorx.positions"])
async def test_incomplete_list_has_no_sums(
    custodian: Custodian, sandbox: Sandbox, clock: HandClock, action: str
) -> None:
    """A coin's rows stand on several networks: the sum of those that were seen is no balance."""
    key = sandbox.keys["operator"]
    signer = KeySigner(api_key=key.api_key, key=load_key(KeyFile(path=key.pem_path), environ={}))
    async with HttpTransport("http://127.0.0.1", mount=sandbox.app) as transport:
        rate = RateWindow(count=1000, clock=clock)
        client = Client(load_api(), Moving(transport), signer, clock, rate=rate)
        value = await read(replace(custodian, client=client), action)

    assert value["rows"]
    assert (value["by_coin"], value["complete"]) == ({}, False)


async def test_assets_of_one_coin_say_nothing_about_the_others(custodian: Custodian) -> None:
    everything = await read(custodian, "wallet.assets")
    one = await read(custodian, "wallet.assets", coin="USDT")

    assert "BTC" in everything["by_coin"]  # type: ignore[operator]  # a mapping
    assert list(one["by_coin"]) == ["USDT"]  # type: ignore[arg-type]  # a mapping
    assert one["complete"] is False


async def test_asset_that_was_asked_for_and_is_not_there_is_zero(custodian: Custodian) -> None:
    value = await read(custodian, "wallet.assets", coin="BTC", network="BSC")

    assert value["rows"] == ()
    assert value["by_coin"] == {"BTC": Money(Decimal(0), "BTC")}


async def test_orders_since_a_moment_to_come_are_not_all_orders(
    custodian: Custodian, clock: HandClock
) -> None:
    """A clock that was set back leaves no window to ask for, and twins would go unseen."""
    link = custodian.directory.mirrorx_links["acme/arb-01"]
    since = clock.now() + timedelta(minutes=2)

    found = await custodian.history("mirrorx.order.list", {"mirrorXLinkId": link.id}, since=since)

    assert found == ([], False)
