"""Signs what schemathesis generates, as the documentation says: loaded by it, not by pytest.

The environment names the API key and the file of the private key. What is signed is what is about
to be sent, whatever schemathesis made of it: right and wrong requests alike.
"""

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import schemathesis
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from requests import PreparedRequest
from requests.auth import AuthBase
from schemathesis.auths import GLOBAL_AUTH_STORAGE

from tests.sandbox.good_requests import BINANCE_UID, MIRROR_LINK, MIRRORX_LINK


class Signed(AuthBase):
    """Puts the two headers on a request; the last thing that happens to it."""

    def __init__(self, api_key: str, pem: bytes) -> None:
        private = load_pem_private_key(pem, None)
        assert isinstance(private, RSAPrivateKey)
        self._api_key = api_key
        self._private = private

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        signed = request.body if request.method == "POST" else urlsplit(str(request.url)).query
        signed = signed or b""
        signed = signed if isinstance(signed, bytes) else str(signed).encode()
        signature = self._private.sign(signed, PKCS1v15(), SHA512())
        request.headers["open-apikey"] = self._api_key
        request.headers["signature"] = base64.b64encode(signature).decode()
        return request


GLOBAL_AUTH_STORAGE.set_from_requests(
    Signed(os.environ["SANDBOX_API_KEY"], Path(os.environ["SANDBOX_KEY_FILE"]).read_bytes())
)


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Leave out links that do not exist: what the catalogue has for G20029 is the status 200."""
    for given in (case.body, case.query):
        if isinstance(given, Mapping):
            for name, known in _LINKS.items():
                link = given.get(name)
                if isinstance(link, str | int) and not isinstance(link, bool):
                    return str(link) == known
    return True


_LINKS = {"mirrorLinkId": MIRROR_LINK, "mirrorXLinkId": MIRRORX_LINK}
_LINKS |= {"binanceUID": BINANCE_UID, "binanceUid": BINANCE_UID}
