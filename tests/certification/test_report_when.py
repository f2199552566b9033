"""Report_To_Server, HTTP_Report_Method: when a phone reports, and by which method."""

from __future__ import annotations

import pytest

from hil.clients.reports import read_report
from hil.clients.web import PhoneWeb
from hil.endpoints.faults import Delay
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import HttpRequest
from hil.lab_time import NANOSECONDS
from hil.marks import quick, requirement
from hil.pace.timers import Pace
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import (
    boot_to_lease,
    check_in_force,
    expect_reboot,
    idle_phone,
    next_transfer,
    soon,
)

PATH = "/report"
MODES = ("On Request", "On Local Change", "Periodically")


@quick
@requirement("report.when")
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_http_report_method_is_how_a_report_is_sent(
    handset: HandsetControl, http: HttpEndpoint, history: History, method: str
) -> None:
    http.serve(PATH, b"")
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        Report_Rule=f"http://{http.address}{PATH}",
        HTTP_Report_Method=method,
    )
    sent = history.expect(HttpRequest, after=lease, within=soon(handset))
    history.check("the method", seen=(sent.method, sent.path), due=(method, PATH))


@requirement("report.when")
def test_by_default_there_is_a_report_by_post_after_each_restart_and_none_in_between(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    http.serve(PATH, b"")
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        Report_Rule=f"http://{http.address}{PATH}",
    )
    first = history.expect(HttpRequest, after=lease, method="POST", within=soon(handset))
    history.expect_none(HttpRequest, after=first, within=7200)
    asked = history.mark()
    web.reboot()
    lease = expect_reboot(history, handset, asked)
    history.expect(HttpRequest, after=lease, method="POST", within=soon(handset))


@requirement("report.when")
@pytest.mark.parametrize("mode", MODES)
def test_a_notify_asks_for_a_report_at_once_in_each_mode(
    handset: HandsetControl, http: HttpEndpoint, sip: SipEndpoint, history: History, mode: str
) -> None:
    http.serve(PATH, b"")
    sip.account(1, "5001", "secret")
    idle_phone(
        history,
        handset,
        Report_Rule=f"http://{http.address}{PATH}",
        Report_To_Server=mode,
        Proxy_1_=sip.address,
        User_ID_1_="5001",
        Password_1_="secret",
    )
    asked = history.mark()
    sip.notify("report")
    history.expect(HttpRequest, after=asked, method="POST", path=PATH, within=soon(handset))


@requirement("report.when")
@pytest.mark.parametrize("first", ["the resync", "the report"])
def test_a_report_and_a_resync_that_meet_both_come_to_their_end(
    handset: HandsetControl,
    http: HttpEndpoint,
    sip: SipEndpoint,
    web: PhoneWeb,
    history: History,
    first: str,
) -> None:
    """Whatever is asked for first takes ten seconds, and the other one is asked for meanwhile."""
    http.serve(PATH, b"")
    http.serve("/a.xml", flat_profile(GPP_A="new"))
    sip.account(1, "5001", "secret")
    idle_phone(
        history,
        handset,
        Report_Rule=http.url(PATH),
        GPP_A="old",
        Proxy_1_=sip.address,
        User_ID_1_="5001",
        Password_1_="secret",
    )
    http.inject(Delay(10), name="/a.xml" if first == "the resync" else PATH)
    asked = history.mark()
    if first == "the resync":
        web.resync(http.url("/a.xml"))
        history.sleep(3)
        sip.notify("report")
    else:
        sip.notify("report")
        history.sleep(3)
        web.resync(http.url("/a.xml"))
    history.sleep(60)
    paths = sorted(each.path for each in history.all(HttpRequest, after=asked))
    history.check("what is asked for", seen=paths, due=["/a.xml", PATH])
    check_in_force(history, handset, web, GPP_A="new")


@requirement("report.when")
def test_periodically_there_is_a_report_every_periodic_upload_to_server_seconds(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    http.serve(PATH, b"")
    sent = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        Report_Rule=f"http://{http.address}{PATH}",
        Report_To_Server="Periodically",
        Periodic_Upload_To_Server="900",
    )
    for _ in range(4):
        early = handset.timing.slack_early(900 * NANOSECONDS) / NANOSECONDS
        sent = history.expect(
            HttpRequest,
            after=sent,
            method="POST",
            not_before=900 - early,
            within=900 + soon(handset),
        )


@requirement("report.when")
def test_a_server_that_refuses_a_report_gets_the_next_one_in_its_time(
    handset: HandsetControl, http: HttpEndpoint, history: History, pace: Pace
) -> None:
    retry = pace.timer("Resync_Error_Retry_Delay", 30)
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        Report_Rule=f"http://{http.address}/nowhere",
        Report_To_Server="Periodically",
        Periodic_Upload_To_Server="600",
        Resync_Error_Retry_Delay=str(retry),
    )
    refused = history.expect(HttpRequest, after=lease, within=600 + soon(handset))
    history.expect(
        HttpRequest, after=refused, not_before=590, within=600 + soon(handset), path="/nowhere"
    )


@requirement("report.when")
def test_on_local_change_there_is_a_report_after_a_change_at_the_phone_and_its_delay(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    http.serve(PATH, b"")
    asked = idle_phone(
        history,
        handset,
        GPP_A="old",
        Report_Rule=f"http://{http.address}{PATH}",
        Report_To_Server="On Local Change",
        Upload_Delay_On_Local_Change="300",
    )
    history.expect_none(HttpRequest, after=asked, within=3600)
    asked = history.mark()
    web.submit(GPP_A="new")
    # Whether the delay counts from the change or from the reboot that it causes is not said.
    early = handset.timing.slack_early(300 * NANOSECONDS) / NANOSECONDS
    limit = 300 + handset.timing.restart + handset.timing.lease + soon(handset)
    sent = history.expect(HttpRequest, after=asked, not_before=300 - early, within=limit)
    history.check("GPP_A", seen=read_report(sent).parameters.get("GPP_A"), due="new")
    history.expect_none(HttpRequest, after=sent, within=3600)


@requirement("report.when")
def test_on_local_change_neither_a_profile_nor_a_restart_causes_a_report(
    handset: HandsetControl, http: HttpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    http.serve(PATH, b"")
    tftp.serve("/a.xml", flat_profile(GPP_A="new"))
    asked = idle_phone(
        history,
        handset,
        Report_Rule=f"http://{http.address}{PATH}",
        Report_To_Server="On Local Change",
    )
    web.resync("/a.xml")
    synced = next_transfer(history, handset, asked)
    history.expect_none(HttpRequest, after=synced, within=3600)
    asked = history.mark()
    web.reboot()
    lease = expect_reboot(history, handset, asked)
    history.expect_none(HttpRequest, after=lease, within=3600)
