"""``runner completion``: what a shell reads to complete verbs, options, operations and names."""

import click

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell_name", metavar="SHELL", type=click.Choice(_SHELLS))
def completion(shell_name: str) -> int:
    """Print the completion of SHELL: bash, zsh or fish.

    \b
    Example
      runner completion bash > ~/.local/share/bash-completion/completions/runner
      runner completion fish > ~/.config/fish/completions/runner.fish
    """  # noqa: D301 - \b is click's mark for a block that is not rewrapped
    from click.shell_completion import ShellComplete, get_completion_class

    from runner.cli.program import COMPLETE_VARIABLE, build_program

    found = get_completion_class(shell_name)
    assert found is not None, "click knows the three"
    completer = found(build_program(), {}, "runner", COMPLETE_VARIABLE)
    # Not the completer's own: bash's starts the bash on the PATH to ask for its version.
    click.echo(ShellComplete.source(completer))
    return 0
