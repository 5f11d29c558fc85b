"""The paths that the steps of a playbook can have, keys left out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from runner.playbook.model import Call, Group, Parallel, Playbook, Step, Try

_KEY: Final = re.compile(r"(?<=[^/])\[[^]/]*\]")


def without_keys(path: str) -> str:
    """Return a path with the keys of its loops taken out: ``eod/trim`` for ``eod[acme]/trim``."""
    return _KEY.sub("", path)


def steps_by_path(playbook: Playbook, *, into_calls: bool = True) -> Mapping[str, Step]:
    """Return every step that can be reached, in document order.

    Shapes: ``into_calls`` tells whether those of called playbooks are among them.
    """
    return dict(_under("", playbook.steps, into_calls=into_calls))


def _under(prefix: str, steps: Iterable[Step], *, into_calls: bool) -> Iterator[tuple[str, Step]]:
    for step in steps:
        path = prefix + step.segment
        yield path, step
        match step.verb:
            case Group(steps=inner) | Parallel(branches=inner):
                yield from _under(f"{path}/", inner, into_calls=into_calls)
            case Try(body=body, rescue=rescue, final=final):
                yield from _under(f"{path}/", body, into_calls=into_calls)
                yield from _under(f"{path}/rescue/", rescue, into_calls=into_calls)
                yield from _under(f"{path}/finally/", final, into_calls=into_calls)
            case Call(playbook=called) if into_calls:
                yield from _under(f"{path}/", called.steps, into_calls=True)
            case _:
                pass
