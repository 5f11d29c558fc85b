"""What a request says: its parameters, read and held against the catalogue.

Types are lenient unless the world says otherwise (``strict_types``): a body may write any id,
amount, number or requestId as text or as a number, and here each becomes the text as written.
Parameters that the operation does not have are ignored, as the vendor's own tools send some. A
parameter without a value is invalid, not absent, except for those that a client of the real service
was seen to leave empty.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import field
from decimal import Decimal
from urllib.parse import parse_qsl

from runner.catalogue.api import Operation, Parameter
from runner.core.jsonvalue import JsonInvalid, NumberText, parse_strict_json
from runner.core.record import record
from runner.sandbox.refusal import Refused
from runner.sandbox.switches import USUAL_SWITCHES, RangeEnd, Switches
from runner.sandbox.world import World

_INTEGER = re.compile(r"(?:0|[1-9][0-9]{0,17})", re.ASCII)
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)
_FIELDS_MAX = 100
_WHOLE_BELOW = Decimal(10) ** 40
_EMPTY_IS_ABSENT = frozenset({"withdrawalAddress", "toWalletIdStr", "customizeFeeAmount", "memo"})
"""Parameters that a client of the real service was seen to send as empty texts.

Source: operations.yaml, withdrawal.create, observed.
"""
_WALLET_TYPES = frozenset({"10", "11", "12", "20", "21"})
"""Source: operations.yaml, enums, WalletType."""


@record
class Given:
    """The parameters of one request.

    Shapes: ``texts`` are those that are texts, numbers or booleans (``true``, ``false``), each as
        text; ``structured`` those that are lists or objects, of a body alone, with their numbers as
        text; a null is in neither. ``booleans`` names those of the texts that were booleans;
        ``written`` is the body as it was read.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    structured: Mapping[str, object] = field(default_factory=dict)
    booleans: frozenset[str] = frozenset()
    written: Mapping[str, object] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        """Tell whether a parameter was given."""
        return name in self.texts or name in self.structured


def query_parameters(query: bytes) -> Given:
    """Read the parameters of a GET.

    Errors: ``Refused`` G20023 for a query that is no list of different names with values.
    """
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(query),
            errors="strict",
            max_num_fields=_FIELDS_MAX,
        )
    except ValueError as exc:
        raise Refused("G20023", "the query string cannot be read") from exc
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Refused("G20023", "the query string has a parameter twice")
    return Given(texts=result)


def body_parameters(body: bytes) -> Given:
    """Read the parameters of a POST, numbers as text.

    A whole number is one however it is written: ``840.0`` and ``8.4e2`` are 840. A null counts as
    absent.

    Errors: ``Refused`` G20023 for a body that is not one strict JSON object.
    """
    try:
        data = parse_strict_json(body)
    except JsonInvalid as exc:
        raise Refused("G20023", "the body is not strict JSON") from exc
    if not isinstance(data, dict):
        raise Refused("G20023", "the body is not a JSON object")
    texts: dict[str, str] = {}
    structured: dict[str, object] = {}
    booleans: set[str] = set()
    for name, value in data.items():
        if isinstance(value, bool):
            texts[name] = "true" if value else "false"
            booleans.add(name)
        elif isinstance(value, NumberText):
            texts[name] = number_text(value)
        elif isinstance(value, str):
            texts[name] = value
        elif value is not None:
            structured[name] = value
    return Given(texts=texts, structured=structured, booleans=frozenset(booleans), written=data)


def number_text(number: NumberText) -> str:
    """Spell a number the way digits are expected: a whole one without fraction and exponent."""
    if number.isdecimal():
        return str(number)
    value = Decimal(number)
    if value.is_finite() and abs(value) < _WHOLE_BELOW and value == value.to_integral_value():
        return format(value.to_integral_value(), "f")
    return str(number)


def check_parameters(
    operation: Operation, given: Given, switches: Switches = USUAL_SWITCHES
) -> None:
    """Hold the parameters of a request against the operation's description.

    The timestamp is not looked at again, and the amount is left to the operation, which knows the
    coin.

    Errors: ``Refused`` G20005 in general, G20014 for a requestId, G20003 for a page too large,
        G20024 for a type of wallet that exists and is not taken, G20026 for a range of time too
        long.
    """
    for parameter in operation.parameters:
        if parameter.name in given.structured:
            _check_structured(parameter, given.structured[parameter.name])
        elif parameter.name in given.booleans and "boolean" not in parameter.types:
            raise _neither_text_nor_number(parameter.name)
        elif parameter.name in given.texts:
            _check_parameter(parameter, given.texts[parameter.name], switches)
        elif parameter.required:
            raise Refused("G20005", f"{parameter.name} is missing")
    alternatives = operation.requires_one_of
    if alternatives and not any(
        name in given and not _is_left_empty(name, given.texts) for name in alternatives
    ):
        raise Refused("G20005", f"one of {' and '.join(alternatives)} is needed")
    exclusive = [
        name
        for name in operation.at_most_one_of
        if name in given and not _is_left_empty(name, given.texts)
    ]
    if len(exclusive) > 1:
        raise Refused("G20005", f"only one of {' and '.join(exclusive)} may be given")
    _check_range(operation, given.texts, switches)


def check_names(operation: Operation, given: Given, world: World) -> None:
    """Check that coins and networks are some of the world's, in filters of lists too.

    A list that answered nothing for a name it does not know would say that nothing is there.

    Errors: ``Refused`` G20005.
    """
    known: Mapping[str, Collection[str]] = {
        "coin": {coin.symbol for coin in world.coins},
        "network": world.networks,
    }
    for parameter in operation.parameters:
        names = known.get(parameter.language_type)
        if names is None:
            continue
        structured = given.structured.get(parameter.name, ())
        wanted = [given.texts.get(parameter.name, "")]
        wanted += structured if isinstance(structured, list) else []
        if any(name and name not in names for name in wanted):
            kind = parameter.language_type
            raise Refused("G20005", f"{parameter.name} is no {kind} of this sandbox")


def _check_structured(parameter: Parameter, value: object) -> None:
    wanted = "array" if isinstance(value, list) else "object"
    if wanted not in parameter.types:
        raise _neither_text_nor_number(parameter.name)
    if not isinstance(value, list):
        return
    for item in value:
        if not isinstance(item, str):
            raise Refused("G20005", f"{parameter.name} has an item that is not plain")
        if parameter.choices and item not in parameter.choices:
            raise Refused("G20005", f"{parameter.name} has an item that is not known")


def _neither_text_nor_number(name: str) -> Refused:
    code = "G20014" if name == "requestId" else "G20005"
    return Refused(code, f"{name} is neither text nor a number")


def _check_parameter(parameter: Parameter, text: str, switches: Switches) -> None:
    name = parameter.name
    if name in {"timestamp", "amount"}:
        return
    if name == "requestId":
        longest = switches.request_id_length
        if not _REQUEST_ID.fullmatch(text) or len(text) > longest:
            raise Refused("G20014", f"requestId is not 1 to {longest} letters, digits, - and _")
        return
    if not text and name in _EMPTY_IS_ABSENT:
        return
    if not text:
        raise Refused("G20005", f"{name} has no value")
    if parameter.types[0] in {"array", "object"}:
        raise Refused("G20005", f"{name} is not a list or an object")
    if parameter.choices and text not in parameter.choices:
        code = "G20024" if name == "walletType" and text in _WALLET_TYPES else "G20005"
        raise Refused(code, f"{name} is none of {', '.join(parameter.choices)}")
    if name.endswith("Flag") and text not in {"true", "false"}:
        raise Refused("G20005", f"{name} is not true or false")
    if parameter.minimum is not None or parameter.types == ("integer",):
        _check_integer(parameter, text)


def _is_left_empty(name: str, texts: Mapping[str, str]) -> bool:
    return name in _EMPTY_IS_ABSENT and texts.get(name) == ""


def _check_integer(parameter: Parameter, text: str) -> None:
    if not _INTEGER.fullmatch(text):
        raise Refused("G20005", f"{parameter.name} is not a whole number")
    if parameter.minimum is not None and int(text) < parameter.minimum:
        raise Refused("G20005", f"{parameter.name} is below {parameter.minimum}")
    if parameter.maximum is not None and int(text) > parameter.maximum:
        code = "G20003" if parameter.name == "pageLimit" else "G20005"
        raise Refused(code, f"{parameter.name} is above {parameter.maximum}")


def _check_range(operation: Operation, given: Mapping[str, str], switches: Switches) -> None:
    if "startTime" not in given or "endTime" not in given:
        return
    length_ms = int(given["endTime"]) - int(given["startTime"])
    if length_ms < 0:
        raise Refused("G20005", "endTime is before startTime")
    if operation.window_ms is None:
        return
    longest_ms = operation.window_ms - (switches.range_end is RangeEnd.EXCLUSIVE)
    if length_ms > longest_ms:
        raise Refused("G20026", "the time from startTime to endTime is too long")
