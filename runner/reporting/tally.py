"""What a run's events add up to."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.core.jsonvalue import JsonValue
from runner.effects.model import OPEN_STATES
from runner.engine.events import EffectChanged, Event, RunFinished, RunStarted, StepFinished


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts steps and remembers where each effect stands, from events alone.

    Shapes: ``steps`` maps the words of ``StepState`` to counts; ``effect_states`` maps paths to the
        last state seen, in the order of their first change.
    Units: ``duration_s`` is seconds, of this process's part of the run.
    """

    run_id: str = ""
    playbook: str = ""
    dry: bool = False
    steps: Counter[str] = field(default_factory=Counter)
    effect_states: dict[str, str] = field(default_factory=dict)
    outputs: Mapping[str, JsonValue] = field(default_factory=dict)
    message: str = ""
    duration_s: float = 0.0

    def emit(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, RunStarted):
            self.run_id, self.playbook, self.dry = event.run_id, event.playbook, event.dry
        elif isinstance(event, StepFinished):
            self.steps[event.state.value] += 1
        elif isinstance(event, EffectChanged):
            self.effect_states[event.path] = event.state
        elif isinstance(event, RunFinished):
            self.outputs, self.message = event.outputs, event.message
            self.duration_s = event.duration_s

    @property
    def unknown_count(self) -> int:
        """Count the effects of which nobody can say what became of them."""
        return sum(state in _OPEN for state in self.effect_states.values())


_OPEN = frozenset(state.value for state in OPEN_STATES)
