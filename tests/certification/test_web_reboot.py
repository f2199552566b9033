"""/admin/reboot: a reboot that is asked for by the phone's web page."""

from __future__ import annotations

import re

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import Delay
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import (
    DhcpMessage,
    Direction,
    ProvisioningRequest,
    SipMessage,
    SyslogMessage,
)
from hil.marks import needs, quick, requirement, smoke
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import (
    check_in_force,
    expect_reboot,
    fetched,
    first_resync,
    idle_phone,
    provision,
    soon,
)
from hil.testing.upgrades import check_load, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"


@smoke
@quick
@requirement("web.reboot")
def test_the_phone_reboots(handset: HandsetControl, web: PhoneWeb, history: History) -> None:
    asked = idle_phone(history, handset, GPP_A="kept")
    web.reboot()
    expect_reboot(history, handset, asked)
    check_in_force(history, handset, web, GPP_A="kept")


@requirement("web.reboot", "resync.on_reset")
def test_the_reboot_triggers_a_resync_if_resync_on_reset_is_yes(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    provision(dhcp, tftp, Resync_Periodic="0")
    first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    history.sleep(handset.timing.step)
    asked = history.mark()
    web.reboot()
    lease = expect_reboot(history, handset, asked)
    history.expect(ProvisioningRequest, after=lease, within=1 + handset.timing.late)


@requirement("web.reboot", "macros.prvst")
def test_prvst_is_0_after_the_reboot(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/state0.cfg", flat_profile())
    idle_phone(history, handset, Resync_On_Reset="Yes", Profile_Rule="/state$PRVST.cfg")
    asked = history.mark()
    web.reboot()
    lease = expect_reboot(history, handset, asked)
    history.check("$PRVST", seen=fetched(history, handset, lease, 1), due=["/state0.cfg"])


@requirement("web.reboot", "macros.swver")
def test_the_load_that_ran_runs_after_the_reboot(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    load = handset.identity.swver
    dhcp.offer(option_66=tftp.address)
    tftp.serve(f"/{load}.cfg", flat_profile())
    idle_phone(history, handset, Resync_On_Reset="Yes", Profile_Rule="/$SWVER.cfg")
    asked = history.mark()
    web.reboot()
    lease = expect_reboot(history, handset, asked)
    history.check("$SWVER", seen=fetched(history, handset, lease, 1), due=[f"/{load}.cfg"])


@requirement("web.reboot", "resync.on_reset")
def test_the_reboot_triggers_no_resync_if_resync_on_reset_is_no(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    provision(dhcp, tftp)
    asked = idle_phone(history, handset)
    web.reboot()
    lease = expect_reboot(history, handset, asked)
    history.expect_none(ProvisioningRequest, after=lease, within=7200)


@needs("test_loads")
@requirement("upgrade.install", "web.reboot")
def test_a_reboot_that_is_asked_for_during_an_upgrade_leaves_it_to_its_end(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    path = serve_load(http, NEWER)
    http.inject(Delay(10), nth=1)
    asked = idle_phone(history, handset, Resync_After_Upgrade_Attempt="No")
    web.upgrade(http.url(path))
    history.wait(ProvisioningRequest, after=asked, within=soon(handset))
    web.reboot()
    seen = fetched(history, handset, asked, 2, wait=10)
    history.check("the files", seen=seen, due=[path, f"/firmware/{NEWER}.sbn"])
    expect_reboot(history, handset, asked)
    check_load(history, handset, web, NEWER, requirement="upgrade.install")


@requirement("web.reboot", "log.success")
def test_a_resync_is_reported_before_a_reboot_that_was_asked_for_meanwhile(
    handset: HandsetControl,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    http.serve("/slow.xml", flat_profile())
    http.inject(Delay(10), nth=1)
    asked = idle_phone(history, handset, Syslog_Server=syslog.address)
    web.resync(http.url("/slow.xml"))
    history.wait(ProvisioningRequest, after=asked, within=soon(handset))
    web.reboot()
    within = 10 + soon(handset) + handset.timing.message
    told = re.compile("-- Successful resync ")
    history.expect(SyslogMessage, after=asked, within=within, requirement="log.success", text=told)
    expect_reboot(history, handset, asked)


@requirement("web.reboot")
def test_the_phone_reboots_once(handset: HandsetControl, web: PhoneWeb, history: History) -> None:
    asked = idle_phone(history, handset)
    web.reboot()
    lease = expect_reboot(history, handset, asked)
    history.expect_none(
        DhcpMessage, after=lease, within=3600, kind="DISCOVER", direction=Direction.RECEIVED
    )


@requirement("web.reboot")
def test_the_phone_reboots_only_when_its_lines_are_idle(
    handset: HandsetControl, sip: SipEndpoint, web: PhoneWeb, history: History
) -> None:
    sip.account(1, "5001", "secret")
    idle_phone(
        history,
        handset,
        Proxy_1_=sip.address,
        User_ID_1_="5001",
        Password_1_="secret",
    )
    idle = history.mark()
    call = sip.call()
    history.wait(SipMessage, after=idle, method="ACK", within=30)
    asked = history.mark()
    web.reboot()
    history.expect_none(
        DhcpMessage,
        after=asked,
        within=600,
        direction=Direction.RECEIVED,
        kind=re.compile("DISCOVER|REQUEST"),
        ciaddr="0.0.0.0",
    )
    over = history.mark()
    call.hang_up()
    expect_reboot(history, handset, over)
