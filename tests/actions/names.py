"""A directory with something of everything, for effects that no default world has names for."""

from runner.controls.destination import DestinationEntry
from runner.controls.directory import Directory, WalletEntry

CUSTODY = WalletEntry(name="acme/custody-01", id="374671162262925312", type="qualified")
PRIME = WalletEntry(
    name="acme/prime-01", id="306718327844294657", type="prime", exchange_uid="842131231"
)
OTHER_PRIME = WalletEntry(name="acme/prime-02", id="1544594690749788161", type="prime")
DESK = WalletEntry(
    name="acme/desk-01", id="370388040948248576", type="prime_sub", parent="acme/prime-01"
)
ORPHAN = WalletEntry(name="acme/desk-09", id="370388040948248577", type="prime_sub")
COLD = DestinationEntry(
    name="acme/cold-01",
    address="0x52908400098527886E0F7030069857D2E4169EE7",
    networks=("ETH",),
    coins=("USDT", "ETH"),
    label="Cold vault",
)
TAGGED = DestinationEntry(
    name="acme/exchange-01",
    address="rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh",
    networks=("XRP",),
    memo="82486739",
    label="Exchange",
    correspondent={
        "correspondentType": "0",
        "toFromType": "0",
        "fullName": "Example Ltd",
        "provider": "Example Exchange",
    },
)
UNLABELLED = DestinationEntry(name="acme/vault-01", address="bc1qw508d6", networks=("BTC",))
INSIDE = DestinationEntry(name="acme/custody", wallet_id=CUSTODY.id, wallet="acme/custody-01")
PARTNER = DestinationEntry(name="partner/prime", wallet_id="1642895641310679041")
DIRECTORY = Directory(
    entity="acme",
    coins={"USDT": 6, "BTC": 8, "ETH": 18, "XRP": 6},
    networks=frozenset({"ETH", "BTC", "XRP", "BSC"}),
    wallets={w.name: w for w in (CUSTODY, PRIME, OTHER_PRIME, DESK, ORPHAN)},
    destinations={d.name: d for d in (COLD, TAGGED, UNLABELLED, INSIDE, PARTNER)},
)
