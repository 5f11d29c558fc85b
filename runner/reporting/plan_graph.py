"""The steps of a plan as a drawing: what follows what, what stands side by side, what is a loop.

A node is measured first, from the inside out, and drawn then, from the outside in. Steps in order
stand below each other, branches beside each other, and the items of a loop in rows.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from runner.core.record import record
from runner.plan.model import Plan
from runner.reporting.escape import cut, visible
from runner.reporting.html import Html, el, joined
from runner.reporting.plan_tree import LOOP, SIDE_BY_SIDE, Node, plan_tree

_NODES_MAX: Final = 300
_WIDTH_MAX: Final = 1040
_LEAF_WIDTH: Final = 246
_LEAF_HEIGHT: Final = 50
_PADDING: Final = 14
_HEAD: Final = 30
_GAP: Final = 22
_BESIDE: Final = 16
_LABEL_MAX: Final = 27
_ABOUT_MAX: Final = 33

_MARKS: Final = {
    "use": "read",
    "notify": "notify",
    "wait": "wait",
    "pause": "pause",
    "bare": "check",
    "foreach": "for each",
    "group": "steps",
    "parallel": "side by side",
    "try": "try",
    "call": "playbook",
    "more": "more",
}


@record
class _Box:
    """A node with its room; what is in it stands in rows.

    Units: pixels of the drawing.
    """

    node: Node
    width: int
    height: int
    rows: tuple[tuple["_Box", ...], ...] = ()
    arrows: bool = False


def step_graph(plan: Plan) -> Html:
    """Return the drawing of a plan's steps, or nothing for a plan without steps."""
    roots = plan_tree(plan, size_max=_NODES_MAX)
    if not roots:
        return Html("")
    boxes = tuple(_measured(each, _WIDTH_MAX) for each in roots)
    width = max(box.width for box in boxes)
    height = sum(box.height for box in boxes) + _GAP * (len(boxes) - 1)
    drawn = joined(*_column(boxes, 0, 0, width))
    return el(
        "svg",
        el("title", f"The steps of {plan.playbook}; the table of steps below says the same"),
        el("defs", _arrow_head()),
        drawn,
        viewBox=f"-2 -2 {width + 4} {height + 4}",
        width=width + 4,
        height=height + 4,
        role="img",
        class_="graph",
    )


def _arrow_head() -> Html:
    path = el("path", d="M0 0 L8 4 L0 8 z", class_="tip")
    return el(
        "marker",
        path,
        id="tip",
        viewBox="0 0 8 8",
        refX=7,
        refY=4,
        markerWidth=7,
        markerHeight=7,
        orient="auto",
    )


def _measured(node: Node, room: int) -> _Box:
    if not node.inside:
        return _Box(node=node, width=_LEAF_WIDTH, height=_LEAF_HEIGHT)
    inner = tuple(_measured(each, room - 2 * _PADDING) for each in node.inside)
    if node.kind in SIDE_BY_SIDE or node.kind == LOOP:
        rows = tuple(_rows(inner, room - 2 * _PADDING))
        arrows = False
    else:
        rows = tuple((box,) for box in inner)
        arrows = True
    gap = _GAP if arrows else _BESIDE
    width = max(sum(box.width for box in row) + _BESIDE * (len(row) - 1) for row in rows)
    height = sum(max(box.height for box in row) for row in rows) + gap * (len(rows) - 1)
    return _Box(
        node=node,
        width=width + 2 * _PADDING,
        height=height + _HEAD + _PADDING,
        rows=rows,
        arrows=arrows,
    )


def _rows(boxes: Sequence[_Box], room: int) -> Iterator[tuple[_Box, ...]]:
    row: list[_Box] = []
    used = 0
    for box in boxes:
        if row and used + _BESIDE + box.width > room:
            yield tuple(row)
            row, used = [], 0
        used += box.width + (_BESIDE if row else 0)
        row.append(box)
    yield tuple(row)


def _column(boxes: Sequence[_Box], left: int, top: int, width: int) -> Iterator[Html]:
    """Draw boxes below each other around one line, with an arrow from each to the next."""
    middle = left + width // 2
    for index, box in enumerate(boxes):
        yield from _drawn(box, middle - box.width // 2, top)
        top += box.height
        if index + 1 < len(boxes):
            open_end = "undecided" in {box.node.state, boxes[index + 1].node.state}
            yield el(
                "line",
                x1=middle,
                y1=top + 1,
                x2=middle,
                y2=top + _GAP - 1,
                class_="flow open" if open_end else "flow",
                marker_end="url(#tip)",
            )
        top += _GAP


def _drawn(box: _Box, left: int, top: int) -> Iterator[Html]:
    if not box.rows:
        yield _leaf(box.node, left, top)
        return
    node = box.node
    name = f"{_MARKS.get(node.kind, node.kind)}: {cut(visible(node.label), _label_max(box))}"
    yield el(
        "g",
        el("title", f"{node.label} ({node.path}), {node.state}"),
        el("rect", x=left, y=top, width=box.width, height=box.height, rx=10, class_=_frame(node)),
        el("text", name, x=left + _PADDING, y=top + 20, class_="head"),
    )
    inner = box.width - 2 * _PADDING
    if box.arrows:
        yield from _column([row[0] for row in box.rows], left + _PADDING, top + _HEAD, inner)
        return
    y = top + _HEAD
    for row in box.rows:
        x = left + _PADDING
        for each in row:
            yield from _drawn(each, x, y)
            x += each.width + _BESIDE
        y += max(each.height for each in row) + _BESIDE


def _leaf(node: Node, left: int, top: int) -> Html:
    mark = "effect" if node.has_effect else _MARKS.get(node.kind, node.kind)
    state = "" if node.state in {"done", "planned"} else f" · {node.state}"
    about = node.about or f"{mark}{state}"
    told = f"{node.about}{state}" if node.about else about
    return el(
        "g",
        el("title", f"{node.label} ({node.path}): {mark}, {node.state}"),
        el(
            "rect", x=left, y=top, width=_LEAF_WIDTH, height=_LEAF_HEIGHT, rx=8, class_=_frame(node)
        ),
        el(
            "rect",
            x=left,
            y=top,
            width=5,
            height=_LEAF_HEIGHT,
            rx=2,
            class_=f"edge {_colour(node)}",
        ),
        el("text", cut(visible(node.label), _LABEL_MAX), x=left + 16, y=top + 21, class_="name"),
        el("text", cut(visible(told), _ABOUT_MAX), x=left + 16, y=top + 39, class_="about"),
        class_="step",
    )


def _frame(node: Node) -> str:
    if node.inside:
        return f"frame{' faded' if node.state == 'skipped' else ''}"
    return f"box {_colour(node)}{' faded' if node.state == 'skipped' else ''}"


def _colour(node: Node) -> str:
    if node.state == "unplanned":
        return "unplanned"
    if node.has_effect:
        return "undecided" if node.state == "undecided" else "effect"
    return "look"


def _label_max(box: _Box) -> int:
    return max((box.width - 2 * _PADDING) // 8 - 10, 12)
