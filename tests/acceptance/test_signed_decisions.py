"""Plans signed by their maker, and decisions that the policy puts under signatures."""

from tests.acceptance.controls import write_controls
from tests.acceptance.halting import halted_mirrorx, halting_world
from tests.acceptance.signing import PERSONS, approve, make_key, write_signers
from tests.acceptance.workplace import MIRROR, Ended, Workplace, quick, run_id, world_text

OPTIONS = ("--sandbox", "--controls", "controls")
ALLOW = (
    "apiVersion: runner/v1\nkind: Policy\nrules:\n"
    "  - {name: all, reason: A quiet day., verdict: allow}\n"
)
ONE = (
    "  - name: one\n    reason: One looks at it.\n    verdict:\n      approve:\n"
    "        groups: [treasury]\n"
)


def controlled(place: Workplace, control: str, *, rules: str = ALLOW) -> None:
    write_controls(place, "http://127.0.0.1:9")
    place.write("controls/policy.yaml", f"{rules}control:\n{control}")
    write_signers(place)


def sign_request(place: Workplace, name: str, word: str) -> Ended:
    """Let a person sign the one request there is."""
    (request,) = (place.folder / "decisions").iterdir()
    principal, group = PERSONS[name]
    key = make_key(place, name)
    who = ("--as", principal, "--key", key, "--role", group)
    return place.run("approve", request, *who, "--decision", word)


def test_plan_of_no_known_maker_is_not_sent_where_policy_asks_for_one(place: Workplace) -> None:
    """And its maker is known by a signature, so that no approval of theirs counts."""
    place.make_sandbox(world_text())
    place.write("job.yaml", quick(MIRROR))
    rules = ALLOW.partition("  - {")[0] + ONE
    controlled(place, "  plan:\n    signed: true\n", rules=rules)
    plan = ("plan", "job.yaml", *OPTIONS, "-o", "plan.json")
    place.run(*plan).expect(0)
    approve(place, "bob")
    unsigned = place.run("apply", "plan.json", *OPTIONS, "--yes").expect(6)

    signer = ("--sign", "--as", "anna@example.com", "--key", make_key(place, "anna"))
    place.run(*plan, *signer).expect(0)
    approve(place, "anna")
    own = place.run("apply", "plan.json", *OPTIONS, "--yes").expect(6)
    sent = place.writes()
    approve(place, "bob")
    place.run("apply", "plan.json", *OPTIONS, "--yes").expect(0)

    assert "no maker of this one is known" in unsigned.err
    assert "anna made the plan" in own.err
    assert sent == ()
    assert len(place.orders()) == 2


def test_allowed_plan_needs_its_maker_too(place: Workplace) -> None:
    place.make_sandbox(world_text())
    place.write("job.yaml", quick(MIRROR))
    controlled(place, "  plan:\n    signed: true\n")
    place.run("plan", "job.yaml", *OPTIONS, "-o", "plan.json").expect(0)

    ended = place.run("apply", "plan.json", *OPTIONS, "--yes").expect(6)

    assert "no maker of this one is known" in ended.err
    assert place.writes() == ()


def test_halted_effect_is_resolved_once_enough_have_signed_just_that(place: Workplace) -> None:
    place.make_sandbox(halting_world())
    plan = halted_mirrorx(place)
    controlled(place, "  resolve:\n    groups: [treasury]\n    count: 2\n")
    order = place.orders()[0].id
    decide = ("resolve", run_id(plan), "delegate", "--adopt", order, "--yes", *OPTIONS)

    first = place.run(*decide).expect(6)
    wrong = sign_request(place, "anna", "resolve not-executed delegate").expect(6)
    for name in ("anna", "bob"):
        sign_request(place, name, "resolve adopt delegate").expect(0)
    another = place.run(*decide, "--reason", "another reason").expect(6)
    place.run(*decide).expect(0)

    assert "resolve needs the signatures of 2 of treasury: 0 of 2 given" in first.err
    assert "runner approve" in first.err
    assert "nothing was signed" in wrong.err
    assert "0 of 2 given" in another.err
    place.run("resume", run_id(plan), *OPTIONS).expect(0)


def test_lock_is_broken_by_signatures_alone(place: Workplace) -> None:
    place.make_sandbox(halting_world())
    plan = halted_mirrorx(place)
    controlled(place, "  lock_break:\n    groups: [treasury]\n")
    lock = place.run("lock", "list", "--sandbox").expect(0).out.split()
    name = next(word for word in lock if word.startswith("mirrorx:"))
    breaking = ("lock", "break", name, "--reason", "over", *OPTIONS)

    place.run(*breaking).expect(6)
    sign_request(place, "carol", f"lock_break {name}").expect(0)
    other_group = place.run(*breaking).expect(6)
    sign_request(place, "anna", f"lock_break {name}").expect(0)
    behind = place.run(*breaking).expect(8)

    assert "0 of 1 given" in other_group.err
    assert run_id(plan) in behind.err


def test_stop_is_lifted_by_signatures_for_just_that_stop(place: Workplace) -> None:
    place.make_sandbox(world_text())
    with place.opened():
        pass
    controlled(place, "  start:\n    groups: [risk]\n")
    place.run("stop", "--reason", "an incident", "--sandbox").expect(0)
    lift = ("start", "--reason", "over", *OPTIONS)

    place.run(*lift).expect(6)
    sign_request(place, "carol", "start all").expect(0)
    place.run(*lift).expect(0)
    place.run("stop", "--reason", "another", "--sandbox").expect(0)
    replayed = place.run(*lift).expect(6)

    assert "0 of 1 given" in replayed.err
