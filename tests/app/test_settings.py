import io
from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.app.environment import PREFIX, VARIABLES, Environment, build_environment
from runner.app.settings import LogFormat, LogLevel, Settings, load_settings
from runner.controls.place import ControlsPlace
from runner.core.errors import InvalidInput, SettingsInvalid


def _environment(cwd: Path, variables: Mapping[str, str]) -> Environment:
    stream = io.StringIO()
    return build_environment(variables, cwd=cwd, stdin=stream, stdout=stream, stderr=stream)


def _settings(
    cwd: Path, *, flags: Mapping[str, str | None] | None = None, **given: str
) -> Settings:
    variables = {PREFIX + name.upper(): text for name, text in given.items()}
    return load_settings(_environment(cwd, variables), flags or {})


def test_settings_without_any_source_are_the_defaults(tmp_path: Path) -> None:
    actual = _settings(tmp_path)

    assert actual == Settings(
        controls=None,
        profile=None,
        state=None,
        log_level=LogLevel.INFO,
        log_format=LogFormat.AUTO,
        sandbox_dir=tmp_path / ".runner/sandbox",
        origins=dict.fromkeys(
            ("controls", "profile", "state", "log_level", "log_format", "sandbox_dir"), "default"
        ),
        runner_file=None,
    )


def test_flag_wins_over_environment_over_file_over_default(tmp_path: Path) -> None:
    (tmp_path / "runner.toml").write_text(
        '# presets\nlog_level = "debug"\nlog_format = "text"\nsandbox_dir = "boxes"\n'
    )

    actual = _settings(
        tmp_path, flags={"log_level": "error", "profile": None}, log_level="info", log_format="json"
    )

    assert (actual.log_level, actual.log_format) == (LogLevel.ERROR, LogFormat.JSON)
    assert actual.sandbox_dir == tmp_path / "boxes"
    assert actual.origins == {
        "controls": "default",
        "profile": "default",
        "state": "default",
        "log_level": "--log-level",
        "log_format": "CEFFU_RUNNER_LOG_FORMAT",
        "sandbox_dir": "runner.toml:4",
    }


def test_relative_paths_start_where_they_were_written(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "runner.toml").write_text('sandbox_dir = "boxes"\n')

    actual = _settings(inner, flags={"controls": "../controls"}, state="/abs/state.sqlite")

    assert actual.controls == ControlsPlace(path=inner / "../controls")
    assert actual.state == Path("/abs/state.sqlite")
    assert actual.sandbox_dir == tmp_path / "boxes"


def test_sandboxes_are_the_repositorys_from_every_folder_in_it(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / ".git").mkdir()

    assert _settings(inner).sandbox_dir == tmp_path / ".runner/sandbox"


def test_empty_variable_counts_as_none(tmp_path: Path) -> None:
    assert _settings(tmp_path, profile="").profile is None


def test_empty_flag_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="--controls is empty"):
        _settings(tmp_path, flags={"controls": ""})


def test_rejected_values_are_all_named_and_never_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        _settings(
            tmp_path,
            flags={"profile": "hunter2 hunter2"},
            log_level="hunter2",
            log_format="hunter2",
        )

    assert caught.value.message == (
        "--profile: a profile's name holds up to 64 letters, digits, dots, dashes or underscores\n"
        "CEFFU_RUNNER_LOG_LEVEL: must be one of debug, info, warning, error\n"
        "CEFFU_RUNNER_LOG_FORMAT: must be one of auto, json, text"
    )
    assert "hunter2" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_unknown_variable_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        _settings(tmp_path, profil="x")

    assert caught.value.message == (
        "CEFFU_RUNNER_PROFIL is not a setting; did you mean CEFFU_RUNNER_PROFILE?"
    )


def test_findings_in_runner_toml_stop_the_program(tmp_path: Path) -> None:
    (tmp_path / "runner.toml").write_text('host = "x"\n')

    with pytest.raises(InvalidInput):
        _settings(tmp_path)


def test_process_environment_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEFFU_RUNNER_PROFILE", "from-the-process")

    assert _settings(tmp_path).profile is None


def test_every_setting_has_its_variable(tmp_path: Path) -> None:
    fields = _settings(tmp_path).origins

    assert {PREFIX + name.upper() for name in fields} == set(VARIABLES)
