"""What a person reads before and after a decision."""

from collections.abc import Iterable

from runner.effects.model import EffectRow
from runner.reporting.escape import visible
from runner.reporting.terminal import Terminal, Tone, fitted, painted


def render_examined(facts: Iterable[str], terminal: Terminal) -> str:
    """Render what was read, one fact a line."""
    title = painted("what was read", Tone.STRONG, terminal)
    return fitted(f"{title}\n" + "".join(f"  {visible(each)}\n" for each in facts), terminal)


def render_resolved(row: EffectRow, outlook: Iterable[str], target: str, terminal: Terminal) -> str:
    """Render a decision that is durable, and what comes next; the last line can be typed."""
    order = row.order
    what = f"{order.path} (requestId {order.request_id}) is {row.state} now: {row.reason}"
    lines = [
        visible(what),
        *(visible(each) for each in outlook),
        f"next: runner resume {order.run_id} {target}",
    ]
    return fitted("\n" + "".join(f"{each}\n" for each in lines), terminal)
