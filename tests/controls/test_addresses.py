import pytest

from runner.controls.addresses import address_problem, is_checked

SOUND = [
    # EIP-55's own examples: some have their checksum in capitals or in small letters alone.
    ("ETH", "0x52908400098527886E0F7030069857D2E4169EE7"),
    ("ETH", "0x27b1fdb04752bbc536007a920d24acb045561c26"),
    ("ETH", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    ("BSC", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"),
    ("ETH", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"),
    ("ARBITRUM", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"),
    # BIP-173 and BIP-350.
    ("BTC", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
    ("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("BTC", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
    ("BTC", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
    ("BTC", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
    ("TRX", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
    ("XRP", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"),
    ("BCH", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ("BCH", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ("DOGE", "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L"),
    ("LTC", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"),
    ("SOL", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"),
    ("ATOM", "cosmos1hsk6jryyqjfhp5dhc55tc9jtckygx0eph6dd02"),
    # What is not known is left to the custodian.
    ("SOMETHING-NEW", "anything at all"),
]
EVM = "an address of this network is 0x and 40 hexadecimal digits"
WRONG = "its checksum is wrong; copy it again from where it was made"
FOREIGN = "it is an address of another network"
WRONG_OR_FOREIGN = (
    "its checksum is wrong, or it is of another network; copy it again from where it was made"
)
UNSOUND = [
    ("ETH", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", WRONG),
    ("ETH", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", EVM),
    ("ETH", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", EVM),
    ("ETH", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n", EVM),
    ("ETH", "0x" + "0" * 40, "the zero address belongs to nobody"),
    (
        "ETH",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        (
            "the address has no checksum: write it in capital and small letters (EIP-55), as"
            " wallets and block explorers show it"
        ),
    ),
    ("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", WRONG),
    ("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kV8f3t4", WRONG),
    # Version 1 with the checksum of version 0, and the other way round: BIP-350.
    (
        "BTC",
        "BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2",
        "its checksum is of another kind of address; copy it again from where it was made",
    ),
    ("BTC", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", WRONG_OR_FOREIGN),
    ("BTC", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", WRONG_OR_FOREIGN),
    ("BTC", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", FOREIGN),
    ("TRX", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", FOREIGN),
    ("LTC", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", FOREIGN),
    ("XRP", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi", WRONG_OR_FOREIGN),
    ("BCH", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6b", WRONG),
    ("SOL", "EPjFWdd5AufqSSqeM2qN1xzy", "an address of this network is 32 bytes long"),
    ("SOL", "0OIl", "it has characters that no address of this network has"),
    ("ATOM", "osmo1hsk6jryyqjfhp5dhc55tc9jtckygx0ephl8yd4", WRONG),
    ("BTC", "", WRONG_OR_FOREIGN),
    ("BTC", "é", WRONG_OR_FOREIGN),
]


@pytest.mark.parametrize(("network", "address"), SOUND)
def test_sound_address_passes(network: str, address: str) -> None:
    assert address_problem(network, address) is None


@pytest.mark.parametrize(("network", "address", "problem"), UNSOUND)
def test_unsound_address_is_told_why(network: str, address: str, problem: str) -> None:
    assert address_problem(network, address) == problem


@pytest.mark.parametrize("position", range(2, 42))
def test_every_letter_of_an_address_in_the_wrong_case_is_found(position: int) -> None:
    address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    changed = address[:position] + address[position].swapcase() + address[position + 1 :]

    assert address_problem("ETH", changed) == (None if changed == address else WRONG)


def test_networks_that_are_not_known_are_said_not_to_be() -> None:
    assert is_checked("trx")
    assert not is_checked("SOMETHING-NEW")
