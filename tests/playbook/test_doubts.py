"""Where a warning would be wrong, none is given; what brings one is under ``invalid/``."""

import pytest

from runner.catalogue.manifests import MANIFESTS
from runner.core.diagnostics import Severity
from runner.core.source import SourceFile
from runner.playbook.load import load_playbook

HEAD = "apiVersion: runner/v1\nkind: Playbook\nname: example\n"
APPLY = """\
  - id: apply
    effect: mirror.apply
    with: {link: acme/mirror-01, amount: 100 USDT, network: ETH}
"""
POSITIONS = """\
  - id: {id}
    uses: mirror.positions
    with: {{link: acme/mirror-01}}
"""
WAIT = """\
  - id: arrived
    wait:
      uses: {uses}
      with: {{link: acme/mirror-01{more}}}
      until: {until}
      timeout: 5m
"""


def playbook(steps: str, *, total: str = "100 USDT", count: int = 1, rest: str = "") -> str:
    may = f"may:\n  mirror.apply: {{count: {count}, total: {total}}}\n"
    return f"{HEAD}{rest}{may if 'effect:' in steps else ''}steps:\n{steps}"


def codes(text: str) -> list[str]:
    found = load_playbook(SourceFile(name="a.yaml", text=text), MANIFESTS).diagnostics
    assert [each for each in found if each.severity is Severity.ERROR] == []
    return [each.code for each in found]


CHECK = "    assert: result.complete\n"
SILENT = {
    "an input read in a label": (
        f"{HEAD}inputs:\n  t: {{type: string, default: x}}\nlabels:\n  t: ${{{{ inputs.t }}}}\n"
        f"steps:\n{POSITIONS.format(id='a')}"
    ),
    "an input read in once": (
        f"{HEAD}inputs:\n  t: {{type: string, default: x}}\nonce: ${{{{ inputs.t }}}}\n"
        f"steps:\n{POSITIONS.format(id='a')}"
    ),
    "a let read by another": playbook(
        POSITIONS.format(id="a") + "    let:\n      x: 1 + 1\n      z: x + 1\n    assert: z > 0\n"
    ).replace("len(result.rows)", "1 + 1"),
    "a let read in the message": playbook(
        POSITIONS.format(id="a") + CHECK + "    let:\n      x: 1 + 1\n    message: ${{ x }} rows\n"
    ),
    "a read before the effect": playbook(
        POSITIONS.format(id="before") + APPLY + POSITIONS.format(id="after") + CHECK
    ),
    "a read in a playbook without effects": playbook(POSITIONS.format(id="only")),
    "a read that a later step looks at": playbook(
        APPLY + POSITIONS.format(id="after") + "  - assert: steps.after.complete\n"
    ),
    "a read shown in outputs": playbook(
        APPLY + '    assert: result.status == "success"\n' + POSITIONS.format(id="after")
    )
    + "outputs:\n  x: {type: bool, value: '${{ steps.after.complete }}'}\n",
    "a wait for something without a status": playbook(
        WAIT.format(uses="mirror.positions", more="", until="result.complete")
    ),
    "a wait that ends at a failure as well": playbook(
        WAIT.format(
            uses="mirror.record",
            more=', record: "1"',
            until='result.status in ["success", "failed"]',
        )
    ),
    "a wait for something to be found": playbook(
        WAIT.format(uses="mirror.record", more=', record: "1"', until="result.found")
    ),
    "an effect with a wait behind it": playbook(
        APPLY + WAIT.format(uses="mirror.positions", more="", until="result.complete")
    ),
    "a total with an amount that is not known": playbook(
        (APPLY + '    assert: result.status == "success"\n').replace(
            "100 USDT", '"${{ inputs.a }}"'
        ),
        total="5000 USDT",
        rest="inputs:\n  a: {type: money, default: 5 USDT}\n",
    ),
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_nothing_is_said_of(text: str) -> None:
    assert codes(text) == []


def test_no_warning_stands_beside_an_error() -> None:
    text = playbook(APPLY, count=5).replace("mirror-01", "mirror-01, nonsense: 1")

    found = load_playbook(SourceFile(name="a.yaml", text=text), MANIFESTS).diagnostics

    assert {each.code for each in found} == {"unknown-argument"}


def test_every_doubt_is_told_at_once() -> None:
    text = playbook(APPLY + POSITIONS.format(id="after"), count=2, total="[200 USDT, 1 BTC]")

    assert codes(text) == ["may-too-wide"] * 3 + ["effect-unverified", "result-unused"]
