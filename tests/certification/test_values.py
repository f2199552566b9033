"""Which values a parameter takes from a profile: those of its type and range, the ends included.

The types are those of Provisioning Formats (Administration Guide 11.3): Bool is Yes or No, Uns<n> a
number in decimal or hexadecimal digits, Time<n> seconds with up to three decimals; a choice is one of
its texts in any case. What becomes of any other value is not said; here each parameter has its
default before, so that it has it still, be the value kept or the default restored.
"""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints.http import HttpEndpoint
from hil.history import History
from hil.marks import requirement
from hil.reference.phone import Phone
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import check_in_force, idle_phone, next_transfer

TAKEN = (
    {
        "Provision_Enable": "YES",
        "Resync_From_SIP": "no",
        "Resync_Random_Delay": "65535",
        "Forced_Resync_Delay": "0",
        "Resync_At_Random_Delay": "65535",
        "Resync_At__HHmm_": "2400",
        "DHCP_Option_To_Use": "1,254",
        "Reg_Min_Expires": "1",
        "Reg_Retry_Intvl": "0x1e",
        "Reg_Max_Expires": "0XFF",
        "SIP_T1": "64",
        "SIP_T2": "0",
        "SIP_T4": ".5",
        "SIP_Transport_1_": "tcp",
        "Debug_Level": "warning",
        "Report_To_Server": "on local change",
    },
    {
        "Resync_From_SIP": "Yes",
        "Resync_Random_Delay": "00000",
        "Forced_Resync_Delay": "65535",
        "Resync_At_Random_Delay": "600",
        "Resync_At__HHmm_": "0000",
        "DHCP_Option_To_Use": "66 , 160,66",
        "Reg_Min_Expires": "2147483647",
        "Reg_Retry_Intvl": "0xAbC",
        "SIP_T1": "0.125",
        "SIP_T2": "63.999",
        "SIP_T4": "1.",
        "SIP_Transport_1_": "AUTO",
        "Resync_Periodic": "600 , 1200 , 300",
    },
)
NOT_TAKEN = (
    {
        "Provision_Enable": "1",
        "Resync_From_SIP": "maybe",
        "Forced_Resync_Delay": "0x10000",
        "Resync_At_Random_Delay": "65536",
        "DHCP_Option_To_Use": "0,66",
        "Reg_Min_Expires": "0",
        "Reg_Retry_Intvl": "0x",
        "SIP_T1": "64.001",
        "SIP_T2": "1.2345",
        "SIP_T4": ".",
        "SIP_Transport_1_": "SCTP",
        "Debug_Level": "LOUD",
        "Retry_Reg_RSC": "4z4",
        "Try_Backup_RSC": "400, 401,402,403,404,405,406,407,408,409",
        "Resync_Error_Retry_Delay": "soon",
        "Time_Zone": "nowhere",
    },
    {
        "Forced_Resync_Delay": "ten",
        "Resync_At_Random_Delay": "-600",
        "DHCP_Option_To_Use": "66,255",
        "Reg_Min_Expires": "2147483648",
        "Reg_Retry_Intvl": "1e",
        "SIP_T1": "-1",
        "SIP_T2": "4s",
        "SIP_T4": "65",
        "SIP_Transport_1_": "",
        "Resync_Periodic": "600,",
    },
    {"DHCP_Option_To_Use": "66,,160", "SIP_T2": "1..5", "Forced_Resync_Delay": "0xfffg"},
    {"DHCP_Option_To_Use": "66;160", "SIP_T2": "1,5", "Forced_Resync_Delay": "1.5"},
)


@requirement("profile.format")
def test_values_within_their_range_are_taken(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    _idle(history, handset, http)
    for values in TAKEN:
        _provision(history, handset, http, web, **values)
        check_in_force(history, handset, web, **values)


@requirement("profile.format")
def test_values_of_another_type_or_range_are_not_taken(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    _idle(history, handset, http)
    before = web.parameters()
    for number, values in enumerate(NOT_TAKEN):
        _provision(history, handset, http, web, GPP_A=str(number), **values)
        kept = {name: before[name] for name in values}
        check_in_force(history, handset, web, GPP_A=str(number), **kept)


@requirement("profile.format")
def test_a_list_of_dhcp_options_may_be_empty(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History, reference: Phone
) -> None:
    _idle(history, handset, http)
    _provision(history, handset, http, web, DHCP_Option_To_Use="160")
    check_in_force(history, handset, web, DHCP_Option_To_Use="160")
    _provision(history, handset, http, web, DHCP_Option_To_Use="")
    empty = reference.interpretations.empty_element
    due = {"set-empty": "", "default": "66,160,159,150,60,43,125", "unchanged": "160"}[empty]
    check_in_force(history, handset, web, DHCP_Option_To_Use=due)


def _idle(history: History, handset: HandsetControl, http: HttpEndpoint) -> None:
    idle_phone(history, handset, Resync_Periodic="3600", Profile_Rule=http.url("/a.xml"))


def _provision(
    history: History,
    handset: HandsetControl,
    http: HttpEndpoint,
    web: PhoneWeb,
    **values: str,
) -> None:
    http.serve("/a.xml", flat_profile(**values))
    asked = history.mark()
    web.resync()
    next_transfer(history, handset, asked)
