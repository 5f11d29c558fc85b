"""A plan as text for the people who approve it: what will be sent, from where to where, and why.

What is shown is computed from the effects themselves wherever that is possible, and every effect is
shown, so that no plan file, however made, can show less than it would send.
"""

import json
from collections.abc import Mapping
from decimal import Decimal

from runner.core.money import Money, amount_text
from runner.plan.codec import PlanFile
from runner.plan.fee import FeeBasis
from runner.plan.model import Plan, PlannedEffect, PlannedStep, effect_totals, fee_totals
from runner.reporting.plan_balances import balance_lines
from runner.reporting.plan_fees import fee_rows
from runner.reporting.plan_verdicts import verdict_lines
from runner.reporting.sheet import Sheet
from runner.reporting.table import Column
from runner.reporting.terminal import Terminal, Tone
from runner.reporting.words import spoken_moment, spoken_value

DIGEST_SHOWN = len("sha256:") + 12

_TOTAL_COLUMNS = (
    Column(title="action"),
    Column(title="amount", is_number=True),
    Column(title="coin"),
)
_KINDS = {
    "use": ("<=", "read"),
    "notify": ("<>", "notify"),
    "effect": ("=>", "EFFECT"),
    "wait": ("..", "wait"),
    "pause": ("..", "pause"),
    "foreach": ("--", "each"),
    "group": ("--", "steps"),
    "parallel": ("--", "branch"),
    "try": ("--", "try"),
    "call": ("--", "call"),
}
_CHECK = ("==", "check")
_LEGEND = (
    ("<=", "read", "done now, to make this plan; the run reads again"),
    ("=>", "EFFECT", "changes something; nothing is sent before the plan is applied"),
    ("..", "wait", "not waited for in a plan: assumed to succeed; the run waits"),
    ("==", "check", "only asserts; one that is false stops the run"),
)
_LEGEND_MORE = (
    ("<>", "notify", "tells a target of the profile something; nothing is sent in a plan"),
    ("--", "each", "a loop, a group, branches, a try or a call; its steps follow it"),
)
"""What is explained only where it occurs."""
_BODY_WORDS = (
    "A body is shown exactly as it will be sent; only the timestamp joins it, as its last member, "
    "when it is sent."
)
_INFERRED = (
    "inferred: the operation's path is not documented; outside the sandbox it is sent only where"
    " protected controls confirm it"
)
_UNDECIDED = (
    "UNDECIDED: only the run can tell whether its condition holds; it counts fully in the totals"
)
_IN_TRANSIT = (
    "the step ends once the order is accepted; the balances below count the amount as arrived, and"
    " the run ends only when it has"
)
_DRIFT_WORDS = {
    "planned": "planned: this body is sent whatever its arguments would be by then",
    "at_most": "at_most: the run may send less than this, or nothing; never more",
}
UNPLANNED_WORDS = (
    "What is unplanned depends on what was not read: it is in no total and in no projected balance."
)
_ACTION_WORDS = {
    "mirror.apply": "applied",
    "mirror.settle": "settled",
    "mirrorx.delegate": "delegated",
    "mirrorx.undelegate": "undelegated",
    "withdrawal.create": "withdrawn",
    "subwallet.transfer": "transferred",
    "exchange.transfer": "transferred with the exchange",
}
_CARRIED_COLUMNS = tuple(
    Column(title=title) for title in ("path", "what", "by", "requestId", "order")
)
_CARRIED_WORDS = (
    "Earlier runs of this occurrence have done these. They are never sent again: the steps give"
    " what the journal has of them, and `may` counts them."
)
_NOTHING_CARRIED = "The run that is superseded has confirmed nothing that this plan would do."


def plan_lines(plan_file: PlanFile, terminal: Terminal) -> list[str]:
    """Render a plan.

    Shapes: lines without line breaks, wrapped at words to the terminal's width; what must be read
        whole (digests, bodies, numbers, ids) is never cut or wrapped. The last line counts the
        effects and their amounts. The time it takes grows linearly with the plan.
    """
    plan = plan_file.plan
    sheet = Sheet(terminal)
    _header(sheet, plan_file)
    _offline(sheet, plan)
    _footing(sheet, plan)
    _legend(sheet, plan)
    _steps(sheet, plan)
    _carried(sheet, plan)
    verdict_lines(sheet, plan)
    balance_lines(sheet, plan)
    totals = effect_totals(plan.effects)
    _totals(sheet, plan, totals)
    _warnings(sheet, plan)
    sheet.blank()
    sheet.line(plan_sentence(plan), tone=Tone.STRONG)
    if plan.carried:
        runs = ", ".join(dict.fromkeys(each.run_id for each in plan.carried))
        count = len(plan.carried)
        words = f"Done before by {runs}: {count} effect{'' if count == 1 else 's'}, not sent again."
        sheet.prose(words, indent=0, tone=Tone.STRONG)
    return sheet.lines


def plan_sentence(plan: Plan) -> str:
    """Return what a plan comes to, as ``count_sentence``, and what an offline one leaves out."""
    said = count_sentence(plan.effects, effect_totals(plan.effects))
    if plan.offline is None:
        return said
    left_out = len(plan.offline.unplanned)
    more = f", and {left_out} not planned: what decides it was not read" if left_out else ""
    return f"Offline plan{said.removeprefix('Plan').removesuffix('.')}{more}."


def plan_json(plan_file: PlanFile) -> str:
    """Return the plan file's content as indented JSON for programs, with a last line break.

    Shapes: the object ``{digest, plan}`` in ASCII alone, so that it survives every stream and no
        character of others reaches a screen unseen.
    """
    return json.dumps(json.loads(plan_file.data), indent=2, ensure_ascii=True) + "\n"


def count_sentence(
    effects: tuple[PlannedEffect, ...], totals: Mapping[str, Mapping[str, Decimal]]
) -> str:
    """Return ``Plan: 2 effects, 250000 USDT applied, 1 wallet.create.``."""
    if not effects:
        return "Plan: no effects."
    undecided = sum(not effect.decided for effect in effects)
    counted = f"{len(effects)} effect{'' if len(effects) == 1 else 's'}"
    if undecided:
        counted += f" ({undecided} undecided)"
    amounts = [
        f"{Money(total, coin)} {_ACTION_WORDS.get(action, f'by {action}')}"
        for action, coins in totals.items()
        for coin, total in coins.items()
    ]
    others = [
        f"{sum(effect.action == action for effect in effects)} {action}"
        for action, coins in totals.items()
        if not coins
    ]
    fees = [
        f"{Money(total, coin)} in fees"
        for coin, total in fee_totals(effect.fee for effect in effects).items()
    ]
    unknown = sum(e.fee is not None and e.fee.basis == FeeBasis.UNKNOWN for e in effects)
    fees += [f"{unknown} fee{'' if unknown == 1 else 's'} not known"] if unknown else []
    return f"Plan: {', '.join([counted, *amounts, *others, *fees])}."


def _header(sheet: Sheet, plan_file: PlanFile) -> None:
    plan = plan_file.plan
    sheet.line(f"Plan {plan_file.digest[:DIGEST_SHOWN]}… of {plan.playbook}", tone=Tone.STRONG)
    if plan.summary.strip():
        sheet.prose(plan.summary, indent=2)
    sheet.blank()
    sheet.row("playbook", plan.source)
    sheet.row("profile", plan.profile)
    sheet.row("host", plan.host)
    sheet.row("entity", plan.entity)
    for index, given in enumerate(plan.inputs):
        text = f"{given.name} = {spoken_value(given.value)} ({given.type}, {given.origin})"
        sheet.row("" if index else "inputs", text)
    for index, (name, value) in enumerate(plan.labels.items()):
        sheet.row("" if index else "labels", f"{name} = {value}")
    again = f" (revision {plan.revision})" if plan.revision else ""
    sheet.row("occurrence", f"{plan.occurrence}{again}")
    if plan.supersedes:
        sheet.row("supersedes", plan.supersedes, tone=Tone.CAREFUL)
    sheet.row("created", f"{spoken_moment(plan.created_at)} by {plan.created_by}")
    sheet.row("expires", spoken_moment(plan.not_after))
    sheet.row("run", plan_file.run_id)
    sheet.row("digest", plan_file.digest)


def _offline(sheet: Sheet, plan: Plan) -> None:
    offline = plan.offline
    if offline is None:
        return
    sheet.heading("OFFLINE: made without the custodian; it can never be applied")
    for index, words in enumerate(offline.assumed):
        sheet.row("" if index else "assumed", words, tone=Tone.CAREFUL)
    for index, words in enumerate(offline.unread):
        sheet.row("" if index else "not read", words, tone=Tone.CAREFUL)
    for index, path in enumerate(offline.unplanned):
        sheet.row("" if index else "unplanned", path, tone=Tone.BAD)
    if offline.unplanned:
        sheet.prose(UNPLANNED_WORDS, indent=2, tone=Tone.CAREFUL)


def _footing(sheet: Sheet, plan: Plan) -> None:
    sheet.heading("What it rests on")
    sheet.row("tool", plan.tool_version)
    for index, file in enumerate(plan.files):
        sheet.row("" if index else "files", f"{file.name} {file.digest[:DIGEST_SHOWN]}…")
    if plan.git_commit:
        sheet.row("commit", plan.git_commit)
    if plan.controls_digest:
        sheet.row("controls", f"{plan.controls_digest[:DIGEST_SHOWN]}…")
    if plan.key_fingerprint:
        sheet.row("effect key", plan.key_fingerprint)
    for index, (name, value) in enumerate(plan.facts.items()):
        sheet.row("" if index else "facts", f"{name} = {value}")
    for index, (name, entry) in enumerate(plan.names.items()):
        parts = ", ".join(f"{key} {value}" for key, value in entry.items())
        sheet.row("" if index else "directory", f"{name}: {parts}")


def _legend(sheet: Sheet, plan: Plan) -> None:
    sheet.heading("Legend")
    kinds = {_KINDS.get(step.kind, _CHECK)[0] for step in plan.steps}
    rows = (*_LEGEND, *(row for row in _LEGEND_MORE if row[0] in kinds))
    for mark, word, meaning in rows:
        sheet.row(f"{mark} {word}", meaning)
    sheet.prose(_BODY_WORDS, indent=2)


def _steps(sheet: Sheet, plan: Plan) -> None:
    sheet.heading("Steps")
    by_path: dict[str, list[PlannedEffect]] = {}
    for effect in plan.effects:
        by_path.setdefault(effect.path, []).append(effect)
    if not plan.steps:
        sheet.line("  none")
    digits = len(str(len(plan.steps)))
    for number, step in enumerate(plan.steps, start=1):
        effects = by_path.pop(step.path, [])
        _step(sheet, f"{number:>{digits}}", step, effects)
    for path, effects in by_path.items():
        sheet.line(f"  {path}: an effect without a step", tone=Tone.BAD)
        for effect in effects:
            _effect(sheet, effect, indent=digits + 4)


def _step(sheet: Sheet, number: str, step: PlannedStep, effects: list[PlannedEffect]) -> None:
    mark, word = _KINDS.get(step.kind, _CHECK)
    state = step.state
    if effects:
        sheet.blank()
        # "done" would say that something was sent.
        state = "planned" if all(effect.decided for effect in effects) else "undecided"
    tone = Tone.CAREFUL if effects else Tone.QUIET if state == "skipped" else None
    sheet.line(f"  {number}  {mark} {word:<6}  {state:<9}  {step.path}", tone=tone)
    indent = len(number) + 4
    named = [" ".join(step.title.split()), "" if effects else step.action]
    if any(named):
        sheet.prose(" · ".join(text for text in named if text), indent=indent)
    if step.message:
        sheet.prose(step.message, indent=indent)
    for condition in step.conditions:
        sheet.prose(condition, indent=indent)
    for effect in effects:
        _effect(sheet, effect, indent=indent)
    if effects:
        sheet.blank()


def _effect(sheet: Sheet, effect: PlannedEffect, *, indent: int) -> None:
    on_network = f" on {effect.network}" if effect.network else ""
    rows: list[tuple[str, str, Tone | None]] = [
        ("action", f"{effect.action} ({effect.kind})", None)
    ]
    if effect.money is not None:
        rows += [
            ("amount", f"{effect.money}{on_network}", Tone.STRONG),
            ("from", effect.debit, Tone.STRONG),
            ("to", effect.credit, Tone.STRONG),
        ]
    rows += [(sheet.shown(each.label), each.text, None) for each in effect.lines]
    rows += fee_rows(effect)
    if effect.confirm == "accepted" and effect.money is not None:
        rows.append(("in transit", _IN_TRANSIT, Tone.CAREFUL))
    rows += [
        ("requestId", effect.request_id, None),
        ("lock", effect.lock, None),
        ("request", f"{effect.method} {effect.url_path} ({effect.operation})", None),
    ]
    for label, text, tone in rows:
        sheet.row(label, text, indent=indent, tone=tone)
    sheet.row("body", effect.body, indent=indent, whole=True)
    if sheet.shown(effect.body) != effect.body:
        words = "shown with escapes; `show --format json` has the exact text"
        sheet.row("", words, indent=indent, tone=Tone.CAREFUL)
    certain = effect.certainty == "stated"
    sheet.row(
        "certainty",
        "stated: the operation is documented" if certain else _INFERRED,
        indent=indent,
        tone=None if certain else Tone.CAREFUL,
    )
    if effect.drift in _DRIFT_WORDS:
        sheet.row("drift", _DRIFT_WORDS[effect.drift], indent=indent, tone=Tone.CAREFUL)
    if not effect.decided:
        sheet.prose(_UNDECIDED, indent=indent, tone=Tone.CAREFUL)


def _carried(sheet: Sheet, plan: Plan) -> None:
    if not plan.supersedes:
        return
    sheet.heading("Done before")
    sheet.prose(_CARRIED_WORDS if plan.carried else _NOTHING_CARRIED, indent=2)
    if plan.carried:
        cells = [
            (
                each.path,
                f"{each.action} {each.money or ''}".strip(),
                f"done by {each.run_id}",
                each.request_id,
                each.order_id,
            )
            for each in plan.carried
        ]
        sheet.table(_CARRIED_COLUMNS, cells)
    for path in plan.again:
        words = "was done before and is asked for again: what is planned for it is sent once more"
        sheet.row("again", f"{path} {words}", tone=Tone.CAREFUL)


def _totals(sheet: Sheet, plan: Plan, totals: Mapping[str, Mapping[str, Decimal]]) -> None:
    fees = fee_totals(effect.fee for effect in plan.effects)
    if any(totals.values()):
        sheet.heading("Totals")
        cells = [
            (action, amount_text(total), coin)
            for action, coins in totals.items()
            for coin, total in coins.items()
        ]
        cells += [("fees", amount_text(total), coin) for coin, total in fees.items()]
        sheet.table(_TOTAL_COLUMNS, cells)
    if {a: dict(coins) for a, coins in plan.totals.items()} != totals or dict(plan.fees) != fees:
        words = "The totals written in this plan are not those of its effects: do not approve it."
        sheet.prose(words, indent=2, tone=Tone.BAD)


def _warnings(sheet: Sheet, plan: Plan) -> None:
    if plan.warnings:
        sheet.heading("Warnings")
        for words in plan.warnings:
            sheet.prose(words, indent=2, tone=Tone.CAREFUL)
