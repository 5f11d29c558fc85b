"""Which names a playbook may give to its inputs and locals."""

import keyword
from typing import Final

from runner.playbook.expressions.functions import FUNCTIONS
from runner.playbook.expressions.scan import RESERVED, WORDS

_OWN_WORDS: Final = RESERVED | WORDS | {"result", "error"}


def name_problem(name: str) -> str:
    """Say why an expression could not use a name, or nothing where it can."""
    if name in _OWN_WORDS or keyword.iskeyword(name):
        return f'"{name}" is a word of the expression language'
    return ""


def local_problem(name: str) -> str:
    """Say why a ``let`` cannot have a name, or nothing where it can."""
    if name in FUNCTIONS:
        return f'"{name}" is a function'
    return name_problem(name)
