"""Log_Request_Msg, Log_Success_Msg, Log_Failure_Msg: what a phone tells the syslog server."""

from __future__ import annotations

import re

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Mark
from hil.history.events import DhcpMessage, SyslogMessage
from hil.marks import quick, reading, requirement
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, expect_resyncs, first_resync, provision
from hil.testing.calls import Telephone
from hil.testing.messages import check_counts, expect_failure_told, expect_message

# -- the defaults ------------------------------------------------------------------------------------


@reading(log_default_port="shown", log_request_servip=("expanded", "either"), scheme_case="lower")
@quick
@requirement("log.request.default", "log.request")
def test_the_start_of_a_resync_is_reported(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(Syslog_Server=syslog.address, Resync_Random_Delay="0")
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect(
        SyslogMessage,
        after=lease,
        text=f"CP-7832-3PCC {handset.identity.mac} -- Requesting resync "
        f"tftp://{tftp.address}:69/7832-3PCC.xml",
        within=handset.timing.late + handset.timing.message,
    )


@reading(log_default_port="shown", log_success_err=("with", "either"), scheme_case="lower")
@quick
@requirement("log.success.default", "log.success")
def test_a_successful_resync_is_reported(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(Syslog_Server=syslog.address)
    synced = first_resync(history, handset, up)
    told = re.compile(
        f"^CP-7832-3PCC {handset.identity.mac} -- Successful resync "
        f"tftp://{re.escape(tftp.address)}:69/7832-3PCC[.]xml -- "
    )
    history.expect(SyslogMessage, after=synced, text=told, within=handset.timing.message)


@requirement("log.failure.default", "log.failure")
def test_a_failed_resync_is_reported_with_its_reason_and_not_as_successful(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Syslog_Server=syslog.address, Resync_Error_Retry_Delay="0")
    failed = first_resync(history, handset, up)
    expect_failure_told(history, handset, failed, "Resync failed", success="log.success")


@requirement("log.request", "log.failure")
def test_every_attempt_is_reported(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Syslog_Server=syslog.address, Resync_Error_Retry_Delay="300")
    failed = first_resync(history, handset, up)
    expect_resyncs(history, handset, failed, 300, 300, requirement="resync.error_retry_delay")
    kinds = {"log.request": "Requesting resync", "log.failure": "Resync failed"}
    check_counts(history, handset, up, kinds, due=3)


# -- other texts -------------------------------------------------------------------------------------


@requirement("log.request", "log.success")
def test_configured_messages_of_a_successful_resync_are_sent_expanded(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(
        Syslog_Server=syslog.address,
        GPP_A="room 7",
        Log_Request_Msg="$A: $MA begins",
        Log_Success_Msg="$A: $MA has $PATH, result <$ERR>, end",
    )
    synced = first_resync(history, handset, up)
    ma = handset.identity.ma
    history.expect(
        SyslogMessage,
        after=up,
        text=f"room 7: {ma} begins",
        within=(synced.at - up.at) / 1e9 + handset.timing.message,
        requirement="log.request",
    )
    history.expect(
        SyslogMessage,
        after=synced,
        text=re.compile(f"^room 7: {ma} has /7832-3PCC[.]xml, result <.*>, end$"),
        within=handset.timing.message,
        requirement="log.success",
    )


@quick
@requirement("log.failure")
def test_a_configured_message_of_a_failed_resync_is_sent_expanded(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(Syslog_Server=syslog.address, Log_Failure_Msg="$MAU failed: <$ERR>, end")
    failed = first_resync(history, handset, up)
    told = re.compile(f"^{handset.identity.mau} failed: <.*>, end$")
    history.expect(SyslogMessage, after=failed, text=told, within=handset.timing.message)


@requirement("log.request")
def test_an_empty_log_request_msg_is_not_sent(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(
        Syslog_Server=syslog.address, Log_Request_Msg="", Log_Success_Msg="the only message"
    )
    history.wait(SyslogMessage, after=up, text="the only message", within=handset.boot_limit + 60)
    history.expect_none(SyslogMessage, after=up, text=re.compile("Requesting"), within=120)


@requirement("log.success")
def test_an_empty_log_success_msg_is_not_sent(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(Syslog_Server=syslog.address, Log_Success_Msg="")
    synced = first_resync(history, handset, up)
    history.expect_none(SyslogMessage, after=synced, text=re.compile("Successful"), within=60)


@requirement("log.failure")
def test_an_empty_log_failure_msg_is_not_sent(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    up = handset.boot(
        Syslog_Server=syslog.address, Log_Failure_Msg="", Resync_Error_Retry_Delay="0"
    )
    failed = first_resync(history, handset, up)
    history.expect_none(SyslogMessage, after=failed, text=re.compile("failed"), within=60)


# -- resyncs that somebody asks for ------------------------------------------------------------------


def ask(way: str, telephone: Telephone, web: PhoneWeb) -> Mark:
    """Ask for a resync; the moment before that."""
    telephone.history.sleep(telephone.handset.timing.step)
    mark = telephone.history.mark()
    if way == "web":
        web.resync()
    else:
        telephone.sip.notify("resync")
    return mark


@requirement("log.request")
@pytest.mark.parametrize("way", ["web", "SIP"])
def test_the_start_of_a_resync_that_is_asked_for_is_reported(
    way: str, telephone: Telephone, web: PhoneWeb, syslog: SyslogEndpoint, history: History
) -> None:
    telephone.synced(
        Resync_Periodic="0", Syslog_Server=syslog.address, Log_Request_Msg="begins $PATH"
    )
    mark = ask(way, telephone, web)
    expect_message(history, telephone.handset, mark, "begins /7832-3PCC.xml")


@requirement("log.success")
@pytest.mark.parametrize("way", ["web", "SIP"])
def test_the_success_of_a_resync_that_is_asked_for_is_reported(
    way: str, telephone: Telephone, web: PhoneWeb, syslog: SyslogEndpoint, history: History
) -> None:
    telephone.synced(
        Resync_Periodic="0", Syslog_Server=syslog.address, Log_Success_Msg="ends $PATH"
    )
    mark = ask(way, telephone, web)
    expect_message(history, telephone.handset, mark, "ends /7832-3PCC.xml")


@requirement("log.failure")
@pytest.mark.parametrize("way", ["web", "SIP"])
def test_the_failure_of_a_resync_that_is_asked_for_is_reported(
    way: str, telephone: Telephone, web: PhoneWeb, syslog: SyslogEndpoint, history: History
) -> None:
    telephone.synced(
        Resync_Periodic="0", Syslog_Server=syslog.address, Log_Failure_Msg="in vain $PATH"
    )
    telephone.tftp.remove(DEFAULT_PATH)
    mark = ask(way, telephone, web)
    expect_message(history, telephone.handset, mark, "in vain /7832-3PCC.xml")


# -- the server --------------------------------------------------------------------------------------


@requirement("log.request", "log.success")
def test_the_port_of_the_syslog_server_may_be_given(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(
        Syslog_Server=f"{syslog.address}:514", Log_Request_Msg="begins", Log_Success_Msg="ends"
    )
    synced = first_resync(history, handset, up)
    within = (synced.at - up.at) / 1e9 + handset.timing.message
    history.expect(SyslogMessage, after=up, text="begins", within=within, requirement="log.request")
    history.expect(SyslogMessage, after=up, text="ends", within=within, requirement="log.success")


@requirement("log.request")
def test_the_first_and_the_last_port_are_ports(
    handset: HandsetControl, syslog_at_the_edge: SyslogEndpoint, history: History
) -> None:
    server = syslog_at_the_edge
    up = handset.boot(
        Syslog_Server=f"{server.address}:{server.port}",
        Log_Request_Msg="begins",
        Profile_Rule=f"tftp://{server.address}/a.xml",
        Resync_Random_Delay="0",
    )
    history.expect(
        SyslogMessage, after=up, text="begins", within=handset.boot_limit + handset.timing.message
    )


@requirement("log.request", "log.success")
def test_the_syslog_server_may_be_on_another_port(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    peer_log: SyslogEndpoint,
    history: History,
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(
        Syslog_Server=f"{peer_log.address}:{peer_log.port}",
        Log_Request_Msg="begins",
        Log_Success_Msg="ends",
    )
    first_resync(history, handset, up)
    history.sleep(handset.timing.message)
    told = history.all(SyslogMessage, after=up, text=re.compile("begins|ends"))
    ports = [(each.text, each.port) for each in told]
    due = [("begins", peer_log.port), ("ends", peer_log.port)]
    history.check("the messages and their ports", seen=ports, due=due)
