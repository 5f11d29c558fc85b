"""Random playbooks that a custodian can do: groups, loops, branches, conditions known and not.

The id of a step that does not happen begins with ``n``, though only the run can find that out; so
what is sent is known beforehand, without asking the runner.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from hypothesis import strategies as st

DrawnT = TypeVar("DrawnT")

HEAD: Final = "apiVersion: runner/v1\nkind: Playbook\nname: generated\n"
COINS: Final = ("USDT", "BTC", "ETH", "XRP")
READS: Final = {
    "custody": ("wallet.assets", "{wallet: acme/custody-01, network: ETH}", "USDT"),
    "pool": ("wallet.assets", "{wallet: acme/prime-01}", "USDT"),
    "desk": ("wallet.assets", "{wallet: acme/desk-02}", "BTC"),
    "mirrored": ("mirror.positions", "{link: acme/mirror-01}", "USDT"),
    "mirrored_too": ("mirror.positions", "{link: acme/mirror-02}", "USDT"),
    "delegated": ("mirrorx.positions", "{link: acme/arb-02}", "ETH"),
}
EFFECTS: Final = (
    ("mirror.apply", "USDT", 1, "link: acme/mirror-01, network: ETH"),
    ("mirror.apply", "USDT", 1, "link: acme/mirror-02, network: BSC"),
    ("mirror.settle", "BTC", 0, "link: acme/mirror-01, network: BTC, from: ceffu"),
    ("mirrorx.delegate", "USDT", 1, "link: acme/arb-01"),
    ("mirrorx.delegate", "BTC", 0, "link: acme/arb-02"),
    ("mirrorx.undelegate", "ETH", 0, "link: acme/arb-02"),
    ("mirrorx.undelegate", "USDT", 1, "link: acme/arb-01"),
    (
        "withdrawal.create",
        "USDT",
        10,
        "from: acme/custody-01, to: acme/broker-usdt, network: ETH",
    ),
    (
        "withdrawal.create",
        "USDT",
        1,
        "from: acme/custody-01, to: acme/prime-01, network: BSC",
    ),
    ("withdrawal.create", "BTC", 0, "from: acme/prime-01, to: acme/broker-btc, network: BTC"),
    ("withdrawal.create", "BTC", 0, "from: acme/custody-01, to: acme/cosign-01, network: BTC"),
    ("subwallet.transfer", "USDT", 1, "from: acme/prime-01, to: acme/desk-02"),
    ("subwallet.transfer", "BTC", 0, "from: acme/desk-02, to: acme/prime-01"),
    ("exchange.transfer", "USDT", 1, "wallet: acme/prime-01, direction: to_exchange"),
)
"""Action, coin, the least whole amount it is good for, and what else it is given."""


@dataclass(frozen=True)
class Generated:
    """One playbook, and what it is about.

    Shapes: ``has_large`` tells that an amount may be more than there is; ``pays_in_ether`` that the
        custodian takes the fees of most withdrawals in another coin, from another account.
    """

    text: str
    has_large: bool
    pays_in_ether: bool


@dataclass
class _Writer:
    """Writes steps, and keeps what later ones may refer to."""

    draw: Callable[[st.SearchStrategy[int]], int]
    lines: list[str] = field(default_factory=list)
    count: int = 0
    reads: list[tuple[str, str]] = field(default_factory=list)
    finals: list[str] = field(default_factory=list)
    is_open: bool = False
    """Whether an effect may not have happened, or not be final, so that reads are not projected."""
    has_large: bool = False

    def pick(self, choices: Sequence[DrawnT]) -> DrawnT:
        return choices[self.draw(st.integers(0, len(choices) - 1))]

    def chance(self, one_in: int) -> bool:
        return self.draw(st.integers(1, one_in)) == one_in

    def name(self, head: str) -> str:
        self.count += 1
        return f"{head}{self.count}"

    def add(self, depth: int, *texts: str) -> None:
        self.lines += [" " * depth + text for text in texts]

    # steps

    def step(self, depth: int, *, inside: bool) -> None:
        """Write one step; only those that always happen are referred to later."""
        kinds = ["effect"] * 4 + ["read"]
        if not inside:
            kinds += ["group", "loop", "parallel"]
        kind = self.pick(kinds)
        if kind == "read":
            self.read(depth, inside=inside)
        elif kind == "effect":
            self.effect(depth, inside=inside)
        elif kind == "loop":
            self.loop(depth)
        elif kind == "group":
            self.group(depth)
        else:
            self.parallel(depth)

    def read(self, depth: int, *, inside: bool) -> None:
        action, given, coin = READS[self.pick(sorted(READS))]
        id_ = self.name("r")
        self.add(depth, f"- id: {id_}", f"  uses: {action}", f"  with: {given}")
        if not inside and not self.is_open:
            self.reads.append((id_, coin))

    def effect(self, depth: int, *, inside: bool) -> None:
        condition, happens = self.condition()
        id_ = self.name("e" if happens else "n")
        action, coin, least, given = self.pick(EFFECTS)
        self.add(depth, f"- id: {id_}", f"  effect: {action}")
        self.add(depth, f"  with: {{{given}, amount: {self.amount(coin, least)}}}")
        if condition:
            self.add(depth, f"  if: {condition}")
        if self.chance(4):
            self.add(depth, "  confirm: accepted")
            self.is_open = True
        elif not inside and not condition:
            self.finals.append(id_)

    def group(self, depth: int) -> None:
        condition, happens = self.condition()
        self.add(depth, f"- id: {self.name('g' if happens else 'n')}")
        if condition:
            self.add(depth, f"  if: {condition}")
        self.add(depth, "  steps:")
        for _ in range(self.draw(st.integers(1, 3))):
            self.step(depth + 4, inside=True)

    def loop(self, depth: int) -> None:
        keys = ["a", "b", "c d", "d/e"][: self.draw(st.integers(1, 4))]
        listed = ", ".join(f'"{key}"' for key in keys)
        action, coin, least, given = self.pick(EFFECTS)
        id_ = self.name("l")
        self.add(depth, f"- id: {id_}", f"  foreach: item in [{listed}]", "  key: item")
        if self.chance(2):
            self.add(depth, "  max_parallel: 2")
        self.add(depth, f"  effect: {action}")
        self.add(depth, f"  with: {{{given}, amount: {self.amount(coin, least)}}}")

    def parallel(self, depth: int) -> None:
        self.add(depth, f"- id: {self.name('p')}", "  parallel:")
        for _ in range(self.draw(st.integers(2, 3))):
            self.add(depth + 4, f"- id: {self.name('b')}", "  steps:")
            for _ in range(self.draw(st.integers(1, 2))):
                self.step(depth + 8, inside=True)

    # values

    def condition(self) -> tuple[str, bool]:
        """Return an `if`, or nothing, and whether it holds when it is run."""
        kind = self.pick(["none", "none", "known", "unknown"])
        if kind == "known" and self.reads:
            read, coin = self.pick(self.reads)
            holds = self.chance(2)
            sign = ">" if holds else "<"
            return f'balance(steps.{read}, "{coin}") {sign} 0', holds
        if kind == "unknown" and self.finals:
            holds = self.chance(2)
            self.is_open = True
            sign = "==" if holds else "!="
            return f'steps.{self.pick(self.finals)}.status {sign} "success"', holds
        return "", True

    def amount(self, coin: str, least: int) -> str:
        known = [read for read, of in self.reads if of == coin]
        if known and self.chance(3):
            part = "0.001" if coin != "BTC" else "0.01"
            read = self.pick(known)
            return f"\"${{{{ round_down(balance(steps.{read}, '{coin}') * {part}, 4) }}}}\""
        if self.chance(40):
            self.has_large = True
            return f"{self.draw(st.integers(100, 3_000_000))} {coin}"
        cents = self.draw(st.integers(10, 99))
        if coin == "BTC":
            return f"0.00{cents} {coin}"
        whole = self.draw(st.integers(least, least + 5)) if least else 0
        return f"{whole}.{cents:02} {coin}"


@st.composite
def playbooks(draw: Callable[[st.SearchStrategy[int]], int]) -> Generated:
    """Return playbooks of up to six steps, some with steps inside."""
    writer = _Writer(draw)
    pays_in_ether = not writer.chance(3)
    for _ in range(draw(st.integers(1, 6))):
        writer.step(2, inside=False)
    used = sorted(
        {action for action, *_ in EFFECTS if f"effect: {action}\n" in writer_text(writer)}
    )
    total = ", ".join(f"900000000 {coin}" for coin in COINS)
    may = "".join(f"  {action}: {{count: 99, total: [{total}]}}\n" for action in used)
    head = HEAD + (f"may:\n{may}" if may else "")
    return Generated(
        text=f"{head}steps:\n{writer_text(writer)}",
        has_large=writer.has_large,
        pays_in_ether=pays_in_ether,
    )


def writer_text(writer: _Writer) -> str:
    """Return the steps written so far."""
    return "".join(f"{line}\n" for line in writer.lines)
