"""A file's text -> a checked playbook, and everything there is to say about it."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from runner.catalogue.manifest import Manifest
from runner.core.diagnostics import Diagnostic, Severity, has_errors, sorted_diagnostics
from runner.core.record import record
from runner.core.source import SourceFile, Span
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml_partly
from runner.playbook.build import build_playbook
from runner.playbook.calls import Called, Files, Known
from runner.playbook.check import check_playbook
from runner.playbook.doubts import find_doubts
from runner.playbook.model import Playbook
from runner.playbook.reading import Findings
from runner.playbook.words import Word


@record
class Loaded:
    """What became of a file.

    Shapes: ``playbook`` is None exactly where ``diagnostics`` hold an error; warnings may stand
        beside a playbook. Diagnostics are in the order of the files, the root's among those of the
        playbooks it calls; ``called`` holds those files as they were read, by name; ``words`` is
        what in all of them only controls know, as far as checking came.
    """

    playbook: Playbook | None
    diagnostics: tuple[Diagnostic, ...]
    called: Mapping[str, SourceFile] = field(default_factory=dict)
    words: tuple[Word, ...] = ()


def load_playbook(
    source: SourceFile, manifests: Mapping[str, Manifest], files: Files | None = None
) -> Loaded:
    """Read, build and check a playbook, and find everything that is wrong with it at once.

    Shapes: ``source`` comes from ``documents``; ``manifests`` holds every action by name; called
        playbooks are read from ``files``, each once.
    Errors: none; what is wrong is in the result.
    """
    known = Known(files=files)

    def load(inner: SourceFile, called: Called) -> Playbook | None:
        return _load_one(inner, manifests, called)

    playbook = _load_one(source, manifests, Called(known, (_plain(source.name),), load))
    found = sorted_diagnostics(known.diagnostics)
    return Loaded(
        playbook=None if has_errors(found) else playbook,
        diagnostics=found,
        called=known.sources,
        words=tuple(known.words),
    )


def _plain(name: str) -> str:
    return posixpath.normpath(name)


def _load_one(
    source: SourceFile, manifests: Mapping[str, Manifest], called: Called
) -> Playbook | None:
    """Load one file and keep what is wrong with it."""
    playbook, found = _judged(source, manifests, called)
    called.known.diagnostics += found
    return None if has_errors(found) else playbook


def _judged(
    source: SourceFile, manifests: Mapping[str, Manifest], called: Called
) -> tuple[Playbook | None, tuple[Diagnostic, ...]]:
    document, found = read_yaml_partly(source)
    if document is None:
        return None, found
    found = _joined(found, check_schema(document, "playbook"))
    if any(each.code == "wrong-version" for each in found):
        # Whatever else such a file holds, it is not for us to judge.
        return None, found
    building, checking = Findings(), Findings()
    draft = build_playbook(document, source, manifests, called, building)
    found = _joined(found, building.found)
    if draft is None:
        return None, found
    if called.measure(draft.playbook.steps, checking):
        check_playbook(draft, manifests, checking, called.known.words)
    found = _joined(found, checking.found)
    if has_errors(found):
        return draft.playbook, found
    doubts = Findings()
    find_doubts(draft.playbook, doubts)
    return draft.playbook, _joined(found, doubts.found)


def _joined(earlier: Sequence[Diagnostic], later: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Add findings, but none about a place that is already known to be wrong."""
    wrong = defaultdict(list)
    for error in earlier:
        if error.severity is Severity.ERROR:
            wrong[error.span.line].append(error.span)
    fresh = [
        each
        for each in later
        if not any(
            _covers(span, each.span) or _covers(each.span, span) for span in wrong[each.span.line]
        )
    ]
    return sorted_diagnostics((*earlier, *fresh))


def _covers(outer: Span, inner: Span) -> bool:
    """Tell whether one place lies inside another that starts on the same line."""
    return outer.column <= inner.column and (inner.end_line, inner.end_column) <= (
        outer.end_line,
        outer.end_column,
    )
