"""Every code that a playbook file can bring up has an example whose message is kept word for word.

``UPDATE_GOLDEN=1 pytest tests/playbook/test_invalid.py`` writes the messages anew; read the diff.
"""

import os
from pathlib import Path

import pytest

from runner.catalogue.manifests import MANIFESTS
from runner.core.diagnostics import CODES, Diagnostic
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.documents.files import read_source
from runner.playbook.load import load_playbook
from runner.reporting.diagnostics import render_diagnostics, source_from_disk
from runner.reporting.terminal import Terminal

EXAMPLES = Path(__file__).parent.parent / "playbooks" / "invalid"
CASES = sorted(EXAMPLES.glob("*/*.yaml"))

COVERED_ELSEWHERE = {
    "file-unreadable": "tests/documents",
    "file-too-large": "tests/documents",
    "yaml-too-many-nodes": "tests/documents",
    "input-missing": "tests/playbook/test_inputs.py",
    "input-invalid": "tests/playbook/test_inputs.py",
    "input-unknown": "tests/playbook/test_inputs.py",
    "unknown-link": "tests/controls",
    "unknown-wallet": "tests/controls",
    "unknown-coin": "tests/controls",
    "unknown-network": "tests/controls",
    "once-missing": "tests/app",
    "balance-insufficient": "tests/plan",
    "precision-exceeded": "tests/plan",
    "amount-not-positive": "tests/plan",
    "effect-argument-unknown": "tests/plan",
    "assert-fails": "tests/plan",
    "evaluation-failed": "tests/plan",
}
"""Codes that no playbook file alone brings up, and where they are tested."""


def _found_in(path: Path) -> tuple[Diagnostic, ...]:
    name = path.relative_to(EXAMPLES).as_posix()
    try:
        source = read_source(path, name=name)
    except InvalidInput as error:
        return error.diagnostics
    loaded = load_playbook(source, MANIFESTS)
    has_playbook = loaded.playbook is not None
    assert has_playbook == all(d.severity == "warning" for d in loaded.diagnostics)
    return loaded.diagnostics


def _source(name: str) -> SourceFile | None:
    return source_from_disk(str(EXAMPLES / name))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_invalid_playbook_is_told_what_where_and_the_way_out(path: Path) -> None:
    found = _found_in(path)

    text = render_diagnostics(found, Terminal(), _source)

    golden = path.with_suffix(".err")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert path.parent.name in {d.code for d in found}


def test_every_code_has_an_example_or_a_test_elsewhere() -> None:
    exemplified = {path.parent.name for path in CASES}

    assert exemplified | set(COVERED_ELSEWHERE) == set(CODES)
    assert not exemplified & set(COVERED_ELSEWHERE)


def test_no_message_is_left_without_its_playbook() -> None:
    messages = {path.with_suffix(".yaml") for path in EXAMPLES.glob("*/*.err")}

    assert messages == set(CASES)
