"""Every diagnostic code is explained, and the examples do what they say.

Examples of what only a plan finds are run in ``tests/app/usecases/test_explained.py``.
"""

from pathlib import Path

import pytest

from runner.catalogue.manifests import MANIFESTS
from runner.controls.directory import directory_from_document
from runner.controls.policy_file import policy_from_document
from runner.controls.policy_lint import policy_doubts
from runner.core.diagnostics import CODES, Diagnostic
from runner.core.errors import InvalidInput, UsageInvalid
from runner.core.source import SourceFile
from runner.documents.files import read_source, source_from_bytes
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml
from runner.playbook.calls import StoredFiles
from runner.playbook.load import load_playbook
from runner.reporting.explaining import (
    FOLDER,
    Example,
    Explanation,
    load_explanation,
    render_codes,
    render_explanation,
)
from runner.reporting.terminal import Terminal

EXPLAINED = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def found_in(example: Example, explained: Explanation, folder: Path) -> tuple[Diagnostic, ...]:
    files = StoredFiles({name: each.data or b"" for name, each in explained.beside.items()})
    try:
        if example.data is None:
            source = read_source(folder / "missing.yaml")
        else:
            source = source_from_bytes("example.yaml", example.data)
    except InvalidInput as error:
        return error.diagnostics
    if explained.file != "playbook":
        return found_in_controls(source, explained)
    return load_playbook(source, MANIFESTS, files).diagnostics


def found_in_controls(source: SourceFile, explained: Explanation) -> tuple[Diagnostic, ...]:
    document = read_yaml(source)
    assert check_schema(document, explained.file) == ()
    try:
        if explained.file == "directory":
            directory_from_document(document)
            return ()
        return policy_doubts(policy_from_document(document))
    except InvalidInput as error:
        return error.diagnostics


def test_every_code_is_explained() -> None:
    missing = sorted(set(CODES) - set(EXPLAINED))

    assert missing == [], f"write {FOLDER}/CODE.yaml for them, as the others are"


def test_nothing_is_explained_that_is_no_code() -> None:
    assert sorted(set(EXPLAINED) - set(CODES)) == [], "delete the file, or add the code to CODES"


@pytest.mark.parametrize("code", EXPLAINED)
def test_explanation_says_why_in_whole_sentences(code: str) -> None:
    explained = load_explanation(code)

    assert explained.why.endswith(".")
    assert len(explained.why) > 40
    assert explained.why != explained.summary


@pytest.mark.parametrize("code", EXPLAINED)
def test_bad_example_has_that_code_alone_and_good_one_none(code: str, tmp_path: Path) -> None:
    explained = load_explanation(code)
    bad, good = (found_in(each, explained, tmp_path) for each in (explained.bad, explained.good))

    wanted = {(code, explained.severity)} if explained.seen_by != "plan" else set()
    assert {(found.code, found.severity) for found in bad} == wanted
    assert good == ()


@pytest.mark.parametrize("code", EXPLAINED)
def test_explanation_fits_a_screen(code: str) -> None:
    text = render_explanation(load_explanation(code), Terminal(width=100))

    assert len(text.splitlines()) < 60
    assert all(line == line.rstrip() for line in text.splitlines())
    assert text.replace("\n", "").isprintable()


def test_explanation_is_shown_with_both_examples() -> None:
    text = render_explanation(load_explanation("input-invalid"), Terminal())

    assert text == (
        "error[input-invalid]: An input has a value of the wrong type or outside its bounds.\n"
        "\n"
        "What is given must have the type and keep the bounds that the playbook was reviewed with."
        " Found by\nplan and run.\n"
        "\n"
        'Bad (with --input "least=5000 USDT")\n'
        f"{_indented(load_explanation('input-invalid'))}"
        "\n"
        'Good (with --input "least=500 USDT")\n'
        f"{_indented(load_explanation('input-invalid'))}"
    )


def test_playbooks_beside_the_examples_are_shown_behind_them() -> None:
    text = render_explanation(load_explanation("call-outside"), Terminal())

    assert text.endswith(
        "\n\nchecks.yaml beside them, without its first three lines\n"
        "  steps:\n"
        "    - id: system\n"
        "      uses: system.status\n"
        "      assert: result.normal\n"
    )


def _indented(explained: Explanation) -> str:
    return "".join(f"  {line}\n" for line in explained.bad.text.splitlines())


def test_unknown_code_is_told_the_nearest() -> None:
    with pytest.raises(UsageInvalid) as refused:
        load_explanation("may-mising")

    assert 'did you mean "may-missing"?' in refused.value.hint


def test_codes_are_listed_with_their_sentences() -> None:
    lines = render_codes(Terminal()).splitlines()

    assert [line.split()[0] for line in lines] == list(CODES)
    assert lines[0].endswith(CODES["file-unreadable"])
