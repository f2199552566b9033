"""Resync_Fails_On_FNF: whether a file-not-found answer fails the resync.

Whether it did shows in what follows: a failed resync is tried again after Resync_Error_Retry_Delay
(300 s here), a successful one is followed by the next after Resync_Periodic (1200 s).
"""

from __future__ import annotations

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import Status, TftpError
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import SyslogMessage, TftpRequest
from hil.marks import quick, reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import expect_resyncs, first_resync

TIMES = {"Resync_Error_Retry_Delay": "300", "Resync_Periodic": "1200"}


@requirement("resync.fails_on_fnf.default", "resync.fails_on_fnf")
def test_by_default_tftp_error_1_fails_the_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    missed = first_resync(history, handset, handset.boot(**TIMES))
    expect_resyncs(history, handset, missed, 300)


@requirement("resync.fails_on_fnf")
def test_with_yes_http_404_fails_the_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    up = handset.boot(Profile_Rule=http.url("/missing.xml"), Resync_Fails_On_FNF="Yes", **TIMES)
    missed = first_resync(history, handset, up)
    expect_resyncs(history, handset, missed, 300)


@requirement("resync.fails_on_fnf")
def test_with_no_tftp_error_1_is_a_successful_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    missed = first_resync(history, handset, handset.boot(Resync_Fails_On_FNF="No", **TIMES))
    expect_resyncs(history, handset, missed, 1200)


@requirement("resync.fails_on_fnf")
def test_with_no_http_404_is_a_successful_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    up = handset.boot(Profile_Rule=http.url("/missing.xml"), Resync_Fails_On_FNF="No", **TIMES)
    missed = first_resync(history, handset, up)
    expect_resyncs(history, handset, missed, 1200)


@requirement("resync.fails_on_fnf")
def test_with_no_another_tftp_error_still_fails_the_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    tftp.inject(TftpError(2, "access violation"))
    dhcp.offer(option_66=tftp.address)
    refused = first_resync(history, handset, handset.boot(Resync_Fails_On_FNF="No", **TIMES))
    expect_resyncs(history, handset, refused, 300)


@requirement("resync.fails_on_fnf")
def test_with_no_http_500_still_fails_the_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.inject(Status(500))
    up = handset.boot(Profile_Rule=http.url("/profile.xml"), Resync_Fails_On_FNF="No", **TIMES)
    refused = first_resync(history, handset, up)
    expect_resyncs(history, handset, refused, 300)


@requirement("resync.fails_on_fnf")
def test_with_no_a_missing_file_is_reported_as_success(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(
        Resync_Fails_On_FNF="No",
        Syslog_Server=syslog.address,
        Log_Success_Msg="resync done",
        Log_Failure_Msg="resync failed",
    )
    missed = first_resync(history, handset, up)
    within = handset.timing.message
    history.expect(SyslogMessage, after=missed, text="resync done", within=within)
    history.expect_none(SyslogMessage, after=missed, text="resync failed", within=60)


@reading(fnf_accepted="continue")
@quick
@requirement("resync.fails_on_fnf")
def test_with_no_the_rules_after_a_missing_file_are_followed(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    tftp.serve("/second.xml", flat_profile())
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Resync_Fails_On_FNF="No", Profile_Rule_B="/second.xml")
    missed = first_resync(history, handset, up)
    within = handset.timing.step + handset.timing.late
    history.expect(TftpRequest, after=missed, path="/second.xml", within=within)
