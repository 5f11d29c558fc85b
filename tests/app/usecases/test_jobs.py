"""Which playbook gets which inputs, where several are planned at once."""

from pathlib import Path

import pytest

from runner.app.usecases.jobs import Jobs, read_jobs
from runner.app.usecases.loading import bound_inputs, read_playbook
from runner.core.errors import InvalidInput

HEAD = "apiVersion: runner/v1\nkind: {kind}\n"


def playbook(folder: Path, name: str, *inputs: str, file: str = "") -> Path:
    path = folder / (file or f"{name}.yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    declared = "".join(f"  {each}: {{type: string, default: none}}\n" for each in inputs)
    labels = "".join(f"  {each}: ${{{{ inputs.{each} }}}}\n" for each in inputs)
    path.write_text(
        f"{HEAD.format(kind='Playbook')}name: {name}\ninputs:\n{declared}labels:\n{labels}"
        "steps:\n  - id: system\n    uses: system.status\n    with:\n      biz_type: 1\n"
        "      wallet_type: prime\n    assert: result.normal\n".replace(
            "biz_type: 1", 'biz_type: "1"'
        ),
        encoding="utf-8",
    )
    return path


def given(folder: Path, name: str, inputs: str, *, owner: str = "") -> Path:
    path = folder / name
    line = f"playbook: {owner}\n" if owner else ""
    path.write_text(f"{HEAD.format(kind='Inputs')}{line}inputs:\n  {inputs}\n", encoding="utf-8")
    return path


def values(jobs: Jobs) -> dict[str, dict[str, object]]:
    return {job.name: dict(job.bound.values) for job in jobs.jobs}


def test_nearer_values_count_more(tmp_path: Path) -> None:
    paths = [playbook(tmp_path, "one", "a", "b", "c"), playbook(tmp_path, "two", "a", "b", "c")]
    files = [
        given(tmp_path, "own.yaml", "b: own\n  c: own", owner="one"),
        given(tmp_path, "all.yaml", "a: all\n  b: all\n  c: all"),
    ]

    jobs = read_jobs(paths, ["c=flag"], files)

    assert values(jobs) == {
        "one": {"a": "all", "b": "own", "c": "flag"},
        "two": {"a": "all", "b": "all", "c": "flag"},
    }


def test_value_goes_to_those_that_declare_it(tmp_path: Path) -> None:
    paths = [playbook(tmp_path, "one", "a"), playbook(tmp_path, "two", "b")]

    jobs = read_jobs(paths, ["a=x"], [])

    assert values(jobs) == {"one": {"a": "x"}, "two": {"b": "none"}}


def test_file_of_its_own_is_held_to_its_playbook(tmp_path: Path) -> None:
    paths = [playbook(tmp_path, "one", "a"), playbook(tmp_path, "two", "b")]
    file = given(tmp_path, "own.yaml", "b: x", owner="one")

    with pytest.raises(InvalidInput, match='one declares no input "b"'):
        read_jobs(paths, [], [file])


def test_file_of_a_playbook_that_is_not_planned_is_refused(tmp_path: Path) -> None:
    path = playbook(tmp_path, "one", "a")
    file = given(tmp_path, "own.yaml", "a: x", owner="ones")

    with pytest.raises(InvalidInput, match='are for the playbook "ones"') as several:
        read_jobs([path], [], [file])
    with pytest.raises(InvalidInput, match='are for the playbook "ones"'):
        bound_inputs(read_playbook(path, name="one.yaml")[0], (), file)

    assert several.value.hint == 'did you mean "one"?'


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    paths = [
        playbook(tmp_path, "one", "a", file="x/job.yaml"),
        playbook(tmp_path, "two", "a", file="y/job.yaml"),
    ]

    names = [job.name for job in read_jobs(paths, [], []).jobs]

    assert names[0].endswith("x-job")
    assert names[1].endswith("y-job")
    assert "/" not in "".join(names)
