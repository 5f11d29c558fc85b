"""From parameters and a key to the bytes that are signed and sent; pure, so tests need values only.

The signed text is the query string of a GET or the body of a POST, nothing else. There is no
canonical form: whatever bytes are signed must be the bytes that are sent, so each text is built
once, here, and never encoded again.

Source: ``operations.yaml`` signing; NOTES section 7.
"""

import base64
from collections.abc import Iterable
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from runner.core.jsonvalue import parse_strict_json


def sign(key: rsa.RSAPrivateKey, data: bytes) -> str:
    """Sign bytes with RSASSA-PKCS1-v1_5 and SHA-512.

    Shapes: standard base64 on one line. The scheme is deterministic: equal bytes give an equal
        signature.
    """
    return base64.b64encode(key.sign(data, padding.PKCS1v15(), hashes.SHA512())).decode("ascii")


def query_text(pairs: Iterable[tuple[str, str]], timestamp_ms: int) -> str:
    """Build the query string of a GET, timestamp last.

    Shapes: names and values in the order given, UTF-8, everything but ASCII letters, digits and
        ``-._~`` percent-encoded, so that no URL library has a reason to encode it again.
    """
    encoded = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs]
    return "&".join([*encoded, f"timestamp={timestamp_ms}"])


def body_bytes(planned_body: str, timestamp_ms: int) -> bytes:
    """Build the body of a POST: the planned text with the timestamp as its last member.

    Shapes: ``planned_body`` is the text of a JSON object, from brace to brace, without a
        ``timestamp``; every other byte of it is sent as it stands in the plan.
    Errors: ``ValueError`` (``JsonInvalid`` among them) when the planned text is anything else.
    """
    if not (planned_body.startswith("{") and planned_body.endswith("}")):
        raise ValueError("a planned body must be the text of a JSON object and nothing around it")
    members = parse_strict_json(planned_body.encode("utf-8"))
    assert isinstance(members, dict), "text from brace to brace that is JSON is an object"
    if "timestamp" in members:
        raise ValueError("a planned body has no timestamp: it is put in when the body is signed")
    if not members:
        return f'{{"timestamp":{timestamp_ms}}}'.encode("ascii")
    return f'{planned_body[:-1]},"timestamp":{timestamp_ms}}}'.encode()
