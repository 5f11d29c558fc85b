"""The distribution as a stranger gets it: built, installed into an empty environment, run there."""

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import runner

# Building and installing take half a minute; under xdist one worker does it for all of these.
pytestmark = pytest.mark.xdist_group("wheel")

SHIPPED = ("schemas", "playbooks", "examples")

# What pip says when no registry answers, as against a registry that lacks what the lock names.
UNREACHABLE = ("connection broken by", "Temporary failure in name resolution", "ReadTimeoutError")


def data_files(repository: Path) -> Iterator[str]:
    """Name every schema, playbook and example of the checkout as git knows them."""
    listed = subprocess.run(
        ["git", "ls-files", *SHIPPED],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        yield from listed.stdout.splitlines()
        return
    for folder in SHIPPED:  # an unpacked sdist has no git
        for path in (repository / folder).rglob("*"):
            if path.is_file():
                yield path.relative_to(repository).as_posix()


def build(repository: Path, kind: str, target: Path) -> Path:
    """Build one archive with the build tools of this environment, without any network."""
    subprocess.run(
        [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", target, "."],
        cwd=repository,
        check=True,
        capture_output=True,
    )
    (archive,) = target.iterdir()
    return archive


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(repository, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(repository: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel and its locked dependencies into an empty environment; give its bin/."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True, capture_output=True)
    python = environment / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "install", "--disable-pip-version-check"]

    dependencies = subprocess.run(
        [*pip, "--retries", "2", "--require-hashes", "-r", repository / "requirements.lock"],
        capture_output=True,
        text=True,
        check=False,
    )
    if dependencies.returncode != 0:
        if any(sign in dependencies.stderr for sign in UNREACHABLE):
            pytest.skip("no package registry can be reached, so nothing can be installed")
        pytest.fail(f"the lock does not install:\n{dependencies.stderr}")

    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True, capture_output=True)
    return environment / "bin"


def run_in(
    folder: Path, command: list[str | Path], **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder with an environment that has nothing of ours and no stdin."""
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_wheel_holds_the_package_and_what_it_reads(wheel: Path, repository: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    shipped = {f"runner/_data/{name}" for name in data_files(repository)}
    assert shipped
    assert shipped - names == set()
    assert {"runner/__init__.py", "runner/py.typed", "runner/cli/main.py"} <= names


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    info = f"ceffu_runner-{runner.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        compiled = [name for name in archive.namelist() if name.endswith((".pyc", ".so"))]

    assert tops == {"runner", info}
    assert compiled == []


def test_sdist_holds_what_a_packager_needs(repository: Path, tmp_path: Path) -> None:
    archive = build(repository, "sdist", tmp_path)

    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}

    wanted = {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "Makefile"}
    wanted |= {"requirements.lock", "requirements-dev.lock", "tests/conftest.py"}
    wanted |= set(data_files(repository))
    assert wanted - names == set()


def test_installed_version_is_that_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    shown = run_in(tmp_path, [installed / "runner", "--version"])

    assert shown.returncode == 0, shown.stderr
    assert runner.__version__ in shown.stdout


def test_installed_package_validates_every_playbook_and_test_it_ships(
    installed: Path, tmp_path: Path
) -> None:
    find = "import runner, pathlib; print(pathlib.Path(runner.__file__).parent / '_data')"
    data = Path(run_in(tmp_path, [installed / "python", "-c", find]).stdout.strip())
    playbooks = sorted((data / "playbooks").glob("*.yaml"))
    assert any(path.name.endswith(".test.yaml") for path in playbooks)

    checked = run_in(tmp_path, [installed / "runner", "validate", *playbooks])

    assert playbooks
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_installed_demo_runs_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    """It needs the schemas, the playbook, the default world and the sandbox's controls."""
    shown = run_in(tmp_path, [installed / "runner", "demo"])

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "Traceback" not in shown.stderr
