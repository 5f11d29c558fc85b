"""Planning one playbook or several: at a desk, or offline; all mistakes at once, the worst end."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.app.bench import Bench
from runner.app.desk import Desk
from runner.app.usecases.jobs import Job, read_jobs
from runner.app.usecases.planning import make_plan, silent
from runner.app.usecases.plans import write_plan
from runner.app.usecases.recordings import check_room, load_recording, write_recording
from runner.app.usecases.signing import Maker, sign_as_maker
from runner.app.usecases.verdicts import require_planned
from runner.cli.options import desk_for, settings_for, superseding_for, target_for
from runner.cli.outputs import Outputs
from runner.cli.playbook_files import files_meant, is_of_another_kind, nothing_in, read_meant
from runner.cli.screen import Screen, open_screen
from runner.cli.shell import Shell
from runner.core.clock import SystemClock
from runner.core.errors import ExitCode, InvalidInput, RunnerError, SettingsInvalid, UsageInvalid
from runner.core.record import record
from runner.plan.codec import PlanFile
from runner.plan.recording import Recorder
from runner.reporting.plan_table import PlanRow, plan_table

if TYPE_CHECKING:
    from runner.app.settings import Settings

_WORST_FIRST = (
    ExitCode.OUTCOME_UNKNOWN,
    ExitCode.BUG,
    ExitCode.NOT_FINAL,
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.NOT_APPROVED,
    ExitCode.DENIED,
    ExitCode.FAILED,
    ExitCode.ENDED_AFTER_SENDING,
    ExitCode.ENDED_BEFORE_SENDING,
    ExitCode.LOCKED,
    ExitCode.UNREACHABLE,
    # The table of precedence names those above; these say that no plan, or another one, was made.
    ExitCode.USAGE,
    ExitCode.INVALID,
    ExitCode.PLAN_REFUSED,
    ExitCode.DIFFERENCES,
    ExitCode.HAS_EFFECTS,
    ExitCode.DONE,
)


_RECORDED = frozenset({ExitCode.INVALID, ExitCode.ENDED_BEFORE_SENDING, ExitCode.DENIED})
"""How a plan may fail and all that it read be worth keeping: it fails alike when it is replayed."""


@record
class _Table:
    """Where plans are made: at a desk, or offline, for each one from the start of the recording.

    Shapes: ``moment`` is that of all plans, where they share one.
    """

    bench: Callable[[], Bench]
    moment: datetime | None = None


@record
class _Made:
    """How one playbook came out; ``file`` is None where no plan could be made."""

    job: Job
    file: PlanFile | None
    code: ExitCode


async def plan_jobs(shell: Shell, options: dict[str, Any], outputs: Outputs) -> int:
    """Plan every playbook a command line means, show the plans, and return the exit code.

    Errors: of one playbook alone, as ``make_plan``; what is wrong with the files and the options.
    """
    _check_options(options)
    maker = maker_of(options, shell) if options["sign"] else None
    settings = settings_for(shell, options)
    with open_screen(shell, settings, outputs=outputs) as screen:
        paths = _paths(options["playbooks"])
        read = read_jobs(paths, options["inputs"], options["inputs_files"])
        screen.warnings(read.warnings)
        several = len(read.jobs) > 1
        _check_superseding(options, several=several)
        out = _Room(options["out"], "-o", "plan.json", several=several)
        expected = _Room(options["expect"], "--expect", "expected.json", several=several)
        async with _bench(screen, shell, options, settings, paths) as table:
            rooms = _Rooms(out=out, expected=expected, maker=maker)
            made = [await _one(screen, table, job, rooms, options) for job in read.jobs]
    if len(made) == 1:
        return int(made[0].code)
    screen.result(plan_table([_row(each) for each in made], shell.environment.stdout))
    return int(worst(each.code for each in made))


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that speaks for all of them.

    Source: DESIGN section 8, the precedence of exit codes.
    """
    return min(codes, key=_WORST_FIRST.index, default=ExitCode.DONE)


async def _one(
    screen: Screen,
    table: _Table,
    job: Job,
    rooms: "_Rooms",
    options: dict[str, Any],
) -> _Made:
    """Plan one playbook; an error of one among several is shown, and the others go on."""
    out, expected = rooms.out, rooms.expected
    file: PlanFile | None = None
    try:
        bench = table.bench()
        planned = await make_plan(
            bench,
            job.playbook,
            job.bound,
            silent,
            now=table.moment,
            superseding=superseding_for(options),
        )
        file = planned.file
        screen.warnings((), planned.warnings)
        screen.plan(file)
        path = out.path_of(job)
        if path is not None:
            write_plan(path, file)
            screen.result(f"plan written to {path}")
            if rooms.maker is not None:
                signed = sign_as_maker(path, file, rooms.maker)
                screen.result(f"signed as its maker: {signed}")
        is_expected = _is_expected(screen, expected.path_of(job), file, update=options["update"])
        require_planned(file.plan, approvals=False)
    except RunnerError as error:
        if not out.several:
            raise
        screen.error(error)
        return _Made(job=job, file=file, code=error.exit_code)
    if not is_expected:
        return _Made(job=job, file=file, code=ExitCode.DIFFERENCES)
    has_effects = bool(file.plan.effects) or _may_have_effects(file)
    detailed = options["detailed_exitcode"] and has_effects
    return _Made(job=job, file=file, code=ExitCode.HAS_EFFECTS if detailed else ExitCode.DONE)


def _may_have_effects(file: PlanFile) -> bool:
    offline = file.plan.offline
    return offline is not None and bool(offline.unplanned)


def _row(made: _Made) -> PlanRow:
    return PlanRow(
        source=str(made.job.path),
        playbook=made.job.playbook.name,
        plan=None if made.file is None else made.file.plan,
        code=made.code,
    )


def _is_expected(screen: Screen, path: Path | None, file: PlanFile, *, update: bool) -> bool:
    """Hold a plan against what was expected, and show every difference; or write it down."""
    if path is None:
        return True
    # Only a plan that is expected to be something pays for it.
    from runner.app.usecases.expectations import read_expectation, write_expectation
    from runner.plan.expectation import unexpected
    from runner.reporting.plan_diff import Compared, named

    if update:
        write_expectation(path, file.plan)
        screen.result(f"expectation written to {path}")
        return True
    found = unexpected(file.plan, read_expectation(path))
    compared = Compared(before=str(path), after=named("this plan", file), differences=found)
    if found:
        screen.differences(compared)
    else:
        screen.result(f"as expected by {path}")
    return not found


class _Room:
    """Where one file of each playbook goes: a file for one, a folder for several."""

    def __init__(self, given: str | None, option: str, ending: str, *, several: bool) -> None:
        self.several = several
        self._ending = ending
        self._path = None if given is None else Path(given)
        self._is_folder = self._path is not None and (
            (given or "").endswith("/") or self._path.is_dir()
        )
        if several and self._path is not None and not self._is_folder:
            raise UsageInvalid(
                f"{given} is one file, and several playbooks are planned",
                hint=f"name a folder: {option} {given}/",
            )

    def path_of(self, job: Job) -> Path | None:
        """Return a playbook's file, in a folder that is there; None where none was asked for.

        Errors: ``SettingsInvalid`` for a folder that cannot be made.
        """
        if self._path is None or not self._is_folder:
            return self._path
        try:
            self._path.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise SettingsInvalid(f"{self._path} cannot be made: {exc.strerror}") from exc
        return self._path / f"{job.name}.{self._ending}"


@record
class _Rooms:
    """Where plans go, where they are expected, and who signs them; None for nobody."""

    out: _Room
    expected: _Room
    maker: Maker | None


@asynccontextmanager
async def _bench(
    screen: Screen,
    shell: Shell,
    options: dict[str, Any],
    settings: "Settings",
    paths: Sequence[Path],
) -> AsyncIterator[_Table]:
    options["playbooks"] = tuple(paths)
    if options["offline"] or options["replay"] is not None:
        # Only an offline plan pays for it.
        from runner.app.offline import open_offline

        recording = None if options["replay"] is None else load_recording(options["replay"])
        target = target_for(options, settings, makes=True)
        yield _Table(bench=open_offline(target, settings, recording, SystemClock()).afresh)
        return
    async with desk_for(shell, options, settings, makes=True) as desk:
        if options["record"] is None:
            yield _Table(bench=lambda: desk)
            return
        recorder = Recorder(desk.clock)
        heard = desk.heard_by(recorder)
        try:
            yield _Table(bench=lambda: heard, moment=recorder.moment)
        except RunnerError as error:
            if error.exit_code in _RECORDED:
                _keep(screen, options["record"], heard, recorder)
            raise
        _keep(screen, options["record"], heard, recorder)


def _keep(screen: Screen, folder: Path, desk: Desk, recorder: Recorder) -> None:
    count = write_recording(folder, desk, recorder)
    screen.note(f"{count} read{'' if count == 1 else 's'} recorded in {folder}")


def maker_of(options: dict[str, Any], shell: Shell) -> Maker:
    """Return who signs plans, as the options say.

    Errors: ``UsageInvalid`` where they do not.
    """
    if not (options["out"] and options["principal"] and options["key"]):
        raise UsageInvalid(
            "--sign signs the plan that is written, and needs to know by whom",
            hint="-o PLAN --sign --as PRINCIPAL --key FILE",
        )
    environment = shell.environment
    return Maker(
        principal=options["principal"],
        key=environment.cwd / options["key"].expanduser(),
        variables=environment.variables,
    )


def _check_options(options: dict[str, Any]) -> None:
    if options["sign"] and (options["offline"] or options["replay"] is not None):
        raise UsageInvalid(
            "a plan made offline can never be applied", hint="sign without --offline and --replay"
        )
    if options["update"] and options["expect"] is None:
        raise UsageInvalid("--update writes what --expect names", hint="add --expect FILE")
    if options["record"] is None:
        return
    if options["offline"] or options["replay"] is not None:
        raise UsageInvalid(
            "--record keeps what a custodian answers, and offline none is asked",
            hint="record without --offline and --replay",
        )
    check_room(options["record"])


def _check_superseding(options: dict[str, Any], *, several: bool) -> None:
    if not superseding_for(options).run_id:
        return
    if several:
        raise UsageInvalid(
            "--supersedes goes on with the run of one playbook, and several are planned",
            hint="plan that playbook alone",
        )
    if options["offline"] or options["replay"] is not None:
        raise UsageInvalid(
            "--supersedes needs the journal of the run, and offline none is read",
            hint="plan without --offline and --replay",
        )


def _paths(given: tuple[Path, ...]) -> list[Path]:
    paths = []
    for meant in files_meant(given):
        if meant.is_empty:
            raise InvalidInput((nothing_in(meant.path),))
        if meant.is_named or not is_of_another_kind(read_meant(meant)):
            paths.append(meant.path)
    return paths
