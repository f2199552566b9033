"""Upgrade_Error_Retry_Delay: when a failed upgrade is tried again.

The load is missing, so an attempt is one request, and nothing but upgrades goes on.
"""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history.events import ProvisioningRequest
from hil.marks import needs, reading, requirement
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, expect_reboot, expect_resyncs, next_transfer, provision
from hil.testing.upgrades import expect_failed_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"
PATH = f"/firmware/{NEWER}.loads"
ALONE = {"Resync_On_Reset": "No", "Resync_After_Upgrade_Attempt": "No"}


def fail_once(
    history: History, handset: HandsetControl, tftp: TftpEndpoint, **parameters: str
) -> Moment:
    """Boot a phone whose first upgrade fails; returns the end of the attempt."""
    rule = f"tftp://{tftp.address}{PATH}"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE | parameters)
    return expect_failed_upgrade(history, handset, lease, PATH)


@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.error_retry_delay")
def test_an_integer_is_the_seconds_to_the_next_attempt(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    failed = fail_once(history, handset, tftp, Upgrade_Error_Retry_Delay="300")
    expect_resyncs(history, handset, failed, 300, 300, 300)


@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.error_retry_delay.default", "upgrade.error_retry_delay")
def test_the_default_is_3600_seconds(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    expect_resyncs(history, handset, fail_once(history, handset, tftp), 3600, 3600)


@reading(list_exhaustion="repeat-last", upgrade_reattempt="after-failure")
@requirement("upgrade.error_retry_delay")
def test_a_list_is_taken_element_by_element_and_its_last_one_repeated(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    failed = fail_once(history, handset, tftp, Upgrade_Error_Retry_Delay="600,1200,300")
    expect_resyncs(history, handset, failed, 600, 1200, 300, 300, 300)


@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.error_retry_delay")
def test_a_range_is_the_earliest_second_and_how_many_more(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    failed = fail_once(history, handset, tftp, Upgrade_Error_Retry_Delay="2400+30")
    expect_resyncs(history, handset, failed, *[(2400, 2430)] * 8)


@reading(list_exhaustion="repeat-last", upgrade_reattempt="after-failure")
@requirement("upgrade.error_retry_delay")
def test_the_last_element_of_a_list_may_be_a_range(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    failed = fail_once(history, handset, tftp, Upgrade_Error_Retry_Delay="1800,3600,7200+900")
    expect_resyncs(history, handset, failed, 1800, 3600, *[(7200, 8100)] * 4)


@requirement("upgrade.error_retry_delay")
def test_with_a_delay_of_zero_there_is_no_further_attempt(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    failed = fail_once(history, handset, tftp, Upgrade_Error_Retry_Delay="0")
    history.expect_none(ProvisioningRequest, after=failed, within=86_400)


@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.error_retry_delay")
def test_resyncs_in_between_do_not_bring_the_next_attempt_forward(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    rule = f"tftp://{tftp.address}{PATH}"
    provision(dhcp, tftp, Upgrade_Rule=rule, Resync_Periodic="600")
    parameters = {"Resync_After_Upgrade_Attempt": "No", "Upgrade_Error_Retry_Delay": "3000"}
    lease = boot_to_lease(history, handset, **parameters)
    synced = next_transfer(history, handset, lease)
    failed = expect_failed_upgrade(history, handset, synced, PATH)
    spare = handset.timing.late + 1
    history.expect(
        ProvisioningRequest, after=failed, path=PATH, not_before=2999, within=3000 + spare
    )


@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.error_retry_delay", "upgrade.settled")
def test_another_rule_is_attempted_at_once_and_its_delays_begin_anew(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    server = f"tftp://{tftp.address}"
    provision(dhcp, tftp, Upgrade_Rule=f"{server}/a.loads", Resync_Periodic="1000")
    parameters = {
        "Resync_After_Upgrade_Attempt": "No",
        "Upgrade_Error_Retry_Delay": "300,7200",
    }
    lease = boot_to_lease(history, handset, **parameters)
    synced = next_transfer(history, handset, lease)
    failed = expect_failed_upgrade(history, handset, synced, "/a.loads")
    again = expect_resyncs(history, handset, failed, 300)
    provision(dhcp, tftp, Upgrade_Rule=f"{server}/b.loads", Resync_Periodic="0")
    synced = expect_resyncs(history, handset, again, (600, 710), requirement="resync.periodic")
    failed = expect_failed_upgrade(history, handset, synced, "/b.loads")
    expect_resyncs(history, handset, failed, 300, 7200)


@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.error_retry_delay", "web.upgrade")
def test_the_delays_begin_anew_with_an_upgrade_that_is_asked_for(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    failed = fail_once(history, handset, tftp, Upgrade_Error_Retry_Delay="600,1200,300")
    expect_resyncs(history, handset, failed, 600)
    history.sleep(60)
    mark = history.mark()
    web.upgrade(f"tftp://{tftp.address}/none.loads")
    failed = expect_failed_upgrade(history, handset, mark, "/none.loads")
    expect_resyncs(history, handset, failed, 600, 1200, 300)


@needs("test_loads")
@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.error_retry_delay", "upgrade.install")
def test_an_attempt_that_succeeds_is_the_last(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    failed = fail_once(history, handset, tftp, Upgrade_Error_Retry_Delay="300")
    second = expect_resyncs(history, handset, failed, 300)
    serve_load(tftp, NEWER)
    third = history.expect(ProvisioningRequest, after=second, path=PATH, not_before=299, within=301)
    booted = expect_reboot(history, handset, third, requirement="upgrade.install")
    history.expect_none(ProvisioningRequest, after=booted, within=7200)
