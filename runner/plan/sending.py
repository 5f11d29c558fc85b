"""What leaving a wallet costs and what a network lets through, read when a plan is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.catalogue.manifest import Manifest
from runner.core.errors import ExpressionFailed, RemoteRefused, RequestInvalid
from runner.core.money import CONTEXT, Money, amount_text, decimal_places
from runner.core.record import record
from runner.core.values import Unknown, Value, value_text
from runner.effects.draft import EffectDraft, EffectRefused, Outgoing
from runner.engine.ports import ReadPort
from runner.plan.fee import FEES, FeeBasis, PlannedFee, unknown_fee

_NOT_ASKED = "the custodian was not asked"


@record
class Answer:
    """What one of these reads gave: a value, or None and why not."""

    value: Mapping[str, Value] | None
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class SendingFacts:
    """Fees and limits of one dry run, each read once.

    Shapes: ``warnings`` grow by what a person should hear about a fee or a limit.
    """

    reads: ReadPort
    manifests: Mapping[str, Manifest]
    warnings: list[str] = field(default_factory=list)
    _answers: dict[tuple[str, ...], Answer] = field(default_factory=dict)
    _rows: dict[str, Mapping[tuple[str, str], Mapping[str, Value]]] = field(default_factory=dict)

    def note(self, name: str, arguments: Mapping[str, Value], value: Value) -> None:
        """Remember what a step of the playbook has read, so that it is not asked for again."""
        if isinstance(value, Mapping):
            self._answers.setdefault(_key(name, arguments), Answer(value=value))

    async def fee(self, path: str, draft: EffectDraft) -> PlannedFee | None:
        """Return the fee of an effect; None where the custodian takes none of such effects.

        Errors: ``EffectRefused`` for a fee of one's own with more decimals than its coin has;
            ``RemoteError`` where the custodian cannot be asked.
        """
        outgoing, movement = draft.outgoing, draft.manifest.movement
        if outgoing is None or movement is None or not movement.fee_read:
            return None
        source = movement.fee_read
        answer = await self._read(source, _fee_arguments(outgoing))
        estimate = None if answer.value is None else answer.value["fee"]
        if not isinstance(estimate, Money):
            own = outgoing.own_fee
            ordered = "" if own is None else f"{amount_text(own)} is ordered, in a coin unknown; "
            return unknown_fee(source, f"{ordered}{answer.reason or _NOT_ASKED}")
        if estimate.amount < 0:
            return unknown_fee(source, f"{estimate} is no fee, and what the custodian said")
        charged = estimate
        if outgoing.own_fee is not None:
            charged = Money(outgoing.own_fee, estimate.coin)
            await self._check_own_fee(outgoing, charged, movement.limits_read)
            self._say_of_own_fee(path, charged, estimate, outgoing.network)
        if not charged.amount:
            return PlannedFee(
                basis=FeeBasis.NONE.value,
                amount=charged.amount,
                coin=charged.coin,
                debit="",
                credit="",
                estimate=None,
                source=source,
            )
        debit, reason = await self._payer(outgoing, charged.coin, movement.limits_read)
        return PlannedFee(
            basis=(FeeBasis.ESTIMATE if outgoing.own_fee is None else FeeBasis.ORDERED).value,
            amount=charged.amount,
            coin=charged.coin,
            debit=debit,
            credit=FEES,
            estimate=None if outgoing.own_fee is None else estimate.amount,
            source=source,
            reason=reason,
        )

    async def check_limits(self, path: str, draft: EffectDraft) -> None:
        """Hold an effect against what its network lets through.

        What stays at the custodian has to be of a network that knows the coin; that the network is
        open, and its bounds, are about the chain.

        Errors: ``EffectRefused`` where the network is closed or unknown for the coin, or the amount
            is outside its bounds or too precise; ``RemoteError`` where the custodian cannot be
            asked.
        """
        outgoing, movement = draft.outgoing, draft.manifest.movement
        if outgoing is None or movement is None or not movement.limits_read:
            return
        rows, reason = await self._networks(outgoing, movement.limits_read)
        if rows is None:
            self.warnings.append(
                f"{path}: the limits of {outgoing.network} are not known: {reason}"
            )
            return
        row = rows.get((outgoing.coin, outgoing.network))
        if row is None:
            raise EffectRefused(
                "network-closed",
                f"{outgoing.wallet_type} wallets send no {outgoing.coin} on {outgoing.network}",
                hint=f"uses: {movement.limits_read} lists the networks of a coin",
            )
        if not outgoing.to:
            _check_row(outgoing, row)

    async def _check_own_fee(self, outgoing: Outgoing, fee: Money, source: str) -> None:
        rows, _ = await self._networks(outgoing, source)
        row = (rows or {}).get((fee.coin, outgoing.network), {})
        places = row.get("places")
        if isinstance(places, int) and decimal_places(fee.amount) > places:
            raise EffectRefused(
                "precision-exceeded",
                f"the fee {fee} has more decimals than {fee.coin} allows on {outgoing.network}",
                hint=f"{fee.coin} has {places} there",
            )

    def _say_of_own_fee(self, path: str, fee: Money, estimate: Money, network: str) -> None:
        more = Money(CONTEXT.subtract(fee.amount, estimate.amount), fee.coin)
        if more.amount < 0:
            less = Money(-more.amount, fee.coin)
            self.warnings.append(
                f"{path}: the ordered fee of {fee} is {less} less than the custodian's figure of"
                f" {estimate}; it may refuse the withdrawal, or take long over it"
            )
        elif more.amount:
            self.warnings.append(
                f"{path}: the ordered fee of {fee} is {more} more than the custodian's figure of"
                f" {estimate}"
            )
        if network != _FEE_NETWORK:
            self.warnings.append(
                f"{path}: the sources agree on {_FEE_NETWORK} alone as a network whose fee can be"
                f" chosen; the custodian may refuse one on {network}"
            )

    async def _payer(self, outgoing: Outgoing, coin: str, source: str) -> tuple[str, str]:
        """Return the account that pays a fee, or nothing and why."""
        wallet = f"custody:{outgoing.wallet}"
        if outgoing.pooled:
            return wallet, ""
        if coin != outgoing.coin:
            rows, _ = await self._networks(outgoing, source)
            if rows is None or (coin, outgoing.network) not in rows:
                return "", f"it is not known on which network the wallet's {coin} pays it"
        return f"{wallet}:{outgoing.network}", ""

    async def _networks(
        self, outgoing: Outgoing, source: str
    ) -> tuple[Mapping[tuple[str, str], Mapping[str, Value]] | None, str]:
        kind = outgoing.wallet_type
        if kind not in self._rows:
            answer = await self._read(source, {"wallet_type": kind})
            if answer.value is None:
                return None, answer.reason
            rows = answer.value["rows"]
            assert isinstance(rows, tuple)
            self._rows[kind] = {
                (str(row["coin"]), str(row["network"])): row
                for row in rows
                if isinstance(row, Mapping)
            }
        return self._rows[kind], ""

    async def _read(self, name: str, arguments: Mapping[str, Value]) -> Answer:
        key = _key(name, arguments)
        if key not in self._answers:
            self._answers[key] = await self._ask(name, arguments)
        return self._answers[key]

    async def _ask(self, name: str, arguments: Mapping[str, Value]) -> Answer:
        # A refusal is an answer, and the plan says what it leaves unknown; a custodian that cannot
        # be reached ends the plan as it does everywhere.
        try:
            value = await self.reads.read(self.manifests[name], arguments)
        except (RemoteRefused, RequestInvalid, ExpressionFailed) as error:
            return Answer(value=None, reason=str(error))
        if not isinstance(value, Mapping):
            assert isinstance(value, Unknown), "a read gives a record or is not made"
            return Answer(value=None, reason=_NOT_ASKED)
        return Answer(value=value)


_FEE_NETWORK = "ETH"
"""Source: operations.yaml, customizeFeeAmount: one source names ETH, another three more."""


def _key(name: str, arguments: Mapping[str, Value]) -> tuple[str, ...]:
    return (name, *(f"{each}={value_text(arguments[each])}" for each in sorted(arguments)))


def _fee_arguments(outgoing: Outgoing) -> Mapping[str, Value]:
    return {
        "wallet": outgoing.wallet,
        "coin": outgoing.coin,
        "network": outgoing.network,
        "amount": outgoing.amount,
        **({"to": outgoing.to} if outgoing.to else {}),
    }


def _check_row(outgoing: Outgoing, row: Mapping[str, Value]) -> None:
    amount = Money(outgoing.amount, outgoing.coin)
    where = f"on {outgoing.network}"
    if row["withdrawals"] is not True:
        raise EffectRefused(
            "network-closed",
            f"withdrawals of {outgoing.coin} {where} are closed",
            hint="wait until the custodian opens them, or take another network",
        )
    places, least, most = row["places"], row["min"], row.get("max")
    assert isinstance(places, int)
    if decimal_places(outgoing.amount) > places:
        raise EffectRefused(
            "precision-exceeded",
            f"{amount} has more decimals than {outgoing.coin} allows {where}",
            hint=f"{outgoing.coin} has {places} there: round_down(x, {places})",
        )
    if isinstance(least, Money) and amount.amount < least.amount:
        raise EffectRefused(
            "amount-out-of-bounds",
            f"{amount} from {outgoing.wallet} is below {least}, the smallest withdrawal {where}",
            hint=f"withdraw {least} or more, or by another network",
        )
    if isinstance(most, Money) and amount.amount > most.amount:
        raise EffectRefused(
            "amount-out-of-bounds",
            f"{amount} from {outgoing.wallet} is above {most}, the largest withdrawal {where}",
            hint=f"withdraw {most} or less at a time",
        )
