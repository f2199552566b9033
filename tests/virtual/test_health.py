"""A virtual handset falls ill when it is told to, and its parts stop and come back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from hil.errors import UsageError
from hil.history import Unmet
from hil.history import events as ev
from hil.net.namespace import enter
from hil.net.ping import ping
from hil.reference.due import BootCause
from hil.suite_location import suite_root
from hil.testbed.inventory import load
from hil.testbed.virtual_bench import VirtualBench, virtual_bench
from hil.virtual.firmware import Firmware
from hil.virtual.health import AILMENTS, SOUND, Health, ailing, parse_ailment

enter()

LINE = {"User_ID_1_": "line1", "Password_1_": "password1"}


@pytest.fixture
def bench() -> Iterator[VirtualBench]:
    testbed = load(suite_root() / "testbeds" / "virtual.yaml")
    made = virtual_bench(testbed, testbed.handset(), direct_power=True)
    made.begin("an ill phone")
    made.dhcp.offer(option_66=made.tftp.address)
    yield made
    made.close()


def boot(bench: VirtualBench, **health: bool) -> ev.PowerSwitched:
    ill = dataclasses.replace(SOUND, **health)
    bench.site.install(Firmware(health=lambda cause: ill))
    parameters = {**LINE, "Proxy_1_": bench.sip.address, "Resync_Random_Delay": "0"}
    up = bench.handset.boot(**parameters)
    bench.history.sleep(60)
    return up


def works(bench: VirtualBench) -> set[str]:
    """What of the phone can be seen to work."""
    address = bench.admission.address
    seen = {
        "boots": address is not None,
        "networks": bool(address) and not bench.clock.run(ping(bench.place, bench.clock, address)),
        "provisions": bool(bench.history.all(ev.ProvisioningRequest)),
        "hears_sip": bench.sip.registered(),
        "serves_pages": bool(bench.web.get("/").status),
    }
    return {name for name, there in seen.items() if there}


EVERYTHING = {"boots", "networks", "provisions", "hears_sip", "serves_pages"}


@pytest.mark.parametrize(
    ("health", "left"),
    [
        ({}, EVERYTHING),
        ({"provisions": False}, EVERYTHING - {"provisions"}),
        ({"hears_sip": False}, EVERYTHING - {"hears_sip"}),
        ({"serves_pages": False}, EVERYTHING - {"serves_pages"}),
        ({"networks": False}, {"boots"}),
        ({"boots": False}, set()),
    ],
)
def test_what_is_ill_stops_and_all_else_works(bench, health, left):
    boot(bench, **health)

    assert works(bench) == left


def test_a_phone_whose_provisioning_hangs_takes_no_uploaded_configuration_and_still_reboots(bench):
    boot(bench, provisions=False)

    assert bench.web.submit(Resync_Periodic="77").status == 200
    with pytest.raises(Unmet):
        bench.history.wait(ev.DhcpMessage, within=30)

    assert bench.web.reboot().status == 200
    bench.history.wait(ev.DhcpMessage, kind="ACK", within=30)


def test_a_factory_reset_forgets_what_was_set_and_boots(bench):
    boot(bench)
    bench.handset.boot(Resync_Periodic="77")
    bench.history.sleep(60)
    assert bench.web.parameters()["Resync_Periodic"] == "77"

    assert bench.web.factory_reset().status == 200
    bench.history.wait(ev.DhcpMessage, kind="ACK", within=30)
    bench.history.sleep(1)

    assert bench.web.parameters()["Resync_Periodic"] == "3600"


POWER, RESTART = BootCause.POWER, BootCause.RESTART


@pytest.mark.parametrize(
    ("text", "ill"),
    [
        ("hung", [True, True, True, True, True, True]),
        ("hung@1", [True, False, False, False, False, False]),
        ("hung@2", [False, False, True, False, False, False]),
        ("hung@2x2", [False, False, True, True, False, False]),
        ("hung@3x9", [False, False, False, False, True, True]),
    ],
)
def test_an_ailment_begins_with_a_power_on_and_lasts_so_many_boots(text, ill):
    at_boot = parse_ailment(text)
    causes = [POWER, RESTART, POWER, RESTART, POWER, RESTART]

    assert [at_boot(cause) == AILMENTS["hung"] for cause in causes] == ill


def test_each_phone_counts_for_itself():
    one, other = (ailing(Health(boots=False), 1) for _ in range(2))

    assert one(POWER) == other(POWER) == Health(boots=False)


@pytest.mark.parametrize("text", ["", "plague", "hung@x", "hung@-1", "hung@3xy", "hung@3-4"])
def test_what_is_no_ailment_is_a_usage_error(text):
    with pytest.raises(UsageError):
        parse_ailment(text)
