"""What a run did, durable before anyone relies on it: the Store port on SQLite."""
