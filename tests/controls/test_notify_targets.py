"""Whom runs may tell something: https, and this machine for a sandbox."""

import pytest

from runner.controls.notify_targets import NotifyTarget, checked_url


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/services/T0/B0/x?y=1",
        "https://hooks.example.com:8443/",
        "https://hooks.example.com",
    ],
)
def test_https_is_taken_everywhere(url: str) -> None:
    assert checked_url(url, may_be_local=False) == url
    assert checked_url(url, may_be_local=True) == url


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9001/desk", "http://localhost:9001/desk", "http://[::1]:9001/desk"]
)
def test_this_machine_is_taken_for_a_sandbox_alone(url: str) -> None:
    assert checked_url(url, may_be_local=True) == url
    with pytest.raises(ValueError, match="must start with https://"):
        checked_url(url, may_be_local=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/desk",
        "http://127.0.0.1.example.com/desk",
        "http://10.0.0.1/desk",
        "ftp://127.0.0.1/desk",
        "https://user:pass@hooks.example.com/",
        "https://hooks.example.com/#part",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\u00fc",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:x/",
        "https:///room",
        "chat.example.com/room",
        "",
    ],
)
def test_everything_else_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|url") as refused:
        checked_url(url, may_be_local=True)

    assert not url or url not in str(refused.value)


def test_address_is_in_no_repr() -> None:
    assert "hooks" not in repr(NotifyTarget(name="desk", url="https://hooks.example.com/T0"))
