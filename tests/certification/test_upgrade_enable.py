"""Upgrade_Enable: firmware upgrades allowed or not, independently of Provision_Enable."""

from __future__ import annotations

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import ProvisioningRequest
from hil.marks import needs, requirement
from hil.testbed.control import HandsetControl
from hil.testing import (
    DEFAULT_PATH,
    boot_to_lease,
    expect_resyncs,
    first_resync,
    next_transfer,
    provision,
)
from hil.testing.upgrades import ALONE, check_load, expect_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"


@needs("test_loads")
@requirement("upgrade.enable.default", "upgrade.enable", "upgrade.install")
def test_by_default_upgrades_are_enabled(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    path = serve_load(tftp, NEWER)
    lease = boot_to_lease(history, handset, Upgrade_Rule=f"tftp://{tftp.address}{path}", **ALONE)
    expect_upgrade(history, handset, lease, path)
    check_load(history, handset, web, NEWER)


@needs("test_loads")
@requirement("upgrade.enable")
def test_with_no_there_is_none(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    path = serve_load(tftp, NEWER)
    rule = f"tftp://{tftp.address}{path}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, Upgrade_Enable="No", **ALONE)
    history.expect_none(ProvisioningRequest, after=lease, within=86_400)


@needs("test_loads")
@requirement("upgrade.enable")
def test_with_no_resyncs_go_on(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    path = serve_load(tftp, NEWER)
    provision(dhcp, tftp, Resync_Periodic="600")
    rule = f"tftp://{tftp.address}{path}"
    up = handset.boot(Upgrade_Rule=rule, Upgrade_Enable="No")
    synced = first_resync(history, handset, up)
    expect_resyncs(history, handset, synced, 600, 600)


@needs("test_loads")
@requirement("upgrade.enable")
def test_provision_enable_does_not_matter(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    provision(dhcp, tftp)
    path = serve_load(tftp, NEWER)
    rule = f"tftp://{tftp.address}{path}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, Provision_Enable="No")
    expect_upgrade(history, handset, lease, path)
    check_load(history, handset, web, NEWER)
    asked = history.all(ProvisioningRequest, after=lease, path=DEFAULT_PATH)
    history.check("resyncs", seen=len(asked), due=0, requirement="provision.enable")


@needs("test_loads")
@requirement("upgrade.enable", "upgrade.rule")
@pytest.mark.parametrize("before", ["Yes", "No"])
def test_a_profile_enables_and_disables_upgrades(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
    before: str,
) -> None:
    path = serve_load(tftp, NEWER)
    rule = f"tftp://{tftp.address}{path}"
    enabled = "No" if before == "Yes" else "Yes"
    provision(dhcp, tftp, Upgrade_Enable=enabled, Upgrade_Rule=rule, Resync_Periodic="0")
    lease = boot_to_lease(history, handset, Upgrade_Enable=before)
    synced = next_transfer(history, handset, lease)
    if enabled == "Yes":
        expect_upgrade(history, handset, synced, path)
    else:
        history.expect_none(ProvisioningRequest, after=synced, within=7200, path=path)
