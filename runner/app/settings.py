"""Settings: flag, environment, ``runner.toml``, default; each value knows its origin.

The only importer of pydantic-settings. Verbs that need no settings do not import this module.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from runner.app.environment import PREFIX, Environment, check_variables
from runner.controls.place import ControlsPlace, place_from_text
from runner.controls.runner_file import (
    FILE_NAME,
    RunnerFile,
    find_runner_file,
    load_runner_file,
    project_root,
    worktree_of,
)
from runner.controls.state_place import StatePlace, is_url, postgres_place
from runner.core.errors import SettingsInvalid
from runner.core.record import record

DEFAULT = "default"
"""The origin of what nobody chose."""

_SANDBOX_DIR = ".runner/sandbox"


class LogLevel(StrEnum):
    """The least severity that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How logs look; ``auto`` is JSON off a TTY and text on one."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


@record
class Settings:
    """What the operator chose, checked, with paths made absolute.

    Shapes: ``controls``, ``profile`` and ``state`` are None where nobody chose; ``origins`` maps
        every field above it to the words for where its value came from, such as ``--profile``,
        ``CEFFU_RUNNER_PROFILE``, ``runner.toml:3`` or ``default``; ``runner_file`` is None where
        there is none; ``worktree`` is the root of the git repository of the working folder, or None
        outside of one.
    """

    controls: ControlsPlace | None
    profile: str | None
    state: StatePlace | None
    log_level: LogLevel
    log_format: LogFormat
    sandbox_dir: Path
    origins: Mapping[str, str]
    runner_file: RunnerFile | None
    worktree: Path | None = None


def load_settings(environment: Environment, flags: Mapping[str, str | None]) -> Settings:
    """Read all sources and check the result; values are never repeated in a message.

    Shapes: ``flags`` maps field names to what the command line gave, None where it gave nothing. A
        relative path starts at the working folder, one in ``runner.toml`` beside that file; the
        default ``sandbox_dir`` is ``.runner/sandbox`` beside ``runner.toml``, or in the repository.
    Errors: ``SettingsInvalid``, or ``InvalidInput`` with the findings in ``runner.toml``.
    """
    check_variables(environment.variables)
    path = find_runner_file(environment.cwd)
    file = load_runner_file(path) if path is not None else None
    layers = (
        _flag_layer(flags, environment.cwd),
        _variable_layer(environment),
        _file_layer(file),
        _default_layer(environment.cwd, file),
    )
    chosen = {name: given for layer in reversed(layers) for name, given in layer.items()}
    try:
        model = _layered(layers)()
    except ValidationError as exc:
        # Without a cause: pydantic's own text could hold what was given.
        raise _refusal(exc, chosen) from None
    return Settings(
        controls=_place(model.controls, chosen.get("controls")),
        profile=model.profile,
        state=_state(model.state, chosen.get("state")),
        log_level=model.log_level,
        log_format=model.log_format,
        sandbox_dir=chosen["sandbox_dir"].folder / model.sandbox_dir,
        origins={
            name: chosen[name].origin if name in chosen else DEFAULT for name in _Model.model_fields
        },
        runner_file=file,
        worktree=worktree_of(environment.cwd),
    )


@record
class _Given:
    """A text, where it came from, and the folder that a relative path starts at."""

    text: str
    origin: str
    folder: Path


_Layer: TypeAlias = Mapping[str, _Given]


class _Model(BaseSettings):
    """What pydantic checks; the rest of the program sees ``Settings``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    controls: str | None = None
    profile: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    state: str | None = None
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.AUTO
    sandbox_dir: Path = Path(_SANDBOX_DIR)


class _LayerSource(PydanticBaseSettingsSource):
    """One layer, as pydantic-settings wants to see it."""

    def __init__(self, settings_cls: type[BaseSettings], layer: _Layer) -> None:
        super().__init__(settings_cls)
        self._layer = layer

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        """Return the text given for one field, its key, and that it is not JSON."""
        del field
        given = self._layer.get(field_name)
        return (given.text if given else None), field_name, False

    def __call__(self) -> dict[str, str]:
        """Return everything this layer gives."""
        return {name: given.text for name, given in self._layer.items()}


def _layered(layers: tuple[_Layer, ...]) -> type[_Model]:
    # The library's own sources read os.environ; ours are handed their values.
    class Layered(_Model):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: object, **__: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(_LayerSource(settings_cls, layer) for layer in layers)

    return Layered


def _flag_layer(flags: Mapping[str, str | None], cwd: Path) -> _Layer:
    layer = {}
    for name, text in flags.items():
        assert name in _Model.model_fields, f"{name} is not a setting"
        flag = f"--{name.replace('_', '-')}"
        if text == "":
            raise SettingsInvalid(f"{flag} is empty", hint="leave it out, or give it a value")
        if text is not None:
            layer[name] = _Given(text=text, origin=flag, folder=cwd)
    return layer


def _variable_layer(environment: Environment) -> _Layer:
    # An empty variable counts as none: that is how CI systems pass what nobody set.
    return {
        name: _Given(text=text, origin=variable, folder=environment.cwd)
        for name in _Model.model_fields
        if (text := environment.variables.get(variable := PREFIX + name.upper()))
    }


def _file_layer(file: RunnerFile | None) -> _Layer:
    if file is None:
        return {}
    return {
        name: _Given(
            text=text, origin=f"{FILE_NAME}:{file.lines[name]}", folder=file.path.parent.absolute()
        )
        for name, text in file.conveniences.items()
    }


def _default_layer(cwd: Path, file: RunnerFile | None) -> _Layer:
    root = project_root(cwd) if file is None else file.path.parent.absolute()
    return {"sandbox_dir": _Given(text=_SANDBOX_DIR, origin=DEFAULT, folder=root)}


def _state(text: str | None, given: _Given | None) -> StatePlace | None:
    if text is None or given is None:
        return None
    if not is_url(text):
        return given.folder / text
    try:
        return postgres_place(text)
    except ValueError as exc:
        raise SettingsInvalid(
            f"{given.origin}: {exc}", hint="the value given is not repeated here"
        ) from None


def _place(text: str | None, given: _Given | None) -> ControlsPlace | None:
    if text is None or given is None:
        return None
    return place_from_text(text, folder=given.folder)


def _refusal(exc: ValidationError, chosen: Mapping[str, _Given]) -> SettingsInvalid:
    sentences = []
    for error in exc.errors(include_url=False, include_context=False, include_input=False):
        name = str(error["loc"][0])
        origin = chosen[name].origin if name in chosen else name
        sentences.append(f"{origin}: {_SENTENCES.get(name, 'this value cannot be used')}")
    return SettingsInvalid("\n".join(sentences), hint="the value given is not repeated here")


_SENTENCES = {
    "profile": "a profile's name holds up to 64 letters, digits, dots, dashes or underscores",
    "log_level": f"must be one of {', '.join(LogLevel)}",
    "log_format": f"must be one of {', '.join(LogFormat)}",
}
