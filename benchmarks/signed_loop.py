"""The floor: what somebody would write by hand to send N signed requests one after the other.

``python -m benchmarks.signed_loop URL KEY_FILE N``. No journal, no check but the answer's code.
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


async def send_all(url: str, key: rsa.RSAPrivateKey, count: int) -> None:
    """Sign and send ``count`` requests on one connection."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        for _ in range(count):
            timestamp_ms = int(time.time() * 1_000)
            query = f"mirrorXLinkId=1&coinSymbol=USDT&orderType=10&timestamp={timestamp_ms}"
            signature = key.sign(query.encode("ascii"), padding.PKCS1v15(), hashes.SHA512())
            headers = {
                "open-apikey": "benchmark",
                "signature": base64.b64encode(signature).decode("ascii"),
            }
            answer = await client.get(f"{PATH}?{query}", headers=headers)
            assert answer.json()["code"] == "000000"


if __name__ == "__main__":
    asyncio.run(send_all(sys.argv[1], load_key(Path(sys.argv[2])), int(sys.argv[3])))
