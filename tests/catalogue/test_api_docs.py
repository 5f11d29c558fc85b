"""``docs/api.md`` is what the description gives."""

from pathlib import Path

import pytest

from runner.catalogue.api import Api
from tools.compile_openapi import SOURCE
from tools.write_api_docs import TARGET, api_docs, main

PAGE = TARGET.read_text(encoding="utf-8")


def test_page_is_what_the_description_gives() -> None:
    assert api_docs(SOURCE.read_text(encoding="utf-8")) == PAGE


def test_every_operation_has_its_section_under_its_group(api: Api) -> None:
    group = ""
    found = []
    for line in PAGE.splitlines():
        if line.startswith("## "):
            group = line.removeprefix("## ")
        elif line.startswith("### "):
            found.append((group, line.removeprefix("### ")))

    assert found == [(o.group, o.id) for o in api.operations.values()]


def test_every_parameter_field_and_code_is_on_the_page(api: Api) -> None:
    for operation in api.operations.values():
        section = PAGE[PAGE.index(f"\n### {operation.id}\n") :]
        section = section[: section.find("\n##", 1)]
        assert f"`{operation.method} {operation.path}`" in section
        assert ("*inferred*" in section) or operation.certain
        for parameter in operation.parameters:
            assert f"| {parameter.location.value} | `{parameter.name}`" in section
        for field in (*operation.fields, *operation.page_fields):
            assert f" | `{field.name}`" in section
    for code in api.error_codes:
        assert f"| `{code}` |" in PAGE


def test_links_of_the_contents_lead_to_headings(api: Api) -> None:
    assert "[mirrorx.link.list](#mirrorxlinklist)" in PAGE
    assert "[MirrorX / Link & Account](#mirrorx--link--account)" in PAGE
    assert "[withdrawal.detail_v1](#withdrawaldetail_v1)" in PAGE


def test_check_tells_a_difference_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "docs" / "api.md"
    target.parent.mkdir()
    target.write_text("old\n", encoding="utf-8")

    code = main(["--check"], target=target)

    assert code == 1
    assert target.read_text(encoding="utf-8") == "old\n"
    assert "run python -m tools.write_api_docs" in capsys.readouterr().err


def test_writer_writes_what_check_accepts(tmp_path: Path) -> None:
    target = tmp_path / "docs" / "api.md"

    assert main(["--check"], target=target) == 1
    assert main([], target=target) == 0
    assert main(["--check"], target=target) == 0
