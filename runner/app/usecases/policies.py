"""Checking, testing and explaining policies."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from runner.controls.directory import Directory, directory_from_document
from runner.controls.guard import Guard
from runner.controls.load import DIRECTORY_FILE
from runner.controls.place import ControlsPlace, fetch_at_revision
from runner.controls.policy import EffectFacts, Policy, Spent, Tried, Verdict
from runner.controls.policy_cases import CaseResult, cases_from_document, run_case
from runner.controls.policy_file import POLICY_FILE, policy_from_document
from runner.controls.policy_lint import policy_doubts
from runner.core.diagnostics import Diagnostic, has_errors
from runner.core.errors import InvalidInput
from runner.core.record import record
from runner.core.source import SourceFile
from runner.documents.files import read_source, source_from_bytes
from runner.documents.nodes import MappingNode, Node, ScalarNode
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml
from runner.plan.codec import PlanFile
from runner.plan.verdicts import effect_facts


@record
class PolicyChecked:
    """A policy and what is strange about it.

    Shapes: ``sources`` are the files that were read, by name, so that findings can quote them.
    """

    policy: Policy
    directory: Directory | None
    doubts: tuple[Diagnostic, ...]
    sources: dict[str, SourceFile]


@record
class CasesRun:
    """A file of cases and what the policy said about each."""

    name: str
    results: tuple[CaseResult, ...]


@record
class EffectExplained:
    """One effect of a plan: the rules that were tried, and the verdict."""

    path: str
    facts: EffectFacts
    tried: tuple[Tried, ...]
    verdict: Verdict


def check_policy(place: ControlsPlace) -> PolicyChecked:
    """Read a policy and the directory beside it, if there is one, and look for rules of no use.

    Shapes: ``place`` is a folder, a folder at a revision, or a file.
    Errors: ``InvalidInput`` with the findings of both files; ``SettingsInvalid`` for a revision.
    """
    sources: dict[str, SourceFile] = {}
    policy_source, directory_source = _sources(place)
    found: list[Diagnostic] = []
    directory = None
    if directory_source is not None:
        sources[directory_source.name] = directory_source
        node = _document(directory_source, "directory", found)
        try:
            directory = None if node is None else directory_from_document(node)
        except InvalidInput as error:
            found += error.diagnostics
    sources[policy_source.name] = policy_source
    node = _document(policy_source, "policy", found)
    policy = None
    try:
        policy = None if node is None else policy_from_document(node, directory=directory)
    except InvalidInput as error:
        found += error.diagnostics
    if policy is None or has_errors(found):
        raise InvalidInput(tuple(found))
    doubts = policy_doubts(policy, directory=directory)
    return PolicyChecked(policy=policy, directory=directory, doubts=doubts, sources=sources)


def run_cases(path: Path) -> CasesRun:
    """Read a file of cases with the policy it names, and decide them all.

    Errors: ``InvalidInput`` with the findings of either file.
    """
    source = read_source(path)
    found: list[Diagnostic] = []
    node = _document(source, "policy-test", found)
    if node is None:
        raise InvalidInput(tuple(found))
    assert isinstance(node, MappingNode), "the schema promised a mapping"
    named = node.get("policy")
    assert isinstance(named, ScalarNode), "the schema promised the policy's path"
    checked = check_policy(ControlsPlace(path=path.parent / named.text))
    cases = cases_from_document(node, directory=checked.directory)
    results = tuple(run_case(checked.policy, case) for case in cases)
    return CasesRun(name=str(path), results=results)


def explain_plan(
    guard: Guard, file: PlanFile, spent: Iterable[Spent], at: datetime
) -> tuple[EffectExplained, ...]:
    """Decide the effects of a plan in their order, each after the ones before it.

    Shapes: ``spent`` is what the journal counts already; effects of the plan's own run in it are
        left out, because they are decided here.
    """
    run_id = file.run_id
    books = [each for each in spent if each.run_id != run_id]
    explained = []
    for effect in file.plan.effects:
        facts = effect_facts(effect, file.plan.playbook)
        verdict = guard.verdict(facts, at, books, run_id=run_id)
        tried = guard.trace(facts, at, books)
        explained.append(
            EffectExplained(path=effect.path, facts=facts, tried=tried, verdict=verdict)
        )
        books.append(Spent(facts=facts, at=at, run_id=run_id))
    return tuple(explained)


def _sources(place: ControlsPlace) -> tuple[SourceFile, SourceFile | None]:
    if place.revision:
        files = fetch_at_revision(place, (POLICY_FILE, DIRECTORY_FILE)).files
        named = {name: source_from_bytes(f"{place}/{name}", data) for name, data in files.items()}
        if POLICY_FILE not in named:
            whole = SourceFile(name=f"{place}/{POLICY_FILE}", text="").whole()
            summary = f"there is no {POLICY_FILE} in {place}"
            raise InvalidInput((Diagnostic(code="file-unreadable", summary=summary, span=whole),))
        return named[POLICY_FILE], named.get(DIRECTORY_FILE)
    path = place.path / POLICY_FILE if place.path.is_dir() else place.path
    directory = path.parent / DIRECTORY_FILE
    return read_source(path), read_source(directory) if directory.exists() else None


def _document(source: SourceFile, schema: str, found: list[Diagnostic]) -> Node | None:
    """Return a document that has its shape, else None with the reasons in ``found``."""
    try:
        node = read_yaml(source)
    except InvalidInput as error:
        found += error.diagnostics
        return None
    wrong = check_schema(node, schema)
    found += wrong
    return None if has_errors(wrong) else node
