"""Where a journal may be, and what its URL must not hold."""

from datetime import timedelta

import pytest

from runner.controls.state_place import PostgresPlace, postgres_place


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
