"""What the status page shows, written as a document and read back."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ProfileError
from hil.reference.identity import Identity
from hil.reference.profiles import decode
from hil.reference.status import (
    FAILED,
    REBOOTS_SHOWN,
    SUCCEEDED,
    Product,
    Status,
    StatusLine,
    noted,
    parse,
    render,
)

NOON = datetime(2026, 3, 29, 12, 0, 5)
STATUS = Status(
    Product.of(Identity("000e08aabbcc"), "192.0.2.16"),
    (StatusLine(FAILED, NOON, "http: status 503"), StatusLine(SUCCEEDED, None)),
    (StatusLine(FAILED, NOON, "http_get failed"),),
    (StatusLine("Web", NOON, "Submit All Changes"), StatusLine("Power Cycle")),
    {1: "Registered", 2: "Not Registered"},
    NOON,
)


def test_the_document_has_the_pages_fields_by_their_xml_names():
    shown = decode(render(STATUS)).parameters
    assert shown == {
        "Product_Name": "CP-7832-3PCC",
        "Serial_Number": "88012BA01234",
        "MAC_Address": "000E08AABBCC",
        "Software_Version": "sip7832.11-3-2MPP0001-609",
        "Hardware_Version": "2.0.1",
        "Current_IP": "192.0.2.16",
        "Client_Certificate": "Installed",
        "Current_Time": "03/29/2026 12:00:05",
        "Provisioning_Status_1": "Failed",
        "Provisioning_Status_1_Time": "03/29/2026 12:00:05",
        "Provisioning_Status_1_Reason": "http: status 503",
        "Provisioning_Status_2": "Succeeded",
        "Provisioning_Status_2_Time": "",
        "Provisioning_Status_2_Reason": "",
        "Firmware_Upgrade_Status_1": "Failed",
        "Firmware_Upgrade_Status_1_Time": "03/29/2026 12:00:05",
        "Firmware_Upgrade_Status_1_Reason": "http_get failed",
        "Reboot_Reason_1": "Web",
        "Reboot_Reason_1_Time": "03/29/2026 12:00:05",
        "Reboot_Reason_1_Reason": "Submit All Changes",
        "Reboot_Reason_2": "Power Cycle",
        "Reboot_Reason_2_Time": "",
        "Reboot_Reason_2_Reason": "",
        "Registration_State_1_": "Registered",
        "Registration_State_2_": "Not Registered",
    }


@pytest.mark.parametrize("status", [STATUS, Status()])
def test_what_is_written_is_read_back(status):
    assert parse(render(status)) == status


def test_three_outcomes_are_kept_the_newest_first():
    shown = ()
    for number in range(5):
        shown = noted(shown, StatusLine(FAILED, None, str(number)))
    assert [line.reason for line in shown] == ["4", "3", "2"]
    for number in range(9):
        shown = noted(shown, StatusLine("Power Cycle", None, str(number)), REBOOTS_SHOWN)
    assert [line.reason for line in shown] == ["8", "7", "6", "5", "4"]


def test_what_xml_cannot_carry_is_replaced():
    status = Status(provisioning=(StatusLine(FAILED, None, "bad\x00<tag>&"),))
    assert parse(render(status)).provisioning[0].reason == "bad?<tag>&"


def test_what_a_page_lacks_or_writes_otherwise_is_not_shown():
    status = parse(
        b"<flat-profile><Provisioning_Status_2>Failed</Provisioning_Status_2>"
        b"<Current_Time>yesterday</Current_Time><Registration_State_x_>y</Registration_State_x_>"
        b"<Uptime>3</Uptime></flat-profile>"
    )
    assert status == Status()


@pytest.mark.parametrize("document", [b"", b"<html>", b"<status/>", b"\xff\xfe"])
def test_what_is_no_such_document_is_told(document):
    with pytest.raises(ProfileError):
        parse(document)


@given(st.lists(st.tuples(st.text(min_size=1), st.datetimes(), st.text()), max_size=3))
def test_any_text_can_be_shown(lines):
    status = Status(provisioning=tuple(StatusLine(*line) for line in lines))
    assert len(parse(render(status)).provisioning) <= len(lines)
