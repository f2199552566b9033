"""Log_Upgrade_Request_Msg, Log_Upgrade_Success_Msg, Log_Upgrade_Failure_Msg."""

from __future__ import annotations

import re

from hil.clients.web import PhoneWeb
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import ProvisioningRequest, SyslogMessage
from hil.loads import Flaws
from hil.marks import needs, quick, reading, requirement
from hil.reference.interpretations import Interpretations
from hil.reference.phone import Phone
from hil.testbed.control import HandsetControl
from hil.testing import expect_reboot, soon
from hil.testing.messages import (
    check_counts,
    expect_failure_told,
    expect_message,
    texts,
)
from hil.testing.upgrades import boot_to_upgrade, expect_failed_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"
PATH = f"/firmware/{NEWER}.loads"
TARGET = "$SCHEME,$SERV,$SERVIP,$PORT,$PATH"


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
    lease = boot_to_upgrade(history, handset, f"tftp://{tftp.address}{PATH}", syslog)
    told = (
        f"CP-7832-3PCC {handset.identity.mac} -- Requesting upgrade tftp://{tftp.address}:69{PATH}"
    )
    expect_message(history, handset, lease, told)


@needs("test_loads")
@reading(log_default_port="shown", scheme_case="lower")
@requirement("log.upgrade_success.default", "log.upgrade_success", "log.upgrade_request")
def test_a_successful_upgrade_is_reported_once_after_its_request(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    serve_load(tftp, NEWER)
    lease = boot_to_upgrade(history, handset, f"tftp://{tftp.address}{PATH}", syslog)
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
    lease = boot_to_upgrade(
        history, handset, f"tftp://{tftp.address}{PATH}", syslog, Upgrade_Error_Retry_Delay="0"
    )
    failed = expect_failed_upgrade(history, handset, lease, PATH)
    success = "log.upgrade_success"
    expect_failure_told(history, handset, failed, "Upgrade failed", success=success)


@needs("test_loads")
@requirement("log.upgrade_failure")
def test_a_load_that_is_not_installed_is_reported_as_a_failure(
    handset: HandsetControl, http: HttpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    serve_load(http, NEWER, flaws=Flaws(corrupt=1))
    lease = boot_to_upgrade(
        history, handset, f"http://{http.address}{PATH}", syslog, Upgrade_Error_Retry_Delay="0"
    )
    told = re.compile("-- Upgrade failed: .")
    within = soon(handset) + handset.timing.give_up
    history.expect(SyslogMessage, after=lease, text=told, within=within)


@reading(upgrade_reattempt="after-failure")
@requirement("log.upgrade_request", "log.upgrade_failure")
def test_every_attempt_is_reported(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_upgrade(
        history, handset, f"tftp://{tftp.address}{PATH}", syslog, Upgrade_Error_Retry_Delay="300"
    )
    history.expect(ProvisioningRequest, after=lease, within=650, count=3)
    kinds = {"log.upgrade_request": "Requesting upgrade", "log.upgrade_failure": "Upgrade failed"}
    check_counts(history, handset, lease, kinds, due=3)


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
    lease = boot_to_upgrade(
        history,
        handset,
        f"http://fw.example{PATH}",
        syslog,
        GPP_A="room 7",
        Log_Upgrade_Request_Msg=f"$A begins {TARGET} $SWVER",
        Log_Upgrade_Success_Msg=f"$A has {TARGET} <$ERR> end",
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
    lease = boot_to_upgrade(
        history,
        handset,
        f"tftp://{tftp.address}{PATH}",
        syslog,
        Log_Upgrade_Request_Msg=f"begins {TARGET}",
        Log_Upgrade_Success_Msg=f"has {TARGET}",
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
    lease = boot_to_upgrade(
        history,
        handset,
        f"tftp://{tftp.address}{PATH}",
        syslog,
        Log_Upgrade_Failure_Msg="$MAU $PORT $PATH <$ERR> end",
        Upgrade_Error_Retry_Delay="0",
    )
    failed = expect_failed_upgrade(history, handset, lease, PATH)
    told = re.compile(f"^{handset.identity.mau} 69 {re.escape(PATH)} <.+> end$")
    history.expect(SyslogMessage, after=failed, text=told, within=handset.timing.message)


@requirement("log.upgrade_request")
def test_an_empty_log_upgrade_request_msg_is_not_sent(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_upgrade(
        history, handset, f"tftp://{tftp.address}{PATH}", syslog, Log_Upgrade_Request_Msg=""
    )
    expect_failed_upgrade(history, handset, lease, PATH)
    history.expect_none(SyslogMessage, after=lease, text=re.compile("Requesting"), within=120)


@needs("test_loads")
@requirement("log.upgrade_success")
def test_an_empty_log_upgrade_success_msg_is_not_sent(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    serve_load(tftp, NEWER)
    lease = boot_to_upgrade(
        history, handset, f"tftp://{tftp.address}{PATH}", syslog, Log_Upgrade_Success_Msg=""
    )
    expect_reboot(history, handset, lease)
    history.expect_none(SyslogMessage, after=lease, text=re.compile("Successful"), within=120)


@requirement("log.upgrade_failure")
def test_an_empty_log_upgrade_failure_msg_is_not_sent(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_upgrade(
        history,
        handset,
        f"tftp://{tftp.address}{PATH}",
        syslog,
        Log_Upgrade_Failure_Msg="",
        Upgrade_Error_Retry_Delay="0",
    )
    failed = expect_failed_upgrade(history, handset, lease, PATH)
    history.expect_none(SyslogMessage, after=failed, text=re.compile("failed"), within=60)
