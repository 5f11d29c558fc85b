"""From a folder, or a folder at a revision, to checked controls, and the digest that names them."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from runner.controls.directory import Directory, directory_from_document
from runner.controls.place import ControlsPlace, fetch_at_revision, protection_problem
from runner.controls.policy import Policy
from runner.controls.policy_file import POLICY_FILE, policy_from_document
from runner.controls.profile import Profile, profiles_from_document
from runner.controls.signers import (
    ALLOWED_FILE,
    REVOKED_FILE,
    SIGNERS_FILE,
    SIGNING_FILES,
    Signers,
    persons_from_document,
    signers_from_files,
)
from runner.core.diagnostics import Diagnostic, did_you_mean, has_errors
from runner.core.errors import InvalidInput, SettingsInvalid
from runner.core.ids import bytes_digest
from runner.core.jsonvalue import canonical_json
from runner.core.record import record
from runner.core.source import SourceFile
from runner.documents.files import FILE_BYTES_MAX, read_source, source_from_bytes
from runner.documents.nodes import MappingNode, Node
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml

PROFILES_FILE = "profiles.yaml"
DIRECTORY_FILE = "directory.yaml"
FILES = (PROFILES_FILE, DIRECTORY_FILE, POLICY_FILE, *SIGNING_FILES)
"""Every file of a controls folder; the policy may be missing, and then denies outside sandboxes."""

T = TypeVar("T")


@record
class Controls:
    """Everything read from one controls folder.

    Shapes: ``files`` maps file names to the bytes read; ``digest`` names exactly those bytes;
        ``policy`` and ``signers`` are None where there is no such file; ``commit`` is the full id
        of the revision, or empty for a folder on disk; ``place`` is where they were read;
        ``unprotected`` says why this process, or a playbook's author, could have changed them, and
        is empty where neither could.
    """

    directory: Directory
    profiles: Mapping[str, Profile]
    files: Mapping[str, bytes]
    digest: str
    policy: Policy | None = None
    signers: Signers | None = None
    commit: str = ""
    unprotected: str = ""
    place: ControlsPlace | None = None

    def __post_init__(self) -> None:
        """Freeze the mappings."""
        object.__setattr__(self, "profiles", MappingProxyType(dict(self.profiles)))
        object.__setattr__(self, "files", MappingProxyType(dict(self.files)))

    def named(self, name: str) -> Profile:
        """Return the profile of that name, to look at.

        Errors: ``SettingsInvalid`` naming the nearest one.
        """
        found = self.profiles.get(name)
        if found is None:
            raise SettingsInvalid(
                f'the controls have no profile "{name}"', hint=did_you_mean(name, self.profiles)
            )
        return found

    def profile(self, name: str) -> Profile:
        """Return the profile of that name, to use.

        Errors: ``SettingsInvalid`` naming the nearest one; for a production profile in controls
            that are not protected.
        """
        found = self.named(name)
        if found.production and self.unprotected:
            raise SettingsInvalid(
                f'profile "{name}" is production, and its controls are not protected:'
                f" {self.unprotected}",
                hint="name a revision, PATH@REVISION, or a folder that another user owns",
            )
        return found


def load_controls(
    place: ControlsPlace | Path, *, worktrees: Iterable[Path] = (), uid: int | None = None
) -> Controls:
    """Read and check all files of a controls folder.

    Shapes: ``worktrees`` are the roots of the repositories whose playbooks are run; ``uid`` is the
        user of this process where it is not to be asked for.
    Errors: ``InvalidInput`` with the findings of all files at once; lines of ``profiles.yaml`` are
        never quoted. ``SettingsInvalid`` when there is no such folder or revision.
    """
    if isinstance(place, Path):
        place = ControlsPlace(path=place)
    folder = _Folder(place)
    found: list[Diagnostic] = []
    directory = _part(folder, DIRECTORY_FILE, "directory", directory_from_document, found)
    entity = "" if directory is None else directory.entity
    profile_findings: list[Diagnostic] = []
    profiles = _part(
        folder,
        PROFILES_FILE,
        "profiles",
        lambda node: profiles_from_document(node, folder=folder.on_disk, entity=entity),
        profile_findings,
    )
    found += [replace(finding, quotable=False) for finding in profile_findings]
    policy = None
    if folder.has(POLICY_FILE):
        policy = _part(
            folder,
            POLICY_FILE,
            "policy",
            lambda node: policy_from_document(node, directory=directory),
            found,
        )
    signers = _signers(folder, found)
    if directory is None or profiles is None or has_errors(found):
        raise InvalidInput(tuple(found))
    return Controls(
        directory=directory,
        profiles=profiles,
        policy=policy,
        signers=signers,
        files=folder.files,
        digest=controls_digest(folder.files),
        commit=folder.commit,
        place=place,
        unprotected=folder.unprotected(worktrees, os.geteuid() if uid is None else uid),
    )


def load_signers(place: ControlsPlace) -> Signers | None:
    """Read only what says whose signatures count, as it is now; None where there is nothing.

    Errors: as ``load_controls``.
    """
    found: list[Diagnostic] = []
    signers = _signers(_Folder(place), found)
    if has_errors(found):
        raise InvalidInput(tuple(found))
    return signers


def _signers(folder: "_Folder", found: list[Diagnostic]) -> Signers | None:
    if not folder.has(SIGNERS_FILE):
        return None
    persons = _part(folder, SIGNERS_FILE, "signers", persons_from_document, found)
    if persons is None:
        return None
    allowed, revoked = (
        folder.raw(name) if folder.has(name) else b"" for name in (ALLOWED_FILE, REVOKED_FILE)
    )
    return signers_from_files(persons, allowed, revoked)


class _Folder:
    """The files of a folder, on disk or at a revision, each read once."""

    def __init__(self, place: ControlsPlace) -> None:
        self.files: dict[str, bytes] = {}
        self.commit = ""
        self._place = place
        self._fetched: Mapping[str, bytes] | None = None
        if place.revision:
            fetched = fetch_at_revision(place, FILES)
            self._fetched, self.commit = fetched.files, fetched.commit
        elif not place.path.is_dir():
            raise SettingsInvalid(
                f"controls: {place.path} is not a folder",
                hint=f"name a folder that holds {PROFILES_FILE} and {DIRECTORY_FILE}",
            )

    @property
    def on_disk(self) -> Path | None:
        """Return where relative paths start, or None at a revision."""
        return None if self._place.revision else self._place.path.absolute()

    def has(self, name: str) -> bool:
        """Tell whether there is a file of that name."""
        if self._fetched is not None:
            return name in self._fetched
        # A link that leads nowhere is there, and cannot be read.
        return os.path.lexists(self._place.path / name)

    def source(self, name: str) -> SourceFile:
        """Read one file.

        Errors: ``InvalidInput``.
        """
        if self._fetched is None:
            source = read_source(self._place.path / name)
        else:
            shown = f"{self._place}/{name}"
            data = self._fetched.get(name)
            if data is None:
                raise InvalidInput((_not_there(shown),))
            source = source_from_bytes(shown, data)
        self.files[name] = source.text.encode("utf-8")
        return source

    def raw(self, name: str) -> bytes:
        """Read one file that is no document of ours.

        Errors: ``SettingsInvalid``.
        """
        if self._fetched is not None:
            data = self._fetched[name]
        else:
            try:
                with (self._place.path / name).open("rb") as stream:
                    data = stream.read(FILE_BYTES_MAX + 1)
            except OSError as exc:
                raise SettingsInvalid(f"controls: {name} cannot be read: {exc.strerror}") from exc
        if len(data) > FILE_BYTES_MAX:
            raise SettingsInvalid(f"controls: {name} is larger than 8 MiB")
        self.files[name] = data
        return data

    def unprotected(self, worktrees: Iterable[Path], uid: int) -> str:
        """Say why the files could have been changed by who must not, or nothing."""
        if self._fetched is not None:
            return ""
        return protection_problem(self._place.path, self.files, uid=uid, worktrees=worktrees)


def _not_there(shown: str) -> Diagnostic:
    whole = SourceFile(name=shown, text="").whole()
    return Diagnostic(
        code="file-unreadable", summary=f"cannot read {shown}: there is no such file", span=whole
    )


def controls_digest(files: Mapping[str, bytes]) -> str:
    """Return ``sha256:`` and the digest that names a set of controls.

    Shapes: SHA-256 over the canonical JSON of ``{file name: sha256 of its bytes}``.
    """
    names = {name: bytes_digest(data) for name, data in files.items()}
    return f"sha256:{hashlib.sha256(canonical_json(names)).hexdigest()}"


def _part(
    folder: _Folder,
    name: str,
    schema: str,
    build: Callable[[Node], T],
    found: list[Diagnostic],
) -> T | None:
    try:
        node = read_yaml(folder.source(name))
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
                hint="write api_key and key, each as {file: PATH}, {fd: NUMBER} or {env: NAME};"
                " key may also be {agent: FINGERPRINT} or {command: {argv, public_key}}",
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
