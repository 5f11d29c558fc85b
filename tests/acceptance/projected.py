"""The accounts of plans, as the sandbox's books spell them."""

from runner.sandbox.world import World


def ledger_account(world: World, account: str, coin: str) -> str:
    """Return how the ledger spells a projected account."""
    kind, name, *network = account.split(":")
    ids = {wallet.name: wallet.id for wallet in world.wallets}
    ids |= {link.name: link.id for link in world.mirror_links}
    ids |= {link.name: link.id for link in world.mirrorx_links}
    return "/".join((kind, ids[name], coin, *network))
