"""Which file ``playbook: ./other.yaml`` names, and loading each of them once.

A called playbook lies in the same folder tree as the root: the repository, or where there is none
the root's own folder. Its name is worked out from the names alone (``playbooks/eod.yaml`` and
``./trim.yaml`` make ``playbooks/trim.yaml``), so that a plan and a journal can give the same files
again without the disk.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from runner.core.diagnostics import Diagnostic
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.documents.folder import FolderLeft
from runner.documents.nodes import ScalarNode
from runner.playbook.model import Call, Playbook, Step, parts_of
from runner.playbook.reading import Findings
from runner.playbook.words import Word

DEPTH_MAX: Final = 8
"""How many playbooks may stand inside each other, the root included."""

STEPS_MAX: Final = 100_000
"""How many steps a playbook may stand for, each call counted as the steps it stands for."""

FILES_MAX: Final = 64
"""How many files one playbook may be made from, its own included."""


class Files(Protocol):
    """Where called playbooks come from."""

    def read(self, name: str) -> SourceFile:
        """Return a file by its name, which is also the name of the source.

        Errors: ``InvalidInput`` for what cannot be read, ``FolderLeft`` for what must not be.
        """
        ...


Load: TypeAlias = Callable[[SourceFile, "Called"], Playbook | None]
"""Loads one more file; what is wrong with it is kept elsewhere."""


@dataclass(slots=True)
class Known:
    """What is shared by every file of one root: each is read and loaded once."""

    files: Files | None
    playbooks: dict[str, Playbook | None] = field(default_factory=dict)
    sources: dict[str, SourceFile] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)


@dataclass(slots=True)
class Called:
    """The playbooks that one file calls.

    Shapes: ``stack`` holds the names of the files from the root to this one, itself included.
    """

    known: Known
    stack: tuple[str, ...]
    load: Load

    def playbook(self, scalar: ScalarNode, findings: Findings) -> Playbook | None:
        """Return the playbook a scalar names; None after saying why there is none."""
        name = called_name(self.stack[-1], scalar.text)
        problem = self._problem(name)
        if problem is not None:
            code, summary, hint = problem
            findings.add(code, summary, scalar.span, hint=hint)
            return None
        if name not in self.known.playbooks:
            self.known.playbooks[name] = self._loaded(name, scalar, findings)
        return self.known.playbooks[name]

    def measure(self, steps: Iterable[Step], findings: Findings) -> bool:
        """Count what this file stands for; tell whether that is few enough to be walked.

        A few files that call each other often enough would otherwise never be done.
        """
        own = list(_own_steps(steps))
        calls = [step for step in own if isinstance(step.verb, Call)]
        size = len(own) + sum(self.known.sizes.get(_callee(step), 0) for step in calls)
        self.known.sizes[self.stack[-1]] = size
        if size > STEPS_MAX and calls:
            summary = f"with its calls the playbook stands for more than {STEPS_MAX:,} steps"
            findings.add("call-too-deep", summary, calls[0].span, hint="take some calls out")
        return not calls or size <= STEPS_MAX

    def _problem(self, name: str) -> tuple[str, str, str] | None:
        if name in self.stack:
            chain = " -> ".join((*self.stack[self.stack.index(name) :], name))
            return "call-cycle", f"playbooks call each other: {chain}", "take one of the calls out"
        if len(self.stack) >= DEPTH_MAX:
            summary = f"more than {DEPTH_MAX} playbooks stand inside each other"
            return "call-too-deep", summary, "call it from a playbook further up"
        if name not in self.known.playbooks and len(self.known.playbooks) + 1 >= FILES_MAX:
            summary = f"the playbook is made from more than {FILES_MAX} files"
            return "call-too-deep", summary, "split it into playbooks that run on their own"
        return None

    def _loaded(self, name: str, scalar: ScalarNode, findings: Findings) -> Playbook | None:
        if self.known.files is None:
            findings.add(
                "call-outside",
                f"there is no folder to read {name} from",
                scalar.span,
                hint="only a playbook that is a file can call another",
            )
            return None
        try:
            source = self.known.files.read(name)
        except FolderLeft as exc:
            hint = "call only files of the repository, by ./ and ../, without links"
            findings.add("call-outside", str(exc), scalar.span, hint=hint)
            return None
        except InvalidInput as exc:
            _keep_unreadable(exc, scalar, findings)
            return None
        self.known.sources[name] = source
        return self.load(source, Called(self.known, (*self.stack, name), self.load))


def _own_steps(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _own_steps(parts_of(step))


def _callee(step: Step) -> str:
    assert isinstance(step.verb, Call), "asked of calls alone"
    return posixpath.normpath(step.verb.playbook.source.name)


def _keep_unreadable(exc: InvalidInput, scalar: ScalarNode, findings: Findings) -> None:
    for found in exc.diagnostics:
        if found.code == "file-unreadable":
            # The file is not there to be pointed at; the call is.
            findings.add(found.code, found.summary, scalar.span, hint="check the name")
        else:
            findings.extend((found,))


def called_name(caller: str, text: str) -> str:
    """Return the name of the file that a caller means by ``./other.yaml``."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(caller), text))


class StoredFiles:
    """Files as a journal kept them, by name."""

    def __init__(self, stored: Mapping[str, bytes]) -> None:
        """Take the bytes of every file of a plan."""
        self._stored = stored

    def read(self, name: str) -> SourceFile:
        """Return a file; one that was never stored is outside."""
        data = self._stored.get(name)
        if data is None:
            raise FolderLeft(f"{name} is none of the files that were stored")
        return SourceFile(name=name, text=data.decode("utf-8"))
