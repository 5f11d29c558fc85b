"""Requests as clients make them that know nothing of this project; only the base URL is ours."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from runner.core.clock import SystemClock
from runner.sandbox.directory import Sandbox, open_sandbox
from runner.sandbox.server import serve
from tests.sandbox.good_requests import proof_world
from tests.sandbox.signed_caller import Caller, data_of

FOREIGN = Path(__file__).parent / "foreign"
LABEL = "Börse & Söhne: [a,b] $1+1 50%~'(x)!*"
ENCODED_BY_GO = (
    "label=B%C3%B6rse+%26+S%C3%B6hne%3A+%5Ba%2Cb%5D+%241%2B1+50%25~%27%28x%29%21%2A"
    "&pageLimit=25&pageNo=1&timestamp={now}"
)
"""By net/url: sorted by name, a blank is a plus, and only - _ . ~ stay as they are."""
ENCODED_BY_JAVA = (
    "timestamp={now}&label=B%C3%B6rse+%26+S%C3%B6hne%3A+%5Ba%2Cb%5D+%241%2B1+50%25%7E%27%28x"
    "%29%21*&pageNo=1&pageLimit=25"
)
"""By URLEncoder: * stays, ~ does not."""
ENCODED_SMALL = (
    "pageNo=1&label=B%c3%b6rse%20%26%20S%c3%b6hne%3a%20%5ba%2cb%5d%20%241%2b1%2050%25~%27%28x"
    "%29%21%2a&timestamp={now}"
)
"""With small letters in its escapes."""
WHITELIST = "/open-api/v1/wallet/pageWhitelist"


@pytest.fixture
def served(tmp_path: Path, proof_keys: Path) -> Iterator[Sandbox]:
    """Return a sandbox on the real clock, which is the only one foreign clients know."""
    shutil.copytree(proof_keys, tmp_path / "box" / "keys")
    with closing(open_sandbox(tmp_path / "box", proof_world(), SystemClock())) as sandbox:
        yield sandbox


async def run_client(sandbox: Sandbox, program: str, *arguments: str) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    key = sandbox.keys["full"]
    async with serve(sandbox.app) as url:
        process = await asyncio.create_subprocess_exec(
            program,
            arguments[0],
            *(url, key.api_key, str(key.pem_path), *arguments[1:]),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        told, complaints = await process.communicate()
    assert (process.returncode, complaints.decode()) == (0, "")
    return told.decode()


async def test_node_client_is_understood(served: Sandbox, tmp_path: Path) -> None:
    private = load_pem_private_key(served.keys["full"].pem_path.read_bytes(), None)
    pkcs1 = tmp_path / "pkcs1.pem"
    pkcs1.write_bytes(
        private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )

    told: dict[str, Any] = json.loads(
        await run_client(served, "node", str(FOREIGN / "client.mjs"), str(pkcs1))
    )

    assert {name: answer["code"] for name, answer in told.items()} == {
        "added": "000000",
        "querystring": "000000",
        "axios": "000000",
        "search_params": "000000",
        "pkcs1": "000000",
        "upper_case_headers": "000000",
        "numbers": "000000",
        "texts": "000000",
        # The trap of the vendor's own SDK: the HTTP library changes what was signed.
        "rewritten_after_signing": "G20009",
        # An id that went through a double names no wallet, and that is how it is found out.
        "number_as_float": "G20013",
    }
    for name in ("querystring", "axios", "search_params"):
        assert [row["label"] for row in told[name]["data"]["data"]] == [LABEL]
    assert told["numbers"]["data"]["requestId"] == str(2**40)
    assert told["texts"]["data"]["requestId"] == str(2**40 + 1)
    assert [order.amount for order in served.ledger.orders()] == [Decimal("12.5")] * 2
    assert served.ledger.check() == ()


async def test_curl_and_openssl_are_understood(served: Sandbox) -> None:
    for program in ("curl", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")

    told = await run_client(served, "sh", str(FOREIGN / "client.sh"))

    positions, order = (json.loads(line) for line in told.splitlines())
    assert positions["code"] == order["code"] == "000000"
    assert positions["data"]["data"][0]["mirrorXLinkId"] == "7127"
    assert order["data"]["requestId"] == "91"


@pytest.mark.parametrize(
    "encoded",
    [ENCODED_BY_GO, ENCODED_BY_JAVA, ENCODED_SMALL],
    ids=["go", "java", "small letters"],
)
async def test_query_is_read_by_everybodys_rules(operator: Caller, encoded: str) -> None:
    added = {
        "addressType": 1,
        "address": "0x27B1fdb04752Bbc536007A920D24ACB045561c26",
        "label": LABEL,
        "symbol": "USDT",
        "network": "ETH",
        "confirmation": "confirmed",
    }
    data_of(await operator.post("/open-api/v1/wallet/addWhitelist", **added))

    response = await operator.get_raw(WHITELIST, encoded.format(now=operator.clock.now_ms))

    assert [row["label"] for row in data_of(response)["data"]] == [LABEL]
