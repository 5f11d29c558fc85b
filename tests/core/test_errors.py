import inspect
import re

import pytest

from runner.core import errors
from runner.core.diagnostics import Diagnostic
from runner.core.errors import (
    ExitCode,
    InvalidInput,
    LockHeld,
    NotSent,
    OutcomeUnknown,
    RemoteError,
    RemoteRefused,
    ReplyRefused,
    RequestInvalid,
    RunnerError,
)
from runner.core.source import Span

CLASSES = {
    name: found
    for name, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, RunnerError)
}


def _tree() -> list[tuple[int, str, str]]:
    assert errors.__doc__ is not None
    rows = []
    for line in errors.__doc__.splitlines():
        match = re.match(r"([│├└─ ]*)([A-Z][A-Za-z]+)(?:\s+(.*))?$", line)
        if match and match[2] in CLASSES:
            rows.append((len(match[1]) // 4, match[2], match[3] or ""))
    return rows


def test_docstring_lists_every_class_once() -> None:
    names = [name for _, name, _ in _tree()]

    assert sorted(names) == sorted(CLASSES)


def test_docstring_draws_the_tree_as_it_is() -> None:
    above: dict[int, str] = {}
    for depth, name, _ in _tree():
        above[depth] = name
        parent = RunnerError.__base__ if depth == 0 else CLASSES[above[depth - 1]]
        assert CLASSES[name].__base__ is parent, name


def test_docstring_names_the_exit_codes_as_they_are() -> None:
    for _, name, words in _tree():
        codes = re.findall(r"exit (\d+)", words)
        if codes:
            assert int(codes[0]) == CLASSES[name].exit_code, name


def test_every_error_of_ours_outside_the_table_is_a_bug() -> None:
    assert RunnerError("x").exit_code is ExitCode.BUG


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (ExitCode.DONE, 0),
        (ExitCode.FAILED, 1),
        (ExitCode.HAS_EFFECTS, 2),
        (ExitCode.INVALID, 3),
        (ExitCode.ENDED_BEFORE_SENDING, 4),
        (ExitCode.DENIED, 5),
        (ExitCode.NOT_APPROVED, 6),
        (ExitCode.PLAN_REFUSED, 7),
        (ExitCode.LOCKED, 8),
        (ExitCode.UNREACHABLE, 9),
        (ExitCode.OUTCOME_UNKNOWN, 10),
        (ExitCode.DIFFERENCES, 11),
        (ExitCode.NOT_FINAL, 12),
        (ExitCode.ENDED_AFTER_SENDING, 13),
        (ExitCode.USAGE, 64),
        (ExitCode.BUG, 70),
        (ExitCode.INTERRUPTED, 130),
        (ExitCode.TERMINATED, 143),
    ],
)
def test_exit_codes_are_those_of_the_contract(code: ExitCode, number: int) -> None:
    assert code == number


def test_contract_has_no_other_exit_codes() -> None:
    assert len(ExitCode) == 18


def test_remote_error_begins_with_the_request_id() -> None:
    error = RemoteRefused("no", method="POST", path="/a", status=400, code="G1", request_id="77")

    assert str(error) == "[requestId 77] POST /a: no (HTTP 400)"
    assert (error.status, error.code, error.request_id) == (400, "G1", "77")


def test_remote_error_without_an_answer_says_none() -> None:
    assert str(NotSent("no route", method="GET", path="/a")) == "GET /a: no route"


@pytest.mark.parametrize(
    ("kind", "retryable", "exit_code"),
    [
        (NotSent, True, ExitCode.UNREACHABLE),
        (RequestInvalid, False, ExitCode.INVALID),
        (OutcomeUnknown, True, ExitCode.UNREACHABLE),
        (ReplyRefused, True, ExitCode.UNREACHABLE),
        (RemoteRefused, False, ExitCode.UNREACHABLE),
    ],
)
def test_remote_error_knows_whether_a_read_may_be_tried_again(
    kind: type[RemoteError], *, retryable: bool, exit_code: ExitCode
) -> None:
    error = kind("x", method="GET", path="/a")

    assert (error.retryable, error.exit_code) == (retryable, exit_code)


def test_invalid_input_speaks_with_its_first_finding() -> None:
    span = Span(file="a.yaml", line=1, column=1, end_line=1, end_column=1)
    found = Diagnostic(code="unknown-key", summary="no such key", span=span, hint="look again")

    error = InvalidInput((found,))

    assert (str(error), error.hint, error.diagnostics) == ("no such key", "look again", (found,))


def test_invalid_input_needs_a_finding() -> None:
    with pytest.raises(AssertionError):
        InvalidInput(())


def test_lock_names_its_owner() -> None:
    assert LockHeld("held", owner="R-1").owner == "R-1"
