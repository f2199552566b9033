"""The macros of an upgrade in its messages and its rule: $UPGST, $UPGERR, $UPGTMR, $SWVER."""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import ProvisioningRequest
from hil.marks import needs, reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, boot_to_lease, expect_reboot, provision
from hil.testing.messages import check_messages, texts
from hil.testing.upgrades import ALONE, boot_to_upgrade, expect_failed_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"
PATH = f"/firmware/{NEWER}.loads"


@reading(upgrade_reattempt="after-failure")
@requirement("macros.upgrade")
def test_upgst_is_1_for_the_first_attempt_and_2_for_those_after_it(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_upgrade(
        history,
        handset,
        f"tftp://{tftp.address}{PATH}",
        syslog,
        Log_Upgrade_Request_Msg="attempt $UPGST",
        Log_Upgrade_Failure_Msg="",
        Upgrade_Error_Retry_Delay="300",
    )
    history.expect(ProvisioningRequest, after=lease, within=950, count=4)
    due = ["attempt 1", "attempt 2", "attempt 2", "attempt 2"]
    check_messages(history, handset, lease, due)


@reading(upgrade_reattempt="after-failure")
@requirement("macros.upgrade")
def test_upgst_is_1_again_for_the_first_attempt_of_another_rule(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    provision(dhcp, tftp)
    first = f"tftp://{tftp.address}/first.loads"
    silent = {"Log_Request_Msg": "", "Log_Success_Msg": "", "Log_Upgrade_Failure_Msg": ""}
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=first,
        Syslog_Server=syslog.address,
        Log_Upgrade_Request_Msg="$PATH, attempt $UPGST",
        Upgrade_Error_Retry_Delay="300,0",
        Resync_After_Upgrade_Attempt="No",
        Resync_Periodic="600",
        **silent,
    )
    history.wait(ProvisioningRequest, after=lease, path="/first.loads", within=400, count=2)
    tftp.serve(DEFAULT_PATH, flat_profile(Upgrade_Rule=f"tftp://{tftp.address}/other.loads"))
    history.expect(ProvisioningRequest, after=lease, path="/other.loads", within=1300, count=2)
    due = [f"/{name}.loads, attempt {n}" for name in ("first", "other") for n in (1, 2)]
    check_messages(history, handset, lease, due)


@reading(upgrade_reattempt="after-failure")
@requirement("macros.upgrade", "upgrade.rule")
def test_a_rule_tells_a_retry_by_upgst(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    server = f"tftp://{tftp.address}"
    rule = f'("$UPGST" eq "2")? {server}/spare.loads | {server}/first.loads'
    lease = boot_to_lease(
        history, handset, Upgrade_Rule=rule, Upgrade_Error_Retry_Delay="300", **ALONE
    )
    expect_failed_upgrade(history, handset, lease, "/first.loads")
    asked = history.expect(
        ProvisioningRequest, after=lease, path="/spare.loads", not_before=299, within=310
    )
    history.check("the file of the retry", seen=asked.path, due="/spare.loads")


@reading(upgrade_reattempt="after-failure")
@requirement("macros.upgerr", "macros.upgrade")
def test_upgerr_is_the_result_of_the_attempt_before(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_upgrade(
        history,
        handset,
        f"tftp://{tftp.address}{PATH}",
        syslog,
        Log_Upgrade_Request_Msg="before <$UPGERR>",
        Log_Upgrade_Failure_Msg="now <$ERR>",
        Upgrade_Error_Retry_Delay="300",
    )
    history.expect(ProvisioningRequest, after=lease, within=650, count=2)
    history.sleep(handset.timing.message)
    first, failed, second = texts(history, lease)[:3]
    history.check("$UPGERR before any attempt", seen=first, due="before <>")
    history.check("$UPGERR after one", seen=second, due=failed.replace("now", "before"))
    history.check("$ERR is not empty", seen=failed, due="now <...>", passed=failed != "now <>")


@reading(upgrade_reattempt="after-failure")
@requirement("macros.upgtmr", "macros.upgrade")
def test_upgtmr_is_the_seconds_since_the_attempt_before(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_upgrade(
        history,
        handset,
        f"tftp://{tftp.address}{PATH}",
        syslog,
        Log_Upgrade_Request_Msg="since $UPGTMR",
        Log_Upgrade_Failure_Msg="",
        Upgrade_Error_Retry_Delay="300,900",
    )
    history.expect(ProvisioningRequest, after=lease, within=1250, count=3)
    history.sleep(handset.timing.message)
    seen = [int(text.removeprefix("since ")) for text in texts(history, lease)[1:]]
    # The delay counts from the failure, the timer from the beginning of the attempt.
    most = handset.timing.late + handset.timing.step
    for value, delay in zip(seen, (300, 900), strict=True):
        good = delay <= value <= delay + most
        history.check("$UPGTMR", seen=value, due=f"{delay} and a moment", passed=good)


@needs("test_loads")
@requirement("macros.swver", "macros.upgrade", "log.upgrade_success")
@pytest.mark.parametrize("load", [NEWER, "sip7832.11-0-1MPP-312"], ids=["newer", "older"])
def test_swver_is_the_load_that_runs_before_and_after(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    load: str,
) -> None:
    path = serve_load(tftp, load)
    missing = f"tftp://{tftp.address}/none.loads"
    rule = f"($SWVER eq {load})? {missing} | tftp://{tftp.address}{path}"
    lease = boot_to_upgrade(
        history,
        handset,
        rule,
        syslog,
        Log_Upgrade_Request_Msg="from $SWVER",
        Log_Upgrade_Success_Msg="",
        Log_Upgrade_Failure_Msg="still $SWVER",
        Upgrade_Error_Retry_Delay="0",
    )
    booted = expect_reboot(history, handset, lease)
    expect_failed_upgrade(history, handset, booted, "/none.loads")
    due = [f"from {handset.identity.swver}", f"from {load}", f"still {load}"]
    check_messages(history, handset, lease, due)
