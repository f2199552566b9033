"""The macros of the chapter "Macro Expansion Variables", seen in requests and log messages.

MAC address, serial number and load are what the phone's label and the inventory say; those of the
first virtual handset are the chapter's own examples.
"""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.marks import quick, reading, requirement
from hil.reference.phone import Phone
from hil.reference.profile_builder import encrypt, flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched, logged
from hil.testing.clock import serve_at, synced

REGISTERS = "ABCDEFGHIJKLMNOP"


@requirement("macros.forms")
def test_a_name_expands_with_and_without_parentheses(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    asked = _asked("/$A-$(A)x.cfg", handset, dhcp, tftp, history, GPP_A="ABCDEF")
    history.check("$A and $(A)", seen=asked, due="/ABCDEF-ABCDEFx.cfg")


@requirement("macros.dollar", "macros.forms")
def test_two_dollar_signs_expand_to_one(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    asked = _asked("/$$-$$A.cfg", handset, dhcp, tftp, history, GPP_A="ABCDEF")
    history.check("$$ and $$A", seen=asked, due="/$-$A.cfg")


@requirement("macros.forms")
def test_what_a_macro_stands_for_is_not_expanded_again(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    asked = _asked("/$A.cfg", handset, dhcp, tftp, history, GPP_A="$B", GPP_B="ABCDEF")
    history.check("$A, which is $B", seen=asked, due="/$B.cfg")


@requirement("macros.substring")
def test_a_substring_begins_at_an_offset_from_zero(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    asked = _asked("/$(A:2).cfg", handset, dhcp, tftp, history, GPP_A="ABCDEF")
    history.check("$(A:2)", seen=asked, due="/CDEF.cfg")


@quick
@requirement("macros.substring")
def test_a_substring_has_a_length(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    asked = _asked("/$(A:2:3).cfg", handset, dhcp, tftp, history, GPP_A="ABCDEF")
    history.check("$(A:2:3)", seen=asked, due="/CDE.cfg")


@requirement("macros.substring")
def test_a_substring_ends_with_the_value_and_may_be_empty(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    reference: Phone,
) -> None:
    template = (
        "$(A:0)|$(A:5)|$(A:6)|$(A:0:0)|$(A:0:1)|$(A:4:2)|$(A:4:3)|$(A:5:1)|$(A:002:01)|"
        "$(A:0:99999999999999999999)|$(B:0:3)|$(A:7)|$(A:99999999999999999999:1)"
    )
    due = "ABCDEF|F|||A|EF|EF|F|C|ABCDEF||"
    beyond = {"empty": "|", "unchanged": "$(A:7)|$(A:99999999999999999999:1)"}
    text = _logged(template, handset, dhcp, syslog, history, GPP_A="ABCDEF", GPP_B="")
    due += beyond[reference.interpretations.substring_out_of_range]
    history.check("substrings", seen=text, due=due)


@requirement("macros.unknown")
def test_what_begins_with_a_name_is_as_the_handset_is_read_but_for_one_letter_names(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    reference: Phone,
) -> None:
    template = "$STRANGE $Ax $FOO $MACx $MAUx $MAx $PNPN $SWVERSION $(MACx)"
    text = _logged(template, handset, dhcp, syslog, history, GPP_A="A", GPP_F="F")
    me = handset.identity
    longest = f"{me.mac}x {me.mau}x {me.ma}x CP-7832-3PCCPN {me.swver}SION"
    named = {"longest": longest, "whole-name": "$MACx $MAUx $MAx $PNPN $SWVERSION"}
    due = f"$STRANGE $Ax $FOO {named[reference.interpretations.macro_name_match]} $(MACx)"
    history.check("what begins with a name", seen=text, due=due)


@requirement("macros.unknown")
@pytest.mark.parametrize("end", ["$(A", "$(A:1", "$"])
def test_what_is_no_macro_at_all_remains_as_it_is_written(
    end: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    reference: Phone,
) -> None:
    """Whether one without its end remains is an open question."""
    template = "$STRANGE $(A B) $() $(A:x) $(A:1:2:3) $- $(:1) "
    text = _logged(template + end, handset, dhcp, syslog, history, GPP_A="ABCDEF")
    kept = end if reference.interpretations.malformed_macro == "unchanged" else ""
    history.check("the text", seen=text, due=template + kept)


@requirement("macros.unknown")
def test_an_unrecognised_name_remains_as_it_is_written(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    asked = _asked("/$STRANGE$(STRANGE)$A.cfg", handset, dhcp, tftp, history, GPP_A="ABCDEF")
    history.check("$STRANGE twice", seen=asked, due="/$STRANGE$(STRANGE)ABCDEF.cfg")


@quick
@requirement("macros.general_purpose")
def test_a_to_p_are_the_general_purpose_parameters(
    handset: HandsetControl, dhcp: DhcpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    template = "$A $B $C $D $E $F $G $H $I $J $K $L $M $N $O $P"
    values = {f"GPP_{letter}": f"is-{letter}" for letter in REGISTERS}
    text = _logged(template, handset, dhcp, syslog, history, **values)
    due = "is-A is-B is-C is-D is-E is-F is-G is-H is-I is-J is-K is-L is-M is-N is-O is-P"
    history.check("$A to $P", seen=text, due=due)


@reading(kdf_digest=("sha256", "either"))
@requirement("macros.secrets")
def test_sa_is_the_argument_of_key(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    secret = encrypt(flat_profile(GPP_A="opened"), "s3cret", salt=b"\x5a" * 8)
    tftp.serve("/secret.cfg", secret)
    lease = boot_to_lease(
        history,
        handset,
        GPP_SA="s3cret",
        Profile_Rule="[--key $SA] /secret.cfg",
        Profile_Rule_B="/$A.cfg",
    )
    asked = fetched(history, handset, lease, 2)
    history.check("GPP_A of the encrypted file", seen=asked[1], due="/opened.cfg")


@requirement("macros.secrets")
def test_sa_to_sd_are_no_macros_outside_key(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    secrets = {"GPP_SA": "s3cret", "GPP_SB": "s3cret", "GPP_SC": "s3cret", "GPP_SD": "s3cret"}
    asked = _asked("/$SA-$SB-$SC-$SD.cfg", handset, dhcp, tftp, history, **secrets)
    history.check("$SA to $SD in a path", seen=asked, due="/$SA-$SB-$SC-$SD.cfg")


@requirement("macros.mac")
def test_ma_mau_and_mac_are_the_mac_address(
    handset: HandsetControl, dhcp: DhcpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    text = _logged("$MA $MAU $MAC", handset, dhcp, syslog, history)
    octets = handset.identity.mac.split(":")
    lower, upper = "".join(octets).lower(), "".join(octets).upper()
    colons = ":".join(octets).lower()
    history.check("the three forms", seen=text, due=f"{lower} {upper} {colons}")


@reading(psn="7832-3PCC")
@requirement("macros.identity")
def test_pn_and_psn_are_the_product(
    handset: HandsetControl, dhcp: DhcpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    text = _logged("$PN $PSN", handset, dhcp, syslog, history)
    history.check("$PN and $PSN", seen=text, due="CP-7832-3PCC 7832-3PCC")


@requirement("macros.sn", "macros.identity")
def test_sn_is_the_serial_number(
    handset: HandsetControl, dhcp: DhcpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    text = _logged("$SN", handset, dhcp, syslog, history)
    history.check("$SN", seen=text, due=handset.identity.serial)


@requirement("macros.swver", "macros.identity")
def test_swver_is_the_name_of_the_load(
    handset: HandsetControl, dhcp: DhcpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    text = _logged("$SWVER", handset, dhcp, syslog, history)
    history.check("$SWVER", seen=text, due=handset.identity.swver)


@requirement("macros.ccert", "macros.identity")
def test_ccert_is_the_status_of_the_client_certificate(
    handset: HandsetControl, dhcp: DhcpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    text = _logged("$CCERT", handset, dhcp, syslog, history)
    due = "Installed" if handset.identity.ccert_installed else "Not Installed"
    history.check("$CCERT", seen=text, due=due)


@quick
@requirement("macros.address")
def test_ip_is_the_address_of_the_lease(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(history, handset, Profile_Rule="/$IP.cfg")
    asked = fetched(history, handset, lease, 1)
    history.check("$IP", seen=asked, due=[f"/{lease.yiaddr}.cfg"])


@requirement("macros.user_id")
def test_uid1_and_uid2_are_the_user_ids_of_the_lines(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    users = {"User_ID_1_": "5001", "User_ID_2_": "5002"}
    asked = _asked("/$UID1-$UID2.cfg", handset, dhcp, tftp, history, **users)
    history.check("$UID1 and $UID2", seen=asked, due="/5001-5002.cfg")


@requirement("macros.prvst")
def test_prvst_is_0_after_power_up_and_1_for_a_periodic_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/state0.cfg", flat_profile())
    lease = boot_to_lease(history, handset, Profile_Rule="/state$PRVST.cfg", Resync_Periodic="600")
    asked = fetched(history, handset, lease, 2, wait=600)
    history.check("$PRVST", seen=asked, due=["/state0.cfg", "/state1.cfg"])


@requirement("macros.prvst")
def test_prvst_is_2_for_a_retry_after_a_failure(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(
        history, handset, Profile_Rule="/state$PRVST.cfg", Resync_Error_Retry_Delay="300"
    )
    asked = fetched(history, handset, lease, 3, wait=600)
    history.check("$PRVST", seen=asked, due=["/state0.cfg", "/state2.cfg", "/state2.cfg"])


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("macros.prvst")
@pytest.mark.parametrize("name", ["Resync_Trigger_1", "Resync_Trigger_2"])
def test_prvst_is_1_for_a_resync_that_a_trigger_causes(
    name: str, handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    """The SPA Provisioning Guide, page 94, has 1 for "triggered by configured trigger/rule"."""
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/state0.cfg", flat_profile())
    tftp.serve("/state1.cfg", flat_profile())
    trigger = {name: "$PRVTMR ge 600"}
    lease = boot_to_lease(
        history, handset, Profile_Rule="/state$PRVST.cfg", Resync_Periodic="0", **trigger
    )
    wait = 600 + handset.timing.trigger
    asked = fetched(history, handset, lease, 2, wait=wait)
    history.check("$PRVST", seen=asked, due=["/state0.cfg", "/state1.cfg"])


@requirement("macros.prvst")
def test_prvst_is_1_for_a_resync_at_a_time_of_the_day(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    """Resync_At takes the place of Resync_Periodic, and is configured as well (same page)."""
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    tftp.serve("/state0.cfg", flat_profile())
    tftp.serve("/state1.cfg", flat_profile())
    last = synced(history, handset, Profile_Rule="/state$PRVST.cfg", Resync_At__HHmm_="0730")
    asked = fetched(history, handset, last, 1, wait=7200)
    history.check("$PRVST", seen=asked, due=["/state1.cfg"])


@requirement("macros.prvtmr")
def test_prvtmr_counts_the_seconds_since_the_last_attempt(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/a.cfg", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="($PRVTMR ge 600 and $PRVTMR lt 700)? /late.cfg | /a.cfg",
        Resync_Periodic="600",
    )
    asked = fetched(history, handset, lease, 2, wait=600)
    history.check("$PRVTMR", seen=asked, due=["/a.cfg", "/late.cfg"])


@reading(log_default_port="shown", scheme_case="lower")
@requirement("macros.target")
def test_scheme_serv_servip_port_and_path_tell_what_was_requested_over_http(
    handset: HandsetControl,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dns.answer("neptune.example", http.address)
    http.serve("/prov/init.cfg", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="http://neptune.example/prov/init.cfg",
        Log_Request_Msg="",
        Log_Success_Msg="$SERV $SERVIP $SCHEME://$SERVIP:$PORT$PATH",
        Syslog_Server=syslog.address,
    )
    text = logged(history, handset, lease)
    due = f"neptune.example {http.address} http://{http.address}:80/prov/init.cfg"
    history.check("the target", seen=text, due=due)


@reading(log_default_port="shown", scheme_case="lower")
@requirement("macros.target")
def test_scheme_servip_port_and_path_tell_what_was_requested_over_tftp(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/basic.txt", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="/basic.txt",
        Log_Request_Msg="",
        Log_Success_Msg="$SCHEME://$SERVIP:$PORT$PATH",
        Syslog_Server=syslog.address,
    )
    text = logged(history, handset, lease)
    history.check("the target", seen=text, due=f"tftp://{tftp.address}:69/basic.txt")


def _asked(
    rule: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
    **parameters: str,
) -> str:
    """The path that a phone with these parameters asks for by ``rule``."""
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(history, handset, Profile_Rule=rule, **parameters)
    return fetched(history, handset, lease, 1)[0]


def _logged(
    template: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
    **parameters: str,
) -> str:
    """What a phone with these parameters makes of ``template`` as its Log_Request_Msg."""
    dhcp.offer(option_66=dhcp.address)
    lease = boot_to_lease(
        history, handset, Log_Request_Msg=template, Syslog_Server=syslog.address, **parameters
    )
    return logged(history, handset, lease)
