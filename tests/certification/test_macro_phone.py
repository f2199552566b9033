"""$HWVER, $UPGCOND, $CCERT and $EXTIP: what the phone is, and where the Internet sees it."""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.marks import quick, reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched, logged

# -- $HWVER and $UPGCOND -----------------------------------------------------------------------------


@requirement("macros.hardware")
def test_hwver_is_the_hardware_version(
    handset: HandsetControl, dhcp: DhcpEndpoint, syslog: SyslogEndpoint, history: History
) -> None:
    text = _logged("hardware $HWVER $(HWVER)", handset, dhcp, syslog, history)
    version = handset.identity.hwver
    history.check("$HWVER", seen=text, due=f"hardware {version} {version}")


@quick
@requirement("macros.hardware")
def test_hwver_can_be_compared_as_a_version(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    version = handset.identity.hwver
    rule = f"($HWVER ge {version} and $HWVER le {version})? /this.cfg | /other.cfg"
    history.check("$HWVER", seen=_asked(rule, handset, dhcp, tftp, history), due="/this.cfg")


@reading(expansion_order="before-parsing")
@requirement("macros.hardware")
def test_upgcond_is_always_true(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    rule = '("$A" eq "not this" and $UPGCOND)? /no.cfg | ($UPGCOND)? /true.cfg | /other.cfg'
    history.check("$UPGCOND", seen=_asked(rule, handset, dhcp, tftp, history), due="/true.cfg")


@reading(expansion_order="before-parsing")
@requirement("macros.hardware", "upgrade.rule")
def test_upgcond_is_always_true_in_upgrade_rule(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    load = f"tftp://{tftp.address}/new/sip7832.11-3-2MPP0001-610.loads"
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        Resync_After_Upgrade_Attempt="No",
        Upgrade_Rule=f"($UPGCOND)? {load}",
        Upgrade_Error_Retry_Delay="0",
    )
    asked = fetched(history, handset, lease, 1)
    history.check("$UPGCOND", seen=asked, due=["/new/sip7832.11-3-2MPP0001-610.loads"])


# -- $CCERT ------------------------------------------------------------------------------------------


@quick
@requirement("macros.ccert", "macros.identity")
def test_ccert_chooses_between_phones_with_and_without_a_client_certificate(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    rule = '("$CCERT" eq "Installed")? /with.cfg | ("$CCERT" eq "Not Installed")? /without.cfg'
    due = "/with.cfg" if handset.identity.ccert_installed else "/without.cfg"
    history.check("$CCERT", seen=_asked(rule, handset, dhcp, tftp, history), due=due)


# -- $EXTIP ------------------------------------------------------------------------------------------


@requirement("macros.external_address")
def test_extip_is_the_external_address(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    path = _asked("/$EXTIP/$(EXTIP:0:5).cfg", handset, dhcp, tftp, history, EXT_IP="66.43.16.52")
    history.check("$EXTIP", seen=path, due="/66.43.16.52/66.43.cfg")


@requirement("macros.external_address", "macros.address")
def test_ip_is_the_local_address_although_there_is_an_external_one(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(history, handset, Profile_Rule="/$IP/$EXTIP.cfg", EXT_IP="66.43.16.52")
    asked = fetched(history, handset, lease, 1)
    history.check("$IP and $EXTIP", seen=asked, due=[f"/{lease.yiaddr}/66.43.16.52.cfg"])


@requirement("macros.external_address")
@pytest.mark.parametrize("address", ["", "0.0.0.0"])
def test_without_an_external_address_extip_is_empty(
    address: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    rule = '("$EXTIP" ne "")? /known-$EXTIP.cfg | /unknown.cfg'
    path = _asked(rule, handset, dhcp, tftp, history, EXT_IP=address)
    history.check("$EXTIP", seen=path, due="/unknown.cfg")


@requirement("macros.external_address")
def test_extip_is_the_one_that_the_newest_profile_sets(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/set.cfg", flat_profile(EXT_IP="66.43.16.53"))
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="/set.cfg",
        Profile_Rule_B="/$EXTIP.cfg",
        EXT_IP="66.43.16.52",
    )
    asked = fetched(history, handset, lease, 2)
    history.check("$EXTIP", seen=asked[1], due="/66.43.16.53.cfg")


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
) -> str:
    """What a phone makes of ``template`` as its Log_Request_Msg."""
    dhcp.offer(option_66=dhcp.address)
    lease = boot_to_lease(history, handset, Log_Request_Msg=template, Syslog_Server=syslog.address)
    return logged(history, handset, lease)
