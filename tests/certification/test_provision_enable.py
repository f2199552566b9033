"""Provision_Enable: the switch of all resyncs."""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, ProvisioningRequest
from hil.marks import reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, expect_resyncs, first_resync, provision
from hil.testing.calls import Telephone
from hil.testing.clock import expect_no_resync_until, serve_at, synced


@requirement("provision.enable")
def test_with_provision_enable_no_there_is_no_resync_after_a_reboot(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(Provision_Enable="No", Resync_Random_Delay="0", Resync_Periodic="600")
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect_none(ProvisioningRequest, after=lease, within=7200)


@requirement("provision.enable")
def test_with_provision_enable_yes_there_are_resyncs(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp, Provision_Enable="Yes", Resync_Periodic="600")
    up = handset.boot(Provision_Enable="Yes", Resync_Random_Delay="0")
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    synced = expect_resyncs(history, handset, lease, 0)
    expect_resyncs(history, handset, synced, 600)


@requirement("provision.enable")
def test_a_profile_with_provision_enable_no_ends_periodic_resyncs(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp, Resync_Periodic="600")
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    tftp.serve(DEFAULT_PATH, flat_profile(Provision_Enable="No"))
    disabled = expect_resyncs(history, handset, synced, 600)
    history.expect_none(ProvisioningRequest, after=disabled, within=7200)


@reading(failed_rule="keep-applied")
@requirement("provision.enable")
def test_a_profile_with_provision_enable_no_ends_retries(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp, Provision_Enable="No")
    up = handset.boot(Profile_Rule_B="/missing.xml", Resync_Error_Retry_Delay="300")
    failed = history.wait(
        ProvisioningRequest, after=up, path="/missing.xml", within=handset.boot_limit + 10
    )
    history.expect_none(ProvisioningRequest, after=failed, within=7200)


@requirement("provision.enable")
def test_provision_enable_no_from_a_profile_holds_after_a_reboot(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp, Provision_Enable="No")
    first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    history.sleep(handset.timing.step)
    up = handset.power_cycle()
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect_none(ProvisioningRequest, after=lease, within=7200)


@reading(provision_disabled="blocks-all")
@requirement("provision.enable")
@pytest.mark.parametrize("event", ["resync", "resync;profile=tftp://{server}/7832-3PCC.xml"])
def test_with_provision_enable_no_a_notify_triggers_no_resync(
    event: str, telephone: Telephone, history: History
) -> None:
    telephone.boot(Provision_Enable="No", Resync_From_SIP="Yes")
    mark = history.mark()
    telephone.sip.notify(event.format(server=telephone.tftp.address))
    telephone.expect_none(7200, after=mark)


@requirement("provision.enable")
def test_with_provision_enable_no_there_is_no_resync_at_a_time_of_the_day(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00", Provision_Enable="No")
    last = synced(history, handset, Resync_At__HHmm_="0730")
    expect_no_resync_until(history, ntp, last, "2026-03-04 06:00")


@requirement("provision.enable")
@pytest.mark.parametrize("name", ["Resync_Trigger_1", "Resync_Trigger_2"])
def test_with_provision_enable_no_a_trigger_triggers_no_resync(
    name: str, handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp, Provision_Enable="No", **{name: "$PRVTMR ge 600"})
    last = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    history.expect_none(ProvisioningRequest, after=last, within=7200)
