"""A plan whose every text was written by somebody who wishes us ill."""

from dataclasses import replace
from decimal import Decimal

from runner.plan.codec import PlanFile, file_from_plan
from runner.plan.model import (
    Plan,
    PlannedBalance,
    PlannedEffect,
    PlannedFile,
    PlannedInput,
    PlannedLine,
    PlannedOffline,
    PlannedStep,
    PlannedVerdict,
)

ATTACKS = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "</style><style>body{display:none}</style>",
    "</title></svg><svg onload=document.title='owned'>",
    "&lt;b&gt; &amp; &#x3c;i&#x3e;",
    "javascript:document.title='owned'",
    "[click](https://evil.example) ![x](https://evil.example/x.png) @everyone",
    '```mermaid\nclick s1 href "https://evil.example"\n```',
    '"]; click s1 call owned() %%{init: {}}%%',
    "end\nsubgraph x",
    "| a | b |\n|---|---|",
    "\u202egnp.exe\u202c \u200b \x1b[31m \x00 \u2028",
    "1. a list # and a heading",
    "x" * 400,
    "url(https://evil.example/y) @import 'https://evil.example/z.css'",
)
"""What a page, a graph or a Markdown text could take for more than a text."""


def hostile_file(plan: Plan) -> PlanFile:
    """Return a plan file in which every text is an attack; all attacks are in the titles of steps.

    Shapes: ``plan`` is any plan with one effect.
    """
    (effect,) = plan.effects
    worst = " ".join(ATTACKS)
    steps = [_step(f"s{number}", attack) for number, attack in enumerate(ATTACKS)]
    loop = _step("loop", worst, kind="foreach")
    item = replace(_step("loop[%3Cb%3E]", f"{worst}[%3Cb%3E]", kind="effect"), action=worst)
    return file_from_plan(
        replace(
            plan,
            playbook=worst,
            summary=worst,
            source=worst,
            profile=worst,
            host=worst,
            entity=worst,
            labels={worst: worst},
            names={worst: {worst: worst}},
            facts={worst: worst},
            created_by=worst,
            files=(PlannedFile(name=worst, digest=worst),),
            inputs=(PlannedInput(name=worst, type=worst, value=worst, origin=worst),),
            steps=(*steps, loop, item),
            effects=(_effect(effect, worst),),
            totals={worst: {worst: Decimal("1.5")}},
            balances=(
                PlannedBalance(
                    account=worst, coin=worst, before=None, change=Decimal(1), after=Decimal(2)
                ),
            ),
            verdicts=(
                PlannedVerdict(
                    path="loop[%3Cb%3E]",
                    verdict="approve",
                    rule=worst,
                    place=worst,
                    reason=worst,
                    groups=(worst,),
                    count=2,
                    delay="1h",
                ),
            ),
            offline=PlannedOffline(
                recording=worst, assumed=(worst,), unread=(worst,), unplanned=(worst,)
            ),
            warnings=(worst,),
        )
    )


def _step(path: str, text: str, *, kind: str = "use") -> PlannedStep:
    return PlannedStep(
        path=path,
        title=text,
        kind=kind,
        action=text,
        state="done",
        message=text,
        result=text,
        conditions=(text,),
    )


def _effect(effect: PlannedEffect, worst: str) -> PlannedEffect:
    return replace(
        effect,
        path="loop[%3Cb%3E]",
        title=worst,
        action=worst,
        kind=worst,
        coin=worst,
        network=worst,
        lock=worst,
        url_path=worst,
        body='{"amount":"1.5","memo":"<script>document.title=1</script>","requestId":"77"}',
        lines=(PlannedLine(label=worst, text=worst),),
        debit=worst,
        credit=worst,
        decided=False,
    )
