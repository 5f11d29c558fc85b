from pathlib import Path

import pytest

from runner.controls.runner_file import (
    RunnerFile,
    SandboxProfile,
    find_runner_file,
    load_runner_file,
    project_root,
)
from runner.core.errors import InvalidInput


def _written(folder: Path, text: str) -> Path:
    path = folder / "runner.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _findings(folder: Path, text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidInput) as caught:
        load_runner_file(_written(folder, text))
    assert not any(d.quotable for d in caught.value.diagnostics)
    return [
        (d.code, f"{d.span.line}:{d.span.column} {d.summary}", d.hint)
        for d in caught.value.diagnostics
    ]


def test_runner_file_gives_sandboxes_and_conveniences(tmp_path: Path) -> None:
    path = _written(
        tmp_path,
        'default_sandbox = "busy"\nlog_level = "debug"\n\n'
        '[profiles.busy]\nkind = "sandbox"\nworld = "worlds/busy.yaml"\n\n'
        '[profiles.plain]\nkind = "sandbox"\n',
    )

    actual = load_runner_file(path)

    assert actual == RunnerFile(
        path=path,
        default_sandbox="busy",
        sandboxes={
            "busy": SandboxProfile(name="busy", world=tmp_path / "worlds/busy.yaml"),
            "plain": SandboxProfile(name="plain"),
        },
        conveniences={"log_level": "debug"},
        lines={"default_sandbox": 1, "log_level": 2, "profiles": 1},
    )


def test_empty_runner_file_is_all_defaults(tmp_path: Path) -> None:
    assert load_runner_file(_written(tmp_path, "")).default_sandbox == "default"


def test_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    assert _findings(tmp_path, '# ours\ndefault_sandbx = "a"\n') == [
        ("unknown-key", '2:1 runner.toml has no key "default_sandbx"', _near("default_sandbox"))
    ]


def test_unknown_key_of_a_profile_has_its_place(tmp_path: Path) -> None:
    text = '[profiles.a]\nkind = "sandbox"\n  wurld = "x"\n'

    assert _findings(tmp_path, text) == [
        ("unknown-key", '3:3 [profiles.a] has no key "wurld"', _near("world"))
    ]


@pytest.mark.parametrize(
    "key", ["url", "host", "api_key", "read_key", "policy", "controls", "profiles_url", "proxy"]
)
def test_what_belongs_in_controls_is_refused(tmp_path: Path, key: str) -> None:
    top = _findings(tmp_path, f'{key} = "x"\n')
    inner = _findings(tmp_path, f'[profiles.a]\nkind = "sandbox"\n{key} = "x"\n')

    hint = "hosts, keys and policy belong in controls: --controls FOLDER"
    summary = f'"{key}" does not belong in runner.toml'
    assert top == [("wrong-value", f"1:1 {summary}", hint)]
    assert inner == [("wrong-value", f"3:1 {summary}", hint)]


def test_profile_of_another_kind_is_refused(tmp_path: Path) -> None:
    assert _findings(tmp_path, '[profiles.live]\nkind = "custodian"\n') == [
        (
            "wrong-value",
            '2:1 profile "live" must be of kind "sandbox"',
            "any other kind of profile belongs in controls: --controls FOLDER",
        )
    ]


def test_all_findings_are_reported_at_once(tmp_path: Path) -> None:
    text = (
        "log_level = 3\n"
        'default_sandbox = "../up"\n'
        '[profiles."A/b"]\nworld = "x"\n'
        "[profiles.c]\n"
        'kind = "sandbox"\nworld = 1\n'
    )

    assert [(code, where) for code, where, _ in _findings(tmp_path, text)] == [
        ("wrong-value", "2:1 default_sandbox is not a name"),
        ("wrong-value", "3:12 this cannot be the name of a sandbox"),
        ("missing-key", '3:12 profile "A/b" lacks kind'),
        ("wrong-type", '7:1 "world" must be a text in quotes'),
        ("wrong-type", '1:1 "log_level" must be a text in quotes'),
    ]


@pytest.mark.parametrize("text", ["profiles = 1\n", "[profiles]\na = 1\n"])
def test_profile_that_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    assert [code for code, _, _ in _findings(tmp_path, text)] == ["wrong-type"]


def test_text_that_is_not_toml_has_its_place(tmp_path: Path) -> None:
    ((code, summary, _),) = _findings(tmp_path, "a = 1\nb = = 2\n")

    assert code == "wrong-value"
    assert summary.startswith("2:5 this is not TOML")


def test_runner_file_is_found_up_to_the_repository_root(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    inner = repository / "a" / "b"
    inner.mkdir(parents=True)
    (repository / ".git").mkdir()
    _written(tmp_path, "")

    outside = find_runner_file(inner)
    root_file = _written(repository, "")
    inside = find_runner_file(inner)
    near_file = _written(repository / "a", "")
    nearest = find_runner_file(inner)

    assert (outside, inside, nearest) == (None, root_file, near_file)


def test_outside_a_repository_only_the_folder_itself_counts(tmp_path: Path) -> None:
    _written(tmp_path, "")
    inner = tmp_path / "inner"
    inner.mkdir()

    assert find_runner_file(inner) is None
    assert find_runner_file(tmp_path) == tmp_path / "runner.toml"
    assert project_root(inner) == inner


def _near(word: str) -> str:
    return f'did you mean "{word}"?'
