"""Resync_On_Reset: a resync after every reboot."""

from __future__ import annotations

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, ProvisioningRequest, TftpRequest
from hil.marks import quick, reading, requirement, smoke
from hil.testbed.control import HandsetControl
from hil.testing import first_resync, provision


@requirement("resync.on_reset")
def test_a_reboot_triggers_a_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(Resync_Random_Delay="0")
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=1 + handset.timing.late)


@smoke
@quick
@requirement("resync.on_reset")
def test_every_reboot_triggers_a_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    for _ in range(2):
        up = handset.power_cycle()
        lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
        history.expect(TftpRequest, after=lease, within=1 + handset.timing.late)


@reading(random_delay_unit="seconds")
@requirement("resync.on_reset.default", "resync.on_reset", "resync.random_delay")
def test_by_default_a_reboot_triggers_a_resync_within_two_seconds(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    up = handset.boot()
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect(TftpRequest, after=lease, within=2 + handset.timing.late)


@requirement("resync.on_reset")
def test_no_resync_after_a_reboot_if_resync_on_reset_is_no(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(Resync_On_Reset="No", Resync_Random_Delay="0")
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect_none(ProvisioningRequest, after=lease, within=7200)


@requirement("resync.on_reset")
def test_resync_on_reset_no_from_a_profile_holds_from_the_next_reboot_on(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp, Resync_On_Reset="No")
    first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    history.sleep(handset.timing.step)
    up = handset.power_cycle()
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect_none(ProvisioningRequest, after=lease, within=7200)
