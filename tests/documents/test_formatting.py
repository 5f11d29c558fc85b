"""``fmt`` changes how a file is written and never what it says."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from textwrap import indent

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runner.catalogue.manifests import MANIFESTS
from runner.core.errors import FormatRefused, InvalidInput
from runner.core.source import SourceFile
from runner.documents.comments import comments_of
from runner.documents.files import check_text
from runner.documents.formatting import format_source
from runner.documents.nodes import to_json
from runner.documents.yaml import read_yaml
from runner.playbook.load import load_playbook

ROOT = Path(__file__).parents[2]


def formatted(text: str) -> str:
    return format_source(check_text("a.yaml", text))


CASES = {
    "indentation": ("a:\n      b: 1\n      c:\n      - 2\n", "a:\n  b: 1\n  c:\n    - 2\n"),
    "blanks": ("a:   1   \n\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n"),
    "line ends": ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
    "no line end": ("a: 1", "a: 1\n"),
    "quotes stay": ("a: '1'\nb: \"x\"\n", "a: '1'\nb: \"x\"\n"),
    "numbers stay": (
        "a: 0.10\nb: 100000000000000000000.5\n",
        "a: 0.10\nb: 100000000000000000000.5\n",
    ),
    "short brackets stay": ("a: {b: 1, c: [2, 3]}\n", "a: {b: 1, c: [2, 3]}\n"),
    "blanks in brackets": ("a: { b: 1 ,c: 2 }\n", "a: {b: 1, c: 2}\n"),
    "expression in brackets": (
        'with: {link: "${{ inputs.link }}", page: 1}\n',
        "with:\n  link: ${{ inputs.link }}\n  page: 1\n",
    ),
    "quotes that are needed stay": (
        'with: {x: "${{ a }}: ${{ b }}"}\n',
        "with:\n  x: '${{ a }}: ${{ b }}'\n",
    ),
    "expression in a list": ('a: ["${{ b }}", c]\n', "a:\n  - ${{ b }}\n  - c\n"),
    "brackets inside brackets": (
        'a: {b: {c: "${{ d }}"}, e: {f: 1}}\n',
        "a:\n  b:\n    c: ${{ d }}\n  e: {f: 1}\n",
    ),
    "brackets over lines": ("a: {b: 1,\n    c: 2}\n", "a:\n  b: 1\n  c: 2\n"),
    "text over lines": (
        "a: b\n   c\nd: |\n      x  \n\n       y\n",
        "a: b c\nd: |\n  x  \n\n   y\n",
    ),
    "folded text": ("a: >-\n    b\n    c\n\n      d\n", "a: >-\n  b\n  c\n\n    d\n"),
    "comments move along": (
        "# top\na:\n    # of b\n    b: 1 # eol\n    # last in a\n# of c\nc: 2\n# end\n",
        "# top\na:\n  # of b\n  b: 1   # eol\n  # last in a\n# of c\nc: 2\n# end\n",
    ),
    "comments of list items": (
        "a:\n# of b\n- b: 1\n  # of c\n  c: 2\n  # last in b\n# of d\n- d: 3\n",
        "a:\n  # of b\n  - b: 1\n    # of c\n    c: 2\n    # last in b\n  # of d\n  - d: 3\n",
    ),
    "no comment": ('a: "# b"\nc: |\n  # d\n', 'a: "# b"\nc: |\n  # d\n'),
}


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES)
def test_format_writes_in_one_way(text: str, wanted: str) -> None:
    assert formatted(text) == wanted
    assert formatted(wanted) == wanted


@pytest.mark.parametrize(
    "path",
    [
        *sorted((ROOT / "playbooks").rglob("*.yaml")),
        *(ROOT / "tests/playbooks/valid").glob("*.yaml"),
    ],
    ids=lambda path: path.name,
)
def test_playbooks_of_the_repository_are_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert formatted(text) == text, "run: runner fmt on it"


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "tests/playbooks/invalid").rglob("*.yaml")),
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_wrong_playbook_stays_wrong_in_the_same_way(path: Path) -> None:
    try:
        source = check_text("a.yaml", path.read_bytes().decode("utf-8"))
        text = format_source(source)
    except (InvalidInput, UnicodeDecodeError):
        return

    before = load_playbook(source, MANIFESTS).diagnostics
    after = load_playbook(check_text("a.yaml", text), MANIFESTS).diagnostics
    assert [each.code for each in after] == [each.code for each in before]


def test_comment_that_would_be_lost_leaves_the_file_alone() -> None:
    with pytest.raises(FormatRefused) as refused:
        formatted("a: {\n  # nothing yet\n  }\n")

    assert "left as it was" in refused.value.hint


def test_file_that_cannot_be_read_is_not_formatted() -> None:
    with pytest.raises(InvalidInput):
        formatted("a: &x 1\n")


# playbooks that nobody wrote


WORDS = st.sampled_from(["a", "link", "x_1", "amount"])
COMMENTS = st.sampled_from(["", "", "", "# one", "# two: [x]", "#three"])
PLAIN = st.sampled_from(
    [
        "5 USDT",
        "0.10",
        "true",
        "1000",
        "${{ inputs.link }}",
        "x y",
        "a#b",
        "at ${{ now }} UTC",
        "-x",
    ]
)
QUOTED = st.sampled_from(['"no"', "'014'", '"a: b"', '"${{ inputs.link }}"', '"# x"', '"\\u00e9"'])


@st.composite
def lines(draw: st.DrawFn, depth: int = 0) -> list[str]:
    """Draw the lines of a mapping, written in any way there is."""
    found = []
    for key in draw(st.lists(WORDS, min_size=1, max_size=3, unique=True)):
        found += [draw(COMMENTS)] * draw(st.integers(0, 1))
        kinds = ["plain", "quoted", "flow", "text", *(["block", "list"] if depth < 3 else [])]
        kind = draw(st.sampled_from(kinds))
        comment = draw(COMMENTS)
        eol = f"  {comment}" if comment else ""
        if kind in {"block", "list"}:
            found += [f"{key}:{eol}", *draw(below(kind, depth + 1))]
        elif kind == "text":
            step, sign = (
                " " * draw(st.integers(1, 6)),
                draw(st.sampled_from(["|", "|-", ">", ">-"])),
            )
            found += [f"{key}: {sign}", *(f"{step}{x}" for x in ("one  ", "# no comment", "two"))]
        else:
            found.append(f"{key}:  {draw(values(kind))}{eol}")
    return found


@st.composite
def values(draw: st.DrawFn, kind: str) -> str:
    """Draw a value of one line."""
    if kind == "flow":
        inner = [f"k{i}: {draw(QUOTED)}" for i in range(draw(st.integers(0, 3)))]
        return f"{{ {', '.join(inner)} }}"
    return draw(PLAIN if kind == "plain" else QUOTED)


@st.composite
def below(draw: st.DrawFn, kind: str, depth: int) -> list[str]:
    """Draw the lines of a mapping or of a list of mappings, below their key."""
    if kind == "block":
        step = " " * draw(st.integers(1, 6))
        return [f"{step}{x}" if x else x for x in draw(lines(depth))]
    found = []
    dash = " " * draw(st.integers(0, 4))
    for _ in range(draw(st.integers(1, 3))):
        inner = [x for x in draw(lines(depth)) if x] or ["a: 1"]
        while inner[0].startswith("#"):
            inner.append(inner.pop(0))
        found += [f"{dash}- {inner[0]}", *(f"{dash}  {x}" for x in inner[1:])]
    return found


@given(lines())
def test_format_keeps_values_and_comments_and_settles(drawn: list[str]) -> None:
    text = "".join(f"{line}\n" for line in drawn)
    try:
        before = read_yaml(check_text("a.yaml", text))
    except InvalidInput:
        assume(False)
    try:
        written = formatted(text)
    except FormatRefused:
        return

    after = read_yaml(check_text("a.yaml", written))
    assert to_json(after) == to_json(before)
    assert [c.text for c in comments_of(after)] == [c.text for c in comments_of(before)]
    assert formatted(written) == written
    assert not any(line != line.rstrip() for line in written.split("\n") if "one" not in line)


@given(lines())
def test_few_files_are_left_alone(drawn: list[str]) -> None:
    """Only what ruamel.yaml cannot keep may be refused: comments inside brackets are not drawn."""
    text = "".join(f"{line}\n" for line in drawn)
    try:
        read_yaml(check_text("a.yaml", text))
    except InvalidInput:
        assume(False)
    formatted(text)


WRITTEN = """\
id: {id}
uses: mirror.positions
with: {{link: "${{{{ inputs.link }}}}"}}
assert: result.complete

id: {id}
uses: system.status # look
assert:
- result.normal
- "true == true"

id: {id}
effect: mirror.apply
with:
    link: ${{{{ inputs.link }}}}
    amount:   5.50 USDT
    network: 'ETH'
confirm: accepted

id: {id}
wait:
   uses: mirror.positions
   with: {{
     link: acme/x }}
   until: >-
       result.complete
       and true == true
   timeout: 90s

assert: >
    inputs.link
    == "a/b"
message: |
    wrong ${{{{ inputs.link }}}}
"""
STEPS = st.sampled_from(WRITTEN.split("\n\n"))


@given(st.lists(st.tuples(STEPS, st.integers(1, 5), COMMENTS), min_size=1, max_size=5))
def test_formatted_playbook_is_the_same_playbook(steps: list[tuple[str, int, str]]) -> None:
    text = (
        "apiVersion:  runner/v1\nkind: Playbook\nname: drawn\n"
        "inputs: {link: {type: mirror_link, required: true}}\n"
        'may: {mirror.apply: {count: 9, total: ["50 USDT"]}}\nsteps:\n'
    )
    for number, (step, width, comment) in enumerate(steps):
        filled = step.format(id=f"s{number}")
        inner = indent(f"{filled}\n", " " * (width + 1))
        text += (f"{comment}\n" if comment else "") + "-" + inner[1:]

    before = load_playbook(check_text("a.yaml", text), MANIFESTS)
    after = load_playbook(check_text("a.yaml", formatted(text)), MANIFESTS)

    assert before.playbook is not None
    assert after.playbook is not None
    assert shape(after.playbook) == shape(before.playbook)
    assert [d.code for d in after.diagnostics] == [d.code for d in before.diagnostics]


def shape(part: object) -> object:
    """Return a part of the model without the places its texts stand at."""
    if isinstance(part, tuple):
        return [shape(each) for each in part]
    if isinstance(part, Mapping):
        return {key: shape(each) for key, each in part.items()}
    if isinstance(part, SourceFile) or callable(part) or type(part).__name__ == "Span":
        return None
    if is_dataclass(part):
        names = [f.name for f in fields(part) if f.name not in {"tree", "start", "end", "locate"}]
        return (type(part).__name__, {name: shape(getattr(part, name)) for name in names})
    return part
