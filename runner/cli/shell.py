"""What every command is handed: the surroundings, and the scrubber of its outputs."""

from dataclasses import dataclass, field

from runner.app.environment import Environment
from runner.reporting.redaction import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """The ``obj`` of every click context: ``@click.pass_obj`` gives it to a command."""

    environment: Environment
    redactor: Redactor = field(default_factory=Redactor)
