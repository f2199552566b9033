"""Profiles over HTTPS: whom the phone believes, what it shows of itself, and a day of resyncs."""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.faults import (
    ExpiredCertificate,
    Fault,
    NotYetValidCertificate,
    UntrustedCertificate,
    WrongNameCertificate,
)
from hil.endpoints.http import HttpEndpoint
from hil.history import History
from hil.history.events import HttpRequest, TlsHandshake
from hil.marks import needs, quick, requirement
from hil.pace.timers import Pace
from hil.reference.profile_builder import flat_profile
from hil.testbed.bench import HTTPS_NAME
from hil.testbed.control import HandsetControl
from hil.testing import expect_resyncs, first_resync

RULE = f"https://{HTTPS_NAME}/profile.xml"


def serve(dns: DnsEndpoint, https: HttpEndpoint, **parameters: str) -> None:
    dns.answer(HTTPS_NAME, https.address)
    https.serve("/profile.xml", flat_profile(**parameters))


@requirement("transfer.https")
def test_a_profile_is_applied_from_a_server_with_a_good_certificate(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    https: HttpEndpoint,
    history: History,
    pace: Pace,
) -> None:
    period = pace.timer("Resync_Periodic", 600, quick=5)
    serve(dns, https, Resync_Periodic=str(period))
    synced = first_resync(history, handset, handset.boot(Profile_Rule=RULE))
    expect_resyncs(history, handset, synced, period)


@requirement("transfer.https", "resync.error_retry_delay", "resync.failure")
@pytest.mark.parametrize(
    "fault",
    [
        ExpiredCertificate(),
        NotYetValidCertificate(),
        UntrustedCertificate(),
        WrongNameCertificate(),
    ],
    ids=["expired", "not-yet-valid", "untrusted", "wrong-name"],
)
def test_a_server_with_a_bad_certificate_is_asked_for_nothing_and_tried_again(
    fault: Fault,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    https: HttpEndpoint,
    history: History,
) -> None:
    serve(dns, https)
    https.inject(fault, nth=1)
    up = handset.boot(Profile_Rule=RULE, Resync_Error_Retry_Delay="300")
    refused = history.wait(TlsHandshake, after=up, within=handset.boot_limit + 60)
    expect_resyncs(history, handset, refused, 300, requirement="transfer.https")


@quick
@needs("client_certificate")
@requirement("transfer.client_certificate")
def test_the_phone_shows_its_certificate_to_a_server_that_asks_for_one(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    https: HttpEndpoint,
    history: History,
) -> None:
    serve(dns, https)
    https.require_client_certificate(False)
    up = handset.boot(Profile_Rule=RULE)
    shaken = history.wait(TlsHandshake, after=up, within=handset.boot_limit + 60)
    history.check(
        "client certificate",
        seen=shaken.client_certificate or "none",
        due="a certificate",
        passed=shaken.client_certificate != "",
    )


@needs("client_certificate")
@requirement("transfer.client_certificate")
def test_a_profile_is_fetched_from_a_server_that_insists_on_a_certificate(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    https: HttpEndpoint,
    history: History,
) -> None:
    serve(dns, https)
    https.require_client_certificate()
    up = handset.boot(Profile_Rule=RULE)
    history.expect(HttpRequest, after=up, path="/profile.xml", within=handset.boot_limit + 60)


@requirement("resync.periodic", "transfer.https")
def test_a_day_of_hourly_resyncs_over_https(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    https: HttpEndpoint,
    history: History,
) -> None:
    serve(dns, https, Resync_Periodic="3600")
    synced = first_resync(history, handset, handset.boot(Profile_Rule=RULE))
    expect_resyncs(history, handset, synced, *[3600] * 24)
