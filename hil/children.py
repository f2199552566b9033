"""What a process just forked does first: it ties itself to its parent and lets go of its terminal."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import resource
import signal

from hil.errors import LabError

_PR_SET_PDEATHSIG = 1
_STDERR = 2


def die_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends, however that comes about.

    New credentials, as of a user namespace, let go of that (prctl(2)): say it again after them.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise LabError(
            "a child cannot tie itself to its parent", evidence="prctl(PR_SET_PDEATHSIG)"
        )
    if os.getppid() != parent:
        os._exit(1)


def detach(output: int, *, stdout: bool = False) -> None:
    """Keep what is printed out of the parent's output: stderr goes to ``output``, stdout nowhere.

    With ``stdout`` that goes to ``output`` as well.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(output if stdout else nothing, 1)
    os.dup2(output, _STDERR)
    os.close(nothing)
    faulthandler.enable(_STDERR)
