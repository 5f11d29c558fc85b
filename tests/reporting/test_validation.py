"""What ``runner validate`` says to programs: each format is what its readers expect."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from runner.core.diagnostics import Diagnostic, Severity, as_errors
from runner.core.source import SourceFile, Span
from runner.documents.resources import schema_text
from runner.reporting.checked import FileChecked, path_in_checkout
from runner.reporting.github import without_commands
from runner.reporting.terminal import Terminal
from runner.reporting.validation import FORMATS, Validation, human, human_in_github

CWD = Path("/srv/checkout")
NAME = "playbooks/pay.yaml"
TEXT = "steps:\n  - id: pay\n    amout: 5 USDT\n    é: <b>&\n"


def span(line: int, column: int, end_column: int, *, name: str = NAME, end_line: int = 0) -> Span:
    return Span(
        file=name, line=line, column=column, end_line=end_line or line, end_column=end_column
    )


WRONG = Diagnostic(
    code="unknown-key",
    summary='step "pay" has no key "amout"',
    span=span(3, 5, 10),
    hint='did you mean "amount"?',
)
DOUBTFUL = Diagnostic(
    code="input-unused",
    summary='nothing reads the input "é"',
    span=span(4, 5, 6),
    severity=Severity.WARNING,
)


def validation(
    *found: Diagnostic, name: str = NAME, text: str = TEXT, terminal: Terminal | None = None
) -> Validation:
    source = SourceFile(name=name, text=text)
    files = (
        FileChecked(name="fine.yaml", steps=2, effects=1),
        FileChecked(name=name, diagnostics=found, steps=None if found else 1, effects=0),
    )
    return Validation(
        files=files,
        source_of={name: source}.get,
        terminal=terminal or Terminal(),
        cwd=CWD,
    )


# json


def test_json_says_where_every_number_counts_from() -> None:
    document = json.loads(FORMATS["json"](validation(WRONG, DOUBTFUL)))

    assert document["format"] == "runner.diagnostics/1"
    assert (document["valid"], document["errors"], document["warnings"]) == (False, 1, 1)
    assert document["files"][0] == {
        "name": "fine.yaml",
        "valid": True,
        "errors": 0,
        "warnings": 0,
        "steps": 2,
        "effects": 1,
    }
    found = document["diagnostics"][0]
    assert found == {
        "severity": "error",
        "code": "unknown-key",
        "summary": 'step "pay" has no key "amout"',
        "hint": 'did you mean "amount"?',
        "file": NAME,
        "range": {"start": {"line": 3, "column": 5}, "end": {"line": 3, "column": 10}},
        "snippet": {"text": "    amout: 5 USDT", "start": 4, "end": 9},
    }
    snippet = found["snippet"]
    assert snippet["text"][snippet["start"] : snippet["end"]] == "amout"


def test_json_fits_its_schema_and_the_schema_says_what_counts_from_where() -> None:
    schema = json.loads(schema_text("diagnostics"))
    numbers = [
        schema["$defs"][part]["properties"][name]["description"]
        for part, names in (("position", ("line", "column")), ("snippet", ("start", "end")))
        for name in names
    ]

    Draft202012Validator.check_schema(schema)
    document = json.loads(FORMATS["json"](validation(WRONG, DOUBTFUL)))
    assert list(Draft202012Validator(schema).iter_errors(document)) == []
    assert all(re.search(r"counted from [01]|exclusive", words) for words in numbers)
    document["diagnostics"][0]["range"]["start"]["column"] = 0
    assert list(Draft202012Validator(schema).iter_errors(document)) != []


def test_json_shows_no_line_that_may_hold_a_secret() -> None:
    secret = Diagnostic(code="wrong-value", summary="x", span=span(3, 5, 10), quotable=False)

    for form in ("json", "sarif", "gitlab", "junit", "human", "github"):
        assert "5 USDT" not in FORMATS[form](validation(secret))


# github


def test_github_gets_one_command_for_each_finding() -> None:
    assert FORMATS["github"](validation(WRONG, DOUBTFUL)) == (
        "::error file=playbooks/pay.yaml,line=3,endLine=3,col=5,endColumn=10,title=unknown-key"
        '::step "pay" has no key "amout"%0Adid you mean "amount"?\n'
        "::warning file=playbooks/pay.yaml,line=4,endLine=4,col=5,endColumn=6,title=input-unused"
        '::nothing reads the input "é"\n'
    )


def test_github_gets_no_columns_for_several_lines() -> None:
    wide = Diagnostic(code="wrong-type", summary="x", span=span(1, 3, 4, end_line=3))

    assert ",line=1,endLine=3,title=" in FORMATS["github"](validation(wide))


INJECTIONS = [
    "::add-mask::x",
    "\n::set-output name=a::b",
    "%0A::error::x",
    "a,title=b::c",
    "\r\n::stop-commands::t",
    "##[add-mask]x",
    "  ::error::",
    "\x1b]52;c;aGk=\x07",
    "\u2028::debug::x",
]


def commands(text: str) -> list[tuple[str, Mapping[str, str], str]]:
    """Read commands as GitHub's runner does (ActionCommand.cs), and undo its escapes."""
    found: list[tuple[str, Mapping[str, str], str]] = []
    for raw in re.split(r"\r\n|\n|\r", text):
        line = raw.lstrip()
        match = re.match(r"::([a-z-]+)(?: (.*?))?::(.*)$", line, re.DOTALL)
        if match:
            name, properties, data = match.groups()
            pairs = dict(each.split("=", 1) for each in (properties or "").split(",") if each)
            found.append((name, pairs, data))
        else:
            assert "##[" not in line
            assert line == ""
    return found


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_text_of_a_file_becomes_a_command_of_its_own(text: str) -> None:
    """RELIABILITY section 3: CVE-2020-15228 and CVE-2022-35954."""
    name = f"{text}.yaml"
    found = Diagnostic(
        code="unknown-key", summary=f"{text} is no key", span=span(1, 1, 2, name=name), hint=text
    )

    ((command, properties, data),) = commands(
        FORMATS["github"](validation(found, name=name, text=text))
    )

    assert command == "error"
    assert set(properties) == {"file", "line", "endLine", "col", "endColumn", "title"}
    assert properties["title"] == "unknown-key"
    assert not {"\r", "\n", "\x1b"} & set(data)


@pytest.mark.parametrize("text", INJECTIONS)
def test_text_for_people_is_shielded_in_github(text: str) -> None:
    name = f"{text}.yaml"
    found = Diagnostic(code="unknown-key", summary=text, span=span(1, 1, 2, name=name))

    shown = human_in_github(validation(found, name=name, text=text), "t0k3n").split("\n")

    assert shown[0] == "::stop-commands::t0k3n"
    end = shown.index("::t0k3n::")
    assert all(line.startswith("::error file=") for line in shown[end + 1 :] if line)
    assert len([line for line in shown[end + 1 :] if line]) == 1


def test_shield_is_left_out_around_nothing() -> None:
    assert without_commands("", "t") == ""
    assert without_commands("a", "t") == "::stop-commands::t\na\n::t::\n"


# gitlab


def test_gitlab_gets_a_code_quality_report() -> None:
    report = json.loads(FORMATS["gitlab"](validation(WRONG, DOUBTFUL)))

    assert [each["severity"] for each in report] == ["major", "minor"]
    assert report[0]["check_name"] == "unknown-key"
    assert report[0]["description"] == ('step "pay" has no key "amout"; did you mean "amount"?')
    assert report[0]["location"] == {"path": NAME, "lines": {"begin": 3}}
    assert len({each["fingerprint"] for each in report}) == 2


def test_fingerprint_stays_when_lines_come_before_it_and_differs_for_a_repeat() -> None:
    later = Diagnostic(code=WRONG.code, summary=WRONG.summary, span=span(4, 5, 10), hint=WRONG.hint)
    repeat = Diagnostic(code=WRONG.code, summary=WRONG.summary, span=span(3, 11, 12))

    before = json.loads(FORMATS["gitlab"](validation(WRONG)))
    after = json.loads(FORMATS["gitlab"](validation(later, text=f"# new\n{TEXT}")))
    both = json.loads(FORMATS["gitlab"](validation(WRONG, repeat)))

    assert before[0]["fingerprint"] == after[0]["fingerprint"] == both[0]["fingerprint"]
    assert both[1]["fingerprint"] != both[0]["fingerprint"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("playbooks/a.yaml", "playbooks/a.yaml"),
        ("./a.yaml", "a.yaml"),
        ("/srv/checkout/deep/a.yaml", "deep/a.yaml"),
        ("/elsewhere/a.yaml", "/elsewhere/a.yaml"),
    ],
)
def test_services_get_paths_of_the_checkout(name: str, path: str) -> None:
    assert path_in_checkout(name, CWD) == path


# sarif


def sarif(*found: Diagnostic, name: str = NAME) -> Any:  # noqa: ANN401 - JSON of a known shape
    return json.loads(FORMATS["sarif"](validation(*found, name=name)))


def test_sarif_places_each_result_under_its_rule() -> None:
    log = sarif(WRONG, DOUBTFUL)

    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert run["columnKind"] == "unicodeCodePoints"
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["input-unused", "unknown-key"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert list(result["partialFingerprints"])
    first = run["results"][0]
    assert first["level"] == "error"
    (place,) = first["locations"]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": NAME, "uriBaseId": "SRCROOT"}
    assert place["physicalLocation"]["region"] == {
        "startLine": 3,
        "startColumn": 5,
        "endLine": 3,
        "endColumn": 10,
        "snippet": {"text": "    amout: 5 USDT"},
    }
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 3}]


def test_sarif_of_sound_files_is_a_run_without_results() -> None:
    (run,) = sarif()["runs"]

    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["invocations"][0]["exitCode"] == 0


@pytest.mark.parametrize("name", ["a b.yaml", "c:d.yaml", "ü%41.yaml", "/srv/x#y.yaml"])
def test_sarif_names_files_by_uris(name: str) -> None:
    found = Diagnostic(code="unknown-key", summary="x", span=span(1, 1, 2, name=name))

    (result,) = sarif(found, name=name)["runs"][0]["results"]

    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"(file://)?[A-Za-z0-9%/._~-]+", uri)
    assert unquote(uri.removeprefix("file://")) == name


def test_sarif_fits_the_schema_of_the_standard(node_modules: Path) -> None:
    schema = json.loads(
        (node_modules / "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json").read_text()
    )
    wide = Diagnostic(code="wrong-type", summary="x", span=span(1, 3, 4, end_line=3))

    for log in (sarif(), sarif(WRONG, DOUBTFUL, wide)):
        assert list(Draft7Validator(schema).iter_errors(log)) == []


# junit


def junit(*found: Diagnostic, name: str = NAME, text: str = TEXT) -> ET.Element:
    written = FORMATS["junit"](validation(*found, name=name, text=text))
    return ET.fromstring(written)  # noqa: S314 - our own text, read back


def test_junit_has_a_case_for_each_file_and_one_failure_for_its_errors() -> None:
    other = Diagnostic(code="wrong-type", summary="<x> & y", span=span(4, 5, 6))

    root = junit(WRONG, DOUBTFUL, other)

    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("2", "1", "0")
    fine, wrong = root.findall("./testsuite/testcase")
    assert (fine.get("name"), list(fine)) == ("fine.yaml", [])
    failure, output = wrong
    assert (wrong.get("name"), wrong.get("file")) == (NAME, NAME)
    assert (wrong.get("classname"), failure.get("type")) == ("playbooks", "unknown-key")
    assert failure.get("message") == '2 errors; the first: step "pay" has no key "amout"'
    assert "<x> & y" in (failure.text or "")
    assert "warning[input-unused]" in (output.text or "")


def test_junit_of_warnings_alone_fails_nothing() -> None:
    root = junit(DOUBTFUL)

    assert root.get("failures") == "0"
    assert junit(*as_errors([DOUBTFUL])).get("failures") == "1"


# all of them


def test_human_text_counts_and_shows() -> None:
    assert human(validation(WRONG)) == (
        "fine.yaml: ok (2 steps, 1 effect)\n"
        "playbooks/pay.yaml: 1 error\n"
        "\n"
        'error[unknown-key]: step "pay" has no key "amout"\n'
        " --> playbooks/pay.yaml:3:5\n"
        "  |\n"
        "3 |     amout: 5 USDT\n"
        "  |     ^^^^^\n"
        '  = help: did you mean "amount"?\n'
        "\n"
        "1 error\n"
    )


READERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "gitlab": json.loads,
    "sarif": json.loads,
    "junit": ET.fromstring,
    "github": commands,
    "human": str,
}


@pytest.mark.parametrize("form", FORMATS)
@given(
    name=st.text(min_size=1).filter(lambda text: "\0" not in text),
    summary=st.text(min_size=1),
    hint=st.text(),
    line=st.text(),
)
def test_any_text_is_written_readable_and_without_control_characters(
    form: str, name: str, summary: str, hint: str, line: str
) -> None:
    found = Diagnostic(
        code="unknown-key", summary=summary, span=span(1, 1, 2, name=name), hint=hint
    )

    text = FORMATS[form](validation(found, name=name, text=line))

    READERS[form](text)
    assert all(each.isprintable() or each == "\n" for each in text)
