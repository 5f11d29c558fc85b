"""Where the files that ship with the code are: ``_data`` in the wheel, else the checkout."""

from pathlib import Path
from typing import Final

import runner

_PACKAGE: Final = Path(runner.__file__).resolve().parent


def data_dir(kind: str) -> Path:
    """Return the folder of one kind of shipped files, such as ``schemas`` or ``playbooks``.

    Errors: ``FileNotFoundError`` for an installation that lacks it.
    """
    for folder in (_PACKAGE / "_data" / kind, _PACKAGE.parent / kind):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"this installation has no {kind}")


def schema_text(name: str) -> str:
    """Return the text of a schema: ``playbook``, ``inputs``, ``directory`` or ``profiles``.

    Errors: ``FileNotFoundError`` for a name there is no schema of.
    """
    return (data_dir("schemas") / f"{name}.schema.json").read_text(encoding="utf-8")


def schema_names() -> tuple[str, ...]:
    """Return the name of every schema, sorted."""
    names = data_dir("schemas").glob("*.schema.json")
    return tuple(sorted(path.name.removesuffix(".schema.json") for path in names))
