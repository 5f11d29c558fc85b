"""The floor: what somebody would write by hand to send N signed requests.

``python -m benchmarks.signed_loop URL KEY_FILE N [AT_ONCE]``. No journal, no check but the answer's
code. It prints how many seconds the requests took.
"""

import asyncio
import base64
import sys
import time
from pathlib import Path

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PATH = "/open-api/v1/mirrorX/order/check"


def load_key(key_file: Path) -> rsa.RSAPrivateKey:
    """Read a key the way a hurried script would: unchecked, which saves 30 ms."""
    key = serialization.load_pem_private_key(
        key_file.read_bytes(), None, unsafe_skip_rsa_key_validation=True
    )
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


async def send_all(url: str, key: rsa.RSAPrivateKey, count: int, at_once: int) -> float:
    """Sign and send ``count`` requests through one client and return how long that took."""
    numbers = iter(range(count))
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:

        async def send_some() -> None:
            for _ in numbers:
                timestamp_ms = int(time.time() * 1_000)
                query = f"mirrorXLinkId=1&coinSymbol=USDT&orderType=10&timestamp={timestamp_ms}"
                signature = key.sign(query.encode("ascii"), padding.PKCS1v15(), hashes.SHA512())
                headers = {
                    "open-apikey": "benchmark",
                    "signature": base64.b64encode(signature).decode("ascii"),
                }
                answer = await client.get(f"{PATH}?{query}", headers=headers)
                assert answer.json()["code"] == "000000"

        started_s = time.perf_counter()
        await asyncio.gather(*(send_some() for _ in range(at_once)))
        return time.perf_counter() - started_s


if __name__ == "__main__":
    url, key_file, count, *rest = sys.argv[1:]
    at_once = int(rest[0]) if rest else 1
    print(asyncio.run(send_all(url, load_key(Path(key_file)), int(count), at_once)))
