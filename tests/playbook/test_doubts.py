"""Where a warning would be wrong, none is given; what brings one is under ``invalid/``."""

import pytest

from runner.catalogue.manifests import MANIFESTS
from runner.core.diagnostics import Diagnostic, Severity
from runner.core.source import SourceFile
from runner.playbook.calls import StoredFiles
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


def doubts(text: str, called: str = "") -> tuple[Diagnostic, ...]:
    files = StoredFiles({"b.yaml": called.encode()})
    found = load_playbook(SourceFile(name="a.yaml", text=text), MANIFESTS, files).diagnostics
    assert [each for each in found if each.severity is Severity.ERROR] == []
    return found


def codes(text: str, called: str = "") -> list[str]:
    return [each.code for each in doubts(text, called)]


def indented(steps: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in steps.splitlines())


CHECK = "    assert: result.complete\n"
CHECKED = APPLY + '    assert: result.status == "success"\n'
LOOP = """\
  - id: each
    foreach: network in {items}
    key: network
    steps:
{steps}"""
GROUP = "  - id: group\n    steps:\n"
PARALLEL = """\
  - id: both
    parallel:
      - id: left
        steps:
{left}
      - id: right
        steps:
{right}"""
TRY = """\
  - id: attempt
    try:
{body}
    {other}:
{steps}"""
CALL = "  - id: call\n    playbook: ./b.yaml\n"
NETWORKS = "inputs:\n  networks: {type: list<network>, default: [ETH]}\n"
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
    "a read that is reached through its group": playbook(
        CHECKED
        + GROUP
        + indented(POSITIONS.format(id="after"), 4)
        + "  - assert: steps.group.after.complete\n"
    ),
    "a read that the loop around it looks at": playbook(
        CHECKED
        + LOOP.format(items='["ETH"]', steps=indented(POSITIONS.format(id="after"), 4))
        + "    assert: result.after.complete\n"
    ),
    "a read beside an effect": playbook(
        PARALLEL.format(left=indented(CHECKED, 8), right=indented(POSITIONS.format(id="other"), 8))
    ),
    "a read after a failure": playbook(
        TRY.format(
            body=indented(CHECKED, 4), other="rescue", steps=indented(POSITIONS.format(id="now"), 4)
        )
    ),
    "a read in any case": playbook(
        TRY.format(
            body=indented(CHECKED, 4),
            other="finally",
            steps=indented(POSITIONS.format(id="now"), 4),
        )
    ),
    "an effect that its group verifies": playbook(
        GROUP + indented(APPLY, 4) + '    assert: result.apply.status == "success"\n'
    ),
    "an effect with a wait in a group behind it": playbook(
        APPLY
        + GROUP
        + indented(WAIT.format(uses="mirror.positions", more="", until="result.complete"), 4)
    ),
    "a count in a loop over an input": playbook(
        LOOP.format(items="inputs.networks", steps=indented(CHECKED, 4)),
        count=5,
        total="5000 USDT",
        rest=NETWORKS,
    ),
    "a count in a loop that is written out": playbook(
        LOOP.format(items='["ETH", "BSC", "TRX"]', steps=indented(CHECKED, 4)),
        count=3,
        total="300 USDT",
    ),
    "a count in a loop in a loop": playbook(
        '  - id: outer\n    foreach: turn in ["a", "b"]\n    key: turn\n    steps:\n'
        + indented(LOOP.format(items='["ETH", "BSC"]', steps=indented(CHECKED, 4)), 4),
        count=4,
        total="400 USDT",
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


REACHED_ONCE = {
    "a group": GROUP + indented(CHECKED, 4),
    "an attempt": TRY.format(
        body=indented(CHECKED, 4), other="finally", steps=indented(POSITIONS.format(id="now"), 4)
    ),
    "branches": PARALLEL.format(
        left=indented(CHECKED, 8), right=indented(POSITIONS.format(id="other"), 8)
    ),
    "a loop over one item": LOOP.format(items='["ETH"]', steps=indented(CHECKED, 4)),
}


@pytest.mark.parametrize("steps", REACHED_ONCE.values(), ids=REACHED_ONCE)
def test_effect_inside_is_reached_once(steps: str) -> None:
    found = doubts(playbook(steps, count=2))

    assert [each.summary for each in found] == [
        "may allows 2 times mirror.apply, and the steps can reach 1"
    ]


def test_limits_are_held_against_every_turn_of_a_loop() -> None:
    loop = LOOP.format(items='["ETH", "BSC"]', steps=indented(CHECKED, 4))

    found = doubts(playbook(loop, count=3, total="250 USDT"))

    assert [(each.summary, each.hint) for each in found] == [
        ("may allows 3 times mirror.apply, and the steps can reach 2", "write count: 2"),
        (
            "may allows mirror.apply 250 USDT, and the steps can reach 200 USDT",
            "lower it to 200 USDT",
        ),
    ]


def test_called_playbook_reaches_what_its_own_may_allows() -> None:
    called = playbook(
        LOOP.format(items="inputs.networks", steps=indented(CHECKED, 4)),
        count=5,
        total="300 USDT",
        rest=NETWORKS,
    )

    same = f"{HEAD}may:\n  mirror.apply: {{count: 5, total: 300 USDT}}\nsteps:\n{CALL}"
    more = f"{HEAD}may:\n  mirror.apply: {{count: 6, total: 301 USDT}}\nsteps:\n{CALL}"

    assert doubts(same, called) == ()
    assert [each.summary for each in doubts(more, called)] == [
        "may allows 6 times mirror.apply, and the steps can reach 5",
        "may allows mirror.apply 301 USDT, and the steps can reach 300 USDT",
    ]


def test_doubts_of_a_called_playbook_are_told_in_its_file_alone() -> None:
    called = playbook(APPLY, rest="inputs:\n  t: {type: string, default: x}\n")
    caller = (
        f"{HEAD}inputs:\n  t: {{type: string, default: x}}\n"
        f"may:\n  mirror.apply: {{count: 1, total: 100 USDT}}\nsteps:\n{CALL}"
        f"{POSITIONS.format(id='after')}"
    )

    found = [(each.span.file, each.code) for each in doubts(caller, called)]

    assert found == [
        ("a.yaml", "input-unused"),
        ("a.yaml", "result-unused"),
        ("b.yaml", "input-unused"),
        ("b.yaml", "effect-unverified"),
    ]


def test_input_that_only_the_called_playbook_reads_is_unused() -> None:
    """Its own inputs are others, though they have the same name."""
    rest = "inputs:\n  t: {type: string, default: x}\nlabels:\n  t: ${{ inputs.t }}\n"
    called = f"{HEAD}{rest}steps:\n{POSITIONS.format(id='a')}"
    caller = f"{HEAD}inputs:\n  t: {{type: string, default: x}}\nsteps:\n{CALL}"

    assert [(each.span.file, each.code) for each in doubts(caller, called)] == [
        ("a.yaml", "input-unused")
    ]


def test_notice_behind_an_effect_is_no_read_that_nothing_looks_at() -> None:
    told = "  - uses: notify.webhook\n    with: {target: desk, text: done}\n"

    assert doubts(playbook(CHECKED + told)) == ()


def test_effect_in_a_loop_without_a_look_is_unverified() -> None:
    steps = LOOP.format(
        items='["ETH"]', steps=indented(POSITIONS.format(id="a") + CHECK + APPLY, 4)
    )

    assert codes(playbook(steps)) == ["effect-unverified"]
