"""CDP and LLDP-MED: what the phone tells its switch at boot, before it asks for an address."""

from __future__ import annotations

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.neighbours import NeighbourListener
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, NeighbourAnnounced
from hil.lab_time import NANOSECONDS
from hil.marks import quick, requirement
from hil.testbed.control import HandsetControl
from hil.testing import first_resync, provision

BOTH = {"Enable_CDP": "Yes", "Enable_LLDP-MED": "Yes"}


@quick
@requirement("neighbours.announced")
def test_by_default_the_phone_announces_itself_by_both_protocols_before_dhcp(
    handset: HandsetControl, neighbours: NeighbourListener, history: History
) -> None:
    up = handset.boot()
    asked = history.wait(DhcpMessage, kind="DISCOVER", after=up, within=handset.boot_limit)
    history.wait(DhcpMessage, kind="ACK", after=asked, within=handset.boot_limit)
    heard = history.all(NeighbourAnnounced, after=up)
    before = [each.protocol for each in heard if each.at <= asked.at]
    history.check("protocols heard before DHCP", seen=sorted(set(before)), due=["CDP", "LLDP"])


@requirement("neighbours.announced")
def test_with_enable_cdp_no_there_is_no_cdp(
    handset: HandsetControl, neighbours: NeighbourListener, history: History
) -> None:
    up = handset.boot(**BOTH | {"Enable_CDP": "No"})
    history.expect(NeighbourAnnounced, protocol="LLDP", after=up, within=handset.timing.boot)
    history.expect_none(NeighbourAnnounced, protocol="CDP", after=up, within=600)


@requirement("neighbours.announced")
def test_with_enable_lldp_med_no_there_is_no_lldp(
    handset: HandsetControl, neighbours: NeighbourListener, history: History
) -> None:
    up = handset.boot(**BOTH | {"Enable_LLDP-MED": "No"})
    history.expect(NeighbourAnnounced, protocol="CDP", after=up, within=handset.timing.boot)
    history.expect_none(NeighbourAnnounced, protocol="LLDP", after=up, within=600)


@requirement("neighbours.announced")
def test_with_both_disabled_the_phone_tells_nothing_and_boots(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    neighbours: NeighbourListener,
    history: History,
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(**{"Enable_CDP": "No", "Enable_LLDP-MED": "No"})
    history.wait(DhcpMessage, kind="ACK", after=up, within=handset.boot_limit)
    history.expect_none(NeighbourAnnounced, after=up, within=600)


@requirement("neighbours.announced")
def test_a_profile_disables_the_announcements_from_the_next_boot_on(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    neighbours: NeighbourListener,
    history: History,
) -> None:
    provision(dhcp, tftp, **{"Enable_CDP": "No", "Enable_LLDP-MED": "No"})
    up = handset.boot(Resync_Random_Delay="0")
    history.expect(NeighbourAnnounced, after=up, within=handset.timing.boot)
    first_resync(history, handset, up)
    history.sleep(10 * handset.timing.store)
    up = handset.power_cycle()
    history.expect_none(NeighbourAnnounced, after=up, within=600)


@requirement("neighbours.announced")
def test_the_first_lldp_frame_waits_for_network_startup_delay(
    handset: HandsetControl, neighbours: NeighbourListener, history: History
) -> None:
    begins = []
    for seconds in (0, 120):
        up = handset.boot(Enable_CDP="No", Network_Startup_Delay=str(seconds), Resync_On_Reset="No")
        within = handset.timing.boot + seconds
        first = history.expect(NeighbourAnnounced, protocol="LLDP", after=up, within=within)
        history.wait(DhcpMessage, kind="ACK", after=first, within=handset.boot_limit)
        begins.append((first.at - up.at) / NANOSECONDS)
    later = begins[1] - begins[0]
    history.check(
        "how much later it comes with a delay of 120 s",
        seen=f"{later:.1f} s",
        due="100 to 140 s, as boots differ",
        passed=100 <= later <= 140,
    )


@requirement("neighbours.announced")
def test_cdp_says_who_the_phone_is(
    handset: HandsetControl, neighbours: NeighbourListener, history: History
) -> None:
    said = _first("CDP", handset, history)
    seen = [said.get(name) for name in ("device_id", "platform", "software", "capabilities")]
    identity = handset.identity
    due = [f"SEP{identity.mau}", "CP-7832-3PCC", identity.swver, "host,phone"]
    history.check("device, platform, software, capabilities", seen=seen, due=due)


@requirement("neighbours.announced")
def test_lldp_says_who_the_phone_is(
    handset: HandsetControl, neighbours: NeighbourListener, history: History
) -> None:
    said = _first("LLDP", handset, history)
    seen = [said.get(name) for name in ("system_name", "port_id", "capabilities", "chassis_id")]
    identity = handset.identity
    due = [f"SEP{identity.mau}", identity.mac, "telephone", "0.0.0.0"]
    history.check("name, port, capabilities, chassis before DHCP", seen=seen, due=due)
    med = [said.get(name) for name in ("med_class", "firmware_revision", "power_class")]
    history.check("class, firmware, PoE class", seen=med, due=["3", identity.swver, "2"])


@requirement("neighbours.announced")
def test_the_announcements_are_kept_for_180_seconds(
    handset: HandsetControl, neighbours: NeighbourListener, history: History
) -> None:
    seen = [_first(protocol, handset, history).get("ttl") for protocol in ("CDP", "LLDP")]
    history.check("the times to live, in seconds", seen=seen, due=["180", "180"])


def _first(protocol: str, handset: HandsetControl, history: History) -> dict[str, str]:
    """The fields of the first announcement after boot-up."""
    up = handset.boot(Resync_On_Reset="No")
    heard = history.expect(
        NeighbourAnnounced, protocol=protocol, after=up, within=handset.timing.boot
    )
    history.wait(DhcpMessage, kind="ACK", after=up, within=handset.boot_limit)
    return heard.fields
