"""Exit 10: what a person is told who must find out what became of an effect."""

import json
import re
import shlex

from tests.acceptance.halting import halting_world, lose_reply
from tests.acceptance.jobs import MIRRORX_JOB, is_sent
from tests.acceptance.workplace import (
    MIRROR,
    MIRRORX,
    Workplace,
    planned,
    quick,
    run_id,
    world_text,
)
from tests.pages import page, section


def steadied(text: str) -> list[str]:
    """Return lines without what differs from one run to the next."""
    for pattern, word in (
        (r"R-[0-9a-f]{16}", "RUN"),
        (r"\b2[0-9]{25}\b", "ORDER"),
        (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "MOMENT"),
        (r"timestamp [0-9]{13}", "timestamp MS"),
        (r"requestId(\":\"| )[0-9]{12,16}", "requestId ID"),
        (r"halted  +[0-9]{12,16}", "halted ID"),
        (r"\(status [0-9]+\)|status [0-9]+,", "status"),
        (r" in [0-9.]+s$", " in TIME"),
        (r"not as projected.*$", "REMARK"),
        (r" +(750000|1000000|300000|50000) ", " AMOUNT "),
    ):
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    # A requestId has sixteen digits or fewer, which is where a line may be cut and a column end.
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def test_page_shows_what_is_printed_and_its_commands_settle_it(place: Workplace) -> None:
    place.make_sandbox(halting_world())
    plan = planned(place, quick(MIRROR))
    lose_reply(place, "mirror.asset.apply")

    ended = place.run("apply", plan, "--sandbox", "--yes").expect(10)

    (block,) = re.findall(
        r"^```text\n(.*?)^```$",
        section(page("operations.md"), "Exit 10: outcome unknown"),
        re.DOTALL | re.MULTILINE,
    )
    assert steadied(ended.out[ended.out.index("\nrecap") :]) == steadied(block)
    logged = place.run("logs", run_id(plan), "--json", "--sandbox").expect(0)
    (known,) = json.loads(logged.out)["open_effects"]
    (sent,) = place.orders()
    assert known["request_id"] == sent.request_id
    assert json.loads(known["body"])["requestId"] == sent.request_id
    assert [each["order_id"] for each in known["near"]] == [sent.id]
    resume, adopt, _ = (shlex.split(each)[1:] for each in known["commands"])
    assert sent.request_id in known["ask"]
    place.run(*adopt, "--yes").expect(0)
    place.run(*resume).expect(0)
    assert len(place.writes()) == 2


def test_resume_of_a_run_that_another_process_drives_tells_of_its_open_effect_first(
    place: Workplace,
) -> None:
    place.make_sandbox(world_text(reply_delay="mirrorx.order.create: 6s"))
    plan = planned(place, quick(MIRRORX))
    process = place.start("apply", plan, "--sandbox", "--yes")
    place.wait_for(is_sent(MIRRORX_JOB))
    (sent,) = place.orders()

    told = place.run("resume", run_id(plan), "--sandbox").expect(10)

    assert "is being driven by" in told.err
    assert f"requestId {sent.request_id}  sending" in told.out
    assert "Please tell us what became of the request" in told.out
    process.kill()


def test_resume_elsewhere_tells_of_an_open_effect_first(place: Workplace) -> None:
    """The sandbox was made anew under the same journal: that is another custodian."""
    place.make_sandbox(halting_world())
    plan = planned(place, quick(MIRRORX))
    lose_reply(place, "mirrorx.order.create")
    place.run("apply", plan, "--sandbox", "--yes").expect(10)
    run = run_id(plan)
    state = place.sandboxes / "default" / "state.sqlite"
    kept = state.read_bytes()
    place.make_sandbox(world_text())
    planned(place, quick(MIRRORX))
    state.write_bytes(kept)

    told = place.run("resume", run, "--sandbox").expect(10)

    assert "belongs to sandbox:default/" in told.err
    assert "delegate  requestId " in told.out
