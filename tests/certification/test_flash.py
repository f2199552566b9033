"""Parameters survive loss of power; a profile is applied whole or not at all.

After each power cut the phone asks for a file that is named after what it remembers.
"""

from __future__ import annotations

from hil.endpoints import faults
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, TransferEnded
from hil.marks import quick, reading, requirement, smoke
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched

LONG = 4000
"""Octets of a parameter that take a flash some milliseconds to store."""
CUTS_S = (0.0, 0.002, 0.006, 0.02)
"""When to cut the power, counted from the profile's arrival."""


@requirement("flash.persistence")
def test_a_profile_survives_a_power_cut(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/a.xml", flat_profile(Profile_Rule="/b.xml"))
    lease = boot_to_lease(history, handset, Profile_Rule="/a.xml")
    history.wait(TransferEnded, after=lease, within=handset.timing.give_up)
    history.sleep(10 * handset.timing.store)
    asked = _asked_after_power_cut(handset, history)
    history.check("the rule that it remembers", seen=asked, due="/b.xml")


@requirement("flash.persistence", "rules.assignments")
def test_an_assignment_survives_a_power_cut(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/init-prov", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule='("$A" ne "Provisioned")? (GPP_A = "Provisioned";)! /init-prov | /configs',
    )
    history.wait(TransferEnded, after=lease, within=handset.timing.give_up)
    history.sleep(10 * handset.timing.store)
    asked = _asked_after_power_cut(handset, history)
    history.check("what it remembers", seen=asked, due="/configs")


@reading(failed_rule="keep-applied")
@requirement("flash.persistence", "rules.assignments")
def test_an_assignment_survives_a_power_cut_although_its_file_was_missing(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule='("$A" ne "Provisioned")? (GPP_A = "Provisioned";)! /init-prov | /configs',
        Resync_Error_Retry_Delay="0",
    )
    history.wait(TransferEnded, after=lease, within=handset.timing.give_up)
    history.sleep(10 * handset.timing.store)
    asked = _asked_after_power_cut(handset, history)
    history.check("what it remembers", seen=asked, due="/configs")


@reading(failed_rule="keep-applied")
@requirement("flash.persistence")
def test_a_profile_survives_a_power_cut_while_the_next_one_is_fetched(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/a-first.xml", flat_profile(GPP_A="second"))
    tftp.serve("/b.xml", flat_profile())
    tftp.inject(faults.Silence(), name="/b.xml")
    lease = boot_to_lease(
        history, handset, GPP_A="first", Profile_Rule="/a-$A.xml", Profile_Rule_B="/b.xml"
    )
    first = fetched(history, handset, lease, 2)
    history.sleep(10 * handset.timing.store)
    again = _asked_after_power_cut(handset, history)
    history.check(
        "before and after", seen=[*first, again], due=["/a-first.xml", "/b.xml", "/a-second.xml"]
    )


@reading(failed_rule="keep-applied")
@requirement("flash.persistence", "rules.assignments")
def test_an_assignment_survives_a_power_cut_while_its_file_is_fetched(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.inject(faults.Silence(), name="/init-prov")
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule='("$A" ne "Provisioned")? (GPP_A = "Provisioned";)! /init-prov | /configs',
    )
    first = fetched(history, handset, lease, 1)
    history.sleep(10 * handset.timing.store)
    again = _asked_after_power_cut(handset, history)
    history.check("before and after", seen=[*first, again], due=["/init-prov", "/configs"])


@smoke
@quick
@requirement("flash.persistence")
def test_a_power_cut_while_a_profile_is_fetched_leaves_the_former_parameters(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/old-old.xml", flat_profile(GPP_A="new", GPP_C="n" * LONG, GPP_P="new"))
    tftp.inject(faults.Stall(3000), nth=1)
    lease = boot_to_lease(history, handset, GPP_A="old", GPP_P="old", Profile_Rule="/$A-$P.xml")
    first = fetched(history, handset, lease, 1)
    history.sleep(0.1)
    again = _asked_after_power_cut(handset, history)
    history.check("before and after", seen=[*first, again], due=["/old-old.xml"] * 2)


@requirement("flash.persistence")
def test_a_power_cut_after_a_profile_came_leaves_the_former_or_the_new_parameters(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/old-old.xml", flat_profile(GPP_A="new", GPP_C="n" * LONG, GPP_P="new"))
    for delay in CUTS_S:
        lease = boot_to_lease(
            history,
            handset,
            GPP_A="old",
            GPP_C="o" * LONG,
            GPP_P="old",
            Profile_Rule="/$A-$P.xml",
        )
        history.wait(TransferEnded, after=lease, within=handset.timing.give_up)
        history.sleep(delay)
        asked = _asked_after_power_cut(handset, history)
        history.check(
            f"what it remembers when its power is cut {delay:g} s after the profile came",
            seen=asked,
            due="/old-old.xml or /new-new.xml",
            passed=asked in ("/old-old.xml", "/new-new.xml"),
        )


def _asked_after_power_cut(handset: HandsetControl, history: History) -> str:
    up = handset.power_cycle()
    lease = history.wait(DhcpMessage, kind="ACK", after=up, within=handset.boot_limit)
    return fetched(history, handset, lease, 1)[0]
