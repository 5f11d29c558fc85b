"""What a pull request changes gains nothing: real repositories, real commits, real refs."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.controls.load import load_controls
from runner.controls.place import (
    ControlsPlace,
    fetch_at_revision,
    place_from_text,
    protection_problem,
)
from runner.core.errors import InvalidInput, SettingsInvalid

DIRECTORY = """\
apiVersion: runner/v1
kind: Directory
entity: acme
coins: {USDT: 6}
"""
PROFILES = """\
apiVersion: runner/v1
kind: Profiles
profiles:
  live:
    kind: custodian
    url: https://open-api.ceffu.com
    entity: acme
    production: true
    facts: {confirms: [mirror.asset.apply]}
"""
POLICY = """\
apiVersion: runner/v1
kind: Policy
rules:
  - {name: nothing, reason: Reviewed., verdict: deny}
"""
EVIL = POLICY.replace("deny", "allow").replace("Reviewed", "Not reviewed")


class Repository:
    """A git repository of playbooks with its controls, as an operator has one checked out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            env={
                "PATH": os.environ["PATH"],
                "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_AUTHOR_NAME": "a",
                "GIT_AUTHOR_EMAIL": "a@example.com",
                "GIT_COMMITTER_NAME": "a",
                "GIT_COMMITTER_EMAIL": "a@example.com",
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=change")
        return self.git("rev-parse", "HEAD")

    def place(self, revision: str, path: str = "controls") -> ControlsPlace:
        return ControlsPlace(path=self.folder / path, revision=revision)

    def policy_at(self, revision: str, path: str = "controls") -> str:
        return (
            fetch_at_revision(self.place(revision, path), ["policy.yaml"])
            .files["policy.yaml"]
            .decode()
        )

    def refused(self, revision: str, path: str = "controls") -> str:
        with pytest.raises(SettingsInvalid) as caught:
            fetch_at_revision(self.place(revision, path), ["policy.yaml"])
        return caught.value.message


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return a repository whose protected branch is ``origin/main``, with a pull request on top."""
    repository = Repository(tmp_path / "repository")
    for name, text in (("directory", DIRECTORY), ("profiles", PROFILES), ("policy", POLICY)):
        repository.write(f"controls/{name}.yaml", text)
    reviewed = repository.commit()
    repository.git("update-ref", "refs/remotes/origin/main", reviewed)
    repository.git("switch", "--quiet", "--create", "pull-request")
    return repository


@pytest.fixture(autouse=True)
def no_git_of_ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a variable of git in our environment point elsewhere; it must not matter."""
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    yield
    monkeypatch.undo()


# what is read


def test_committed_change_of_a_pull_request_gains_nothing(repository: Repository) -> None:
    repository.write("controls/policy.yaml", EVIL)
    repository.commit()

    assert repository.policy_at("origin/main") == POLICY


def test_working_tree_is_not_looked_at(repository: Repository) -> None:
    repository.write("controls/policy.yaml", EVIL)

    assert repository.policy_at("origin/main") == POLICY


def test_folder_that_a_pull_request_removed_is_read_all_the_same(repository: Repository) -> None:
    repository.git("rm", "-r", "--quiet", "controls")
    repository.commit()

    assert repository.policy_at("origin/main") == POLICY


def test_link_that_a_pull_request_put_in_place_is_not_followed(
    repository: Repository, tmp_path: Path
) -> None:
    evil = Repository(tmp_path / "evil")
    evil.write("controls/policy.yaml", EVIL)
    evil.git("update-ref", "refs/remotes/origin/main", evil.commit())
    repository.git("rm", "-r", "--quiet", "controls")
    (repository.folder / "controls").symlink_to(evil.folder / "controls")
    repository.commit()

    assert repository.policy_at("origin/main") == POLICY


def test_submodule_that_a_pull_request_put_in_place_is_refused(
    repository: Repository, tmp_path: Path
) -> None:
    evil = Repository(tmp_path / "evil")
    evil.write("policy.yaml", EVIL)
    evil.commit()
    repository.git("rm", "-r", "--quiet", "controls")
    repository.git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(evil.folder),
        "controls",
    )
    repository.commit()

    assert "is in a submodule" in repository.refused("origin/main")


def test_folder_that_looks_like_a_bare_repository_is_not_one(
    repository: Repository, tmp_path: Path
) -> None:
    evil = Repository(tmp_path / "evil")
    evil.write("policy.yaml", EVIL)
    evil.commit()
    repository.git("rm", "-r", "--quiet", "controls")
    subprocess.run(
        [
            "git",
            "clone",
            "--quiet",
            "--bare",
            str(evil.folder),
            str(repository.folder / "controls"),
        ],
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null"},
        check=True,
    )

    assert repository.refused("main")


def test_replaced_object_is_not_read(repository: Repository) -> None:
    repository.write("controls/policy.yaml", EVIL)
    evil = repository.commit()
    repository.git("replace", repository.git("rev-parse", "origin/main"), evil)

    assert repository.policy_at("origin/main") == POLICY


def test_link_in_place_of_a_file_is_refused(repository: Repository) -> None:
    (repository.folder / "controls/policy.yaml").unlink()
    (repository.folder / "controls/policy.yaml").symlink_to("../elsewhere")
    commit = repository.commit()

    assert repository.refused(commit) == f"controls: policy.yaml at {commit} is no regular file"


def test_folder_may_be_the_root(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "controls")
    repository.write("policy.yaml", POLICY)
    repository.commit()

    assert repository.policy_at("main", path=".") == POLICY


# revisions


def test_full_commit_ids_branches_and_tags_are_revisions(repository: Repository) -> None:
    reviewed = repository.git("rev-parse", "origin/main")
    repository.git("tag", "--annotate", "v1", "--message=v1")

    for revision in (reviewed, "main", "origin/main", "refs/remotes/origin/main", "v1"):
        fetched = fetch_at_revision(repository.place(revision), ["policy.yaml"])
        assert fetched.commit == reviewed, revision


@pytest.mark.parametrize(
    "revision",
    ["HEAD", "main~1", "main^{/x}", "@{u}", "main@{1}", ":controls", "-v", "--all", "main..main"],
)
def test_expressions_are_no_revisions(repository: Repository, revision: str) -> None:
    assert repository.refused(revision) == (
        f"controls: {revision} is no revision that is protected"
    )


@pytest.mark.parametrize("revision", ["nowhere", "f" * 40, "origin/mian"])
def test_revision_that_is_not_there_is_refused(repository: Repository, revision: str) -> None:
    assert repository.refused(revision) == (
        f"controls: {revision} is no revision of {repository.folder}"
    )


def test_short_commit_ids_are_refused(repository: Repository) -> None:
    short = repository.git("rev-parse", "--short", "origin/main")

    assert "is no revision of" in repository.refused(short)


def test_tag_called_like_the_protected_branch_is_refused(repository: Repository) -> None:
    """Git itself would prefer the tag, which whoever may push tags can make."""
    repository.write("controls/policy.yaml", EVIL)
    evil = repository.commit()
    repository.git("tag", "origin/main", evil)

    assert repository.refused("origin/main") == (
        "controls: origin/main is more than one ref:"
        " refs/tags/origin/main, refs/remotes/origin/main"
    )
    assert repository.policy_at("refs/remotes/origin/main") == POLICY


def test_folder_that_is_not_there_at_the_revision_is_refused(repository: Repository) -> None:
    assert "there is no folder ctrl at main" in repository.refused("main", path="ctrl")


def test_folder_outside_of_a_repository_has_no_revision(tmp_path: Path) -> None:
    place = ControlsPlace(path=tmp_path / "controls", revision="main")

    with pytest.raises(SettingsInvalid, match="is in no git repository"):
        fetch_at_revision(place, ["policy.yaml"])


# how places are written


def test_what_follows_the_last_at_is_a_revision(tmp_path: Path) -> None:
    """Else a folder of that name, which a pull request can make, would stand in for it."""
    (tmp_path / "controls@main").mkdir()

    assert place_from_text("controls@main", folder=tmp_path) == ControlsPlace(
        path=tmp_path / "controls", revision="main"
    )
    assert place_from_text("me@acme/controls@v1", folder=tmp_path) == ControlsPlace(
        path=tmp_path / "me@acme/controls", revision="v1"
    )
    assert place_from_text("/etc/controls", folder=tmp_path) == ControlsPlace(
        path=Path("/etc/controls")
    )


@pytest.mark.parametrize("text", ["@main", "controls@", "@"])
def test_half_a_place_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsInvalid, match="one of the two is empty"):
        place_from_text(text, folder=tmp_path)


# protection


def test_controls_at_a_revision_are_protected(repository: Repository) -> None:
    controls = load_controls(repository.place("origin/main"), worktrees=[repository.folder])

    assert controls.unprotected == ""
    assert controls.commit == repository.git("rev-parse", "origin/main")
    assert controls.profile("live").production
    assert controls.policy is not None
    assert controls.policy.rules[0].place == "policy.yaml:4"


def test_production_refuses_controls_of_the_working_tree(repository: Repository) -> None:
    somebody = repository.folder.stat().st_uid + 1
    controls = load_controls(
        repository.folder / "controls", worktrees=[repository.folder], uid=somebody
    )

    with pytest.raises(SettingsInvalid) as caught:
        controls.profile("live")

    assert caught.value.message == (
        f'profile "live" is production, and its controls are not protected:'
        f" {repository.folder}/controls is in the working tree of the playbook,"
        f" {repository.folder}"
    )


def test_link_to_the_working_tree_is_in_it(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(repository.folder / "controls")
    controls = load_controls(
        tmp_path / "elsewhere",
        worktrees=[repository.folder],
        uid=repository.folder.stat().st_uid + 1,
    )

    assert "is in the working tree" in controls.unprotected


def test_folder_of_another_user_is_protected(repository: Repository) -> None:
    controls = load_controls(
        repository.folder / "controls", uid=repository.folder.stat().st_uid + 1
    )

    assert controls.unprotected == ""
    assert controls.profile("live").production


def test_folder_of_our_own_is_not_protected(repository: Repository) -> None:
    uid = repository.folder.stat().st_uid or 1
    folder = repository.folder / "controls"
    os.chown(folder, uid, -1)

    assert protection_problem(folder, [], uid=uid, worktrees=[]) == (
        f"{folder} belongs to the user this process runs as"
    )


@pytest.mark.parametrize("part", ["controls/policy.yaml", "controls", "."])
def test_what_others_may_write_is_not_protected(repository: Repository, part: str) -> None:
    folder = repository.folder / "controls"
    (repository.folder / part).chmod(0o777)

    problem = protection_problem(
        folder, ["policy.yaml"], uid=folder.stat().st_uid + 1, worktrees=[]
    )

    shown = (repository.folder / part).resolve()
    assert problem == f"{shown} can be written by more than its owner (mode 0777)"


def test_link_in_place_of_a_file_is_not_protected(repository: Repository) -> None:
    folder = repository.folder / "controls"
    (folder / "policy.yaml").rename(folder / "other.yaml")
    (folder / "policy.yaml").symlink_to("other.yaml")

    problem = protection_problem(
        folder, ["policy.yaml"], uid=folder.stat().st_uid + 1, worktrees=[]
    )

    assert problem == f"{folder}/policy.yaml is a symbolic link"


def test_root_can_write_everything(repository: Repository) -> None:
    problem = protection_problem(repository.folder / "controls", [], uid=0, worktrees=[])

    assert problem == f"this process runs as root, which can write {repository.folder}/controls"


def test_relative_paths_are_refused_at_a_revision(repository: Repository) -> None:
    """A key, a certificate or a journal of the working tree is not what was reviewed."""
    repository.write(
        "controls/profiles.yaml",
        PROFILES + "    state: state.sqlite\n    ca: /etc/ca.pem\n    read_key:\n"
        "      api_key: {file: key.txt}\n      key: {env: KEY}\n",
    )
    commit = repository.commit()

    with pytest.raises(InvalidInput) as caught:
        load_controls(repository.place(commit))

    assert [(d.span.line, d.span.file, d.quotable) for d in caught.value.diagnostics] == [
        (13, f"{repository.folder}/controls@{commit}/profiles.yaml", False),
        (10, f"{repository.folder}/controls@{commit}/profiles.yaml", False),
    ]


def test_missing_file_at_a_revision_is_named(repository: Repository) -> None:
    (repository.folder / "controls/directory.yaml").unlink()
    commit = repository.commit()

    with pytest.raises(InvalidInput) as caught:
        load_controls(repository.place(commit))

    assert caught.value.diagnostics[0].code == "file-unreadable"
