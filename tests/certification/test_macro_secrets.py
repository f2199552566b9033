"""$SA to $SD: the argument of --key, and nothing that anybody else can read.

The secrets in these tests are words that occur nowhere else, so it is enough to look for them.
"""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import HttpRequest, SyslogMessage, TransferEnded
from hil.marks import quick, reading, requirement
from hil.reference.profile_builder import encrypt, flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched, logged, soon
from hil.testing.messages import texts
from hil.testing.upgrades import boot_to_upgrade

SECRETS = {
    "GPP_SA": "SecretPhrase1234",
    "GPP_SB": "SecretPhrase2345",
    "GPP_SC": "SecretPhrase3456",
    "GPP_SD": "SecretPhrase4567",
}
WRITTEN = "$SA $(SB) $(SC:2) $(SD:0:6)"

# -- as arguments ------------------------------------------------------------------------------------


@reading(kdf_digest=("sha256", "either"))
@requirement("macros.secrets")
@pytest.mark.parametrize(
    ("argument", "key"),
    [
        ("$SB", "SecretPhrase2345"),
        ("$SC", "SecretPhrase3456"),
        ('"$SD"', "SecretPhrase4567"),
        ("$(SA)", "SecretPhrase1234"),
        ("$(SB:6)$(SC:0:6)-$MA", "Phrase2345Secret-{ma}"),
    ],
    ids=["SB", "SC", "quoted-SD", "parentheses", "put-together"],
)
def test_each_of_sb_to_sd_and_each_form_is_an_argument_of_key(
    argument: str,
    key: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    password = key.format(ma=handset.identity.ma)
    tftp.serve("/sealed.cfg", encrypt(flat_profile(GPP_A="opened"), password, salt=b"8 octets"))
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=f"[--key {argument}] /sealed.cfg",
        Profile_Rule_B="/$A.cfg",
        **SECRETS,
    )
    asked = fetched(history, handset, lease, 2)
    history.check("GPP_A of the encrypted file", seen=asked[1], due="/opened.cfg")


@reading(secret_macros="key-only")
@requirement("macros.secrets")
def test_uid_and_pwd_keep_the_names_of_secrets_as_they_are_written(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    http.require_basic("/kept.cfg", "$SB", "$(SC)")
    http.serve("/kept.cfg", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=f"[--uid $SB --pwd $(SC)] http://{http.address}/kept.cfg",
        **SECRETS,
    )
    ended = history.expect(TransferEnded, after=lease, within=2 * soon(handset), count=2)
    history.check("with the written text", seen=ended.status, due=200)


# -- nowhere else ------------------------------------------------------------------------------------


@requirement("macros.secrets")
@pytest.mark.parametrize("message", ["Log_Request_Msg", "Log_Success_Msg", "Log_Failure_Msg"])
def test_no_message_of_a_resync_tells_a_secret(
    message: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    if message == "Log_Success_Msg":
        tftp.serve("/x.cfg", flat_profile())
    others = {f"Log_{each}_Msg": "" for each in ("Request", "Success", "Failure")}
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="/x.cfg",
        Resync_Error_Retry_Delay="0",
        Syslog_Server=syslog.address,
        **SECRETS | others | {message: WRITTEN},
    )
    history.check(message, seen=logged(history, handset, lease), due=WRITTEN)


@requirement("macros.secrets")
def test_no_message_of_an_upgrade_tells_a_secret(
    handset: HandsetControl, tftp: TftpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_upgrade(
        history,
        handset,
        f"tftp://{tftp.address}/sip7832.11-3-2MPP0001-610.loads",
        syslog,
        Upgrade_Error_Retry_Delay="0",
        Log_Upgrade_Request_Msg=f"begin {WRITTEN}",
        Log_Upgrade_Failure_Msg=f"end {WRITTEN}",
        **SECRETS,
    )
    history.expect(SyslogMessage, after=lease, within=3 * soon(handset), count=2)
    history.check(
        "both messages", seen=texts(history, lease), due=[f"begin {WRITTEN}", f"end {WRITTEN}"]
    )


@requirement("macros.secrets")
def test_no_body_and_no_header_of_a_request_tells_a_secret(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=f"[--post a --uid me --pwd $SA] http://{http.address}/$SB/x.cfg?$(SC)",
        GPP_A=WRITTEN,
        HTTP_User_Agent_Name=f"$PN {WRITTEN}",
        **SECRETS,
    )
    request = history.expect(HttpRequest, after=lease, within=soon(handset))
    seen = (request.path, request.body.decode(), request.header("user-agent"))
    due = ("/$SB/x.cfg?$(SC)", WRITTEN, f"CP-7832-3PCC {WRITTEN}")
    history.check("path, body and User-Agent", seen=seen, due=due)


@quick
@requirement("macros.secrets")
def test_a_report_tells_no_secret(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        Report_Rule=f"http://{http.address}/$SA/report.xml",
        GPP_A=WRITTEN,
        Display_Name_1_="$SA",
        **SECRETS,
    )
    report = history.expect(HttpRequest, after=lease, within=soon(handset))
    history.check("the path", seen=report.path, due="/$SA/report.xml")
    found = [name for name, secret in SECRETS.items() if secret.encode() in report.body]
    history.check("secrets in the report", seen=found, due=[])
    history.check("GPP_A in the report", seen=WRITTEN.encode() in report.body, due=True)


@requirement("macros.secrets")
def test_no_question_to_a_dns_server_tells_a_secret(
    handset: HandsetControl, dns: DnsEndpoint, http: HttpEndpoint, history: History
) -> None:
    dns.answer("SecretPhrase1234.example", http.address)
    dns.answer("neptune.example", http.address)
    http.serve("/x.cfg", flat_profile())
    secret_host = '("$SA" eq "SecretPhrase1234")? http://$SA.example/x.cfg'
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=f"{secret_host} | http://neptune.example/x.cfg",
        **SECRETS,
    )
    request = history.expect(HttpRequest, after=lease, within=2 * soon(handset))
    history.check("the host", seen=request.header("host"), due="neptune.example")


@requirement("macros.secrets")
def test_no_assignment_copies_a_secret_into_a_register(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/x.cfg", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule='( GPP_B = "$SA" ; )! /x.cfg',
        Profile_Rule_B="/$B.cfg",
        **SECRETS,
    )
    asked = fetched(history, handset, lease, 2)
    history.check("$B", seen=asked[1], due="/$SA.cfg")
