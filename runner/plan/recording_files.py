"""A recording as files, and back: the same recording is always the same bytes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeAlias

from runner.catalogue.manifest import Manifest
from runner.controls.directory import Directory, directory_from_document
from runner.controls.reading import Findings, entries_of, mapping_of, scalar_of, scalars_of, text_of
from runner.core.clock import moment_from_text, timestamp_text
from runner.core.diagnostics import CODES, did_you_mean, sorted_diagnostics
from runner.core.errors import InvalidInput
from runner.core.ids import bytes_digest
from runner.core.jsonvalue import JsonValue, canonical_json
from runner.core.source import SourceFile
from runner.core.values import duration_from_text, duration_text, value_from_json
from runner.documents.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from runner.documents.schema import check_schema
from runner.documents.yaml import read_yaml
from runner.plan.recording import (
    READ,
    Answer,
    Asked,
    RecordedAccount,
    RecordedRead,
    Recording,
    Refusal,
)
from runner.plan.spelling import reviewable_json

HEAD: Final = "recording.json"
DIRECTORY: Final = "directory.json"
READS: Final = "reads/"
"""Where the file of each read stands."""

Sources: TypeAlias = Mapping[str, SourceFile]
"""The files of a recording, by their names in its folder."""

_VERSION: Final = "runner/v1"
_DIRECTORY_HEAD: Final = {"apiVersion": _VERSION, "kind": "Directory"}


def files_of_recording(
    moment: datetime, account: RecordedAccount, reads: Mapping[str, RecordedRead]
) -> dict[str, str]:
    """Return the text of every file of a recording, by its name in the folder.

    Shapes: JSON with sorted keys and an indent, and a final line break.
    """
    known = {f"{READS}{each.asked.file_name}": each for each in reads.values()}
    head: JsonValue = {
        "apiVersion": _VERSION,
        "kind": "Recording",
        "moment": timestamp_text(moment),
        "account": {
            "profile": account.profile,
            "host": account.host,
            "entity": account.entity,
            "sandbox": account.is_sandbox,
            "plan_lifetime": duration_text(account.plan_lifetime),
            "facts": dict(account.facts),
            "withheld": sorted(account.withheld),
        },
        "reads": {
            name.removeprefix(READS): timestamp_text(each.read_at) for name, each in known.items()
        },
    }
    texts: dict[str, JsonValue] = {HEAD: head, DIRECTORY: _directory_json(account.directory)}
    texts |= {name: _read_json(each) for name, each in known.items()}
    return {name: reviewable_json(value) for name, value in sorted(texts.items())}


def recording_from_files(sources: Sources, manifests: Mapping[str, Manifest]) -> Recording:
    """Read a recording's files.

    Errors: ``InvalidInput`` with everything that is wrong with any of them.
    """
    findings = Findings()
    documents = {name: _document(name, source, findings) for name, source in sources.items()}
    head = documents.get(HEAD)
    if head is None or findings.found:
        raise InvalidInput(sorted_diagnostics(findings.found))
    directory = _directory(documents[DIRECTORY], findings) if DIRECTORY in documents else None
    if directory is None and not findings.found:
        words, hint = f"the recording has no {DIRECTORY}", "record it anew"
        findings.add("missing-key", words, head.span, hint=hint)
    reads = _reads(head, documents, manifests, findings)
    moment = findings.converted(scalar_of(head, "moment"), moment_from_text)
    account = None if directory is None else _account(head, directory, findings)
    if findings.found or moment is None or account is None:
        raise InvalidInput(sorted_diagnostics(findings.found))
    texts = {name: source.text for name, source in sources.items()}
    return Recording(
        moment=moment,
        account=account,
        reads=reads,
        digest=bytes_digest(canonical_json(texts)),
    )


def _document(name: str, source: SourceFile, findings: Findings) -> MappingNode | None:
    schema = {HEAD: "recording", DIRECTORY: "directory"}.get(name, "recorded-read")
    try:
        document = read_yaml(source)
    except InvalidInput as invalid:
        findings.found += invalid.diagnostics
        return None
    found = check_schema(document, schema)
    findings.found += found
    return None if found else mapping_of(document)


def _directory(node: Node | None, findings: Findings) -> Directory | None:
    if node is None:
        return None
    try:
        return directory_from_document(node)
    except InvalidInput as invalid:
        findings.found += invalid.diagnostics
        return None


def _account(head: MappingNode, directory: Directory, findings: Findings) -> RecordedAccount | None:
    account = mapping_of(head.get("account"))
    sandbox = scalar_of(account, "sandbox")
    facts = ((entry.key.text, entry.value) for entry in entries_of(account, "facts"))
    lifetime = findings.converted(scalar_of(account, "plan_lifetime"), duration_from_text)
    if lifetime is None:
        return None
    return RecordedAccount(
        profile=text_of(account, "profile"),
        host=text_of(account, "host"),
        entity=text_of(account, "entity"),
        is_sandbox=sandbox is not None and sandbox.value is True,
        plan_lifetime=lifetime,
        facts={name: value.text for name, value in facts if isinstance(value, ScalarNode)},
        directory=directory,
        withheld=frozenset(item.text for item in scalars_of(account, "withheld")),
    )


def _reads(
    head: MappingNode,
    documents: Mapping[str, MappingNode | None],
    manifests: Mapping[str, Manifest],
    findings: Findings,
) -> dict[str, RecordedRead]:
    listed = {f"{READS}{entry.key.text}": entry for entry in entries_of(head, "reads")}
    for name, entry in listed.items():
        if name not in documents:
            summary = f"{HEAD} lists {entry.key.text}, which is not in {READS}"
            findings.add("file-unreadable", summary, entry.key.span, hint=_AGAIN)
    reads: dict[str, RecordedRead] = {}
    for name, document in documents.items():
        if name in {HEAD, DIRECTORY} or document is None:
            continue
        if name not in listed:
            summary = f"{HEAD} does not list this file"
            findings.add("unknown-key", summary, document.span, hint=f"{_AGAIN}, or remove it")
            continue
        read = _read(document, listed[name], manifests, findings)
        if read is not None:
            reads[read.asked.key] = read
    return reads


def _read(
    document: MappingNode, listed: Entry, manifests: Mapping[str, Manifest], findings: Findings
) -> RecordedRead | None:
    action = scalar_of(document, "action")
    assert action is not None, "the schema promised an action"
    manifest = manifests.get(action.text)
    if manifest is None:
        hint = did_you_mean(action.text, manifests)
        findings.add(
            "unknown-action", f'no action is called "{action.text}"', action.span, hint=hint
        )
        return None
    asked = Asked(
        kind=text_of(document, "asks"),
        action=action.text,
        arguments={
            entry.key.text: _json(entry.value) for entry in entries_of(document, "arguments")
        },
    )
    if asked.file_name != listed.key.text:
        summary = f"by what it asks, this file is {asked.file_name}"
        findings.add("wrong-value", summary, action.span, hint="rename it, here and in its list")
        return None
    answers = document.get("answers")
    assert isinstance(answers, SequenceNode), "the schema promised answers"
    found = [_answer(mapping_of(each), asked, manifest, findings) for each in answers.items]
    assert isinstance(listed.value, ScalarNode), "the schema promised a moment"
    read_at = findings.converted(listed.value, moment_from_text)
    if read_at is None:
        return None
    return RecordedRead(asked=asked, read_at=read_at, answers=tuple(found))


def _answer(node: MappingNode, asked: Asked, manifest: Manifest, findings: Findings) -> Answer:
    refused = node.get("refused")
    if refused is not None:
        body = mapping_of(refused)
        code = scalar_of(body, "code")
        if code is not None and code.text not in CODES:
            findings.add("wrong-value", f'no diagnostic has the code "{code.text}"', code.span)
        return Answer(
            refused=Refusal(
                message=text_of(body, "message"),
                hint=text_of(body, "hint"),
                code=text_of(body, "code"),
            )
        )
    result = node.get("result")
    assert result is not None, "the schema promised one of the two"
    told = _json(result)
    if asked.kind == READ:
        try:
            value_from_json(told, manifest.result)
        except ValueError as error:
            summary = f"this is no result of {asked.action}: {error}"
            findings.add(
                "type-mismatch", summary, result.span, hint=f"runner actions show {asked.action}"
            )
    return Answer(result=told)


def _json(node: Node) -> JsonValue:
    # Every scalar but a boolean is a text here: what looks like a number is none of ours.
    if isinstance(node, ScalarNode):
        return node.value if isinstance(node.value, bool) else node.text
    if isinstance(node, SequenceNode):
        return [_json(item) for item in node.items]
    return {entry.key.text: _json(entry.value) for entry in node.entries}


def _read_json(read: RecordedRead) -> JsonValue:
    return {
        "apiVersion": _VERSION,
        "kind": "RecordedRead",
        "action": read.asked.action,
        "asks": read.asked.kind,
        "arguments": dict(read.asked.arguments),
        "answers": [_answer_json(each) for each in read.answers],
    }


def _answer_json(answer: Answer) -> JsonValue:
    refused = answer.refused
    if refused is None:
        return {"result": answer.result}
    more = {"hint": refused.hint, "code": refused.code}
    return {
        "refused": {
            "message": refused.message,
            **{name: text for name, text in more.items() if text},
        }
    }


def _directory_json(directory: Directory) -> JsonValue:
    entries: dict[str, JsonValue] = {
        "entity": directory.entity,
        "coins": dict(directory.coins),
        "networks": sorted(directory.networks),
        "wallets": {name: _entry(directory, "wallet", name) for name in directory.wallets},
        "mirror_links": {n: _entry(directory, "mirror_link", n) for n in directory.mirror_links},
        "mirrorx_links": {n: _entry(directory, "mirrorx_link", n) for n in directory.mirrorx_links},
        "destinations": {name: _destination(directory, name) for name in directory.destinations},
    }
    return {**_DIRECTORY_HEAD, **entries}


def _entry(directory: Directory, kind: str, name: str) -> JsonValue:
    texts = directory.entry_texts(kind, name) or {}
    return {key: text for key, text in texts.items() if text}


def _destination(directory: Directory, name: str) -> JsonValue:
    entry = directory.destinations[name]
    told: dict[str, JsonValue] = {
        "address": entry.address,
        "wallet": entry.wallet,
        "wallet_id": "" if entry.wallet else entry.wallet_id,
        "networks": list(entry.networks),
        "memo": entry.memo,
        "coins": list(entry.coins),
        "label": entry.label,
    }
    return {key: value for key, value in told.items() if value}


_AGAIN: Final = "record it anew"
