"""A parameter update by the web page ("Submit All Changes"): a reboot, and no resync after it."""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, Direction, ProvisioningRequest
from hil.marks import quick, reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import (
    boot_to_lease,
    check_in_force,
    expect_reboot,
    expect_resyncs,
    fetched,
    first_resync,
    idle_phone,
    provision,
)


@reading(resync_after_update="skipped")
@requirement("resync.after_update")
def test_no_resync_follows_the_reboot_although_resync_on_reset_is_yes(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    provision(dhcp, tftp, Resync_Periodic="0")
    first_resync(history, handset, handset.boot(Resync_Random_Delay="0", Resync_On_Reset="Yes"))
    history.sleep(handset.timing.step)
    asked = history.mark()
    web.submit(GPP_A="new")
    lease = expect_reboot(history, handset, asked)
    history.expect_none(ProvisioningRequest, after=lease, within=7200)


@reading(resync_after_update="skipped")
@requirement("resync.after_update")
def test_other_reboots_after_it_trigger_a_resync_again(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    provision(dhcp, tftp, Resync_Periodic="0")
    boot_to_lease(history, handset)
    history.sleep(handset.timing.step)
    asked = history.mark()
    web.submit(GPP_A="new")
    lease = expect_reboot(history, handset, asked)
    history.expect_none(ProvisioningRequest, after=lease, within=60)
    up = handset.power_cycle()
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect(ProvisioningRequest, after=lease, within=1 + handset.timing.late)


@reading(resync_after_update="skipped")
@requirement("resync.after_update", "resync.periodic")
def test_periodic_resyncs_go_on_after_it(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(Resync_Random_Delay="0", Resync_Periodic="600")
    first_resync(history, handset, up)
    history.sleep(60)
    asked = history.mark()
    web.submit(GPP_A="new")
    lease = expect_reboot(history, handset, asked)
    # Whether the time before the reboot counts is not said.
    synced = expect_resyncs(history, handset, lease, (400, 600))
    expect_resyncs(history, handset, synced, 600, requirement="resync.periodic")


@reading(resync_after_update="skipped")
@requirement("resync.after_update", "resync.periodic")
def test_a_resync_periodic_that_was_submitted_counts_from_the_reboot_at_the_latest(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    provision(dhcp, tftp)
    first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    history.sleep(60)
    asked = history.mark()
    web.submit(Resync_Periodic="1200")
    lease = expect_reboot(history, handset, asked)
    expect_resyncs(history, handset, lease, (1000, 1200), requirement="resync.periodic")


@requirement("web.submit")
def test_what_was_submitted_is_in_force_after_the_reboot(
    handset: HandsetControl, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(history, handset, GPP_A="old", GPP_B="old")
    web.submit(GPP_A="<new>", Resync_Error_Retry_Delay="300")
    expect_reboot(history, handset, asked)
    check_in_force(
        history, handset, web, GPP_A="<new>", GPP_B="old", Resync_Error_Retry_Delay="300"
    )


@requirement("web.submit")
def test_the_next_resync_goes_by_the_rule_that_was_submitted(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/new.xml", flat_profile())
    asked = idle_phone(history, handset, Profile_Rule="/old.xml")
    web.submit(Profile_Rule="/new.xml")
    expect_reboot(history, handset, asked)
    history.sleep(handset.timing.step)
    asked = history.mark()
    web.resync()
    history.check("the rule", seen=fetched(history, handset, asked, 1), due=["/new.xml"])


@quick
@requirement("web.submit", "flash.persistence")
def test_what_was_submitted_survives_a_power_cut(
    handset: HandsetControl, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(history, handset, GPP_A="old")
    web.submit(GPP_A="new")
    expect_reboot(history, handset, asked)
    up = handset.power_cycle()
    history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    check_in_force(history, handset, web, GPP_A="new")


@requirement("web.submit")
def test_a_document_that_is_no_configuration_changes_nothing_and_causes_no_reboot(
    handset: HandsetControl, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(history, handset, GPP_A="old")
    for body in (b"", b"<flat-profile><GPP_A>half</GPP_A>", b"<html>GPP_A=new</html>"):
        web.exchange("POST", "/admin/config.xml", body)
    history.expect_none(
        DhcpMessage, after=asked, within=600, kind="DISCOVER", direction=Direction.RECEIVED
    )
    check_in_force(history, handset, web, GPP_A="old")
