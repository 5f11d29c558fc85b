"""Approvals with the real command, real keys and real ssh-keygen; the sandbox's books judge."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runner.controls.approvals import statement_bytes, statement_from_bytes
from runner.plan.codec import file_from_plan, plan_from_file
from tests.acceptance.controls import write_controls
from tests.acceptance.signing import (
    PERSONS,
    all_lines,
    approve,
    commit_all,
    digest_of,
    line,
    make_key,
    public_of,
    sign_file,
    statements,
    typed,
    write_signers,
)
from tests.acceptance.terminal import open_session
from tests.acceptance.workplace import MIRROR, Workplace, build_workplace, quick, run_id, world_text

OPTIONS = ("--sandbox", "--controls", "controls")
HEAD = "apiVersion: runner/v1\nkind: Policy\nrules:\n"
TWO = (
    "  - name: two\n    reason: Two look at it.\n    verdict:\n      approve:\n"
    "        groups: [treasury]\n        count: 2\n"
)


def write_policy(place: Workplace, rules: str) -> None:
    place.write("controls/policy.yaml", HEAD + rules)


def make_asked(place: Workplace, world: str = "") -> Workplace:
    """Make a plan for which two persons of the treasury are asked."""
    place.make_sandbox(world or world_text())
    with place.opened():
        pass
    place.write("job.yaml", quick(MIRROR))
    write_controls(place, "http://127.0.0.1:9")
    write_policy(place, TWO)
    write_signers(place)
    place.run("plan", "job.yaml", *OPTIONS, "-o", "plan.json").expect(0)
    return place


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a plan that nobody has approved, and the same one that anna and bob have."""
    bare, both = tmp_path_factory.mktemp("bare"), tmp_path_factory.mktemp("both")
    make_asked(build_workplace(bare))
    shutil.copytree(bare, both, dirs_exist_ok=True)
    for name in ("anna", "bob"):
        approve(Workplace(folder=both / "work"), name)
    return bare, both


@pytest.fixture
def asked(templates: tuple[Path, Path], tmp_path: Path) -> Workplace:
    """Return a folder with a plan that nobody has approved yet."""
    shutil.copytree(templates[0], tmp_path, dirs_exist_ok=True)
    return Workplace(folder=tmp_path / "work")


@pytest.fixture
def approved(templates: tuple[Path, Path], tmp_path: Path) -> Workplace:
    """Return a folder with a plan that both have approved."""
    shutil.copytree(templates[1], tmp_path, dirs_exist_ok=True)
    return Workplace(folder=tmp_path / "work")


def test_plan_is_sent_once_two_persons_have_approved_it(asked: Workplace) -> None:
    approve(asked, "anna", "--reason", "as every day")
    early = asked.run("apply", "plan.json", *OPTIONS, "--yes").expect(6)
    approve(asked, "bob")

    listed = asked.run("approve", "plan.json", "--list", *OPTIONS).expect(0)
    asked.run("apply", "plan.json", *OPTIONS, "--yes").expect(0)

    assert "1 of 2 given, by anna" in early.err
    assert "anna (anna@example.com, SHA256:" in listed.out
    assert "approved for treasury" in listed.out
    assert "as every day" in listed.out
    assert len(asked.orders()) == 2


def test_signing_shows_the_plan_and_asks_to_type_what_is_decided(asked: Workplace) -> None:
    key = make_key(asked, "anna")

    session = open_session(
        asked,
        "approve",
        "plan.json",
        "--as",
        "anna@example.com",
        "--key",
        key,
        "--role",
        "treasury",
    )
    for words, answer in (("entity", "acme"), ("number of effects", "2")):
        session.wait_for(f"type the {words}: ")
        session.type(answer)
    session.wait_for("type the largest outflow: ")
    session.type("25000 USDT")

    assert session.end() == 6
    assert "asked by  two (policy.yaml:4): 2 of treasury, for 2 effects" in session.shown
    assert "the largest outflow is not '25000 USDT' here; nothing was signed" in session.shown
    assert statements(asked) == []


def test_without_a_terminal_what_is_decided_has_to_be_given(asked: Workplace) -> None:
    named = ("--as", "anna@example.com", "--key", make_key(asked, "anna"), "--role", "treasury")

    asked.run("approve", "plan.json", *named).expect(64)
    asked.run("approve", "plan.json", *named, *typed(asked)[:4], "--largest", "1 USDT").expect(6)

    assert statements(asked) == []


def test_one_refusal_blocks_and_no_approval_of_the_same_person_takes_it_back(
    approved: Workplace,
) -> None:
    approve(approved, "carol", "--refuse", "--reason", "wrong link")
    approve(approved, "carol")

    ended = approved.run("apply", "plan.json", *OPTIONS, "--yes").expect(6)

    assert "carol has refused it: wrong link" in ended.err
    assert approved.writes() == ()


def test_delay_of_a_rule_counts_from_the_plan(approved: Workplace) -> None:
    write_policy(approved, TWO + "        delay: 1h\n")

    ended = approved.run("apply", "plan.json", *OPTIONS, "--yes").expect(6)

    assert "the rule's delay" in ended.err
    assert approved.writes() == ()


def rewritten(place: Workplace, change: Callable[[bytes], bytes], *, namespace: str = "") -> None:
    """Change bob's statement and, where a namespace is given, let him sign it again."""
    path = next(each for each in statements(place) if each.name.startswith("bob"))
    path.write_bytes(change(path.read_bytes()))
    if namespace:
        key = make_key(place, "bob")
        signature = sign_file(key, namespace, path.read_bytes())
        path.with_name(path.name + ".sig").write_bytes(signature)


def m_minus_one(place: Workplace) -> None:
    for each in statements(place):
        if each.name.startswith("bob"):
            each.unlink()


def one_person_twice(place: Workplace) -> None:
    m_minus_one(place)
    write_signers(place, allowed=all_lines(place) + line(place, "anna", key="anna-2"))
    approve(place, "anna", key="anna-2")


def one_key_under_two_names(place: Workplace) -> None:
    m_minus_one(place)
    write_signers(place, allowed=line(place, "anna") + line(place, "bob", key="anna"))
    approve(place, "bob", key="anna")


def yesterdays_plan(place: Workplace) -> None:
    """Copy the approvals of another plan to this one's."""
    place.run("plan", "job.yaml", *OPTIONS, "--input", "ticket=TRS-0002", "-o", "plan.json").expect(
        0
    )
    old = place.folder / "approvals"
    folder = next(old.iterdir())
    folder.rename(old / digest_of(place).removeprefix("sha256:"))


def policy_raised(place: Workplace) -> None:
    write_policy(place, TWO.replace("count: 2", "count: 3"))


def policy_of_another_group(place: Workplace) -> None:
    write_policy(place, TWO.replace("treasury", "risk"))


def crlf_in_a_statement(place: Workplace) -> None:
    rewritten(place, lambda data: data + b"\r\n", namespace="runner-plan-v1")


def byte_order_mark_in_a_statement(place: Workplace) -> None:
    rewritten(place, lambda data: b"\xef\xbb\xbf" + data, namespace="runner-plan-v1")


def two_signature_blocks(place: Workplace) -> None:
    path = next(each for each in statements(place) if each.name.startswith("bob"))
    file = path.with_name(path.name + ".sig")
    file.write_bytes(file.read_bytes() * 2)


def wildcard_principal(place: Workplace) -> None:
    write_signers(place, allowed=line(place, "anna") + f"* {public_of(make_key(place, 'bob'))}\n")


def authority(place: Workplace) -> None:
    lines = line(place, "anna") + line(place, "bob", options="cert-authority")
    write_signers(place, allowed=lines)


def before_its_time(place: Workplace) -> None:
    lines = line(place, "anna") + line(place, "bob", options='valid-after="20990101"')
    write_signers(place, allowed=lines)


def after_its_time(place: Workplace) -> None:
    lines = line(place, "anna") + line(place, "bob", options='valid-before="20200101"')
    write_signers(place, allowed=lines)


def signature_of_a_git_commit(place: Workplace) -> None:
    rewritten(place, bytes, namespace="git")


def for_another_namespace_only(place: Workplace) -> None:
    write_signers(
        place, allowed=line(place, "anna") + line(place, "bob", options='namespaces="git"')
    )


def principal_of_another(place: Workplace) -> None:
    """Bob signs with his own key, and says that he is Carol, who is in the treasury too."""
    m_minus_one(place)
    principal, _ = PERSONS["carol"]
    place.run(
        *("approve", "plan.json", "--as", principal, "--key", make_key(place, "bob")),
        *("--role", "risk", *typed(place)),
    ).expect(0)
    write_policy(place, TWO.replace("[treasury]", "[treasury, risk]"))


def role_of_another(place: Workplace) -> None:
    """Carol is in risk, and says that she speaks for the treasury."""
    m_minus_one(place)
    principal, _ = PERSONS["carol"]
    place.run(
        *("approve", "plan.json", "--as", principal, "--key", make_key(place, "carol")),
        *("--role", "treasury", *typed(place)),
    ).expect(0)


def changed_byte(place: Workplace) -> None:
    rewritten(place, lambda data: data.replace(b'"reason":""', b'"reason":"x"'))


def unlisted_key(place: Workplace) -> None:
    m_minus_one(place)
    approve(place, "bob", key="mallory")


def expired(place: Workplace) -> None:
    def earlier(data: bytes) -> bytes:
        statement = statement_from_bytes(data)
        return statement_bytes(
            replace(statement, valid_until=datetime.now(UTC) - timedelta(seconds=1))
        )

    rewritten(place, earlier, namespace="runner-plan-v1")


def signed_tomorrow(place: Workplace) -> None:
    def later(data: bytes) -> bytes:
        statement = statement_from_bytes(data)
        return statement_bytes(replace(statement, signed_at=statement.signed_at + timedelta(1)))

    rewritten(place, later, namespace="runner-plan-v1")


def revoked(place: Workplace) -> None:
    place.write("controls/revoked_signers", public_of(make_key(place, "bob")) + "\n")


def unreadable_list_of_revoked_keys(place: Workplace) -> None:
    place.write("controls/revoked_signers", "not a key at all\n")


def no_signature(place: Workplace) -> None:
    for each in (place.folder / "approvals").glob("*/bob*.sig"):
        each.unlink()


def nobody_of_the_controls(place: Workplace) -> None:
    (place.folder / "controls" / "signers.yaml").unlink()


def maker(place: Workplace) -> None:
    """Bob has made the plan, by the account the plan names."""
    plan = json.loads((place.folder / "plan.json").read_bytes())["plan"]
    write_signers(
        place, extra={"bob": f"    accounts:\n      - {plan['created_by'].partition('@')[0]}\n"}
    )


TRAPS = (
    m_minus_one,
    one_person_twice,
    one_key_under_two_names,
    yesterdays_plan,
    policy_raised,
    policy_of_another_group,
    crlf_in_a_statement,
    byte_order_mark_in_a_statement,
    two_signature_blocks,
    wildcard_principal,
    authority,
    before_its_time,
    after_its_time,
    signature_of_a_git_commit,
    for_another_namespace_only,
    principal_of_another,
    role_of_another,
    changed_byte,
    unlisted_key,
    expired,
    signed_tomorrow,
    revoked,
    unreadable_list_of_revoked_keys,
    no_signature,
    nobody_of_the_controls,
    maker,
)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__.replace("_", " "))
def test_what_is_no_approval_sends_nothing(
    approved: Workplace, trap: Callable[[Workplace], None]
) -> None:
    """Both have approved it, and then one thing is wrong."""
    trap(approved)

    approved.run("apply", "plan.json", *OPTIONS, "--yes").expect(6)

    assert approved.writes() == ()


def test_who_changed_the_playbook_does_not_approve_it(place: Workplace) -> None:
    """And what the working tree says about policy and signers changes nothing at a revision."""
    place.make_sandbox(world_text())
    with place.opened():
        pass
    place.write("job.yaml", quick(MIRROR))
    write_controls(place, "http://127.0.0.1:9")
    write_policy(place, TWO)
    write_signers(place)
    commit_all(place, "bob@example.com")
    options = ("--sandbox", "--controls", "controls@main")
    write_policy(place, "  - {name: all, reason: Mine., verdict: allow}\n")
    write_signers(place, allowed=line(place, "carol", key="mallory"))
    place.run("plan", "job.yaml", *options, "-o", "plan.json").expect(0)
    approve(place, "anna")
    approve(place, "bob")
    approve(place, "carol", key="mallory")

    ended = place.run("apply", "plan.json", *options, "--yes").expect(6)

    assert "bob changed the playbook" in ended.err
    assert "1 of 2 given, by anna" in ended.err
    assert place.writes() == ()


@pytest.mark.parametrize("mark", [b"\r\n", b"\xef\xbb\xbf"], ids=["crlf", "byte order mark"])
def test_plan_with_another_byte_is_no_plan(approved: Workplace, mark: bytes) -> None:
    path = approved.folder / "plan.json"
    path.write_bytes(mark + path.read_bytes())

    approved.run("apply", "plan.json", *OPTIONS, "--yes").expect(7)

    assert approved.writes() == ()


def bob_is_revoked(place: Workplace) -> None:
    revoked(place)


def bobs_approval_expires(place: Workplace) -> None:
    expired(place)


@pytest.mark.parametrize("event", [bob_is_revoked, bobs_approval_expires])
def test_approval_that_ends_in_mid_run_lets_nothing_more_go_until_there_is_a_valid_one(
    place: Workplace, event: Callable[[Workplace], None]
) -> None:
    """The first order takes two seconds; meanwhile it happens, and the second one waits."""
    make_asked(place, world_text(success_after="2s"))
    for name in ("anna", "bob"):
        approve(place, name)

    started = place.start("apply", "plan.json", *OPTIONS, "--yes")
    assert place.wait_for(lambda log: any(r.method == "POST" for r in log), unless=started)
    event(place)
    ended = started.end().expect(6)
    again = place.run("resume", run_id(place.folder / "plan.json"), *OPTIONS).expect(6)
    sent_until_then = len(place.orders())
    (place.folder / "controls" / "revoked_signers").unlink(missing_ok=True)
    approve(place, "bob")
    place.run("resume", run_id(place.folder / "plan.json"), *OPTIONS).expect(0)

    assert "1 of 2 given, by anna" in ended.err + ended.out
    assert "runner resume" in ended.out
    assert "1 of 2 given, by anna" in again.err + again.out
    assert sent_until_then == 1
    assert len(place.orders()) == 2


def commit_by(place: Workplace, name: str) -> str:
    """Commit the playbook as it is, by one person, and return the commit."""
    address = PERSONS[name][0]
    for words in (("add", "job.yaml"), ("commit", "--quiet", "--message=change")):
        git(place, "-c", f"user.name={name}", "-c", f"user.email={address}", *words)
    return git(place, "rev-parse", "HEAD")


def git(place: Workplace, *words: str) -> str:
    """Ask git in the working folder."""
    return subprocess.run(
        ["git", "-C", str(place.folder), *words], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.parametrize("named", ["", "before", "--output=owned"])
def test_who_changed_the_playbook_cannot_approve_whatever_commit_the_plan_names(
    asked: Workplace, named: str
) -> None:
    """A digest says that a plan is whole: whoever makes one writes any commit into it."""
    git(asked, "init", "--quiet")
    job = asked.folder / "job.yaml"
    final = job.read_text()
    job.write_text(f"# as it was\n{final}")
    before = commit_by(asked, "carol")
    job.write_text(final)
    commit_by(asked, "bob")
    path = asked.folder / "plan.json"
    plan = plan_from_file(path.read_bytes()).plan
    commit = before if named == "before" else named
    path.write_bytes(file_from_plan(replace(plan, git_commit=commit)).data)
    write_signers(
        asked, extra={name: f"    emails:\n      - {who}\n" for name, (who, _) in PERSONS.items()}
    )
    for name in ("anna", "bob"):
        approve(asked, name)

    asked.run("apply", "plan.json", *OPTIONS, "--yes").expect(6)

    assert asked.writes() == ()
    assert not (asked.folder / "owned").exists()
