"""What starting costs is what gets imported; these lists are the promise of DESIGN section 10."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import runner

ROOT = Path(runner.__file__).parent.parent
HEAVY = {
    "anyio",
    "asyncio",
    "cryptography",
    "dbos",
    "httpcore",
    "httpx",
    "pydantic",
    "pydantic_core",
    "pydantic_settings",
    "rich",
    "sqlite3",
    "ssl",
    "starlette",
    "structlog",
    "uvicorn",
}
FILES = {"jsonschema", "jsonschema_rs", "referencing", "ruamel"}
ONLY_FOR_ERRORS = {"difflib", "runner.documents.schema_words", "runner.documents.step_words"}
ONLY_FOR_REPORTS = {
    "runner.core.files",
    "runner.reporting.action_pages",
    "runner.reporting.explaining",
    "runner.reporting.findings_json",
    "runner.reporting.github",
    "runner.reporting.gitlab",
    "runner.reporting.junit",
    "runner.reporting.sarif",
    "xml",
}
ONLY_FOR_VALUES = {
    "rfc8785",
    "runner.playbook.expressions.compile",
    "runner.playbook.expressions.evaluate",
    "runner.playbook.expressions.filling",
}
ROOMS_FOR_RUNNING = {
    "runner.actions",
    "runner.app.settings",
    "runner.client",
    "runner.controls",
    "runner.effects",
    "runner.engine",
    "runner.journal",
    "runner.plan",
    "runner.sandbox",
}
PLAYBOOK = """\
apiVersion: runner/v1
kind: Playbook
name: tiny
steps:
  - id: status
    uses: system.status
"""
SCRIPT = """\
import sys
from runner.cli.main import main
try:
    main()
except SystemExit as end:
    print("\\n".join(sorted(sys.modules)), file=sys.stderr)
    sys.exit(end.code)
"""


def _imported(*arguments: str, cwd: Path, code: int = 0) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == code, done.stdout + done.stderr
    modules = set(done.stderr.split())
    # Every module stands for the packages around it: a.b.c counts as a, a.b and a.b.c.
    return {name.rsplit(".", n)[0] for name in modules for n in range(name.count(".") + 1)}


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("-h",)])
def test_help_and_version_import_no_room(arguments: tuple[str, ...], tmp_path: Path) -> None:
    imported = _imported(*arguments, cwd=tmp_path)

    verbs = {"runner.catalogue", "runner.documents", "runner.playbook", "runner.cli.validate"}
    assert imported & (HEAVY | FILES | ROOMS_FOR_RUNNING | verbs) == set()


def test_valid_playbook_is_validated_without_heavy_libraries(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(PLAYBOOK)

    imported = _imported("validate", "tiny.yaml", cwd=tmp_path)

    assert imported & (HEAVY | ROOMS_FOR_RUNNING | {"jsonschema", "referencing"}) == set()


def test_valid_playbook_is_validated_without_words_for_errors_and_without_values(
    tmp_path: Path,
) -> None:
    (tmp_path / "tiny.yaml").write_text(PLAYBOOK)

    imported = _imported("validate", "tiny.yaml", cwd=tmp_path)

    assert imported & (ONLY_FOR_ERRORS | ONLY_FOR_REPORTS | ONLY_FOR_VALUES) == set()


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version_does_not_import_the_command_line(flag: str, tmp_path: Path) -> None:
    assert _imported(flag, cwd=tmp_path) & {"click", "runner.cli.program"} == set()


def test_error_of_shape_brings_the_library_that_has_words_for_it(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(PLAYBOOK.replace("name:", "nmae:"))

    imported = _imported("validate", "tiny.yaml", cwd=tmp_path, code=3)

    assert "jsonschema" in imported
    assert imported & (HEAVY | ROOMS_FOR_RUNNING) == set()
