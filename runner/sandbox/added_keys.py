"""API keys made after the world: what they may do in the ledger, their files with the others."""

import json

from runner.core.record import record
from runner.sandbox.books import Books
from runner.sandbox.world import Key, World
from runner.sandbox.world_json import key_to_json
from runner.sandbox.world_parts import read_key
from runner.sandbox.world_reading import Section


@record
class AddedKeys:
    """The keys that were added to a ledger, within one transaction."""

    books: Books

    def add(self, key: Key) -> None:
        """Keep a key whose files are there."""
        self.books.run(
            "INSERT INTO added_key VALUES (?, ?)", (key.name, json.dumps(key_to_json(key)))
        )

    def all(self, world: World) -> tuple[Key, ...]:
        """Return every key that was added, in the order of their names."""
        rows = self.books.run("SELECT content FROM added_key ORDER BY name")
        return tuple(read_key(world.entity, Section(json.loads(row[0]))) for row in rows)
