"""Tests that need what not every handset has are NOT_APPLICABLE elsewhere, and say why."""

from __future__ import annotations

import pytest
from authorities import Made
from suites import run_suite

from hil.errors import UsageError
from hil.marks import needs
from hil.suite_location import suite_root
from hil.testbed.bench import Bench, Site
from hil.testbed.inventory import load

SUITE = """
from hil.marks import needs

@needs("peer_firmware_sharing")
@requirement("resync.on_reset")
def test_needs(handset):
    raise ZeroDivisionError("never called where it does not apply")

@requirement("resync.on_reset")
def test_asks_for_https(handset, https):
    raise ZeroDivisionError("never called where it does not apply")

@needs("test_loads", "screen_operator", "neighbour_frames")
@requirement("resync.on_reset")
def test_virtual(handset, dhcp, tftp, history, neighbours, screen):
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="0")
    history.expect(ev.TftpRequest, within=handset.boot_limit)
"""


def test_what_an_entry_denies_or_leaves_out_is_declined_by_name(tmp_path) -> None:
    text = (suite_root() / "testbeds" / "virtual.yaml").read_text()
    denied = "    capabilities: {https: no, peer_firmware_sharing: no}\n    seed: 1 "
    (tmp_path / "less.yaml").write_text(text.replace("    seed: 1 ", denied, 1))
    run = run_suite(tmp_path, SUITE, f"--hil-testbed={tmp_path / 'less.yaml'}")
    # What a fixture declines is no trouble of the run's.
    assert (run.status, run.cases["test_asks_for_https"].kind) == (0, "skipped"), run.text
    for name, capability in (
        ("test_needs", "peer_firmware_sharing"),
        ("test_asks_for_https", "https"),
    ):
        assert run.cases[name].verdict.startswith("NOT_APPLICABLE")
        (log,) = (run.out / "logs").glob(f"*{name}.log")
        assert f"{capability}: v1 of virtual is not declared to have it" in log.read_text()
    assert run.cases["test_virtual"].verdict == "PASS (none)"


RACK = """
name: rack
kind: rack
network: {interface: eth1, attach: macvlan, subnet: 192.0.2.0/24}
pdus: [{name: p, driver: snmp, model: apc-rpdu, host: 192.0.2.9, version: v2c, outlets: 8}]
handsets:
  - {name: a01, mac: "00:0e:08:00:00:01", serial: X1, power: {pdu: p, outlet: 1}}
"""

ON_A_RACK = """
from hil.marks import needs

@requirement("resync.on_reset")
def test_plain(handset): ...

@needs("peer_firmware_sharing")
@requirement("resync.on_reset")
def test_of_a_feature(handset): ...

@needs("test_loads")
@requirement("resync.on_reset")
def test_of_a_load(handset): ...

@requirement("resync.on_reset")
def test_https(https): ...

@requirement("resync.on_reset")
def test_keys(screen): ...

@requirement("resync.on_reset")
def test_frames(neighbours): ...
"""


AUTHORITY = "authority: {certificate: ca.pem, key: {file: ca.key}}\n"


@pytest.mark.parametrize(
    ("declared", "authority", "declined"),
    [
        ("", "", 4),
        ("test_loads: yes, neighbour_frames: yes", "", 2),
        # Whether the phone trusts it nobody knows before it is asked.
        ("", AUTHORITY, 3),
        ("https: no", AUTHORITY, 4),
        ("https: yes, test_loads: yes, neighbour_frames: yes", AUTHORITY, 1),
        # Nobody presses keys on a rack, whatever is declared.
        ("screen_operator: yes, peer_firmware_sharing: no", "", 5),
    ],
)
def test_what_does_not_apply_is_known_before_a_handset_is_touched(
    tmp_path, declared: str, authority: str, declined: int
) -> None:
    made = Made()
    (tmp_path / "ca.pem").write_bytes(made.certificate())
    (tmp_path / "ca.key").write_bytes(made.secret())
    (tmp_path / "ca.key").chmod(0o600)
    (tmp_path / "rack.yaml").write_text(
        RACK.replace("serial: X1", f"serial: X1, capabilities: {{{declared}}}") + authority
    )
    collecting = ("--collect-only", f"--hil-testbed={tmp_path / 'rack.yaml'}")
    run = run_suite(tmp_path, ON_A_RACK, *collecting)
    assert f"{declined} more do not apply" in run.text


@pytest.mark.parametrize("name", ["telepathy", "minimum_timer_s", "factory_reset"])
def test_only_a_yes_or_no_can_be_needed(name: str) -> None:
    with pytest.raises(UsageError, match="no capability is called"):
        needs(name)


class Place:
    """A site of which nothing is asked but what it provides, and what it lacks unless it is stated."""

    provides = frozenset({"screen_operator"})

    def __init__(self, lacking: str = "") -> None:
        self.lacking = lacking
        self.asked: list[str] = []

    def lacks(self, capability: str, *, stated: bool) -> str:
        self.asked.append(capability)
        return "" if stated or capability != self.lacking else "nobody said so"


def test_a_capability_is_there_where_the_entry_or_the_site_has_it() -> None:
    testbed = load(suite_root() / "testbeds" / "virtual.yaml")
    bench = object.__new__(Bench)
    bench.testbed, bench.entry, bench._site = testbed, testbed.handset(), Place()
    assert Bench[Site].lacks(bench, "screen_operator") == ""
    assert Bench[Site].lacks(bench, "https") == ""
    assert "test_loads" in Bench[Site].lacks(bench, "test_loads")


@pytest.mark.parametrize(
    ("said", "lacking"),
    [
        ("", "https: nobody said so"),
        ("https: yes", ""),
        ("https: no", "https: v1 of virtual is not declared to have it"),
    ],
)
def test_the_site_is_asked_for_what_the_entry_does_not_deny(tmp_path, said, lacking) -> None:
    text = (suite_root() / "testbeds" / "virtual.yaml").read_text()
    entry = f"    capabilities: {{{said}}}\n    seed: 1 "
    (tmp_path / "said.yaml").write_text(text.replace("    seed: 1 ", entry, 1))
    bench = object.__new__(Bench)
    bench.testbed = load(tmp_path / "said.yaml")
    bench.entry, bench._site = bench.testbed.handset(), Place("https")
    assert Bench[Site].lacks(bench, "https") == lacking
    assert bench._site.asked == ([] if said == "https: no" else ["https"])
