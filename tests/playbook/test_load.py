"""Loading never raises, and says everything at once."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.catalogue.manifests import MANIFESTS
from runner.core.diagnostics import has_errors
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.documents.files import check_text, read_source
from runner.playbook.check import FINDINGS_MAX
from runner.playbook.load import Loaded, load_playbook
from tests.pages import PLAYBOOKS

REPOSITORY = Path(__file__).parents[2]
TEXTS = [
    path.read_text(encoding="utf-8")
    for path in sorted((REPOSITORY / "tests" / "playbooks" / "valid").glob("*.yaml"))
    + list(PLAYBOOKS)
]
LINES = sorted({line for text in TEXTS for line in text.split("\n") if line.strip()})
SNIPPETS = [
    "",
    "\n",
    " ",
    "  ",
    "- ",
    ": ",
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    "|",
    ">",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "---\n",
    "${{ ",
    " }}",
    "steps.",
    "inputs.",
    "1e3",
    "0.1.2",
    "NaN",
    "-5 USDT",
    "no",
    "null",
    "true",
    "[]",
    "{}",
    "0s",
    "# ",
    "\t",
]


def _is_sound(loaded: Loaded) -> bool:
    return (loaded.playbook is None) == has_errors(loaded.diagnostics)


def _checked(text: str) -> SourceFile | None:
    try:
        return check_text("drawn.yaml", text)
    except InvalidInput:
        return None


@given(st.text(max_size=400))
def test_any_text_gives_a_playbook_or_errors(text: str) -> None:
    source = _checked(text)
    if source is not None:
        assert _is_sound(load_playbook(source, MANIFESTS))


@given(st.lists(st.sampled_from(LINES), max_size=40).map("\n".join))
def test_any_lines_of_playbooks_give_a_playbook_or_errors(text: str) -> None:
    head = "apiVersion: runner/v1\nkind: Playbook\nname: drawn\n"

    assert _is_sound(load_playbook(SourceFile(name="drawn.yaml", text=head + text), MANIFESTS))


@given(st.sampled_from(TEXTS), st.data())
def test_any_damage_to_a_playbook_gives_a_playbook_or_errors(
    text: str, data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 25)))
        text = text[:start] + data.draw(st.sampled_from(SNIPPETS)) + text[end:]
    source = _checked(text)

    assert source is None or _is_sound(load_playbook(source, MANIFESTS))


@given(st.sampled_from(TEXTS), st.data())
def test_any_lost_line_gives_a_playbook_or_errors(text: str, data: st.DataObject) -> None:
    lines = text.split("\n")
    del lines[data.draw(st.integers(0, len(lines) - 1))]

    assert _is_sound(load_playbook(SourceFile(name="x.yaml", text="\n".join(lines)), MANIFESTS))


def test_unknown_step_unknown_key_and_bad_amount_are_all_shown() -> None:
    path = REPOSITORY / "playbooks" / "mirror-apply-and-settle.yaml"
    text = read_source(path).text
    text = text.replace("balance(steps.before, inputs.amount.coin)", "balance(steps.befor, 1)", 1)
    text = text.replace("    within: 20m", "    withni: 20m")
    text = text.replace("default: 250000 USDT", "default: 250,000 USDT")

    loaded = load_playbook(SourceFile(name="x.yaml", text=text), MANIFESTS)

    assert {d.code for d in loaded.diagnostics} == {"unknown-step", "unknown-key", "amount-invalid"}


@pytest.mark.parametrize(
    "line",
    [
        "      wallet: ${{ inputs.wallet",
        "    type: mony",
        "    uses: wallet.asets",
        "      held: balance(steps.before inputs.amount.coin)",
    ],
)
def test_what_could_not_be_built_brings_up_nothing_else(line: str) -> None:
    path = REPOSITORY / "playbooks" / "mirror-apply-and-settle.yaml"
    lines = read_source(path).text.split("\n")
    key = line.partition(":")[0]
    at = max(i for i, each in enumerate(lines) if each.startswith(f"{key}: "))
    lines[at] = line

    found = load_playbook(SourceFile(name="x.yaml", text="\n".join(lines)), MANIFESTS).diagnostics

    assert {d.span.line for d in found} == {at + 1}


def test_loading_a_good_playbook_imports_none_of_the_slow_libraries() -> None:
    """The budget of ``validate``; DESIGN section 10."""
    program = (
        "import sys; from pathlib import Path\n"
        "from runner.catalogue.manifests import MANIFESTS\n"
        "from runner.documents.files import read_source\n"
        "from runner.playbook.load import load_playbook\n"
        "loaded = load_playbook(read_source(Path(sys.argv[1])), MANIFESTS)\n"
        "assert loaded.playbook is not None\n"
        "slow = {'jsonschema', 'pydantic', 'httpx', 'rich', 'starlette', 'structlog', 'sqlite3'}\n"
        "print(*sorted(slow & set(sys.modules)))\n"
    )
    path = REPOSITORY / "playbooks" / "mirror-apply-and-settle.yaml"

    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_thousands_of_errors_end_the_check_early() -> None:
    step = "  - id: s{0}\n    assert: steps.t{0}.complete\n"
    text = "apiVersion: runner/v1\nkind: Playbook\nname: long\nsteps:\n" + "".join(
        step.format(number) for number in range(3_000)
    )

    found = load_playbook(SourceFile(name="x.yaml", text=text), MANIFESTS).diagnostics

    assert FINDINGS_MAX < len(found) < FINDINGS_MAX + 10
    assert {d.code for d in found} == {"unknown-step"}
