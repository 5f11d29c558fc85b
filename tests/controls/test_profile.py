"""What profiles say of themselves."""

import pytest

from runner.controls.profile import Profile, ProfileKind


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://open-api.example.com", "open-api.example.com"),
        ("https://open-api.example.com:443", "open-api.example.com"),
        ("https://Open-API.example.com", "open-api.example.com"),
        ("https://open-api.example.com:8443", "open-api.example.com:8443"),
        ("http://127.0.0.1:80", "127.0.0.1"),
    ],
)
def test_host_has_one_spelling(url: str, host: str) -> None:
    profile = Profile(name="p", kind=ProfileKind.CUSTODIAN, url=url, entity="acme")

    assert profile.host == host
