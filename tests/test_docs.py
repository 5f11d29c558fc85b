"""What README and ``docs/`` say, held against the program.

What a page repeats is generated, or compared here; command lines are parsed by the real commands.
"""

import ast
import contextlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from runner.app.environment import VARIABLES
from runner.catalogue.manifests import MANIFESTS
from runner.cli.program import VERBS, build_program
from runner.core.errors import ExitCode
from runner.documents.files import read_source
from runner.documents.folder import Folder
from runner.effects.machine import TRANSITIONS
from runner.effects.resolving import RESOLUTIONS
from runner.playbook.load import load_playbook
from runner.reporting.words import EXIT_WORDS
from tests.acceptance.workplace import Workplace
from tests.pages import CODE, FENCE, PAGES, PLAYBOOKS, README, REPOSITORY, blocks, page, rows
from tools.write_reference import main as write_reference
from tools.write_reference import written

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_OWN = re.compile(r"(?:\.venv/bin/)?runner \S")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


# generated parts


def test_pages_say_what_the_program_says() -> None:
    stale = [path.name for path in PAGES if written(path.read_text("utf-8")) != path.read_text()]

    assert stale == [], "run python tools/write_reference.py"


def test_reference_writer_notices_a_stale_page_and_mends_it(tmp_path: Path) -> None:
    stale = "<!-- begin generated: states -->\nold\n<!-- end generated -->\n"
    (tmp_path / "page.md").write_text(f"before\n{stale}after\n", encoding="utf-8")

    before = write_reference(["--check"], docs=tmp_path)
    write_reference([], docs=tmp_path)
    after = write_reference(["--check"], docs=tmp_path)

    assert (before, after) == (1, 0)
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")


def test_diagram_has_every_transition_and_no_other() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+)$", page("architecture.md"), re.MULTILINE)

    known = [
        (str(before), str(after))
        for before, afters in TRANSITIONS.items()
        for after in afters | RESOLUTIONS.get(before, frozenset())
    ]
    assert sorted(drawn) == sorted(known)


def test_every_state_is_explained() -> None:
    table = rows(page("architecture.md"), first="state")

    explained = [state for row in table for state in CODE.findall(row[0])]
    assert sorted(explained) == sorted(map(str, TRANSITIONS))


# commands


def commands(command: click.Command) -> Iterator[click.Command]:
    """Yield a command and everything below it."""
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner)


def command_lines() -> Iterator[tuple[str, str]]:
    """Yield what may be a command line of ours, with its place: pages, playbooks and help."""
    for block in blocks("sh"):
        for line in block.text.replace("\\\n", " ").splitlines():
            yield str(block), line
    for path in PAGES:
        prose = FENCE.sub("", path.read_text(encoding="utf-8"))
        for code in CODE.findall(prose):
            yield path.name, code

    for path in PLAYBOOKS:
        comments = re.findall(r"^#(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        for line in "\n".join(comments).replace("\\\n", " ").splitlines():
            yield path.name, line.strip()
    for command in commands(build_program()):
        for line in (command.help or "").splitlines():
            yield f"--help of {command.name}", line.strip()


def own_lines() -> list[tuple[str, tuple[str, ...]]]:
    """Return the arguments of every ``runner`` command that people are shown."""
    found = []
    for place, line in command_lines():
        if not _OWN.match(line):
            continue
        words = shlex.split(line, comments=True)
        ends = [i for i, word in enumerate(words) if re.fullmatch(r"[0-9]?[<>|].*", word)]
        found.append((place, tuple(words[1 : min(ends, default=len(words))])))
    return found


def parse(arguments: tuple[str, ...]) -> None:
    """Parse a command line as the program does, and run nothing."""
    command: click.Command = build_program()
    rest = list(arguments)
    context: click.Context | None = None
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        context = click.Context(command, info_name=command.name, parent=context)
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None, f"there is no command {name}"
        command = found
    # --help and --version end the parsing themselves.
    with contextlib.suppress(click.exceptions.Exit):
        command.make_context(command.name, rest, parent=context)


def test_command_lines_are_found() -> None:
    assert len(own_lines()) > 40


@pytest.mark.parametrize(("place", "arguments"), own_lines())
def test_command_line_is_one_that_the_program_takes(place: str, arguments: tuple[str, ...]) -> None:
    parse(arguments)


@pytest.mark.parametrize("command", tuple(commands(build_program())), ids=lambda c: c.name)
def test_help_shows_examples_on_lines_of_their_own(command: click.Command) -> None:
    """A raw docstring hides click's mark for such a block from click."""
    text = command.get_help(click.Context(command, info_name=command.name))

    assert "\\b" not in text
    assert isinstance(command, click.Group) or examples(text)
    assert all(line.strip().startswith("runner ") for line in examples(text))


def examples(text: str) -> list[str]:
    """Return the lines below "Example" in a help text."""
    _, _, rest = text.partition("  Example\n")
    return rest.partition("\n\n")[0].splitlines()


def test_misspelt_command_line_is_noticed() -> None:
    with pytest.raises(click.UsageError):
        parse(("plan", "FILE", "--sandbx"))


@pytest.mark.parametrize("verb", VERBS)
def test_readme_names_every_verb(verb: str) -> None:
    named = {
        word
        for row in rows(README, first="verb")
        for code in CODE.findall(row[0])
        for word in code.split()
    }

    assert verb in named


def test_readme_names_every_word_of_the_sandbox() -> None:
    group = VERBS["sandbox"].load()
    assert isinstance(group, click.Group)

    (code,) = re.findall(r"`sandbox ([a-z\\|]+)`", README)
    assert code.split("\\|") == group.list_commands(click.Context(group))


# settings


@pytest.mark.parametrize("variable", VARIABLES)
def test_setting_is_in_readme_and_in_the_page_of_controls(variable: str) -> None:
    assert f"`{variable}`" in README
    assert f"`{variable}`" in page("controls.md")


@pytest.mark.parametrize("name", ["README.md", "docs/controls.md"])
def test_no_page_names_a_variable_that_is_none(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")

    assert set(re.findall(r"CEFFU_RUNNER_[A-Z_]+[A-Z]", text)) <= set(VARIABLES)


# exit codes


def used_exit_codes() -> set[int]:
    """Return the codes this version can end with: those that a module other than words names."""
    found = set()
    for path in (REPOSITORY / "runner").rglob("*.py"):
        if path.name == "words.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "ExitCode"
            ):
                found.add(int(ExitCode[node.attr]))
    return found


@pytest.mark.parametrize("name", ["README.md", "docs/operations.md", "docs/exit-codes.md"])
def test_page_has_the_exit_codes_of_this_version(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")

    documented = {
        int(code) for row in rows(text, first="exit") for code in re.findall("[0-9]+", row[0])
    }
    assert documented == used_exit_codes()


def test_every_exit_code_used_has_words() -> None:
    assert used_exit_codes() <= {int(code) for code in EXIT_WORDS}


# README


def test_excerpt_is_made_of_lines_of_the_playbook_in_their_order() -> None:
    (excerpt,) = [b.text for b in blocks("yaml") if b.page == "README.md"]
    lines = iter((REPOSITORY / "playbooks/mirror-apply-and-settle.yaml").read_text().splitlines())

    assert [line for line in excerpt.splitlines() if line and line not in lines] == []


def steadied(text: str) -> list[str]:
    """Return lines without what differs from one run to the next."""
    text = re.sub(r"R-[0-9a-f]{16}", "RUN", text)
    text = re.sub(r"\b[0-9]{20,}", "ORDER", text)
    text = re.sub(r" +[0-9.]+s$| in [0-9.]+s$", " TIME", text, flags=re.MULTILINE)
    return [line.rstrip() for line in text.splitlines()]


def test_demo_ends_as_readme_shows_it(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    place = Workplace(folder=tmp_path / "work")
    place.home.mkdir()
    (shown,) = [b.text for b in blocks("text") if b.page == "README.md"]
    progress, mark, recap = shown.partition("recap  ")

    ended = place.run("demo").expect(0)

    assert steadied(ended.out)[-len(steadied(mark + recap)) :] == steadied(mark + recap)
    said = iter(steadied(ended.err))
    assert [line for line in steadied(progress) if line and line not in said] == []


# all pages


def anchors(path: Path) -> set[str]:
    """Return the anchors that a forge makes of a page's headings."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in _HEADING.findall(FENCE.sub("", path.read_text(encoding="utf-8")))
    }


@pytest.mark.parametrize("path", [*PAGES, REPOSITORY / "CHANGELOG.md"], ids=lambda p: p.name)
def test_relative_links_lead_somewhere(path: Path) -> None:
    broken = []
    for link in _LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_layers_of_the_page_are_those_of_the_contract() -> None:
    contract = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^layers = \[\n(.*?)^\]", contract, re.DOTALL | re.MULTILINE)
    wanted = [
        re.findall(r"[a-z]+", re.sub(r"\([a-z]+\)", "", layer))
        for layer in re.findall(r'"([^"]+)"', listed)
    ]

    told = [CODE.findall(row[0]) for row in rows(page("architecture.md"), first="room")]
    assert told == wanted


# the code


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda p: p.name)
def test_every_shipped_playbook_validates_without_a_diagnostic(path: Path) -> None:
    source = read_source(path)

    assert load_playbook(source, MANIFESTS, Folder.around(path)).diagnostics == ()


def test_nothing_prints_outside_reporting_and_the_command_line() -> None:
    printing = []
    for path in (REPOSITORY / "runner").rglob("*.py"):
        if path.relative_to(REPOSITORY / "runner").parts[0] in {"reporting", "cli"}:
            continue
        printing += [
            f"{path}:{node.lineno}"
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        ]

    assert printing == []
