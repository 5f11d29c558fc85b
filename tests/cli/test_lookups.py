"""``explain``, ``actions`` and ``schema``: what people look up."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import runner
from runner.catalogue.manifests import MANIFESTS, NAMED
from runner.core.diagnostics import CODES
from runner.documents.files import check_text
from runner.documents.resources import data_dir, schema_names, schema_text
from runner.playbook.load import load_playbook
from runner.playbook.may import moves_money
from runner.reporting.action_pages import action_facts, example_step, render_action, verb_of
from runner.reporting.terminal import Terminal


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(runner.__file__).parent.parent)},
    )


def test_explain_shows_a_code() -> None:
    done = _run("explain", "may-missing")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"error[may-missing]: {CODES['may-missing']}\n")
    assert "\nBad\n  apiVersion: runner/v1\n" in done.stdout
    assert "\nGood\n  apiVersion: runner/v1\n" in done.stdout


def test_explain_alone_lists_all_codes() -> None:
    done = _run("explain")

    assert [line.split()[0] for line in done.stdout.splitlines()] == list(CODES)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("explain", "may-mising"), 'did you mean "may-missing"?'),
        (("actions", "show", "mirror.aply"), 'did you mean "mirror.apply"?'),
        (("actions", "lst"), 'did you mean "list"?'),
        (("schema", "playbok"), 'did you mean "playbook"?'),
    ],
)
def test_misspelt_word_is_told_the_nearest(arguments: tuple[str, ...], hint: str) -> None:
    done = _run(*arguments)

    assert (done.returncode, done.stdout) == (64, "")
    assert hint in done.stderr


def test_schema_prints_what_the_files_say() -> None:
    assert _run("schema").stdout.split() == list(schema_names())
    assert _run("schema", "playbook").stdout == schema_text("playbook")


def test_every_schema_of_the_repository_can_be_printed() -> None:
    files = {path.name for path in data_dir("schemas").glob("*.json")}

    assert files == {f"{name}.schema.json" for name in schema_names()}


def test_actions_are_listed() -> None:
    done = _run("actions", "list")
    lines = [json.loads(line) for line in _run("actions", "list", "--json").stdout.splitlines()]

    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == list(MANIFESTS)
    assert lines[0] == {"type": "version", "program": "runner", "version": runner.__version__}
    assert [line["name"] for line in lines[1:-1]] == list(MANIFESTS)
    assert lines[-1] == {"type": "result", "exit": 0, "count": len(MANIFESTS)}


def test_action_is_shown_as_json() -> None:
    _, action, _ = map(
        json.loads, _run("actions", "show", "mirror.apply", "--json").stdout.split("\n")[:3]
    )

    assert action["verb"] == "effect"
    assert action["lock"] == "mirror:{link}:{coin}"
    assert action["moves"] == {
        "from": "custody:{wallet}:{network}",
        "to": "mirrored:{link}:{network}",
    }
    assert action["confirmation"]["patience_s"] == 900.0
    assert action["arguments"][1] == {
        "name": "amount",
        "type": "money",
        "required": True,
        "default": None,
        "choices": [],
        "summary": "how much of which coin, like 250000 USDT",
    }


def test_action_is_shown_as_text() -> None:
    text = render_action(NAMED["mirror.apply"], Terminal())

    assert text.startswith(
        "mirror.apply: Mirror assets of a wallet to the linked Binance account.\n"
    )
    for line in (
        "kind          effect, written effect: mirror.apply",
        "lock          mirror:{link}:{coin}",
        "confirmation  looked at every 2s to 30s, within 20m; an unknown outcome is read for 15m",
        "  network   network      required  the coin's network in the wallet",
        "      amount: 250000 USDT",
    ):
        assert line in text.splitlines()


@pytest.mark.parametrize("name", MANIFESTS)
def test_action_hides_nothing_and_its_example_validates(name: str) -> None:
    manifest = MANIFESTS[name]
    step = "".join(f"  {line}\n" for line in example_step(manifest).splitlines())
    may = ""
    if verb_of(manifest) == "effect":
        limits = "count: 1, total: 250000 USDT" if moves_money(manifest) else "count: 1"
        may = f"may:\n  {name}: {{{limits}}}\n"
        step += '    assert: result.status == "success"\n'
    text = f"apiVersion: runner/v1\nkind: Playbook\nname: example\n{may}steps:\n{step}"

    shown = render_action(manifest, Terminal())
    facts = json.dumps(action_facts(manifest))

    assert load_playbook(check_text("example.yaml", text), MANIFESTS).diagnostics == ()
    for argument in manifest.arguments:
        assert argument.name in shown
        assert f'"{argument.name}"' in facts
    for field in manifest.result.fields:
        assert field.name in shown
        assert f'"{field.name}"' in facts
    for choice in (choice for argument in manifest.arguments for choice in argument.choices):
        assert choice in shown
