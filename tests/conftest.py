"""What every test stands on: a cleared environment, loopback only, repeatable Hypothesis runs."""

import ipaddress
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres import served

REPOSITORY = Path(__file__).resolve().parent.parent

# A run in CI draws the same examples every time; a search for new ones names another profile:
# HYPOTHESIS_PROFILE=explore pytest ...
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# What would change an answer of the program from one machine to the next.
_CLEARED_PREFIXES = ("CEFFU_RUNNER_", "GITHUB_", "GITLAB_", "CI_")
_CLEARED = frozenset(
    {
        "all_proxy",
        "ci",
        "clicolor",
        "clicolor_force",
        "columns",
        "force_color",
        "http_proxy",
        "https_proxy",
        "lines",
        "no_color",
        "no_proxy",
        "ssl_cert_dir",
        "ssl_cert_file",
        "tty_compatible",
        "tty_interactive",
    }
)


class NetworkRefused(RuntimeError):
    """A test tried to reach something other than loopback."""

    def __init__(self, *, host: str) -> None:
        super().__init__(f"tests reach loopback only, this one asked for {host}")


def _is_loopback(host: object) -> bool:
    if not isinstance(host, str):
        return host is None
    if host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_network(event: str, args: tuple[object, ...]) -> None:
    if event == "socket.connect":
        address = args[1]
        # A Unix socket's address is a text, a network address a tuple that starts with the host.
        host = address[0] if isinstance(address, tuple) else None
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if not _is_loopback(host):
        raise NetworkRefused(host=str(host))


# An audit hook and no patch: it also sees connections made below `socket`, by any library.
sys.addaudithook(_refuse_network)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start each test with none of our settings, no proxy, no CI, and a state home of its own."""
    for name in list(os.environ):
        if name.startswith(_CLEARED_PREFIXES) or name.lower() in _CLEARED:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg-state"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Return the URL of an empty PostgreSQL database of this test process, or skip without one."""
    with served() as url:
        yield url


@pytest.fixture(scope="session")
def shared_corpora() -> Path:
    """Return the folder of foreign test vectors beside the checkout, or skip without it."""
    corpora = REPOSITORY.parent / "shared" / "corpora"
    if not corpora.is_dir():
        pytest.skip("the foreign test vectors (Wycheproof, JCS, naughty strings) are not here")
    return corpora


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Return the folder of what ``tools/editor_tools.sh`` installs, or skip without it."""
    folder = REPOSITORY / ".editor" / "node_modules"
    if not folder.is_dir():
        pytest.skip("the language server is not here: tools/editor_tools.sh installs it")
    return folder
