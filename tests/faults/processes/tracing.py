"""Which system calls ``strace`` strikes, and how."""

import signal
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

SORTS: Mapping[str, str] = MappingProxyType(
    {
        "sync": "fdatasync,fsync",
        "pwrite": "pwrite64",
        "write": "write",
        "send": "sendto,sendmsg",
    }
)
"""Sorts of system calls; of a journal's file every page and frame is a ``pwrite64``."""
MISHAPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sync": ("SIGKILL", "EIO", "ENOSPC"),
        "pwrite": ("SIGKILL",),
        "write": ("SIGKILL", "ENOSPC"),
        "send": ("SIGKILL", "ECONNRESET"),
    }
)
"""What is done to the N-th call of each sort."""
MORE_MISHAPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {**MISHAPS, "pwrite": ("SIGKILL", "EIO", "ENOSPC")}
)
"""The same with what takes long."""


def traced(boundary: str, log: Path) -> list[str]:
    """Return the words before a command line that let a call of it fail: ``sync+EIO+3``."""
    sort, mishap, number = boundary.split("+")
    how = "signal" if mishap == "SIGKILL" else "error"
    inject = f"inject={SORTS[sort]}:{how}={mishap}:when={number}"
    return ["strace", "-f", "--seccomp-bpf", "-qq", "-o", str(log), "-e", inject]


def was_struck(code: int | None, log: Path) -> bool:
    """Tell whether the call that was meant was made."""
    return code == -signal.SIGKILL or "(INJECTED)" in log.read_text("utf-8", "replace")
