"""The paths that the steps of a playbook can have, keys left out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from runner.playbook.model import Call, Group, Parallel, Playbook, Step, Try

_KEY: Final = re.compile(r"(?<=[^/])\[[^]/]*\]")


def without_keys(path: str) -> str:
    """Return a path with the keys of its loops taken out: ``eod/trim`` for ``eod[acme]/trim``."""
    return _KEY.sub("", path)


def steps_by_path(playbook: Playbook) -> Mapping[str, Step]:
    """Return every step that can be reached, those of called playbooks too, in document order."""
    return dict(_under("", playbook.steps))


def _under(prefix: str, steps: Iterable[Step]) -> Iterator[tuple[str, Step]]:
    for step in steps:
        path = prefix + step.segment
        yield path, step
        match step.verb:
            case Group(steps=inner) | Parallel(branches=inner):
                yield from _under(f"{path}/", inner)
            case Try(body=body, rescue=rescue, final=final):
                yield from _under(f"{path}/", body)
                yield from _under(f"{path}/rescue/", rescue)
                yield from _under(f"{path}/finally/", final)
            case Call(playbook=called):
                yield from _under(f"{path}/", called.steps)
            case _:
                pass
