"""What a shell is offered while a ``runner call`` is typed."""

import click
from click.shell_completion import CompletionItem


def complete_operation(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the operations, each with its summary where the shell shows one."""
    del ctx, param
    from runner.catalogue.load import load_api

    operations = load_api().operations
    return [
        CompletionItem(name, help=operations[name].title)
        for name in operations
        if name.startswith(incomplete)
    ]


def complete_parameter(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer ``name=`` for what is not given yet, and the values of a name that has few."""
    assert param.name is not None
    from runner.app.usecases.calling import parameter_names
    from runner.catalogue.load import load_api

    operation = load_api().operations.get(ctx.params.get("operation") or "")
    if operation is None:
        return []
    name, sign, text = incomplete.partition("=")
    parameter = operation.parameter(name)
    if sign and parameter is not None:
        values = parameter.choices or tuple(value for value, _ in parameter.meanings)
        meanings = dict(parameter.meanings)
        return [
            CompletionItem(f"{name}={value}", help=meanings.get(value))
            for value in values
            if value.startswith(text)
        ]
    given = {str(word).partition("=")[0] for word in ctx.params.get(param.name) or ()}
    return [
        CompletionItem(f"{each}=")
        for each in parameter_names(operation)
        if each.startswith(name) and each not in given
    ]
