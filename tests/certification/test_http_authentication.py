"""Servers that want to know who asks: "401, 407: retry immediately with credentials, max 2 retries"
(Administration Guide, Provisioning), and how --uid and --pwd are written in a rule.
"""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import StaleNonce
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.http_auth import Demand
from hil.endpoints.http_response import Response
from hil.endpoints.syslog import SyslogEndpoint
from hil.history import History, Moment
from hil.history.events import HttpRequest, TransferEnded
from hil.marks import quick, requirement, smoke
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import expect_resyncs, failure_told

PATH = "/profile.xml"
PROFILE = flat_profile(Resync_Periodic="600")


def statuses(history: History, handset: HandsetControl, after: Moment, *due: int) -> TransferEnded:
    """Expect answers with these statuses, each to a request that follows at once."""
    last: Moment = after
    within = handset.boot_limit + 60
    for status in due:
        last = history.expect(TransferEnded, after=last, status=status, within=within)
        within = handset.timing.step + handset.timing.late
    assert isinstance(last, TransferEnded)
    return last


@quick
@requirement("transfer.authentication")
@pytest.mark.parametrize("scheme", ["Basic", "MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
def test_a_challenge_is_answered_at_once(
    scheme: str, handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve(PATH, PROFILE)
    http.require(PATH, Demand("phone", "s3cret", (scheme,)))
    rule = f"[--uid phone --pwd s3cret] {http.url(PATH)}"
    up = handset.boot(Profile_Rule=rule, Resync_Random_Delay="0")
    statuses(history, handset, up, 401, 200)


@requirement("transfer.authentication")
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest_is_answered_in_its_legacy_form_where_no_qop_is_offered(
    algorithm: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    http.serve(PATH, PROFILE)
    http.require_digest(PATH, "phone", "s3cret", algorithm=algorithm, qop=False)
    rule = f"[--uid phone --pwd s3cret] {http.url(PATH)}"
    up = handset.boot(Profile_Rule=rule, Resync_Random_Delay="0")
    statuses(history, handset, up, 401, 200)


@requirement("transfer.authentication")
@pytest.mark.parametrize("scheme", ["Basic", "MD5"])
def test_a_proxy_s_challenge_is_answered_as_well(
    scheme: str, handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve(PATH, PROFILE)
    http.require(PATH, Demand("phone", "s3cret", (scheme,), status=407))
    rule = f"[--uid phone --pwd s3cret] {http.url(PATH)}"
    up = handset.boot(Profile_Rule=rule, Resync_Random_Delay="0")
    statuses(history, handset, up, 407, 200)


@requirement("transfer.authentication")
@pytest.mark.parametrize(
    "challenge", ['Negotiate, Basic realm="phones"', 'Basic realm="phones", Negotiate']
)
def test_of_several_schemes_the_one_that_is_known_is_chosen(
    challenge: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    def answer(request: HttpRequest) -> Response:
        # RFC 7617 section 2: phone:s3cret in base64.
        if request.header("authorization") == "Basic cGhvbmU6czNjcmV0":
            return Response(PROFILE)
        return Response(status=401, headers=(("WWW-Authenticate", challenge),))

    http.serve(PATH, answer)
    rule = f"[--uid phone --pwd s3cret] {http.url(PATH)}"
    up = handset.boot(Profile_Rule=rule, Resync_Random_Delay="0")
    statuses(history, handset, up, 401, 200)


@requirement("transfer.authentication")
def test_each_rule_has_its_challenge(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    """At most two retries are those of a file: three files with one each are in order."""
    rules = {}
    for name in ("Profile_Rule", "Profile_Rule_B", "Profile_Rule_C"):
        path = f"/{name}.xml"
        http.serve(path, flat_profile())
        http.require(path, Demand("phone", "s3cret", ("Basic",)))
        rules[name] = f"[--uid phone --pwd s3cret] {http.url(path)}"
    up = handset.boot(Resync_Random_Delay="0", **rules)
    statuses(history, handset, up, *[401, 200] * 3)


@requirement("transfer.authentication")
def test_of_several_schemes_one_is_chosen(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve(PATH, PROFILE)
    http.require(None, Demand("phone", "s3cret", ("SHA-256", "MD5", "Basic")))
    rule = f"[--uid phone --pwd s3cret] {http.url(PATH)}"
    up = handset.boot(Profile_Rule=rule, Resync_Random_Delay="0")
    statuses(history, handset, up, 401, 200)


@smoke
@quick
@requirement("transfer.authentication")
def test_a_stale_nonce_is_answered_with_the_new_one(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve(PATH, PROFILE)
    http.require_digest(PATH, "phone", "s3cret")
    http.inject(StaleNonce(), nth=2)
    rule = f"[--uid phone --pwd s3cret] {http.url(PATH)}"
    up = handset.boot(Profile_Rule=rule, Resync_Random_Delay="0")
    statuses(history, handset, up, 401, 401, 200)


@requirement("transfer.authentication", "resync.failure")
@pytest.mark.parametrize("scheme", ["Basic", "MD5"])
def test_credentials_that_are_refused_are_shown_twice_and_no_more(
    scheme: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    http.serve(PATH, PROFILE)
    http.require(PATH, Demand("phone", "another", (scheme,)))
    up = handset.boot(
        Profile_Rule=f"[--uid phone --pwd s3cret] {http.url(PATH)}",
        Resync_Random_Delay="0",
        Resync_Error_Retry_Delay="300",
        Syslog_Server=syslog.address,
    )
    failed = failure_told(history, handset, up)
    asked = history.all(HttpRequest, after=up)
    history.check("requests until the resync has failed", seen=len(asked), due=3)
    shown = [bool(each.header("authorization")) for each in asked]
    history.check("which of them have credentials", seen=shown, due=[False, True, True])
    history.expect(
        HttpRequest,
        after=failed,
        not_before=300 - handset.timing.early - handset.timing.message,
        within=300 + handset.timing.late,
    )


@requirement("transfer.authentication", "resync.failure", "resync.error_retry_delay")
@pytest.mark.parametrize("status", [401, 407])
def test_without_a_user_a_challenge_is_a_failure(
    status: int,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    http.serve(PATH, PROFILE)
    http.require(PATH, Demand("phone", "s3cret", status=status))
    up = handset.boot(
        Profile_Rule=http.url(PATH),
        Resync_Random_Delay="0",
        Resync_Error_Retry_Delay="300",
        Syslog_Server=syslog.address,
    )
    failed = failure_told(history, handset, up)
    asked = history.all(HttpRequest, after=up)
    history.check("requests until the resync has failed", seen=len(asked), due=1)
    expect_resyncs(history, handset, failed, 300)


# -- how credentials are written ----------------------------------------------------------------------


@requirement("rules.credentials")
@pytest.mark.parametrize(
    ("written", "user", "password"),
    [
        ('--uid phone --pwd "s3c ret#"', "phone", "s3c ret#"),
        ('--uid "room 7" --pwd s3cret', "room 7", "s3cret"),
        (r"--uid phone --pwd s3c\043ret", "phone", "s3c#ret"),
        (r"--uid phone --pwd \042s3cret\134\135", "phone", '"s3cret\\]'),
    ],
)
def test_the_arguments_of_uid_and_pwd(
    written: str,
    user: str,
    password: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    http.serve(PATH, PROFILE)
    http.require_basic(PATH, user, password)
    up = handset.boot(
        Profile_Rule=f"[{written}] {http.url(PATH)}",
        Resync_Random_Delay="0",
    )
    statuses(history, handset, up, 401, 200)
