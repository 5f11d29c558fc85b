"""What a plan read, kept so that the same plan can be made again without a custodian.

A recording is made of small documents that people review: one for the account it was made at and
the moment, and one for each read, named by its action and arguments. Nothing in it is a secret, and
nothing that rests on it is ever sent.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta

from runner.catalogue.manifest import Manifest
from runner.controls.directory import Directory
from runner.core.clock import Clock
from runner.core.errors import ExpressionFailed
from runner.core.ids import bytes_digest
from runner.core.jsonvalue import JsonValue, canonical_json
from runner.core.record import record
from runner.core.values import Unknown, Value, value_from_json, value_to_json
from runner.effects.draft import EffectDraft, EffectRefused
from runner.engine.ports import ReadPort
from runner.plan.dryrun import Look
from runner.plan.spelling import spelt, spelt_text

NAMED = "name"
READ = "read"


@record
class Refusal:
    """Why a read or a look was refused; ``code`` is a diagnostic's, or empty."""

    message: str
    hint: str = ""
    code: str = ""


@record
class Answer:
    """What one read showed, as JSON, or why it was refused."""

    result: JsonValue = None
    refused: Refusal | None = None


@record
class Asked:
    """One question to the custodian.

    Shapes: ``kind`` is ``read`` for the read of an action, ``name`` for the look whether an effect
        may give the name it wants to; ``arguments`` are in their one JSON form.
    """

    kind: str
    action: str
    arguments: Mapping[str, JsonValue]

    @property
    def key(self) -> str:
        """Return what tells this question from every other."""
        told = {"kind": self.kind, "action": self.action, "arguments": dict(self.arguments)}
        return canonical_json(told).decode("utf-8")

    @property
    def file_name(self) -> str:
        """Return the name its file has: the action, what its arguments say, and a digest."""
        words = "-".join(_words(each) for each in self.arguments.values())
        slug = "".join(c if c.isascii() and c.isalnum() else "_" for c in words)[:_SLUG_MAX]
        digest = bytes_digest(self.key.encode("utf-8")).removeprefix("sha256:")[:_DIGEST_SHOWN]
        named = "" if self.kind == READ else f".{self.kind}"
        return f"{self.action}{named}{f'-{slug}' if slug else ''}-{digest}.json"

    def __str__(self) -> str:
        """Say it like a step: ``wallet.assets (wallet acme/prime-01)``."""
        told = ", ".join(f"{name} {_words(value)}" for name, value in self.arguments.items())
        return f"{self.action} ({told})" if told else self.action


@record
class RecordedRead:
    """One question, when it was asked first, and the answers in their order.

    Shapes: there is at least one answer; the last one stands for all that follow.
    """

    asked: Asked
    read_at: datetime
    answers: tuple[Answer, ...]


@record
class RecordedAccount:
    """The account a recording was made at.

    Shapes: ``facts`` are texts, as plans record them; ``withheld`` names the destinations whose
        travel-rule data, which tell of persons, are not part of the recording.
    """

    profile: str
    host: str
    entity: str
    is_sandbox: bool
    facts: Mapping[str, str]
    plan_lifetime: timedelta
    directory: Directory
    withheld: frozenset[str] = frozenset()


@record
class Recording:
    """A whole recording; ``digest`` is that of its files, and ``reads`` are by their key."""

    moment: datetime
    account: RecordedAccount
    reads: Mapping[str, RecordedRead]
    digest: str


class Recorder:
    """Keeps every question of the plans made in one command, and its answers."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock that says when something was read; ``moment`` is this one."""
        self._clock = clock
        self.moment = clock.now()
        self.reads: dict[str, RecordedRead] = {}

    def listening(self, reads: ReadPort) -> ReadPort:
        """Return reads whose answers are kept."""
        return _HeardReads(reads=reads, recorder=self)

    def beside(self, look: Look) -> Look:
        """Return a look whose outcome is kept, where there is one."""

        async def looked(draft: EffectDraft) -> None:
            asked = asked_about(draft)
            try:
                await look(draft)
            except EffectRefused as refused:
                if asked is not None:
                    self.note(asked, Answer(refused=_refusal(refused)))
                raise
            if asked is not None:
                self.note(asked, Answer(result=True))

        return looked

    def note(self, asked: Asked, answer: Answer) -> None:
        """Keep an answer; one that only repeats the last says nothing new."""
        known = self.reads.get(asked.key)
        if known is None:
            self.reads[asked.key] = RecordedRead(
                asked=asked, read_at=self._clock.now(), answers=(answer,)
            )
        elif known.answers[-1] != answer:
            self.reads[asked.key] = replace(known, answers=(*known.answers, answer))


class Replay:
    """Answers from a recording; what it does not hold is unknown, and remembered.

    Shapes: ``unread`` holds the questions without an answer, each once, in the order they came;
        ``answered`` counts the others.
    """

    def __init__(self, reads: Mapping[str, RecordedRead]) -> None:
        """Take the recorded reads by key; without any, nothing is known."""
        self._reads = reads
        self._taken: Counter[str] = Counter()
        self.unread: dict[str, Asked] = {}

    @property
    def answered(self) -> int:
        """Return how many different questions were answered."""
        return len(self._taken)

    async def read(self, manifest: Manifest, arguments: Mapping[str, Value]) -> Value:
        """Answer a read.

        Errors: ``ExpressionFailed`` where the recorded read was refused.
        """
        answer = self._answer(asked_of(manifest, arguments))
        if answer is None:
            return Unknown(manifest.result)
        if answer.refused is not None:
            raise ExpressionFailed(answer.refused.message, hint=answer.refused.hint)
        return value_from_json(answer.result, manifest.result)

    async def look(self, draft: EffectDraft) -> None:
        """Answer a look.

        Errors: ``EffectRefused`` where the recorded look was refused.
        """
        asked = asked_about(draft)
        answer = None if asked is None else self._answer(asked)
        if answer is not None and answer.refused is not None:
            refused = answer.refused
            raise EffectRefused(refused.code, refused.message, hint=refused.hint)

    def _answer(self, asked: Asked) -> Answer | None:
        known = self._reads.get(asked.key)
        if known is None:
            self.unread.setdefault(asked.key, asked)
            return None
        number = min(self._taken[asked.key], len(known.answers) - 1)
        self._taken[asked.key] += 1
        return known.answers[number]


@record
class _HeardReads:
    """Real reads, and somebody who takes notes."""

    reads: ReadPort
    recorder: Recorder = field(repr=False)

    async def read(self, manifest: Manifest, arguments: Mapping[str, Value]) -> Value:
        asked = asked_of(manifest, arguments)
        try:
            value = await self.reads.read(manifest, arguments)
        except ExpressionFailed as refused:
            self.recorder.note(asked, Answer(refused=_refusal(refused)))
            raise
        self.recorder.note(asked, Answer(result=spelt(value_to_json(value))))
        return value


def asked_of(manifest: Manifest, arguments: Mapping[str, Value]) -> Asked:
    """Return the question a read asks."""
    told = {name: spelt(value_to_json(value)) for name, value in sorted(arguments.items())}
    return Asked(kind=READ, action=manifest.name, arguments=told)


def asked_about(draft: EffectDraft) -> Asked | None:
    """Return the question that is asked before an effect is planned, or None where there is none.

    Only effects that give a name are looked at: it has to be free.
    """
    name = draft.expectation.details.get("name")
    if name is None or draft.manifest.found_by.value != NAMED:
        return None
    return Asked(kind=NAMED, action=draft.manifest.name, arguments={"name": spelt(name)})


def _refusal(refused: ExpressionFailed) -> Refusal:
    code = refused.code if isinstance(refused, EffectRefused) else ""
    return Refusal(message=spelt_text(refused.message), hint=spelt_text(refused.hint), code=code)


def _words(value: JsonValue) -> str:
    return value if isinstance(value, str) else canonical_json(value).decode("utf-8")


_SLUG_MAX = 60
_DIGEST_SHOWN = 12
