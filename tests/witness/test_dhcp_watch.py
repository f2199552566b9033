"""A DHCP server that is not ours is found out, before the first test and in the middle of one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from programs import needed, started

from hil.errors import LabError
from hil.history import events as ev
from hil.judge import Word
from hil.net.virtual import SUBNET
from hil.suite_location import suite_root
from hil.testbed.inventory import load
from hil.testbed.virtual_bench import VirtualBench, virtual_bench
from hil.wire import dhcp_options as opt
from hil.witness.dhcp_watch import DhcpWatch

RIVAL = "02:00:5e:00:02:77"


def test_a_wire_with_our_server_alone_is_sound(stage):
    stage.bench.witnesses.survey()
    assert stage.judged(stage.resyncs_again).word is Word.PASS
    assert not stage.bench.history.all(ev.LabFault)


@pytest.fixture
def wall_bench() -> Iterator[VirtualBench]:
    testbed = load(suite_root() / "testbeds" / "virtual.yaml")
    with contextlib.closing(virtual_bench(testbed, testbed.handset(), wall_clock=True)) as made:
        yield made


@pytest.mark.peer("dnsmasq")
def test_the_survey_finds_dnsmasq(wall_bench, tmp_path: Path):
    dnsmasq = needed("dnsmasq", "dnsmasq-base")
    port = wall_bench.site.network.add_handset(RIVAL)
    port.far.up()
    port.far.configure(SUBNET[250], SUBNET.netmask)
    assert port.probe.round_trip()
    command = [
        dnsmasq, "--no-daemon", "--port=0", "--no-ping", "--log-dhcp", "--conf-file=/dev/null",
        f"--dhcp-range={SUBNET[66]},{SUBNET[70]},120", f"--dhcp-leasefile={tmp_path}/leases",
        f"--pid-file={tmp_path}/pid", "--user=root", "--bind-interfaces", "--interface=eth0",
    ]  # fmt: skip
    with started(command, port.far.namespace) as peer:
        peer.expect("DHCP, IP range")
        with pytest.raises(LabError, match="another DHCP server") as caught:
            wall_bench.witnesses.survey()
        assert RIVAL in caught.value.evidence
        assert str(SUBNET[250]) in caught.value.evidence
    fault = wall_bench.history.all(ev.LabFault)[0]
    assert "OFFER" in fault.evidence


def test_a_handset_that_asks_another_server_for_anothers_address_gives_it_away(stage):
    watch = watching(stage.bench)
    message(stage.bench, ev.Direction.SENT, "OFFER", server="192.0.2.1", yiaddr="192.0.2.16")
    message(stage.bench, ev.Direction.RECEIVED, "REQUEST", server="10.0.0.1", asked="10.0.0.7")
    (told,) = watch.trouble()
    assert "10.0.0.1" in told.evidence
    assert "10.0.0.7" in told.evidence
    watch.begin()
    assert not watch.trouble()


@pytest.mark.parametrize(
    ("server", "asked"), [("192.0.2.1", "192.0.2.16"), ("10.0.0.1", "192.0.2.16"), ("", "10.0.0.7")]
)
def test_a_handset_that_gets_one_of_both_wrong_did_so_itself(stage, server, asked):
    watch = watching(stage.bench)
    message(stage.bench, ev.Direction.SENT, "OFFER", server="192.0.2.1", yiaddr="192.0.2.16")
    message(stage.bench, ev.Direction.RECEIVED, "REQUEST", server=server, asked=asked)
    assert not watch.trouble()


def watching(bench: VirtualBench) -> DhcpWatch:
    return DhcpWatch(
        (), bench.site.network.bridge.mac, bench.clock, bench.history, lambda told: None
    )


def message(
    bench: VirtualBench,
    direction: ev.Direction,
    kind: str,
    *,
    server: str = "",
    asked: str = "",
    yiaddr: str = "0.0.0.0",
) -> None:
    options = {
        option.code: IPv4Address(value).packed
        for option, value in ((opt.SERVER_ID, server), (opt.REQUESTED_ADDRESS, asked))
        if value
    }
    bench.history.append(
        ev.DhcpMessage(
            source="dhcp", direction=direction, kind=kind, mac=bench.admission.mac, xid=1,
            ciaddr="0.0.0.0", yiaddr=yiaddr, peer="", options=options,
        )
    )  # fmt: skip
