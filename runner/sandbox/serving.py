"""A whole sandbox at work: its server, and the delivery of its notifications."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from runner.sandbox.directory import Sandbox
from runner.sandbox.keys import load_webhook_key
from runner.sandbox.server import serve


@asynccontextmanager
async def serve_sandbox(
    sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[str]:
    """Serve a sandbox while the body runs, deliver its notifications, and give its base URL.

    Shapes: as in ``serve``.
    Errors: ``SettingsInvalid`` for an address that cannot be had, ``KeyRefused``.
    """
    async with AsyncExitStack() as stack:
        if sandbox.webhook_key_path is not None:
            # Only a world with webhooks needs an HTTP client.
            from runner.sandbox.webhooks import delivering

            key = load_webhook_key(sandbox.webhook_key_path)
            await stack.enter_async_context(
                delivering(sandbox.world, sandbox.ledger, key, sandbox.clock)
            )
        yield await stack.enter_async_context(serve(sandbox.app, host=host, port=port))
