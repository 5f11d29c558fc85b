"""Files of tests found, their cases chosen and run, one after the other."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

from runner.app.testing.model import Case, CaseFile
from runner.app.testing.reading import SUFFIX, CaseReader
from runner.core.errors import InvalidInput, UsageInvalid
from runner.core.record import record
from runner.core.source import SourceFile
from runner.reporting.case_results import CaseResult, CasesRun

if TYPE_CHECKING:
    from runner.app.testing.bench import Bench
    from runner.app.testing.coverage import Covering

_KIND: Final = re.compile(r"^kind: *Playbook *$", re.MULTILINE)
_ENDINGS: Final = (f"{SUFFIX}.yaml", f"{SUFFIX}.yml")


@record
class Chosen:
    """What is to be run.

    Shapes: ``files`` hold the chosen cases alone; ``deselected`` counts the others.
    """

    files: tuple[CaseFile, ...]
    deselected: int

    @property
    def sources(self) -> dict[str, SourceFile]:
        """Return every file that was read, by name."""
        return {name: source for file in self.files for name, source in file.sources.items()}


def files_of_tests(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield every file that paths mean, each once: itself, or the tests of a folder by name.

    A playbook stands for the tests beside it.
    Errors: ``UsageInvalid`` for a folder without tests, and a playbook without any beside it.
    """
    seen: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found = sorted(_inside(path))
            if not found:
                raise UsageInvalid(
                    f"there are no tests in {path}", hint="files of tests end in .test.yaml"
                )
        else:
            found = [_beside(path)]
        for each in found:
            if each not in seen:
                seen.add(each)
                yield each


def _inside(folder: Path) -> Iterator[Path]:
    # Links are not followed: a folder that contains itself would never end.
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.endswith(_ENDINGS) and not name.startswith("."):
                yield Path(root) / name


def _beside(path: Path) -> Path:
    if path.name.endswith(_ENDINGS):
        return path
    tests = path.with_name(f"{path.stem}{SUFFIX}{path.suffix}")
    if tests.exists():
        return tests
    if _is_playbook(path):
        raise UsageInvalid(
            f"{path} has no tests beside it",
            hint=f"its tests stand in {tests.name}; docs/testing.md shows one",
        )
    # Any file may hold tests that say which playbook they are about.
    return path


def _is_playbook(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return _KIND.search(text) is not None


def choose(paths: Iterable[Path], *, named: str = "") -> Chosen:
    """Read files of tests and choose the cases whose name or file holds a text, case aside.

    Errors: ``InvalidInput`` with everything that is wrong with any of them; ``UsageInvalid`` where
        no case is chosen.
    """
    from dataclasses import replace

    reader = CaseReader()
    wrong: list[InvalidInput] = []
    files: list[CaseFile] = []
    deselected = 0
    for path in files_of_tests(paths):
        try:
            file = reader.read(path)
        except InvalidInput as error:
            wrong.append(error)
            continue
        cases = tuple(case for case in file.cases if _is_meant(file, case, named))
        deselected += len(file.cases) - len(cases)
        if cases:
            files.append(replace(file, cases=cases))
    if wrong:
        raise InvalidInput(tuple(found for error in wrong for found in error.diagnostics))
    if not files:
        raise UsageInvalid(f"no case has {named!r} in its name", hint="-k takes a part of a name")
    return Chosen(files=tuple(files), deselected=deselected)


def _is_meant(file: CaseFile, case: Case, named: str) -> bool:
    return named.casefold() in f"{file.source.name} {case.name}".casefold()


def run_chosen(
    chosen: Chosen,
    bench: "Bench",
    show: Callable[[CaseResult], None],
    *,
    covers: bool = False,
    coverage_min: int = 0,
) -> CasesRun:
    """Run every chosen case on a sandbox of its own.

    Shapes: ``show`` is told each result as it comes.
    """
    # Only running pays for the sandbox's libraries.
    from runner.app.testing.coverage import Covering

    results: list[CaseResult] = []
    coverings: dict[str, Covering] = {}
    for file in chosen.files:
        covering = coverings.setdefault(file.playbook.source.name, Covering(file.playbook))
        for case in file.cases:
            result = _run(file, case, bench, covering)
            results.append(result)
            show(result)
    coverage = tuple(each.result() for each in coverings.values()) if covers else ()
    return CasesRun(
        cases=tuple(results),
        coverage=coverage,
        deselected=chosen.deselected,
        coverage_min=coverage_min,
    )


def _run(file: CaseFile, case: Case, bench: "Bench", covering: "Covering") -> CaseResult:
    from runner.app.testing.judging import ending_words, mismatches
    from runner.app.testing.running import run_case

    began_s = perf_counter()
    seen = run_case(file, case, bench)
    covering.add(seen.dry_events, dry=True)
    covering.add(seen.events, dry=False)
    return CaseResult(
        file=file.source.name,
        playbook=file.playbook.source.name,
        name=case.name,
        place=case.span,
        summary=ending_words(seen),
        mismatches=mismatches(file, case, seen),
        story=seen.story,
        duration_s=perf_counter() - began_s,
        virtual_s=seen.virtual_s,
    )
