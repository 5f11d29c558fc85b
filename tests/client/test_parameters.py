"""Nothing that does not fit the description is signed."""

from dataclasses import replace

import pytest

from runner.catalogue.api import Api, Operation
from runner.client.parameters import check_body, query_pairs
from runner.core.errors import ExitCode, NotSent, RequestInvalid

ORDERS: dict[str, str | int | bool] = {
    "mirrorXLinkId": "33",
    "startTime": 1_000,
    "endTime": 2_000,
    "pageLimit": 5,
    "pageNo": 1,
}
SETTLE = (
    '{"amount":"1.5","coinSymbol":"USDT","mirrorLinkId":"33","network":"ETH",'
    '"operationType":"2","requestId":"77"}'
)


def changed(
    api: Api,
    operation_id: str,
    name: str,
    *,
    types: tuple[str, ...] | None = None,
    length_max: int | None = None,
) -> Operation:
    """Return the operation with one parameter described differently."""
    operation = api.operations[operation_id]
    parameters = tuple(
        replace(p, types=types or p.types, length_max=length_max) if p.name == name else p
        for p in operation.parameters
    )
    return replace(operation, parameters=parameters)


def read_refusal(api: Api, operation_id: str, params: dict[str, str | int | bool]) -> str:
    with pytest.raises(RequestInvalid) as caught:
        query_pairs(api.operations[operation_id], params)
    return caught.value.reason


def body_refusal(api: Api, operation_id: str, body: str) -> str:
    with pytest.raises(RequestInvalid) as caught:
        check_body(api.operations[operation_id], body)
    return caught.value.reason


def test_parameters_are_spelt_in_the_order_of_the_description(api: Api) -> None:
    pairs = query_pairs(
        api.operations["mirrorx.position.list"],
        {"pageNo": 1, "excludeZeroAmountFlag": True, "pageLimit": "25", "mirrorXLinkId": "33"},
    )

    assert pairs == [
        ("mirrorXLinkId", "33"),
        ("excludeZeroAmountFlag", "true"),
        ("pageLimit", "25"),
        ("pageNo", "1"),
    ]


def test_error_is_known_as_not_sent_and_not_worth_repeating(api: Api) -> None:
    with pytest.raises(NotSent) as caught:
        query_pairs(api.operations["system.status"], {})

    assert caught.value.retryable is False
    assert caught.value.exit_code is ExitCode.INVALID


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"coin": "BTC"}, "mirrorx.order.list has no parameter coin"),
        ({"timestamp": 5}, "timestamp is put in when the request is signed, not before"),
        ({"orderType": 40}, "orderType must be one of 10, 20, 30"),
        ({"orderType": "1e1"}, "orderType must be one of 10, 20, 30"),
        ({"pageLimit": 0}, "pageLimit must be between 1 and 500"),
        ({"pageLimit": 501}, "pageLimit must be between 1 and 500"),
        ({"pageNo": "one"}, "pageNo must be a whole number"),
        ({"pageNo": True}, "pageNo must be a whole number"),
        ({"pageNo": 1.5}, "pageNo is float, which no query can carry"),
        ({"startTime": "1.5"}, "startTime must be a whole number"),
        ({"coinSymbol": ""}, "coinSymbol is empty"),
        ({"coinSymbol": "US\nDT"}, "coinSymbol holds a character that cannot be sent"),
        ({"coinSymbol": "\ud800"}, "coinSymbol holds a character that cannot be sent"),
        (
            {"endTime": 1_000 + 2_592_000_000},
            "startTime to endTime must be less than 30 days",
        ),
        ({"endTime": 999}, "startTime to endTime must not run backwards"),
    ],
)
def test_read_parameter_that_does_not_fit_is_refused(
    api: Api, change: dict[str, str | int | bool], reason: str
) -> None:
    assert read_refusal(api, "mirrorx.order.list", {**ORDERS, **change}) == reason


def test_window_is_exclusive_at_its_end(api: Api) -> None:
    longest = {**ORDERS, "endTime": 1_000 + 2_592_000_000 - 1}

    assert query_pairs(api.operations["mirrorx.order.list"], longest)


@pytest.mark.parametrize(
    ("types", "text", "reason"),
    [
        (("boolean",), "yes", "excludeZeroAmountFlag must be true or false"),
        (("boolean",), "0", "excludeZeroAmountFlag must be true or false"),
        (("boolean", "integer"), "no", "excludeZeroAmountFlag must be true or false or a whole"),
        (("integer",), "true", "excludeZeroAmountFlag must be a whole number"),
    ],
)
def test_text_of_another_type_is_refused(
    types: tuple[str, ...], text: str, reason: str, api: Api
) -> None:
    operation = changed(api, "mirrorx.position.list", "excludeZeroAmountFlag", types=types)
    params = {"mirrorXLinkId": "33", "pageNo": "1", "pageLimit": "5"}

    with pytest.raises(RequestInvalid) as caught:
        query_pairs(operation, {**params, "excludeZeroAmountFlag": text})

    assert caught.value.reason.startswith(reason)


def test_text_longer_than_the_description_allows_is_refused(api: Api) -> None:
    operation = changed(api, "mirror.asset.settle", "requestId", length_max=3)

    assert check_body(operation, SETTLE.replace('"77"', '"777"')) == "777"
    with pytest.raises(RequestInvalid, match="requestId is longer than 3 characters"):
        check_body(operation, SETTLE.replace('"77"', '"7777"'))


def test_missing_parameter_is_refused(api: Api) -> None:
    params = {name: value for name, value in ORDERS.items() if name != "mirrorXLinkId"}

    assert read_refusal(api, "mirrorx.order.list", params) == "mirrorXLinkId is required"


def test_one_of_the_alternatives_is_required(api: Api) -> None:
    reason = read_refusal(api, "mirror.position.list", {"pageNo": 1, "pageLimit": 5})

    assert reason == "walletIdStr or binanceUid is required"


def test_misspelt_parameter_comes_with_the_nearest_one(api: Api) -> None:
    with pytest.raises(RequestInvalid) as caught:
        query_pairs(api.operations["mirrorx.order.list"], {**ORDERS, "coinSymbl": "BTC"})

    assert caught.value.hint == 'did you mean "coinSymbol"?'


def test_body_that_fits_gives_its_request_id(api: Api) -> None:
    assert check_body(api.operations["mirror.asset.settle"], SETTLE) == "77"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (SETTLE.replace('"2"', '"9"'), "operationType must be one of 2, 3"),
        (SETTLE.replace('"2"', "2"), "operationType must be string"),
        (SETTLE.replace('"1.5"', "1.5"), "amount must be string"),
        (SETTLE.replace('"1.5"', "null"), "amount must be string"),
        (SETTLE.replace('"1.5"', "true"), "amount must be string"),
        (SETTLE.replace('"1.5"', '["1"]'), "amount must be string"),
        (SETTLE.replace("}", ',"fee":"1"}'), "mirror.asset.settle has no parameter fee"),
        (SETTLE.replace('"requestId":"77"', '"network":"BSC"'), "the planned body is duplicate"),
        (SETTLE.replace(',"requestId":"77"', ""), "requestId is required"),
        ("[]", "the planned body is not a JSON object"),
        (
            SETTLE.replace("}", ',"timestamp":1}'),
            "timestamp is put in when the request is signed, not before",
        ),
    ],
)
def test_body_that_does_not_fit_is_refused(api: Api, body: str, reason: str) -> None:
    assert body_refusal(api, "mirror.asset.settle", body).startswith(reason)


def test_body_error_names_the_request_id(api: Api) -> None:
    with pytest.raises(RequestInvalid) as caught:
        check_body(api.operations["mirror.asset.settle"], SETTLE.replace('"2"', '"9"'))

    assert caught.value.message.startswith("[requestId 77] POST ")
