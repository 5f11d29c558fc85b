"""From the words of ``runner call`` to a request, without any network."""

import pytest

from runner.app.usecases.calling import checked_parameters, named_operation, shown_request
from runner.catalogue.load import load_api
from runner.core.errors import InvalidInput

API = load_api()


def findings(operation: str, *words: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        checked_parameters(API.operations[operation], words)
    return [(found.code, found.summary) for found in caught.value.diagnostics]


def test_unknown_operation_names_the_nearest() -> None:
    with pytest.raises(InvalidInput) as caught:
        named_operation(API, "wallet.lst")

    assert caught.value.hint == 'did you mean "wallet.list"?'


def test_parameters_are_refused_all_at_once() -> None:
    found = findings("system.status", "walletTyp=20", "bizType=x", "pageNo")

    assert found == [
        ("unknown-argument", "system.status takes no parameter walletTyp"),
        ("wrong-value", "bizType must be a whole number"),
        ("wrong-value", '"pageNo" gives no parameter a value'),
    ]


def test_wrong_value_is_placed_at_its_word() -> None:
    with pytest.raises(InvalidInput) as caught:
        checked_parameters(API.operations["system.status"], ["walletType=20", "bizType=x"])

    line = "system.status walletType=20 bizType=x"
    assert caught.value.diagnostics[0].span.column == line.index("bizType") + 1


def test_missing_parameters_are_all_named() -> None:
    assert findings("system.status") == [
        ("missing-argument", "system.status requires bizType"),
        ("missing-argument", "system.status requires walletType"),
    ]


def test_either_of_two_parameters_is_required() -> None:
    assert findings("withdrawal.detail") == [
        ("wrong-value", "orderViewId or requestId is required")
    ]


def test_parameter_given_twice_is_refused() -> None:
    assert ("wrong-value", "txId is given twice") in findings("deposit.detail", "txId=a", "txId=b")


def test_timestamp_cannot_be_given() -> None:
    assert findings("wallet.list", "timestamp=1") == [
        ("unknown-argument", "wallet.list takes no parameter timestamp")
    ]


def test_range_too_long_and_a_wrong_value_are_both_told() -> None:
    found = findings(
        "mirrorx.order.list",
        "mirrorXLinkId=7127",
        "startTime=2026-01-01T00:00:00Z",
        "endTime=2026-11-22T00:00:00Z",
        "orderType=99",
    )

    assert [summary for _, summary in found] == [
        "startTime to endTime must be less than 30 days",
        "orderType must be one of 10, 20, 30",
    ]


def test_moments_days_and_lists_are_spelt_as_the_api_does() -> None:
    operation = API.operations["transaction.history"]

    values = checked_parameters(
        operation,
        ["startDate=2026-11-01", "endDate=20261105", "walletType=20", "walletIds=1", "walletIds=2"],
    )

    assert values["startDate"] == "20261101"
    assert values["walletIds"] == ("1", "2")


def test_shown_request_has_everything_but_key_and_signature() -> None:
    operation = API.operations["deposit.history"]
    words = ["walletId=9007199254740993", "startTime=2026-11-22T10:00:00Z", "endTime=1795351277933"]

    shown = shown_request(
        operation,
        checked_parameters(operation, words),
        base_url="https://custodian.example/",
        stamp_ms=1795351277934,
    )

    assert shown.method == "GET"
    assert shown.url == (
        "https://custodian.example/open-api/v1/wallet/deposit/history?walletId=9007199254740993"
        "&startTime=1795341600000&endTime=1795351277933&pageLimit=100&pageNo=1"
        "&timestamp=1795351277934"
    )
    assert shown.headers == (("open-apikey", "[redacted]"), ("signature", "[redacted]"))
    assert shown.body == ""


def test_shown_request_of_a_read_by_post_has_a_body() -> None:
    operation = API.operations["transaction.history"]
    words = ["startDate=20261101", "endDate=20261105", "walletType=20", "walletIds=1"]

    shown = shown_request(
        operation, checked_parameters(operation, words), base_url="https://c", stamp_ms=7
    )

    assert shown.url == f"https://c{operation.path}"
    assert shown.body.startswith('{"endDate":"20261105",')
    assert shown.body.endswith(',"timestamp":7}')
    assert ("Content-Type", "application/json") in shown.headers
