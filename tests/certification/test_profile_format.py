"""What a file sets: XML, gzip, and what is corrupt.

Profile_Rule_B asks for a file named after what Profile_Rule's file has set, so the second request
tells what became of the first answer.
"""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import HttpRequest, TransferEnded
from hil.marks import quick, reading, requirement
from hil.reference.profile_builder import compress, flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, check_in_force, fetched, idle_phone, next_transfer

MEBIBYTE = 1 << 20
LAUGHS = b"""<!DOCTYPE lolz [
 <!ENTITY a "hahahahahahahahahahahahahahahahahahahahahahahaha">
 <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
 <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
 <!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
 <!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">
 <!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">
 <!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;">
]>
<flat-profile><GPP_A>bomb</GPP_A><GPP_B>&g;</GPP_B></flat-profile>
"""


@quick
@requirement("profile.format")
def test_a_parameter_that_the_profile_names_is_set(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    body = b"<flat-profile><GPP_A>new</GPP_A></flat-profile>"
    became = _became_of(body, handset, dhcp, tftp, history)
    history.check("GPP_A and GPP_B", seen=became, due="/new-old.xml")


@requirement("profile.format")
def test_parameters_that_no_profile_mentions_keep_their_values(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/a.xml", b"<flat-profile><GPP_A>one</GPP_A></flat-profile>")
    tftp.serve("/b.xml", b"<flat-profile><GPP_B>two</GPP_B></flat-profile>")
    lease = boot_to_lease(
        history,
        handset,
        GPP_C="three",
        Profile_Rule="/a.xml",
        Profile_Rule_B="/b.xml",
        Profile_Rule_C="/$A-$B-$C.xml",
    )
    asked = fetched(history, handset, lease, 3)
    history.check("all three", seen=asked[2], due="/one-two-three.xml")


@requirement("profile.format")
def test_nothing_changes_but_what_the_profile_names(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    tftp.serve(
        "/a.xml", b"<flat-profile><GPP_A>new</GPP_A><GPP_P> two\nlines </GPP_P></flat-profile>"
    )
    asked = idle_phone(history, handset, GPP_A="old", GPP_B="kept")
    before = web.parameters()
    web.resync("/a.xml")
    next_transfer(history, handset, asked)
    history.sleep(handset.timing.step)
    after = web.parameters()
    changed = {
        name: after.get(name) for name in before | after if before.get(name) != after.get(name)
    }
    history.check(
        "what is shown otherwise", seen=changed, due={"GPP_A": "new", "GPP_P": "two lines"}
    )


@requirement("profile.format")
def test_the_last_occurrence_of_a_parameter_counts(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    body = b"""<flat-profile>
        <GPP_A>first</GPP_A><GPP_B>between</GPP_B><GPP_A>second</GPP_A><GPP_A>last</GPP_A>
    </flat-profile>"""
    became = _became_of(body, handset, dhcp, tftp, history)
    history.check("GPP_A and GPP_B", seen=became, due="/last-between.xml")


@requirement("profile.format")
def test_elements_that_are_no_parameters_are_ignored(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    body = b"""<flat-profile>
        <No_Such_Parameter>x</No_Such_Parameter><GPP_A>new</GPP_A><GPP_Z ua="na"/>
    </flat-profile>"""
    became = _became_of(body, handset, dhcp, tftp, history)
    history.check("GPP_A and GPP_B", seen=became, due="/new-old.xml")


@requirement("profile.format")
def test_the_case_of_an_element_matters(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    body = b"<flat-profile><gpp_a>x</gpp_a><Gpp_B>y</Gpp_B></flat-profile>"
    became = _became_of(body, handset, dhcp, tftp, history)
    history.check("GPP_A and GPP_B", seen=became, due="/old-old.xml")


@requirement("profile.format")
def test_entities_and_character_references_are_decoded(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    body = b"""<flat-profile>
        <GPP_A>a&amp;b&#40;c&#x2e;d</GPP_A><GPP_B>&lt;&gt;&quot;&apos;</GPP_B>
    </flat-profile>"""
    became = _became_of(body, handset, dhcp, tftp, history)
    history.check("GPP_A and GPP_B", seen=became, due="/a&b(c.d-<>\"'.xml")


@requirement("profile.format")
def test_white_space_around_a_value_does_not_belong_to_it(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    body = b"<flat-profile><GPP_A>\n\t new \n</GPP_A><GPP_B> \r\n newer</GPP_B></flat-profile>"
    became = _became_of(body, handset, dhcp, tftp, history)
    history.check("GPP_A and GPP_B", seen=became, due="/new-newer.xml")


@requirement("profile.format")
def test_a_declaration_and_comments_count_for_nothing(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    body = b"""<?xml version="1.0" encoding="UTF-8"?>
    <!-- before --><flat-profile><!-- <GPP_B>x</GPP_B> --><GPP_A ua="na">new</GPP_A>
    </flat-profile>"""
    became = _became_of(body, handset, dhcp, tftp, history)
    history.check("GPP_A and GPP_B", seen=became, due="/new-old.xml")


@requirement("profile.format")
def test_a_flat_profile_may_stand_inside_other_elements(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    body = b"""<device><GPP_B>outside</GPP_B>
        <flat-profile><GPP_A>new</GPP_A></flat-profile>
    </device>"""
    became = _became_of(body, handset, dhcp, tftp, history)
    history.check("GPP_A and GPP_B", seen=became, due="/new-old.xml")


@quick
@requirement("profile.compression")
def test_a_gzip_file_is_recognised_by_its_header_whatever_its_name(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    body = compress(b"<flat-profile><GPP_A>new</GPP_A></flat-profile>")
    became = _became_of(body, handset, dhcp, tftp, history)
    history.check("GPP_A and GPP_B", seen=became, due="/new-old.xml")


@reading(corrupt_profile="any-defect")
@requirement("resync.failure.corrupt", "resync.failure")
def test_a_file_without_a_flat_profile_is_corrupt(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    body = b"<html><body><h1>It works!</h1></body></html>"
    _is_refused(body, handset, dhcp, tftp, history)


@requirement("resync.failure.corrupt", "resync.failure")
def test_a_file_that_ends_too_early_is_corrupt_and_nothing_of_it_is_applied(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    body = b"<flat-profile><GPP_A>half</GPP_A><GPP_B>half</GPP_B><GPP_C>ha"
    _is_refused(body, handset, dhcp, tftp, history)
    check_in_force(history, handset, web, GPP_A="old", GPP_B="old", GPP_C="")


@requirement("resync.failure.corrupt", "resync.failure", "profile.compression")
def test_a_damaged_gzip_file_is_corrupt(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    body = compress(b"<flat-profile><GPP_A>damaged</GPP_A></flat-profile>")
    checksum_and_size_gone = body[:-8] + b"\x00" * 8
    _is_refused(checksum_and_size_gone, handset, dhcp, tftp, history)


@requirement("resync.failure.corrupt", "resync.failure")
def test_a_file_whose_entities_expand_without_end_is_refused_and_the_phone_goes_on(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    _is_refused(LAUGHS, handset, dhcp, tftp, history)


@requirement("resync.failure.internal", "resync.failure")
def test_a_file_that_expands_to_a_gibibyte_is_refused_and_the_phone_goes_on(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    head, tail = b"<flat-profile><GPP_A>bomb</GPP_A>", b"</flat-profile>"
    blanks = compress(b" " * MEBIBYTE)
    http.serve("/a.xml", compress(head) + 1024 * blanks + compress(tail))
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=http.url("/a.xml"),
        Profile_Rule_B=http.url("/$A.xml"),
        Resync_Error_Retry_Delay="300",
    )
    bomb = history.expect(HttpRequest, path="/a.xml", after=lease, within=handset.timing.step)
    history.wait(TransferEnded, after=bomb, within=handset.timing.give_up)
    http.serve("/a.xml", flat_profile(GPP_A="good"))
    asked = fetched(history, handset, bomb, 2, wait=300)
    history.check("the retry", seen=asked, due=["/a.xml", "/good.xml"])


def _became_of(
    body: bytes,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> str:
    """What a phone with GPP_A and GPP_B "old" asks for by /$A-$B.xml once it has this file."""
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/a.xml", body)
    lease = boot_to_lease(
        history,
        handset,
        GPP_A="old",
        GPP_B="old",
        Profile_Rule="/a.xml",
        Profile_Rule_B="/$A-$B.xml",
    )
    return fetched(history, handset, lease, 2)[1]


def _is_refused(
    body: bytes,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    """The phone takes the file for a failure, applies nothing of it, and tries again as usual."""
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/old-old.xml", body)
    lease = boot_to_lease(
        history,
        handset,
        GPP_A="old",
        GPP_B="old",
        Profile_Rule="/$A-$B.xml",
        Profile_Rule_B="/b.xml",
        Resync_Error_Retry_Delay="300",
    )
    asked = fetched(history, handset, lease, 3, wait=600)
    history.check("the attempts", seen=asked, due=["/old-old.xml"] * 3)
