"""Log_Upgrade_Request_Msg, Log_Upgrade_Success_Msg, Log_Upgrade_Failure_Msg, and their macros."""

from __future__ import annotations

import re

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history.events import ProvisioningRequest, SyslogMessage
from hil.loads import Flaws
from hil.marks import needs, quick, reading, requirement
from hil.reference.interpretations import Interpretations
from hil.reference.phone import Phone
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, boot_to_lease, expect_reboot, provision, soon
from hil.testing.upgrades import expect_failed_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"
PATH = f"/firmware/{NEWER}.loads"
ALONE = {"Resync_On_Reset": "No", "Resync_After_Upgrade_Attempt": "No"}
TARGET = "$SCHEME,$SERV,$SERVIP,$PORT,$PATH"


def texts(history: History, after: Moment) -> list[str]:
    return [each.text for each in history.all(SyslogMessage, after=after)]


def scheme(name: str, reading: Interpretations) -> str:
    """How $SCHEME and the URL in a message say it."""
    return name.upper() if reading.scheme_case == "upper" else name


# -- the defaults ------------------------------------------------------------------------------------


@needs("test_loads")
@reading(log_default_port="shown", log_request_servip=("expanded", "either"), scheme_case="lower")
@requirement("log.upgrade_request.default", "log.upgrade_request")
def test_the_start_of_an_upgrade_is_reported(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    serve_load(tftp, NEWER)
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Syslog_Server=syslog.address,
        **ALONE,
    )
    history.expect(
        SyslogMessage,
        after=lease,
        text=f"CP-7832-3PCC {handset.identity.mac} -- Requesting upgrade "
        f"tftp://{tftp.address}:69{PATH}",
        within=soon(handset) + handset.timing.message,
    )


@needs("test_loads")
@reading(log_default_port="shown", scheme_case="lower")
@requirement("log.upgrade_success.default", "log.upgrade_success", "log.upgrade_request")
def test_a_successful_upgrade_is_reported_once_after_its_request(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    serve_load(tftp, NEWER)
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Syslog_Server=syslog.address,
        **ALONE,
    )
    told = re.compile(
        f"^CP-7832-3PCC {handset.identity.mac} -- Successful upgrade "
        f"tftp://{re.escape(tftp.address)}:69{re.escape(PATH)} -- "
    )
    within = soon(handset) + handset.timing.give_up + handset.timing.restart
    history.expect(SyslogMessage, after=lease, text=told, within=within)
    expect_reboot(history, handset, lease)
    history.sleep(60)
    words = [re.split(" -- | upgrade ", text)[1] for text in texts(history, lease)]
    history.check("the messages", seen=words, due=["Requesting", "Successful"])


@requirement("log.upgrade_failure.default", "log.upgrade_failure")
def test_a_failed_upgrade_is_reported_with_its_reason_and_not_as_successful(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Syslog_Server=syslog.address,
        Upgrade_Error_Retry_Delay="0",
        **ALONE,
    )
    failed = expect_failed_upgrade(history, handset, lease, PATH)
    told = re.compile(f"^CP-7832-3PCC {handset.identity.mac} -- Upgrade failed: .")
    history.expect(SyslogMessage, after=failed, text=told, within=handset.timing.message)
    successful = re.compile("Successful")
    history.expect_none(
        SyslogMessage, after=failed, text=successful, within=60, requirement="log.upgrade_success"
    )


@needs("test_loads")
@requirement("log.upgrade_failure")
def test_a_load_that_is_not_installed_is_reported_as_a_failure(
    handset: HandsetControl, http: HttpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    serve_load(http, NEWER, flaws=Flaws(corrupt=1))
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"http://{http.address}{PATH}",
        Syslog_Server=syslog.address,
        Upgrade_Error_Retry_Delay="0",
        **ALONE,
    )
    told = re.compile("-- Upgrade failed: .")
    within = soon(handset) + handset.timing.give_up
    history.expect(SyslogMessage, after=lease, text=told, within=within)


@reading(upgrade_reattempt="after-failure")
@requirement("log.upgrade_request", "log.upgrade_failure")
def test_every_attempt_is_reported(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Syslog_Server=syslog.address,
        Upgrade_Error_Retry_Delay="300",
        **ALONE,
    )
    history.expect(ProvisioningRequest, after=lease, within=650, count=3)
    history.sleep(handset.timing.message)
    kinds = (
        ("log.upgrade_request", "Requesting upgrade"),
        ("log.upgrade_failure", "Upgrade failed"),
    )
    for clause, text in kinds:
        seen = history.all(SyslogMessage, after=lease, text=re.compile(text))
        history.check(f"messages {text!r}", seen=len(seen), due=3, requirement=clause)


# -- other texts, and none ---------------------------------------------------------------------------


@needs("test_loads")
@reading(log_request_servip=("expanded", "either"))
@requirement("log.upgrade_success", "log.upgrade_request", "macros.target")
def test_configured_messages_of_a_successful_upgrade_are_sent_expanded(
    handset: HandsetControl,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    reference: Phone,
) -> None:
    dns.answer("fw.example", http.address)
    serve_load(http, NEWER)
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"http://fw.example{PATH}",
        Syslog_Server=syslog.address,
        GPP_A="room 7",
        Log_Upgrade_Request_Msg=f"$A begins {TARGET} $SWVER",
        Log_Upgrade_Success_Msg=f"$A has {TARGET} <$ERR> end",
        **ALONE,
    )
    expect_reboot(history, handset, lease)
    told = scheme("http", reference.interpretations)
    target = f"{told},fw.example,{http.address},80,{PATH}"
    history.expect(
        SyslogMessage,
        after=lease,
        text=f"room 7 begins {target} {handset.identity.swver}",
        within=60,
        requirement="log.upgrade_request",
    )
    history.expect(
        SyslogMessage,
        after=lease,
        text=re.compile(f"^room 7 has {re.escape(target)} <.*> end$"),
        within=60,
        requirement="log.upgrade_success",
    )


@needs("test_loads")
@reading(log_request_servip=("expanded", "either"), scheme_case="lower")
@requirement("log.upgrade_success", "log.upgrade_request", "macros.target")
def test_a_load_that_is_started_from_the_other_partition_is_reported_like_any_other(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    serve_load(tftp, NEWER)
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Syslog_Server=syslog.address,
        Log_Upgrade_Request_Msg=f"begins {TARGET}",
        Log_Upgrade_Success_Msg=f"has {TARGET}",
        **ALONE,
    )
    expect_reboot(history, handset, lease)
    history.sleep(handset.timing.step)
    asked = history.mark()
    former = f"/firmware/{handset.identity.swver}.loads"
    web.upgrade(f"tftp://{tftp.address}{former}")
    expect_reboot(history, handset, asked)
    target = f"tftp,{tftp.address},{tftp.address},69,{former}"
    due = [f"begins {target}", f"has {target}"]
    history.check("the messages", seen=texts(history, asked), due=due)


@quick
@requirement("log.upgrade_failure")
def test_a_configured_message_of_a_failed_upgrade_is_sent_expanded(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Syslog_Server=syslog.address,
        Log_Upgrade_Failure_Msg="$MAU $PORT $PATH <$ERR> end",
        Upgrade_Error_Retry_Delay="0",
        **ALONE,
    )
    failed = expect_failed_upgrade(history, handset, lease, PATH)
    told = re.compile(f"^{handset.identity.mau} 69 {re.escape(PATH)} <.+> end$")
    history.expect(SyslogMessage, after=failed, text=told, within=handset.timing.message)


@requirement("log.upgrade_request")
def test_an_empty_log_upgrade_request_msg_is_not_sent(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Syslog_Server=syslog.address,
        Log_Upgrade_Request_Msg="",
        **ALONE,
    )
    expect_failed_upgrade(history, handset, lease, PATH)
    history.expect_none(SyslogMessage, after=lease, text=re.compile("Requesting"), within=120)


@needs("test_loads")
@requirement("log.upgrade_success")
def test_an_empty_log_upgrade_success_msg_is_not_sent(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    serve_load(tftp, NEWER)
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Syslog_Server=syslog.address,
        Log_Upgrade_Success_Msg="",
        **ALONE,
    )
    expect_reboot(history, handset, lease)
    history.expect_none(SyslogMessage, after=lease, text=re.compile("Successful"), within=120)


@requirement("log.upgrade_failure")
def test_an_empty_log_upgrade_failure_msg_is_not_sent(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Syslog_Server=syslog.address,
        Log_Upgrade_Failure_Msg="",
        Upgrade_Error_Retry_Delay="0",
        **ALONE,
    )
    failed = expect_failed_upgrade(history, handset, lease, PATH)
    history.expect_none(SyslogMessage, after=failed, text=re.compile("failed"), within=60)


# -- $UPGST, $UPGERR, $UPGTMR, $SWVER ----------------------------------------------------------------


@reading(upgrade_reattempt="after-failure")
@requirement("macros.upgrade")
def test_upgst_is_1_for_the_first_attempt_and_2_for_those_after_it(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Syslog_Server=syslog.address,
        Log_Upgrade_Request_Msg="attempt $UPGST",
        Log_Upgrade_Failure_Msg="",
        Upgrade_Error_Retry_Delay="300",
        **ALONE,
    )
    history.expect(ProvisioningRequest, after=lease, within=950, count=4)
    history.sleep(handset.timing.message)
    due = ["attempt 1", "attempt 2", "attempt 2", "attempt 2"]
    history.check("the messages", seen=texts(history, lease), due=due)


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
    history.sleep(handset.timing.message)
    due = [f"/{name}.loads, attempt {n}" for name in ("first", "other") for n in (1, 2)]
    history.check("the messages", seen=texts(history, lease), due=due)


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
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Syslog_Server=syslog.address,
        Log_Upgrade_Request_Msg="before <$UPGERR>",
        Log_Upgrade_Failure_Msg="now <$ERR>",
        Upgrade_Error_Retry_Delay="300",
        **ALONE,
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
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}{PATH}",
        Syslog_Server=syslog.address,
        Log_Upgrade_Request_Msg="since $UPGTMR",
        Log_Upgrade_Failure_Msg="",
        Upgrade_Error_Retry_Delay="300,900",
        **ALONE,
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
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=rule,
        Syslog_Server=syslog.address,
        Log_Upgrade_Request_Msg="from $SWVER",
        Log_Upgrade_Success_Msg="",
        Log_Upgrade_Failure_Msg="still $SWVER",
        Upgrade_Error_Retry_Delay="0",
        **ALONE,
    )
    booted = expect_reboot(history, handset, lease)
    expect_failed_upgrade(history, handset, booted, "/none.loads")
    history.sleep(handset.timing.message)
    due = [f"from {handset.identity.swver}", f"from {load}", f"still {load}"]
    history.check("the messages", seen=texts(history, lease), due=due)
