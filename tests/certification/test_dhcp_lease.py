"""A lease is renewed, rebound and ended as RFC 2131 section 4.4.5 says, and its newest ACK counts.

T1 and T2 are the server's (options 58 and 59), or one half and seven eighths of the lease. A client
may add some random time to both; no figure is published, so a tenth is granted here.
"""

from __future__ import annotations

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import Nak, Silence
from hil.endpoints.http import HttpEndpoint
from hil.history import History, Moment
from hil.history.events import DhcpMessage
from hil.marks import reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched

ALL = "255.255.255.255"
DAY = 86_400
MINUTE = 60
"""The longest that a client waits between two requests for its lease, when the time gets short."""


@requirement("dhcp.renewal")
def test_at_t1_the_phone_asks_its_server_to_extend_the_lease(
    handset: HandsetControl, dhcp: DhcpEndpoint, history: History
) -> None:
    dhcp.offer(lease_time=DAY, t1=600, t2=1200)
    lease = boot_to_lease(history, handset)
    asked = _request_for_lease(history, lease, 0.9 * 600, 1200)
    history.check("whom it asks", seen=asked.destination, due=dhcp.address)
    history.check("the address that it asks for", seen=asked.ciaddr, due=lease.yiaddr)


@requirement("dhcp.renewal")
def test_without_t1_the_phone_asks_after_half_the_lease(
    handset: HandsetControl, dhcp: DhcpEndpoint, history: History
) -> None:
    dhcp.offer(lease_time=1200)
    lease = boot_to_lease(history, handset)
    asked = _request_for_lease(history, lease, 0.9 * 600, 1050)
    history.check("whom it asks", seen=asked.destination, due=dhcp.address)


@reading(dhcp_server_name="any-form")
@requirement("dhcp.renewal", "dhcp.option_to_use")
def test_the_phone_goes_by_the_options_of_the_renewal(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve("/before.xml", flat_profile())
    http.serve("/after.xml", flat_profile())
    times = {"lease_time": DAY, "t1": 600, "t2": 1200}
    dhcp.offer(option_66=f"http://{http.address}/before.xml", **times)
    lease = boot_to_lease(history, handset, Resync_Periodic="1500")
    before = fetched(history, handset, lease, 1)
    dhcp.offer(option_66=f"http://{http.address}/after.xml", **times)
    renewed = history.wait(DhcpMessage, kind="ACK", after=lease, within=1200)
    after = fetched(history, handset, renewed, 1, wait=1500)
    history.check("the URLs", seen=[*before, *after], due=["/before.xml", "/after.xml"])


@requirement("dhcp.renewal")
def test_a_phone_whose_renewal_is_refused_begins_anew(
    handset: HandsetControl, dhcp: DhcpEndpoint, history: History
) -> None:
    dhcp.offer(lease_time=DAY, t1=600, t2=1200)
    lease = boot_to_lease(history, handset)
    dhcp.inject(Nak("moved"), name="RENEWING", nth=1)
    refused = history.wait(DhcpMessage, kind="NAK", after=lease, within=1200)
    history.expect(DhcpMessage, kind="DISCOVER", after=refused, within=handset.timing.lease)


@requirement("dhcp.rebinding")
def test_at_t2_the_phone_asks_all_servers(
    handset: HandsetControl, dhcp: DhcpEndpoint, history: History
) -> None:
    dhcp.offer(lease_time=DAY, t1=600, t2=1200)
    lease = boot_to_lease(history, handset)
    dhcp.inject(Silence(), name="RENEWING")
    asked = history.expect(
        DhcpMessage,
        kind="REQUEST",
        destination=ALL,
        after=lease,
        not_before=0.9 * 1200,
        within=1.1 * 1200 + MINUTE,
    )
    history.check("the address that it asks for", seen=asked.ciaddr, due=lease.yiaddr)


@requirement("dhcp.rebinding")
def test_a_lease_that_is_rebound_goes_on(
    handset: HandsetControl, dhcp: DhcpEndpoint, history: History
) -> None:
    dhcp.offer(lease_time=1800, t1=600, t2=1200)
    lease = boot_to_lease(history, handset)
    dhcp.inject(Silence(), name="RENEWING")
    history.expect(DhcpMessage, kind="ACK", after=lease, within=1.1 * 1200 + MINUTE)
    history.expect_none(DhcpMessage, kind="DISCOVER", after=lease, within=1800 + 600)


@requirement("dhcp.rebinding")
def test_a_phone_whose_lease_has_ended_begins_anew(
    handset: HandsetControl, dhcp: DhcpEndpoint, history: History
) -> None:
    dhcp.offer(lease_time=1800, t1=600, t2=1200)
    lease = boot_to_lease(history, handset)
    dhcp.inject(Silence(), name="RENEWING")
    dhcp.inject(Silence(), name="REBINDING")
    history.expect(
        DhcpMessage,
        kind="DISCOVER",
        after=lease,
        not_before=1800 - handset.timing.step,
        within=1800 + MINUTE,
    )


def _request_for_lease(
    history: History, lease: Moment, earliest: float, latest: float
) -> DhcpMessage:
    return history.expect(
        DhcpMessage, kind="REQUEST", after=lease, not_before=earliest, within=latest
    )
