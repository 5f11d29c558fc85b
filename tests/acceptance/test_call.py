"""``runner call``: one request of the API by its own name."""

import json

import pytest

from runner.catalogue.load import load_api
from tests.acceptance.controls import served, write_controls
from tests.acceptance.workplace import Workplace, world_text

ASSETS = ("call", "wallet.asset.list", "walletId=374671162262925312", "coinSymbol=BTC")


def test_call_lists_every_operation(place: Workplace) -> None:
    shown = place.run("call", "--list").expect(0)

    assert [line.split()[0] for line in shown.out.splitlines()[1:]] == list(load_api().operations)


def test_call_lists_as_json(place: Workplace) -> None:
    listed = json.loads(place.run("call", "--list", "--json").expect(0).out)

    assert listed[0] == {
        "operation": "system.status",
        "method": "GET",
        "path": "/open-api/v1/system/status",
        "permission": "Enable Enquiry",
        "certainty": "stated",
    }


def test_call_shows_the_rows_as_a_table(place: Workplace) -> None:
    shown = place.run(*ASSETS, "--sandbox").expect(0)

    head, row = shown.out.splitlines()[:2]
    assert head.split()[:3] == ["coinSymbol", "network", "amount"]
    assert row.split()[:2] == ["BTC", "BTC"]
    (request,) = place.requests()
    assert (request.operation, request.signed, request.code) == (
        "wallet.asset.list",
        True,
        "000000",
    )


def test_call_writes_json_with_every_digit(place: Workplace) -> None:
    received = json.loads(place.run("call", "wallet.list", "--sandbox", "--json").expect(0).out)

    assert received["operation"] == "wallet.list"
    assert [row["walletId"] for row in received["rows"]] == [
        "374671162262925312",
        "306718327844294657",
    ]


def test_call_goes_to_a_profile(place: Workplace) -> None:
    place.make_sandbox(world_text())
    with served(place) as url:
        controls = write_controls(place, url)
        shown = place.run(*ASSETS, "--controls", controls, "--profile", "main").expect(0)
        dry = place.run(*ASSETS, "--controls", controls, "--profile", "main", "--dry-run").expect(0)

    assert "BTC" in shown.out
    assert dry.out.startswith(f"GET {url}/open-api/v1/wallet/asset/list?walletId=3746711")
    assert [r.operation for r in place.requests() if r.signed] == ["wallet.asset.list"]


def test_dry_run_sends_nothing_and_needs_nothing(place: Workplace) -> None:
    shown = place.run(*ASSETS, "--dry-run").expect(0)

    line, key, signature = shown.out.splitlines()
    assert line.startswith("GET https://open-api.ceffu.com/open-api/v1/wallet/asset/list?walletId=")
    assert (key, signature) == ("open-apikey: [redacted]", "signature: [redacted]")
    assert not place.sandboxes.exists()


def test_dry_run_as_json(place: Workplace) -> None:
    request = json.loads(place.run(*ASSETS, "--dry-run", "--json").expect(0).out)

    assert set(request) == {"method", "url", "headers", "body"}


def test_wrong_parameters_end_before_anything_is_opened(place: Workplace) -> None:
    shown = place.run("call", "system.status", "walletTyp=20", "bizType=x", "--sandbox").expect(3)

    assert 'did you mean "walletType"?' in shown.err
    assert "2 errors" in shown.err
    assert not place.sandboxes.exists()


def test_unknown_operation_is_refused(place: Workplace) -> None:
    assert 'did you mean "wallet.list"?' in place.run("call", "wallet.lst").expect(3).err


def test_refusal_of_the_custodian_is_told(place: Workplace) -> None:
    shown = place.run("call", "wallet.asset.list", "walletId=1", "--sandbox").expect(9)

    assert "/open-api/v1/wallet/asset/list" in shown.err


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("runner call mirrorx.order.l", ["mirrorx.order.list"]),
        ("runner call system.status w", ["walletType="]),
        ("runner call system.status walletType=2", ["walletType=20", "walletType=21"]),
        ("runner ca", ["call"]),
    ],
)
def test_shell_is_offered_operations_and_parameters(
    place: Workplace, words: str, offered: list[str]
) -> None:
    place.variables = {
        "_RUNNER_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }

    shown = place.run()

    assert [line.partition(",")[2] for line in shown.out.splitlines()] == offered
