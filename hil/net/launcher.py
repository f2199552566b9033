"""Run a command where it may build virtual networks: ``python -m hil.net.launcher COMMAND...``.

Entering a user namespace is possible only while a process has one thread (`hil.net.namespace.enter`),
which is too late for a library whose caller has threads: a worker of pytest-xdist, for one. What a
process is in, its children inherit. So this launcher enters first and then becomes the command.

For root nothing changes. An ordinary user gets a network of their own, of which only the loopback
interface is there, and it is up: whatever the command serves there collides with nobody's ports.

Exit codes are those of env(1): 125 if there is nothing to run or the kernel refuses the namespaces,
126 if the command cannot be run, 127 if there is none of that name; otherwise the command's own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from hil.errors import LabError, UsageError
from hil.net.interface import Interface
from hil.net.namespace import Namespace, enter

EXIT_REFUSED = 125
EXIT_NOT_RUN = 126
EXIT_NOT_FOUND = 127


def launch(command: Sequence[str]) -> NoReturn:
    """Replace this process by ``command``, found along PATH, inside the namespaces.

    Raises `NamespaceError` with the remedy where the kernel forbids them, and OSError if the
    command cannot be run.
    """
    outside = _network()
    enter()
    if _network() != outside:
        loopback = Interface(Namespace.host(), "lo")
        loopback.up()
        loopback.close()
    os.execvp(command[0], list(command))  # noqa: S606 - the caller's own command, without a shell


def main(arguments: Sequence[str]) -> NoReturn:
    """Launch ``arguments``; what goes wrong is one message on stderr and an exit code."""
    try:
        if not arguments:
            raise UsageError("usage: python -m hil.net.launcher COMMAND [ARGUMENT]...")
        launch(arguments)
    except (LabError, UsageError) as error:
        code, message = EXIT_REFUSED, str(error)
    except FileNotFoundError:
        code, message = EXIT_NOT_FOUND, f"{arguments[0]}: no such command"
    except OSError as error:
        code, message = EXIT_NOT_RUN, f"{arguments[0]}: {error.strerror}"
    sys.stderr.write(message + "\n")
    sys.exit(code)


def _network() -> str:
    return str(Path("/proc/self/ns/net").readlink())


if __name__ == "__main__":
    main(sys.argv[1:])
