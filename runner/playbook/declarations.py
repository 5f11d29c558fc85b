"""From nodes to what a playbook declares: its inputs and what it may do."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from runner.core.diagnostics import did_you_mean
from runner.core.money import Money, money_from_text
from runner.core.types import SCALAR_NAMES, TEXT_LIKE, Scalar, Type, TypeInvalid, type_from_text
from runner.core.values import Value, value_from_text
from runner.documents.nodes import Entry, MappingNode, ScalarNode
from runner.playbook.bounds import BOUNDED_NAMES, bound_problem
from runner.playbook.model import Input, May
from runner.playbook.names import name_problem
from runner.playbook.reading import Findings, scalar_at, scalars_of, text_at

INPUT_TYPES: Final = frozenset(
    {
        "string",
        "int",
        "decimal",
        "bool",
        "date",
        "duration",
        "coin",
        "network",
        "money",
        "wallet",
        "mirror_link",
        "mirrorx_link",
        "destination",
    }
)
"""The types an input can have."""

_WHOLE_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


def literal_code(wanted: Type) -> str:
    """Return the code for a text that does not spell a value of a type."""
    is_amount = isinstance(wanted, Scalar) and wanted.name in {"money", "decimal"}
    return "amount-invalid" if is_amount else "literal-invalid"


def build_input(entry: Entry, findings: Findings) -> Input | None:
    """Build one input; None where its type cannot be known."""
    name = entry.key.text
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
    wanted = _input_type(scalar_at(node, "type"), findings)
    if wanted is None:
        return None
    built = _Bounds(node, wanted, findings)
    default = built.value("default")
    declared = Input(
        name=name,
        type=wanted,
        required=_is_required(entry.key, node, findings),
        default=default,
        minimum=built.value("min"),
        maximum=built.value("max"),
        pattern=built.pattern(),
        choices=built.choices(),
        summary=text_at(node, "summary"),
        span=entry.key.span,
    )
    built.check(declared)
    return declared


def _input_type(scalar: ScalarNode | None, findings: Findings) -> Scalar | None:
    if scalar is None:
        return None
    try:
        wanted = type_from_text(scalar.text)
    except TypeInvalid as exc:
        hint = did_you_mean(scalar.text, INPUT_TYPES)
        findings.add("wrong-value", str(exc), scalar.span, hint=hint)
        return None
    if isinstance(wanted, Scalar) and wanted.name in INPUT_TYPES:
        return wanted
    findings.add(
        "wrong-value",
        f"an input cannot be a {wanted}",
        scalar.span,
        hint=f"an input is one of {', '.join(sorted(INPUT_TYPES & SCALAR_NAMES))}",
    )
    return None


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
    """Default and bounds of one input, read as values of its type."""

    def __init__(self, node: MappingNode, wanted: Scalar, findings: Findings) -> None:
        self._node = node
        self._type = wanted
        self._findings = findings

    def value(self, key: str) -> "Value | None":
        scalar = scalar_at(self._node, key)
        if key != "default" and not self._allows(key, BOUNDED_NAMES):
            return None
        convert: Callable[[str], Value] = lambda text: value_from_text(text, self._type)  # noqa: E731 - a name for the type checker
        return self._findings.converted(scalar, convert, code=literal_code(self._type))

    def choices(self) -> tuple[str, ...]:
        if not self._allows("choices", TEXT_LIKE):
            return ()
        scalars = scalars_of(self._node.get("choices"))
        for scalar in scalars:
            self._findings.converted(
                scalar,
                lambda text: value_from_text(text, self._type),
                code=literal_code(self._type),
            )
        return tuple(scalar.text for scalar in scalars)

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
        default = scalar_at(self._node, "default")
        if declared.default is not None and default is not None:
            problem, hint = bound_problem(declared, declared.default)
            if problem:
                self._findings.add("wrong-value", f"default: {problem}", default.span, hint=hint)

    def _allows(self, key: str, names: frozenset[str]) -> bool:
        entry = self._node.entry(key)
        if entry is None or self._type.name in names:
            return True
        self._findings.add(
            "unknown-key",
            f"an input of type {self._type} has no {key}",
            entry.key.span,
            hint=f"{key} goes with {', '.join(sorted(names & INPUT_TYPES))}",
        )
        return False


def build_may(entry: Entry, findings: Findings) -> May | None:
    """Build one entry of ``may``; None where its limits cannot be read."""
    if not isinstance(entry.value, MappingNode):
        return None
    node = entry.value
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
