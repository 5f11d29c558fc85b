"""Files that name each other: never out of the folder, never through a link."""

from pathlib import Path

import pytest

from runner.core.errors import InvalidInput
from runner.documents.folder import Folder, FolderLeft


def _file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a: 1\n", encoding="utf-8")
    return path


def test_file_of_the_repository_is_read_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    _file(tmp_path / "repo" / "shared" / "b.yaml")
    _file(tmp_path / "repo" / "books" / "a.yaml")
    monkeypatch.chdir(tmp_path / "repo")

    source = Folder.around(Path("books/a.yaml")).read("shared/b.yaml")

    assert (source.name, source.text) == ("shared/b.yaml", "a: 1\n")


def test_without_a_repository_the_own_folder_is_the_end(tmp_path: Path) -> None:
    own = _file(tmp_path / "books" / "a.yaml")
    inside, outside = _file(tmp_path / "books" / "x" / "b.yaml"), _file(tmp_path / "c.yaml")
    folder = Folder.around(own)

    assert folder.read(str(inside)).text == "a: 1\n"
    with pytest.raises(FolderLeft, match="lies outside books"):
        folder.read(str(outside))


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_link_is_refused_even_where_it_leads_back_inside(tmp_path: Path, linked: str) -> None:
    target = _file(tmp_path / "real" / "b.yaml")
    link = tmp_path / ("b.yaml" if linked == "file" else "also")
    link.symlink_to(target if linked == "file" else target.parent)
    name = link if linked == "file" else link / "b.yaml"

    with pytest.raises(FolderLeft, match=f"leads through a link, {link.name}"):
        Folder(tmp_path).read(str(name))


@pytest.mark.parametrize("name", ["../x.yaml", "a/../../x.yaml", "/etc/hostname"])
def test_way_out_is_refused_before_anything_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(FolderLeft):
        Folder(tmp_path).read(name)


def test_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        Folder(tmp_path).read(str(tmp_path / "none.yaml"))
