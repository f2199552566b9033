"""Tours: what matters most, in as few boots as can be.

A phone needs a minute or more to boot, so ten minutes have room for a handful of boots. Each tour asks
for many things after one of them, and so comes first where time is short.
"""

from __future__ import annotations

import re

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import (
    DhcpMessage,
    HttpRequest,
    ProvisioningRequest,
    SyslogMessage,
    TftpRequest,
)
from hil.marks import requirement, smoke
from hil.pace.timers import Pace
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, check_in_force, expect_resyncs, first_resync, soon
from hil.testing.sip import boot_registered

LOAD = "/firmware/sip7832.11-3-2MPP0001-610.loads"


@smoke
@requirement(
    "resync.on_reset",
    "resync.error_retry_delay",
    "resync.failure",
    "resync.periodic",
    "profile.format",
    "transfer.http",
    "log.request",
    "log.success",
    "log.failure",
)
def test_a_phone_that_finds_nothing_tries_again_and_is_led_to_another_server(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
    pace: Pace,
) -> None:
    retry = pace.timer("Resync_Error_Retry_Delay", 60, quick=5)
    period = pace.timer("Resync_Periodic", 600, quick=8)
    told = soon(handset) + handset.timing.message

    # Boot-up: the server that DHCP names has no profile yet.
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(
        Resync_Random_Delay="0", Resync_Error_Retry_Delay=str(retry), Syslog_Server=syslog.address
    )
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect(
        TftpRequest,
        after=lease,
        within=soon(handset),
        path=DEFAULT_PATH,
        requirement="resync.on_reset",
    )
    failed = first_resync(history, handset, up)
    for name, words in (("log.request", "Requesting resync"), ("log.failure", "Resync failed")):
        history.expect(
            SyslogMessage, after=lease, within=told, text=re.compile(words), requirement=name
        )

    # The retry finds one, which sends the phone on to another server.
    rule = f"http://{http.address}/second.xml"
    tftp.serve(DEFAULT_PATH, flat_profile(Resync_Periodic=str(period), Profile_Rule=rule))
    http.serve("/second.xml", flat_profile(GPP_A="by HTTP", Resync_Periodic="0"))
    synced = expect_resyncs(history, handset, failed, retry, requirement="resync.error_retry_delay")
    history.expect(
        SyslogMessage,
        after=synced,
        within=told,
        text=re.compile("Successful resync"),
        requirement="log.success",
    )
    expect_resyncs(history, handset, synced, period, requirement="resync.periodic")
    asked = [each.path for each in history.all(HttpRequest, after=synced)]
    history.check("what is asked for", seen=asked, due=["/second.xml"], requirement="transfer.http")
    check_in_force(
        history,
        handset,
        web,
        requirement="profile.format",
        GPP_A="by HTTP",
        Resync_Periodic="0",
    )


@smoke
@requirement("resync.from_sip", "sip.notify", "web.resync", "web.upgrade")
def test_a_phone_with_a_line_obeys_notify_and_its_web_page(
    handset: HandsetControl,
    sip: SipEndpoint,
    tftp: TftpEndpoint,
    http: HttpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    tftp.serve("/own.xml", flat_profile(GPP_A="by NOTIFY"))
    http.serve("/other.xml", flat_profile(GPP_B="by web page"))
    rule = f"tftp://{tftp.address}/own.xml"
    boot_registered(history, handset, sip, Profile_Rule=rule, Upgrade_Error_Retry_Delay="0")

    # By SIP: challenged, answered with the line's credentials, obeyed.
    marked = history.mark()
    final = sip.notify("resync")
    history.check("the answer to the NOTIFY", seen=final.status, due=200, requirement="sip.notify")
    history.expect(
        ProvisioningRequest,
        after=marked,
        path="/own.xml",
        within=soon(handset),
        requirement="resync.from_sip",
    )
    history.sleep(handset.timing.step)

    # By the web page: another file, from another server, and a load that is not there.
    marked = history.mark()
    web.resync(f"http://{http.address}/other.xml")
    history.expect(
        HttpRequest,
        after=marked,
        path="/other.xml",
        within=soon(handset),
        requirement="web.resync",
    )
    check_in_force(
        history, handset, web, requirement="web.resync", GPP_A="by NOTIFY", GPP_B="by web page"
    )
    marked = history.mark()
    web.upgrade(f"tftp://{tftp.address}{LOAD}")
    history.expect(
        ProvisioningRequest,
        after=marked,
        path=LOAD,
        within=soon(handset),
        requirement="web.upgrade",
    )
