"""Where the phone has the time from: its NTP servers, in their order, as long as they know it."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from hil.endpoints import faults
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history.events import DnsQuery, NtpAnswer, NtpQuery, ProvisioningRequest
from hil.marks import quick, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, boot_to_lease, first_resync
from hil.testing.clock import GMT, seconds_until, serve_at, told, utc

PRIMARY, SECONDARY, OTHER = "time1.example", "time2.example", "time3.example"
NOBODY = "192.0.2.250"
"""An address of the lab's network that nobody has."""
ROUND = 120
"""Seconds in which a phone has asked each of its servers, the silent ones more than once."""


def asked_names(history: History, after: Moment) -> list[str]:
    """The names of time servers that the phone looked up since, each once, in their order."""
    known = (PRIMARY, SECONDARY, OTHER)
    names = [query.name.rstrip(".") for query in history.all(DnsQuery, after=after, qtype="A")]
    return list(dict.fromkeys(name for name in names if name in known))


@requirement("clock.ntp")
@pytest.mark.parametrize("name", ["Primary_NTP_Server", "Secondary_NTP_Server"])
def test_a_server_of_the_parameters_is_asked(
    name: str, handset: HandsetControl, ntp: NtpEndpoint, history: History
) -> None:
    lease = boot_to_lease(history, handset, **{name: ntp.address})
    history.expect(NtpQuery, after=lease, within=ROUND)


@quick
@requirement("clock.ntp")
def test_a_server_of_dhcp_is_asked(
    handset: HandsetControl, dhcp: DhcpEndpoint, ntp: NtpEndpoint, history: History
) -> None:
    dhcp.offer(ntp=ntp.address)
    lease = boot_to_lease(history, handset)
    history.expect(NtpQuery, after=lease, within=ROUND)


@requirement("clock.ntp")
@pytest.mark.parametrize("more", [b"\0", b"\xc0\0\2"], ids=["five octets", "seven octets"])
def test_a_list_of_dhcp_that_is_none_leaves_those_of_the_parameters(
    more: bytes, handset: HandsetControl, dhcp: DhcpEndpoint, ntp: NtpEndpoint, history: History
) -> None:
    """ "The length must be a multiple of 4" (RFC 2132 section 8.3)."""
    dhcp.offer(raw={42: IPv4Address(NOBODY).packed + more})
    lease = boot_to_lease(history, handset, Secondary_NTP_Server=ntp.address)
    history.expect(NtpQuery, after=lease, within=ROUND)


@requirement("clock.ntp")
def test_the_second_server_of_dhcp_is_asked_if_the_first_is_silent(
    handset: HandsetControl, dhcp: DhcpEndpoint, ntp: NtpEndpoint, history: History
) -> None:
    dhcp.offer(raw={42: IPv4Address(NOBODY).packed + IPv4Address(ntp.address).packed})
    lease = boot_to_lease(history, handset)
    history.expect(NtpQuery, after=lease, within=2 * ROUND)


@requirement("clock.ntp")
def test_a_server_of_a_profile_is_asked(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    tftp.serve(DEFAULT_PATH, flat_profile(Primary_NTP_Server=ntp.address))
    dhcp.offer(option_66=tftp.address)
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    history.expect(NtpQuery, after=synced, within=ROUND)


@requirement("clock.ntp")
def test_nobody_is_asked_if_nobody_is_named(
    handset: HandsetControl, ntp: NtpEndpoint, history: History
) -> None:
    lease = boot_to_lease(history, handset)
    history.expect_none(NtpQuery, after=lease, within=7200)


@quick
@requirement("clock.ntp")
def test_the_primary_server_is_asked_first_and_the_others_not_if_it_answers(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    dns.answer(PRIMARY, ntp.address)
    dns.answer(SECONDARY, NOBODY)
    dhcp.offer(ntp=NOBODY)
    lease = boot_to_lease(
        history, handset, Primary_NTP_Server=PRIMARY, Secondary_NTP_Server=SECONDARY
    )
    told(history, handset, lease, within=ROUND)
    history.check("time servers looked up", seen=asked_names(history, lease), due=[PRIMARY])
    first = history.all(NtpAnswer, after=lease)[0]
    silent = (first.at - lease.at) / 1e9
    # Whoever asks a server that does not exist first waits for it.
    history.check(
        "the primary server is asked at once",
        seen=f"told the time {silent:.3f} s after the lease",
        due=f"within {handset.timing.late:g} s",
        passed=silent <= handset.timing.late,
    )


@requirement("clock.ntp")
def test_the_secondary_server_is_asked_if_the_primary_one_is_silent(
    handset: HandsetControl, dns: DnsEndpoint, ntp: NtpEndpoint, history: History
) -> None:
    dns.answer(PRIMARY, NOBODY)
    dns.answer(SECONDARY, ntp.address)
    lease = boot_to_lease(
        history, handset, Primary_NTP_Server=PRIMARY, Secondary_NTP_Server=SECONDARY
    )
    history.expect(NtpQuery, after=lease, within=ROUND)
    history.check(
        "time servers looked up", seen=asked_names(history, lease), due=[PRIMARY, SECONDARY]
    )


@requirement("clock.ntp")
def test_a_server_of_the_parameters_goes_before_those_of_dhcp(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    dns.answer(PRIMARY, NOBODY)
    dhcp.offer(ntp=ntp.address)
    lease = boot_to_lease(history, handset, Primary_NTP_Server=PRIMARY)
    query = history.expect(NtpQuery, after=lease, within=ROUND)
    before = [each for each in history.all(DnsQuery, after=lease) if each.seq < query.seq]
    history.check(
        "what the phone did before it asked the server of DHCP",
        seen=[each.name.rstrip(".") for each in before],
        due=[PRIMARY],
    )


@requirement("clock.ntp")
def test_the_phone_keeps_asking(
    handset: HandsetControl, dhcp: DhcpEndpoint, ntp: NtpEndpoint, history: History
) -> None:
    dhcp.offer(ntp=ntp.address)
    lease = boot_to_lease(history, handset)
    # "The synchronization period is fixed at 1 hour" (Administration Guide, Time and Date).
    history.expect(NtpQuery, after=lease, within=4 * 3600 + ROUND, count=4)


UNUSABLE = {
    "unsynchronized": faults.Unsynchronized(),
    "rate": faults.KissOfDeath("RATE"),
    "deny": faults.KissOfDeath("DENY"),
}


@requirement("clock.ntp")
@pytest.mark.parametrize("kind", UNUSABLE)
def test_no_time_is_taken_from_a_server_that_knows_none(
    kind: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00", Resync_Periodic="0")
    ntp.inject(UNUSABLE[kind])
    up = handset.boot(**GMT, Resync_Random_Delay="0", Resync_At__HHmm_="0730")
    synced = first_resync(history, handset, up)
    history.wait(NtpQuery, after=up, within=handset.boot_limit + ROUND)
    until = seconds_until(history, ntp, "2026-03-02 09:00", synced)
    history.expect_none(ProvisioningRequest, after=synced, within=until)


@requirement("clock.ntp")
def test_no_time_is_taken_from_an_answer_to_another_question(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00", Resync_Periodic="0")
    seconds = round((utc("2026-03-02 07:29") - utc("1900-01-01")).total_seconds())
    stamp = seconds.to_bytes(4, "big") + bytes(4)
    # A server's answer (leap 0, version 4, mode 4, stratum 1) to whoever asked at 0x1111...
    answer = b"\x24\x01\x06\xec" + bytes(8) + b"GPS\0" + stamp + b"\x11" * 8 + stamp + stamp
    ntp.inject(faults.RawAnswer(answer))
    up = handset.boot(**GMT, Resync_Random_Delay="0", Resync_At__HHmm_="0730")
    synced = first_resync(history, handset, up)
    history.wait(NtpQuery, after=up, within=handset.boot_limit + ROUND)
    history.expect_none(ProvisioningRequest, after=synced, within=3600)
