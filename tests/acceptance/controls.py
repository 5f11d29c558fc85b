"""A controls folder as an operator has one, and a sandbox served by a process of its own."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.workplace import Workplace

DIRECTORY = """\
apiVersion: runner/v1
kind: Directory
entity: acme
coins:
  USDT: 6
  BTC: 8
  ETH: 18
networks:
  - ETH
  - BSC
  - BTC
wallets:
  acme/custody-01:
    id: "374671162262925312"
    type: qualified
  acme/prime-01:
    id: "306718327844294657"
    type: prime
mirror_links:
  acme/mirror-01:
    id: "1450411129215791001"
    wallet: acme/custody-01
    binance_uid: "1000001201741"
  acme/mirror-02:
    id: "1450411129215791002"
    wallet: acme/custody-01
    binance_uid: "1000001201742"
mirrorx_links:
  acme/arb-01:
    id: "7127"
    wallet: acme/prime-01
    binance_uid: "854038747"
destinations:
  acme/cold-01:
    address: "0x52908400098527886E0F7030069857D2E4169EE7"
    networks:
      - ETH
    memo: "82486739"
    label: Cold vault
"""


def key_lines(read: str, effect: str) -> str:
    """Return the two credentials of a profile.

    Shapes: each is a source as profiles spell it, ``file: PATH``, ``env: NAME`` or ``fd: NUMBER``,
        with ``{part}`` where the two halves of one key differ: ``API_KEY`` or ``KEY``.
    """
    return "".join(
        f"    {name}:\n"
        f"      api_key:\n        {source.format(part='API_KEY')}\n"
        f"      key:\n        {source.format(part='KEY')}\n"
        for name, source in (("read_key", read), ("effect_key", effect))
    )


def write_controls(
    place: Workplace, url: str, *, kind: str = "sandbox", keys: str = "", extra: str = ""
) -> Path:
    """Write a controls folder with one profile, ``main``.

    Shapes: ``keys`` are lines as ``key_lines`` makes them; without them the key files of the
        sandbox ``default`` are named. ``extra`` are more lines of the profile.
    """
    folder = place.sandboxes / "default" / "keys"
    files = "".join(
        f"    {name}:\n"
        f"      api_key:\n        file: {folder}/{key}.api-key\n"
        f"      key:\n        file: {folder}/{key}.pem\n"
        for name, key in (("read_key", "reader"), ("effect_key", "operator"))
    )
    place.write("controls/directory.yaml", DIRECTORY)
    place.write(
        "controls/profiles.yaml",
        "apiVersion: runner/v1\nkind: Profiles\nprofiles:\n  main:\n"
        f"    kind: {kind}\n    url: {url}\n    entity: acme\n{keys or files}{extra}",
    )
    return place.folder / "controls"


@contextmanager
def served(place: Workplace, *, port: int = 0) -> Iterator[str]:
    """Serve the sandbox ``default`` by ``runner sandbox serve`` while the block lasts."""
    server = place.start("sandbox", "serve", "--port", str(port))
    try:
        assert server.process.stdout is not None
        yield server.process.stdout.readline().strip()
    finally:
        server.process.send_signal(signal.SIGTERM)
        server.end()
