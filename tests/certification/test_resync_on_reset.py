"""Resync_On_Reset and Resync_Random_Delay: the resync after boot-up."""

from __future__ import annotations

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, ProvisioningRequest, TftpRequest
from hil.marks import requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl


def provision(dhcp: DhcpEndpoint, tftp: TftpEndpoint, **parameters: str) -> None:
    tftp.serve("/7832-3PCC.xml", flat_profile(**parameters))
    dhcp.offer(option_66=tftp.address)


@requirement("resync.on_reset")
def test_a_reboot_triggers_a_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="0")
    lease = history.wait(DhcpMessage, kind="ACK", within=handset.boot_limit)
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=1)


@requirement("resync.on_reset")
def test_no_resync_after_a_reboot_if_resync_on_reset_is_no(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    handset.boot(Resync_On_Reset="No", Resync_Random_Delay="0")
    lease = history.wait(DhcpMessage, kind="ACK", within=handset.boot_limit)
    history.expect_none(ProvisioningRequest, after=lease, within=7200)


@requirement("resync.random_delay")
def test_the_resync_after_boot_up_begins_within_the_random_delay(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="40")
    lease = history.wait(DhcpMessage, kind="ACK", within=handset.boot_limit)
    history.expect(TftpRequest, after=lease, within=40.5)
