"""Playbooks that call playbooks: what is seen on either side, and under which paths."""

from collections.abc import Mapping
from decimal import Decimal

from runner.catalogue.manifests import MANIFESTS
from runner.core.money import Money
from runner.core.values import Value
from runner.documents.files import check_text
from runner.engine.verdict import Cause
from runner.playbook.calls import StoredFiles
from runner.playbook.load import load_playbook
from runner.playbook.model import Playbook
from tests.engine.engine_fakes import FakeEffects, FakeReads, Stage, positions

ROOT = """\
apiVersion: runner/v1
kind: Playbook
name: root
inputs:
  amounts: {type: list<money>}
once: x
may:
  mirror.apply: {count: 9, total: [100 USDT, 100 BTC]}
steps:
  - id: eod
    foreach: amount in inputs.amounts
    key: amount.coin
    playbook: ./parts/trim.yaml
    with:
      amount: ${{ amount }}
    assert: result.sent == amount
  - assert: steps.eod["USDT"].sent == money("5 USDT")
"""
TRIM = """\
apiVersion: runner/v1
kind: Playbook
name: trim
inputs:
  amount: {type: money, max: 9 USDT}
  link: {type: mirror_link, default: prime}
once: ignored
may:
  mirror.apply: {count: 1, total: 10 USDT}
steps:
  - id: before
    uses: mirror.positions
    with: {link: "${{ inputs.link }}"}
  - id: apply
    effect: mirror.apply
    with:
      link: ${{ inputs.link }}
      amount: ${{ inputs.amount }}
      network: ETH
outputs:
  sent:
    type: money
    value: ${{ steps.apply.amount }}
"""
USDT = Money(Decimal(5), "USDT")


def _playbook(files: Mapping[str, str]) -> Playbook:
    stored = {name: text.encode() for name, text in files.items()}
    name = next(iter(files))
    loaded = load_playbook(check_text(name, files[name]), MANIFESTS, StoredFiles(stored))
    assert loaded.playbook is not None, [d.summary for d in loaded.diagnostics]
    return loaded.playbook


def _stage(*amounts: Value, trim: str = TRIM) -> Stage:
    return Stage(
        playbook=_playbook({"a/root.yaml": ROOT, "a/parts/trim.yaml": trim}),
        reads=FakeReads({"mirror.positions": [positions("100")]}),
        effects=FakeEffects(),
        inputs={"amounts": amounts},
    )


async def test_called_steps_have_the_path_of_the_call_before_their_own() -> None:
    stage = _stage(USDT)

    end = await stage.walk()

    assert end.cause is Cause.DONE
    assert stage.states() == [
        "eod[USDT]/before done",
        "eod[USDT]/apply done",
        "eod[USDT] done",
        "eod done",
        "[2] done",
    ]
    assert stage.effects.calls == [("eod[USDT]", ("mirror.apply",))]


async def test_bounds_of_a_called_input_hold_in_the_run() -> None:
    stage = _stage(Money(Decimal(10), "USDT"))

    end = await stage.walk()

    assert (end.cause, end.path) == (Cause.ENDED, "eod[USDT]")
    assert "amount: 10 USDT is above max, which is 9 USDT" in end.message
    assert stage.reads.calls == []


async def test_files_of_a_playbook_are_all_it_is_made_from_each_once() -> None:
    playbook = _stage(USDT).playbook

    assert [source.name for source in playbook.sources()] == ["a/root.yaml", "a/parts/trim.yaml"]


async def test_file_called_twice_is_one_playbook() -> None:
    root = ROOT.replace(
        "  - assert: steps",
        "  - id: again\n    playbook: ../a/./parts/trim.yaml\n    with: {amount: 1 USDT}\n"
        "  - assert: steps",
    )
    playbook = _playbook({"a/root.yaml": root, "a/parts/trim.yaml": TRIM})

    assert [source.name for source in playbook.sources()] == ["a/root.yaml", "a/parts/trim.yaml"]


async def test_locals_and_steps_of_the_caller_are_not_seen() -> None:
    trim = TRIM.replace("steps:\n", "steps:\n  - assert: amount.coin == 'USDT'\n")
    files = {"a/root.yaml": ROOT, "a/parts/trim.yaml": trim}
    stored = {name: text.encode() for name, text in files.items()}

    loaded = load_playbook(check_text("a/root.yaml", ROOT), MANIFESTS, StoredFiles(stored))

    assert [(d.code, d.span.file) for d in loaded.diagnostics] == [
        ("unknown-name", "a/parts/trim.yaml")
    ]
