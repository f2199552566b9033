"""hil rack: what it refuses, and what it writes down; that it works is proved in tests/rack."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lan import has_vlans
from programs import Program, started

from hil.net.interface import Interface
from hil.net.namespace import Namespace, enter
from hil.testbed.inventory import load

enter()

HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")


@pytest.fixture(scope="module")
def machine() -> Iterator[Namespace]:
    with contextlib.closing(Namespace.create()) as namespace:
        with contextlib.closing(Interface(namespace, "lo")) as loopback:
            loopback.up()
        yield namespace


def said(machine: Namespace, *arguments: str) -> tuple[int, str]:
    with started([*HIL, "rack", *arguments], machine) as program:
        return program.ended(), program.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--defect", "a09=retry-never"), "no handset is called 'a09' (a01 to a02)"),
        (("--defect", "a01=no-such"), "no-such"),
        (("--port-fault", "a01=upside-down"), "stuck-on, stuck-off"),
        (("--defect", "a01"), "is not HANDSET=VALUE"),
        (("--ca", "/nowhere.pem"), "/nowhere.pem: cannot be read"),
    ],
)
def test_what_a_person_has_to_put_right_ends_with_2(
    machine: Namespace, arguments: tuple[str, ...], told: str
) -> None:
    status, output = said(machine, *arguments)
    assert (status, told in output) == (2, True), output


def test_an_interface_that_is_not_there_is_the_machines_trouble(machine: Namespace) -> None:
    status, output = said(machine, "--interface", "eth77")
    assert status == 3
    assert "eth77: there is no such interface" in output


def test_an_inventory_that_cannot_be_written_leaves_nothing_behind(machine: Namespace) -> None:
    status, output = said(machine, "--inventory", "/nowhere/rack.yaml")
    assert (status, "cannot write there" in output) == (2, True)
    assert said(machine, "--interface", "hilrack")[0] == 3


def test_the_inventory_is_one_and_says_where_everything_is(
    machine: Namespace, tmp_path: Path
) -> None:
    file = tmp_path / "rack.yaml"
    options = ["--handsets", "3", "--cable", "c0", "--inventory", str(file)]
    with started([*HIL, "rack", *options], machine) as program:
        ready(program, 3, "c0")
        testbed = load(file)
    assert testbed.kind == "rack"
    assert testbed.network.interface == "c0"
    assert [entry.name for entry in testbed.handsets] == ["a01", "a02", "a03"]
    assert len({entry.mac for entry in testbed.handsets}) == 3
    assert {str(entry.power.outlet) for entry in testbed.handsets} == {
        "Gi1/0/1",
        "Gi1/0/2",
        "Gi1/0/3",
    }
    urls = [entry.console.url for entry in testbed.handsets if entry.console]
    assert len(set(urls)) == 3


def ready(program: Program, handsets: int, behind: str) -> None:
    program.expect(f"ready: {handsets} handsets behind {behind}")


def test_a_kernel_without_vlans_is_told_what_to_load(machine: Namespace) -> None:
    if has_vlans(machine):
        pytest.skip("this kernel has 802.1Q, so what is said of one without it is NOT proven here")
    status, output = said(machine, "--attach", "vlan")
    assert status == 3
    assert "the kernel has no vlan interfaces" in output
    assert "modprobe 8021q" in output
