"""A small file system of a child's own, so that a full disk is a full disk and nobody else's.

The mount lives in a mount namespace that ends with the process.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from hil.net.namespace import CLONE_NEWNS

_MS_REC, _MS_PRIVATE = 0x4000, 1 << 18
_SIZE = b"size=8m"


def mount_small(directory: Path) -> bool:
    """Mount 8 MiB of memory over ``directory``, for this process alone; False if it may not.

    For a process with one thread that may make namespaces (`hil.net.namespace.enter`).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        return False
    if libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) != 0:
        return False
    return bool(libc.mount(b"tmpfs", os.fsencode(directory), b"tmpfs", 0, _SIZE) == 0)
