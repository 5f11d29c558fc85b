"""Taking withdrawals: what is checked before one is accepted, and what it moves.

On the chain (transferType 10) the amount leaves for everybody else and the fee for the custodian;
to another wallet of the sandbox (transferType 20), of whatever entity, it never leaves custody and
costs nothing. The limits of a network, whether withdrawals are open on it, its addresses and the
whitelist are about the chain, so they do not apply off it.

No source names a code for a closed network, an address that does not fit or one that is not on the
whitelist: all of them are an invalid parameter here (G20005); below the minimum and above the
maximum are an invalid amount (G20022).
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from types import MappingProxyType

from runner.core.money import CONTEXT, ZERO, amount_text
from runner.core.record import record
from runner.sandbox.accounts import custody_account, fee_source, fees_account, outside_account
from runner.sandbox.call import Answer, Call, Handler, accept_order, amount_of, coin_of, wallet_of
from runner.sandbox.holders import OpenWallet
from runner.sandbox.orders import Family, Leg, NewOrder, stages_of
from runner.sandbox.refusal import Refused
from runner.sandbox.world import Coin, CoinNetwork, Fee, WalletType

ON_CHAIN = 10
OFF_CHAIN = 20
ADDRESS_APPROVED = 30
"""The status of a whitelisted address that money may be withdrawn to.

Source: operations.yaml, enums, AddressStatus.
"""


@record
class _Version:
    """How the two versions of the operation differ.

    Shapes: ``own_fee_networks`` are those on which a caller may choose the fee.
    Source: operations.yaml, withdrawal.create and withdrawal.create_v1; that the amount of version
        1 includes the fee is inferred there.
    """

    wallet_types: frozenset[WalletType]
    own_fee_networks: frozenset[str]
    amount_includes_fee: bool


_V1 = _Version(
    wallet_types=frozenset({WalletType.QUALIFIED, WalletType.PRIME}),
    own_fee_networks=frozenset({"ETH", "BTC", "XRP", "TRON"}),
    amount_includes_fee=True,
)
_V2 = _Version(
    wallet_types=frozenset({WalletType.QUALIFIED, WalletType.COSIGN, WalletType.PRIME}),
    own_fee_networks=frozenset({"ETH"}),
    amount_includes_fee=False,
)


@record
class _Wish:
    """A withdrawal somebody asks for, its wallet, coin, network and amount read."""

    wallet: OpenWallet
    coin: Coin
    chain: CoinNetwork
    amount: Decimal
    memo: str


def withdrawal_create(call: Call) -> Answer:
    """Answer ``withdrawal.create``: the receiver gets the amount, the fee comes on top."""
    return _create(call, _V2)


def withdrawal_create_v1(call: Call) -> Answer:
    """Answer ``withdrawal.create_v1``: the fee, where it is in the same coin, is in the amount.

    The page demands withdrawalAddress and toWalletIdStr together; here both must be there and one
    of them empty.
    """
    return _create(call, _V1)


def withdrawal_fee(call: Call) -> Answer:
    """Answer ``withdrawal.fee``: what a withdrawal would cost now, nothing to another wallet.

    The sources do not say what slow and fast fees are, so there are none.
    """
    wallet = _source_wallet(call)
    coin = coin_of(call)
    chain = _chain_of(call, coin)
    if "amount" in call.given:
        amount_of(call, coin)
    fee = chain.fee
    if call.given.get("toWalletIdStr"):
        _target_wallet(call, wallet)
        fee = None
    charged = fee or Fee(coin=coin.symbol, amount=ZERO)
    return Answer(
        data={
            "feeAmount": amount_text(charged.amount),
            "feeSymbol": charged.coin,
            "slowFeeAmount": None,
            "avlFeeAmount": amount_text(charged.amount),
            "fastFeeAmount": None,
        }
    )


def _create(call: Call, version: _Version) -> Answer:
    wallet = _source_wallet(call)
    if wallet.type not in version.wallet_types:
        raise Refused("G20024", "wallets of this type do not withdraw here")
    coin = coin_of(call)
    wish = _Wish(
        wallet=wallet,
        coin=coin,
        chain=_chain_of(call, coin),
        amount=amount_of(call, coin),
        memo=call.given.get("memo", ""),
    )
    address = call.given.get("withdrawalAddress", "")
    if bool(address) == bool(call.given.get("toWalletIdStr")):
        raise Refused("G20005", "one of withdrawalAddress and toWalletIdStr is needed")
    new = _on_chain(call, version, wish, address) if address else _off_chain(call, wish)
    order = accept_order(call, new)
    return Answer(
        data={"orderViewId": order.id, "status": order.status, "transferType": order.type},
        order=order,
    )


def _on_chain(call: Call, version: _Version, wish: _Wish, address: str) -> NewOrder:
    coin, network = wish.coin.symbol, wish.chain.network
    _check_limits(wish)
    _check_address(call, wish, address)
    fee = _fee_of(call, version, wish)
    in_coin = fee.amount if fee.coin == coin else ZERO
    sent, listed = wish.amount, CONTEXT.add(wish.amount, in_coin)
    if version.amount_includes_fee:
        sent, listed = CONTEXT.subtract(wish.amount, in_coin), wish.amount
    if sent <= 0:
        raise Refused("G20022", "the fee leaves nothing of the amount")
    source = custody_account(wish.wallet, coin, network)
    legs = [Leg(debit=source, credit=outside_account(coin, network), amount=sent)]
    if fee.amount:
        fee_coin = next(each for each in call.world.coins if each.symbol == fee.coin)
        payer = fee_source(wish.wallet, fee_coin, network)
        legs.append(Leg(debit=payer, credit=fees_account(fee.coin), amount=fee.amount))
    return NewOrder(
        family=Family.WITHDRAWAL,
        type=ON_CHAIN,
        entity=call.entity,
        owner=wish.wallet.id,
        request_id=call.given.get("requestId", ""),
        key_name=call.key.name,
        coin=coin,
        network=network,
        amount=listed,
        legs=tuple(legs),
        stages=stages_of(call.books.now_ms, call.world.timings.withdrawal, confirms=True),
        details={
            "tx_id": _transaction_of(call, wish.chain),
            "from_address": _from_address(call, wish),
            "to_address": address,
            "memo": wish.memo,
            "fee_coin": fee.coin,
            "fee_amount": amount_text(fee.amount),
        },
    )


def _off_chain(call: Call, wish: _Wish) -> NewOrder:
    coin, network = wish.coin.symbol, wish.chain.network
    if call.given.get("customizeFeeAmount"):
        raise Refused("G20005", "a withdrawal to another wallet has no fee to choose")
    target = _target_wallet(call, wish.wallet)
    leg = Leg(
        debit=custody_account(wish.wallet, coin, network),
        credit=custody_account(target, coin, network),
        amount=wish.amount,
    )
    return NewOrder(
        family=Family.WITHDRAWAL,
        type=OFF_CHAIN,
        entity=call.entity,
        owner=wish.wallet.id,
        other_owner=target.id,
        request_id=call.given.get("requestId", ""),
        key_name=call.key.name,
        coin=coin,
        network=network,
        amount=wish.amount,
        legs=(leg,),
        stages=stages_of(call.books.now_ms, call.world.timings.withdrawal),
        details={"memo": wish.memo, "fee_coin": coin, "fee_amount": "0"},
    )


def _source_wallet(call: Call) -> OpenWallet:
    wallet = wallet_of(call, "walletId")
    if wallet.type is WalletType.PRIME_SUB:
        raise Refused("G20017", "walletId is a sub-wallet, and only its parent withdraws")
    return wallet


def _target_wallet(call: Call, source: OpenWallet) -> OpenWallet:
    wanted = call.given["toWalletIdStr"]
    if wanted == source.id:
        raise Refused("G20005", "toWalletIdStr is the wallet to pay from")
    found = (call.registry.wallet(entity, wanted) for entity in call.world.entities)
    wallet = next((each for each in found if each is not None), None)
    if wallet is None:
        raise Refused("G20020", "toWalletIdStr is no wallet of this sandbox")
    return wallet


def _chain_of(call: Call, coin: Coin) -> CoinNetwork:
    chain = coin.on(call.given["network"])
    if chain is None:
        raise Refused("G20005", f"{coin.symbol} is not on this network")
    return chain


def _check_limits(wish: _Wish) -> None:
    chain = wish.chain
    if not chain.withdrawal_enabled:
        raise Refused("G20005", f"withdrawals on {chain.network} are closed")
    if wish.amount < chain.minimum:
        raise Refused("G20022", f"amount is below {amount_text(chain.minimum)}")
    if chain.maximum is not None and wish.amount > chain.maximum:
        raise Refused("G20022", f"amount is above {amount_text(chain.maximum)}")


def _check_address(call: Call, wish: _Wish, address: str) -> None:
    check_address(wish.chain, address, wish.memo, parameter="withdrawalAddress")
    if not call.world.switches.withdrawals_need_whitelist:
        return
    wanted = (address, wish.chain.network, wish.coin.symbol, wish.memo)
    for entry in call.registry.whitelisted(call.entity):
        known = (entry.address, entry.network, entry.symbol, entry.memo)
        if known == wanted and entry.status == ADDRESS_APPROVED:
            return
    raise Refused("G20005", "withdrawalAddress is not on the whitelist, or not yet approved")


def check_address(chain: CoinNetwork, address: str, memo: str, *, parameter: str) -> None:
    """Check that an address can be one of a network, and that the network knows memos.

    A memo may be left out everywhere; no source says who demands one.

    Errors: ``Refused`` G20005.
    """
    if chain.address and not re.fullmatch(chain.address, address):
        raise Refused("G20005", f"{parameter} is no address on {chain.network}")
    if memo and not chain.has_memo:
        raise Refused("G20005", f"addresses on {chain.network} have no memo")


def _transaction_of(call: Call, chain: CoinNetwork) -> str:
    # Like a deposit's, it depends on the world and on how many orders came before.
    ((number,),) = call.books.run("SELECT count(*) FROM orders")
    seed = f"{call.world.name}\n{chain.network}\nwithdrawal {number}"
    digest = sha256(seed.encode()).hexdigest()
    return f"0x{digest}" if chain.address.startswith("0x") else digest


def _from_address(call: Call, wish: _Wish) -> str | None:
    # A wallet pays from where it receives, once it has such an address.
    coin, network = wish.coin.symbol, wish.chain.network
    known = call.registry.deposit_address(wish.wallet.id, coin, network)
    return None if known is None else known.address


def _fee_of(call: Call, version: _Version, wish: _Wish) -> Fee:
    usual = wish.chain.fee
    if not call.given.get("customizeFeeAmount"):
        return usual or Fee(coin=wish.coin.symbol, amount=ZERO)
    if usual is None or wish.chain.network not in version.own_fee_networks:
        raise Refused("G20005", f"the fee on {wish.chain.network} cannot be chosen")
    if not wish.wallet.type.has_networks:
        raise Refused("G20005", "only qualified and cosign wallets choose their fee")
    coin = next(each for each in call.world.coins if each.symbol == usual.coin)
    return Fee(coin=usual.coin, amount=amount_of(call, coin, "customizeFeeAmount"))


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "withdrawal.create": withdrawal_create,
        "withdrawal.create_v1": withdrawal_create_v1,
        "withdrawal.fee": withdrawal_fee,
    }
)
