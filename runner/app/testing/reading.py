"""From a file of tests to its cases: everything that is wrong with them is said at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from runner.app.testing.expecting import Expecting
from runner.app.testing.model import (
    AimedFault,
    Case,
    CaseFile,
    Happening,
    Interruption,
    Moment,
)
from runner.app.testing.paths import steps_by_path, without_keys
from runner.app.testing.worlds import Worlds
from runner.catalogue.manifests import MANIFESTS
from runner.controls.reading import Findings, mapping_of, scalar_of, text_of
from runner.core.clock import moment_from_text
from runner.core.diagnostics import Diagnostic, did_you_mean, has_errors, sorted_diagnostics
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.core.values import duration_from_text
from runner.documents.files import read_source
from runner.documents.folder import Folder
from runner.documents.nodes import MappingNode, Node, ScalarNode, SequenceNode, to_json
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml
from runner.playbook.inputs import BoundInputs, InputGiven, bind_inputs
from runner.playbook.load import load_playbook
from runner.playbook.model import Effect, Playbook, Step, Use, Wait
from runner.playbook.parts import part_from_node
from runner.sandbox.faults import Fault, read_fault
from runner.sandbox.world import World
from runner.sandbox.world_check import fault_problems
from runner.sandbox.world_file import placed
from runner.sandbox.world_reading import Section

USUAL_MOMENT: Final = datetime(2026, 11, 22, 18, tzinfo=UTC)
"""When a case begins that does not say: so that no test depends on today."""

SUFFIX: Final = ".test"
"""What stands before the ending in the name of a file of tests: ``trim.test.yaml``."""

_DEEDS: Final = ("deposit", "portal", "settle", "fault", "pass")
_MOMENTS: Final = ("at", "before", "after")
_Made = TypeVar("_Made")


class CaseReader:
    """Reads files of tests; playbooks and worlds are read once."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._worlds = Worlds()

    def read(self, path: Path) -> CaseFile:
        """Read one file with its playbook, its worlds and all its cases.

        Errors: ``InvalidInput`` with everything that is wrong with it, or with its playbook.
        """
        source = read_source(path)
        root = read_yaml(source)
        found = check_schema(root, "test")
        if found:
            raise InvalidInput(found)
        document = mapping_of(root)
        playbook_path = _playbook_path(document, source, path)
        playbook, sources = _playbook(playbook_path)
        reader = _FileReader(document, path.parent, playbook, self._worlds)
        cases = reader.cases()
        if reader.findings.found:
            raise InvalidInput(sorted_diagnostics(reader.findings.found))
        return CaseFile(
            source=source,
            path=playbook_path,
            playbook=playbook,
            cases=cases,
            sources={source.name: source, **sources},
        )


def _playbook_path(document: MappingNode, source: SourceFile, path: Path) -> Path:
    named = scalar_of(document, "playbook")
    if named is not None:
        beside = path.parent / named.text
        if not beside.exists():
            summary = f"there is no playbook {beside}"
            hint = "write its path, relative to this file"
            raise InvalidInput(
                (Diagnostic(code="file-unreadable", summary=summary, span=named.span, hint=hint),)
            )
        return beside
    if path.stem.endswith(SUFFIX):
        return path.with_name(f"{path.stem.removesuffix(SUFFIX)}{path.suffix}")
    summary = "the file does not say which playbook it is about"
    hint = f"add playbook: FILE, or call this file NAME{SUFFIX}{path.suffix}"
    where = source.whole()
    raise InvalidInput((Diagnostic(code="missing-key", summary=summary, span=where, hint=hint),))


def _playbook(path: Path) -> tuple[Playbook, Mapping[str, SourceFile]]:
    source = read_source(path)
    loaded = load_playbook(source, MANIFESTS, Folder.around(path))
    if loaded.playbook is None or has_errors(loaded.diagnostics):
        raise InvalidInput(loaded.diagnostics)
    return loaded.playbook, {source.name: source, **loaded.called}


class _FileReader:
    """Reads the cases of one file, and collects what is wrong with them."""

    def __init__(
        self, document: MappingNode, folder: Path, playbook: Playbook, worlds: Worlds
    ) -> None:
        self.findings = Findings()
        self._document = document
        self._folder = folder
        self._playbook = playbook
        self._worlds = worlds
        self._steps = steps_by_path(playbook)
        self._expecting = Expecting(playbook, self._steps, self.findings)

    def cases(self) -> tuple[Case, ...]:
        listed = self._document.get("cases")
        assert isinstance(listed, SequenceNode), "the schema promised a list of cases"
        made = [self._case(mapping_of(item)) for item in listed]
        cases = tuple(case for case in made if case is not None)
        names: set[str] = set()
        for case in cases:
            if case.name in names:
                words = f'two cases are called "{case.name}"'
                self.findings.add("wrong-value", words, case.span, hint="give each its own name")
            names.add(case.name)
        self._expecting.check_asserts()
        return cases

    def _case(self, node: MappingNode) -> Case | None:
        name = scalar_of(node, "name")
        assert name is not None, "the schema promised a name"
        world = self._caught(lambda: self._world(node))
        if world is None:
            return None
        only_plan = "only" in node
        case = Case(
            name=name.text,
            span=name.span,
            world=world,
            clock=self._moment(node),
            controls=self._controls(node),
            bound=None,
            faults=self._faults(node, world),
            happenings=self._happenings(node, world),
            interruption=self._interruption(node),
            resume_after=self.findings.converted(
                scalar_of(node, "resume_after"), duration_from_text
            ),
            only_plan=only_plan,
            expect=self._expecting.read(node, world, only_plan=only_plan),
        )
        return self._with_inputs(case, node)

    def _with_inputs(self, case: Case, node: MappingNode) -> Case:
        given = _given(node.get("inputs"))
        try:
            bound: BoundInputs = bind_inputs(self._playbook, given)
        except InvalidInput as refused:
            if not case.expect.diagnostics:
                self.findings.found += refused.diagnostics
            return replace(case, refused=refused)
        return replace(case, bound=bound)

    def _inherited(self, node: MappingNode, key: str) -> Node | None:
        own = node.get(key)
        return self._document.get(key) if own is None else own

    def _world(self, node: MappingNode) -> World:
        return self._worlds.of(self._inherited(node, "world"), self._folder)

    def _moment(self, node: MappingNode) -> datetime:
        scalar = self._inherited(node, "clock")
        assert scalar is None or isinstance(scalar, ScalarNode), "the schema promised a text"
        return self.findings.converted(scalar, _moment_from_text) or USUAL_MOMENT

    def _controls(self, node: MappingNode) -> Path | None:
        scalar = self._inherited(node, "controls")
        return self._folder / scalar.text if isinstance(scalar, ScalarNode) else None

    # faults and happenings

    def _faults(self, node: MappingNode, world: World) -> tuple[AimedFault, ...]:
        made = (self._fault(mapping_of(each), world) for each in _items(node.get("faults")))
        return tuple(each for each in made if each is not None)

    def _fault(self, node: MappingNode, world: World) -> AimedFault | None:
        path = text_of(node, "step")
        data = to_json(node)
        assert isinstance(data, dict), "the schema promised a mapping"
        asked: dict[str, object] = {key: value for key, value in data.items() if key != "step"}
        if path:
            step = self._known_step(node, "step")
            if step is None:
                return None
            operation = _operation_of(step)
            if not operation and "operation" not in asked:
                self.findings.add(
                    "wrong-value",
                    f'the step "{path}" calls no operation by itself',
                    node.span,
                    hint="name a step that reads, waits or sends",
                )
                return None
            asked.setdefault("operation", operation)
        section = Section(asked)
        fault: Fault = read_fault(section)
        for problem in () if section.problems else fault_problems(world, fault):
            section.note(problem, "key")
        self.findings.found += placed(node, section.problems)
        return AimedFault(fault=fault, step=path)

    def _happenings(self, node: MappingNode, world: World) -> tuple[Happening, ...]:
        made = (self._happening(mapping_of(each), world) for each in _items(node.get("happens")))
        return tuple(each for each in made if each is not None)

    def _happening(self, node: MappingNode, world: World) -> Happening | None:
        when = [key for key in _MOMENTS if key in node]
        deeds = [key for key in _DEEDS if key in node]
        if len(when) != 1 or len(deeds) != 1:
            self.findings.add(
                "missing-key" if not when or not deeds else "wrong-value",
                "one moment and one thing that happens are needed here",
                node.span,
                hint=f"one of {', '.join(_MOMENTS)}, and one of {', '.join(_DEEDS)}",
            )
            return None
        moment = self._when(node, when[0])
        what = deeds[0]
        if what == "pass":
            length = self.findings.converted(scalar_of(node, what), duration_from_text)
            if not moment.planned:
                hint = "write at: planned"
                self.findings.add(
                    "wrong-value", "time passes by itself in a run", node.span, hint=hint
                )
            return (
                None
                if length is None
                else Happening(moment=moment, what=what, length=length, span=node.span)
            )
        inner = mapping_of(node.get(what))
        asked = to_json(inner)
        assert isinstance(asked, dict), "the schema promised a mapping"
        if what == "fault":
            self._fault(inner, world)
        return Happening(moment=moment, what=what, asked=asked, span=node.span)

    def _when(self, node: MappingNode, key: str) -> Moment:
        text = text_of(node, key)
        if key != "at":
            self._known_step(node, key)
            return Moment(before=text) if key == "before" else Moment(after=text)
        if text == "planned":
            return Moment(planned=True)
        return Moment(since=self.findings.converted(scalar_of(node, key), duration_from_text))

    def _interruption(self, node: MappingNode) -> Interruption | None:
        inner = node.get("interrupt")
        if inner is None:
            return None
        body = mapping_of(inner)
        for key in ("after", "during"):
            if key in body:
                self._known_step(body, key)
        return Interruption(
            after=text_of(body, "after"), during=text_of(body, "during"), span=body.span
        )

    def _known_step(self, node: MappingNode, key: str) -> Step | None:
        scalar = scalar_of(node, key)
        assert scalar is not None, "the key is there"
        step = self._steps.get(without_keys(scalar.text))
        if step is None:
            hint = did_you_mean(scalar.text, self._steps)
            self.findings.add("unknown-step", f'no step "{scalar.text}"', scalar.span, hint=hint)
        return step

    def _caught(self, make: Callable[[], _Made]) -> _Made | None:
        try:
            return make()
        except InvalidInput as error:
            self.findings.found += error.diagnostics
            return None


def _items(node: Node | None) -> Iterable[Node]:
    return node if isinstance(node, SequenceNode) else ()


def _given(node: Node | None) -> Mapping[str, InputGiven]:
    if node is None:
        return {}
    return {
        entry.key.text: InputGiven(
            text=entry.value.text if isinstance(entry.value, ScalarNode) else "",
            part=part_from_node(entry.value),
            origin=node.source.name,
            span=entry.value.span,
            key_span=entry.key.span,
        )
        for entry in mapping_of(node).entries
    }


def _operation_of(step: Step) -> str:
    if isinstance(step.verb, Use | Effect | Wait):
        return step.verb.manifest.operation
    return ""


def _moment_from_text(text: str) -> datetime:
    try:
        return moment_from_text(text)
    except (ValueError, OverflowError) as exc:
        raise ValueError(f"{text!r} is not a moment: write it like 2026-11-22T18:00:00Z") from exc
