"""Where controls are: a folder, or a folder at a revision of its git repository.

What a playbook's author can change must not decide what a playbook may do. A pull request changes
files in a working tree and the commit that is checked out; it changes neither a revision that the
operator names nor a folder that only others can write. So controls are protected in two ways:

- ``PATH@REVISION`` reads blobs out of git's objects, at a full commit id or one unambiguous name of
  a ref. Nothing is read from the working tree, not even whether the folder is there. ``HEAD`` is
  refused, as is any expression (``main~1``) and any name that is both a tag and a branch: who can
  push a tag called ``main`` must not decide.
- ``PATH`` alone is protected where this process could not write any of it, nor swap a folder above
  it, and where it is not in the working tree of the playbook.

Limits: which refs are protected is the forge's to say; the operator names one that is.
"""

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from runner.core.errors import SettingsInvalid
from runner.core.record import record
from runner.documents.files import FILE_BYTES_MAX

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_REF: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*", re.ASCII)
_REF_HOMES: Final = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}")
_GIT_TIMEOUT_S: Final = 30
_GIT_OPTIONS: Final = (
    # Whoever owns the repository, objects are only read: no hook, filter or helper is run.
    *("-c", "safe.directory=*"),
    *("-c", "core.fsmonitor=false"),
    # A folder of a pull request can look like a bare repository.
    *("-c", "safe.bareRepository=explicit"),
    "--no-replace-objects",
    "--literal-pathspecs",
)
_GIT_ENVIRONMENT: Final = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_REGULAR_MODES: Final = frozenset({"100644", "100755"})


@record
class ControlsPlace:
    """What the operator named.

    Shapes: ``revision`` is empty for a folder as it is on disk.
    """

    path: Path
    revision: str = ""

    def __str__(self) -> str:
        """Spell the place the way it is given."""
        return f"{self.path}@{self.revision}" if self.revision else str(self.path)


@record
class Fetched:
    """The files of a controls folder.

    Shapes: ``files`` maps names to bytes, and holds only those that are there; ``commit`` is the
        full id they were read at, or empty for a folder on disk.
    """

    files: Mapping[str, bytes]
    commit: str


def place_from_text(text: str, *, folder: Path) -> ControlsPlace:
    """Read ``PATH`` or ``PATH@REVISION``; a relative path starts at ``folder``.

    What follows the last ``@`` is always a revision, whatever folders there are: else a folder of
    that name, made by a pull request, would stand in for it.

    Errors: ``SettingsInvalid``.
    """
    path, at, revision = text.rpartition("@")
    if not at:
        return ControlsPlace(path=folder / text)
    if not path or not revision:
        raise SettingsInvalid(
            "controls are named as PATH or PATH@REVISION, and one of the two is empty",
            hint="a path with an @ in it needs a revision after another @",
        )
    return ControlsPlace(path=folder / path, revision=revision)


def fetch_at_revision(place: ControlsPlace, names: Iterable[str]) -> Fetched:
    """Read files of a folder at a revision of its repository.

    Errors: ``SettingsInvalid`` for a revision that is no full id and no unambiguous ref, for a
        folder that is in no repository or not there at that revision, for links in place of files.
    """
    repository = _repository(place)
    commit = _commit(repository, place)
    inside = _inside(repository, place)
    tree = f"{commit}:{inside}" if inside else commit
    listed = ask_git(repository, "ls-tree", "-z", "--full-tree", tree)
    if listed is None:
        raise SettingsInvalid(
            f"controls: there is no folder {inside or '.'} at {place.revision} ({commit[:12]})",
            hint="name the folder as it is called at that revision",
        )
    blobs = _blobs(listed)
    files = {}
    for name in names:
        if name in blobs:
            mode, blob = blobs[name]
            if mode not in _REGULAR_MODES:
                raise SettingsInvalid(f"controls: {name} at {place.revision} is no regular file")
            files[name] = _blob(repository, blob, name)
    return Fetched(files=files, commit=commit)


def protection_problem(
    path: Path, names: Iterable[str], *, uid: int, worktrees: Iterable[Path]
) -> str:
    """Say why a folder on disk is not protected from this process, or nothing where it is.

    Shapes: ``names`` are the files that are read; ``worktrees`` are the roots of the repositories
        whose playbooks are run; ``uid`` is the user of the process.
    """
    real = path.resolve()
    for root in worktrees:
        if real.is_relative_to(root.resolve()):
            return f"{path} is in the working tree of the playbook, {root}"
    parts = [*(real / name for name in names), real, *real.parents]
    for part in parts:
        problem = _write_problem(part, uid)
        if problem:
            return problem
    return ""


def _write_problem(part: Path, uid: int) -> str:
    try:
        status = part.lstat()
        read_only = bool(os.statvfs(part).f_flag & os.ST_RDONLY)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{part} cannot be looked at: {error.strerror}"
    if stat.S_ISLNK(status.st_mode):
        return f"{part} is a symbolic link"
    if read_only:
        return ""
    if uid == 0:
        return f"this process runs as root, which can write {part}"
    if status.st_uid == uid:
        return f"{part} belongs to the user this process runs as"
    # With an access control list the group's bits are its mask, so they say enough.
    others_may = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    # In a folder like /tmp nobody can replace what is not theirs.
    if others_may and not (stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX):
        return f"{part} can be written by more than its owner (mode {status.st_mode & 0o7777:04o})"
    return ""


def _repository(place: ControlsPlace) -> Path:
    start = _nearest_folder(place.path)
    found = ask_git(start, "rev-parse", "--show-toplevel")
    if found is None:
        raise SettingsInvalid(
            f"controls: {place.path} is in no git repository, so it has no revision"
            f" {place.revision}",
            hint="name a folder in a clone of the controls' repository, by its own path",
        )
    if ask_git(start, "rev-parse", "--show-superproject-working-tree"):
        raise SettingsInvalid(
            f"controls: {place.path} is in a submodule, which a pull request can point elsewhere",
            hint="clone the repository of the controls by itself",
        )
    return Path(os.fsdecode(found.rstrip(b"\n")))


def _nearest_folder(path: Path) -> Path:
    """Return the deepest folder on the way to a path that is there.

    The folder itself may be gone from the working tree. A symbolic link is followed on the way to a
    repository and never inside one: a pull request could have made it.
    """
    path = Path(os.path.normpath(path))
    folder, inside = Path(path.anchor), False
    for part in path.parts[1:]:
        inside = inside or (folder / ".git").exists()
        inner = folder / part
        if not inner.is_dir() or (inside and inner.is_symlink()):
            break
        folder = inner
    return folder


def _inside(repository: Path, place: ControlsPlace) -> str:
    path = Path(os.path.normpath(place.path))
    root = next(
        each for each in (path, *path.parents) if each.exists() and each.samefile(repository)
    )
    inside = path.relative_to(root).as_posix()
    return "" if inside == "." else inside


def _commit(repository: Path, place: ControlsPlace) -> str:
    revision = place.revision
    names = [revision] if _COMMIT.fullmatch(revision) else _refs(repository, revision)
    if len(names) > 1:
        raise SettingsInvalid(
            f"controls: {revision} is more than one ref: {', '.join(names)}",
            hint="name one of them in full",
        )
    found = None
    if names:
        found = ask_git(repository, "rev-parse", "--verify", "--quiet", f"{names[0]}^{{commit}}")
    if found is None:
        raise SettingsInvalid(
            f"controls: {revision} is no revision of {repository}",
            hint="fetch it first, or name a full commit id",
        )
    return found.decode("ascii").strip()


def _refs(repository: Path, revision: str) -> list[str]:
    """Return every ref that a name may mean; git would take the first and only warn."""
    if not _REF.fullmatch(revision) or ".." in revision or revision == "HEAD":
        raise SettingsInvalid(
            f"controls: {revision} is no revision that is protected",
            hint="name a protected branch or tag, like origin/main, or a full commit id;"
            " HEAD and expressions like main~1 depend on what is checked out",
        )
    return [
        name
        for home in _REF_HOMES
        if (name := home.format(revision)).startswith("refs/")
        and ask_git(repository, "show-ref", "--verify", "--quiet", name) is not None
    ]


def _blobs(listed: bytes) -> dict[str, tuple[str, str]]:
    blobs = {}
    for line in listed.split(b"\0"):
        head, tab, name = line.partition(b"\t")
        if tab:
            mode, _, blob = head.decode("ascii").split(" ")
            blobs[os.fsdecode(name)] = (mode, blob)
    return blobs


def _blob(repository: Path, blob: str, name: str) -> bytes:
    size = ask_git(repository, "cat-file", "-s", blob)
    if size is not None and int(size) > FILE_BYTES_MAX:
        raise SettingsInvalid(f"controls: {name} is larger than 8 MiB")
    data = ask_git(repository, "cat-file", "blob", blob)
    if data is None:
        raise SettingsInvalid(
            f"controls: git cannot read {name}, object {blob[:12]}",
            hint="fetch the whole repository, not a partial clone",
        )
    return data


def ask_git(folder: Path, *arguments: str) -> bytes | None:
    """Ask git, without our environment: keys may be in it, and so may be another repository.

    Shapes: what it printed, or None where it failed.
    Errors: ``SettingsInvalid`` where there is no git.
    """
    git = shutil.which("git")
    if git is None:
        raise SettingsInvalid(
            "controls at a revision are read with git, which is not installed",
            hint="install git, or name a protected folder without @",
        )
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command, no shell
            [git, *_GIT_OPTIONS, "-C", str(folder), *arguments],
            env=_GIT_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_GIT_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise SettingsInvalid(f"controls: git did not answer in {folder}") from exc
    return done.stdout if done.returncode == 0 else None
