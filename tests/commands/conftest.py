"""Calls the command line as a user does: within this process, or on a network of its own."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner
from programs import Program, started

from hil.cli import main
from hil.net import namespace
from hil.net.virtual import VirtualNetwork, VirtualPort

namespace.enter()

MAC = "00:0e:08:aa:bb:cc"
HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def call(*arguments: str, stdin: bytes = b"") -> Answer:
    result = CliRunner().invoke(main, arguments, input=stdin, prog_name="hil")
    return Answer(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def hil():
    """``hil("expand", "$MA")`` answers with exit code, stdout and stderr."""
    return call


@pytest.fixture
def refused(hil):
    """Calls ``hil`` with something wrong and returns its one line of complaint."""

    def complaint(*arguments: str) -> str:
        answer = hil(*arguments)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.count("\n") == 1
        assert answer.err.startswith("Error: ")
        return answer.err

    return complaint


@pytest.fixture(scope="module")
def network() -> Iterator[VirtualNetwork]:
    """A lab and one port, whose end eth0 is for a phone."""
    made = VirtualNetwork()
    made.add_handset(MAC)
    yield made
    made.close()


@pytest.fixture
def port(network: VirtualNetwork) -> Iterator[VirtualPort]:
    """The phone's port, dark and without an address, whatever an earlier phone left there."""
    (port,) = network.ports
    yield port
    port.far.unconfigure()
    port.far.down()


@pytest.fixture
def phone(port: VirtualPort) -> Iterator[Callable[..., Program]]:
    """Runs ``hil phone --interface eth0`` with more options, at the port; ``under`` is a prefix."""
    with contextlib.ExitStack() as running:

        def run(*options: str, under: tuple[str, ...] = ()) -> Program:
            command = [*under, *HIL, "phone", "--interface", "eth0", *options]
            return running.enter_context(started(command, port.far.namespace))

        yield run
