"""Every timer once with a value that can be waited for in wall time.

Elsewhere the timers have values as in the field, where nothing else is due beside them. Here they run
for a second or two, so that the same phone shows the same on a clock that nobody can put forward; for
longer only where the phone allows no such values, or its handset's tolerances hide them.
"""

from __future__ import annotations

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_faults import SipStatus
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import ProvisioningRequest
from hil.marks import quick, reading, requirement
from hil.pace.timers import Pace
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, expect_resyncs, first_resync, provision
from hil.testing.calls import Telephone
from hil.testing.sip import boot, expect_retries, refusal
from hil.testing.upgrades import expect_failed_upgrade

LOAD = "/firmware/sip7832.11-3-2MPP0001-610.loads"


@quick
@requirement("resync.periodic")
def test_a_periodic_resync_begins_two_seconds_after_the_last(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    period = pace.timer("Resync_Periodic", 2)
    provision(dhcp, tftp, Resync_Periodic=str(period))
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    expect_resyncs(history, handset, synced, period, period)


@quick
@requirement("resync.error_retry_delay.list", "resync.error_retry_delay")
def test_a_failed_resync_is_tried_again_after_one_second_and_after_three(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    dhcp.offer(option_66=tftp.address)
    one, three = pace.timers("Resync_Error_Retry_Delay", (1, 3))
    up = handset.boot(Resync_Random_Delay="0", Resync_Error_Retry_Delay=f"{one},{three}")
    expect_resyncs(history, handset, first_resync(history, handset, up), one, three)


@reading(resync_trigger=("becomes-true", "as-periodic"))
@quick
@requirement("resync.trigger")
def test_a_trigger_that_becomes_true_after_two_seconds(telephone: Telephone, pace: Pace) -> None:
    two = pace.timer("Resync_Trigger_1", 2)
    equation = f"$PRVTMR ge {two}"
    synced = telephone.synced(
        Resync_Trigger_1=equation, Resync_Periodic="0", Resync_Random_Delay="0"
    )
    timing = telephone.handset.timing
    telephone.history.expect(
        ProvisioningRequest,
        after=synced,
        not_before=two - timing.early - 1,
        within=two + timing.trigger + timing.late,
    )


@reading(forced_resync_delay="idle-countdown")
@quick
@requirement("resync.forced_delay")
def test_a_resync_that_fell_due_in_a_call_begins_a_second_after_it(
    telephone: Telephone, pace: Pace
) -> None:
    period, delay = pace.timer("Resync_Periodic", 1), pace.timer("Forced_Resync_Delay", 1)
    timers = {"Resync_Periodic": str(period), "Forced_Resync_Delay": str(delay)}
    telephone.synced(**timers, Resync_Random_Delay="0")
    call = telephone.talk()
    telephone.expect_none(period + 1)
    telephone.expect(telephone.hang_up(call), delay)


@reading(upgrade_reattempt="after-failure")
@quick
@requirement("upgrade.error_retry_delay")
def test_a_failed_upgrade_is_tried_again_after_two_seconds(
    handset: HandsetControl, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    delay = pace.timer("Upgrade_Error_Retry_Delay", 2)
    alone = {"Resync_On_Reset": "No", "Resync_After_Upgrade_Attempt": "No"}
    rule = f"tftp://{tftp.address}{LOAD}"
    lease = boot_to_lease(
        history, handset, Upgrade_Rule=rule, Upgrade_Error_Retry_Delay=str(delay), **alone
    )
    expect_resyncs(history, handset, expect_failed_upgrade(history, handset, lease, LOAD), delay)


@quick
@requirement("sip.register_retry")
def test_a_refused_registration_is_tried_again_after_two_seconds(
    handset: HandsetControl, sip: SipEndpoint, history: History, pace: Pace
) -> None:
    interval = pace.timer("Reg_Retry_Intvl", 2)
    sip.inject(SipStatus(500), name="REGISTER")
    up = boot(history, handset, sip, Retry_Reg_RSC="500", Reg_Retry_Intvl=str(interval))
    expect_retries(history, handset, refusal(history, handset, up, 500), interval)


@quick
@requirement("resync.on_reset")
def test_with_no_a_reboot_is_followed_by_nothing_for_two_seconds(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    lease = boot_to_lease(history, handset, Resync_On_Reset="No")
    history.expect_none(ProvisioningRequest, after=lease, within=2)
