"""Loading playbooks that call playbooks: how often files are read, and where it ends."""

from itertools import pairwise

from runner.catalogue.manifests import MANIFESTS
from runner.core.diagnostics import Diagnostic
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.documents.files import check_text, source_from_bytes
from runner.playbook.calls import DEPTH_MAX, called_name
from runner.playbook.load import Loaded, load_playbook

HEAD = "apiVersion: runner/v1\nkind: Playbook\nname: {name}\nsteps:\n"
CALL = "  - id: c{number}\n    playbook: ./{name}.yaml\n"


class _Files:
    """Keeps files in memory and counts how often each is read."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files
        self.read_names: list[str] = []

    def read(self, name: str) -> SourceFile:
        self.read_names.append(name)
        if name not in self.files:
            whole = SourceFile(name=name, text="").whole()
            raise InvalidInput(
                (Diagnostic(code="file-unreadable", summary=f"cannot read {name}", span=whole),)
            )
        return source_from_bytes(name, self.files[name].encode())


def _calls(name: str, *called: str) -> str:
    head = HEAD.format(name=name)
    return head + "".join(CALL.format(number=n, name=each) for n, each in enumerate(called))


def _loaded(root: str, files: _Files) -> Loaded:
    return load_playbook(check_text("root.yaml", root), MANIFESTS, files)


def test_each_file_is_read_and_judged_once() -> None:
    leaf = HEAD.format(name="leaf") + "  - assert: inputs.nothing\n"
    files = _Files({"leaf.yaml": leaf, "middle.yaml": _calls("middle", "leaf", "leaf")})

    loaded = _loaded(_calls("root", "leaf", "middle", "leaf"), files)

    assert sorted(files.read_names) == ["leaf.yaml", "middle.yaml"]
    assert [(d.code, d.span.file) for d in loaded.diagnostics] == [("unknown-input", "leaf.yaml")]
    assert sorted(loaded.called) == ["leaf.yaml", "middle.yaml"]


def test_playbooks_that_multiply_each_other_are_refused_at_once() -> None:
    """Seven files of twenty calls each would stand for more than a thousand million steps."""
    names = [f"p{number}" for number in range(DEPTH_MAX)]
    files = {f"{name}.yaml": _calls(name, *[after] * 20) for name, after in pairwise(names)}
    files[f"{names[-1]}.yaml"] = HEAD.format(name="last") + "  - assert: 1 < 2\n"

    loaded = _loaded(files["p1.yaml"].replace("name: p1", "name: root"), _Files(files))

    assert loaded.playbook is None
    assert {d.code for d in loaded.diagnostics} == {"call-too-deep"}


def test_file_that_cannot_be_read_is_told_at_the_call() -> None:
    (found,) = _loaded(_calls("root", "none"), _Files({})).diagnostics

    assert (found.code, str(found.span)) == ("file-unreadable", "root.yaml:6:15")


def test_text_without_a_folder_can_call_nothing() -> None:
    (found,) = load_playbook(check_text("root.yaml", _calls("root", "x")), MANIFESTS).diagnostics

    assert found.code == "call-outside"


def test_called_file_of_another_kind_is_refused() -> None:
    files = _Files({"x.yaml": "apiVersion: runner/v1\nkind: Inputs\ninputs: {a: 1}\n"})

    loaded = _loaded(_calls("root", "x"), files)

    assert {(d.code, d.span.file) for d in loaded.diagnostics} == {("wrong-version", "x.yaml")}


def test_names_are_worked_out_from_names_alone() -> None:
    assert called_name("a/b/c.yaml", "./d.yaml") == "a/b/d.yaml"
    assert called_name("a/b/c.yaml", "../x/d.yaml") == "a/x/d.yaml"
    assert called_name("c.yaml", "../d.yaml") == "../d.yaml"
    assert called_name("/r/c.yaml", "./p/d.yaml") == "/r/p/d.yaml"
