"""In which parameters macros are recognised, and in which they are plain text.

One template shows every form at once: $NAME, $(NAME), both substrings, a name that nobody knows in
either form, and $$.
"""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import HttpRequest, ProvisioningRequest, SyslogMessage, TransferEnded
from hil.loads import load_files
from hil.marks import needs, quick, reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, expect_reboot, fetched, logged, soon

WRITTEN = "$A.$(A).$(A:2).$(A:2:3).$STRANGE.$(STRANGE).$$A"
EXPANDED = "ABCDEF.ABCDEF.CDEF.CDE.$STRANGE.$(STRANGE).$A"
ONLY = {"Log_Request_Msg": "", "Log_Success_Msg": "", "Log_Failure_Msg": ""}
ONLY_UPGRADES = {f"Log_Upgrade_{each}_Msg": "" for each in ("Request", "Success", "Failure")}
QUIET = {
    "Resync_Periodic": "0",
    "Resync_Error_Retry_Delay": "0",
    "Upgrade_Error_Retry_Delay": "0",
    "Resync_After_Upgrade_Attempt": "No",
    "GPP_A": "ABCDEF",
}
NEXT_LOAD = "sip7832.11-3-2MPP0001-610"

# -- rules -------------------------------------------------------------------------------------------


@quick
@requirement("macros.parameters")
@pytest.mark.parametrize(
    "rule", ["Profile_Rule", "Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D"]
)
def test_macros_expand_in_each_profile_rule(
    rule: str, handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(history, handset, **QUIET | {"Profile_Rule": "", rule: f"/{WRITTEN}.cfg"})
    asked = fetched(history, handset, lease, 1)
    history.check(rule, seen=asked, due=[f"/{EXPANDED}.cfg"])


@requirement("macros.parameters")
def test_macros_expand_in_the_conditions_and_options_of_a_rule(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    server = f"http://{http.address}"
    http.require_basic("/kept", "ABCDEF", "CDE")
    http.serve("/kept", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=f'("$(A:2)" ne "CDEF")? {server}/not-this | '
        f"[--uid $A --pwd $(A:2:3)] {server}/kept",
        **QUIET,
    )
    ended = history.expect(TransferEnded, after=lease, within=2 * soon(handset), count=2)
    history.check("with the credentials", seen=(ended.path, ended.status), due=("/kept", 200))


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("macros.parameters")
@pytest.mark.parametrize("trigger", ["Resync_Trigger_1", "Resync_Trigger_2"])
def test_macros_expand_in_each_resync_trigger(
    trigger: str, handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/x.cfg", flat_profile())
    equation = f'"{WRITTEN}" eq "ABCDEF.ABCDEF.CDEF.CDE.$$STRANGE.$$(STRANGE).$$A"'
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="/x.cfg",
        **QUIET | {trigger: f"$PRVTMR ge 300 and {equation}"},
    )
    first = history.wait(ProvisioningRequest, after=lease, within=soon(handset))
    history.expect(
        ProvisioningRequest,
        after=first,
        not_before=300 - handset.timing.step,
        within=300 + soon(handset) + handset.timing.trigger,
    )


@requirement("macros.parameters")
def test_macros_expand_in_upgrade_rule(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    rule = f"tftp://{tftp.address}/{WRITTEN}/{NEXT_LOAD}.loads"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, Resync_On_Reset="No", **QUIET)
    asked = fetched(history, handset, lease, 1)
    history.check("Upgrade_Rule", seen=asked, due=[f"/{EXPANDED}/{NEXT_LOAD}.loads"])


# -- messages ----------------------------------------------------------------------------------------


@requirement("macros.parameters")
@pytest.mark.parametrize("message", ["Log_Request_Msg", "Log_Success_Msg", "Log_Failure_Msg"])
def test_macros_expand_in_each_message_of_a_resync(
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
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="/x.cfg",
        Syslog_Server=syslog.address,
        **QUIET | ONLY | {message: f"begin {WRITTEN} end"},
    )
    told = logged(history, handset, lease)
    history.check(message, seen=told, due=f"begin {EXPANDED} end")


@needs("test_loads")
@requirement("macros.parameters")
@pytest.mark.parametrize(
    "message", ["Log_Upgrade_Request_Msg", "Log_Upgrade_Success_Msg", "Log_Upgrade_Failure_Msg"]
)
def test_macros_expand_in_each_message_of_an_upgrade(
    message: str,
    handset: HandsetControl,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    if message == "Log_Upgrade_Success_Msg":
        for name, body in load_files(NEXT_LOAD, 4096).items():
            tftp.serve(f"/{name}", body)
    lease = boot_to_lease(
        history,
        handset,
        Upgrade_Rule=f"tftp://{tftp.address}/{NEXT_LOAD}.loads",
        Resync_On_Reset="No",
        Syslog_Server=syslog.address,
        **QUIET | ONLY_UPGRADES | {message: f"begin {WRITTEN} end"},
    )
    within = 4 * soon(handset) + handset.timing.restart
    told = history.expect(SyslogMessage, after=lease, within=within)
    history.check(message, seen=told.text, due=f"begin {EXPANDED} end")
    if message == "Log_Upgrade_Success_Msg":
        expect_reboot(history, handset, lease, requirement="upgrade.install")


# -- general purpose parameters ----------------------------------------------------------------------


@needs("flash_access")
@requirement("macros.parameters")
def test_macros_expand_in_a_general_purpose_parameter_that_is_posted(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=f"[--post b] http://{http.address}/x",
        GPP_B=f"mac=$MA&serial=$(SN)\n{WRITTEN}",
        **QUIET,
    )
    request = history.expect(HttpRequest, after=lease, within=soon(handset))
    due = f"mac={handset.identity.ma}&serial={handset.identity.serial}\n{EXPANDED}"
    history.check("the body", seen=(request.method, request.body.decode()), due=("POST", due))


# -- elsewhere ---------------------------------------------------------------------------------------


@requirement("macros.parameters")
def test_a_value_that_a_profile_sets_is_kept_as_it_is_written(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/set.cfg", flat_profile(User_ID_1_="$A", GPP_B="$(A:2)-$$"))
    lease = boot_to_lease(
        history, handset, Profile_Rule="/set.cfg", Profile_Rule_B="/$UID1/$B.cfg", **QUIET
    )
    asked = fetched(history, handset, lease, 2)
    history.check("$UID1 and $B", seen=asked[1], due="/$A/$(A:2)-$$.cfg")


@reading(invalid_value="keep-previous")
@requirement("macros.parameters", "resync.periodic")
def test_resync_periodic_knows_no_macros(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/set.cfg", flat_profile(Resync_Periodic="$A"))
    lease = boot_to_lease(
        history, handset, Profile_Rule="/set.cfg", GPP_A="600", Resync_Periodic="1200"
    )
    first = history.wait(TransferEnded, after=lease, within=soon(handset))
    history.expect(
        ProvisioningRequest,
        after=first,
        not_before=1200 - handset.timing.step,
        within=1200 + soon(handset),
    )


@requirement("macros.parameters", "dhcp.option_to_use")
def test_dhcp_option_to_use_knows_no_macros(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address, option_160=f"http://{http.address}")
    tftp.serve("/set.cfg", flat_profile(DHCP_Option_To_Use="$A"))
    lease = boot_to_lease(
        history, handset, Profile_Rule="/set.cfg", Profile_Rule_B="/next.cfg", GPP_A="160"
    )
    history.expect(
        ProvisioningRequest, after=lease, within=2 * soon(handset), scheme="tftp", path="/next.cfg"
    )
