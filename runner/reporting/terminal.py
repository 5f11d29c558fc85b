"""What a text stream can show, as plain facts, and the few colours we use."""

from enum import StrEnum

from runner.core.record import record


@record
class Terminal:
    """What is known about one output stream.

    Shapes: ``unicode`` tells whether signs beyond ASCII arrive intact; ``animated`` whether a line
        may be rewritten. Both colour and animation are False off a TTY.
    Units: ``width`` is columns.
    """

    is_tty: bool = False
    width: int = 100
    colour: bool = False
    unicode: bool = True
    animated: bool = False


class Tone(StrEnum):
    """What a colour says; the words beside it say it too, so that nothing is lost without it."""

    GOOD = "32"
    BAD = "1;31"
    CAREFUL = "1;33"
    QUIET = "2"
    STRONG = "1"
    FRAME = "34"


def painted(text: str, tone: Tone, terminal: Terminal) -> str:
    """Return the text in its colour, or as it is where colour is not wanted."""
    return f"\x1b[{tone.value}m{text}\x1b[0m" if terminal.colour and text else text


def fitted(text: str, terminal: Terminal) -> str:
    """Replace what the stream's encoding cannot show: our own signs by ASCII, the rest escaped."""
    if terminal.unicode or text.isascii():
        return text
    return text.translate(_ASCII_SIGNS).encode("ascii", "backslashreplace").decode("ascii")


def cut_sign(terminal: Terminal) -> str:
    """Return the sign for "something is missing here"."""
    return "…" if terminal.unicode else "..."


_ASCII_SIGNS = str.maketrans({"…": "...", "·": "-", "→": "->", "✓": "+", "✗": "x"})
