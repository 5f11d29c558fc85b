"""What a plan read, as files and back, and as answers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from runner.catalogue.manifests import MANIFESTS
from runner.controls.destination import DestinationEntry
from runner.controls.directory import Directory, LinkEntry, WalletEntry
from runner.core.errors import ExpressionFailed, InvalidInput
from runner.core.money import money_from_text
from runner.core.source import SourceFile
from runner.core.values import Unknown, Value
from runner.engine.ports import ReadPort
from runner.plan.recording import (
    READ,
    Answer,
    Asked,
    RecordedAccount,
    RecordedRead,
    Recorder,
    Recording,
    Replay,
    asked_of,
)
from runner.plan.recording_files import files_of_recording, recording_from_files
from tests.hand_clock import HandClock

MOMENT = datetime(2026, 11, 22, 10, tzinfo=UTC)
STATUS = MANIFESTS["system.status"]
ARGUMENTS: Mapping[str, Value] = {"biz_type": "1", "wallet_type": "prime"}
ACCOUNT = RecordedAccount(
    profile="treasury",
    host="api.example.com",
    entity="acme",
    is_sandbox=False,
    facts={"dedupe": "unknown"},
    plan_lifetime=timedelta(hours=24),
    directory=Directory(
        entity="acme",
        coins={"USDT": 6},
        networks=frozenset({"ETH", "BSC"}),
        wallets={"acme/prime": WalletEntry(name="acme/prime", id="71", type="prime")},
        mirrorx_links={"acme/arb": LinkEntry(name="acme/arb", id="7", wallet="acme/prime")},
        destinations={
            "acme/prime": DestinationEntry(
                name="acme/prime", wallet="acme/prime", wallet_id="71", networks=("ETH",)
            ),
            "vault": DestinationEntry(name="vault", wallet_id="99", coins=("USDT",)),
        },
    ),
    withheld=frozenset({"vault"}),
)


class Scripted:
    """Reads that show one thing after the other."""

    def __init__(self, *answers: Value | ExpressionFailed) -> None:
        self._answers = list(answers)

    async def read(self, manifest: object, arguments: object) -> Value:
        del manifest, arguments
        answer = self._answers.pop(0)
        if isinstance(answer, ExpressionFailed):
            raise answer
        return answer


def sources(texts: Mapping[str, str]) -> dict[str, SourceFile]:
    return {name: SourceFile(name=f"rec/{name}", text=text) for name, text in texts.items()}


def read_back(texts: Mapping[str, str]) -> Recording:
    return recording_from_files(sources(texts), MANIFESTS)


async def recorded(reads: ReadPort, times: int) -> Recorder:
    recorder = Recorder(HandClock())
    heard = recorder.listening(reads)
    for _ in range(times):
        try:
            await heard.read(STATUS, ARGUMENTS)
        except ExpressionFailed:
            continue
    return recorder


def codes(invalid: pytest.ExceptionInfo[InvalidInput]) -> set[str]:
    return {found.code for found in invalid.value.diagnostics}


async def test_recording_is_read_back_as_it_was_made() -> None:
    hostile = 'a "quote", \\ and \x1b[31m \u202e \u2028 two\nlines größe \U0001f602 : # {'
    recorder = await recorded(Scripted({"normal": True, "message": hostile}), 1)

    texts = files_of_recording(MOMENT, ACCOUNT, recorder.reads)
    recording = read_back(texts)

    assert recording.account == ACCOUNT
    assert recording.moment == MOMENT
    assert recording.reads == recorder.reads
    assert texts == files_of_recording(recording.moment, recording.account, recording.reads)


async def test_recording_has_one_small_file_for_each_read_and_nothing_unseen_in_it() -> None:
    recorder = await recorded(Scripted({"normal": True, "message": "\u202e\U000e0041"}), 1)

    texts = files_of_recording(MOMENT, ACCOUNT, recorder.reads)

    (name,) = (each for each in texts if each.startswith("reads/"))
    assert name.startswith("reads/system.status-1_prime-")
    assert all(c == "\n" or c.isprintable() for text in texts.values() for c in text)
    assert read_back(texts).reads.keys() == recorder.reads.keys()


async def test_replay_gives_the_answers_in_their_order_and_then_the_last_again() -> None:
    up: Value = {"normal": True, "message": ""}
    down: Value = {"normal": False, "message": "busy"}
    recorder = await recorded(Scripted(up, up, down), 3)

    replay = Replay(recorder.reads)

    shown = [await replay.read(STATUS, ARGUMENTS) for _ in range(3)]
    assert shown == [up, down, down]
    assert replay.unread == {}


async def test_replay_refuses_what_was_refused() -> None:
    recorder = await recorded(Scripted(ExpressionFailed("not by network", hint="ask for all")), 1)
    reads = read_back(files_of_recording(MOMENT, ACCOUNT, recorder.reads)).reads

    with pytest.raises(ExpressionFailed, match="not by network") as failed:
        await Replay(reads).read(STATUS, ARGUMENTS)

    assert failed.value.hint == "ask for all"


async def test_read_that_is_not_recorded_is_unknown_and_remembered_once() -> None:
    replay = Replay({})

    shown = [await replay.read(STATUS, ARGUMENTS) for _ in range(2)]

    assert shown == [Unknown(STATUS.result)] * 2
    assert list(map(str, replay.unread.values())) == [
        "system.status (biz_type 1, wallet_type prime)"
    ]


def test_question_is_told_from_every_other_by_action_and_arguments_alone() -> None:
    one = asked_of(STATUS, {"b": money_from_text("1.5 USDT"), "a": "x"})
    same = asked_of(STATUS, {"a": "x", "b": money_from_text("1.50 USDT")})
    other = asked_of(STATUS, {"a": "x", "b": money_from_text("15 USDT")})

    assert one.file_name == same.file_name
    assert one.file_name != other.file_name


async def _texts() -> dict[str, str]:
    recorder = await recorded(Scripted({"normal": True, "message": "fine"}), 1)
    return files_of_recording(MOMENT, ACCOUNT, recorder.reads)


def _changed(texts: dict[str, str], name: str, old: str, new: str) -> dict[str, str]:
    assert old in texts[name]
    return {**texts, name: texts[name].replace(old, new)}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"normal": true', '"normal": "yes"', "type-mismatch"),
        ('"action": "system.status"', '"action": "system.statuses"', "unknown-action"),
        ('"wallet_type": "prime"', '"wallet_type": "cosign"', "wrong-value"),
        ('"kind": "RecordedRead"', '"kind": "Recording"', "wrong-version"),
        ('"asks"', '"asked"', "unknown-key"),
        ('"answers": [', '"answers": ', "yaml-syntax"),
    ],
)
async def test_read_that_was_damaged_is_refused_with_its_place(
    old: str, new: str, code: str
) -> None:
    texts = await _texts()
    (name,) = (each for each in texts if each.startswith("reads/"))

    with pytest.raises(InvalidInput) as invalid:
        read_back(_changed(texts, name, old, new))

    assert code in codes(invalid)
    assert {found.span.file for found in invalid.value.diagnostics} == {f"rec/{name}"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"moment": "2026-11-22', '"moment": "2026-13-22'),
        ('"plan_lifetime": "1d"', '"plan_lifetime": "99999999d"'),
        ('Z"\n  }\n}', 'Z",\n    "x.json": "2026-11-22T10:00:00.000Z"\n  }\n}'),
    ],
)
async def test_head_that_was_damaged_is_refused(old: str, new: str) -> None:
    texts = await _texts()

    with pytest.raises(InvalidInput) as invalid:
        read_back(_changed(texts, "recording.json", old, new))

    assert {found.span.file for found in invalid.value.diagnostics} == {"rec/recording.json"}


async def test_read_that_the_head_does_not_list_is_refused() -> None:
    texts = await _texts()
    (name,) = (each for each in texts if each.startswith("reads/"))

    with pytest.raises(InvalidInput, match="does not list this file"):
        read_back({**texts, "reads/other.json": texts[name]})


async def test_recording_without_its_directory_is_refused() -> None:
    texts = await _texts()
    del texts["directory.json"]

    with pytest.raises(InvalidInput, match=r"has no directory\.json"):
        read_back(texts)


def test_same_recording_is_the_same_bytes_whatever_the_order_of_its_reads() -> None:
    reads = [
        RecordedRead(
            asked=Asked(kind=READ, action="mirrorx.positions", arguments={"link": name}),
            read_at=MOMENT,
            answers=(Answer(result={"complete": True}),),
        )
        for name in ("b", "a")
    ]

    one = files_of_recording(MOMENT, ACCOUNT, {each.asked.key: each for each in reads})
    other = files_of_recording(MOMENT, ACCOUNT, {each.asked.key: each for each in reads[::-1]})

    assert list(one.items()) == list(other.items())
