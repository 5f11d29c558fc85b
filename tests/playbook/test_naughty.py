"""Strings that nobody of ours chose, in every field of a playbook; and files made to hurt.

Source: RELIABILITY sections 3 and 4: blns.json, read where the shared corpora are.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from runner.catalogue.manifests import MANIFESTS
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.documents.files import check_text
from runner.documents.nodes import Node, ScalarNode, SequenceNode
from runner.documents.schema import shape_schema
from runner.documents.yaml import read_yaml
from runner.playbook.load import load_playbook
from runner.reporting.checked import FileChecked
from runner.reporting.terminal import Terminal
from runner.reporting.validation import FORMATS, Validation, human_in_github

REPOSITORY = Path(__file__).resolve().parents[2]
WHOLE = (REPOSITORY / "tests/playbooks/valid/every-key.yaml").read_text(encoding="utf-8")
SHAPE = shape_schema("playbook")
SHOWN_MAX = 4
KEYWORDS = {
    key
    for part in (SHAPE, *SHAPE["$defs"].values())
    if isinstance(part, dict)
    for key in part.get("properties", {})
}
NAMING = {"apiVersion": "head", "kind": "head", "uses": "names", "effect": "names", "id": "names"}
"""Fields without which the checker would not look at the others: they are changed by themselves."""

Spelling = Callable[[str], str]
SPELLINGS: dict[str, Spelling] = {
    "quoted": lambda text: json.dumps(text, ensure_ascii=False),
    "plain": lambda text: text,
}


def fields_of(node: Node, group: str = "rest") -> Iterator[tuple[str, ScalarNode]]:
    """Yield every text people may choose, names under which they keep things too, by its group."""
    if isinstance(node, ScalarNode):
        yield group, node
    elif isinstance(node, SequenceNode):
        for item in node.items:
            yield from fields_of(item)
    else:
        for entry in node.entries:
            if entry.key.text not in KEYWORDS:
                yield "names", entry.key
            yield from fields_of(entry.value, NAMING.get(entry.key.text, "rest"))


FIELDS = tuple(fields_of(read_yaml(SourceFile(name="", text=WHOLE))))


def playbooks_with(text: str, spelling: Spelling) -> Iterator[str]:
    """Yield a playbook for each group of fields, with a text in all of them."""
    for group in ("head", "names", "rest"):
        written = WHOLE
        for known, node in sorted(FIELDS, key=lambda field: -field[1].start):
            if known == group:
                written = written[: node.start] + spelling(text) + written[node.end :]
        yield written


def checked(name: str, text: str) -> FileChecked:
    """Check a text as validate checks a file."""
    try:
        found = load_playbook(check_text(name, text), MANIFESTS).diagnostics
    except InvalidInput as error:
        found = error.diagnostics
    # How a finding is written does not depend on its field; a few of each file are enough.
    return FileChecked(name=name, diagnostics=found[:SHOWN_MAX])


@pytest.fixture(scope="module")
def naughty(shared_corpora: Path) -> list[str]:
    strings: list[str] = json.loads((shared_corpora / "blns.json").read_bytes())
    assert len(strings) > 500
    return strings


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_naughty_strings_are_taken_or_refused_and_shown_harmlessly(
    spelling: str, naughty: list[str]
) -> None:
    files, sources = [], {}
    for number, text in enumerate(naughty):
        for group, written in enumerate(playbooks_with(text, SPELLINGS[spelling])):
            # The name of a file is a field of its own.
            name = f"{number}-{group} {text}.yaml"
            sources[name] = SourceFile(name=name, text=written)
            files.append(checked(name, written))
    assert all(file.diagnostics for file in files if " .yaml" not in file.name)
    validation = Validation(files=files, source_of=sources.get, terminal=Terminal(), cwd=REPOSITORY)

    shown = {form: write(validation) for form, write in FORMATS.items()}

    shown["human in github"] = human_in_github(validation, "t0k3n")
    for form, written in shown.items():
        assert {each for each in written if not each.isprintable()} <= {"\n"}, form
    for form in ("json", "gitlab", "sarif"):
        json.loads(shown[form])
    ET.fromstring(shown["junit"])  # noqa: S314 - our own text, read back
    assert all(line.startswith(("::error ", "::warning ")) for line in shown["github"].splitlines())


def test_every_field_is_reached() -> None:
    marked = "".join(playbooks_with("MARK", SPELLINGS["plain"]))

    assert marked.count("MARK") == len(FIELDS) > 120


# files made to hurt


def _bomb(first: str, line: str) -> str:
    lines = [first]
    lines += [
        line.format(name=name, above=above)
        for above, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return "\n".join(lines) + "\n"


HEAD = "apiVersion: runner/v1\nkind: Playbook\nname: a\n"
BOMBS = {
    "aliases": _bomb(
        "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]",
        "{name}: &{name} [*{above},*{above},*{above},*{above},*{above},*{above},*{above},*{above}]",
    ),
    "merge keys": _bomb(
        "a: &a {x: 1, y: 2}", "{name}: &{name} {{<<: [*{above}, *{above}], {name}: *{above}}}"
    ),
    "levels": "[" * 100_000,
    "mappings": "{a: " * 100_000,
    "lists in lists": "- " * 100_000,
    "expression": f"{HEAD}steps:\n  - assert: {'(' * 50_000}\n",
    "delimiters": f"{HEAD}once: '{'${{ ' * 10_000}'\n",
}
MEASURE = """\
import resource, sys, time
from pathlib import Path
from runner.catalogue.manifests import MANIFESTS
from runner.core.source import SourceFile
from runner.playbook.load import load_playbook
warm = "apiVersion: runner/v1\\nkind: Playbook\\nname: 1\\nsteps: [{asert: a}]\\n"
load_playbook(SourceFile(name="a", text=warm), MANIFESTS)
text = Path(sys.argv[1]).read_text()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
took = []
for _ in range(3):
    start = time.perf_counter()
    found = load_playbook(SourceFile(name="b", text=text), MANIFESTS).diagnostics
    took.append(time.perf_counter() - start)
assert found
print(min(took), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
KIB_PER_MIB = 1 if sys.platform != "darwin" else 1024


@pytest.mark.parametrize("name", BOMBS)
def test_file_made_to_hurt_is_refused_at_once(name: str, tmp_path: Path) -> None:
    """RELIABILITY section 3: refused in less than 50 ms and 50 MB; the best of three counts."""
    path = tmp_path / "bomb.yaml"
    path.write_text(BOMBS[name], encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )

    seconds, kib = map(float, done.stdout.split())
    assert seconds < 0.05
    assert kib / KIB_PER_MIB < 50_000
