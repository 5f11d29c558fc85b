"""``runner.toml``: sandbox profiles and conveniences of one repository, and nothing else.

Whoever can change a playbook can change this file, so it must not say where money goes: hosts,
keys and policy are refused with words. TOML gives no places; they are found again by looking for
the key.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from types import MappingProxyType

from runner.core.diagnostics import Diagnostic, did_you_mean
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.core.source import SourceFile, Span
from runner.documents.files import read_source

FILE_NAME = "runner.toml"
SANDBOX_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)
"""What a sandbox can be called: the name is also that of its folder."""

CONVENIENCES = ("log_format", "log_level", "sandbox_dir")
"""Settings a repository may preset; flags and the environment win over them."""

_TOP_KEYS = ("default_sandbox", "profiles", *CONVENIENCES)
_PROFILE_KEYS = ("kind", "world")
_FOREIGN_WORD = re.compile(
    r"(?:api|key|secret|token|password|pem|signer|host|url|uri|endpoint|server|proxy|ca|production"
    r"|ceffu|custodian|entity|uid|controls?|policy|policies|approval|allowed|cap|limit|may|kill"
    r"|fact|directory|wallet|link|mirror|mirrorx|network|destination|effect|read|state)s?"
)
_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*[=.]""")
_PLACE = re.compile(r"\(at line ([0-9]+), column ([0-9]+)\)")


@record
class SandboxProfile:
    """A sandbox the repository knows by name; ``world`` is its world file, or None for ours."""

    name: str
    world: Path | None = None


@record
class RunnerFile:
    """What a ``runner.toml`` says.

    Shapes: ``sandboxes`` are by name; ``conveniences`` maps names of ``CONVENIENCES`` to texts that
        nobody has checked yet; ``lines`` says on which line, from 1, each top-level key stands.
    """

    path: Path
    default_sandbox: str = "default"
    sandboxes: Mapping[str, SandboxProfile] = field(default_factory=dict)
    conveniences: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        for name in ("sandboxes", "conveniences", "lines"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))


def project_root(cwd: Path) -> Path:
    """Return the nearest folder at or above ``cwd`` that git made a repository, else ``cwd``."""
    return worktree_of(cwd) or cwd


def worktree_of(path: Path) -> Path | None:
    """Return the root of the git repository a folder is in, or None outside of one."""
    for folder in (path, *path.parents):
        if (folder / ".git").exists():
            return folder
    return None


def find_runner_file(cwd: Path) -> Path | None:
    """Look for ``runner.toml`` from ``cwd`` up to the repository's root.

    Shapes: outside a repository only ``cwd`` is looked at, so that no file further up, which could
        be anybody's, has a say.
    """
    root = project_root(cwd)
    for folder in (cwd, *cwd.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
        if folder == root:
            break
    return None


def load_runner_file(path: Path) -> RunnerFile:
    """Read and check one ``runner.toml``.

    Errors: ``InvalidInput`` with everything that is wrong; no line of the file is quoted.
    """
    source = read_source(path)
    try:
        data = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as exc:
        raise InvalidInput((_syntax_error(source, exc),)) from exc
    reader = _Reader(source)
    reader.check_keys(data, _TOP_KEYS, table="")
    result = RunnerFile(
        path=path,
        default_sandbox=reader.sandbox_name(data),
        sandboxes=reader.sandboxes(data),
        conveniences={
            key: text for key in CONVENIENCES if (text := reader.text(data, key, table=""))
        },
        lines={key: reader.place(key, table="").line for key in data},
    )
    if reader.found:
        raise InvalidInput(tuple(reader.found))
    return result


class _Reader:
    """Walks the parsed data and collects what is wrong with it."""

    def __init__(self, source: SourceFile) -> None:
        self.found: list[Diagnostic] = []
        self._source = source

    def place(self, key: str, *, table: str) -> Span:
        """Find a key again; the whole file where it is written in an unusual way."""
        current = ""
        for number, line in enumerate(self._source.text.split("\n"), start=1):
            header = _TABLE.fullmatch(line.rstrip("\r"))
            if header:
                current = header[1].replace('"', "").replace("'", "")
                name = current.rpartition(".")[2]
                column = line.rfind(name) + 1
                if current == (f"{table}.{key}" if table else key):
                    return self._span(number, column, len(name))
            match = _KEY.match(line)
            if match and current == table and key in match.groups():
                return self._span(number, line.index(key) + 1, len(key))
        return self._source.whole()

    def check_keys(self, data: Mapping[str, object], known: tuple[str, ...], *, table: str) -> None:
        """Refuse keys that are not known, and say where those belong that are not for this file."""
        for key in data:
            if key in known:
                continue
            place = self.place(key, table=table)
            if any(map(_FOREIGN_WORD.fullmatch, re.split(r"[^a-z]+", key.lower()))):
                summary = f'"{key}" does not belong in {FILE_NAME}'
                hint = "hosts, keys and policy belong in controls: --controls FOLDER"
                self._add("wrong-value", summary, place, hint)
            else:
                where = f"[{table}]" if table else FILE_NAME
                summary = f'{where} has no key "{key}"'
                self._add("unknown-key", summary, place, did_you_mean(key, known))

    def text(self, data: Mapping[str, object], key: str, *, table: str) -> str:
        """Return a text, or an empty one where the key is absent or holds something else."""
        value = data.get(key, "")
        if isinstance(value, str):
            return value
        self._add("wrong-type", f'"{key}" must be a text in quotes', self.place(key, table=table))
        return ""

    def sandbox_name(self, data: Mapping[str, object]) -> str:
        """Return the default sandbox."""
        name = self.text(data, "default_sandbox", table="") or "default"
        if not SANDBOX_NAME.fullmatch(name):
            place = self.place("default_sandbox", table="")
            self._add("wrong-value", "default_sandbox is not a name", place, _NAME_HINT)
        return name

    def sandboxes(self, data: Mapping[str, object]) -> dict[str, SandboxProfile]:
        """Return the profiles, which can only be sandboxes."""
        profiles = data.get("profiles", {})
        if not isinstance(profiles, dict):
            self._add("wrong-type", '"profiles" must be a table', self.place("profiles", table=""))
            return {}
        return {
            name: profile
            for name, body in profiles.items()
            if (profile := self._sandbox(name, body)) is not None
        }

    def _sandbox(self, name: str, body: object) -> SandboxProfile | None:
        table = f"profiles.{name}"
        place = self.place(name, table="profiles")
        if not isinstance(body, dict):
            self._add("wrong-type", f'profile "{name}" must be a table', place)
            return None
        if not SANDBOX_NAME.fullmatch(name):
            self._add("wrong-value", "this cannot be the name of a sandbox", place, _NAME_HINT)
        self.check_keys(body, _PROFILE_KEYS, table=table)
        if "kind" not in body:
            self._add(
                "missing-key", f'profile "{name}" lacks kind', place, 'write kind = "sandbox"'
            )
        elif body["kind"] != "sandbox":
            hint = "any other kind of profile belongs in controls: --controls FOLDER"
            summary = f'profile "{name}" must be of kind "sandbox"'
            self._add("wrong-value", summary, self.place("kind", table=table), hint)
        world = self.text(body, "world", table=table)
        folder = Path(self._source.name).parent
        return SandboxProfile(name=name, world=folder / world if world else None)

    def _add(self, code: str, summary: str, place: Span, hint: str = "") -> None:
        self.found.append(
            Diagnostic(code=code, summary=summary, span=place, hint=hint, quotable=False)
        )

    def _span(self, line: int, column: int, length: int) -> Span:
        return Span(
            file=self._source.name,
            line=line,
            column=column,
            end_line=line,
            end_column=column + length,
        )


_NAME_HINT = "use up to 32 of a-z, 0-9, _ and -, beginning with a letter or digit"


def _syntax_error(source: SourceFile, exc: tomllib.TOMLDecodeError) -> Diagnostic:
    match = _PLACE.search(str(exc))
    line, column = (int(match[1]), int(match[2])) if match else (1, 1)
    return Diagnostic(
        code="wrong-value",
        summary=f"this is not TOML: {_PLACE.sub('', str(exc)).strip().lower()}",
        span=Span(file=source.name, line=line, column=column, end_line=line, end_column=column + 1),
        hint="texts stand in double quotes, tables in [brackets]",
        quotable=False,
    )
