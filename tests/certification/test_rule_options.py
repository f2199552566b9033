"""Options of a rule: ``[--post x]``, ``[--alias x]`` and ``[--srv]`` (Administration Guide 11.3,
Provisioning Formats; SPA Provisioning Guide, Optional Resync Arguments).

That a profile was applied shows in the Resync_Periodic that it brings (600 s).
"""

from __future__ import annotations

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.http_response import Response
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history.events import DnsQuery, HttpRequest, ProvisioningRequest
from hil.marks import quick, reading, requirement
from hil.reference.phone import Phone
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import (
    boot_to_lease,
    check_in_force,
    expect_resyncs,
    failure_told,
    first_resync,
    idle_phone,
    next_transfer,
)

PROFILE = flat_profile(Resync_Periodic="600")
NAME = "prov.example"
SERVICE = f"_http._tcp.{NAME}"
NOBODY = "192.0.2.99"


# -- post ---------------------------------------------------------------------------------------------


@requirement("rules.post")
def test_with_post_the_expanded_register_is_sent(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve("/cgi", PROFILE)
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=f"[--post c] {http.url('/cgi')}",
        GPP_B="seven",
        GPP_C="<phone mac='$MA' mau='$(MAU)' room='$B' secret='$SA'>$$5</phone>",
        GPP_SA="hush",
    )
    request = history.expect(HttpRequest, after=lease, path="/cgi", within=handset.timing.step)
    history.check("method", seen=request.method, due="POST")
    identity = handset.identity
    due = f"<phone mac='{identity.ma}' mau='{identity.mau}' room='seven' secret='$SA'>$5</phone>"
    history.check("body", seen=request.body.decode(errors="replace"), due=due)


@requirement("rules.post")
def test_the_answer_to_a_post_is_applied_as_a_profile(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve("/cgi", lambda request: _profile_for(request, handset.identity.ma))
    up = handset.boot(
        Profile_Rule=f"[--post a] {http.url('/cgi')}", GPP_A="$MA", Resync_Random_Delay="0"
    )
    synced = first_resync(history, handset, up)
    expect_resyncs(history, handset, synced, 600, requirement="rules.post")


def _profile_for(request: HttpRequest, body: str) -> Response:
    """A profile for who posts this body."""
    if request.method == "POST" and request.body == body.encode():
        return Response(PROFILE)
    return Response(status=403)


@quick
@requirement("rules.post", "transfer.authentication")
def test_a_challenge_to_a_post_is_answered_with_the_body_again(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve("/cgi", PROFILE)
    http.require_digest("/cgi", "phone", "s3cret")
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=f"[--uid phone --pwd s3cret --post p] {http.url('/cgi')}",
        GPP_P="mac=$MA",
    )
    within = 2 * (handset.timing.step + handset.timing.late)
    history.expect(HttpRequest, after=lease, within=within, count=2)
    sent = [(each.method, each.body) for each in history.all(HttpRequest, after=lease)]
    history.check("requests", seen=sent, due=[("POST", b"mac=" + handset.identity.ma.encode())] * 2)


# -- alias --------------------------------------------------------------------------------------------

CUSTOMER = b"""<CPE>
  <Timing><resync ua="na">600</resync></Timing>
  <SIP-Credentials><name>J. Smith</name><number>14085551234</number></SIP-Credentials>
</CPE>"""


@requirement("rules.alias")
@pytest.mark.parametrize(
    "aliases",
    [
        "/CPE/Timing/resync = /flat-profile/Resync_Periodic ;",
        "/Timing/resync = /flat-profile/Resync_Periodic ;",
        "/resync = /flat-profile/Resync_Periodic ;",
        "/CPE/SIP-Credentials/name = /flat-profile/Display_Name_1_ ; "
        "/CPE/Timing/resync = /flat-profile/Resync_Periodic ;",
    ],
)
def test_an_alias_map_names_the_elements_of_somebody_elses_xml(
    aliases: str, handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    tftp.serve("/customer.xml", CUSTOMER)
    up = handset.boot(
        Profile_Rule=f"[--alias m] tftp://{tftp.address}/customer.xml",
        GPP_M=aliases,
        Resync_Random_Delay="0",
        Resync_Periodic="7200",
        Resync_Error_Retry_Delay="60",
    )
    synced = first_resync(history, handset, up)
    expect_resyncs(history, handset, synced, 600, requirement="rules.alias")


@requirement("rules.alias")
def test_thirty_entries_of_an_alias_map_count(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    """SPA Provisioning Guide: "Up to 30 parameters can be remapped"; what is no entry is not one."""
    others = [f"/other{number} = /flat-profile/GPP_A ;" for number in range(28)]
    asked = idle_phone(
        history,
        handset,
        Profile_Rule=f"[--alias m] tftp://{tftp.address}/customer.xml",
        GPP_C="kept",
        GPP_M="".join(others) + "nonsense ;/name = /flat-profile/GPP_A ; ;"
        "/resync = /flat-profile/GPP_B ; /number = /flat-profile/GPP_C ;",
    )
    tftp.serve("/customer.xml", CUSTOMER)
    web.resync()
    next_transfer(history, handset, asked)
    check_in_force(history, handset, web, GPP_A="J. Smith", GPP_B="600", GPP_C="kept")


# -- SRV ----------------------------------------------------------------------------------------------


def srv_rule(http: HttpEndpoint) -> str:
    return f"[--srv] {http.url('/profile.xml', host=NAME)}"


def asked(
    history: History, handset: HandsetControl, lease: Moment, **fields: object
) -> HttpRequest:
    """The request for the profile, once the server was found, however many are tried before it."""
    within = handset.timing.step + handset.timing.give_up
    return history.expect(HttpRequest, after=lease, path="/profile.xml", within=within, **fields)


@requirement("rules.srv")
def test_the_port_of_the_srv_record_is_asked(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    http_8080: HttpEndpoint,
    history: History,
) -> None:
    dns.service(SERVICE, "web.example", 8080)
    dns.answer("web.example", http_8080.address)
    http_8080.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(history, handset, Profile_Rule=srv_rule(http))
    history.expect(DnsQuery, after=lease, name=SERVICE, qtype="SRV", within=handset.timing.step)
    request = asked(history, handset, lease, port=8080)
    history.check("Host header", seen=(request.header("host") or "").split(":")[0], due=NAME)


@quick
@requirement("rules.srv")
def test_the_lowest_priority_is_asked_first(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    http_8080: HttpEndpoint,
    history: History,
) -> None:
    dns.service(SERVICE, "late.example", 80, priority=20, weight=100)
    dns.service(SERVICE, "first.example", 8080, priority=10)
    dns.answer("late.example", http.address)
    dns.answer("first.example", http_8080.address)
    http_8080.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(history, handset, Profile_Rule=srv_rule(http))
    request = asked(history, handset, lease)
    history.check("port of the first request", seen=request.port, due=8080)


@requirement("rules.srv")
def test_the_next_priority_is_asked_where_the_first_does_not_answer(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    dns.service(SERVICE, "nobody.example", 80, priority=10)
    dns.service(SERVICE, "somebody.example", 80, priority=20)
    dns.answer("nobody.example", NOBODY)
    dns.answer("somebody.example", http.address)
    http.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(history, handset, Profile_Rule=srv_rule(http))
    asked(history, handset, lease, port=80)


@requirement("rules.srv")
def test_without_srv_records_it_is_as_the_handset_is_read(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    reference: Phone,
) -> None:
    dns.answer(NAME, http.address)
    http.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(
        history, handset, Profile_Rule=srv_rule(http), Syslog_Server=syslog.address
    )
    history.expect(DnsQuery, after=lease, name=SERVICE, qtype="SRV", within=handset.timing.step)
    if reference.interpretations.srv_missing == "address":
        asked(history, handset, lease, port=80)
    else:
        failure_told(history, handset, lease)


@requirement("rules.srv", "resync.failure")
def test_tftp_has_no_srv_records(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dns.answer(NAME, tftp.address)
    tftp.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=f"[--srv] tftp://{NAME}/profile.xml",
        Resync_Error_Retry_Delay="300",
        Syslog_Server=syslog.address,
    )
    history.expect_none(ProvisioningRequest, after=lease, within=60)
    failure_told(history, handset, lease)


@reading(redirect_options="same")
@requirement("rules.srv", "transfer.redirect")
def test_where_a_redirect_leads_is_looked_up_by_its_srv_records_too(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    http_8080: HttpEndpoint,
    history: History,
) -> None:
    dns.service(SERVICE, "web.example", 8080)
    dns.answer("web.example", http_8080.address)
    http_8080.redirect("/profile.xml", f"http://{NAME}/moved.xml")
    http_8080.serve("/moved.xml", PROFILE)
    lease = boot_to_lease(history, handset, Profile_Rule=srv_rule(http))
    first = asked(history, handset, lease, port=8080)
    within = handset.timing.step + handset.timing.late
    history.expect(HttpRequest, after=first, path="/moved.xml", port=8080, within=within)


@reading(redirect_options="same")
@requirement("rules.srv", "resync.failure")
def test_a_redirect_to_tftp_which_has_no_srv_records_is_a_failure(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dns.service(SERVICE, "web.example", 80)
    dns.answer("web.example", http.address)
    http.redirect("/profile.xml", f"tftp://{tftp.address}/profile.xml")
    tftp.serve("/profile.xml", PROFILE)
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=srv_rule(http),
        Resync_Error_Retry_Delay="300",
        Syslog_Server=syslog.address,
    )
    failure_told(history, handset, lease)
    seen = [each.scheme for each in history.all(ProvisioningRequest, after=lease)]
    history.check("the protocols", seen=seen, due=["http"])
