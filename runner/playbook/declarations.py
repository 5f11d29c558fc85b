"""From nodes to what a playbook declares: its inputs and what it may do."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from runner.catalogue.manifest import Manifest
from runner.core.diagnostics import did_you_mean
from runner.core.money import Money, money_from_text
from runner.core.source import Span
from runner.core.types import (
    MONEY,
    SCALAR_NAMES,
    TEXT_LIKE,
    ListOf,
    Record,
    Scalar,
    Type,
    TypeInvalid,
)
from runner.core.values import Value, value_from_text
from runner.documents.nodes import Entry, MappingNode, ScalarNode
from runner.playbook.bounds import BOUNDED_NAMES, bound_problem
from runner.playbook.model import Input, May
from runner.playbook.names import name_problem
from runner.playbook.parts import part_from_node, value_from_part
from runner.playbook.reading import Findings, scalar_at, scalars_of, text_at
from runner.playbook.spellings import declared_type
from runner.playbook.words import Word, words_in
from runner.playbook.workshop import Workshop

_UNIQUE_OF_MONEY: Final = ("coin", "amount")
_UNIQUE_ITEM: Final = "value"

_WHOLE_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


def literal_code(wanted: Type) -> str:
    """Return the code for a text that does not spell a value of a type."""
    is_amount = isinstance(wanted, Scalar) and wanted.name in {"money", "decimal"}
    return "amount-invalid" if is_amount else "literal-invalid"


def build_input(entry: Entry, shop: Workshop) -> Input | None:
    """Build one input; None where its type cannot be known."""
    name, findings = entry.key.text, shop.findings
    problem = name_problem(name)
    if problem:
        findings.add(
            "wrong-value",
            f"an input cannot have this name: {problem}",
            entry.key.span,
            hint="choose another name",
        )
    if not isinstance(entry.value, MappingNode):
        return None
    node = entry.value
    wanted = _input_type(scalar_at(node, "type"), shop.manifests, findings)
    if wanted is None:
        return None
    built = _Bounds(node, wanted, findings)
    shop.words.extend(_written_words(node, wanted))
    default = built.default()
    declared = Input(
        name=name,
        type=wanted,
        required=_is_required(entry.key, node, findings),
        default=default,
        minimum=built.bound("min"),
        maximum=built.bound("max"),
        pattern=built.pattern(),
        choices=built.choices(),
        unique_by=built.unique_by(),
        summary=text_at(node, "summary"),
        span=entry.key.span,
    )
    built.check(declared)
    return declared


def _written_words(node: MappingNode, wanted: Type) -> Iterator[Word]:
    """Yield the words of a default, of bounds and of choices, all of which may be wrong."""
    item = wanted.item if isinstance(wanted, ListOf) else wanted
    for key, kind in (("default", wanted), ("min", item), ("max", item), ("choices", ListOf(item))):
        value = node.get(key)
        if value is not None:
            yield from words_in(part_from_node(value), kind)


def _input_type(
    scalar: ScalarNode | None, manifests: Mapping[str, Manifest], findings: Findings
) -> Type | None:
    if scalar is None:
        return None
    try:
        return declared_type(scalar.text, manifests)
    except TypeInvalid as exc:
        findings.add("wrong-value", str(exc), scalar.span, hint=type_hint(scalar.text))
        return None


def type_hint(text: str) -> str:
    """Return what a misspelt type may have been meant to be."""
    if text.startswith("map<") and not text.endswith(">"):
        return 'inside { } a comma ends the value: write it in quotes, like "map<coin, money>"'
    near = did_you_mean(text, SCALAR_NAMES)
    if near.startswith("did you mean"):
        return near
    return "write a type like money, list<string> or map<coin, money>"


def _is_required(key: ScalarNode, node: MappingNode, findings: Findings) -> bool:
    required = scalar_at(node, "required")
    has_default = "default" in node
    if required is not None and required.value is True and has_default:
        findings.add(
            "wrong-value",
            f'the input "{key.text}" is required and has a default as well',
            required.span,
            hint="delete one of the two: an input with a default need not be given",
        )
    if required is not None and required.value is False and not has_default:
        findings.add(
            "missing-key",
            f'the input "{key.text}" need not be given, and has no default',
            required.span,
            hint="give it a default, or write required: true",
        )
    return not has_default


class _Bounds:
    """Default and bounds of one input, read as values of its type, or of its items'."""

    def __init__(self, node: MappingNode, wanted: Type, findings: Findings) -> None:
        self._node = node
        self._type = wanted
        self._item = wanted.item if isinstance(wanted, ListOf) else wanted
        self._findings = findings

    def default(self) -> "Value | None":
        node = self._node.get("default")
        if node is None:
            return None

        def refuse(span: Span, summary: str, hint: str, wanted: Type) -> None:
            self._findings.add(literal_code(wanted), summary, span, hint=hint)

        return value_from_part(part_from_node(node), self._type, refuse)

    def bound(self, key: str) -> "Value | None":
        scalar = scalar_at(self._node, key)
        if not self._allows(key, BOUNDED_NAMES) or not isinstance(self._item, Scalar):
            return None
        wanted = self._item
        convert: Callable[[str], Value] = lambda text: value_from_text(text, wanted)  # noqa: E731 - a name for the type checker
        return self._findings.converted(scalar, convert, code=literal_code(wanted))

    def choices(self) -> tuple[str, ...]:
        if not self._allows("choices", TEXT_LIKE) or not isinstance(self._item, Scalar):
            return ()
        wanted = self._item
        scalars = scalars_of(self._node.get("choices"))
        for scalar in scalars:
            self._findings.converted(
                scalar, lambda text: value_from_text(text, wanted), code=literal_code(wanted)
            )
        return tuple(scalar.text for scalar in scalars)

    def unique_by(self) -> str:
        scalar = scalar_at(self._node, "unique_by")
        entry = self._node.entry("unique_by")
        if scalar is None or entry is None:
            return ""
        if not isinstance(self._type, ListOf):
            self._findings.add(
                "unknown-key",
                f"an input of type {self._type} has no unique_by",
                entry.key.span,
                hint="unique_by goes with lists",
            )
            return ""
        known = _unique_parts(self._type.item)
        if scalar.text not in known:
            self._findings.add(
                "wrong-value",
                f'{self._type.item} has no part "{scalar.text}" to tell items apart by',
                scalar.span,
                hint=did_you_mean(scalar.text, known),
            )
            return ""
        return scalar.text

    def pattern(self) -> str:
        scalar = scalar_at(self._node, "pattern")
        if scalar is None or not self._allows("pattern", frozenset({"string"})):
            return ""
        # Few inputs have one.
        from runner.playbook.pattern import compile_pattern

        compiled = self._findings.converted(scalar, compile_pattern, code="wrong-value")
        return "" if compiled is None else scalar.text

    def check(self, declared: Input) -> None:
        """Check that the bounds hold together, and that the default keeps them."""
        maximum = scalar_at(self._node, "max")
        if declared.maximum is not None and maximum is not None:
            problem, _ = bound_problem(declared, declared.maximum, check_maximum=False)
            if problem:
                self._findings.add("wrong-value", f"max: {problem}", maximum.span)
                return
        default = self._node.get("default")
        if declared.default is not None and default is not None:
            problem, hint = bound_problem(declared, declared.default)
            if problem:
                self._findings.add("wrong-value", f"default: {problem}", default.span, hint=hint)

    def _allows(self, key: str, names: frozenset[str]) -> bool:
        entry = self._node.entry(key)
        if entry is None or (isinstance(self._item, Scalar) and self._item.name in names):
            return True
        self._findings.add(
            "unknown-key",
            f"an input of type {self._type} has no {key}",
            entry.key.span,
            hint=f"{key} goes with {', '.join(sorted(names))}, and with lists of them",
        )
        return False


def _unique_parts(item: Type) -> Sequence[str]:
    if item == MONEY:
        return _UNIQUE_OF_MONEY
    if isinstance(item, Record):
        return [each.name for each in item.fields if isinstance(each.type, Scalar)]
    return (_UNIQUE_ITEM,) if isinstance(item, Scalar) else ()


def build_may(entry: Entry, shop: Workshop) -> May | None:
    """Build one entry of ``may``; None where its limits cannot be read."""
    if not isinstance(entry.value, MappingNode):
        return None
    node, findings = entry.value, shop.findings
    for scalar in scalars_of(node.get("total")):
        shop.words.extend(words_in(part_from_node(scalar), MONEY))
    count = findings.converted(scalar_at(node, "count"), _count_from_text, code="wrong-value")
    total = _build_total(node, findings)
    if count is None or total is None:
        return None
    return May(action=entry.key.text, count=count, total=total, span=entry.key.span)


def _count_from_text(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a number of effects: write a whole number from 1")
    return int(text)


def _build_total(node: MappingNode, findings: Findings) -> Mapping[str, Decimal] | None:
    total: dict[str, Decimal] = {}
    complete = True
    for scalar in scalars_of(node.get("total")):
        money = findings.converted(scalar, money_from_text, code="amount-invalid")
        if not isinstance(money, Money):
            complete = False
        elif money.coin in total:
            findings.add(
                "wrong-value",
                f"total has {money.coin} twice",
                scalar.span,
                hint="write one amount for each coin",
            )
        else:
            total[money.coin] = money.amount
    return total if complete else None
