"""A small custodian with books of its own, for writes that no sandbox serves yet.

It answers like the documentation says, loses replies when told to, and knows what it really did.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from runner.catalogue.load import load_api
from tests.actions.names import CUSTODY, DESK, PRIME
from tests.hand_clock import HandClock


@dataclass(kw_only=True)
class SmallCustodian:
    """Wallets, withdrawals, transfers and one webhook.

    Shapes: ``losing`` counts the replies to writes that get lost from now on; ``deaf`` those writes
        that never arrive; ``fee`` is charged in the coin itself on top of the amount, or
        ``charges`` where that is not empty; ``alters`` are members that are executed otherwise than
        asked for.
    """

    clock: HandClock
    losing: int = 0
    deaf: int = 0
    fee: str = "1.5"
    charges: str = ""
    alters: Mapping[str, Any] = field(default_factory=dict)
    wallets: dict[str, str] = field(
        default_factory=lambda: {CUSTODY.id: "custody", PRIME.id: "prime"}
    )
    subwallets: dict[str, str] = field(default_factory=lambda: {DESK.id: "desk"})
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        """Return the application that answers for every operation of the description."""
        routes = [
            Route(operation.path, self._endpoint(operation.id), methods=[operation.method])
            for operation in load_api().operations.values()
        ]
        return Starlette(routes=routes)

    def _endpoint(self, operation_id: str) -> Any:  # noqa: ANN401 - what Starlette takes
        async def answer(request: Request) -> Response:
            if request.method == "GET":
                asked = dict(parse_qsl(request.url.query))
                return _reply(getattr(self, _name(operation_id))(asked))
            body = json.loads(await request.body())
            if self.deaf:
                self.deaf -= 1
                return PlainTextResponse("bad gateway", status_code=502)
            self.writes.append((operation_id, body))
            data = getattr(self, _name(operation_id))({**body, **self.alters})
            if self.losing:
                self.losing -= 1
                return PlainTextResponse("bad gateway", status_code=502)
            return _reply(data)

        return answer

    # reads

    def _wallet_list(self, _: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        return _page(
            {
                "walletId": 1,
                "walletIdStr": wallet_id,
                "walletName": name,
                "walletType": 10 if wallet_id == CUSTODY.id else 20,
            }
            for wallet_id, name in self.wallets.items()
        )

    def _subwallet_list(self, _: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        return _page(
            {
                "walletId": 1,
                "walletIdStr": wallet_id,
                "walletName": name,
                "walletType": 21,
                "autoCollection": 0,
                "requestId": None,
            }
            for wallet_id, name in self.subwallets.items()
        )

    def _wallet_asset_list(self, asked: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        asset = {"amount": "1000", "availableAmount": "1000", "totalAmountWithMirror": "1000"}
        network = "ETH" if asked["walletId"] == CUSTODY.id else None
        return _page([{"coinSymbol": "USDT", "network": network, **asset}])

    def _subwallet_asset_list(self, asked: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        return self._wallet_asset_list(asked)

    def _withdrawal_detail(self, asked: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        shown = self.orders.get(asked.get("requestId", ""))
        by_order = (o for o in self.orders.values() if o["orderViewId"] == asked.get("orderViewId"))
        return shown or next(by_order, None)

    def _withdrawal_history(self, _: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        return _page(each for each in self.orders.values() if "walletStr" in each)

    def _withdrawal_fee(self, asked: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        inside = "toWalletIdStr" in asked
        fee = "0" if inside else self.fee
        return {"feeAmount": fee, "feeSymbol": asked["coinSymbol"]}

    def _coin_qualified_list(self, _: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        return [
            {
                "coinId": 1,
                "coinSymbol": coin,
                "coinFullName": coin,
                "network": network,
                "depositEnable": True,
                "withdrawalEnable": True,
                "withdrawalMin": "1",
                "withdrawalMax": None,
                "precision": places,
            }
            for coin, network, places in (("USDT", "ETH", 6), ("USDT", "BSC", 6), ("XRP", "XRP", 6))
        ]

    def _subwallet_transfer_detail(self, asked: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        return self.orders.get(asked["requestId"])

    def _subwallet_transfer_history(self, _: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        return _page(each for each in self.orders.values() if "fromWalletId" in each)

    # writes

    def _withdrawal_create(self, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        order_id = f"9{len(self.orders):05}"
        self.orders[str(body["requestId"])] = {
            "orderViewId": order_id,
            "txId": "0xfeed",
            "transferType": 10,
            "direction": 20,
            "fromAddress": None,
            "toAddress": body.get("withdrawalAddress"),
            "network": body["network"],
            "coinSymbol": body["coinSymbol"],
            "amount": str(Decimal(body["amount"]) + Decimal(self.charges or self.fee)),
            "feeSymbol": body["coinSymbol"],
            "feeAmount": self.charges or self.fee,
            "status": 40,
            "memo": body.get("memo"),
            "txTime": "1",
            "walletStr": body["walletId"],
            "requestId": str(body["requestId"]),
        }
        return {"orderViewId": order_id, "status": 10, "transferType": 10}

    def _subwallet_transfer_create(self, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        order_id = f"9{len(self.orders):05}"
        self.orders[str(body["requestId"])] = {
            "orderViewId": order_id,
            "direction": 10,
            "fromWalletId": body["fromWalletId"],
            "toWalletId": body["toWalletId"],
            "createTime": 1,
            "coinSymbol": body["coinSymbol"],
            "amount": body["amount"],
            "status": 30,
            "requestId": str(body["requestId"]),
        }
        return {"orderViewId": order_id, "status": 10, "direction": 10}

    def _wallet_create(self, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        wallet_id = f"55{len(self.wallets):05}"
        self.wallets[wallet_id] = body["walletName"]
        return {
            "walletId": 1,
            "walletIdStr": wallet_id,
            "walletName": body["walletName"],
            "walletType": body["walletType"],
        }

    def _subwallet_update(self, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        self.subwallets[body["walletId"]] = body["walletName"]
        return {
            "walletId": 1,
            "walletName": None,
            "walletType": 21,
            "autoCollection": None,
            "parentWalletId": None,
        }

    def _webhook_resend(self, _: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        return True


def _name(operation_id: str) -> str:
    return f"_{operation_id.replace('.', '_')}"


def _reply(data: object) -> Response:
    return JSONResponse({"data": data, "code": "000000", "message": "Success"})


def _page(rows: Any) -> dict[str, Any]:  # noqa: ANN401 - any rows
    listed = list(rows)
    return {"data": listed, "totalPage": 1, "pageNo": 1, "pageLimit": 100}
