"""Who sits at this machine, as far as the machine knows."""

import getpass
import socket


def person_here() -> str:
    """Return ``user@machine``, or ``unknown``."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):
        return "unknown"
