"""A plan in each of its forms, and on disk."""

from pathlib import Path

from runner.core.errors import SettingsInvalid
from runner.core.files import FileRefused, write_whole
from runner.plan.codec import PlanFile
from runner.reporting.terminal import Terminal


def plan_view(file: PlanFile, form: str, terminal: Terminal) -> str:
    """Return a plan as ``text``, ``json``, ``markdown``, ``mermaid`` or ``html``.

    Shapes: ``terminal`` is what a text is made for.
    """
    # Each form is only paid for by those who ask for it.
    if form == "html":
        from runner.reporting.plan_page import plan_page

        return plan_page(file)
    if form == "mermaid":
        from runner.reporting.plan_mermaid import mermaid

        return mermaid(file)
    if form == "markdown":
        from runner.reporting.plan_markdown import plan_markdown

        return plan_markdown(file)
    from runner.reporting.plan_text import plan_json, plan_lines

    return plan_json(file) if form == "json" else "\n".join(plan_lines(file, terminal))


def write_view(path: Path, text: str) -> None:
    """Write a view of a plan whole or not at all.

    Errors: ``SettingsInvalid`` where it cannot be written.
    """
    hint = "name a file in a folder of yours"
    data = text if text.endswith("\n") else f"{text}\n"
    try:
        write_whole(path, data.encode("utf-8", "backslashreplace"))
    except FileRefused as exc:
        raise SettingsInvalid(f"{exc}, and a view would replace it", hint=hint) from exc
    except OSError as exc:
        raise SettingsInvalid(f"{path} cannot be written: {exc.strerror}", hint=hint) from exc
