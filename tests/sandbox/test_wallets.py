from typing import Any

import pytest

from tests.sandbox.signed_caller import Caller, code_of, data_of

STATUS = "/open-api/v1/system/status"
WALLETS = "/open-api/v1/wallet/list"
ASSETS = "/open-api/v1/wallet/asset/list"
QUALIFIED = "374671162262925312"
PRIME = "306718327844294657"


@pytest.mark.parametrize(("biz_type", "wallet_type"), [(10, 20), (30, 10), (3110, 12)])
async def test_system_is_normal_for_every_numbering(
    reader: Caller, biz_type: int, wallet_type: int
) -> None:
    response = await reader.get(STATUS, bizType=biz_type, walletType=wallet_type)

    assert data_of(response) == {"status": 0, "message": "Normal"}


@pytest.mark.parametrize("query", [{}, {"bizType": 10}, {"bizType": "x", "walletType": 20}])
async def test_system_status_needs_both_types(reader: Caller, query: dict[str, Any]) -> None:
    assert code_of(await reader.get(STATUS, **query)) == "G20005"


async def test_wallets_are_listed_with_every_digit(reader: Caller) -> None:
    response = await reader.get(WALLETS)

    assert data_of(response) == {
        "data": [
            {
                "walletId": 374671162262925312,
                "walletIdStr": QUALIFIED,
                "walletName": "acme/custody-01",
                "walletType": 10,
            },
            {
                "walletId": 306718327844294657,
                "walletIdStr": PRIME,
                "walletName": "acme/prime-01",
                "walletType": 20,
            },
            {
                "walletId": 412207751180337153,
                "walletIdStr": "412207751180337153",
                "walletName": "acme/cosign-01",
                "walletType": 12,
            },
        ],
        "totalPage": 1,
        "pageNo": 1,
        "pageLimit": 25,
    }
    assert b'"walletId":306718327844294657,' in response.content


async def test_wallets_are_paged(reader: Caller) -> None:
    page = data_of(await reader.get(WALLETS, pageNo=2, pageLimit=1))
    beyond = data_of(await reader.get(WALLETS, pageNo=4, pageLimit=1))

    assert [row["walletIdStr"] for row in page["data"]] == [PRIME]
    assert page["totalPage"] == 3
    assert beyond["data"] == []


async def test_assets_of_a_qualified_wallet_have_networks(reader: Caller) -> None:
    page = data_of(await reader.get(ASSETS, walletId=QUALIFIED))

    assert [tuple(row.values()) for row in page["data"]] == [
        ("USDT", "ETH", "1000000", "1000000", "1050000"),
        ("USDT", "BSC", "400000", "400000", "420000"),
        ("BTC", "BTC", "25.5", "25.5", "26.75"),
        ("ETH", "ETH", "800.125", "800.125", "800.125"),
        ("XRP", "XRP", "0", "0", "0"),
    ]


async def test_assets_of_a_prime_wallet_have_none(reader: Caller) -> None:
    page = data_of(await reader.get(ASSETS, walletId=PRIME))

    assert [tuple(row.values()) for row in page["data"]] == [
        ("USDT", None, "2000000", "2000000", "2350000"),
        ("BTC", None, "40", "40", "42"),
        ("ETH", None, "1200", "1200", "1230"),
        ("XRP", None, "500000", "500000", "500000"),
    ]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"coinSymbol": "USDT"}, 2),
        ({"network": "ETH"}, 2),
        ({"coinSymbol": "USDT", "network": "BSC"}, 1),
        ({"coinSymbol": "BTC", "network": "BSC"}, 0),
    ],
)
async def test_assets_are_filtered(reader: Caller, query: dict[str, Any], count: int) -> None:
    assert len(data_of(await reader.get(ASSETS, walletId=QUALIFIED, **query))["data"]) == count


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "G20005"),
        # What a client sends that reads ids as floating-point numbers.
        ({"walletId": str(int(float(PRIME)))}, "G20013"),
        ({"walletId": PRIME, "network": "ETH"}, "G20005"),
        ({"walletId": PRIME, "coinSymbol": "XYZ"}, "G20005"),
        ({"walletId": PRIME, "coinSymbol": ""}, "G20005"),
        ({"walletId": PRIME, "pageLimit": 501}, "G20003"),
        ({"walletId": PRIME, "pageNo": "1.5"}, "G20005"),
    ],
)
async def test_invalid_question_about_assets_is_refused(
    reader: Caller, query: dict[str, Any], code: str
) -> None:
    assert code_of(await reader.get(ASSETS, **query)) == code
