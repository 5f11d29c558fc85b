"""What every command is handed: the surroundings, and the scrubber of its outputs."""

from collections.abc import Callable
from dataclasses import field

from runner.app.environment import Environment
from runner.core.boundary import Boundary, no_boundary
from runner.core.record import record
from runner.reporting.redaction import Redactor


@record
class Shell:
    """The ``obj`` of every click context: ``@click.pass_obj`` gives it to a command.

    Shapes: ``boundary`` is passed by code that starts the program itself, and by nothing else;
        ``shut_memory`` is called before the first key is loaded.
    """

    environment: Environment
    redactor: Redactor = field(default_factory=Redactor)
    boundary: Boundary = no_boundary
    shut_memory: Callable[[], None] = lambda: None
