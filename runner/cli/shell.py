"""What every command is handed: the surroundings, and the scrubber of its outputs."""

from dataclasses import field

from runner.app.environment import Environment
from runner.core.record import record
from runner.reporting.redaction import Redactor


@record
class Shell:
    """The ``obj`` of every click context: ``@click.pass_obj`` gives it to a command."""

    environment: Environment
    redactor: Redactor = field(default_factory=Redactor)
