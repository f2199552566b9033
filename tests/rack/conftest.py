"""A machine of its own for the rack: a network namespace that both processes start in."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from programs import Program, started

from hil.net.interface import Interface
from hil.net.namespace import Namespace, enter

enter()

HIL = (sys.executable, "-c", "from hil.cli import main; main()")


@pytest.fixture(scope="module")
def machine() -> Iterator[Namespace]:
    """Nothing of this machine's own network; what is left in it at the end is a test's fault."""
    namespace = Namespace.create()
    with contextlib.closing(namespace):
        with contextlib.closing(Interface(namespace, "lo")) as loopback:
            loopback.up()
        yield namespace


Hil = Callable[..., AbstractContextManager[Program]]


@pytest.fixture(scope="module")
def hil(machine: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hil]:
    """Runs a command of hil on that machine, for the time of a block."""
    state = str(tmp_path_factory.mktemp("state"))
    with ExitStack() as undo:
        patch = undo.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("HIL_STATE_DIR", state)
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, _roots())))
        yield lambda *arguments: started([*HIL, *map(str, arguments)], machine)


def _roots() -> list[Path]:
    return [Path(__file__).parents[2]]
