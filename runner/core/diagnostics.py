"""What is wrong with something a person wrote: a code, a sentence, a place, a way out."""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from runner.core.record import record
from runner.core.source import Span


class Severity(StrEnum):
    """Whether a diagnostic stops the program."""

    ERROR = "error"
    WARNING = "warning"


@record
class Diagnostic:
    """One finding, as data; text and JSON are views of it.

    Shapes: ``code`` is a key of ``CODES``; ``summary`` is one sentence without a full stop that
        names the thing that is wrong; ``hint`` is the way out, or empty; ``quotable`` is False where
        the line itself must not be shown, because a person may have pasted a secret into it.
    """

    code: str
    summary: str
    span: Span
    hint: str = ""
    severity: Severity = Severity.ERROR
    quotable: bool = True

    def __post_init__(self) -> None:
        """Refuse a code nobody can look up."""
        assert self.code in CODES, f"diagnostic code {self.code!r} is not in the table"


def sorted_diagnostics(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Order findings by place, drop exact repeats."""
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda d: (d.span, d.severity, d.code, d.summary)))


def has_errors(found: Iterable[Diagnostic]) -> bool:
    """Tell whether any finding stops the program."""
    return any(d.severity is Severity.ERROR for d in found)


def as_errors(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Take every warning for an error, for people who want none."""
    return tuple(replace(each, severity=Severity.ERROR) for each in found)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint naming the nearest known word, else the list of known words, else nothing."""
    # Only a mistake pays for it.
    import difflib

    choices = sorted(set(known))
    likely = choices
    if len(choices) > _CHOICES_COMPARED:
        # Comparing is slow; among thousands of names the one meant begins alike.
        likely = [each for each in choices if each[:1] == word[:1]][:_CHOICES_COMPARED]
    near = difflib.get_close_matches(word, likely, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    if not choices:
        return ""
    shown = ", ".join(choices[:_CHOICES_SHOWN])
    return f"known here: {shown}{', …' if len(choices) > _CHOICES_SHOWN else ''}"


_CHOICES_SHOWN = 12
_CHOICES_COMPARED = 500

CODES: dict[str, str] = {
    # files and YAML
    "file-unreadable": "A file cannot be opened or read.",
    "file-too-large": "A file is larger than 8 MiB.",
    "not-utf8": "A file is not valid UTF-8.",
    "character-refused": "A file holds a character that readers cannot see or that YAML versions disagree on.",
    "yaml-syntax": "The text is not YAML.",
    "yaml-duplicate-key": "A mapping has the same key twice.",
    "yaml-feature-refused": "Anchors, aliases, merge keys, tags, directives and second documents are refused.",
    "yaml-too-deep": "The document is nested deeper than 64 levels.",
    "yaml-too-many-nodes": "The document holds more than 1,000,000 nodes.",
    "yaml-ambiguous-scalar": "YAML versions read this unquoted value differently.",
    "yaml-key-not-text": "A mapping key is not plain or quoted text.",
    "yaml-empty": "The file holds no document.",
    # shape
    "unknown-key": "A mapping has a key that does not belong there.",
    "missing-key": "A required key is missing.",
    "wrong-type": "A value has the wrong type.",
    "wrong-value": "A value is outside what is allowed.",
    "wrong-version": "The file is of another kind or version.",
    "step-verb": "A step has no verb, or more than one, or a modifier that does not go with it.",
    "duplicate-id": "Two steps have the same id.",
    "missing-id": "A step of this kind needs an id.",
    # actions
    "unknown-action": "No action has this name.",
    "action-kind": "An action is used with the wrong verb.",
    "unknown-argument": "An action has no such argument.",
    "missing-argument": "An action lacks a required argument.",
    # expressions
    "expression-syntax": "An expression cannot be read.",
    "expression-refused": "An expression uses something the language does not have.",
    "expression-too-large": "An expression is longer, deeper or larger than allowed.",
    "expression-delimiters": "Delimiters stand where a bare expression belongs, or are not closed.",
    "unknown-name": "A name is not known here.",
    "unknown-input": "No input has this name.",
    "unknown-step": "No step has this id.",
    "unknown-field": "A record has no such field.",
    "unknown-function": "No function has this name.",
    "step-not-finished": "An expression reads a step that has not run at that point.",
    "step-may-be-skipped": "An expression reads a step that may have been skipped.",
    "field-may-be-missing": "An expression reads a field that the custodian may leave out.",
    "type-mismatch": "A value has the wrong type for its place.",
    "coin-mismatch": "Amounts of different coins meet.",
    "condition-not-boolean": "A condition is not true or false.",
    "amount-invalid": "A text is not an amount, or not money.",
    "literal-invalid": "A literal does not fit its type.",
    # effects
    "may-missing": "An effect is not covered by `may`.",
    "may-exceeded": "The steps can reach more than `may` allows.",
    "may-unused": "`may` names an effect that no step reaches.",
    "effect-misplaced": "An effect stands where only looking is allowed.",
    "foreach-key-missing": "A loop with an effect has no key.",
    # calls
    "call-outside": "A called playbook lies outside the folder, or behind a link.",
    "call-cycle": "Playbooks call each other in a circle.",
    "call-too-deep": "Too many playbooks stand inside each other, or are called in all.",
    # doubts: warnings about what is legal
    "may-too-wide": "`may` allows more than the steps can reach.",
    "input-unused": "No expression reads an input.",
    "let-unused": "No expression reads a name of `let`.",
    "result-unused": "Nothing looks at what a step reads behind an effect.",
    "wait-without-fail-if": "A wait for a status would sit out its timeout after a failure.",
    "effect-unverified": "No assert and no wait stands behind an effect.",
    # inputs
    "input-missing": "A required input was not given.",
    "input-invalid": "An input has a value of the wrong type or outside its bounds.",
    "input-unknown": "An input was given that the playbook does not declare.",
    # controls
    "unknown-link": "The directory has no link of this name.",
    "unknown-wallet": "The directory has no wallet of this name.",
    "unknown-coin": "The directory has no coin of this symbol.",
    "unknown-network": "The directory has no network of this name.",
    "address-invalid": "An address is not one of its network, or its checksum is wrong.",
    "policy-rule-impossible": "A rule of a policy contradicts itself, so that nothing can match it.",
    "policy-rule-unreachable": "A rule of a policy is never reached, because an earlier one decides.",
    "policy-open-end": "The last rule of a policy does not match everything.",
    "once-missing": "A playbook with effects has no `once`.",
    # plan
    "unknown-destination": "The directory has no destination of this name.",
    "destination-refused": "A destination does not take what would be sent there.",
    "wallet-unfit": "A wallet is not of a kind that can do this.",
    "name-invalid": "A name is not one the custodian takes.",
    "name-taken": "A wallet of this name exists already.",
    "nothing-to-change": "An update would change nothing.",
    "precision-exceeded": "An amount has more decimals than the coin allows.",
    "amount-not-positive": "An effect would move nothing.",
    "amount-out-of-bounds": "An amount is below the smallest or above the largest a network lets through.",
    "network-closed": "A network does not send the coin, or not now.",
    "fee-refused": "A fee of one's own choice where the custodian lets nobody choose.",
    "effect-argument-unknown": "An effect depends on a value that is not known before the run.",
    "loop-unknown": "A loop with an effect goes over a list that is not known before the run.",
    "loop-key-invalid": "A key of a loop is not a stable name: empty, unprintable, too long, or there twice.",
}
"""Every code and one sentence about it; ``runner explain`` and the tests read this table."""
