"""The tables of the ledger.

A requestId is unique over both families of orders: the documentation speaks of a duplicate "on the
server" and names no narrower scope.
"""

TABLES = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT
    """,
    """
    CREATE TABLE account (
      id INTEGER PRIMARY KEY, kind TEXT NOT NULL, owner TEXT NOT NULL, coin TEXT NOT NULL,
      network TEXT NOT NULL, balance TEXT NOT NULL, UNIQUE (kind, owner, coin, network)) STRICT
    """,
    """
    CREATE TABLE orders (
      number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, family TEXT NOT NULL,
      type INTEGER NOT NULL,
      link_id TEXT NOT NULL, request_id TEXT NOT NULL UNIQUE, key_name TEXT NOT NULL,
      debit INTEGER NOT NULL REFERENCES account, credit INTEGER NOT NULL REFERENCES account,
      amount TEXT NOT NULL, status INTEGER NOT NULL, accepted_ms INTEGER NOT NULL,
      in_progress_ms INTEGER NOT NULL, success_ms INTEGER NOT NULL) STRICT
    """,
    """
    CREATE INDEX orders_open ON orders (debit) WHERE status != 30
    """,
    """
    CREATE INDEX orders_by_link ON orders (family, link_id)
    """,
    """
    CREATE TABLE entry (
      id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,
      order_number INTEGER UNIQUE REFERENCES orders) STRICT
    """,
    """
    CREATE TABLE posting (
      entry_id INTEGER NOT NULL REFERENCES entry, account_id INTEGER NOT NULL REFERENCES account,
      amount TEXT NOT NULL) STRICT
    """,
    """
    CREATE INDEX posting_by_entry ON posting (entry_id)
    """,
    """
    CREATE TABLE request (
      number INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, method TEXT NOT NULL,
      path TEXT NOT NULL, operation TEXT NOT NULL, key_name TEXT NOT NULL, signed INTEGER,
      code TEXT NOT NULL, detail TEXT NOT NULL, request_id TEXT NOT NULL,
      duplicate INTEGER NOT NULL, order_id TEXT NOT NULL) STRICT
    """,
)
"""One statement each, in an order that satisfies the references."""
