from pathlib import Path

import pytest

from runner.core.files import FileRefused, write_whole


def test_new_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a"

    write_whole(path, b"x")

    assert path.read_bytes() == b"x"
    assert path.stat().st_mode & 0o777 == 0o600


def test_mode_of_the_replaced_file_is_kept_where_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o644)

    write_whole(path, b"new", keeps_mode=True)

    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("elsewhere")

    with pytest.raises(FileRefused):
        write_whole(path, b"x")

    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_failure_leaves_no_draft_behind(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "a", b"x", keeps_mode=True)

    assert list(tmp_path.iterdir()) == []
