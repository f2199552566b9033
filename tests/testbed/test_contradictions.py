"""What two entries of a rack's inventory claim, or one relies on in vain, is found all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import InventoryError
from hil.testbed.contradictions import contradictions
from hil.testbed.inventory import Testbed, load

RACK = """\
name: lab
kind: rack
network: {interface: eth1, attach: vlan, subnet: 192.0.2.0/24}
pdus:
  - {name: sw1, driver: poe, host: 198.51.100.10, outlets: 48}
  - {name: pdu1, driver: snmp, model: apc-rpdu, host: 198.51.100.11, outlets: 8}
handsets:
  - name: a
    mac: 00:0e:08:aa:bb:cc
    serial: A1
    power: {pdu: sw1, outlet: Gi1/0/7}
    vlan: 101
    address: 192.0.2.101
    console: {url: "rfc2217://198.51.100.20:4001"}
  - name: b
    mac: 00:0e:08:aa:bb:cd
    serial: B2
    power: {pdu: pdu1, outlet: 2}
    vlan: 102
    address: 192.0.2.102
    console: {url: "rfc2217://198.51.100.20:4002"}
"""


def read(tmp_path: Path, text: str) -> Testbed:
    path = tmp_path / "lab.yaml"
    path.write_text(text)
    return load(path, {})


def found(tmp_path: Path, text: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, text)
    return [(each.line, each.problem, each.remedy) for each in caught.value.problems]


def changed(*changes: tuple[str, str]) -> str:
    text = RACK
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_the_rack_itself_is_right(tmp_path):
    assert [handset.vlan for handset in read(tmp_path, RACK).handsets] == [101, 102]


def test_where_leases_lie_is_relative_to_the_inventory(tmp_path):
    assert read(tmp_path, "state: held\n" + RACK).state == tmp_path / "held"
    assert read(tmp_path, "state: ~/held\n" + RACK).state == Path.home() / "held"
    assert read(tmp_path, RACK).state is None


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("bb:cd", "BB:CC", 16, "mac '00:0e:08:aa:bb:cc' belongs to 'a' (handsets[0]) already"),
        ("serial: B2", "serial: A1", 17, "serial 'A1' belongs to 'a' (handsets[0]) already"),
        ("vlan: 102", "vlan: 101", 19, "VLAN 101 is also that of handsets[0]"),
        ("192.0.2.102", "192.0.2.101", 20, "192.0.2.101 is also that of handsets[0]"),
        ("192.0.2.102", "192.0.3.1", 20, "192.0.3.1 is no host address of 192.0.2.0/24"),
        ("192.0.2.102", "192.0.2.255", 20, "192.0.2.255 is no host address of 192.0.2.0/24"),
        ("192.0.2.102", "192.0.2.1", 20, "192.0.2.1 is also the lab's"),
        (":4002", ":4001?logging=debug", 21, "belongs to 'a' (handsets[0]) already"),
        ("rfc2217://198.51.100.20:4002", "RFC2217://198.51.100.20:4001", 21, "belongs to 'a'"),
        ("    vlan: 102\n", "", 15, "no VLAN"),
        ("vlan: 102", "vlan: 4095", 19, "handsets[1].vlan is '4095'"),
        ("outlet: 2", "outlet: 9", 18, "PDU 'pdu1' has no outlet 9"),
        ("outlet: 2", "outlet: Gi1/0/2", 18, "outlets of PDU 'pdu1' have numbers, not 'Gi1/0/2'"),
        ("pdu: pdu1", "pdu: pdu2", 18, "there is no PDU 'pdu2'"),
        ("pdu1, outlet: 2", "sw1, outlet: Gi1/0/7", 18, "feeds 'a' (handsets[0]) already"),
        ("pdu1, outlet: 2", "sw1, outlet: GigabitEthernet1/0/7", 18, "feeds 'a' (handsets[0])"),
        ("pdu1, outlet: 2", "sw1, outlet: gi1/0/7", 18, "feeds 'a' (handsets[0]) already"),
        ("198.51.100.11", "198.51.100.10", 6, ""),
        ("interface: eth1, ", "", 3, "a rack needs interface"),
        (", host: 198.51.100.11", "", 6, "a rack needs host"),
        (
            "serial: B2",
            "serial: B2\n    seed: 5",
            18,
            "seed means nothing on a testbed of kind rack",
        ),
        ("serial: B2", "serial: B2\n    boot_pace: 5", 18, "boot_pace means nothing"),
        ("serial: B2", "serial: B2\n    follows: {psn: V03}", 18, "follows means nothing"),
        ("eth1, ", "eth1, delay_ms: 5, ", 3, "real wires have the delay they have"),
        ("kind: rack", "kind: rack\nstate: ''", 3, "state is"),
    ],
)
def test_each_contradiction_has_its_line(tmp_path, old, new, line, problem):
    if not problem:
        # Another driver of the same device is another way to the same outlets, and may be meant.
        assert read(tmp_path, changed((old, new))).pdus
        return
    told = found(tmp_path, changed((old, new)))
    assert any(at == line and problem in said and remedy for at, said, remedy in told), told


def test_a_virtual_testbed_has_nothing_of_a_rack(tmp_path):
    told = found(tmp_path, changed(("kind: rack", "kind: virtual")))
    named = {
        said.partition(" means nothing")[0]: remedy for _, said, remedy in told if "means" in said
    }
    assert named.keys() == {"interface", "driver", "host", "vlan", "address", "console"}
    assert set(named.values()) == {"kind: rack, or leave it out"}


def test_all_of_them_at_once_and_with_what_one_value_is(tmp_path):
    text = changed(
        ("serial: B2", "serial: A1"),
        ("vlan: 102", "vlan: 101"),
        ("192.0.2.102", "192.0.2.101"),
        (":4002", ":4001"),
        ("name: b", "nmae: b"),
    )
    lines = [line for line, _, _ in found(tmp_path, text)]
    assert lines == [15, 17, 19, 20, 21]


def test_one_device_is_described_once(tmp_path):
    twice = "  - {name: pdu1,"
    text = changed(
        (twice, twice.replace("pdu1", "pdu0") + RACK.split(twice)[1].split("\n")[0] + "\n" + twice)
    )
    ((line, problem, _),) = found(tmp_path, text)
    assert (line, problem) == (7, "198.51.100.11 is described by 'pdu0' (pdus[1]) already")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("7", "1/7", True),
        ("1.7", "1/7", True),
        ("2/7", "7", False),
        ("Gi1/0/7", "Te1/0/7", False),
        ("Gi1/0/7", "Gi1/0/17", False),
        ("left", "leftmost", False),
        ("Port 7", "port7", True),
    ],
)
def test_a_port_is_the_same_however_it_is_written(one, other, same):
    handsets = [
        {"name": n, "power": {"pdu": "sw1", "outlet": o}} for n, o in (("a", one), ("b", other))
    ]
    document = {"kind": "rack", "pdus": [{"name": "sw1", "driver": "poe"}], "handsets": handsets}
    told = [wrong.problem for wrong in contradictions(document)]
    assert any("feeds 'a'" in problem for problem in told) is same


class TestCapabilities:
    @pytest.mark.parametrize(
        ("declared", "problem", "remedy"),
        [
            ("{poe_clas: 2}", "has no key 'poe_clas'", "did you mean poe_class?"),
            ("{poe_class: nine}", "capabilities.poe_class is 'nine'", "0 to 8"),
            ("{https: perhaps}", "capabilities.https is 'perhaps'", "yes or no"),
            ("{minimum_timer_s: -1}", "minimum_timer_s is '-1'", "0 s or more"),
            ("{factory_reset: hammer}", "factory_reset is 'hammer'", "menu"),
            ("{console: no}", "a console is described", "leave this out"),
            ("{factory_reset: menu}", "needs somebody who presses keys", "screen_operator: yes"),
            ("[https]", "capabilities is a list", "such as https: yes"),
        ],
    )
    def test_what_cannot_be_is_told(self, tmp_path, declared, problem, remedy):
        text = changed(("serial: B2", f"serial: B2\n    capabilities: {declared}"))
        ((line, said, right),) = found(tmp_path, text)
        assert line == 18
        assert problem in said
        assert remedy in right

    def test_a_console_that_is_not_described_cannot_be_relied_on(self, tmp_path):
        without = ('    console: {url: "rfc2217://198.51.100.20:4002"}\n', "")
        for declared in ("console: yes", "factory_reset: console"):
            text = changed(("serial: B2", f"serial: B2\n    capabilities: {{{declared}}}"), without)
            ((_, problem, _),) = found(tmp_path, text)
            assert "console" in problem

    def test_they_have_types_and_defaults(self, tmp_path):
        declared = "{https: no, minimum_timer_s: 1.5, screen_operator: yes, factory_reset: keys}"
        text = changed(("serial: B2", f"serial: B2\n    capabilities: {declared}"))
        usual, other = (handset.capabilities for handset in read(tmp_path, text).handsets)
        assert (other.https, other.minimum_timer_s, other.screen_operator) == (False, 1.5, True)
        assert usual.declared() == {
            "https": True,
            "client_certificate": False,
            "peer_firmware_sharing": True,
            "screen_operator": False,
            "neighbour_frames": False,
            "test_loads": False,
            "flash_access": False,
            "factory_reset": "none",
        }


class TestDefaults:
    COMMON = "defaults: {power: {pdu: sw1}, timing: {boot: 180, late: 2}, minimum_off_s: 9}\n"

    def test_a_handset_has_them_unless_it_says_otherwise(self, tmp_path):
        text = self.COMMON + changed(
            ("{pdu: sw1, outlet: Gi1/0/7}", "{outlet: Gi1/0/7}\n    timing: {boot: 240}")
        )
        first, second = read(tmp_path, text).handsets
        assert (first.power.pdu, first.timing.boot, first.timing.late) == ("sw1", 240, 2)
        assert (second.power.pdu, second.timing.boot, second.minimum_off_s) == ("pdu1", 180, 9)

    @pytest.mark.parametrize(
        ("common", "problem"),
        [
            ("{timing: {boot: soon}}", "defaults.timing.boot is 'soon'"),
            ("{tming: {boot: 5}}", "defaults has no key 'tming'"),
            ("{serial: A1}", "serial cannot be the same for all handsets"),
            ("{capabilities: {https: perhaps}}", "defaults.capabilities.https is 'perhaps'"),
            ("{seed: 1}", "seed means nothing on a testbed of kind rack"),
            ("none", "defaults is no mapping"),
        ],
    )
    def test_what_is_wrong_with_them_is_told_once(self, tmp_path, common, problem):
        ((line, said, remedy),) = found(tmp_path, f"defaults: {common}\n{RACK}")
        assert (line, said) == (1, problem)
        assert remedy

    def test_what_is_missing_is_missing_from_the_handset(self, tmp_path):
        text = self.COMMON + changed(("    power: {pdu: pdu1, outlet: 2}\n", ""))
        ((line, problem, _),) = found(tmp_path, text)
        assert (line, problem) == (16, "handsets[1].power.outlet is missing")

    def test_they_do_not_multiply_without_limit(self, tmp_path):
        many = "".join(f"x{n}: {n}, " for n in range(5000))
        handsets = "".join(f"  - {{name: h{n}}}\n" for n in range(2000))
        text = f"name: a\nkind: rack\npdus: []\ndefaults: {{{many}}}\nhandsets:\n{handsets}"
        assert (4, "too much for so many handsets") in {t[:2] for t in found(tmp_path, text)}


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=4,
)
KEYS = st.sampled_from(
    [
        *("name", "mac", "serial", "power", "pdu", "outlet", "vlan", "address", "console", "url"),
        *(
            "capabilities",
            "factory_reset",
            "screen_operator",
            "driver",
            "host",
            "outlets",
            "version",
        ),
    ]
)
ENTRY = st.dictionaries(KEYS, st.dictionaries(KEYS, ANY, max_size=3) | ANY, max_size=6)


@given(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(("rack", "virtual", [])) | ANY},
        optional={
            "network": st.just({"interface": "eth1", "attach": "vlan"}) | ANY,
            "pdus": st.lists(ENTRY, max_size=3) | ANY,
            "handsets": st.lists(ENTRY, max_size=3) | ANY,
        },
    )
)
@settings(max_examples=200, deadline=None)
def test_whatever_else_is_wrong_nothing_but_problems_comes_of_it(document):
    assert all(wrong.problem and wrong.remedy for wrong in contradictions(document))
