"""Texts that hold expressions: ``${{ inputs.link }}``, alone or between other words.

A lone expression keeps its type. Between words, every scalar but money is spliced in its one text
form; money, lists, maps, records and unknown values are errors there. A value is evaluated once and
never read again as an expression.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from runner.core.diagnostics import Diagnostic, sorted_diagnostics
from runner.core.money import AmountInvalid
from runner.core.source import Span
from runner.core.types import (
    DECIMAL,
    MONEY,
    STRING,
    TEXT_LIKE,
    ListOf,
    MapOf,
    Record,
    Scalar,
    Type,
)
from runner.core.values import value_from_text
from runner.playbook.expressions.check import Checked, Scope, check_expression
from runner.playbook.expressions.parse import (
    Expression,
    ExpressionInvalid,
    Locate,
    parse_expression,
)
from runner.playbook.expressions.rules import fits
from runner.playbook.expressions.tree import Text

OPEN = "${{"
CLOSE = "}}"
_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Template:
    """A text and the expressions in it.

    Shapes: ``parts`` are texts and expressions in order, without empty texts.
    """

    text: str
    parts: tuple[str | Expression, ...]
    locate: Locate = field(repr=False)

    @property
    def is_literal(self) -> bool:
        """Tell whether there is no expression in it."""
        return not any(isinstance(part, Expression) for part in self.parts)

    @property
    def lone(self) -> Expression | None:
        """Return the expression that is all there is, blanks around it aside, or None."""
        found = [part for part in self.parts if isinstance(part, Expression) or part.strip(_BLANKS)]
        if len(found) == 1 and isinstance(found[0], Expression):
            return found[0]
        return None

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Return the expressions in order."""
        return tuple(part for part in self.parts if isinstance(part, Expression))

    @property
    def span(self) -> Span:
        """Return the place of the whole text."""
        return self.locate(0, len(self.text))


def parse_template(text: str, locate: Locate) -> Template:
    """Find the expressions of a text.

    Errors: ``ExpressionInvalid`` with everything that is wrong in any of them.
    """
    parts: list[str | Expression] = []
    found: list[Diagnostic] = []
    at = 0
    while (start := text.find(OPEN, at)) >= 0:
        if start > at:
            parts.append(text[at:start])
        inner = start + len(OPEN)
        end = _find_close(text, inner)
        if end < 0:
            found.append(_unclosed(text, start, locate))
            break
        try:
            parts.append(parse_expression(text[inner:end], _shifted(locate, inner)))
        except ExpressionInvalid as exc:
            found.extend(exc.diagnostics)
        at = end + len(CLOSE)
    if found:
        raise ExpressionInvalid(sorted_diagnostics(found))
    if at < len(text):
        parts.append(text[at:])
    return Template(text=text, parts=tuple(parts), locate=locate)


def parse_bare(text: str, locate: Locate) -> Expression:
    """Read a field that is an expression as a whole: ``if``, ``until``, ``assert``, ``let``.

    Errors: ``ExpressionInvalid``; delimiters around the expression have a diagnostic of their own.
    """
    start = text.find(OPEN)
    if start >= 0 and not text[:start].strip(_BLANKS):
        end = _find_close(text, start + len(OPEN))
        inside = text[start + len(OPEN) : end if end >= 0 else len(text)].strip(_BLANKS)
        raise ExpressionInvalid(
            (
                Diagnostic(
                    code="expression-delimiters",
                    summary="this field is an expression already",
                    span=locate(start, start + len(OPEN)),
                    hint=f"write it without delimiters: {inside}",
                ),
            )
        )
    return parse_expression(text, locate)


def check_template(template: Template, wanted: Type | None, scope: Scope) -> Checked:
    """Check a text for the place it stands in.

    Shapes: ``wanted`` None takes any type. Where a text is wanted, a lone expression may be any
        scalar with a text form.
    """
    lone = template.lone
    if template.is_literal:
        return _check_literal(template.text, lambda: template.span, wanted, scope)
    if lone is not None:
        if isinstance(lone.tree, Text):
            tree = lone.tree
            return _check_literal(tree.value, lambda: lone.span_of(tree), wanted, scope)
        return _check_lone(lone, wanted, scope)
    return _check_mixed(template, wanted, scope)


def _find_close(text: str, at: int) -> int:
    """Return where ``}}`` stands outside quotes, or -1."""
    quote = ""
    for index in range(at, len(text)):
        character = text[index]
        if quote:
            if character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == "}" and text.startswith(CLOSE, index):
            return index
    return -1


def _unclosed(text: str, start: int, locate: Locate) -> Diagnostic:
    hint = "end the expression with }}"
    if CLOSE in text[start:]:
        hint = "a quote inside the expression is not closed"
    return Diagnostic(
        code="expression-delimiters",
        summary=f'"{OPEN}" is never closed',
        span=locate(start, start + len(OPEN)),
        hint=hint,
    )


def _shifted(locate: Locate, offset: int) -> Locate:
    return lambda start, end: locate(start + offset, end + offset)


# check


def _check_literal(
    text: str, place: Callable[[], Span], wanted: Type | None, scope: Scope
) -> Checked:
    if wanted is None:
        return Checked(type=STRING, diagnostics=())
    if not isinstance(wanted, Scalar):
        return _mismatch(
            f"{wanted} is needed here, not a text", place(), "write ${{ }} around an expression"
        )
    try:
        value_from_text(text, wanted)
    except ValueError as exc:
        amount = isinstance(exc, AmountInvalid)
        code = "amount-invalid" if amount else "literal-invalid"
        found = Diagnostic(code=code, summary=str(exc), span=place())
        return Checked(type=wanted, diagnostics=(found,))
    if scope.note is not None:
        scope.note(text, wanted, place)
    return Checked(type=wanted, diagnostics=())


def _check_lone(lone: Expression, wanted: Type | None, scope: Scope) -> Checked:
    checked = check_expression(lone, scope)
    if wanted is None or checked.type is None or _takes(checked.type, wanted):
        return checked
    refused = _mismatch(
        f"{wanted} is needed here, not {checked.type}",
        lone.span_of(lone.tree),
        _conversion_hint(checked.type, wanted),
    )
    return Checked(
        type=checked.type,
        diagnostics=sorted_diagnostics((*checked.diagnostics, *refused.diagnostics)),
    )


def _check_mixed(template: Template, wanted: Type | None, scope: Scope) -> Checked:
    found: list[Diagnostic] = []
    for expression in template.expressions:
        checked = check_expression(expression, scope)
        found.extend(checked.diagnostics)
        if checked.type is not None and not _has_text_form(checked.type):
            found.extend(
                _mismatch(
                    f"{checked.type} cannot stand between other words",
                    expression.span_of(expression.tree),
                    _splice_hint(checked.type),
                ).diagnostics
            )
    if wanted is not None and not (isinstance(wanted, Scalar) and wanted.name in TEXT_LIKE):
        hint = 'build it in the expression: ${{ money(x, "USDT") }}' if wanted == MONEY else ""
        found.extend(
            _mismatch(f"{wanted} is needed here, not a text", template.span, hint).diagnostics
        )
    return Checked(type=STRING, diagnostics=sorted_diagnostics(found))


def _mismatch(summary: str, span: Span, hint: str) -> Checked:
    found = Diagnostic(code="type-mismatch", summary=summary, span=span, hint=hint)
    return Checked(type=None, diagnostics=(found,))


def _has_text_form(kind: Type) -> bool:
    return isinstance(kind, Scalar) and kind != MONEY


def _takes(actual: Type, wanted: Type) -> bool:
    return fits(actual, wanted) or (wanted == STRING and _has_text_form(actual))


def _conversion_hint(actual: Type, wanted: Type) -> str:
    if wanted == MONEY and actual in {DECIMAL, Scalar("int")}:
        return "give it a coin: money(x, coin)"
    if actual == MONEY and wanted == DECIMAL:
        return "take its number: decimal(x)"
    if isinstance(actual, ListOf) and actual.item == wanted:
        return "take one item: x[0]"
    return ""


def _splice_hint(kind: Type) -> str:
    if kind == MONEY:
        return "show its number: decimal(x)"
    if isinstance(kind, ListOf | MapOf):
        return "show its length: len(x)"
    return "show one of its fields" if isinstance(kind, Record) else ""
