"""``api.<operation>`` in a playbook: read, waited for, and pinned like any other read."""

import pytest

from tests.acceptance.workplace import Workplace

PLAYBOOK = """\
apiVersion: runner/v1
kind: Playbook
name: raw-reads
steps:
  - id: assets
    uses: api.wallet.asset.list
    with:
      walletId: "374671162262925312"
      coinSymbol: BTC
    assert: all(row.availableAmount > 0 for row in result.rows)

  - id: normal
    wait:
      uses: api.system.status
      with:
        bizType: 30
        walletType: 20
      until: result.status == "0"
      every: 1s..2s
      timeout: 10s

  - id: orders
    uses: api.mirrorx.order.list
    with:
      mirrorXLinkId: "7127"
      startTime: ${{ now - duration("60d") }}
      endTime: ${{ now }}

outputs:
  held:
    type: decimal
    value: ${{ sum([row.amount for row in steps.assets.rows]) }}
"""

LISTS = """\
apiVersion: runner/v1
kind: Playbook
name: raw-lists
steps:
  - id: moved
    uses: api.transaction.history
    with:
      startDate: "2026-11-01"
      endDate: "2026-11-22"
      walletType: 20
      walletIds: ${{ ["1", "2"] }}
      bizTypes: ${{ [10, 20] }}
"""


def test_raw_reads_run_in_a_playbook(place: Workplace) -> None:
    file = place.write("job.yaml", PLAYBOOK)

    done = place.run("run", file, "--sandbox", "--yes").expect(0)

    assert "held  25.5" in done.out
    asked = [request.operation for request in place.requests()]
    # 60 days of orders take three windows, in the plan and in the run; a plan does not wait.
    planned = ["wallet.asset.list", *["mirrorx.order.list"] * 3]
    assert asked == [*planned, "wallet.asset.list", "system.status", *["mirrorx.order.list"] * 3]


def test_lists_and_days_are_arguments(place: Workplace) -> None:
    place.run("validate", place.write("job.yaml", LISTS)).expect(0)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("api.wallet.asset.lst", "api.wallet.asset.list"),
        ("wallet.asset.list", "api.wallet.asset.list"),
        ("wallet.asset", "wallet.assets"),
    ],
)
def test_misspelt_read_is_named(place: Workplace, written: str, meant: str) -> None:
    text = PLAYBOOK.replace("api.wallet.asset.list", written)

    shown = place.run("validate", place.write("job.yaml", text)).expect(3)

    assert f'did you mean "{meant}"?' in shown.out + shown.err


def test_misspelt_argument_is_named(place: Workplace) -> None:
    text = PLAYBOOK.replace("walletId:", "walletid:")

    shown = place.run("validate", place.write("job.yaml", text)).expect(3)

    assert 'did you mean "walletId"?' in shown.out + shown.err
