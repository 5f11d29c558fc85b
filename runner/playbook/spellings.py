"""Types as playbooks spell them, the records of actions among them."""

from collections.abc import Iterator, Mapping

from runner.catalogue.manifest import RAW_PREFIX, Manifest
from runner.core.types import ListOf, MapOf, Record, Type, TypeInvalid, type_from_text


def declared_type(text: str, manifests: Mapping[str, Manifest]) -> Type:
    """Read ``list<money>``, ``map<coin, money>`` or ``mirror_position_row``.

    Errors: ``TypeInvalid``.
    """
    try:
        return type_from_text(text)
    except TypeInvalid:
        # Few playbooks name a record.
        return type_from_text(text, records_of(manifests))


def records_of(manifests: Mapping[str, Manifest]) -> Mapping[str, Record]:
    """Return every record that results are made of, by name; raw ones have no names to rely on."""
    found: dict[str, Record] = {}
    for manifest in manifests.values():
        if not manifest.name.startswith(RAW_PREFIX):
            for each in _records_in(manifest.result):
                found.setdefault(each.name, each)
    return found


def _records_in(kind: Type) -> Iterator[Record]:
    if isinstance(kind, ListOf):
        yield from _records_in(kind.item)
    elif isinstance(kind, MapOf):
        yield from _records_in(kind.value)
    elif isinstance(kind, Record):
        yield kind
        for field in kind.fields:
            yield from _records_in(field.type)
