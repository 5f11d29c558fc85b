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
from runner.documents.folder import Folder
from runner.playbook.load import load_playbook
from runner.reporting.diagnostics import render_diagnostics, source_from_disk
from runner.reporting.terminal import Terminal

EXAMPLES = Path(__file__).parent.parent / "playbooks" / "invalid"
CASES = sorted(EXAMPLES.glob("*/*.yaml"))

COVERED_ELSEWHERE = {
    "once-missing": "app/usecases/test_executing.py",
    "effect-argument-unknown": "app/usecases/test_executing.py",
    "file-unreadable": "documents/test_files.py",
    "file-too-large": "documents/test_files.py",
    "yaml-too-many-nodes": "documents/test_yaml.py",
    "input-missing": "playbook/test_inputs.py",
    "input-invalid": "playbook/test_inputs.py",
    "input-unknown": "playbook/test_inputs.py",
    "unknown-link": "controls/test_directory.py",
    "unknown-wallet": "controls/test_directory.py",
    "unknown-coin": "controls/test_directory.py",
    "unknown-network": "controls/test_directory.py",
    "address-invalid": "controls/test_load.py",
    "policy-rule-impossible": "controls/test_policy_file.py",
    "policy-rule-unreachable": "controls/test_policy_file.py",
    "policy-open-end": "controls/test_policy_file.py",
    "unknown-destination": "controls/test_directory.py",
    "destination-refused": "actions/test_transfers.py",
    "wallet-unfit": "actions/test_transfers.py",
    "name-invalid": "actions/test_wallet_effects.py",
    "name-taken": "plan/test_dryrun.py",
    "nothing-to-change": "actions/test_wallet_effects.py",
    "precision-exceeded": "actions/test_effects.py",
    "amount-not-positive": "actions/test_effects.py",
    "amount-out-of-bounds": "plan/test_sending.py",
    "fee-refused": "plan/test_sending.py",
    "network-closed": "plan/test_sending.py",
    "loop-unknown": "plan/test_dryrun_inside.py",
    "loop-key-invalid": "plan/test_dryrun_inside.py",
}
"""Codes that no playbook file alone brings up, and the test that does."""


def _found_in(path: Path) -> tuple[Diagnostic, ...]:
    name = path.relative_to(EXAMPLES).as_posix()
    try:
        source = read_source(path, name=name)
    except InvalidInput as error:
        return error.diagnostics
    loaded = load_playbook(source, MANIFESTS, Folder(Path()))
    has_playbook = loaded.playbook is not None
    assert has_playbook == all(d.severity == "warning" for d in loaded.diagnostics)
    return loaded.diagnostics


def _source(name: str) -> SourceFile | None:
    return source_from_disk(str(EXAMPLES / name))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_invalid_playbook_is_told_what_where_and_the_way_out(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES)
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


@pytest.mark.parametrize(("code", "place"), COVERED_ELSEWHERE.items())
def test_code_covered_elsewhere_is_named_there(code: str, place: str) -> None:
    text = (EXAMPLES.parents[1] / place).read_text(encoding="utf-8")

    assert f'"{code}"' in text


def test_no_message_is_left_without_its_playbook() -> None:
    messages = {path.with_suffix(".yaml") for path in EXAMPLES.glob("*/*.err")}

    assert messages == set(CASES)
