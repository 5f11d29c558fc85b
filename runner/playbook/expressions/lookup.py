"""Reading parts of values: keys, items and paths."""

from collections.abc import Mapping

from runner.core.money import Money
from runner.core.types import COIN, DECIMAL, MONEY, STRING, ListOf, MapOf, Record, Type
from runner.core.values import Unknown
from runner.playbook.expressions.arithmetic import Operand, Trouble, name_of
from runner.playbook.expressions.rules import joined, type_of_value

_PARTS_OF_MONEY: Mapping[str, Type] = {"amount": DECIMAL, "coin": COIN}


def part_of(base: Operand, key: str) -> Operand:
    """Return a field of a record, a value of a map, or the coin or amount of money.

    Errors: ``Trouble``.
    """
    if type(base) is Money and key in _PARTS_OF_MONEY:
        return base.coin if key == "coin" else base.amount
    if isinstance(base, Mapping):
        if key in base:
            return base[key]
        raise Trouble(
            f'missing field: there is no "{key}"', hint=f'get(x, "{key}", default) allows for that'
        )
    if type(base) is Unknown:
        return Unknown(_part_type(base.type, key))
    raise Trouble(f'type mismatch: {name_of(base)} has no part "{key}"')


def _part_type(kind: Type, key: str) -> Type:
    if isinstance(kind, MapOf):
        return kind.value
    if kind == MONEY and key in _PARTS_OF_MONEY:
        return _PARTS_OF_MONEY[key]
    field = kind.field(key) if isinstance(kind, Record) else None
    if field is None:
        raise Trouble(f'missing field: {kind} has no "{key}"')
    return field.type


def item_of(base: Operand, at: Operand) -> Operand:
    """Return an item of a list, counted from 0, or a value of a map.

    Errors: ``Trouble``.
    """
    if type(base) is tuple:
        if type(at) is Unknown:
            return Unknown(list_type(base).item)
        if type(at) is not int:
            raise Trouble(f"type mismatch: {name_of(at)} is not the number of an item")
        if not 0 <= at < len(base):
            raise Trouble(f"index out of range: item {at} of {len(base)}, counted from 0")
        return base[at]
    if type(base) is Unknown and isinstance(base.type, ListOf):
        return Unknown(base.type.item)
    if type(at) is Unknown and isinstance(base, Mapping):
        return Unknown(list_type(tuple(base.values())).item)
    if type(at) is Unknown and type(base) is Unknown and isinstance(base.type, MapOf):
        return Unknown(base.type.value)
    if type(at) is not str:
        raise Trouble(f"type mismatch: {name_of(at)} is not a key of {name_of(base)}")
    return part_of(base, at)


def list_type(items: Operand) -> ListOf:
    """Return the type of a list by its items; of strings where there is none."""
    kinds = [type_of_value(item) for item in items]
    return ListOf((joined(kinds) or kinds[0]) if kinds else STRING)


def at_path(base: Operand, path: Operand) -> Operand:
    """Follow a path; None where it ends early.

    A key of a map may hold points, so the whole rest is tried before its first word.
    """
    if type(path) is not str:
        raise Trouble(f"type mismatch: {name_of(path)} is not a path")
    rest: str | None = path
    while rest is not None:
        if isinstance(base, Mapping) and rest in base:
            return base[rest]
        name, dot, after = rest.partition(".")
        if isinstance(base, Mapping):
            base = base.get(name)
        elif type(base) is Unknown:
            base = Unknown(_part_type(base.type, name))
        else:
            return None
        rest = after if dot else None
    return base
