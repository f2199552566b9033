"""Profiles over HTTP: status codes, redirects, and answers that are not whole.

That a profile was applied shows in the Resync_Periodic that it brings (600 s); that an answer was
taken for a failure, in the retry after Resync_Error_Retry_Delay (300 s).
"""

from __future__ import annotations

import re

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import BadChunk, RedirectLoop, Reset, Silence, Status, Truncate
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.history import History
from hil.history.events import FaultInjected, HttpRequest, SyslogMessage
from hil.marks import quick, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import expect_resyncs, failure_told, first_resync

PROFILE = flat_profile(Resync_Periodic="600")


@requirement("transfer.http")
def test_a_profile_is_fetched_with_get_from_the_host_of_the_rule(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve("/profile.xml", PROFILE)
    up = handset.boot(Profile_Rule=http.url("/profile.xml"))
    request = history.expect(
        HttpRequest, after=up, path="/profile.xml", within=handset.boot_limit + 60
    )
    history.check("method", seen=request.method, due="GET")
    history.check("Host header", seen=request.header("host"), due=http.address)


@requirement("transfer.http")
def test_a_chunked_answer_is_applied(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve("/profile.xml", PROFILE, chunked=True)
    synced = first_resync(history, handset, handset.boot(Profile_Rule=http.url("/profile.xml")))
    expect_resyncs(history, handset, synced, 600)


@requirement("transfer.http")
@pytest.mark.parametrize("status", [201, 299])
def test_any_status_of_success_brings_the_profile(
    status: int, handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve("/profile.xml", PROFILE, status=status)
    synced = first_resync(history, handset, handset.boot(Profile_Rule=http.url("/profile.xml")))
    expect_resyncs(history, handset, synced, 600)


# -- failures ----------------------------------------------------------------------------------------


@requirement("resync.failure", "resync.error_retry_delay")
@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_any_other_status_is_a_failure(
    status: int, handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve("/profile.xml", PROFILE)
    http.inject(Status(status), nth=1)
    up = handset.boot(Profile_Rule=http.url("/profile.xml"), Resync_Error_Retry_Delay="300")
    failed = first_resync(history, handset, up)
    expect_resyncs(history, handset, failed, 300, 600)


@requirement("resync.failure", "resync.error_retry_delay")
def test_a_reset_connection_is_a_failure(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    http.serve("/profile.xml", PROFILE)
    http.inject(Reset(), nth=1)
    up = handset.boot(
        Profile_Rule=http.url("/profile.xml"),
        Resync_Error_Retry_Delay="300",
        Syslog_Server=syslog.address,
    )
    failed = failure_told(history, handset, up)
    expect_resyncs(history, handset, failed, 300, 600)


@requirement("resync.failure", "resync.error_retry_delay")
def test_a_server_that_does_not_answer_is_a_failure(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    http.serve("/profile.xml", PROFILE)
    http.inject(Silence(), nth=1)
    up = handset.boot(
        Profile_Rule=http.url("/profile.xml"),
        Resync_Error_Retry_Delay="300",
        Syslog_Server=syslog.address,
    )
    failed = failure_told(history, handset, up)
    expect_resyncs(history, handset, failed, 300, 600)


@requirement("transfer.http", "resync.failure")
def test_a_body_shorter_than_announced_is_no_profile_even_if_it_reads_as_one(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve("/profile.xml", PROFILE + b" " * 100)
    http.inject(Truncate(len(PROFILE)), nth=1)
    up = handset.boot(Profile_Rule=http.url("/profile.xml"), Resync_Error_Retry_Delay="300")
    failed = first_resync(history, handset, up)
    expect_resyncs(history, handset, failed, 300, 600)


@requirement("transfer.http", "resync.failure")
def test_a_chunk_without_a_size_makes_no_profile(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve("/profile.xml", PROFILE)
    http.inject(BadChunk(), nth=1)
    up = handset.boot(Profile_Rule=http.url("/profile.xml"), Resync_Error_Retry_Delay="300")
    failed = first_resync(history, handset, up)
    expect_resyncs(history, handset, failed, 300, 600)


# -- redirects ---------------------------------------------------------------------------------------


@quick
@requirement("transfer.redirect")
@pytest.mark.parametrize("status", [301, 302])
def test_a_redirect_is_followed_at_once(
    status: int, handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.redirect("/profile.xml", http.url("/moved/profile.xml"), status=status)
    http.serve("/moved/profile.xml", PROFILE)
    redirected = first_resync(history, handset, handset.boot(Profile_Rule=http.url("/profile.xml")))
    request = history.expect(
        HttpRequest,
        after=redirected,
        path="/moved/profile.xml",
        within=handset.timing.step + handset.timing.late,
    )
    history.check("method", seen=request.method, due="GET")


@requirement("transfer.redirect")
def test_the_resync_after_a_redirect_starts_at_the_url_of_the_rule(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.redirect("/profile.xml", http.url("/moved/profile.xml"))
    http.serve("/moved/profile.xml", PROFILE)
    up = handset.boot(Profile_Rule=http.url("/profile.xml"))
    moved = history.expect(
        HttpRequest, after=up, path="/moved/profile.xml", within=handset.boot_limit + 60
    )
    history.expect(
        HttpRequest,
        after=moved,
        path="/profile.xml",
        not_before=600 - handset.timing.early,
        within=600 + handset.timing.step + handset.timing.late,
    )


@requirement("transfer.redirect", "resync.failure", "resync.error_retry_delay")
def test_a_redirect_loop_ends_in_a_failure(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    http.serve("/profile.xml", PROFILE)
    http.inject(RedirectLoop())
    up = handset.boot(
        Profile_Rule=http.url("/profile.xml"),
        Resync_Error_Retry_Delay="300",
        Syslog_Server=syslog.address,
    )
    looped = history.wait(
        FaultInjected, after=up, fault="RedirectLoop", within=handset.boot_limit + 60
    )
    failed = history.expect(
        SyslogMessage,
        after=looped,
        text=re.compile("-- Resync failed: "),
        within=2 * handset.timing.step + handset.timing.message,
        requirement="resync.failure",
    )
    expect_resyncs(history, handset, failed, 300)
