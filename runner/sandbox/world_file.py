"""A mapping, or a file, made into a checked ``World``."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from runner.core.diagnostics import Diagnostic, sorted_diagnostics
from runner.core.errors import InvalidInput, SettingsInvalid
from runner.documents.files import read_source
from runner.documents.nodes import MappingNode, Node, SequenceNode, to_json
from runner.documents.yaml import read_yaml
from runner.sandbox.faults import read_fault
from runner.sandbox.world import World
from runner.sandbox.world_check import check_world
from runner.sandbox.world_parts import (
    read_clock,
    read_coin,
    read_exchange_account,
    read_key,
    read_listed_address,
    read_mirror_link,
    read_mirrorx_link,
    read_notice_target,
    read_timings,
    read_wallet,
    read_webhook,
)
from runner.sandbox.world_reading import Problem, Section
from runner.sandbox.world_switches import read_switches

DEFAULT_WORLD_PATH = Path(__file__).with_name("default_world.yaml")
"""The world of a sandbox that was started without one; it ships with the package."""

COMMENTED_WORLD_PATH = Path(__file__).with_name("commented_world.yaml")
"""A world with every key there is, each with a comment, to start one's own from."""


class WorldInvalid(SettingsInvalid):
    """A world contradicts itself or lacks something.

    Shapes: ``problems`` holds all of them, in the order found.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep every problem; the message is their list."""
        lines = "; ".join(str(problem) for problem in problems)
        super().__init__(f"the world is not usable: {lines}")
        self.problems = problems


def load_world(path: Path) -> World:
    """Read a world from a YAML file.

    Errors: ``InvalidInput`` with the place of everything that is wrong.
    """
    return world_from_document(read_yaml(read_source(path)))


def world_from_document(root: Node) -> World:
    """Build a world from a document, whose parts may come from several files.

    Errors: ``InvalidInput`` with the place of everything that is wrong.
    """
    try:
        data = to_json(root)
        return world_from_mapping(data if isinstance(data, dict) else {})
    except WorldInvalid as exc:
        raise InvalidInput(placed(root, exc.problems)) from exc


def placed(root: Node, problems: Iterable[Problem]) -> tuple[Diagnostic, ...]:
    """Return problems of a document's data with their places in it, in the order of the file."""
    return sorted_diagnostics(
        Diagnostic(
            code=problem.code,
            summary=problem.sentence,
            span=_node_at(root, problem.path).span,
        )
        for problem in problems
    )


def default_world() -> World:
    """Return the world that ships with the package."""
    return load_world(DEFAULT_WORLD_PATH)


def world_from_mapping(data: Mapping[str, object]) -> World:
    """Build a world from plain data in the shape of ``schemas/world.schema.json``.

    Errors: ``WorldInvalid`` with everything that is wrong.
    """
    root = Section(data)
    root.refuse_unknown(
        *("apiVersion", "kind", "name", "summary", "entity", "other_entities", "coins", "wallets"),
        *("mirror_links", "mirrorx_links", "exchange_accounts", "whitelist", "webhooks", "keys"),
        *("notify", "timings", "switches", "clock", "faults"),
    )
    for key, value in (("apiVersion", "runner/v1"), ("kind", "World")):
        if data.get(key) != value:
            root.note(f"{value} is needed here", key, code="wrong-version")
    entity = root.text("entity")
    coins = root.each("coins", read_coin)
    world = World(
        name=root.text("name"),
        summary=root.text("summary", ""),
        entities=(entity, *root.texts("other_entities")),
        coins=coins,
        wallets=root.each("wallets", partial(read_wallet, coins)),
        mirror_links=root.each("mirror_links", partial(read_mirror_link, coins)),
        mirrorx_links=root.each("mirrorx_links", partial(read_mirrorx_link, coins)),
        exchange_accounts=root.each(
            "exchange_accounts", partial(read_exchange_account, coins, entity)
        ),
        whitelist=root.each("whitelist", partial(read_listed_address, coins)),
        webhooks=root.each("webhooks", partial(read_webhook, entity)),
        notify=root.each("notify", read_notice_target),
        keys=root.each("keys", partial(read_key, entity)),
        timings=read_timings(root.section("timings")),
        switches=read_switches(root.section("switches")),
        clock=read_clock(root.section("clock")),
        faults=root.each("faults", read_fault),
    )
    check_world(root, world)
    if root.problems:
        raise WorldInvalid(tuple(root.problems))
    return world


def _node_at(root: Node, path: tuple[str | int, ...]) -> Node:
    # The nearest part of the file that exists: a missing key is complained about at its mapping.
    node = root
    for part in path:
        inner: Node | None = None
        if isinstance(node, MappingNode) and isinstance(part, str):
            inner = node.get(part)
        elif isinstance(node, SequenceNode) and isinstance(part, int):
            inner = node.items[part]
        if inner is None:
            return node
        node = inner
    return node
