"""Which messages are sent, under which name; and the names that HTTP and SIP servers see."""

import pytest

from hil.reference.identity import Identity
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.phone_log import NOTICE, is_sent, sender_name
from hil.reference.user_agent import sip_user_agent, user_agent

LEVELS = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"]


@pytest.mark.parametrize(("severity", "level"), list(enumerate(LEVELS)))
def test_a_level_lets_through_itself_and_all_that_is_worse(severity, level):
    parameters = Parameters({"Debug_Level": level})
    assert [is_sent(each, parameters) for each in range(8)] == [
        each <= severity for each in range(8)
    ]


def test_a_new_phone_sends_notices_and_no_information():
    assert NOTICE == 5
    assert is_sent(NOTICE, Parameters())
    assert not is_sent(NOTICE + 1, Parameters())


def table(**parameters):
    return MacroTable(Identity("000e08aabbcc", serial="88012BA01234"), Parameters(parameters))


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("None", "192.0.2.16"),
        ("none", "192.0.2.16"),
        ("$MA", "000e08aabbcc"),
        ("$MAU", "000E08AABBCC"),
        ("$MAC", "00:0e:08:aa:bb:cc"),
        ("$SN", "88012BA01234"),
    ],
)
def test_the_identifier_stands_after_the_time_stamp(identifier, name):
    assert sender_name(table(Syslog_Identifier=identifier), "192.0.2.16") == name


@pytest.mark.parametrize(
    ("template", "agent"),
    [
        ("$VERSION ($MA)", "Cisco-CP-7832-3PCC/11.3.2 (000e08aabbcc)"),
        ("probe/$(VERSION:6)", "probe/CP-7832-3PCC/11.3.2"),
        ("$GPP $SA", "$GPP $SA"),
        ("lab $A", "lab a?b"),
    ],
)
def test_http_servers_see_the_configured_name(template, agent):
    named = table(HTTP_User_Agent_Name=template, GPP_SA="k", GPP_A="a\nb")
    assert user_agent(named) == agent


def test_a_new_phone_names_maker_product_version_and_mac():
    assert user_agent(table()) == "Cisco-CP-7832-3PCC/11.3.2 (000e08aabbcc)"


def test_sip_servers_see_a_name_that_no_parameter_changes():
    named = table(HTTP_User_Agent_Name="lab")
    assert sip_user_agent(named.identity) == "Cisco-CP-7832-3PCC/11.3.2_000e08aabbcc"
