"""$SCHEME, $SERV, $SERVIP, $PORT and $PATH: what is requested, and where; $ERR: what came of it."""

from __future__ import annotations

import re

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import SyslogMessage
from hil.marks import quick, reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.bench import HTTPS_NAME
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, logged, soon
from hil.testing.upgrades import boot_to_upgrade

TARGET = "$SCHEME $SERV $SERVIP $PORT $PATH"
NEXT_LOAD = "sip7832.11-3-2MPP0001-610.loads"

# -- the target --------------------------------------------------------------------------------------


@reading(scheme_case="lower")
@quick
@requirement("macros.target")
def test_the_target_of_a_request_over_https(
    handset: HandsetControl,
    dns: DnsEndpoint,
    https: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dns.answer(HTTPS_NAME, https.address)
    https.serve("/prov/init.cfg", flat_profile())
    text = _result(f"https://{HTTPS_NAME}/prov/init.cfg", handset, syslog, history)
    due = f"https {HTTPS_NAME} {https.address} 443 /prov/init.cfg"
    history.check("the target", seen=text, due=due)


@reading(scheme_case="lower")
@requirement("macros.target")
def test_the_target_with_a_port_and_a_query_in_the_url(
    handset: HandsetControl,
    dns: DnsEndpoint,
    http_8080: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dns.answer("neptune.example", http_8080.address)
    http_8080.serve("/prov/get", flat_profile())
    text = _result("http://neptune.example:8080/prov/get?line=1", handset, syslog, history)
    due = f"http neptune.example {http_8080.address} 8080 /prov/get?line=1"
    history.check("the target", seen=text, due=due)


@reading(scheme_case="lower")
@requirement("macros.target")
def test_the_target_of_a_url_without_a_scheme_is_a_tftp_server(
    handset: HandsetControl,
    dns: DnsEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dns.answer("neptune.example", tftp.address)
    tftp.serve("/profiles/init.cfg", flat_profile())
    text = _result("neptune.example/profiles/init.cfg", handset, syslog, history)
    due = f"tftp neptune.example {tftp.address} 69 /profiles/init.cfg"
    history.check("the target", seen=text, due=due)


@reading(scheme_case="lower")
@requirement("macros.target")
def test_serv_and_servip_are_both_the_address_where_the_url_names_one(
    handset: HandsetControl, http: HttpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    http.serve("/x.cfg", flat_profile())
    text = _result(f"http://{http.address}/x.cfg", handset, syslog, history)
    due = f"http {http.address} {http.address} 80 /x.cfg"
    history.check("the target", seen=text, due=due)


@reading(log_request_servip=("expanded", "either"), scheme_case="lower")
@requirement("macros.target", "log.upgrade_request")
def test_the_target_of_an_upgrade_is_that_of_its_own_url(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    tftp: TftpEndpoint,
    http_8080: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/x.cfg", flat_profile())
    dns.answer("loads.example", http_8080.address)
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="/x.cfg",
        Resync_Periodic="0",
        Log_Request_Msg="",
        Log_Success_Msg="",
        Upgrade_Rule=f"http://loads.example:8080/fw/{NEXT_LOAD}",
        Upgrade_Error_Retry_Delay="0",
        Resync_After_Upgrade_Attempt="No",
        Log_Upgrade_Request_Msg=TARGET,
        Log_Upgrade_Failure_Msg="",
        Syslog_Server=syslog.address,
    )
    told = history.expect(SyslogMessage, after=lease, within=3 * soon(handset))
    due = f"http loads.example {http_8080.address} 8080 /fw/{NEXT_LOAD}"
    history.check("the target", seen=told.text, due=due)


# -- the result --------------------------------------------------------------------------------------


@requirement("macros.err")
def test_err_in_log_failure_msg_says_why_the_resync_failed(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(
        history,
        handset,
        Log_Request_Msg="",
        Log_Failure_Msg="failed <$ERR> <$(ERR)>",
        Resync_Error_Retry_Delay="0",
        Syslog_Server=syslog.address,
    )
    text = logged(history, handset, lease)
    told = re.fullmatch("failed <(.+)> <(.+)>", text)
    history.check(
        "$ERR and $(ERR)",
        seen=text,
        due="the same words twice, which are neither nothing nor $ERR",
        passed=told is not None and told[1] == told[2] and "$" not in told[1],
    )


@requirement("macros.err")
def test_err_tells_of_the_attempt_that_the_message_is_about(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="/x.cfg",
        Log_Request_Msg="",
        Log_Success_Msg="success <$ERR>",
        Log_Failure_Msg="failure <$ERR>",
        Resync_Periodic="0",
        Resync_Error_Retry_Delay="300",
        Syslog_Server=syslog.address,
    )
    failed = history.expect(SyslogMessage, after=lease, within=2 * soon(handset))
    tftp.serve("/x.cfg", flat_profile())
    succeeded = history.expect(SyslogMessage, after=failed, within=300 + 3 * soon(handset))
    failure = re.fullmatch("failure <(.+)>", failed.text)
    success = re.fullmatch("success <(.*)>", succeeded.text)
    history.check(
        "$ERR of a failure and of the success after it",
        seen=f"{failed.text}, {succeeded.text}",
        due="a failure and a success, in other words each",
        passed=failure is not None and success is not None and failure[1] != success[1],
    )


@reading(upgrade_reattempt="after-failure")
@requirement("macros.err", "macros.upgrade")
def test_err_of_an_upgrade_is_what_upgerr_says_from_then_on(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_upgrade(
        history,
        handset,
        f"tftp://{tftp.address}/{NEXT_LOAD}",
        syslog,
        Upgrade_Error_Retry_Delay="600",
        Log_Upgrade_Request_Msg="before <$UPGERR>",
        Log_Upgrade_Failure_Msg="now <$ERR>",
    )
    within = 600 + 4 * soon(handset)
    history.expect(SyslogMessage, after=lease, within=within, count=3)
    first, failed, again = history.all(SyslogMessage, after=lease)[:3]
    history.check("$UPGERR before any upgrade", seen=first.text, due="before <>")
    told = failed.text.removeprefix("now ")
    history.check("$ERR of the upgrade", seen=told, due="a reason", passed=len(told) > len("<>"))
    history.check("$UPGERR of the next one", seen=again.text, due=f"before {told}")


def _result(rule: str, handset: HandsetControl, syslog: SyslogEndpoint, history: History) -> str:
    """What a phone that follows ``rule`` with success says of the target."""
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=rule,
        Resync_Periodic="0",
        Log_Request_Msg="",
        Log_Success_Msg=TARGET,
        Syslog_Server=syslog.address,
    )
    return logged(history, handset, lease)
