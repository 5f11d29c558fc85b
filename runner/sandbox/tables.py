"""The tables of the ledger.

``seen`` remembers what makes a later request a duplicate; how long and among whose requests is
decided by the world's switches when it is looked up.
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
      type INTEGER NOT NULL, entity TEXT NOT NULL, owner TEXT NOT NULL, other_owner TEXT NOT NULL,
      request_id TEXT NOT NULL, key_name TEXT NOT NULL, coin TEXT NOT NULL, network TEXT NOT NULL,
      amount TEXT NOT NULL, stages TEXT NOT NULL, settles_at INTEGER NOT NULL,
      details TEXT NOT NULL, status INTEGER NOT NULL, settled INTEGER NOT NULL,
      accepted_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL, passed INTEGER NOT NULL,
      next_ms INTEGER) STRICT
    """,
    """
    CREATE INDEX orders_due ON orders (next_ms) WHERE next_ms IS NOT NULL
    """,
    """
    CREATE INDEX orders_by_owner ON orders (family, owner)
    """,
    """
    CREATE INDEX orders_by_other_owner ON orders (family, other_owner) WHERE other_owner != ''
    """,
    """
    CREATE INDEX orders_by_request_id ON orders (request_id) WHERE request_id != ''
    """,
    """
    CREATE TABLE leg (
      order_number INTEGER NOT NULL REFERENCES orders, position INTEGER NOT NULL,
      debit INTEGER NOT NULL REFERENCES account, credit INTEGER NOT NULL REFERENCES account,
      amount TEXT NOT NULL, open INTEGER NOT NULL, PRIMARY KEY (order_number, position)) STRICT
    """,
    """
    CREATE INDEX leg_open ON leg (debit) WHERE open = 1
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
      duplicate INTEGER NOT NULL, order_id TEXT NOT NULL, fault TEXT NOT NULL) STRICT
    """,
    """
    CREATE TABLE seen (
      kind TEXT NOT NULL, value TEXT NOT NULL, entity TEXT NOT NULL, key_name TEXT NOT NULL,
      operation TEXT NOT NULL, at_ms INTEGER NOT NULL, executed INTEGER NOT NULL,
      reply TEXT NOT NULL) STRICT
    """,
    """
    CREATE INDEX seen_by_value ON seen (kind, value)
    """,
    """
    CREATE TABLE wallet (
      number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, entity TEXT NOT NULL,
      name TEXT NOT NULL, label TEXT NOT NULL, type INTEGER NOT NULL, parent_id TEXT NOT NULL,
      auto_collection INTEGER NOT NULL, created_ms INTEGER NOT NULL,
      request_id TEXT NOT NULL) STRICT
    """,
    """
    CREATE TABLE deposit_address (
      wallet_id TEXT NOT NULL, coin TEXT NOT NULL, network TEXT NOT NULL, address TEXT NOT NULL,
      memo TEXT NOT NULL, PRIMARY KEY (wallet_id, coin, network)) STRICT
    """,
    """
    CREATE INDEX deposit_address_by_address ON deposit_address (address, memo)
    """,
    """
    CREATE TABLE whitelist (
      number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, entity TEXT NOT NULL,
      name TEXT NOT NULL, address TEXT NOT NULL, network TEXT NOT NULL, symbol TEXT NOT NULL,
      label TEXT NOT NULL, memo TEXT NOT NULL, address_type INTEGER NOT NULL,
      status INTEGER NOT NULL, stages TEXT NOT NULL, created_ms INTEGER NOT NULL,
      updated_ms INTEGER NOT NULL, details TEXT NOT NULL) STRICT
    """,
    """
    CREATE TABLE delivery (
      number INTEGER PRIMARY KEY AUTOINCREMENT, webhook TEXT NOT NULL, event INTEGER NOT NULL,
      order_number INTEGER NOT NULL REFERENCES orders, body TEXT NOT NULL, tries INTEGER NOT NULL,
      state TEXT NOT NULL, created_ms INTEGER NOT NULL, next_ms INTEGER) STRICT
    """,
    """
    CREATE INDEX delivery_due ON delivery (next_ms) WHERE next_ms IS NOT NULL
    """,
    """
    CREATE TABLE endpoint (
      webhook TEXT PRIMARY KEY, day INTEGER NOT NULL, failures INTEGER NOT NULL,
      suspended INTEGER NOT NULL) STRICT
    """,
    """
    CREATE TABLE added_key (name TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT
    """,
    """
    CREATE TABLE fault (
      number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, operation TEXT NOT NULL,
      first_call INTEGER NOT NULL, calls INTEGER, seen INTEGER NOT NULL, hits INTEGER NOT NULL,
      options TEXT NOT NULL) STRICT
    """,
    """
    CREATE TABLE clock (
      only INTEGER PRIMARY KEY CHECK (only = 1), mode TEXT NOT NULL, factor TEXT NOT NULL,
      at_ms INTEGER NOT NULL, real_ms INTEGER NOT NULL) STRICT
    """,
)
"""One statement each, in an order that satisfies the references."""
