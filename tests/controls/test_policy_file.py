"""Policies as people write them; every message is kept word for word in ``policies/*.err``.

``UPDATE_GOLDEN=1 pytest tests/controls/test_policy_file.py`` writes them anew; read the diff.
"""

import os
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from runner.controls.directory import Directory, LinkEntry, WalletEntry
from runner.controls.policy import Approval, Bounds, Hours, Policy, SumBound, VerdictKind
from runner.controls.policy_file import policy_from_document
from runner.controls.policy_lint import policy_doubts
from runner.core.diagnostics import Diagnostic, has_errors
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.documents.files import read_source
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml
from runner.reporting.diagnostics import render_diagnostics
from runner.reporting.terminal import Terminal

EXAMPLES = Path(__file__).parent / "policies"
CASES = sorted(EXAMPLES.glob("*.yaml"))

DIRECTORY = Directory(
    entity="acme",
    coins={"USDT": 6, "ETH": 18},
    networks=frozenset({"ETH", "BSC"}),
    wallets={
        "treasury": WalletEntry(name="treasury", id="1", type="prime"),
        "custody": WalletEntry(name="custody", id="2", type="qualified"),
    },
    mirror_links={"acme/arb-01": LinkEntry(name="acme/arb-01", id="3", wallet="custody")},
    mirrorx_links={"acme/arb-02": LinkEntry(name="acme/arb-02", id="4", wallet="treasury")},
)

WHOLE = """\
apiVersion: runner/v1
kind: Policy
rules:
  - name: trims-by-day
    reason: Agreed with risk.
    match:
      action: mirrorx.undelegate
      coin: [USDT, ETH]
      link: acme/arb-*
      playbook: mirrorx-trim
      time:
        days: [mon, fri]
        hours: "22:00-06:00"
        zone: Europe/Zurich
      amount:
        above: 1 USDT
        at_most: [1000.5 USDT, 3 ETH]
      sum:
        window: 1d
        at_most: 5000 USDT
        per: [link, action]
    verdict: allow
  - name: rest
    reason: Two of the desk.
    verdict:
      approve:
        groups: [treasury, risk]
        count: 2
        delay: 30m
"""


def _read(text: str, *, directory: Directory | None = DIRECTORY) -> Policy:
    node = read_yaml(SourceFile(name="folder/policy.yaml", text=text))
    assert check_schema(node, "policy") == ()
    return policy_from_document(node, directory=directory)


def _found_in(path: Path) -> tuple[Diagnostic, ...]:
    node = read_yaml(read_source(path, name=path.name))
    found = check_schema(node, "policy")
    if has_errors(found):
        return found
    try:
        policy = policy_from_document(node, directory=DIRECTORY)
    except InvalidInput as error:
        return error.diagnostics
    return policy_doubts(policy, directory=DIRECTORY)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_strange_policy_is_told_what_where_and_the_way_out(path: Path) -> None:
    text = render_diagnostics(
        _found_in(path), Terminal(), lambda name: read_source(EXAMPLES / name, name=name)
    )

    golden = path.with_suffix(".err")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_codes_of_policies_have_their_examples() -> None:
    """The codes that no playbook brings up."""
    codes = {found.code for path in CASES for found in _found_in(path)}

    assert codes >= {"policy-rule-impossible", "policy-rule-unreachable", "policy-open-end"}


def test_every_key_is_read() -> None:
    first, rest = _read(WHOLE).rules

    assert first.name == "trims-by-day"
    assert first.reason == "Agreed with risk."
    assert first.place == "policy.yaml:4"
    assert first.verdict is VerdictKind.ALLOW
    assert first.words == {
        "action": ("mirrorx.undelegate",),
        "coin": ("USDT", "ETH"),
        "link": ("acme/arb-*",),
        "playbook": ("mirrorx-trim",),
    }
    assert first.hours == Hours(
        zone=ZoneInfo("Europe/Zurich"),
        days=frozenset({"mon", "fri"}),
        start=time(22),
        end=time(6),
    )
    assert first.amount == Bounds(
        above={"USDT": Decimal(1)}, at_most={"USDT": Decimal("1000.5"), "ETH": Decimal(3)}
    )
    assert first.sum == SumBound(
        window=timedelta(days=1),
        bounds=Bounds(at_most={"USDT": Decimal(5000)}),
        per=("link", "action"),
    )
    assert rest.words == {}
    assert rest.verdict is VerdictKind.APPROVE
    assert rest.approval == Approval(
        groups=("treasury", "risk"), count=2, delay=timedelta(minutes=30)
    )


def test_sound_policy_raises_no_doubt() -> None:
    assert policy_doubts(_read(WHOLE), directory=DIRECTORY) == ()


def test_names_are_left_alone_without_a_directory() -> None:
    text = WHOLE.replace("acme/arb-*", "nobody/knows").replace("[USDT, ETH]", "[XYZ, USDT]")

    assert _read(text, directory=None).rules[0].words["link"] == ("nobody/knows",)


def test_actions_are_known_without_a_directory() -> None:
    with pytest.raises(InvalidInput) as caught:
        _read(WHOLE.replace("mirrorx.undelegate", "mirrorx.positions"), directory=None)

    assert caught.value.diagnostics[0].code == "unknown-action"
