"""How a phone finds its server by DNS: several addresses, their life, answers cut short, and none.

"A records, tried one after another until one answers" (Administration Guide, Phone Security); the rest
is RFC 1035's and RFC 7766's.
"""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.faults import Garbage, Silence, TruncatedAnswer
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history.events import (
    DnsQuery,
    FaultInjected,
    HttpRequest,
    ProvisioningRequest,
    SyslogMessage,
    TransferEnded,
)
from hil.marks import quick, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, failure_told

NAME = "prov.example"
NOBODY, NOBODY_ELSE = "192.0.2.99", "192.0.2.98"
PROFILE = flat_profile(Resync_Periodic="600")


def rule(http: HttpEndpoint) -> str:
    return http.url("/profile.xml", host=NAME)


def synced(history: History, handset: HandsetControl, after: Moment) -> TransferEnded:
    """The profile's transfer, however long the phone takes to find the server."""
    within = handset.timing.step + handset.timing.give_up
    return history.expect(TransferEnded, after=after, within=within)


# -- several addresses --------------------------------------------------------------------------------


@requirement("dns.addresses")
def test_the_second_address_is_tried_where_the_first_does_not_answer(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    dns.answer(NAME, NOBODY, http.address)
    http.serve("/profile.xml", PROFILE)
    synced(history, handset, boot_to_lease(history, handset, Profile_Rule=rule(http)))


@requirement("dns.addresses")
def test_the_third_address_is_tried_where_the_first_two_do_not_answer(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    dns.answer(NAME, NOBODY, NOBODY_ELSE, http.address)
    http.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(history, handset, Profile_Rule=rule(http))
    within = handset.timing.step + 2 * handset.timing.give_up
    history.expect(TransferEnded, after=lease, within=within)


@requirement("dns.addresses")
def test_over_tftp_as_well(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    dns.answer(NAME, NOBODY, tftp.address)
    tftp.serve("/profile.xml", PROFILE)
    url = f"tftp://{NAME}/profile.xml"
    synced(history, handset, boot_to_lease(history, handset, Profile_Rule=url))


@requirement("dns.addresses")
def test_the_log_tells_the_address_that_answered(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dns.answer(NAME, NOBODY, http.address)
    http.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=rule(http),
        Syslog_Server=syslog.address,
        Log_Success_Msg="found at $SERVIP",
    )
    history.expect(
        SyslogMessage,
        after=lease,
        text=f"found at {http.address}",
        within=handset.timing.step + handset.timing.give_up + handset.timing.message,
    )


# -- TTL ----------------------------------------------------------------------------------------------


@requirement("dns.ttl")
def test_an_address_is_looked_up_again_when_its_ttl_is_over(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    dns.answer(NAME, http.address, ttl=599)
    http.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(history, handset, Profile_Rule=rule(http))
    first = synced(history, handset, lease)
    within = 600 + handset.timing.step + handset.timing.late
    history.expect(DnsQuery, after=first, name=NAME, qtype="A", within=within)


@requirement("dns.ttl")
def test_the_shortest_ttl_of_an_alias_and_its_address_counts(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    dns.alias(NAME, "web.example", ttl=599)
    dns.answer("web.example", http.address, ttl=86_400)
    http.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(history, handset, Profile_Rule=rule(http))
    first = synced(history, handset, lease)
    within = 600 + handset.timing.step + handset.timing.late
    history.expect(DnsQuery, after=first, name=NAME, qtype="A", within=within)


@requirement("dns.ttl")
def test_the_server_may_move_meanwhile(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    http_8080: HttpEndpoint,
    history: History,
) -> None:
    service = f"_http._tcp.{NAME}"
    dns.service(service, "web.example", 80, ttl=300)
    dns.answer("web.example", http.address, ttl=300)
    http.serve("/profile.xml", PROFILE)
    http_8080.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(history, handset, Profile_Rule=f"[--srv] {rule(http)}")
    first = synced(history, handset, lease)
    dns.forget(service)
    dns.service(service, "web.example", 8080, ttl=300)
    within = 600 + handset.timing.step + handset.timing.late
    request = history.expect(HttpRequest, after=first, within=within)
    history.check("port of the next resync", seen=request.port, due=8080)


# -- TCP ----------------------------------------------------------------------------------------------


@quick
@requirement("dns.truncation")
def test_a_truncated_answer_is_asked_for_again_over_tcp(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    dns.answer(NAME, http.address)
    dns.inject(TruncatedAnswer())
    http.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(history, handset, Profile_Rule=rule(http))
    history.expect(DnsQuery, after=lease, name=NAME, transport="tcp", within=handset.timing.step)
    synced(history, handset, lease)


@requirement("dns.truncation")
def test_an_answer_of_a_hundred_addresses_comes_over_tcp(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    dns.answer(NAME, http.address, *(f"192.0.2.{number}" for number in range(101, 200)))
    http.serve("/profile.xml", PROFILE)
    synced(history, handset, boot_to_lease(history, handset, Profile_Rule=rule(http)))


# -- failures -----------------------------------------------------------------------------------------


@requirement("dns.failure", "resync.failure")
@pytest.mark.parametrize("trouble", ["NXDOMAIN", "SERVFAIL", "REFUSED", "no address", "silence"])
def test_a_server_that_has_no_address_any_more_fails_the_resync(
    trouble: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dns.answer(NAME, http.address, ttl=60)
    http.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(history, handset, Profile_Rule=rule(http), Syslog_Server=syslog.address)
    first = synced(history, handset, lease)
    match trouble:
        case "silence":
            dns.inject(Silence(), name=NAME)
        case "no address":
            dns.answer(NAME)
        case _:
            dns.fail(NAME, trouble)
    query = history.expect(
        DnsQuery, after=first, name=NAME, within=600 + handset.timing.step + handset.timing.late
    )
    history.expect_none(ProvisioningRequest, after=query, within=30)
    failure_told(history, handset, query)


@requirement("dns.failure")
@pytest.mark.parametrize(
    "kind", ["noise", "wrong-id", "wrong-question", "cut-short", "looping-name"]
)
def test_what_does_not_answer_the_question_is_waited_out(
    kind: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    dns.answer(NAME, http.address)
    dns.inject(Garbage(kind), nth=1)
    http.serve("/profile.xml", PROFILE)
    # A phone that gave up would not try again.
    lease = boot_to_lease(history, handset, Profile_Rule=rule(http), Resync_Error_Retry_Delay="0")
    garbage = history.wait(FaultInjected, after=lease, within=handset.timing.step)
    patience = handset.timing.give_up
    again = history.expect(DnsQuery, after=garbage, name=NAME, within=patience)
    history.expect(ProvisioningRequest, after=again, within=handset.timing.step)
