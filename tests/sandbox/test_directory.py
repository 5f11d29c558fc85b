import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from runner.core.errors import InvalidInput, KeyRefused, LockHeld, SettingsInvalid
from runner.sandbox.directory import SandboxDirectory, open_sandbox
from runner.sandbox.world_file import DEFAULT_WORLD_PATH, default_world
from runner.sandbox.world_json import world_digest
from tests.sandbox.signed_caller import SteppedClock

OPENER = """
import sys
from pathlib import Path
from runner.core.clock import SystemClock
from runner.sandbox.directory import SandboxDirectory

sys.stdin.readline()
sandbox = SandboxDirectory(Path(sys.argv[1])).open("shared", clock=SystemClock())
print(sandbox.keys["reader"].api_key, sandbox.keys["operator"].pem_path.read_bytes().hex())
assert sandbox.ledger.check() == ()
"""


@pytest.fixture
def directory(tmp_path: Path) -> SandboxDirectory:
    return SandboxDirectory(tmp_path / ".runner" / "sandbox")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_sandbox_is_made_on_first_use(directory: SandboxDirectory, clock: SteppedClock) -> None:
    assert directory.names() == ()

    with closing(directory.open("default", clock=clock)) as sandbox:
        assert sandbox.name == "default"
        assert sandbox.world == default_world()
        assert sandbox.host == f"sandbox:default/{world_digest(default_world())}"
        assert set(sandbox.keys) == {"reader", "operator"}
        assert sandbox.keys["operator"].permissions == default_world().keys[1].permissions
    assert directory.names() == ("default",)


def test_nothing_of_it_is_open_to_others(directory: SandboxDirectory, clock: SteppedClock) -> None:
    previous = os.umask(0)
    try:
        with closing(directory.open("default", clock=clock)) as sandbox:
            folder = sandbox.folder
            assert mode(folder) == mode(folder / "keys") == 0o700
            files = [*folder.glob("ledger.sqlite*"), *(folder / "keys").iterdir()]
            assert len(files) == 9
            assert {path.name: mode(path) for path in files} == {p.name: 0o600 for p in files}
    finally:
        os.umask(previous)


def test_private_key_is_pkcs8_and_in_no_other_file(
    directory: SandboxDirectory, clock: SteppedClock
) -> None:
    with closing(directory.open("default", clock=clock)) as sandbox:
        pem = sandbox.keys["reader"].pem_path.read_text()
        secret_line = pem.splitlines()[5]
        files = [path for path in sandbox.folder.rglob("*") if path.is_file()]

        assert pem.startswith("-----BEGIN PRIVATE KEY-----\n")
        assert [p.name for p in files if secret_line.encode() in p.read_bytes()] == ["reader.pem"]


def test_second_use_finds_the_same_sandbox(
    directory: SandboxDirectory, clock: SteppedClock
) -> None:
    with closing(directory.open("default", clock=clock)) as first:
        pass
    with closing(directory.open("default", clock=clock)) as second:
        assert second.keys == first.keys
        assert second.digest == first.digest


def test_two_processes_that_start_at_once_share_one_sandbox(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPENER, str(tmp_path / "sandboxes")]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]

    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda process: process.communicate("go\n")[0], processes))

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert answers[0]
    assert len(set(answers)) == 1


def test_making_that_was_killed_is_finished(tmp_path: Path, clock: SteppedClock) -> None:
    folder = tmp_path / "half"
    (folder / "keys").mkdir(parents=True)
    (folder / "keys" / "reader.public.pem").write_text("left behind")
    (folder / "keys" / "reader.pem.new").write_text("left behind")
    (folder / "ledger.sqlite.new").write_text("left behind")

    with closing(open_sandbox(folder, default_world(), clock)) as sandbox:
        assert sandbox.ledger.check() == ()
        assert not list(folder.rglob("*.new"))


def test_world_of_ones_own_is_kept(
    directory: SandboxDirectory, clock: SteppedClock, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(DEFAULT_WORLD_PATH.read_text().replace("name: default", "name: mine"))

    with closing(directory.open("one", clock=clock, world_path=mine)) as sandbox:
        assert sandbox.world.name == "mine"
    mine_again = directory.open("one", clock=clock, world_path=mine)
    mine_again.close()

    with pytest.raises(SettingsInvalid, match="another world"):
        directory.open("one", clock=clock, world_path=DEFAULT_WORLD_PATH)
    assert (directory.folder("one") / "world.yaml").read_bytes() == mine.read_bytes()


def test_world_that_cannot_be_used_makes_nothing(
    directory: SandboxDirectory, clock: SteppedClock, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("kind: World\n")

    with pytest.raises(InvalidInput):
        directory.open("one", clock=clock, world_path=bad)
    with pytest.raises(InvalidInput):
        directory.open("one", clock=clock, world_path=tmp_path / "none.yaml")

    assert not directory.folder("one").exists()


def test_world_changed_under_its_ledger_is_refused(
    directory: SandboxDirectory, clock: SteppedClock
) -> None:
    directory.open("one", clock=clock).close()
    kept = directory.folder("one") / "world.yaml"
    kept.write_text(kept.read_text().replace("1000000", "9000000"))

    with pytest.raises(SettingsInvalid, match="another world"):
        directory.open("one", clock=clock)
    directory.reset("one")
    directory.open("one", clock=clock).close()


@pytest.mark.parametrize("name", ["", "../up", "A", "a/b", "-a", "a" * 41, "a.b"])
def test_name_that_is_no_plain_word_is_refused(directory: SandboxDirectory, name: str) -> None:
    with pytest.raises(SettingsInvalid, match="cannot name a sandbox"):
        directory.folder(name)


def test_reset_forgets_all_but_the_world(directory: SandboxDirectory, clock: SteppedClock) -> None:
    with closing(directory.open("one", clock=clock)) as before:
        (before.folder / "state.sqlite").write_text("a journal")
        with before.ledger.transaction() as books:
            assert books.requests() == ()

    directory.reset("one")

    assert [path.name for path in directory.folder("one").iterdir()] == ["world.yaml"]
    with closing(directory.open("one", clock=clock)) as after:
        assert after.world == before.world
        assert after.keys["reader"].api_key != before.keys["reader"].api_key
        assert after.ledger.requests() == ()


def test_reset_takes_another_world(
    directory: SandboxDirectory, clock: SteppedClock, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(DEFAULT_WORLD_PATH.read_text().replace("name: default", "name: mine"))
    directory.open("one", clock=clock).close()

    directory.reset("one", world_path=mine)

    with closing(directory.open("one", clock=clock)) as sandbox:
        assert sandbox.world.name == "mine"


def test_reset_of_an_open_sandbox_is_refused(
    directory: SandboxDirectory, clock: SteppedClock
) -> None:
    with closing(directory.open("one", clock=clock)) as sandbox:
        with pytest.raises(LockHeld, match="is open in another process"):
            directory.reset("one")
        assert sandbox.ledger.check() == ()
    directory.reset("one")


def test_reset_of_a_sandbox_that_never_was_makes_it_ready(
    directory: SandboxDirectory, clock: SteppedClock
) -> None:
    directory.reset("one")

    with closing(directory.open("one", clock=clock)) as sandbox:
        assert sandbox.world == default_world()


def test_public_key_of_another_kind_is_refused(
    directory: SandboxDirectory, clock: SteppedClock
) -> None:
    directory.open("one", clock=clock).close()
    path = directory.folder("one") / "keys" / "reader.public.pem"
    command = ["openssl", "genpkey", "-algorithm", "ed25519"]
    private = subprocess.run(command, check=True, capture_output=True).stdout
    command = ["openssl", "pkey", "-pubout"]
    path.write_bytes(subprocess.run(command, check=True, capture_output=True, input=private).stdout)

    with pytest.raises(KeyRefused, match="not an RSA key"):
        directory.open("one", clock=clock)


@pytest.mark.parametrize("file", ["reader.public.pem", "reader.api-key"])
def test_keys_that_are_gone_are_refused_in_words(
    directory: SandboxDirectory, clock: SteppedClock, file: str
) -> None:
    directory.open("one", clock=clock).close()
    (directory.folder("one") / "keys" / file).unlink()

    with pytest.raises(KeyRefused, match=file):
        directory.open("one", clock=clock)
    # Nothing was left open behind the refusal.
    directory.reset("one")


def test_reset_with_a_world_that_is_not_there_forgets_nothing(tmp_path: Path) -> None:
    directory = SandboxDirectory(tmp_path)
    directory.open("kept", clock=SteppedClock()).close()

    with pytest.raises(InvalidInput, match=r"missing\.yaml"):
        directory.reset("kept", world_path=tmp_path / "missing.yaml")

    assert directory.names() == ("kept",)
