"""``runner sandbox clock|fault|deposit|portal``: what happens to a sandbox beside its API.

A verb acts on the ledger itself, so it works while another process serves the sandbox or runs a
playbook on it, and when none does.
"""

from typing import TYPE_CHECKING

import click

from runner.cli.options import settings_for
from runner.cli.sandbox_opening import (
    existing_sandbox,
    json_option,
    name_argument,
    name_option,
    named_values,
)
from runner.cli.shell import Shell
from runner.cli.verbs import LazyGroup, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.core.jsonvalue import JsonValue
    from runner.sandbox.steward import Steward

fault = LazyGroup(
    name="fault",
    help="Make things go wrong on a sandbox, by operation and call.",
    verbs={
        "add": Verb(target="runner.cli.sandbox_steering:add_fault", summary="Make a rule."),
        "list": Verb(target="runner.cli.sandbox_steering:list_faults", summary="List the rules."),
        "remove": Verb(
            target="runner.cli.sandbox_steering:remove_fault", summary="Take a rule away."
        ),
    },
)


@click.command()
@name_argument
@click.option("--advance", metavar="DURATION", help="Let that much time pass, like 1h30m.")
@click.option(
    "--set", "moment", metavar="MOMENT", help="Go on at a moment, like 2026-11-22T10:00:00Z."
)
@click.option("--mode", type=click.Choice(["real", "scaled", "stepped"]), help="How time passes.")
@click.option("--factor", help="How fast scaled time passes, like 60.")
@json_option
@click.pass_obj
def clock(shell: Shell, /, name: str, *, as_json: bool, **asked: str | None) -> int:
    """Show the time of the sandbox NAME, or change it for all that have the sandbox open.

    A wait of a run on the sandbox, its orders and its timestamps go by this time. It never goes
    back.

    \b
    Example
      runner sandbox clock
      runner sandbox clock --mode stepped
      runner sandbox clock --advance 1h
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    named = {"advance": "advance", "moment": "set", "mode": "mode", "factor": "factor"}
    change = {named[key]: value for key, value in asked.items() if value is not None}

    def act(steward: "Steward") -> "Mapping[str, JsonValue]":
        return steward.change_clock(change) if change else steward.clock()

    return _act(shell, name, act, "clock", as_json=as_json)


@click.command(name="add")
@click.argument("kind")
@click.argument("options", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--operation", default="*", show_default=True, help="An operation, or * for all.")
@click.option("--call", "first_call", default="1", show_default=True, help="From which call on.")
@click.option("--calls", default="1", show_default=True, help="On how many calls, or always.")
@name_option
@json_option
@click.pass_obj
def add_fault(  # noqa: PLR0913 - click hands over each option
    shell: Shell,
    kind: str,
    options: tuple[str, ...],
    operation: str,
    first_call: str,
    calls: str,
    *,
    name: str,
    as_json: bool,
) -> int:
    """Make a rule: KIND happens to calls of an operation. docs/sandbox.md lists the kinds.

    \b
    Example
      runner sandbox fault add lost_reply --operation mirrorx.order.create
      runner sandbox fault add html when=before status=503 --call 2 --calls 3
      runner sandbox fault add switches set.unknown_id=error --calls always
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    asked = {
        **named_values(options),
        "kind": kind,
        "operation": operation,
        "call": first_call,
        "calls": calls,
    }
    return _act(shell, name, lambda steward: steward.add_fault(asked), "fault", as_json=as_json)


@click.command(name="list")
@name_argument
@json_option
@click.pass_obj
def list_faults(shell: Shell, name: str, *, as_json: bool) -> int:
    """List the rules of the sandbox NAME, and how often each was played.

    \b
    Example
      runner sandbox fault list
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from runner.cli.screen import open_screen
    from runner.reporting.calls import json_text
    from runner.reporting.sandbox_status import render_faults

    with open_screen(shell, settings_for(shell, {})) as screen:
        with existing_sandbox(shell, name) as steward:
            found = steward.faults()
        text = json_text(found) if as_json else render_faults(found, shell.environment.stdout)
        screen.result(text)
    return 0


@click.command(name="remove")
@click.argument("number", type=click.IntRange(min=1))
@name_option
@json_option
@click.pass_obj
def remove_fault(shell: Shell, number: int, *, name: str, as_json: bool) -> int:
    """Take the rule NUMBER away.

    \b
    Example
      runner sandbox fault remove 1
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    return _act(shell, name, lambda steward: steward.remove_fault(number), "fault", as_json=as_json)


@click.command()
@name_argument
@click.option("--coin", required=True, help="Which coin, like USDT.")
@click.option("--network", required=True, help="On which network, like ETH.")
@click.option("--amount", required=True, help="How much.")
@click.option("--wallet", help="Into which wallet, by name or id.")
@click.option("--address", help="Or to which address.")
@click.option("--memo", help="The address's memo, if it needs one.")
@click.option("--fails", is_flag=True, help="Let it end as failed; nothing is credited.")
@json_option
@click.pass_obj
def deposit(shell: Shell, /, name: str, *, as_json: bool, fails: bool, **asked: str | None) -> int:
    """Let somebody outside send a deposit to the sandbox NAME.

    \b
    Example
      runner sandbox deposit --coin USDT --network ETH --amount 250 --wallet acme/prime-01
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    given: dict[str, object] = {k: value for k, value in asked.items() if value is not None}
    given["fails"] = fails
    return _act(shell, name, lambda steward: steward.deposit(given), "order", as_json=as_json)


@click.command()
@click.argument("operation")
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--entity", help="Whose person it is; the world's first entity unless said.")
@name_option
@json_option
@click.pass_obj
def portal(
    shell: Shell,
    operation: str,
    parameters: tuple[str, ...],
    entity: str | None,
    *,
    name: str,
    as_json: bool,
) -> int:
    """Let a person in the web portal do OPERATION; `settlement` is the system settling a link.

    Wallets and links may be given by name.

    \b
    Example
      runner sandbox portal mirrorx.order.create mirrorXLinkId=acme/arb-01 orderType=10 coinSymbol=USDT amount=5
      runner sandbox portal settlement link=acme/arb-01 coin=USDT result=-12.5
    """  # noqa: D301, E501 - \b is click's mark for a block that is not rewrapped
    given = named_values(parameters)

    def act(steward: "Steward") -> "Mapping[str, JsonValue]":
        if operation == "settlement":
            return steward.settle(given)
        asked = {"operation": operation, "parameters": given}
        return steward.portal(asked | ({"entity": entity} if entity else {}))

    return _act(shell, name, act, "order", as_json=as_json)


def _act(
    shell: Shell,
    name: str,
    act: "Callable[[Steward], Mapping[str, JsonValue]]",
    what: str,
    *,
    as_json: bool,
) -> int:
    from runner.cli.screen import open_screen
    from runner.reporting.calls import json_text
    from runner.reporting.sandbox_status import render_result

    with open_screen(shell, settings_for(shell, {})) as screen:
        with existing_sandbox(shell, name) as steward:
            result = act(steward)
        screen.result(json_text(result) if as_json else render_result(what, result))
    return 0
