"""The parameters of lines and of SIP: names, defaults and ranges of the administration guides."""

import pytest

from hil.reference.parameters import Parameters

DEFAULTS = {
    "Line_Enable_1_": "Yes",
    "SIP_Transport_1_": "UDP",
    "SIP_Port_1_": "5060",
    "SIP_Port_2_": "5061",
    "Auth_Resync-Reboot_1_": "Yes",
    "Block_Nonproxy_SIP_1_": "No",
    "Proxy_1_": "",
    "Outbound_Proxy_2_": "",
    "Alternate_Proxy_1_": "",
    "Dual_Registration_1_": "No",
    "Proxy_Fallback_Intvl_1_": "3600",
    "Register_1_": "Yes",
    "Register_Expires_1_": "3600",
    "Make_Call_Without_Reg_1_": "No",
    "Ans_Call_Without_Reg_1_": "No",
    "Dial_Plan_1_": "(*xx|[3469]11|0|00|[2-9]xxxxxx|1xxx[2-9]xxxxxxS0|xxxxxxxxxxxx.)",
    "SIP_T1": "0.5",
    "SIP_T2": "4",
    "SIP_T4": "5",
    "Reg_Retry_Intvl": "30",
    "Reg_Retry_Long_Intvl": "1200",
    "Try_Backup_RSC": "",
    "Retry_Reg_RSC": "",
    "EXT_IP": "",
}


@pytest.mark.parametrize(("name", "value"), DEFAULTS.items())
def test_defaults_are_those_in_print(name, value):
    assert Parameters().raw(name) == value


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [(".5", 500), ("0.5", 500), ("4", 4000), ("4.", 4000), ("1.25", 1250), ("0.001", 1),
     ("64", 64000), (" 2 ", 2000)],
)  # fmt: skip
def test_sip_timers_are_seconds_with_decimals(text, milliseconds):
    assert Parameters().updated({"SIP_T1": text}).milliseconds("SIP_T1") == milliseconds


@pytest.mark.parametrize("text", ["", ".", "65", "64.001", "-1", "0.0001", "1e3", "half", "１"])
def test_what_is_no_such_number_leaves_the_value_in_force(text):
    before = Parameters().updated({"SIP_T1": "2"})
    assert before.updated({"SIP_T1": text}).milliseconds("SIP_T1") == 2000


def test_response_templates_come_typed_and_an_invalid_one_leaves_the_value_in_force():
    before = Parameters().updated({"Try_Backup_RSC": "5??, X20"})
    assert before.response_codes("Try_Backup_RSC").match("503") == "5??"
    assert before.updated({"Try_Backup_RSC": "five"}) == before
    assert before.updated({"Try_Backup_RSC": "404," * 10}) == before
    assert Parameters().response_codes("Retry_Reg_RSC").match("503") is None


@pytest.mark.parametrize(("text", "value"), [("tls", "TLS"), ("TCP", "TCP"), ("sctp", "UDP")])
def test_a_transport_is_one_of_four(text, value):
    assert Parameters().updated({"SIP_Transport_1_": text}).choice("SIP_Transport_1_") == value
