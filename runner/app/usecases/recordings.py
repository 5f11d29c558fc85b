"""Recordings on disk: a folder of small files that people review."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runner.app.desk import Desk
from runner.catalogue.manifests import MANIFESTS
from runner.core.errors import InvalidInput, SettingsInvalid
from runner.core.files import FileRefused, write_whole
from runner.documents.files import read_source
from runner.plan.recording import RecordedAccount, Recorder, Recording
from runner.plan.recording_files import (
    DIRECTORY,
    HEAD,
    READS,
    files_of_recording,
    recording_from_files,
)

if TYPE_CHECKING:
    from runner.core.diagnostics import Diagnostic
    from runner.core.source import SourceFile

_HINT: Final = "runner plan FILE --record FOLDER makes one"


def load_recording(folder: Path) -> Recording:
    """Read a recording's folder.

    Errors: ``SettingsInvalid`` where there is none; ``InvalidInput`` with everything that is wrong
        with its files.
    """
    if not (folder / HEAD).is_file():
        raise SettingsInvalid(f"{folder} holds no recording: it has no {HEAD}", hint=_HINT)
    sources: dict[str, SourceFile] = {}
    found: list[Diagnostic] = []
    for name in _names(folder):
        try:
            sources[name] = read_source(folder / name)
        except InvalidInput as invalid:
            found += invalid.diagnostics
    if found:
        raise InvalidInput(tuple(found))
    return recording_from_files(sources, MANIFESTS)


def check_room(folder: Path) -> None:
    """Insist that a recording can be written to a folder, before anything is read for it.

    Errors: ``SettingsInvalid`` for a file, and for a folder that holds something else.
    """
    if folder.is_dir() and (not any(folder.iterdir()) or (folder / HEAD).is_file()):
        return
    if folder.exists():
        raise SettingsInvalid(
            f"{folder} holds something that is no recording", hint="name a folder of its own"
        )


def write_recording(folder: Path, desk: Desk, recorder: Recorder) -> int:
    """Write what was read; return how many reads that are.

    Files of an earlier recording that are not part of this one are removed. The head is written
    last, so that a recording that was cut short is seen to be damaged.

    Errors: ``SettingsInvalid`` where it cannot be written.
    """
    texts = files_of_recording(recorder.moment, _account_of(desk), recorder.reads)
    try:
        (folder / READS).mkdir(parents=True, exist_ok=True)
        for name in (*(each for each in texts if each != HEAD), HEAD):
            write_whole(folder / name, desk.scrub(texts[name]).encode("utf-8"))
        for name in set(_reads_in(folder)) - texts.keys():
            (folder / name).unlink()
    except FileRefused as exc:
        raise SettingsInvalid(f"{exc}, and a recording would replace it", hint=_HINT) from exc
    except OSError as exc:
        raise SettingsInvalid(f"{folder} cannot be written: {exc.strerror}", hint=_HINT) from exc
    return len(recorder.reads)


def _account_of(desk: Desk) -> RecordedAccount:
    destinations = desk.directory.destinations.items()
    return RecordedAccount(
        profile=desk.profile,
        host=desk.host,
        entity=desk.entity,
        is_sandbox=desk.is_sandbox,
        facts=desk.facts_text(),
        plan_lifetime=desk.plan_lifetime,
        directory=desk.directory,
        withheld=frozenset(name for name, each in destinations if each.correspondent),
    )


def _names(folder: Path) -> Iterator[str]:
    # Whatever else stands there, a page or an expectation, is none of the recording.
    yield from (name for name in (HEAD, DIRECTORY) if (folder / name).exists())
    yield from _reads_in(folder)


def _reads_in(folder: Path) -> tuple[str, ...]:
    reads = folder / READS
    if not reads.is_dir():
        return ()
    # Hidden files are the system's or an editor's.
    return tuple(
        f"{READS}{each.name}" for each in sorted(reads.iterdir()) if not each.name.startswith(".")
    )
