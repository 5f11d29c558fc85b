"""Templates + values -> values: a lone expression keeps its type, words are joined to one text."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from runner.core.errors import ExpressionFailed
from runner.core.money import Money
from runner.core.source import Span
from runner.core.types import DATE, DECIMAL, STRING, ListOf, MapOf, Record, Scalar, Type
from runner.core.values import Unknown, Value, value_from_text, value_text
from runner.playbook.expressions.arithmetic import name_of
from runner.playbook.expressions.environment import Environment
from runner.playbook.expressions.evaluate import evaluate
from runner.playbook.expressions.template import Template


def evaluate_template(template: Template, wanted: Type | None, environment: Environment) -> Value:
    """Evaluate a text for the place it stands in.

    Shapes: the value is of the wanted type, or an unknown of it.
    Errors: ``ExpressionFailed``, with the place.
    """
    lone = template.lone
    if lone is not None:
        value = evaluate(lone, environment)
        return value if wanted is None else _converted(value, wanted, lone.span_of(lone.tree))
    text = "".join(_pieces(template, environment))
    return _read(text, STRING if wanted is None else wanted, template.span)


def _pieces(template: Template, environment: Environment) -> Iterator[str]:
    for part in template.parts:
        if isinstance(part, str):
            yield part
            continue
        value = evaluate(part, environment)
        if isinstance(value, Unknown):
            raise _failed(part.span_of(part.tree), "a value that is not known yet has no text")
        if type(value) not in _WITH_TEXT:
            raise _failed(part.span_of(part.tree), f"{name_of(value)} has no place between words")
        yield value_text(value)


def _read(text: str, wanted: Type, span: Span) -> Value:
    if not isinstance(wanted, Scalar):
        raise _failed(span, f"{wanted} is needed here, not a text")
    try:
        return value_from_text(text, wanted)
    except ValueError as exc:
        raise _failed(span, str(exc)) from exc


def _converted(value: Value, wanted: Type, span: Span) -> Value:
    if isinstance(value, Unknown):
        return Unknown(wanted)
    if isinstance(wanted, Scalar):
        return _converted_scalar(value, wanted, span)
    if isinstance(wanted, ListOf) and type(value) is tuple:
        return tuple([_converted(item, wanted.item, span) for item in value])
    if isinstance(wanted, MapOf) and isinstance(value, Mapping):
        return {key: _converted(item, wanted.value, span) for key, item in value.items()}
    if isinstance(wanted, Record) and isinstance(value, Mapping):
        return value
    raise _failed(span, f"{wanted} is needed here, not {name_of(value)}")


def _converted_scalar(value: Value, wanted: Scalar, span: Span) -> Value:
    if type(value) is _PYTHON_TYPES.get(wanted.name, str):
        return _read(value, wanted, span) if type(value) is str else value
    if type(value) is int and wanted == DECIMAL:
        return Decimal(value)
    if wanted == STRING and type(value) in _WITH_TEXT:
        return value_text(value)
    # The checker lets a text come here only where it was written out.
    if type(value) is str and wanted == DATE:
        return _read(value, wanted, span)
    raise _failed(span, f"{wanted} is needed here, not {name_of(value)}")


def _failed(span: Span, reason: str) -> ExpressionFailed:
    return ExpressionFailed(f"{span}: type mismatch: {reason}")


_WITH_TEXT = frozenset({str, int, Decimal, bool, date, timedelta, datetime})
_PYTHON_TYPES: Mapping[str, type] = {
    "int": int,
    "decimal": Decimal,
    "bool": bool,
    "date": date,
    "duration": timedelta,
    "timestamp": datetime,
    "money": Money,
}
