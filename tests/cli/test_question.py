"""The question at a terminal: answered, ended, interrupted."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import TextIO

import click
import pytest

from runner.cli.question import ask


@dataclass(frozen=True, slots=True)
class Line:
    """Both ends of what stands for a terminal."""

    stdin: TextIO
    keyboard: int

    def type(self, text: str) -> None:
        os.write(self.keyboard, text.encode())


@pytest.fixture
def line() -> Iterator[Line]:
    reader, writer = os.pipe()
    with os.fdopen(reader, encoding="utf-8") as stdin:
        try:
            yield Line(stdin, writer)
        finally:
            os.close(writer)


def test_answer_is_the_line_without_blanks(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    line.type(" yes \n")

    assert ask("Go on?", stdin=line.stdin) == "yes"
    assert capsys.readouterr() == ("", "Go on?: ")


def test_second_question_reads_the_second_line(line: Line) -> None:
    line.type("one\n")
    assert ask("First?", stdin=line.stdin) == "one"
    line.type("two\n")
    assert ask("Second?", stdin=line.stdin) == "two"


def test_end_of_input_is_no_answer() -> None:
    reader, writer = os.pipe()
    os.close(writer)

    with os.fdopen(reader, encoding="utf-8") as stdin, pytest.raises(click.Abort):
        ask("Go on?", stdin=stdin)


def test_interrupt_that_comes_while_the_question_is_shown_ends_it(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It used to be noted by the event loop alone, and the question went on."""

    class Interrupting(StringIO):
        def write(self, text: str) -> int:
            written = super().write(text)
            signal.raise_signal(signal.SIGINT)
            return written

    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: noted.append(number))
    monkeypatch.setattr("sys.stderr", Interrupting())
    try:
        with pytest.raises(KeyboardInterrupt):
            ask("Go on?", stdin=line.stdin)
    finally:
        signal.signal(signal.SIGINT, before)

    assert noted == []


def test_interrupt_that_no_blocking_call_notices_ends_the_question(line: Line) -> None:
    """A signal just before the call blocks, like one that another thread gets, interrupts nothing.

    Without the wake-up descriptor the question went on until the answer was typed.
    """
    handler = signal.getsignal(signal.SIGINT)

    def interrupt_beside() -> None:
        # This thread gets the signal: the call that blocks the main thread sees nothing of it.
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    timer = threading.Timer(0.05, interrupt_beside)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        ask("Go on?", stdin=line.stdin)
    timer.join()

    assert signal.getsignal(signal.SIGINT) is handler
    assert signal.set_wakeup_fd(-1) == -1
