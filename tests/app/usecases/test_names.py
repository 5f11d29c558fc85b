"""Names that playbooks write down, against controls."""

from pathlib import Path

import pytest

from runner.app.usecases.loading import bound_inputs, check_names
from runner.app.usecases.names import Names, load_names, name_findings
from runner.catalogue.manifests import MANIFESTS
from runner.controls.directory import Directory, LinkEntry, WalletEntry
from runner.controls.place import place_from_text
from runner.core.diagnostics import Diagnostic
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.playbook.load import load_playbook

DIRECTORY = Directory(
    entity="acme",
    coins={"USDT": 6},
    networks=frozenset({"ETH"}),
    wallets={"acme/w": WalletEntry(name="acme/w", id="1", type="qualified")},
    mirror_links={"acme/arb-01": LinkEntry(name="acme/arb-01", id="2", wallet="acme/w")},
    mirrorx_links={"acme/x-01": LinkEntry(name="acme/x-01", id="3", wallet="acme/w")},
)
PLAYBOOK = """\
apiVersion: runner/v1
kind: Playbook
name: names
inputs:
  link:
    type: mirror_link
    default: LINK
  amount:
    type: money
    default: 5 MAXIMUM
    max: 10 MAXIMUM
  wallet:
    type: wallet
    choices: [acme/w, WALLET]
may:
  mirror.apply:
    count: 1
    total: [10 USDT, 1 TOTAL]
steps:
  - id: send
    effect: mirror.apply
    with:
      link: ${{ inputs.link }}
      amount: 5 AMOUNT
      network: NETWORK
  - id: look
    uses: wallet.assets
    with:
      wallet: ${{ inputs.wallet }}
"""
GOOD = {
    "LINK": "acme/arb-01",
    "MAXIMUM": "USDT",
    "WALLET": "acme/w",
    "TOTAL": "USDT",
    "AMOUNT": "USDT",
    "NETWORK": "ETH",
}


def found(**words: str) -> list[tuple[int, str, str]]:
    """Return line, code and summary of every finding about a playbook with these words."""
    text = PLAYBOOK.replace("[10 USDT, 1 TOTAL]", "10 TOTAL").replace(
        "[acme/w, WALLET]", "[WALLET]"
    )
    for name, word in {**GOOD, **words}.items():
        text = text.replace(name, word)
    return [(d.span.line, d.code, d.summary) for d in findings(text)]


def findings(text: str, targets: frozenset[str] | None = frozenset({"desk"})) -> list[Diagnostic]:
    """Return what is found about the names of a playbook."""
    loaded = load_playbook(SourceFile(name="a.yaml", text=text), MANIFESTS)
    return list(name_findings(loaded.words, Names(directory=DIRECTORY, targets=targets)))


def test_listed_names_are_fine() -> None:
    assert found() == []


def test_names_of_inputs_are_checked() -> None:
    assert found(LINK="acme/x-01", WALLET="acme/v") == [
        (7, "unknown-link", 'the directory has no Mirror link "acme/x-01"'),
        (14, "unknown-wallet", 'the directory has no wallet "acme/v"'),
    ]


def test_names_of_steps_and_coins_everywhere_are_checked() -> None:
    words = found(NETWORK="BSC", MAXIMUM="USDC", AMOUNT="USDC", TOTAL="USDC")

    assert [(line, code) for line, code, _ in words] == [
        (10, "unknown-coin"),
        (11, "unknown-coin"),
        (18, "unknown-coin"),
        (24, "unknown-coin"),
        (25, "unknown-network"),
    ]


HEAD = """\
apiVersion: runner/v1
kind: Playbook
name: words
inputs:
  link: {type: mirror_link, required: true}
  wallet: {type: wallet, required: true}
  amounts:
    type: list<money>
    default:
      - 5 USDT
      - 5 USDC
  by_coin: {type: "map<coin, money>", default: {BTC: 1 BTC}}
  target: {type: string, default: dask}
steps:
  - id: look
    uses: wallet.assets
    with: {wallet: "${{ inputs.wallet }}"}
"""


def placed(text: str) -> list[tuple[str, str]]:
    """Return the code and the characters pointed at, of what is found below the head."""
    whole = HEAD + text
    lines = whole.splitlines()
    return [
        (each.code, lines[each.span.line - 1][each.span.column - 1 : each.span.end_column - 1])
        for each in findings(whole)
        if each.span.line > HEAD.count("\n")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('assert: inputs.link == "acme/arb-02"', [("unknown-link", '"acme/arb-02"')]),
        ('assert: inputs.link in ["acme/arb-01", "x/y"]', [("unknown-link", '"x/y"')]),
        ('assert: balance(steps.look, "DOGE") > 0', [("unknown-coin", '"DOGE"')]),
        ("assert: steps.look.by_coin.DOGE > 0", [("unknown-coin", "DOGE")]),
        ('assert: steps.look.by_coin["DOGE"] > 0', [("unknown-coin", '"DOGE"')]),
        (
            'assert: get(steps.look, "by_coin.DOGE", money("0 USDT")) > 0',
            [("unknown-coin", '"by_coin.DOGE"')],
        ),
        ('assert: money("5 DOGE") > 0', [("unknown-coin", '"5 DOGE"')]),
        ('assert: money(5, "DOGE") > 0', [("unknown-coin", '"DOGE"')]),
        ('assert: round_down(1.5, places("DOGE")) > 0', [("unknown-coin", '"DOGE"')]),
        (
            'assert: any(row.coin == "DOGE" for row in steps.look.rows)',
            [("unknown-coin", '"DOGE"')],
        ),
        ('let: {wallet: inputs.wallet if 1 > 0 else "acme/v"}', [("unknown-wallet", '"acme/v"')]),
        ('assert: inputs.wallet == "acme/w" and balance(steps.look, "USDT") > 0', []),
        # What is no word of the directory is nobody's business here.
        ('assert: contains("DOGE", "OG")', []),
    ],
)
def test_words_of_expressions_are_checked_by_their_type(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert placed(f"  - id: held\n    {text}\n") == expected


def test_every_word_of_lists_and_maps_is_checked_where_it_stands() -> None:
    found = [(each.span.line, each.summary) for each in findings(HEAD)]

    assert found == [
        (11, 'the directory has no coin "USDC"'),
        (12, 'the directory has no coin "BTC"'),
    ]


def test_names_are_checked_beside_other_errors() -> None:
    """All at once: who fixes one mistake should not meet the next one a minute later."""
    steps = '  - id: a\n    assert: nonsense\n  - id: b\n    assert: money("1 DOGE") > 0\n'

    assert placed(steps) == [("unknown-coin", '"1 DOGE"')]


def test_near_name_is_proposed() -> None:
    steps = '  - id: a\n    assert: inputs.link == "acme/arb-10"\n'

    hints = [each.hint for each in findings(HEAD + steps) if each.code == "unknown-link"]

    assert hints == ['did you mean "acme/arb-01"?']


NOTICE = "  - uses: notify.webhook\n    with: {{target: {target}, text: hello}}\n"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("desk", []),
        ("dask", ["dask"]),
        ("\"${{ 'desk' if 1 > 0 else 'dusk' }}\"", ["'dusk'"]),
    ],
)
def test_targets_of_notices_are_checked(target: str, expected: list[str]) -> None:
    found = placed(NOTICE.format(target=target))

    assert found == [("unknown-name", each) for each in expected]


def test_target_may_come_from_an_input() -> None:
    found = findings(HEAD + NOTICE.format(target='"${{ inputs.target }}"'))

    assert [(each.span.line, each.summary, each.hint) for each in found][-1] == (
        13,
        'the profiles have no target "dask" to notify',
        'did you mean "desk"?',
    )


def test_any_target_is_right_where_all_are_taken() -> None:
    found = findings(HEAD + NOTICE.format(target="dask"), targets=None)

    assert "unknown-name" not in {each.code for each in found}


PROFILES = """\
apiVersion: runner/v1
kind: Profiles
profiles:
  live:
    kind: custodian
    url: https://open-api.ceffu.com
    entity: acme
    production: true
    notify:
      desk: {url: "https://hooks.acme.example/desk"}
  other:
    kind: custodian
    url: https://open-api.ceffu.com
    entity: acme
    notify:
      risk: {url: "https://hooks.acme.example/risk"}
  local: {kind: sandbox, url: "http://127.0.0.1:8901", entity: acme}
"""


@pytest.mark.parametrize(
    ("profile", "targets"),
    [(None, {"desk", "risk"}), ("live", {"desk"}), ("other", {"risk"}), ("local", None)],
)
def test_targets_are_those_of_a_profile_or_of_all(
    tmp_path: Path, profile: str | None, targets: set[str] | None
) -> None:
    """Nothing is sent, so that controls need not be protected, as those of ``live`` are not."""
    (tmp_path / "profiles.yaml").write_text(PROFILES)
    directory = "apiVersion: runner/v1\nkind: Directory\nentity: acme\ncoins: {USDT: 6}\n"
    (tmp_path / "directory.yaml").write_text(directory)

    names = load_names(place_from_text(str(tmp_path), folder=tmp_path), profile)

    assert names.targets == targets
    assert names.directory.coins == {"USDT": 6}


def test_given_name_that_is_not_listed_is_shown_where_it_was_given(tmp_path: Path) -> None:
    """A plan's reader did not write the playbook, and looks into the file of inputs."""
    text = "apiVersion: runner/v1\nkind: Inputs\ninputs:\n  amounts:\n    - 1 USDT\n    - 2 DOGE\n"
    file = tmp_path / "monday.yaml"
    file.write_text(f"{text}  wallet: acme/w\n")
    loaded = load_playbook(SourceFile(name="a.yaml", text=HEAD), MANIFESTS)
    assert loaded.playbook is not None
    bound = bound_inputs(loaded.playbook, ["link=acme/arb-02"], file)

    with pytest.raises(InvalidInput) as raised:
        check_names(loaded.playbook, bound, DIRECTORY)

    assert [(each.span.line, each.span.file) for each in raised.value.diagnostics] == [
        (1, "--input"),
        (6, str(file)),
        # Not given: the default of ``by_coin``, by the line of its declaration.
        (12, "a.yaml"),
    ]
