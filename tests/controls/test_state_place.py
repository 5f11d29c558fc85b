"""Where a journal may be, and what its URL must not hold."""

from datetime import timedelta

import pytest

from runner.controls.credentials import FromVariable
from runner.controls.profile import Profile, profiles_from_document
from runner.controls.state_place import PostgresPlace, postgres_place
from runner.core.errors import InvalidInput
from runner.core.source import SourceFile
from runner.documents.yaml import read_yaml


def test_url_of_another_machine_checks_its_certificate() -> None:
    place = postgres_place("postgresql://runner@db.example.com:6432/treasury?schema=acme&lease=1m")

    assert place == PostgresPlace(
        host="db.example.com",
        port=6432,
        database="treasury",
        user="runner",
        schema="acme",
        lease=timedelta(minutes=1),
        parameters=(("sslmode", "verify-full"), ("sslrootcert", "system")),
    )
    assert str(place) == "PostgreSQL db.example.com:6432/treasury, schema acme"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///treasury",
        "postgresql://localhost/treasury",
        "postgresql://127.0.0.1/treasury",
        "postgresql:///treasury?host=/run/postgresql",
        "postgresql:///treasury?service=treasury",
    ],
)
def test_this_machine_and_a_service_file_say_themselves_how_they_are_reached(url: str) -> None:
    assert "sslmode" not in dict(postgres_place(url).parameters)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u:canary77@h/db", "must not hold a password"),
        ("postgresql://u@h/db?password=canary77", "must not hold a password"),
        ("postgresql://u@h/db?sslpassword=canary77", "must not hold a password"),
        ("postgresql://u@h/db?options=-csynchronous_commit%3Doff", "must not hold a password"),
        ("postgresql://h/db?shema=canary77", "no such parameter"),
        ("postgresql://h/db?schema=Canary77", "schema holds"),
        ("postgresql://h/db?schema=pg_canary77", "never starts with pg_"),
        ("postgresql://h/db?sslmode=require", "sslmode must be"),
        ("postgresql://h/db?lease=9s", "lease must be"),
        ("postgresql://h/db?lease=2h", "lease must be"),
        ("postgresql://h/", "the name of a database"),
        ("postgresql://h1:1,h2:2/db", "one host"),
        ("mysql://canary77/db", "must be a file, or a URL"),
        ("postgresql://[canary77/db", "must be a file, or a URL"),
    ],
)
def test_odd_url_is_refused_without_being_repeated(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        postgres_place(url)

    assert "canary77" not in str(refused.value)


PROFILE = """\
apiVersion: runner/v1
kind: Profiles
profiles:
  main:
    kind: custodian
    url: https://custody.example
    entity: acme
    state: {state}
    state_password: {{env: DB_PASSWORD}}
"""


def test_profile_names_its_database_and_where_the_password_is() -> None:
    profile = profiles(PROFILE.format(state="postgresql://runner@localhost/treasury"))["main"]

    assert profile.state == postgres_place("postgresql://runner@localhost/treasury")
    assert profile.state_password == FromVariable(name="DB_PASSWORD")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("postgresql://runner:canary77@localhost/treasury", "must not hold a password"),
        ("/var/lib/state.sqlite", "state_password is for a journal in a database"),
    ],
)
def test_profile_that_holds_a_password_or_needs_none_is_refused(state: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        profiles(PROFILE.format(state=state))

    (found,) = refused.value.diagnostics
    assert words in found.summary
    assert "canary77" not in f"{found.summary} {found.hint}"


def profiles(text: str) -> dict[str, Profile]:
    return profiles_from_document(
        read_yaml(SourceFile(name="profiles.yaml", text=text)), folder=None
    )
