"""Profile_Rule, _B, _C and _D: which files a resync asks for, and in which order."""

from __future__ import annotations

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.marks import quick, reading, requirement, smoke
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched


@reading(psn="7832-3PCC")
@requirement("rules.default")
def test_without_configuration_the_phone_asks_for_psn_xml(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(history, handset)
    asked = fetched(history, handset, lease, 1)
    history.check("the default rule /$PSN.xml", seen=asked, due=["/7832-3PCC.xml"])


@smoke
@quick
@requirement("rules.sequence")
def test_the_profiles_of_all_four_rules_are_applied_in_sequence(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    for name in ("a", "b", "c", "d"):
        tftp.serve(f"/{name}.xml", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="/a.xml",
        Profile_Rule_B="/b.xml",
        Profile_Rule_C="/c.xml",
        Profile_Rule_D="/d.xml",
    )
    asked = fetched(history, handset, lease, 4)
    history.check("the files", seen=asked, due=["/a.xml", "/b.xml", "/c.xml", "/d.xml"])


@requirement("rules.sequence")
def test_every_resync_begins_with_the_first_rule_again(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/a.xml", flat_profile())
    tftp.serve("/d.xml", flat_profile())
    lease = boot_to_lease(
        history, handset, Profile_Rule="/a.xml", Profile_Rule_D="/d.xml", Resync_Periodic="600"
    )
    asked = fetched(history, handset, lease, 4, wait=600)
    history.check("the files", seen=asked, due=["/a.xml", "/d.xml", "/a.xml", "/d.xml"])


@requirement("rules.sequence")
def test_a_later_profile_overrides_an_earlier_one(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/a.xml", flat_profile(GPP_A="earlier"))
    tftp.serve("/b.xml", flat_profile(GPP_A="later"))
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="/a.xml",
        Profile_Rule_B="/b.xml",
        Profile_Rule_C="/$A.xml",
    )
    asked = fetched(history, handset, lease, 3)
    history.check("GPP_A after both", seen=asked[2], due="/later.xml")


@quick
@requirement("rules.sequence")
def test_a_rule_that_a_profile_sets_is_followed_in_the_same_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/a.xml", flat_profile(Profile_Rule_B="/b.xml"))
    tftp.serve("/b.xml", flat_profile())
    lease = boot_to_lease(history, handset, Profile_Rule="/a.xml")
    asked = fetched(history, handset, lease, 2)
    history.check("the files", seen=asked, due=["/a.xml", "/b.xml"])


@requirement("rules.sequence")
def test_a_blank_profile_rule_does_not_keep_the_others_from_being_followed(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/b.xml", flat_profile())
    lease = boot_to_lease(history, handset, Profile_Rule="", Profile_Rule_B="/b.xml")
    asked = fetched(history, handset, lease, 1)
    history.check("the first file", seen=asked, due=["/b.xml"])


@requirement("rules.sequence")
def test_a_rule_that_is_commented_out_is_like_a_blank_one(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/b.xml", flat_profile())
    lease = boot_to_lease(history, handset, Profile_Rule="# /a.xml", Profile_Rule_B="/b.xml")
    asked = fetched(history, handset, lease, 1)
    history.check("the first file", seen=asked, due=["/b.xml"])


@requirement("resync.failure")
def test_a_failed_rule_ends_the_attempt_and_the_retry_begins_with_the_first_rule(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/a.xml", flat_profile())
    tftp.serve("/b.xml", b"<flat-profile> this is no profile")
    tftp.serve("/c.xml", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="/a.xml",
        Profile_Rule_B="/b.xml",
        Profile_Rule_C="/c.xml",
        Resync_Error_Retry_Delay="300",
    )
    asked = fetched(history, handset, lease, 4, wait=300)
    history.check("the files", seen=asked, due=["/a.xml", "/b.xml", "/a.xml", "/b.xml"])
