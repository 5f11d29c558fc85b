"""Where a sandbox lives: one folder with its world, ledger and keys, made on first use.

``.runner/sandbox/NAME/`` (mode 0700) holds ``world.yaml``, ``ledger.sqlite`` and ``keys/``. Beside
it, because ``reset`` moves the folder away, stand two lock files that the kernel frees with their
process. ``.NAME.making`` is held for the short time in which a sandbox is made, opened or reset, so
two processes that start at once share one sandbox; making ends with the ledger's rename, and one
that was killed is finished by the next. ``.NAME.open`` is shared by all that have the sandbox open,
which keeps ``reset`` out.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import IO

from starlette.applications import Starlette

from runner.catalogue.load import load_api
from runner.core.clock import Clock
from runner.core.errors import LockHeld, SettingsInvalid
from runner.core.money import ZERO
from runner.core.record import record
from runner.sandbox.added_keys import AddedKeys
from runner.sandbox.app import mount_service
from runner.sandbox.books import Books
from runner.sandbox.clock import ClockChange, ClockRow, SandboxClock, changed_row, first_row
from runner.sandbox.clock_row import read_row, write_row
from runner.sandbox.keys import (
    KeyFile,
    create_key_files,
    create_webhook_key,
    load_key_file,
    load_public_key,
)
from runner.sandbox.ledger import Ledger, RowReader
from runner.sandbox.lifecycles import after_stage
from runner.sandbox.orders import Account, AccountKind
from runner.sandbox.registry import Registry
from runner.sandbox.service import Service
from runner.sandbox.steering import seed_steering
from runner.sandbox.verify import PublicKey
from runner.sandbox.wallets import networks_of
from runner.sandbox.world import Holding, World
from runner.sandbox.world_file import DEFAULT_WORLD_PATH, load_world
from runner.sandbox.world_json import world_digest

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)


@record
class Sandbox:
    """An open sandbox: the application to mount or serve, and what a client needs to call it.

    Shapes: ``keys`` are by name; ``digest`` is the world's, the one plans carry;
        ``webhook_key_path`` is the private key that notifications are signed with, None where the
        world has no webhooks.
    """

    name: str
    folder: Path
    world: World
    digest: str
    app: Starlette
    ledger: Ledger
    clock: SandboxClock
    keys: Mapping[str, KeyFile]
    row_reader: RowReader
    lock: IO[bytes]
    webhook_key_path: Path | None = None

    @property
    def host(self) -> str:
        """Return how plans name this sandbox.

        Source: DESIGN section 4, Sandbox.
        """
        return f"sandbox:{self.name}/{self.digest}"

    def change_clock(self, change: ClockChange) -> ClockRow:
        """Change the time for all that have the sandbox open, and return the new row.

        Errors: ``UsageInvalid`` for a change that cannot be.
        """
        with self.ledger.transaction() as books:
            row = changed_row(read_row(books), change, self.clock.real.now())
            write_row(books, row)
        return row

    def close(self) -> None:
        """Let go of the ledger and the lock; calling twice is safe."""
        self.ledger.close()
        self.row_reader.close()
        self.lock.close()


class SandboxDirectory:
    """The sandboxes of one project, by name.

    Shapes: ``root`` is the folder that holds them, usually ``.runner/sandbox``.
    """

    def __init__(self, root: Path) -> None:
        """Take the folder; it need not exist."""
        self._root = root

    def names(self) -> tuple[str, ...]:
        """Return the names of the sandboxes that exist, sorted."""
        if not self._root.is_dir():
            return ()
        return tuple(sorted(path.parent.name for path in self._root.glob("*/ledger.sqlite")))

    def folder(self, name: str) -> Path:
        """Return where the sandbox of that name lives, whether it exists or not.

        Errors: ``SettingsInvalid`` for a name that is not a plain word.
        """
        if not _NAME.fullmatch(name):
            raise SettingsInvalid(
                f"{name!r} cannot name a sandbox",
                hint="use up to 40 small letters, digits and hyphens",
            )
        return self._root / name

    def world(self, name: str, *, world_path: Path | None = None) -> World:
        """Return the world a sandbox has, or would be made with; nothing is made.

        Shapes: ``world_path`` as for ``open``.
        Errors: as ``open``.
        """
        kept = self.folder(name) / "world.yaml"
        if not kept.exists():
            return load_world(world_path or DEFAULT_WORLD_PATH)
        world = load_world(kept)
        _require_same_world(name, world, world_path)
        return world

    def open(self, name: str, *, clock: Clock, world_path: Path | None = None) -> Sandbox:
        """Open the sandbox of that name, made first if there is none.

        Shapes: ``world_path`` is the world of a new sandbox; without it the default world is used.
            For a sandbox that exists it must say the same world.
        Errors: ``InvalidInput`` or ``WorldInvalid`` for a world that cannot be used,
            ``SettingsInvalid`` for another world than the sandbox has, ``LockHeld`` while it is
            being reset.
        """
        folder = self.folder(name)
        kept = folder / "world.yaml"
        with _making(folder):
            if not kept.exists():
                source = world_path or DEFAULT_WORLD_PATH
                load_world(source)
                _make_folder(folder)
                _copy_world(source, kept)
        world = load_world(kept)
        _require_same_world(name, world, world_path)
        return open_sandbox(folder, world, clock)

    def reset(self, name: str, *, world_path: Path | None = None) -> None:
        """Forget all that happened: the next ``open`` makes the sandbox anew, keys included.

        Whatever else was kept in the folder goes too. The world stays, unless another is given.

        Errors: ``LockHeld`` while a process has it open; ``InvalidInput`` or ``WorldInvalid`` for
            a world that cannot be used, and then nothing is forgotten.
        """
        folder = self.folder(name)
        with _making(folder), _closed(folder):
            source = world_path or folder / "world.yaml"
            if world_path is None and not source.exists():
                source = DEFAULT_WORLD_PATH
            load_world(source)
            content = source.read_bytes()
            if folder.exists():
                old = folder.with_name(f".{name}.old")
                shutil.rmtree(old, ignore_errors=True)
                folder.rename(old)
                shutil.rmtree(old)
            _make_folder(folder)
            (folder / "world.yaml").write_bytes(content)


def _require_same_world(name: str, world: World, world_path: Path | None) -> None:
    if world_path is not None and world_digest(load_world(world_path)) != world_digest(world):
        raise SettingsInvalid(
            f"sandbox {name!r} was made from another world than {world_path}",
            hint=f"runner sandbox reset {name}, or use another name",
        )


def open_sandbox(folder: Path, world: World, clock: Clock, *, alone: bool = False) -> Sandbox:
    """Open the sandbox in a folder, made first from the world if there is none.

    Shapes: ``clock`` is the machine's; the sandbox's own is made from it by the world. ``alone``
        promises that nobody will change it while the sandbox is open, as with a ``VirtualClock``.
        The folder's name is the sandbox's. Keys found in ``folder/keys`` are kept, so a test
        may copy them there instead of generating its own.
    Errors: ``LedgerRefused`` if the ledger there was made from another world, ``KeyRefused``.
    """
    digest = world_digest(world)
    ledger_path = folder / "ledger.sqlite"
    keys = folder / "keys"
    with ExitStack() as opened:
        with _making(folder):
            _make_folder(folder)
            _make_folder(keys)
            for key in world.keys:
                create_key_files(keys, key)
            webhook_key_path = create_webhook_key(keys) if world.webhooks else None
            if not ledger_path.exists():
                real_now = clock.now()
                Ledger.create(
                    ledger_path,
                    now=first_row(world.clock, real_now).moment(real_now),
                    seed=partial(seed_ledger, world, real_now),
                    world_digest=digest,
                )
            lock = opened.enter_context(_lock_file(folder, "open"))
            fcntl.flock(lock, fcntl.LOCK_SH)
        row_reader = RowReader(ledger_path)
        opened.callback(row_reader.close)
        sandbox_clock = SandboxClock(row_reader, clock, alone=alone)
        ledger = Ledger.open(
            ledger_path,
            clock=sandbox_clock,
            world_digest=digest,
            after_stage=partial(after_stage, world),
        )
        opened.callback(ledger.close)
        wallet_ids = {wallet.name: wallet.id for wallet in world.wallets}
        with ledger.transaction() as books:
            added = AddedKeys(books=books).all(world)
        sandbox = Sandbox(
            name=folder.name,
            folder=folder,
            world=world,
            digest=digest,
            app=mount_service(
                Service(
                    api=load_api(),
                    world=world,
                    keys=(load_public_key(keys, key, wallet_ids) for key in world.keys),
                    load_added=partial(_load_added, world, keys, wallet_ids),
                ),
                name=folder.name,
                ledger=ledger,
                clock=sandbox_clock,
            ),
            ledger=ledger,
            clock=sandbox_clock,
            keys={key.name: load_key_file(keys, key) for key in (*world.keys, *added)},
            row_reader=row_reader,
            lock=lock,
            webhook_key_path=webhook_key_path,
        )
        # From here on it is the sandbox that closes them.
        opened.pop_all()
    return sandbox


def _load_added(
    world: World, folder: Path, wallet_ids: Mapping[str, str], books: Books
) -> tuple[PublicKey, ...]:
    added = AddedKeys(books=books).all(world)
    return tuple(load_public_key(folder, key, wallet_ids) for key in added)


def seed_ledger(world: World, real_now: datetime, books: Books) -> None:
    """Write what a world begins with: balances, wallets, listed addresses, its time and faults.

    Shapes: ``real_now`` is the machine's time; the books' own is the world's.
    """
    seed_steering(world, books, real_now)
    books.post_opening(opening_balances(world))
    Registry(books=books).seed(world)


def opening_balances(world: World) -> dict[Account, Decimal]:
    """Return every account of a world and what it begins with, empty ones included."""
    accounts: dict[Account, Decimal] = {}
    for wallet in world.wallets:
        for coin in world.coins:
            for network in networks_of(wallet.type, coin):
                accounts[Account(AccountKind.CUSTODY, wallet.id, coin.symbol, network)] = ZERO
        accounts |= _held(AccountKind.CUSTODY, wallet.id, wallet.holdings)
    for link in world.mirror_links:
        for coin in world.coins:
            for network in coin.networks:
                accounts[Account(AccountKind.MIRRORED, link.id, coin.symbol, network)] = ZERO
        accounts |= _held(AccountKind.MIRRORED, link.id, link.positions)
    for linkx in world.mirrorx_links:
        accounts |= _all_coins(world, AccountKind.DELEGATED, linkx.id, linkx.positions)
        accounts |= _all_coins(world, AccountKind.EXCHANGE, linkx.binance_uid, linkx.exchange)
    for account in world.exchange_accounts:
        accounts |= _all_coins(world, AccountKind.EXCHANGE, account.uid, account.holdings)
    return accounts


def _all_coins(
    world: World, kind: AccountKind, owner: str, holdings: tuple[Holding, ...]
) -> dict[Account, Decimal]:
    empty = {Account(kind, owner, coin.symbol): ZERO for coin in world.coins}
    return empty | _held(kind, owner, holdings)


def _held(kind: AccountKind, owner: str, holdings: tuple[Holding, ...]) -> dict[Account, Decimal]:
    return {Account(kind, owner, h.coin, h.network): h.amount for h in holdings}


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise SettingsInvalid(
            f"the folder {folder} cannot be made: {exc.strerror}",
            hint="sandboxes need a folder of yours: CEFFU_RUNNER_SANDBOX_DIR names another",
        ) from exc


def _copy_world(source: Path, kept: Path) -> None:
    draft = kept.with_name("world.yaml.new")
    draft.write_bytes(source.read_bytes())
    draft.rename(kept)


@contextmanager
def _making(folder: Path) -> Iterator[None]:
    with _lock_file(folder, "making") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _closed(folder: Path) -> Iterator[None]:
    with _lock_file(folder, "open") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise LockHeld(
                f"sandbox {folder.name!r} is open in another process",
                owner=f"a process that has {folder} open",
                hint="end the run or the server that uses it first",
            ) from exc
        yield


def _lock_file(folder: Path, purpose: str) -> IO[bytes]:
    _make_folder(folder.parent)
    path = folder.with_name(f".{folder.name}.{purpose}")
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as exc:
        raise SettingsInvalid(
            f"{path} cannot be opened: {exc.strerror}",
            hint="sandboxes need a folder of yours: CEFFU_RUNNER_SANDBOX_DIR names another",
        ) from exc
    return os.fdopen(descriptor, "r+b")
