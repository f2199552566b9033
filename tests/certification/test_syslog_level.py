"""Debug_Level and Syslog_Identifier: which of its messages a phone sends, and under what name.

What a phone has to say is its own affair; here it is given occasions: a line that the registrar does
not know, and a command. Of the messages of Log_Request_Msg and its like no text says how severe they
are, so they are left empty where levels are looked at.
"""

from __future__ import annotations

import re

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Mark
from hil.history.events import SyslogMessage
from hil.marks import quick, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, idle_phone, next_transfer

SEVERITIES = {"ALERT": 1, "ERROR": 3, "WARNING": 4, "NOTICE": 5, "INFO": 6}
SILENT = {"Log_Request_Msg": "", "Log_Success_Msg": "", "Log_Failure_Msg": ""}


@requirement("syslog.level")
@pytest.mark.parametrize("level", SEVERITIES)
def test_nothing_is_sent_that_is_less_severe_than_debug_level(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
    level: str,
) -> None:
    asked = _with_occasions(history, handset, sip, syslog, Debug_Level=level)
    web.resync()
    history.sleep(120)
    sent = [each.severity for each in history.all(SyslogMessage, after=asked)]
    above = [severity for severity in sent if severity is None or severity > SEVERITIES[level]]
    history.check(f"severities beyond {SEVERITIES[level]}", seen=above, due=[])


@requirement("syslog.level")
def test_with_debug_there_are_messages_that_are_less_severe_than_the_default_notice(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    asked = _with_occasions(history, handset, sip, syslog, Debug_Level="DEBUG")
    web.resync()
    history.sleep(120)
    sent = [each.severity or 0 for each in history.all(SyslogMessage, after=asked)]
    history.check("whether any is of 6 or 7", seen=any(each > 5 for each in sent), due=True)


@requirement("syslog.level")
def test_a_profile_sets_the_level(
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    tftp.serve("/quiet.xml", flat_profile(Debug_Level="EMERGENCY"))
    _with_occasions(history, handset, sip, syslog, Debug_Level="DEBUG")
    asked = history.mark()
    web.resync("/quiet.xml")
    next_transfer(history, handset, asked)
    history.sleep(handset.timing.step)
    quiet = history.mark()
    web.resync("/quiet.xml")
    history.expect_none(SyslogMessage, after=quiet, within=3600)


@requirement("syslog.level")
@pytest.mark.parametrize("chosen", ["$MA", "$MAU", "$MAC", "$SN"])
def test_syslog_identifier_stands_after_the_time_stamp(
    handset: HandsetControl, syslog: SyslogEndpoint, history: History, chosen: str
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Syslog_Server=syslog.address,
        Syslog_Identifier=chosen,
        Log_Failure_Msg="it failed",
        Profile_Rule="no://rule",
    )
    identity = handset.identity
    marks = {
        "$MA": identity.ma,
        "$MAU": identity.mau,
        "$MAC": identity.mac,
        "$SN": identity.serial,
    }
    within = handset.timing.step + handset.timing.message + handset.timing.late
    message = history.expect(SyslogMessage, after=lease, text="it failed", within=within)
    header = message.data.decode("ascii", "replace").partition("it failed")[0]
    words = re.split(r"[0-9]{2}:[0-9]{2}:[0-9]{2}\S*\s+", header, maxsplit=1)[-1].split()
    history.check("the word after the time stamp", seen=words[:1], due=[marks[chosen]])


@quick
@requirement("syslog.level")
def test_without_syslog_identifier_the_phone_s_mac_address_and_serial_number_are_not_in_front(
    handset: HandsetControl, syslog: SyslogEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Syslog_Server=syslog.address,
        Syslog_Identifier="None",
        Log_Failure_Msg="it failed",
        Profile_Rule="no://rule",
    )
    within = handset.timing.step + handset.timing.message + handset.timing.late
    message = history.expect(SyslogMessage, after=lease, text="it failed", within=within)
    header = message.data.decode("ascii", "replace").partition("it failed")[0].lower()
    identity = handset.identity
    names = [identity.ma, identity.mac, identity.serial.lower(), "none"]
    history.check("names in front", seen=[name for name in names if name in header], due=[])


def _with_occasions(
    history: History,
    handset: HandsetControl,
    sip: SipEndpoint,
    syslog: SyslogEndpoint,
    **parameters: str,
) -> Mark:
    """A phone that has something to say: its line's user is nobody that the registrar knows."""
    before = history.mark()
    idle_phone(
        history,
        handset,
        Syslog_Server=syslog.address,
        Proxy_1_=sip.address,
        User_ID_1_="nobody",
        Resync_Error_Retry_Delay="0",
        **SILENT,
        **parameters,
    )
    return before
