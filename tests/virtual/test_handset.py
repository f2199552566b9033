"""The handset on a virtual bench: what no server may do to it, and what it tells of its life."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from scenario import make_bench

from hil.history import events as ev
from hil.reference.parameters import Parameters
from hil.reference.phone import Apply, Finished, Leased, Retrieve
from hil.reference.profile_builder import flat_profile
from hil.virtual.flash import Flash, MemoryMedium
from hil.virtual.handset import Handset, Hardware
from hil.virtual.told import Awaited, Booted, LeaseLost


@pytest.fixture
def bench():
    made = make_bench(0)
    made.begin("test")
    yield made
    made.end("test")
    assert not made.history.all(ev.LabFault)
    made.close()


def test_a_dns_option_that_makes_no_sense_costs_the_names_alone(bench):
    bench.tftp.serve("/7832-3PCC.xml", flat_profile())
    bench.dhcp.offer(dns=b"\1\2\3", option_66=bench.tftp.address)
    bench.handset.boot(Resync_Random_Delay="0")
    ended = bench.history.wait(ev.TransferEnded, within=30)
    assert ended.path == "/7832-3PCC.xml"


def test_a_renewal_may_name_another_dns_server(bench):
    bench.dns.answer("prov.example", bench.tftp.address)
    bench.tftp.serve("/7832-3PCC.xml", flat_profile())
    offer = {"lease_time": 600, "option_66": "prov.example"}
    bench.dhcp.offer(dns=[IPv4Address("192.0.2.200")], **offer)
    bench.handset.boot(Resync_Random_Delay="0", Resync_Error_Retry_Delay="400")
    first = bench.history.wait(ev.DhcpMessage, kind="ACK", within=30)
    bench.dhcp.offer(dns=[bench.dns.address], **offer)
    bench.history.wait(ev.DhcpMessage, after=first, kind="ACK", within=310)
    ended = bench.history.wait(ev.TransferEnded, within=500)
    assert ended.path == "/7832-3PCC.xml"


def test_what_it_tells_of_a_resync_in_order(bench):
    bench.tftp.serve("/7832-3PCC.xml", flat_profile(GPP_A="hello"))
    bench.dhcp.offer(option_66=bench.tftp.address)
    told = []
    entry = bench.entry
    flash = Flash(MemoryMedium(), bench.clock)
    flash.preset({"Resync_Random_Delay": "0"})
    phone = Handset(
        Hardware(entry.identity()),
        bench.site.network.ports[0].far,
        bench.clock,
        flash,
        pytest.fail,
        told.append,
    )

    async def on():
        phone.power_on()

    async def off():
        phone.release_lease()
        await phone.unplugged()

    bench.clock.run(on())
    assert bench.clock.wait(
        lambda: any(isinstance(each, Finished) for each in told),
        bench.clock.now() + 30_000_000_000,
    )
    bench.clock.run(off())
    # This phone was plugged in by hand.
    bench.handset.watch_link()
    wanted = (Booted, Leased, Awaited, Retrieve, Apply, Finished, LeaseLost)
    kinds = [type(each) for each in told if isinstance(each, wanted)]
    assert kinds == [*wanted[:-1], Awaited, LeaseLost]
    assert told[0] == Booted(Parameters({"Resync_Random_Delay": "0"}))
    assert Finished(True) in told
    assert bench.history.all(ev.DhcpMessage, kind="RELEASE")
