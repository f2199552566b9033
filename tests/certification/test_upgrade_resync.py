"""Resync_After_Upgrade_Attempt: whether a resync follows an upgrade, successful or not."""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import ProvisioningRequest, TransferEnded
from hil.lab_time import NANOSECONDS
from hil.marks import needs, quick, reading, requirement
from hil.reference.phone import Phone
from hil.testbed.control import HandsetControl
from hil.testing import (
    DEFAULT_PATH,
    boot_to_lease,
    expect_reboot,
    expect_resyncs,
    next_transfer,
    provision,
    soon,
)
from hil.testing.upgrades import expect_failed_upgrade, expect_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"
PATH = f"/firmware/{NEWER}.loads"
QUIET = {"Resync_On_Reset": "No", "Resync_Periodic": "0", "Upgrade_Error_Retry_Delay": "0"}


# -- after success -----------------------------------------------------------------------------------


@needs("test_loads")
@quick
@requirement("resync.after_upgrade")
@pytest.mark.parametrize("on_reset", ["Yes", "No"])
def test_with_yes_a_resync_follows_a_successful_upgrade(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
    on_reset: str,
) -> None:
    provision(dhcp, tftp, Resync_On_Reset=on_reset, Resync_After_Upgrade_Attempt="Yes")
    serve_load(tftp, NEWER)
    rule = f"tftp://{tftp.address}{PATH}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **QUIET)
    booted = expect_upgrade(history, handset, lease, PATH)
    history.expect(ProvisioningRequest, after=booted, path=DEFAULT_PATH, within=soon(handset))


@needs("test_loads")
@requirement("resync.after_upgrade.default", "resync.after_upgrade")
def test_by_default_a_resync_follows_a_successful_upgrade(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    serve_load(tftp, NEWER)
    rule = f"tftp://{tftp.address}{PATH}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **QUIET)
    booted = expect_upgrade(history, handset, lease, PATH)
    history.expect(ProvisioningRequest, after=booted, path=DEFAULT_PATH, within=soon(handset))


@needs("test_loads")
@requirement("resync.after_upgrade")
def test_with_no_none_follows_a_successful_upgrade(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    """Resync_On_Reset Yes does not bring one either: it excepts reboots of upgrades."""
    rule = f"tftp://{tftp.address}{PATH}"
    provision(dhcp, tftp, Upgrade_Rule=rule, Resync_Periodic="0")
    serve_load(tftp, NEWER)
    lease = boot_to_lease(history, handset, Resync_After_Upgrade_Attempt="No")
    synced = next_transfer(history, handset, lease)
    booted = expect_upgrade(history, handset, synced, PATH)
    history.expect_none(ProvisioningRequest, after=booted, within=86_400)


@needs("test_loads")
@requirement("resync.after_upgrade", "resync.periodic")
def test_with_no_periodic_resyncs_go_on_after_the_upgrade(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    rule = f"tftp://{tftp.address}{PATH}"
    provision(dhcp, tftp, Upgrade_Rule=rule, Resync_Periodic="3600")
    serve_load(tftp, NEWER)
    lease = boot_to_lease(history, handset, Resync_After_Upgrade_Attempt="No")
    synced = next_transfer(history, handset, lease)
    booted = expect_upgrade(history, handset, synced, PATH)
    # Whether the period counts on or anew after the reboot is not published.
    spent = (booted.at - synced.at) // NANOSECONDS + 1
    second = expect_resyncs(history, handset, booted, (3600 - spent, 3600))
    expect_resyncs(history, handset, second, 3600)


@needs("test_loads")
@requirement("resync.after_upgrade")
def test_provision_enable_no_forbids_it(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    serve_load(tftp, NEWER)
    rule = f"tftp://{tftp.address}{PATH}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, Provision_Enable="No", **QUIET)
    booted = expect_upgrade(history, handset, lease, PATH)
    history.expect_none(ProvisioningRequest, after=booted, within=7200)


@needs("test_loads")
@requirement("resync.after_upgrade", "upgrade.load")
@pytest.mark.parametrize(("after", "count"), [("Yes", 1), ("No", 0)])
def test_a_load_that_is_started_from_the_other_partition_is_an_upgrade_too(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
    after: str,
    count: int,
) -> None:
    """The profile asks for the former load, so the second upgrade fetches nothing."""
    serve_load(tftp, NEWER)
    former = f"tftp://{tftp.address}/firmware/{handset.identity.swver}.loads"
    provision(
        dhcp,
        tftp,
        Upgrade_Rule=former,
        Resync_Periodic="0",
        Resync_After_Upgrade_Attempt=after,
    )
    rule = f"tftp://{tftp.address}{PATH}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **QUIET)
    booted = expect_upgrade(history, handset, lease, PATH)
    synced = next_transfer(history, handset, booted)
    again = expect_reboot(history, handset, synced)
    history.sleep(7200)
    asked = [each.path for each in history.all(ProvisioningRequest, after=again)]
    history.check("requests after the second upgrade", seen=asked, due=[DEFAULT_PATH] * count)


# -- after failure -----------------------------------------------------------------------------------


@requirement("resync.after_upgrade")
def test_after_a_failed_attempt_a_resync_follows_or_not_as_it_is_read(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    provision(dhcp, tftp, Resync_Periodic="0")
    rule = f"tftp://{tftp.address}{PATH}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **QUIET)
    failed = expect_failed_upgrade(history, handset, lease, PATH)
    if reference.interpretations.resync_after_failed_upgrade == "skipped":
        history.expect_none(ProvisioningRequest, after=failed, within=7200)
    else:
        history.expect(ProvisioningRequest, after=failed, path=DEFAULT_PATH, within=soon(handset))


@requirement("resync.after_upgrade")
def test_with_no_none_follows_a_failed_attempt(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    rule = f"tftp://{tftp.address}{PATH}"
    parameters = QUIET | {"Resync_After_Upgrade_Attempt": "No"}
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **parameters)
    failed = expect_failed_upgrade(history, handset, lease, PATH)
    history.expect_none(ProvisioningRequest, after=failed, within=86_400)


@reading(upgrade_reattempt="after-failure")
@requirement("resync.after_upgrade", "upgrade.error_retry_delay")
def test_each_failed_attempt_is_followed_by_one_resync(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    provision(dhcp, tftp, Resync_Periodic="0")
    rule = f"tftp://{tftp.address}{PATH}"
    parameters = QUIET | {"Upgrade_Error_Retry_Delay": "300"}
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **parameters)
    failed = expect_failed_upgrade(history, handset, lease, PATH)
    for _ in range(3):
        if reference.interpretations.resync_after_failed_upgrade == "performed":
            next_transfer(history, handset, failed)
        history.expect_none(ProvisioningRequest, after=failed, path=PATH, within=299)
        history.expect(ProvisioningRequest, after=failed, path=PATH, within=301)
        failed = history.wait(TransferEnded, after=failed, path=PATH, within=310)
