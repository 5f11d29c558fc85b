"""A write under the API's own names, said again in the words of its action.

What cannot be said is refused: nothing a caller gave is left out, and nothing is guessed.
"""

from collections.abc import Mapping
from types import MappingProxyType

from runner.catalogue.api import Operation
from runner.controls.directory import Directory
from runner.core.errors import SettingsInvalid
from runner.core.money import AmountInvalid, money_from_text
from runner.core.record import record

_LINK_TYPES = {"mirrorLinkId": "mirror_link", "mirrorXLinkId": "mirrorx_link"}
_LINK_WORDS = {"mirror_link": "mirror link", "mirrorx_link": "MirrorX link"}
_NETWORKED = frozenset({"mirrorLinkId", "coinSymbol", "amount", "network"})


class RawWriteRefused(SettingsInvalid):
    """A raw write that no action of this version says."""


@record
class NamedWrite:
    """An effect as a playbook would write it.

    Shapes: ``arguments`` are texts, ``amount`` among them with its coin.
    """

    action: str
    arguments: Mapping[str, str]

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "arguments", MappingProxyType(dict(self.arguments)))


@record
class _Saying:
    """One action, and the parameters whose values choose it or one of its arguments.

    Shapes: ``fixed`` are values the action always sends; ``worded`` are, by parameter, the argument
        and its word for each value; ``parameters`` are all that it takes.
    """

    action: str
    parameters: frozenset[str]
    fixed: Mapping[str, str]
    worded: Mapping[str, tuple[str, Mapping[str, str]]]


_DELEGATION = frozenset({"mirrorXLinkId", "orderType", "coinSymbol", "amount"})
_SAYINGS: Mapping[str, tuple[_Saying, ...]] = MappingProxyType(
    {
        "mirror.asset.apply": (
            _Saying(action="mirror.apply", parameters=_NETWORKED, fixed={}, worded={}),
        ),
        "mirror.asset.settle": (
            _Saying(
                action="mirror.settle",
                parameters=_NETWORKED | {"operationType"},
                fixed={},
                worded={"operationType": ("from", {"2": "ceffu", "3": "binance"})},
            ),
        ),
        "mirrorx.order.create": (
            _Saying(
                action="mirrorx.delegate",
                parameters=_DELEGATION,
                fixed={"orderType": "10"},
                worded={},
            ),
            _Saying(
                action="mirrorx.undelegate",
                parameters=_DELEGATION,
                fixed={"orderType": "20"},
                worded={},
            ),
        ),
    }
)
"""What each write can be said as; a test drafts every one of them and compares the bodies."""


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
    Errors: ``RawWriteRefused`` for a parameter or value no action sends, or an id or network the
        directory does not have.
    """
    require_action(operation)
    saying = _saying(operation, values)
    arguments = {}
    for name, value in values.items():
        if name in _LINK_TYPES:
            arguments["link"] = _link(name, value, directory)
        elif name in saying.worded:
            argument, words = saying.worded[name]
            arguments[argument] = _word(operation, name, value, words)
        elif name == "network":
            if value not in directory.networks:
                raise RawWriteRefused(f'the directory has no network "{value}"')
            arguments[name] = value
    arguments["amount"] = _money(f"{values['amount']} {values['coinSymbol']}")
    return NamedWrite(action=saying.action, arguments=arguments)


def _money(text: str) -> str:
    try:
        return str(money_from_text(text))
    except AmountInvalid as exc:
        raise RawWriteRefused(str(exc)) from exc


def _saying(operation: Operation, values: Mapping[str, str]) -> _Saying:
    sayings = _SAYINGS[operation.id]
    foreign = sorted(set(values) - sayings[0].parameters)
    if foreign:
        raise RawWriteRefused(
            f"{sayings[0].action}, which sends {operation.id}, gives no {foreign[0]}",
            hint=f"leave {foreign[0]} out",
        )
    for saying in sayings:
        if all(values.get(name) == value for name, value in saying.fixed.items()):
            return saying
    name = next(iter(sayings[0].fixed))
    _word(operation, name, values[name], {s.fixed[name]: s.action for s in sayings})
    raise AssertionError("a value that some action sends has found its action")


def _word(operation: Operation, name: str, value: str, words: Mapping[str, str]) -> str:
    if value not in words:
        known = ", ".join(f"{each} is {word}" for each, word in words.items())
        raise RawWriteRefused(f"no action sends {operation.id} with {name}={value}", hint=known)
    return words[value]


def _link(name: str, value: str, directory: Directory) -> str:
    type_name = _LINK_TYPES[name]
    found = directory.name_of(type_name, value)
    if found is None:
        known = [entry.id for entry in directory.links(type_name).values()]
        raise RawWriteRefused(
            f"the directory has no {_LINK_WORDS[type_name]} with the id {value}",
            hint=f"ids it has: {', '.join(known) or 'none'}",
        )
    return found
