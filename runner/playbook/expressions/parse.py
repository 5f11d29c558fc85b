"""Text of an expression -> tree."""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias

from runner.core.diagnostics import Diagnostic, sorted_diagnostics
from runner.core.errors import InvalidInput
from runner.core.source import Span
from runner.playbook.expressions.scan import (
    BLANKS,
    DEPTH_MAX,
    NODES_MAX,
    RESERVED,
    TRUTHS,
    Finding,
    Scan,
    scan_expression,
)
from runner.playbook.expressions.tree import (
    Arithmetic,
    Call,
    Choice,
    Comparison,
    Each,
    Index,
    InputName,
    Items,
    Logic,
    Member,
    Name,
    Negative,
    Node,
    Not,
    Number,
    StepName,
    Text,
    Truth,
)

Locate: TypeAlias = Callable[[int, int], Span]
"""Turns character offsets of a text (from 0, end exclusive) into a place in the file."""


class ExpressionInvalid(InvalidInput):
    """A text is not an expression of the language."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expression:
    """One parsed expression; two are the same only if they are one object.

    Shapes: ``text`` is what was written, surrounding blanks included; the tree's offsets count in
        it. ``program`` is a cache of ``evaluate`` and belongs to it alone.
    """

    text: str
    tree: Node
    locate: Locate = field(repr=False)
    program: Callable[[Any], Any] | None = field(default=None, init=False, repr=False)

    def source_of(self, node: Node) -> str:
        """Return the text of one node as it was written."""
        return self.text[node.start : node.end]

    def span_of(self, node: Node) -> Span:
        """Return the place of one node in the file."""
        return self.locate(node.start, node.end)


def parse_expression(text: str, locate: Locate) -> Expression:
    """Read one expression; blanks and line breaks around and inside it do not matter.

    Errors: ``ExpressionInvalid`` with everything that is wrong; no other exception for any text.
    """
    found = _tree_or_findings(text)
    if isinstance(found, tuple):
        raise _invalid(found, locate)
    return Expression(text=text, tree=found, locate=locate)


@lru_cache(maxsize=4_096)
def _tree_or_findings(text: str) -> Node | tuple[Finding, ...]:
    """Parse once what many steps and many files say: ``inputs.link`` stands everywhere."""
    scan = scan_expression(text)
    if scan.findings:
        return tuple(scan.findings)
    builder = _Builder(scan, text)
    tree = builder.build_root()
    if tree is None or builder.findings:
        return tuple(builder.findings)
    return tree


def _invalid(findings: Iterable[Finding], locate: Locate) -> ExpressionInvalid:
    return ExpressionInvalid(
        sorted_diagnostics(
            Diagnostic(code=f.code, summary=f.summary, span=locate(f.start, f.end), hint=f.hint)
            for f in findings
        )
    )


_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_NAMES_OF_REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Tuple: ("a comma outside a list or call", "a list is written [a, b]"),
    ast.Starred: ("a star", "write the arguments one by one"),
}


class _Builder:
    """Python's tree -> ours, collecting what the language does not have."""

    def __init__(self, scan: Scan, text: str) -> None:
        self.findings: list[Finding] = []
        self._text = text
        self._tokens = scan.tokens
        self._lead = len(scan.masked) - len(scan.masked.lstrip(" "))
        self._bare = scan.masked.lstrip(" ")
        # Columns of the syntax tree count UTF-8 bytes.
        self._offsets = None if self._bare.isascii() else _byte_offsets(self._bare)

    def build_root(self) -> Node | None:
        """Parse and convert; None when the findings say why not."""
        try:
            root = ast.parse(self._bare, mode="eval").body
        except SyntaxError as exc:
            self._refuse_syntax(exc)
            return None
        except (MemoryError, RecursionError, ValueError):
            self._refuse_size("the expression is nested too deeply")
            return None
        if not self._fits(root):
            return None
        return self._node(root)

    def _refuse_syntax(self, exc: SyntaxError) -> None:
        words = [token.text for token in self._tokens if token.kind == "word"]
        if "for" not in words and words.count("if") > words.count("else"):
            at = next(token for token in self._tokens if token.text == "if")
            self._find(
                "expression-syntax",
                'a choice without "else"',
                at.start,
                at.end,
                'write "a if condition else b"',
            )
            return
        # Where Python gave up; its own words would speak of Python.
        start = self._lead + max((exc.offset or 1) - 1, 0)
        for token in self._tokens:
            if token.end > start:
                self._find(
                    "expression-syntax", f'"{token.text}" does not fit here', token.start, token.end
                )
                return
        end = self._lead + len(self._bare)
        self._find("expression-syntax", "the expression ends too early", end, end)

    def _refuse_size(self, summary: str) -> None:
        self._find(
            "expression-too-large",
            summary,
            self._lead,
            len(self._text.rstrip(BLANKS)),
            "give a part of it a name in the step's let",
        )

    def _find(self, code: str, summary: str, start: int, end: int, hint: str = "") -> None:
        self.findings.append(Finding(code=code, summary=summary, hint=hint, start=start, end=end))

    def _fits(self, root: ast.expr) -> bool:
        count = 0
        waiting: list[tuple[ast.AST, int]] = [(root, 1)]
        while waiting:
            node, depth = waiting.pop()
            if not isinstance(node, ast.expr | ast.comprehension | ast.keyword):
                continue
            count += 1
            if depth > DEPTH_MAX:
                self._refuse_size(f"the expression is nested deeper than {DEPTH_MAX}")
                return False
            if count > NODES_MAX:
                self._refuse_size(f"the expression has more than {NODES_MAX} parts")
                return False
            waiting.extend((child, depth + 1) for child in ast.iter_child_nodes(node))
        return True

    def _at(self, column: int | None) -> int:
        assert column is not None
        return self._lead + (column if self._offsets is None else self._offsets[column])

    def _place(self, node: ast.expr) -> dict[str, int]:
        return {"start": self._at(node.col_offset), "end": self._at(node.end_col_offset)}

    def _refuse(self, node: ast.expr, what: str, hint: str = "") -> Node:
        place = self._place(node)
        self._find("expression-refused", f"{what} is not in the language", **place, hint=hint)
        return Truth(**place, value=False)

    def _node(self, node: ast.expr) -> Node:
        build = _BUILD.get(type(node))
        if build is None:
            what, hint = _NAMES_OF_REFUSED.get(type(node), ("this form", ""))
            return self._refuse(node, what, hint)
        return build(self, node)

    def constant(self, node: ast.Constant) -> Node:
        place = self._place(node)
        if type(node.value) is str:
            return Text(**place, value=node.value)
        # From the source, never through a float.
        written = self._text[place["start"] : place["end"]]
        return Number(**place, value=Decimal(written) if "." in written else int(written))

    def name(self, node: ast.Name) -> Node:
        if node.id in TRUTHS:
            return Truth(**self._place(node), value=node.id == "true")
        return Name(**self._place(node), name=node.id)

    def member(self, node: ast.Attribute) -> Node:
        place = self._place(node)
        key = self._text[place["end"] - len(node.attr) : place["end"]]
        if isinstance(node.value, ast.Name) and node.value.id == "inputs":
            return InputName(**place, name=key)
        if isinstance(node.value, ast.Name) and node.value.id == "steps":
            return StepName(**place, name=key)
        return Member(**place, of=self._node(node.value), key=key)

    def index(self, node: ast.Subscript) -> Node:
        return Index(**self._place(node), of=self._node(node.value), key=self._node(node.slice))

    def items(self, node: ast.List) -> Node:
        return Items(**self._place(node), items=tuple(self._node(item) for item in node.elts))

    def call(self, node: ast.Call) -> Node:
        if not isinstance(node.func, ast.Name):
            hint = (
                f"a function is called by its name: {node.func.attr}(x)"
                if isinstance(node.func, ast.Attribute)
                else "a function is called by its name"
            )
            return self._refuse(node, "calling a value", hint)
        arguments = []
        for argument in node.args:
            if isinstance(argument, ast.GeneratorExp):
                arguments.append(self.each(argument))
            else:
                arguments.append(self._node(argument))
        return Call(**self._place(node), function=node.func.id, arguments=tuple(arguments))

    def unary(self, node: ast.UnaryOp) -> Node:
        if isinstance(node.op, ast.Not):
            return Not(**self._place(node), operand=self._node(node.operand))
        if isinstance(node.op, ast.USub):
            return Negative(**self._place(node), operand=self._node(node.operand))
        return self._refuse(node, 'a leading "+"', "write the value alone")

    def arithmetic(self, node: ast.BinOp) -> Node:
        return Arithmetic(
            **self._place(node),
            operator=_ARITHMETIC[type(node.op)],
            left=self._node(node.left),
            right=self._node(node.right),
        )

    def logic(self, node: ast.BoolOp) -> Node:
        return Logic(
            **self._place(node),
            operator="and" if isinstance(node.op, ast.And) else "or",
            operands=tuple(self._node(operand) for operand in node.values),
        )

    def comparison(self, node: ast.Compare) -> Node:
        return Comparison(
            **self._place(node),
            operators=tuple(_COMPARISONS[type(operator)] for operator in node.ops),
            operands=tuple(self._node(operand) for operand in (node.left, *node.comparators)),
        )

    def choice(self, node: ast.IfExp) -> Node:
        return Choice(
            **self._place(node),
            condition=self._node(node.test),
            then=self._node(node.body),
            otherwise=self._node(node.orelse),
        )

    def each(self, node: ast.ListComp | ast.GeneratorExp) -> Node:
        if len(node.generators) != 1:
            return self._refuse(
                node, 'a second "for"', "put the inner list in a comprehension of its own"
            )
        (loop,) = node.generators
        if not isinstance(loop.target, ast.Name):
            return self._refuse(loop.target, "a loop over several names", "use one name")
        local = self._place(loop.target)
        if loop.target.id in RESERVED:
            self._find(
                "expression-refused",
                f'the loop cannot use the name "{loop.target.id}"',
                **local,
                hint="choose another name",
            )
        return Each(
            **self._place(node),
            item=self._node(node.elt),
            local=loop.target.id,
            local_start=local["start"],
            source=self._node(loop.iter),
            conditions=tuple(self._node(condition) for condition in loop.ifs),
        )

    def generator(self, node: ast.GeneratorExp) -> Node:
        return self._refuse(node, '"for" outside a list or call', "write [item for x in list]")


_BUILD: dict[type[ast.expr], Callable[[_Builder, Any], Node]] = {
    ast.Constant: _Builder.constant,
    ast.Name: _Builder.name,
    ast.Attribute: _Builder.member,
    ast.Subscript: _Builder.index,
    ast.List: _Builder.items,
    ast.Call: _Builder.call,
    ast.UnaryOp: _Builder.unary,
    ast.BinOp: _Builder.arithmetic,
    ast.BoolOp: _Builder.logic,
    ast.Compare: _Builder.comparison,
    ast.IfExp: _Builder.choice,
    ast.ListComp: _Builder.each,
    ast.GeneratorExp: _Builder.generator,
}


def _byte_offsets(text: str) -> dict[int, int]:
    offsets = {}
    at = 0
    for index, character in enumerate(text):
        offsets[at] = index
        at += len(character.encode("utf-8"))
    offsets[at] = len(text)
    return offsets
