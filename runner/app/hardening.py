"""What keeps a key in this process's memory from ending up anywhere else.

Source: core(5), setrlimit(2), prctl(2) PR_SET_DUMPABLE; RELIABILITY 3, core dump and ptrace.
"""

import sys

_PR_SET_DUMPABLE = 4


def refuse_core_dumps() -> None:
    """Let no core file be written when this process, or a child of it, crashes."""
    import resource  # absent where there is no POSIX, and cheap where there is

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def shut_memory() -> None:
    """Let no other process of this user read the memory of this one, where the system can do that.

    It also keeps core handlers away that RLIMIT_CORE does not bind (a pipe in ``core_pattern``).
    Whoever was given the right to trace anything (root) still can.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # 6 ms, which only commands that hold keys pay

    # Nothing depends on its success: what refuses it also has its reasons.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
