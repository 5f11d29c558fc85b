"""A desk over the real sandbox application in virtual time: minutes pass in milliseconds."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runner.app.desk import Account, Desk, build_client, build_desk
from runner.app.effect_keys import EffectKey
from runner.app.usecases.loading import bound_inputs, read_playbook
from runner.app.usecases.planning import Superseding, make_plan, silent
from runner.app.world_directory import directory_from_world
from runner.catalogue.load import load_api
from runner.client.keys import KeyFile, KeySigner, load_key
from runner.client.transport import HttpTransport
from runner.controls.profile import ProfileFacts
from runner.journal.sqlite import open_journal
from runner.plan.codec import PlanFile
from runner.sandbox.app import build_app
from runner.sandbox.directory import Sandbox, open_sandbox
from runner.sandbox.keys import load_public_key
from runner.sandbox.world import World
from runner.sandbox.world_file import default_world
from tests.hand_clock import HandClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What happens to writes on their way: replies lost, requests lost, others coming first.

    Shapes: ``lose`` is ``reply``, ``request`` or empty; ``before`` is awaited before each write;
        ``shows_request_ids`` makes the custodian list requestIds from now on; ``keep`` is told the
        bytes of each write as they arrive, if they do.
    """

    lose: str = ""
    shows_request_ids: bool = False
    before: Callable[[], Awaitable[None]] | None = None
    keep: Callable[[bytes], None] | None = None

    def between(self, app: ASGIApp) -> ASGIApp:
        """Return the application as seen through this network."""

        async def seen(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["method"] != "POST":
                await app(scope, receive, send)
                return
            if self.before is not None:
                await self.before()
            if self.keep is not None:
                receive = _kept(receive, self.keep)
            if self.lose != "request":
                await app(scope, receive, send if not self.lose else _nowhere)
            if self.lose:
                await PlainTextResponse("bad gateway", status_code=502)(scope, receive, send)

        return seen


def _kept(receive: Receive, keep: Callable[[bytes], None]) -> Receive:
    parts: list[bytes] = []

    async def kept() -> Message:
        message = await receive()
        if message["type"] == "http.request":
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                keep(b"".join(parts))
        return message

    return kept


async def _nowhere(message: Message) -> None:
    """Take a reply that never arrives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One test's world: open desks as often as a test has processes."""

    folder: Path
    sandbox: Sandbox
    clock: HandClock
    stack: AsyncExitStack

    async def desk(
        self, *, state: str = "state.sqlite", effects: bool = True, network: "Network | None" = None
    ) -> Desk:
        """Open a desk on the place's sandbox, like a new process would."""
        network = network or Network()
        mount = network.between(self._app(shows_request_ids=network.shows_request_ids))
        key = self.sandbox.keys["operator"]
        signer = KeySigner(
            api_key=key.api_key, key=load_key(KeyFile(path=key.pem_path), environ={})
        )
        transport = await self.stack.enter_async_context(
            HttpTransport("http://127.0.0.1", mount=mount)
        )
        store = open_journal(self.folder / state, clock=self.clock)
        self.stack.callback(store.close)
        switches = self.sandbox.world.switches
        account = Account(
            profile="test",
            host=self.sandbox.host,
            is_sandbox=True,
            directory=directory_from_world(self.sandbox.world),
            controls_digest=f"sha256:{'0' * 64}",
            facts=ProfileFacts(
                timestamp_window=timedelta(milliseconds=switches.timestamp_window_ms),
                clock_skew=timedelta(0),
                read_lag=timedelta(milliseconds=switches.visibility_delay_ms),
            ),
        )
        client = build_client(transport, signer, self.clock, rate=100_000)
        return build_desk(
            account,
            clock=self.clock,
            read_client=client,
            effect_keys=(EffectKey(name="operator", client=client),) if effects else (),
            store=store,
        )

    def _app(self, *, shows_request_ids: bool) -> ASGIApp:
        if not shows_request_ids:
            return self.sandbox.app
        world = self.sandbox.world
        keys = self.sandbox.folder / "keys"
        return build_app(
            name=self.sandbox.name,
            api=load_api(),
            world=replace(world, switches=replace(world.switches, records_carry_request_id=True)),
            ledger=self.sandbox.ledger,
            keys=tuple(load_public_key(keys, key, {}) for key in world.keys),
            clock=self.clock,
        )

    def write(self, text: str, name: str = "playbook.yaml") -> Path:
        """Write a playbook's file."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    async def plan(
        self, desk: Desk, path: Path, *flags: str, supersedes: str = "", again: tuple[str, ...] = ()
    ) -> PlanFile:
        """Plan a playbook with inputs given as flags."""
        playbook, _ = read_playbook(path, name=str(path))
        bound = bound_inputs(playbook, flags, None)
        superseding = Superseding(run_id=supersedes, again=again)
        planned = await make_plan(desk, playbook, bound, silent, superseding=superseding)
        return planned.file

    def writes(self) -> list[tuple[str, str]]:
        """Return operation and requestId of every write that was executed, by the sandbox."""
        return [
            (request.operation, request.request_id)
            for request in self.sandbox.ledger.requests()
            if request.method == "POST" and request.code == "000000"
        ]

    def posts(self) -> int:
        """Count every write that arrived, executed or not."""
        return sum(request.method == "POST" for request in self.sandbox.ledger.requests())


@pytest.fixture(scope="session")
def generated_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys") / "default"
    open_sandbox(folder, default_world(), HandClock()).close()
    return folder / "keys"


MakePlace = Callable[[World], Place]


@pytest.fixture
async def make_place(tmp_path: Path, generated_keys: Path) -> AsyncIterator[MakePlace]:
    clock = HandClock()
    opened: list[Sandbox] = []
    async with AsyncExitStack() as stack:

        def make(world: World) -> Place:
            folder = tmp_path / "sandbox" / "test"
            shutil.copytree(generated_keys, folder / "keys")
            sandbox = open_sandbox(folder, world, clock)
            opened.append(sandbox)
            return Place(folder=tmp_path, sandbox=sandbox, clock=clock, stack=stack)

        yield make
    for sandbox in opened:
        sandbox.close()


@pytest.fixture
def place(make_place: MakePlace) -> Place:
    return make_place(default_world())
