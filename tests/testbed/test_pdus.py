"""What an inventory says of PDUs and PoE switches, and the drivers that come of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.clock import WallClock
from hil.errors import InventoryError, UsageError
from hil.history import History
from hil.power import MODELS, PoeSwitch, SnmpPdu, SnmpVersion
from hil.testbed.inventory import Testbed, load
from hil.testbed.outlets import handset_power, pdu_of, power_policy
from hil.testbed.pdus import PoeEntry, SnmpPduEntry

RACK = """\
name: lab
kind: rack
network: {interface: eth1, attach: macvlan, subnet: 192.0.2.0/24}
pdus:
  - {name: p, DEVICE}
handsets:
  - {name: a, mac: "00:0e:08:aa:bb:cc", serial: A1, minimum_off_s: 7, power: {pdu: p, outlet: "ONE"}}
  - {name: b, mac: "00:0e:08:aa:bb:cd", serial: B2, power: {pdu: p, outlet: "TWO"}}
"""
SNMP = "driver: snmp, host: 198.51.100.2"
POE = "driver: poe, host: 198.51.100.3"


@pytest.fixture
def read(tmp_path: Path):
    def read(device: str, one: str = "1", two: str = "2") -> Testbed:
        path = tmp_path / "rack.yaml"
        text = RACK.replace("DEVICE", device).replace("ONE", one).replace("TWO", two)
        path.write_text(text)
        return load(path)

    return read


@pytest.fixture
def problem(read):
    def problem(*arguments: str) -> tuple[int | None, str, str]:
        with pytest.raises(InventoryError) as caught:
            read(*arguments)
        (only,) = caught.value.problems
        return only.line, only.problem, only.remedy

    return problem


@pytest.mark.parametrize("model", [model.name for model in MODELS])
def test_every_model_has_a_driver(read, model: str):
    entry = read(f"{SNMP}, model: {model}, outlets: 24").pdus[0]
    assert isinstance(entry, SnmpPduEntry)
    driver = entry.make_driver()
    assert isinstance(driver, SnmpPdu)
    assert driver.name == f"{model} PDU 198.51.100.2:161"


def test_a_switch_and_how_it_is_talked_to(read):
    user = "{name: hil, auth: SHA-256, auth_key: authentication, priv_key: privacy-key}"
    entry = read(f"{POE}, numbering: cisco, port: 1161, version: v3, user: {user}").pdus[0]
    assert isinstance(entry, PoeEntry)
    agent = entry.agent()
    assert (agent.host, agent.port, agent.version) == ("198.51.100.3", 1161, SnmpVersion.V3)
    assert isinstance(entry.make_driver(), PoeSwitch)
    assert entry.make_link("Gi1/0/1").name == "switch 198.51.100.3:1161 port Gi1/0/1"
    assert "privacy-key" not in repr(entry)
    assert "privacy-key" not in repr(agent)


def test_an_outlet_is_as_patient_as_its_device_and_its_handset_need(read):
    testbed = read(f"{POE}, settle_s: 30")
    policy = power_policy(pdu_of(testbed, testbed.handset("a")), testbed.handset("a"))
    assert (policy.settle_s, policy.minimum_off_s) == (30, 7)
    assert policy.call_s > 10, "a port's name may have to be looked for in that time"


def test_only_a_switch_bears_witness_of_the_link(read, wall_clock: WallClock):
    history = History(wall_clock)
    for device, witnessed in ((f"{SNMP}, model: apc-rpdu", False), (POE, True)):
        testbed = read(device)
        power = handset_power(testbed, testbed.handset("a"), history)
        assert power.outlet.name.endswith("outlet 1")
        assert (power.witness is not None) is witnessed


@pytest.fixture
def wall_clock():
    clock = WallClock()
    yield clock
    clock.close()


def test_a_virtual_handset_has_no_outlet_outside_its_bench(wall_clock: WallClock):
    virtual = load(Path(__file__).parents[2] / "testbeds" / "virtual.yaml")
    with pytest.raises(UsageError, match="while a bench stands"):
        handset_power(virtual, virtual.handset(), History(wall_clock))


@pytest.mark.parametrize(
    ("device", "said", "remedy"),
    [
        ("driver: snpm, host: 192.0.2.9", "pdus[0].driver is 'snpm'", "did you mean snmp?"),
        ("drivr: snmp, host: 192.0.2.9", "pdus[0] has no key 'drivr'", "did you mean driver?"),
        ("host: 192.0.2.9", "pdus[0].driver is missing", "poe"),
        (f"{SNMP}, model: raritan-pdu3", "'raritan-pdu3'", "did you mean raritan-pdu"),
        (f"{SNMP}, modle: apc-rpdu", "pdus[0] has no key 'modle'", "did you mean model?"),
        ("driver: snmp, model: apc-rpdu", "a rack needs host", "192.0.2.10"),
        ("driver: poe, host: switch.example", "pdus[0].host is 'switch.example'", "IPv4 address"),
        (f"{POE}, port: 0", "pdus[0].port is '0'", "usually 161"),
        (f"{POE}, numbering: hp", "pdus[0].numbering is 'hp'", "if-index or cisco"),
        (f"{POE}, settle_s: -1", "pdus[0].settle_s is '-1'", "0 to 120 s"),
        (f"{POE}, version: v3", "SNMPv3 needs a user", "user"),
        (f"{POE}, read_community: x, write_community: x", "are the same", "two different"),
        (f"{POE}, write_community: ''", "pdus[0].write_community cannot be used", "{env: NAME}"),
    ],
)
def test_what_is_wrong_with_a_device_has_its_line(problem, device: str, said: str, remedy: str):
    line, what, right = problem(device)
    assert (line, said in what, remedy in right) == (5, True, True), (line, what, right)


@pytest.mark.parametrize(
    ("model", "one", "two"),
    [
        ("raritan-pdu2", "1.3", "2.3"),
        ("servertech-sentry4", "AA3", "BA3"),
        ("servertech-sentry3", "1.1.3", "4"),
        ("eaton-epdu", "3", "1.3"),
    ],
)
def test_outlets_of_linked_units_are_outlets_of_their_own(read, model: str, one: str, two: str):
    testbed = read(f"{SNMP}, model: {model}", one, two)
    assert str(testbed.handset("b").power.outlet) == two


@pytest.mark.parametrize(
    ("device", "one", "two", "said"),
    [
        (f"{SNMP}, model: servertech-sentry4", "AA3", "3", "feeds 'a'"),
        (f"{SNMP}, model: raritan-pdu2", "2.3", "2.3", "feeds 'a'"),
        (f"{SNMP}, model: raritan-pdu2", "1", "1.9", "has no outlet 9"),
        (f"{SNMP}, model: raritan-pdu2", "1", "Gi1/0/1", "have numbers"),
        (f"{SNMP}, model: apc-rpdu", "1", "1.2", "have numbers"),
        (POE, "1/7", "7", "feeds 'a'"),
    ],
)
def test_an_outlet_that_is_not_there_or_feeds_another(
    problem, device: str, one: str, two: str, said: str
):
    line, what, _ = problem(device, one, two)
    assert line == 8
    assert said in what


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("driver: snmp, model: raritan-pdu", "a virtual PDU is an apc-rpdu"),
        ("driver: poe", "driver"),
        ("driver: snmp, model: apc-rpdu, port: 1161", "port"),
    ],
)
def test_what_no_virtual_testbed_has(tmp_path: Path, device: str, said: str):
    path = tmp_path / "virtual.yaml"
    text = RACK.replace("kind: rack", "kind: virtual").replace("DEVICE", device)
    lines = [line for line in text.splitlines() if not line.startswith("network")]
    path.write_text("\n".join(lines).replace("ONE", "1").replace("TWO", "2"))
    with pytest.raises(InventoryError) as caught:
        load(path)
    (only,) = caught.value.problems
    assert (only.line, said in only.problem) == (4, True), only
