"""A write under the API's own names, said again in the words of its action.

What cannot be said is refused: nothing a caller gave is left out, and nothing is guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import TypeAlias

from runner.actions.statuses import ADDRESS_TYPES, EXCHANGE_KINDS, WEBHOOK_EVENTS
from runner.catalogue.api import Operation
from runner.controls.destination import DestinationEntry
from runner.controls.directory import Directory
from runner.core.clock import moment_from_ms, timestamp_text
from runner.core.errors import SettingsInvalid
from runner.core.money import AmountInvalid, money_from_text
from runner.core.record import record


class RawWriteRefused(SettingsInvalid):
    """A raw write that no action of this version says."""


@record
class NamedWrite:
    """An effect as a playbook would write it.

    Shapes: ``arguments`` are texts, ``amount`` among them with its coin where money moves.
    """

    action: str
    arguments: Mapping[str, str]

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "arguments", MappingProxyType(dict(self.arguments)))


_Said: TypeAlias = dict[str, str]
_Say: TypeAlias = Callable[[str, Directory], _Said]
"""One parameter's value in the words of an argument."""

_Together: TypeAlias = Callable[[Mapping[str, str], Directory], _Said]
"""What several parameters say together."""


@record
class _Saying:
    """One action, and how its parameters say its arguments.

    Shapes: ``fixed`` are values the action always sends; ``alone`` are the parameters that say an
        argument each; ``together`` says the arguments that need several of ``joined``; ``needed``
        are parameters the API can do without and the action cannot.
    """

    action: str
    fixed: Mapping[str, str] = field(default_factory=dict)
    alone: Mapping[str, _Say] = field(default_factory=dict)
    joined: frozenset[str] = frozenset()
    together: _Together | None = None
    needed: frozenset[str] = frozenset()

    @property
    def parameters(self) -> frozenset[str]:
        """Return all parameters the action can say."""
        return frozenset(self.fixed) | frozenset(self.alone) | self.joined


def require_action(operation: Operation) -> None:
    """Insist that some action sends this write.

    Errors: ``RawWriteRefused``.
    """
    if operation.id not in _SAYINGS:
        raise RawWriteRefused(
            f"no action of this version sends {operation.id}, so it cannot be planned",
            hint=f"writes that can be called: {', '.join(_SAYINGS)}",
        )


def named_write(
    operation: Operation, values: Mapping[str, str], directory: Directory
) -> NamedWrite:
    """Find the action that sends exactly these parameters.

    Shapes: ``values`` fit the description and lack ``requestId``, which the plan derives.
    Errors: ``RawWriteRefused`` for a parameter or value no action sends, or an id, address or
        network the directory does not have.
    """
    require_action(operation)
    saying = _saying(operation, values)
    arguments: _Said = {}
    for name, value in values.items():
        if name in saying.alone:
            arguments |= saying.alone[name](value, directory)
    if saying.together is not None:
        arguments |= saying.together(values, directory)
    return NamedWrite(action=saying.action, arguments=arguments)


def _saying(operation: Operation, values: Mapping[str, str]) -> _Saying:
    sayings = _SAYINGS[operation.id]
    first = sayings[0]
    foreign = sorted(set(values) - first.parameters)
    if foreign:
        raise RawWriteRefused(
            f"{first.action}, which sends {operation.id}, gives no {foreign[0]}",
            hint=f"leave {foreign[0]} out",
        )
    lacking = sorted(first.needed - set(values))
    if lacking:
        raise RawWriteRefused(
            f"{first.action}, which sends {operation.id}, always gives {lacking[0]}",
            hint=f"add {lacking[0]}",
        )
    for saying in sayings:
        if all(values.get(name) == value for name, value in saying.fixed.items()):
            return saying
    name = next(n for n, value in first.fixed.items() if values.get(n) != value)
    known = ", ".join(f"{each.fixed[name]} is {each.action}" for each in sayings)
    raise RawWriteRefused(
        f"no action sends {operation.id} with {name}={values.get(name, '')}", hint=known
    )


def _as_is(argument: str) -> _Say:
    return lambda value, _: {argument: value}


def _worded(parameter: str, argument: str, words: Mapping[str, str]) -> _Say:
    def say(value: str, _: Directory) -> _Said:
        if value not in words:
            known = ", ".join(f"{each} is {word}" for each, word in words.items())
            raise RawWriteRefused(f"no action sends {parameter}={value}", hint=known)
        return {argument: words[value]}

    return say


def _entry(type_name: str, argument: str) -> _Say:
    def say(value: str, directory: Directory) -> _Said:
        found = directory.name_of(type_name, value)
        if found is None:
            known = directory.ids(type_name)
            raise RawWriteRefused(
                f"the directory has no {_ENTRY_WORDS[type_name]} with the id {value}",
                hint=f"ids it has: {', '.join(known) or 'none'}",
            )
        return {argument: found}

    return say


_ENTRY_WORDS = {"wallet": "wallet", "mirror_link": "mirror link", "mirrorx_link": "MirrorX link"}


def _network(value: str, directory: Directory) -> _Said:
    if value not in directory.networks:
        raise RawWriteRefused(f'the directory has no network "{value}"')
    return {"network": value}


def _moment(value: str, _: Directory) -> _Said:
    try:
        since = moment_from_ms(int(value))
    except OverflowError as exc:
        raise RawWriteRefused(f"{value} ms is no moment that can be written down") from exc
    return {"since": timestamp_text(since)}


def _amount(values: Mapping[str, str], _: Directory) -> _Said:
    try:
        return {"amount": str(money_from_text(f"{values['amount']} {values['coinSymbol']}"))}
    except AmountInvalid as exc:
        raise RawWriteRefused(str(exc)) from exc


def _withdrawal(values: Mapping[str, str], directory: Directory) -> _Said:
    address, wallet_id = values.get("withdrawalAddress", ""), values.get("toWalletIdStr", "")
    memo = values.get("memo", "")
    destination = _destination(
        directory,
        lambda each: (
            (each.address, "" if each.address else each.wallet_id) == (address, wallet_id)
            and each.memo in {"", memo}
            and values["network"] in (each.networks or {values["network"]})
        ),
        takes=(values["coinSymbol"], values["network"]),
        what=f"destination for {address or wallet_id} on {values['network']}"
        + (f" with the memo {memo}" if memo else " without a memo"),
    )
    added = {} if memo == destination.memo else {"memo": memo}
    return {**_amount(values, directory), "to": destination.name, **added}


def _exchange(values: Mapping[str, str], directory: Directory) -> _Said:
    name = _entry("wallet", "wallet")(values["parentWalletId"], directory)["wallet"]
    wallet = directory.wallets[name]
    if wallet.exchange_uid != values["exchangeUserId"]:
        raise RawWriteRefused(
            f"the directory does not bind the exchange account {values['exchangeUserId']} to the"
            f' wallet "{wallet.name}"',
            hint="its exchange_uid in directory.yaml says which account is bound to it",
        )
    return {**_amount(values, directory), "wallet": wallet.name}


def _whitelist(values: Mapping[str, str], directory: Directory) -> _Said:
    wanted = (values["address"], values.get("memo", ""), values["label"])
    destination = _destination(
        directory,
        lambda each: (each.address, each.memo, each.label) == wanted and not each.correspondent,
        takes=(values["symbol"], values["network"]),
        what=f"destination for {wanted[0]} with this memo and label, and without a correspondent,",
    )
    return {"destination": destination.name}


def _destination(
    directory: Directory,
    fits: Callable[[DestinationEntry], bool],
    *,
    takes: tuple[str, str],
    what: str,
) -> DestinationEntry:
    found = [each for each in directory.destinations.values() if fits(each)]
    if not found:
        known = ", ".join(directory.destinations) or "none"
        raise RawWriteRefused(f"the directory has no {what}", hint=f"destinations it has: {known}")
    # One address may be several destinations, each for coins of its own.
    return next((each for each in found if each.allows(*takes)), found[0])


_MONEY = frozenset({"coinSymbol", "amount"})
_MIRROR = {"mirrorLinkId": _entry("mirror_link", "link"), "network": _network}
_MIRRORX = {"mirrorXLinkId": _entry("mirrorx_link", "link")}
_SWEEP = {
    "autoCollection": _worded("autoCollection", "auto_collection", {"0": "false", "1": "true"})
}

_SAYINGS: Mapping[str, tuple[_Saying, ...]] = MappingProxyType(
    {
        "mirror.asset.apply": (
            _Saying(action="mirror.apply", alone=_MIRROR, joined=_MONEY, together=_amount),
        ),
        "mirror.asset.settle": (
            _Saying(
                action="mirror.settle",
                alone={
                    **_MIRROR,
                    "operationType": _worded(
                        "operationType", "from", {"2": "ceffu", "3": "binance"}
                    ),
                },
                joined=_MONEY,
                together=_amount,
            ),
        ),
        "mirrorx.order.create": tuple(
            _Saying(
                action=action,
                fixed={"orderType": order_type},
                alone=_MIRRORX,
                joined=_MONEY,
                together=_amount,
            )
            for action, order_type in (("mirrorx.delegate", "10"), ("mirrorx.undelegate", "20"))
        ),
        "withdrawal.create": (
            _Saying(
                action="withdrawal.create",
                alone={
                    "walletId": _entry("wallet", "from"),
                    "network": _network,
                    "customizeFeeAmount": _as_is("fee"),
                },
                joined=_MONEY | {"withdrawalAddress", "toWalletIdStr", "memo"},
                together=_withdrawal,
            ),
        ),
        "subwallet.transfer.create": (
            _Saying(
                action="subwallet.transfer",
                alone={
                    "fromWalletId": _entry("wallet", "from"),
                    "toWalletId": _entry("wallet", "to"),
                },
                joined=_MONEY,
                together=_amount,
            ),
        ),
        "exchange.transfer.create": (
            _Saying(
                action="exchange.transfer",
                fixed={"exchangeCode": "10"},
                alone={"direction": _worded("direction", "direction", EXCHANGE_KINDS)},
                joined=_MONEY | {"parentWalletId", "exchangeUserId"},
                together=_exchange,
                needed=frozenset({"coinSymbol", "direction"}),
            ),
        ),
        "wallet.create": (
            _Saying(
                action="wallet.create",
                alone={
                    "walletName": _as_is("name"),
                    "walletType": _worded("walletType", "type", {"10": "qualified", "20": "prime"}),
                },
            ),
        ),
        "subwallet.create": (
            _Saying(
                action="subwallet.create",
                alone={
                    "parentWalletId": _entry("wallet", "parent"),
                    "walletName": _as_is("name"),
                    **_SWEEP,
                },
                needed=frozenset({"walletName"}),
            ),
        ),
        "wallet.update": (
            _Saying(
                action="wallet.update",
                alone={"walletId": _entry("wallet", "wallet"), "walletName": _as_is("name")},
                needed=frozenset({"walletName"}),
            ),
        ),
        "subwallet.update": (
            _Saying(
                action="subwallet.update",
                alone={
                    "walletId": _entry("wallet", "wallet"),
                    "walletName": _as_is("name"),
                    **_SWEEP,
                },
            ),
        ),
        "whitelist.upsert": (
            _Saying(
                action="whitelist.upsert",
                alone={
                    "symbol": _as_is("coin"),
                    "network": _network,
                    "confirmation": _as_is("confirmation"),
                    "addressType": _worded("addressType", "address_type", ADDRESS_TYPES),
                    "whitelistId": _as_is("entry"),
                },
                joined=frozenset({"address", "memo", "label"}),
                together=_whitelist,
            ),
        ),
        "webhook.resend": (
            _Saying(
                action="webhook.resend",
                alone={
                    "webhookId": _as_is("webhook"),
                    "eventType": _worded(
                        "eventType", "event", {code: word for word, code in WEBHOOK_EVENTS.items()}
                    ),
                    "resendFromDateTime": _moment,
                },
            ),
        ),
    }
)
"""What each write can be said as; a test drafts every one of them and compares the bodies."""
