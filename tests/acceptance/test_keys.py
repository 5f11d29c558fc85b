"""Which of a sandbox's keys signs: one that may do all the plan needs; else the plan is refused."""

from tests.acceptance.kinds import assert_once, kinds_world, playbook
from tests.acceptance.workplace import Workplace, replaced

ALL_GROUPS = (
    "Enable Enquiry",
    "Enable Wallet Management",
    "Enable Withdrawal",
    "Enable Internal Transfer",
    "Enable Mirror Operation",
)


def key(name: str, *groups: str, **more: str) -> str:
    """Return the lines of one key of a world."""
    lines = [f"- name: {name}", "  permissions:", *(f"    - {group}" for group in groups)]
    lines += [f"  {option}: {value}" for option, value in more.items()]
    return "".join(f"  {line}\n" for line in lines)


def keys_world(*keys: str) -> str:
    """Return a world of two entities with other keys."""
    text = kinds_world()
    before, _, rest = text.partition("\nkeys:\n")
    _, _, after = rest.partition("\n# From acceptance")
    text = f"{before}\nkeys:\n{''.join(keys)}\n# From acceptance{after}"
    return replaced(text, "entity: acme\n", "entity: acme\nother_entities: [beta]\n")


def test_plan_is_signed_with_a_key_that_may_do_all_of_it(place: Workplace) -> None:
    place.make_sandbox(
        keys_world(
            key("foreign", *ALL_GROUPS, entity="beta"),
            key("expired", *ALL_GROUPS, expired="true"),
            key("elsewhere", *ALL_GROUPS, ips='["10.1.2.3"]'),
            key("tied", *ALL_GROUPS, wallets="[acme/desk-01]"),
            key("reader", "Enable Enquiry"),
            key("mirror", "Enable Mirror Operation"),
            key("payer", "Enable Withdrawal", "Enable Wallet Management"),
        )
    )
    job = place.write("job.yaml", playbook("withdraw", "rename"))

    place.run("run", job, "--sandbox", "--yes").expect(0)

    assert {(r.method, r.key_name) for r in place.requests()} == {
        ("GET", "reader"),
        ("POST", "payer"),
    }
    assert_once(place, "withdraw", "rename")


def test_plan_that_no_key_may_carry_out_is_not_sent(place: Workplace) -> None:
    place.make_sandbox(
        keys_world(
            key("reader", "Enable Enquiry"),
            key("payer", "Enable Withdrawal"),
            key("steward", "Enable Wallet Management"),
        )
    )
    two = place.write("two.yaml", playbook("withdraw", "rename"))
    move = place.write("move.yaml", playbook("withdraw", "down"))

    scattered = place.run("run", two, "--sandbox", "--yes").expect(3)
    place.run("plan", move, "--sandbox", "-o", "plan.json").expect(0)
    nowhere = place.run("apply", "plan.json", "--sandbox", "--yes").expect(3)

    assert (
        'no single key may do all that the plan needs: "payer" lacks "Enable Wallet Management";'
        ' "steward" lacks "Enable Withdrawal"'
    ) in " ".join(scattered.err.split())
    assert '"Enable Internal Transfer" is missing' in " ".join(nowhere.err.split())
    assert place.writes() == ()
