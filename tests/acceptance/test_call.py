"""``runner call``: one request of the API by its own name."""

import json
from decimal import Decimal

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
        "412207751180337153",
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
        ("runner cal", ["call"]),
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


# writes

APPLY = (
    "call",
    "mirror.asset.apply",
    "mirrorLinkId=1450411129215791001",
    "coinSymbol=USDT",
    "network=ETH",
    "amount=5.50",
)


def test_write_is_planned_shown_and_applied_once(quick_place: Workplace) -> None:
    done = quick_place.run(*APPLY, "--sandbox", "--yes").expect(0)

    (moved,) = quick_place.moved()
    assert moved[3] == Decimal("5.5")
    assert "=> EFFECT  planned    call" in done.out
    assert moved[2] in done.out
    assert "exit 0: done" in done.out


def test_write_is_not_sent_without_a_yes(quick_place: Workplace) -> None:
    shown = quick_place.run(*APPLY, "--sandbox").expect(64)

    assert "there is no terminal to ask on" in shown.err
    assert quick_place.moved() == []


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_dry_run_of_a_write_stops_after_the_plan(
    quick_place: Workplace, form: tuple[str, ...]
) -> None:
    shown = quick_place.run(*APPLY, "--sandbox", "--dry-run", *form).expect(0)

    assert "mirror.apply" in shown.out
    assert quick_place.moved() == []
    if form:
        assert json.loads(shown.out)


def test_killed_write_is_resumed_from_the_journal(place: Workplace) -> None:
    place.make_sandbox(
        world_text(reply_delay="mirror.asset.apply: 20s", records_carry_request_id=True)
    )
    started = place.start(*APPLY, "--sandbox", "--yes")
    place.wait_for(lambda requests: any(r.method == "POST" for r in requests), unless=started)
    started.kill()
    (run,) = [
        word
        for word in place.run("runs", "--sandbox").expect(0).out.split()
        if word.startswith("R-")
    ]

    place.run("resume", run, "--sandbox").expect(0)

    assert len(place.moved()) == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            ("withdrawal.create_v1", "amount=1"),
            "no action of this version sends withdrawal.create_v1",
        ),
        (
            ("mirrorx.order.create", "mirrorXLinkId=7", *APPLY[3:4], "orderType=10", "amount=1"),
            "the directory has no MirrorX link with the id 7",
        ),
        (
            (*APPLY[1:3], "coinSymbol=USDT", "network=TRX", "amount=1"),
            'the directory has no network "TRX"',
        ),
        ((*APPLY[1:5], "amount=1e3"), "1e3"),
        ((*APPLY[1:], "requestId=1"), "takes no parameter requestId"),
        ((*APPLY[1:], "operationType=1"), "mirror.apply, which sends mirror.asset.apply, gives no"),
    ],
)
def test_write_that_cannot_be_planned_is_refused(
    quick_place: Workplace, words: tuple[str, ...], reason: str
) -> None:
    shown = quick_place.run("call", *words, "--sandbox", "--yes").expect(3)

    assert reason in shown.err
    assert quick_place.writes() == ()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (APPLY, "mirror.asset.apply is inferred"),
        (
            ("call", "mirrorx.order.create", "mirrorXLinkId=7127", "orderType=10"),
            "a call has no `once`",
        ),
    ],
)
def test_write_is_refused_outside_a_sandbox(
    place: Workplace, words: tuple[str, ...], reason: str
) -> None:
    controls = write_controls(place, "https://custodian.example", kind="custodian")

    shown = place.run(*words, "--controls", controls, "--profile", "main", "--yes").expect(3)

    assert reason in shown.err
