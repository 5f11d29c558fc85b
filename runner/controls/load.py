"""From a folder to checked controls, and the digest that names them."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from runner.controls.directory import Directory, directory_from_document
from runner.controls.profile import Profile, profiles_from_document
from runner.core.diagnostics import Diagnostic, did_you_mean, has_errors
from runner.core.errors import InvalidInput, SettingsInvalid
from runner.core.ids import bytes_digest
from runner.core.jsonvalue import canonical_json
from runner.core.record import record
from runner.documents.files import read_source
from runner.documents.nodes import MappingNode, Node
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml

PROFILES_FILE = "profiles.yaml"
DIRECTORY_FILE = "directory.yaml"

T = TypeVar("T")


@record
class Controls:
    """Everything read from one controls folder.

    Shapes: ``files`` maps file names to the bytes read; ``digest`` names exactly those bytes.
    """

    directory: Directory
    profiles: Mapping[str, Profile]
    files: Mapping[str, bytes]
    digest: str

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        object.__setattr__(self, "profiles", MappingProxyType(dict(self.profiles)))
        object.__setattr__(self, "files", MappingProxyType(dict(self.files)))

    def profile(self, name: str) -> Profile:
        """Return the profile of that name.

        Errors: ``SettingsInvalid`` naming the nearest one.
        """
        found = self.profiles.get(name)
        if found is None:
            raise SettingsInvalid(
                f'the controls have no profile "{name}"', hint=did_you_mean(name, self.profiles)
            )
        return found


def load_controls(path: Path) -> Controls:
    """Read and check ``profiles.yaml`` and ``directory.yaml`` of a folder.

    Errors: ``InvalidInput`` with the findings of both files at once; lines of ``profiles.yaml`` are
        never quoted. ``SettingsInvalid`` when there is no such folder.
    """
    if not path.is_dir():
        raise SettingsInvalid(
            f"controls: {path} is not a folder",
            hint=f"name a folder that holds {PROFILES_FILE} and {DIRECTORY_FILE}",
        )
    found: list[Diagnostic] = []
    files: dict[str, bytes] = {}
    directory = _part(path / DIRECTORY_FILE, "directory", directory_from_document, files, found)
    entity = "" if directory is None else directory.entity
    profile_findings: list[Diagnostic] = []
    profiles = _part(
        path / PROFILES_FILE,
        "profiles",
        lambda node: profiles_from_document(node, folder=path.absolute(), entity=entity),
        files,
        profile_findings,
    )
    found += [replace(finding, quotable=False) for finding in profile_findings]
    if directory is None or profiles is None:
        raise InvalidInput(tuple(found))
    return Controls(
        directory=directory, profiles=profiles, files=files, digest=controls_digest(files)
    )


def controls_digest(files: Mapping[str, bytes]) -> str:
    """Return ``sha256:`` and the digest that names a set of controls.

    Shapes: SHA-256 over the canonical JSON of ``{file name: sha256 of its bytes}``.
    """
    names = {name: bytes_digest(data) for name, data in files.items()}
    return f"sha256:{hashlib.sha256(canonical_json(names)).hexdigest()}"


def _part(
    path: Path,
    schema: str,
    build: Callable[[Node], T],
    files: dict[str, bytes],
    found: list[Diagnostic],
) -> T | None:
    try:
        source = read_source(path)
        files[path.name] = source.text.encode("utf-8")
        node = read_yaml(source)
        findings = [_without_secrets(d, node) for d in check_schema(node, schema)]
        found += findings
        return None if has_errors(findings) else build(node)
    except InvalidInput as exc:
        found += exc.diagnostics
        return None


def _without_secrets(finding: Diagnostic, document: Node) -> Diagnostic:
    """Keep what a schema says about a key source from repeating what was written there."""
    for place in _key_places(document):
        if place.span.line <= finding.span.line <= place.span.end_line:
            return replace(
                finding,
                summary="this is not the place of a key",
                hint="write api_key and key, each as {file: PATH}, {fd: NUMBER} or {env: NAME}",
            )
    return finding


def _key_places(document: Node) -> list[Node]:
    profiles = document.get("profiles") if isinstance(document, MappingNode) else None
    if not isinstance(profiles, MappingNode):
        return []
    return [
        inner.value
        for profile in profiles.entries
        if isinstance(profile.value, MappingNode)
        for inner in profile.value.entries
        if inner.key.text.endswith("key")
    ]
