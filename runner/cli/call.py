"""``runner call``: one operation of the API, by its own name and with its own parameters."""

import asyncio
from typing import TYPE_CHECKING, Any

import click

from runner.cli.completing import complete_operation, complete_parameter
from runner.cli.options import TargetCommand, desk_for, settings_for, target_options
from runner.cli.shell import Shell
from runner.core.errors import UsageInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.app.settings import Settings
    from runner.catalogue.api import Operation
    from runner.catalogue.body import ParameterValue
    from runner.cli.screen import Screen
    from runner.client.client import Reply
    from runner.reporting.terminal import Terminal


@click.command(cls=TargetCommand)
@click.argument("operation", required=False, shell_complete=complete_operation)
@click.argument(
    "parameters", nargs=-1, metavar="[NAME=VALUE]...", shell_complete=complete_parameter
)
@target_options
@click.option("--dry-run", is_flag=True, help="Show the request, or the plan; send nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before sending a write.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of a table.")
@click.option("--list", "lists", is_flag=True, help="List the operations, and call none.")
@click.pass_obj
def call(shell: Shell, /, **options: Any) -> int:
    """Call OPERATION once, signed, with the API's own parameter names.

    docs/api.md lists every operation with its parameters. A write is planned, shown and asked about
    as in `runner run`; only writes that an action sends can be called.

    \b
    Example
      runner call --list
      runner call wallet.list --sandbox
      runner call wallet.asset.list walletId=374671162262925312 --sandbox --json
      runner call mirrorx.order.list mirrorXLinkId=7127 startTime=2026-11-01T00:00:00Z endTime=2026-11-22T00:00:00Z --dry-run
      runner call mirrorx.order.create mirrorXLinkId=7127 orderType=10 coinSymbol=USDT amount=5 --sandbox
    """  # noqa: D301, E501 - \b is click's mark for a block that is not rewrapped
    from runner.cli.screen import open_screen

    settings = settings_for(shell, options)
    with open_screen(shell, settings) as screen:
        if options["lists"]:
            screen.result(_operations(shell.environment.stdout, as_json=options["as_json"]))
            return 0
        if options["operation"] is None:
            raise UsageInvalid("no operation is named", hint="runner call --list shows them all")
        return _call(shell, options, settings, screen)


def _operations(terminal: "Terminal", *, as_json: bool) -> str:
    from runner.catalogue.load import load_api
    from runner.reporting.calls import described_operation, json_text, render_operations

    operations = load_api().operations.values()
    if as_json:
        return json_text([described_operation(each) for each in operations])
    return render_operations(operations, terminal)


def _call(shell: Shell, options: dict[str, Any], settings: "Settings", screen: "Screen") -> int:
    from runner.app.usecases.calling import checked_parameters, named_operation
    from runner.catalogue.load import load_api

    operation = named_operation(load_api(), options["operation"])
    if operation.is_write:
        from runner.cli.calling_writes import call_write

        return asyncio.run(call_write(shell, options, settings, screen, operation))
    values = checked_parameters(operation, options["parameters"])
    if options["dry_run"]:
        screen.result(_request(shell, options, settings, operation, values))
        return 0
    reply = asyncio.run(_read(shell, options, settings, operation, values))
    terminal = shell.environment.stdout
    as_json = options["as_json"]
    screen.result(_reply_json(reply) if as_json else _reply_text(operation, reply, terminal))
    return 0


async def _read(
    shell: Shell,
    options: dict[str, Any],
    settings: "Settings",
    operation: "Operation",
    values: "Mapping[str, ParameterValue]",
) -> "Reply":
    async with desk_for(shell, options, settings, makes=True) as desk:
        return await desk.custodian.client.call(operation.id, values)


def _request(
    shell: Shell,
    options: dict[str, Any],
    settings: "Settings",
    operation: "Operation",
    values: "Mapping[str, ParameterValue]",
) -> str:
    from runner.app.usecases.calling import base_url, shown_request, stamp_ms
    from runner.catalogue.load import load_api
    from runner.cli.options import target_for
    from runner.reporting.calls import json_text, render_request

    target = target_for(options, settings, makes=True)
    request = shown_request(
        operation,
        values,
        base_url=base_url(target, settings, load_api()),
        stamp_ms=stamp_ms(target, settings),
    )
    if options["as_json"]:
        return json_text(
            {
                "method": request.method,
                "url": request.url,
                "headers": dict(request.headers),
                "body": request.body,
            }
        )
    terminal = shell.environment.stdout
    return render_request(request.method, request.url, request.headers, request.body, terminal)


def _reply_text(operation: "Operation", reply: "Reply", terminal: "Terminal") -> str:
    from runner.catalogue.api import Envelope
    from runner.reporting.calls import render_page, render_record, render_rows

    if reply.record is not None:
        return render_record(reply.record, terminal)
    if operation.envelope is Envelope.OBJECT and not reply.rows:
        return "no data\n"
    page = render_page(reply.page, terminal)
    return render_rows(operation, reply.rows, terminal) + (f"\n{page}" if page else "")


def _reply_json(reply: "Reply") -> str:
    from runner.reporting.calls import json_text

    if reply.record is not None:
        return json_text({"operation": reply.operation_id, "data": reply.record})
    rows = {"operation": reply.operation_id, "rows": reply.rows, "page": dict(reply.page)}
    return json_text(rows)
