"""How a sandbox stands, and what was just done to it, for people."""

from collections.abc import Mapping, Sequence

from runner.core.jsonvalue import JsonValue
from runner.reporting.escape import visible
from runner.reporting.table import Column, render_table
from runner.reporting.terminal import Terminal

_FAULT_FIELDS = frozenset(
    {"number", "kind", "operation", "call", "calls", "seen", "played", "spent"}
)


def render_status(status: Mapping[str, JsonValue], terminal: Terminal) -> str:
    """Render what ``Steward.status`` returns."""
    lines = [
        f"sandbox  {status['name']} in {status['folder']}",
        f"world    {status['world']}, {status['digest']}",
        f"clock    {_clock(_mapping(status['clock']))}",
        f"traffic  {status['requests']} requests, {status['orders']} orders",
    ]
    text = "".join(f"{visible(line)}\n" for line in lines)
    text += f"\nkeys\n{_keys(_mappings(status['keys']), terminal)}"
    orders = _mappings(status["open_orders"])
    if orders:
        text += f"\nopen orders\n{_orders(orders, terminal)}"
    faults = _mappings(status["faults"])
    if faults:
        text += f"\nfaults\n{_faults(faults, terminal)}"
    return text


def render_faults(faults: Sequence[JsonValue], terminal: Terminal) -> str:
    """Render the rules of a sandbox."""
    return _faults(_mappings(faults), terminal) or "no faults\n"


def render_result(what: str, result: Mapping[str, JsonValue]) -> str:
    """Say in one line what became of a clock, a fault or an order."""
    words = {"clock": _clock, "fault": _fault, "order": _order}[what](result)
    return f"{visible(words)}\n"


def render_key(key: Mapping[str, JsonValue]) -> str:
    """Show a key as a profile names it: by its files."""
    return (
        f"# {visible(str(key['name']))}: {', '.join(_texts(key['permissions']))}\n"
        "read_key:\n"
        f"  api_key:\n    file: {visible(str(key['api_key_file']))}\n"
        f"  key:\n    file: {visible(str(key['private_key_file']))}\n"
    )


def _clock(clock: Mapping[str, JsonValue]) -> str:
    factor = f" by {clock['factor']}" if "factor" in clock else ""
    return f"{clock['now']}, {clock['mode']}{factor}"


def _fault(rule: Mapping[str, JsonValue]) -> str:
    calls = "always" if rule["calls"] == "always" else f"{rule['calls']} of them"
    words = f"fault {rule['number']}: {rule['kind']} on {rule['operation']}"
    options = _options(rule)
    return f"{words}, from call {rule['call']}, {calls}{f', {options}' if options else ''}"


def _order(order: Mapping[str, JsonValue]) -> str:
    network = f" on {order['network']}" if order["network"] else ""
    return f"{order['family']} {order['id']}: {order['amount']} {order['coin']}{network}"


def _options(rule: Mapping[str, JsonValue]) -> str:
    words = []
    for name, value in rule.items():
        if name in _FAULT_FIELDS:
            continue
        if isinstance(value, Mapping):
            words += [f"{name}.{inner}={_spelled(each)}" for inner, each in value.items()]
        else:
            words.append(f"{name}={_spelled(value)}")
    return " ".join(words)


def _spelled(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _keys(keys: Sequence[Mapping[str, JsonValue]], terminal: Terminal) -> str:
    columns = (Column(title="name"), Column(title="private key"), Column(title="permissions"))
    rows = [
        (str(key["name"]), str(key["private_key_file"]), ", ".join(_texts(key["permissions"])))
        for key in keys
    ]
    return render_table(columns, rows, terminal)


def _orders(orders: Sequence[Mapping[str, JsonValue]], terminal: Terminal) -> str:
    columns = (
        Column(title="order"),
        Column(title="kind"),
        Column(title="coin"),
        Column(title="amount", is_number=True),
        Column(title="status", is_number=True),
        Column(title="since"),
        Column(title="requestId"),
    )
    names = ("id", "family", "coin", "amount", "status", "changed", "request_id")
    return render_table(columns, [[str(o[name]) for name in names] for o in orders], terminal)


def _faults(faults: Sequence[Mapping[str, JsonValue]], terminal: Terminal) -> str:
    columns = (
        Column(title="#", is_number=True),
        Column(title="kind"),
        Column(title="operation"),
        Column(title="from call", is_number=True),
        Column(title="calls", is_number=True),
        Column(title="played", is_number=True),
        Column(title="options"),
    )
    names = ("number", "kind", "operation", "call", "calls", "played")
    rows = [[*(str(rule[name]) for name in names), _options(rule)] for rule in faults]
    return render_table(columns, rows, terminal)


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    assert isinstance(value, Mapping), "a status has an object here"
    return value


def _mappings(values: JsonValue) -> list[Mapping[str, JsonValue]]:
    assert isinstance(values, Sequence), "a status has a list here"
    return [_mapping(value) for value in values]


def _texts(values: JsonValue) -> list[str]:
    assert isinstance(values, Sequence), "a status has a list here"
    return [str(value) for value in values]
