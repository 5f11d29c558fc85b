"""What can be said of this machine: its programs, its file systems, its address on the way out."""

import platform
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

_MOUNTS = Path("/proc/self/mounts")
_ESCAPED_BLANK = "\\040"

FORGETFUL = frozenset({"tmpfs", "ramfs", "overlay", "devtmpfs"})
"""File systems that are gone with the machine or the container."""
SHARED = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.glusterfs"})
"""File systems of other machines, on which SQLite's locks and its shared memory do not hold."""


def python_words() -> str:
    """Say which Python this is."""
    return f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"


def missing_programs(names: tuple[str, ...], variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the programs of these that are not on the PATH."""
    return tuple(name for name in names if shutil.which(name, path=variables.get("PATH")) is None)


def file_system_of(path: Path) -> str:
    """Return the kind of file system a path is on, or empty where nobody says.

    Shapes: the path need not be there yet.
    """
    try:
        table = _MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return kind_in_table(path.resolve(), table)


def kind_in_table(path: Path, table: str) -> str:
    """Return the kind of the mount that is nearest above an absolute path."""
    kind, depth = "", -1
    for line in table.splitlines():
        parts = line.split(" ")
        point = Path(parts[1].replace(_ESCAPED_BLANK, " "))
        # Later lines are mounted over earlier ones.
        if path.is_relative_to(point) and len(point.parts) >= depth:
            kind, depth = parts[2], len(point.parts)
    return kind


def address_towards(host: str, port: int) -> str:
    """Return this machine's own address on the way to a host, or empty where there is no way.

    Nothing is sent: a datagram socket that is connected only asks the system for the way.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[
            0
        ]
        with socket.socket(family, kind, protocol) as asked:
            asked.connect(address)
            return str(asked.getsockname()[0])
    except OSError:
        return ""
