"""The parameters of the web pages, the reports and the syslog: defaults and ranges as published."""

import pytest

from hil.errors import SpecificationError
from hil.reference.face_parameters import FACE_ROWS, SEVERITIES
from hil.reference.parameter_table import TABLE, Kind
from hil.reference.parameters import Parameters

DEFAULTS = {
    "Enable_Web_Server": "Yes",
    "Enable_Web_Admin_Access": "Yes",
    "Enable_Protocol": "Http",
    "Web_Server_Port": "80",
    "Enable_Direct_Action_Url": "Yes",
    "Admin_Password": "",
    "User_Password": "",
    "Report_Rule": "",
    "HTTP_Report_Method": "POST",
    "Report_To_Server": "On Request",
    "Periodic_Upload_To_Server": "3600",
    "Upload_Delay_On_Local_Change": "60",
    "Debug_Level": "NOTICE",
    "Syslog_Identifier": "None",
    "HTTP_User_Agent_Name": "$VERSION ($MA)",
}


def test_a_new_phone_has_the_published_defaults():
    assert {row.name: Parameters()[row.name] for row in FACE_ROWS} == DEFAULTS


def test_the_rows_are_part_of_the_table_and_name_their_source():
    for row in FACE_ROWS:
        assert TABLE[row.name] is row
        assert row.title in row.source


def test_ranges_are_the_published_ones():
    ranges = {r.name: (r.minimum, r.maximum) for r in FACE_ROWS if r.kind is Kind.UNSIGNED}
    assert ranges == {
        "Web_Server_Port": (1, 65535),
        "Periodic_Upload_To_Server": (600, 2592000),
        "Upload_Delay_On_Local_Change": (10, 900),
    }


def test_a_choice_is_read_in_any_case_and_shown_as_printed():
    parameters = Parameters().updated({"Report_To_Server": " on local CHANGE "})
    assert parameters.choice("Report_To_Server") == "On Local Change"


@pytest.mark.parametrize("text", ["", "GET", "POST,PUT", "P0ST"])
def test_another_word_leaves_the_choice_in_force(text):
    parameters = Parameters().updated({"HTTP_Report_Method": "PUT"})
    assert parameters.updated({"HTTP_Report_Method": text}).choice("HTTP_Report_Method") == "PUT"


def test_a_choice_stored_without_check_is_told_when_it_is_read():
    with pytest.raises(SpecificationError, match="none of PUT, POST"):
        Parameters({"HTTP_Report_Method": "GET"}).choice("HTTP_Report_Method")


def test_severities_stand_at_their_numbers_of_rfc_5424():
    assert (SEVERITIES.index("EMERGENCY"), SEVERITIES.index("NOTICE")) == (0, 5)
    assert SEVERITIES.index("DEBUG") == 7
