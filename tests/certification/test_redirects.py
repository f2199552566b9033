"""Redirects to other schemes, ports and places: "301, 302: retry immediately at the new location"
(Administration Guide, Provisioning). That a profile was applied shows in the Resync_Periodic that it
brings (600 s).
"""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import HttpRequest, ProvisioningRequest
from hil.marks import quick, reading, requirement
from hil.reference.phone import Phone
from hil.reference.profile_builder import encrypt, flat_profile
from hil.testbed.bench import HTTPS_NAME
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, expect_resyncs, fetched, first_resync

PROFILE = flat_profile(Resync_Periodic="600")


def boot_to_redirect(
    history: History, handset: HandsetControl, rule: str, **fields: object
) -> ProvisioningRequest:
    """Boot with this rule, and expect the request that the redirect leads to, at once."""
    up = handset.boot(Profile_Rule=rule, Resync_Random_Delay="0")
    redirected = first_resync(history, handset, up)
    return history.expect(
        ProvisioningRequest,
        after=redirected,
        within=handset.timing.step + handset.timing.late,
        **fields,
    )


@quick
@requirement("transfer.redirect")
def test_from_http_to_https(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    https: HttpEndpoint,
    history: History,
) -> None:
    dns.answer(HTTPS_NAME, https.address)
    http.redirect("/profile.xml", https.url("/safe.xml", host=HTTPS_NAME))
    https.serve("/safe.xml", PROFILE)
    boot_to_redirect(
        history, handset, http.url("/profile.xml"), scheme="https", path="/safe.xml", port=443
    )


@requirement("transfer.redirect")
def test_from_https_to_http(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    https: HttpEndpoint,
    history: History,
) -> None:
    dns.answer(HTTPS_NAME, https.address)
    https.redirect("/profile.xml", http.url("/plain.xml"), status=301)
    http.serve("/plain.xml", PROFILE)
    rule = https.url("/profile.xml", host=HTTPS_NAME)
    boot_to_redirect(history, handset, rule, scheme="http", path="/plain.xml", port=80)


@reading(redirect_limit=(5, 10, 20))
@requirement("transfer.redirect")
def test_the_redirects_of_one_rule_are_not_counted_with_those_of_the_next(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    for rule in ("a", "b"):
        for hop in range(4):
            http.redirect(f"/{rule}{hop}.xml", http.url(f"/{rule}{hop + 1}.xml"))
        http.serve(f"/{rule}4.xml", PROFILE)
    rules = {"Profile_Rule": http.url("/a0.xml"), "Profile_Rule_B": http.url("/b0.xml")}
    lease = boot_to_lease(history, handset, **rules)
    asked = fetched(history, handset, lease, 10)
    due = [f"/{rule}{hop}.xml" for rule in ("a", "b") for hop in range(5)]
    history.check("the files", seen=asked, due=due)


@requirement("transfer.redirect")
def test_from_http_to_tftp(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    http.redirect("/profile.xml", f"tftp://{tftp.address}/plain.xml")
    tftp.serve("/plain.xml", PROFILE)
    boot_to_redirect(history, handset, http.url("/profile.xml"), scheme="tftp", port=69)


@requirement("transfer.redirect")
def test_to_another_port(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    http_8080: HttpEndpoint,
    history: History,
) -> None:
    http.redirect("/profile.xml", http_8080.url("/elsewhere.xml"))
    http_8080.serve("/elsewhere.xml", PROFILE)
    boot_to_redirect(history, handset, http.url("/profile.xml"), port=8080)


@requirement("transfer.redirect")
@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("beside.xml", "/a/b/beside.xml"),
        ("../above.xml?x=y", "/a/above.xml?x=y"),
        ("/root.xml", "/root.xml"),
        ("?x=y", "/a/b/profile.xml?x=y"),
    ],
)
def test_a_location_is_relative_to_what_was_asked_for(
    location: str,
    path: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    http.redirect("/a/b/profile.xml", location)
    boot_to_redirect(history, handset, http.url("/a/b/profile.xml"), path=path)


@reading(redirect_limit=(5, 10, 20))
@quick
@requirement("transfer.redirect")
def test_redirects_in_a_row_are_followed_one_by_one(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.redirect("/0.xml", "/1.xml")
    http.redirect("/1.xml", "/2.xml", status=301)
    http.serve("/2.xml", PROFILE)
    first = boot_to_redirect(history, handset, http.url("/0.xml"), path="/1.xml")
    within = handset.timing.step + handset.timing.late
    history.expect(HttpRequest, path="/2.xml", after=first, within=within)


@requirement("transfer.redirect")
def test_whether_macros_of_a_location_expand_is_as_the_handset_is_read(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    http.redirect("/profile.xml", "/$MAU.xml")
    literal = reference.interpretations.redirect_macros == "literal"
    path = "/$MAU.xml" if literal else f"/{handset.identity.mau}.xml"
    boot_to_redirect(history, handset, http.url("/profile.xml"), path=path)


@requirement("transfer.redirect", "rules.key")
@reading(kdf_digest=("sha256", "either"))
def test_the_options_of_the_rule_hold_where_it_leads(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    http.redirect("/profile.xml", "/moved.cfg")
    plain = flat_profile(GPP_A="applied")
    same = reference.interpretations.redirect_options == "same"
    body = encrypt(plain, "s3cret", salt=bytes(8)) if same else plain
    http.serve("/moved.cfg", body)
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=f"[--key s3cret] {http.url('/profile.xml')}",
        Profile_Rule_B=http.url("/$A.xml"),
    )
    asked = fetched(history, handset, lease, 3)
    history.check("the files", seen=asked, due=["/profile.xml", "/moved.cfg", "/applied.xml"])


@requirement("resync.error_retry_delay", "resync.failure")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Location": ""},
        {"Location": "/two\twords.xml"},
        {"Location": "http://[::1/moved.xml"},
        {"Location": "ftp://192.0.2.99/moved.xml"},
        {"Location": "http://phone:secret@192.0.2.99/moved.xml"},
    ],
    ids=repr,
)
def test_a_redirect_to_nowhere_is_a_failure(
    headers: dict[str, str],
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    http.serve("/profile.xml", b"", status=302, headers=headers)
    http.serve("/twowords.xml", PROFILE)
    up = handset.boot(
        Profile_Rule=http.url("/profile.xml"),
        Resync_Random_Delay="0",
        Resync_Error_Retry_Delay="300",
    )
    failed = first_resync(history, handset, up)
    expect_resyncs(history, handset, failed, 300)


@requirement("resync.error_retry_delay", "resync.failure")
def test_several_choices_are_no_profile(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve("/profile.xml", PROFILE, status=300)
    up = handset.boot(
        Profile_Rule=http.url("/profile.xml"),
        Resync_Random_Delay="0",
        Resync_Error_Retry_Delay="300",
    )
    failed = first_resync(history, handset, up)
    expect_resyncs(history, handset, failed, 300)


@requirement("resync.failure", "resync.error_retry_delay")
@pytest.mark.parametrize("status", [303, 307, 308])
def test_any_other_redirection_is_a_failure(
    status: int, handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.redirect("/profile.xml", "/moved.xml", status=status)
    http.serve("/moved.xml", PROFILE)
    up = handset.boot(
        Profile_Rule=http.url("/profile.xml"),
        Resync_Random_Delay="0",
        Resync_Error_Retry_Delay="300",
    )
    failed = first_resync(history, handset, up)
    expect_resyncs(history, handset, failed, 300)
