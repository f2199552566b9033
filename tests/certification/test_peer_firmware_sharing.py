"""Peer_Firmware_Sharing and its log server, as far as they are published.

Phones share a load among themselves by a protocol that is not published; one phone alone has nobody to
share with. What can be held against it is where its UDP messages about that go, and when: to
Peer_Firmware_Sharing_Log_Server, in an upgrade, and only if the feature is enabled.
"""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history.events import ProvisioningRequest, SyslogMessage
from hil.marks import needs, reading, requirement
from hil.reference.phone import Phone
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, expect_resyncs, next_transfer, provision
from hil.testing.upgrades import check_load, expect_failed_upgrade, expect_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"
PATH = f"/firmware/{NEWER}.loads"
ALONE = {"Resync_On_Reset": "No", "Resync_After_Upgrade_Attempt": "No"}


def reports(history: History, server: SyslogEndpoint, after: Moment) -> list[str]:
    """What came to the log server since then."""
    came = history.all(SyslogMessage, after=after, port=server.port)
    return [each.text for each in came]


@needs("test_loads")
@requirement("upgrade.peer_sharing", "upgrade.peer_sharing_log")
def test_with_no_the_log_server_is_told_nothing_of_an_upgrade(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    peer_log: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    serve_load(tftp, NEWER)
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Peer_Firmware_Sharing="No",
        Peer_Firmware_Sharing_Log_Server=f"{peer_log.address}:{peer_log.port}",
        **ALONE,
    )
    expect_upgrade(history, handset, lease, PATH, requirement="upgrade.install")
    check_load(history, handset, web, NEWER, requirement="upgrade.install")
    history.sleep(60)
    history.check("messages", seen=reports(history, peer_log, lease), due=[])


@requirement("upgrade.peer_sharing_log")
def test_the_log_server_is_told_nothing_but_in_an_upgrade(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    peer_log: SyslogEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    provision(dhcp, tftp, Resync_Periodic="600")
    lease = boot_to_lease(
        history,
        handset,
        Syslog_Server=syslog.address,
        Peer_Firmware_Sharing_Log_Server=f"{peer_log.address}:{peer_log.port}",
    )
    synced = next_transfer(history, handset, lease)
    expect_resyncs(history, handset, synced, 600, 600, requirement="resync.periodic")
    history.sleep(60)
    history.check("messages", seen=reports(history, peer_log, lease), due=[])


@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.peer_sharing_log")
def test_what_it_is_told_in_an_upgrade_goes_to_the_address_and_port_of_the_parameter(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    peer_log: SyslogEndpoint,
    history: History,
    reference: Phone,
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Peer_Firmware_Sharing_Log_Server=f"{peer_log.address}:{peer_log.port}",
        Upgrade_Error_Retry_Delay="300",
        Log_Upgrade_Request_Msg="begins",
        Log_Upgrade_Failure_Msg="fails",
        **ALONE,
    )
    failed = expect_failed_upgrade(history, handset, lease, PATH)
    history.expect(ProvisioningRequest, after=failed, within=310)
    history.sleep(handset.timing.message)
    if reference.interpretations.peer_sharing_log == "upgrade-messages":
        due = ["begins", "fails"] * 2
        history.check("messages", seen=reports(history, peer_log, lease), due=due)
    elsewhere = [
        each.port for each in history.all(SyslogMessage, after=lease) if each.port != peer_log.port
    ]
    history.check("messages elsewhere", seen=elsewhere, due=[])
