"""What a phone is that nobody has configured: defaults that no other module shows by the way."""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, ProvisioningRequest
from hil.marks import reading, requirement
from hil.testbed.control import HandsetControl
from hil.testing import (
    DEFAULT_PATH,
    boot_to_lease,
    check_in_force,
    expect_resyncs,
    fetched,
    first_resync,
    idle_phone,
    provision,
)
from hil.testing.calls import Telephone


@reading(random_delay_unit="seconds")
@requirement("provision.enable.default", "provision.enable")
def test_remote_provisioning_is_enabled(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    lease = history.wait(DhcpMessage, after=handset.boot(), kind="ACK", within=handset.boot_limit)
    synced = expect_resyncs(history, handset, lease, (0, 2))
    expect_resyncs(history, handset, synced, 3600)


@reading(random_delay_unit="seconds")
@requirement("resync.random_delay.default", "resync.random_delay")
def test_the_resync_after_boot_up_begins_within_two_seconds(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    for start in (handset.boot, handset.power_cycle, handset.power_cycle):
        up = start()
        lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
        history.expect(
            ProvisioningRequest,
            path=DEFAULT_PATH,
            after=lease,
            within=2 + handset.timing.late,
        )


@requirement("resync.trigger.default", "resync.trigger")
def test_nothing_but_its_time_triggers_a_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    synced = first_resync(history, handset, handset.boot(Resync_Periodic="7200"))
    history.expect_none(ProvisioningRequest, after=synced, within=7199)


@requirement("resync.from_sip.default", "resync.from_sip")
def test_a_notify_triggers_a_resync(telephone: Telephone, history: History) -> None:
    telephone.synced(Resync_Periodic="0")
    mark = history.mark()
    telephone.sip.notify("resync")
    telephone.expect_soon(mark)


@requirement("upgrade.rule.default", "upgrade.rule")
def test_no_load_is_asked_for(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    synced = first_resync(history, handset, handset.boot(Resync_Periodic="0"))
    history.expect_none(ProvisioningRequest, after=synced, within=86_400)


@requirement("upgrade.peer_sharing.default")
def test_peer_firmware_sharing_is_enabled(
    handset: HandsetControl, web: PhoneWeb, history: History
) -> None:
    idle_phone(history, handset)
    check_in_force(history, handset, web, Peer_Firmware_Sharing="Yes")


@requirement("general.default", "macros.general_purpose")
def test_general_purpose_parameters_are_blank(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    sixteen = "".join(f"$({letter})" for letter in "ABCDEFGHIJKLMNOP")
    rule = f"tftp://{tftp.address}/of-{sixteen}-nothing.xml"
    lease = boot_to_lease(history, handset, Profile_Rule=rule)
    history.check("$A to $P", seen=fetched(history, handset, lease, 1), due=["/of--nothing.xml"])
