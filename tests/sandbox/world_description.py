"""The API's description, narrowed to one world: what a sandbox of it accepts with strict types.

The description says what holds for every institution; which coins, wallets and links there are, and
how much a wallet holds, is a world's. ``described_world`` takes the description that is compiled
into the package and puts that in, so that a generator of requests knows the right ones from the
wrong ones.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from runner.catalogue.api import Api, Operation
from runner.catalogue.load import load_api
from tests.client.samples import COMPILED
from tests.sandbox.good_requests import (
    BINANCE_UID,
    BROKER,
    EXCHANGE_UID,
    GOOD,
    MIRROR_LINK,
    MIRRORX_LINK,
    PRIME,
    QUALIFIED,
    START_MS,
)

Schema: TypeAlias = dict[str, Any]

_DAY_MS = 86_400_000
_WINDOW_MS = 60_000
_INTEGER_MAX = 10**18 - 1
_LEFT_EMPTY = frozenset({"withdrawalAddress", "toWalletIdStr", "customizeFeeAmount", "memo"})
_NUMBERED = frozenset({"bizType", "walletType", "status", "pageNo", "pageLimit"})
_NUMBERED |= {"startTime", "endTime", "resendFromDateTime"}
_WALLETS = frozenset({"walletId", "walletIdStr", "parentWalletId", "fromWalletId", "toWalletId"})


def described_world(operation_ids: Collection[str], *, only_sufficient: bool) -> Schema:
    """Return the description of some operations as the world of ``good_requests`` has them.

    With ``only_sufficient`` everything it allows is carried out, and some of what it forbids would
    be too; without, everything it forbids is refused, and some of what it allows may be too (a
    range of time too long, more than a wallet holds).
    """
    api = load_api()
    document: Schema = json.loads(COMPILED.read_bytes())
    by_path: dict[str, Any] = {}
    for operation in api.operations.values():
        if operation.id not in operation_ids:
            continue
        method = operation.method.lower()
        node = document["paths"][operation.path][method]
        _Narrowing(api, document, operation, only_sufficient=only_sufficient).apply(node)
        by_path.setdefault(operation.path, {})[method] = node
    document["paths"] = by_path
    return document


class _Narrowing:
    """One operation's parameters, narrowed."""

    def __init__(
        self, api: Api, document: Schema, operation: Operation, *, only_sufficient: bool
    ) -> None:
        self._api = api
        self._document = document
        self._operation = operation
        self._only_sufficient = only_sufficient
        # A description cannot say that one of several is needed, or that two exclude each other.
        self._dropped = {*operation.requires_one_of[1:], *operation.at_most_one_of[1:]}

    def apply(self, node: Schema) -> None:
        if "requestBody" in node:
            schema = node["requestBody"]["content"]["application/json"]["schema"]
            schema["properties"] = {
                name: self._schema(name, self._resolved(each))
                for name, each in schema["properties"].items()
                if name not in self._dropped
            }
            needed = _NEEDED.get(self._operation.id, ()) if self._only_sufficient else ()
            schema["required"] = [
                *schema["required"],
                *self._operation.requires_one_of[:1],
                *needed,
            ]
            node["requestBody"]["content"]["application/json"].pop("examples", None)
            return
        parameters = [dict(self._resolved(each)) for each in node["parameters"]]
        node["parameters"] = [each for each in parameters if each["name"] not in self._dropped]
        for parameter in node["parameters"]:
            schema = self._resolved(parameter["schema"])
            if "string" in schema.get("type", ()):
                # In a query everything is text.
                schema = {**schema, "type": "string"}
            parameter["schema"] = self._schema(parameter["name"], schema)
            parameter.pop("example", None)
            parameter["required"] |= parameter["name"] in self._operation.requires_one_of

    def _resolved(self, node: Schema) -> Schema:
        while "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = {**target, **{name: each for name, each in node.items() if name != "$ref"}}
        return node

    def _schema(self, name: str, schema: Schema) -> Schema:
        schema = {key: each for key, each in schema.items() if key != "examples"}
        own = _OF_OPERATION.get((self._operation.id, name))
        exact = own if own is not None else self._exact(name, schema)
        if not self._only_sufficient:
            return schema | exact
        return schema | exact | _SUFFICIENT.get(name, {})

    def _exact(self, name: str, schema: Schema) -> Schema:
        types = schema.get("type", ())
        if name == "timestamp" and types == "string":
            return {"enum": [str(START_MS)]}
        if name in _EXACT:
            return _EXACT[name]
        if name in _WALLETS:
            wallet = GOOD[self._operation.id].parameters[name]
            known = [str(wallet)] if "string" in types else []
            return {"enum": known + ([int(wallet)] if "integer" in types else [])}
        if "enum" in schema:
            return {}
        if name in _NUMBERED:
            return _number(types, schema)
        if name == "requestId":
            return _request_id(types)
        if types == "string" and name not in _LEFT_EMPTY:
            return {"minLength": 1}
        return {}


def _number(types: str | list[str], schema: Schema) -> Schema:
    if types == "string":
        return {"pattern": "^[1-9][0-9]{0,17}$"}
    bounds = {bound: schema[bound] for bound in ("minimum", "maximum") if bound in schema}
    return {"type": "integer", "minimum": 0, "maximum": _INTEGER_MAX} | bounds


def _request_id(types: str | list[str]) -> Schema:
    text = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,69}$"}
    number = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
    if types == "string":
        return text
    if types == "integer":
        return number
    return {**text, **number, "type": types}


_ADDRESS = {"pattern": "^0x[0-9a-fA-F]{40}$"}
_AMOUNT = {"pattern": r"^(0|[1-9][0-9]{0,29})(\.[0-9]{1,18})?$"}
_FLAG = {"type": "string", "enum": ["true", "false"]}

_EXACT: Mapping[str, Schema] = {
    "timestamp": {
        "type": "integer",
        "minimum": START_MS - _WINDOW_MS,
        "maximum": START_MS + _WINDOW_MS,
    },
    "coinSymbol": {"enum": ["USDT"]},
    "symbol": {"enum": ["USDT"]},
    "network": {"enum": ["ETH"]},
    "symbols": {"items": {"type": "string", "enum": ["USDT", "BTC"]}},
    "networks": {"items": {"type": "string", "enum": ["ETH", "BTC"]}},
    "bizTypes": {"items": {"type": "integer", "minimum": -(2**63) + 1, "maximum": 2**63 - 1}},
    "walletIds": {"items": {"type": "string", "enum": [QUALIFIED]}},
    "mirrorLinkId": {"enum": [MIRROR_LINK]},
    "mirrorXLinkId": {"enum": [MIRRORX_LINK, int(MIRRORX_LINK)]},
    "binanceUID": {"enum": [BINANCE_UID]},
    "binanceUid": {"enum": [BINANCE_UID]},
    "exchangeUserId": {"enum": [EXCHANGE_UID]},
    "withdrawalAddress": {"enum": [BROKER]},
    "excludeZeroAmountFlag": _FLAG,
    "amount": _AMOUNT,
    "customizeFeeAmount": {"pattern": f"^$|{_AMOUNT['pattern']}"},
    "startDate": {"enum": ["20261101", 20261101]},
    "endDate": {"enum": ["20261130", 20261130]},
    "webhookId": {"enum": ["1721442311151521794"]},
}
"""Of every operation that has the parameter: anything else is refused."""

_OF_OPERATION: Mapping[tuple[str, str], Schema] = {
    ("withdrawal.create", "memo"): {"enum": [""]},
    ("withdrawal.create_v1", "memo"): {"enum": [""]},
    ("withdrawal.create_v1", "toWalletIdStr"): {"enum": [""]},
    ("withdrawal.fee", "toWalletIdStr"): {"enum": [PRIME]},
    ("whitelist.upsert", "memo"): {"enum": [""]},
    ("whitelist.upsert", "address"): _ADDRESS,
    ("whitelist.upsert", "whitelistId"): {"enum": ["8100000000000003"]},
    ("whitelist.upsert", "label"): {"minLength": 1, "maxLength": 200},
    ("mirror.asset.apply", "operationType"): {"enum": ["1"]},
    ("exchange.transfer.create", "direction"): {"enum": [10]},
}
"""Of one operation's parameter, in place of the above."""

_NEEDED: Mapping[str, Collection[str]] = {"exchange.transfer.create": ("coinSymbol",)}
"""What is not required, and yet needed to be carried out."""

_SUFFICIENT: Mapping[str, Schema] = {
    "amount": {"type": "string", "pattern": r"^[1-9][0-9](\.[0-9]{1,6})?$"},
    "customizeFeeAmount": {"pattern": r"^[1-9](\.[0-9]{1,6})?$"},
    "startTime": {"minimum": START_MS - 20 * _DAY_MS, "maximum": START_MS - 10 * _DAY_MS},
    "endTime": {"minimum": START_MS - 9 * _DAY_MS, "maximum": START_MS},
    "resendFromDateTime": {"minimum": START_MS - 20 * _DAY_MS, "maximum": START_MS},
    "correspondentDetail": {"enum": [{}, {"toFromType": 1, "selfHostedWalletProvider": "none"}]},
}
"""Narrower still, so that everything is carried out."""
