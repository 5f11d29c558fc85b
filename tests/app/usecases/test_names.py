"""Names that playbooks write down, against a directory."""

from runner.app.usecases.names import name_findings
from runner.catalogue.manifests import MANIFESTS
from runner.controls.directory import Directory, LinkEntry, WalletEntry
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
    loaded = load_playbook(SourceFile(name="a.yaml", text=text), MANIFESTS)
    assert loaded.playbook is not None, loaded.diagnostics
    return [(d.span.line, d.code, d.summary) for d in name_findings(loaded.playbook, DIRECTORY)]


def test_listed_names_are_fine() -> None:
    assert found() == []


def test_names_of_inputs_are_checked() -> None:
    assert found(LINK="acme/x-01", WALLET="acme/v") == [
        (5, "unknown-link", 'the directory has no Mirror link "acme/x-01"'),
        (12, "unknown-wallet", 'the directory has no wallet "acme/v"'),
    ]


def test_names_of_steps_and_coins_everywhere_are_checked() -> None:
    words = found(NETWORK="BSC", MAXIMUM="USDC", AMOUNT="USDC", TOTAL="USDC")

    assert [(line, code) for line, code, _ in words] == [
        (8, "unknown-coin"),
        (16, "unknown-coin"),
        (24, "unknown-coin"),
        (25, "unknown-network"),
    ]
