"""The chapter's three tables: names, defaults, ranges, and what an invalid value does."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import SpecificationError
from hil.reference.interpretations import Interpretations
from hil.reference.parameter_table import TABLE, Kind, OnInvalid
from hil.reference.parameters import Parameters, default_value, is_valid
from hil.reference.windows import Window

RETRY = "60,120,240,480,960,1920,3840,7680,15360,30720,61440,86400"

CHAPTER_TABLES = (
    "Configuration Profile Parameters",
    "Firmware Upgrade Parameters",
    "General Purpose Parameters",
    "Macro Expansion Variables",
)

DEFAULTS = {
    "Provision_Enable": "Yes",
    "Resync_On_Reset": "Yes",
    "Resync_Random_Delay": "2",
    "Resync_At__HHmm_": "",
    "Resync_At_Random_Delay": "600",
    "Resync_Periodic": "3600",
    "Resync_Error_Retry_Delay": RETRY,
    "Forced_Resync_Delay": "14400",
    "Resync_From_SIP": "Yes",
    "Resync_After_Upgrade_Attempt": "Yes",
    "Resync_Trigger_1": "",
    "Resync_Trigger_2": "",
    "Resync_Fails_On_FNF": "Yes",
    "Profile_Rule": "/$PSN.xml",
    "Profile_Rule_B": "",
    "Profile_Rule_C": "",
    "Profile_Rule_D": "",
    "DHCP_Option_To_Use": "66,160,159,150,60,43,125",
    "Log_Request_Msg": "$PN $MAC -- Requesting resync $SCHEME://$SERVIP:$PORT$PATH",
    "Log_Success_Msg": "$PN $MAC -- Successful resync $SCHEME://$SERVIP:$PORT$PATH -- $ERR",
    "Log_Failure_Msg": "$PN $MAC -- Resync failed: $ERR",
    "User_Configurable_Resync": "Yes",
    "Upgrade_Enable": "Yes",
    "Upgrade_Error_Retry_Delay": "3600",
    "Upgrade_Rule": "",
    "Log_Upgrade_Request_Msg": "$PN $MAC -- Requesting upgrade $SCHEME://$SERVIP:$PORT$PATH",
    "Log_Upgrade_Success_Msg": (
        "$PN $MAC -- Successful upgrade $SCHEME://$SERVIP:$PORT$PATH -- $ERR"
    ),
    "Log_Upgrade_Failure_Msg": "$PN $MAC -- Upgrade failed: $ERR",
    "Peer_Firmware_Sharing": "Yes",
    "Peer_Firmware_Sharing_Log_Server": "",
}
BLANK = [f"GPP_{letter}" for letter in "ABCDEFGHIJKLMNOP"] + [
    "GPP_SA", "GPP_SB", "GPP_SC", "GPP_SD", "User_ID_1_", "User_ID_2_", "Syslog_Server",
    "IKM_HTTP_Encrypt_Content",
]  # fmt: skip


CHAPTER = {
    name: row
    for name, row in TABLE.items()
    if row.source.startswith(
        (*CHAPTER_TABLES, "Configuration dumps, Syslog Server", "Provisioning Formats")
    )
}


def test_a_new_phone_has_the_printed_defaults_and_the_chapter_has_no_other_parameter():
    assert {name: Parameters()[name] for name in CHAPTER} == DEFAULTS | dict.fromkeys(BLANK, "")


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_every_row_is_an_xml_name_with_a_valid_default_and_a_source(row):
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", row.name)
    assert is_valid(row, row.default)
    assert row.title in row.source


def test_ranges_are_the_printed_ones():
    ranges = {n: (r.minimum, r.maximum) for n, r in CHAPTER.items() if r.kind is Kind.UNSIGNED}
    assert ranges == {
        "Resync_Random_Delay": (0, 65535),
        "Resync_At_Random_Delay": (600, 65535),
        "Forced_Resync_Delay": (0, 65535),
    }


def test_defaults_that_were_damaged_in_print_keep_the_print_beside_them():
    damaged = "$PN $MAC -Requesting % $SCHEME://$SERVIP:$PORT$PATH"
    assert damaged in TABLE["Log_Request_Msg"].also_published
    without = Interpretations(log_success_err="without")
    assert default_value(TABLE["Log_Success_Msg"], without).endswith("$PATH")
    assert Parameters(interpretations=without).raw("Log_Success_Msg").endswith("$PATH")


@pytest.mark.parametrize(("text", "value"), [("Yes", True), ("no", False), (" YES\n", True)])
def test_yes_and_no_in_any_case(text, value):
    assert Parameters().updated({"Resync_Fails_On_FNF": text}).flag("Resync_Fails_On_FNF") is value


@pytest.mark.parametrize("text", ["", "1", "0", "true", "on", "Yess", "y", "ＹＥＳ"])
def test_nothing_else_is_a_bool_so_the_value_in_force_stays(text):
    off = Parameters().updated({"Provision_Enable": "No"})
    assert off.updated({"Provision_Enable": text}).flag("Provision_Enable") is False


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("65535", 65535), ("0xFF", 255), ("040", 40)]
)
def test_numbers_are_decimal_or_hexadecimal(text, value):
    assert Parameters().updated({"Resync_Random_Delay": text}).integer("Resync_Random_Delay") == (
        value
    )


@pytest.mark.parametrize("text", ["65536", "-1", "", "two", "1.5", "9" * 5000, "٣", "0x", "+1"])
def test_a_number_outside_its_range_leaves_the_value_in_force(text):
    before = Parameters().updated({"Forced_Resync_Delay": "7"})
    assert before.updated({"Forced_Resync_Delay": text}).integer("Forced_Resync_Delay") == 7
    reset = Interpretations(invalid_value="default")
    before = Parameters({"Forced_Resync_Delay": "7"}, reset)
    assert before.updated({"Forced_Resync_Delay": text}).integer("Forced_Resync_Delay") == 14400


@pytest.mark.parametrize(
    ("text", "seconds"), [("600", 600), ("599", 600), ("0", 600), ("601", 601), ("65535", 65535)]
)
def test_a_resync_at_random_delay_below_600_counts_as_600(text, seconds):
    set_to = Parameters().updated({"Resync_At_Random_Delay": text})
    assert set_to.integer("Resync_At_Random_Delay") == seconds


def test_a_resync_at_random_delay_of_0_disables_where_that_is_the_reading():
    older = Interpretations(resync_at_zero_delay="disabled")
    set_to = Parameters({"Resync_At_Random_Delay": "0"}, older)
    assert set_to.integer("Resync_At_Random_Delay") == 0


def test_a_resync_at_random_delay_above_its_range_leaves_the_value_in_force():
    assert Parameters().updated({"Resync_At_Random_Delay": "65536"}) == Parameters()


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("0959", 599), ("0000", 0), ("2359", 1439), ("2400", 0), ("", None), ("2401", None),
     ("0960", None), ("9999", None), ("959", None), ("09:59", None), ("09590", None), ("٠٩٥٩", None)],
)  # fmt: skip
def test_resync_at_is_hhmm_and_ignored_if_invalid(text, minutes):
    before = Parameters().updated({"Resync_At__HHmm_": "0100"})
    assert before.updated({"Resync_At__HHmm_": text}).clock_time("Resync_At__HHmm_") == minutes
    assert TABLE["Resync_At__HHmm_"].on_invalid is OnInvalid.IGNORED


def test_other_readings_of_2400_and_of_minutes_above_59():
    at = {"Resync_At__HHmm_": "2400"}
    invalid = Interpretations(resync_at_2400="invalid")
    assert Parameters(at, invalid).clock_time("Resync_At__HHmm_") is None
    carried = Interpretations(resync_at_minutes="carried")
    assert Parameters({"Resync_At__HHmm_": "0960"}, carried).clock_time("Resync_At__HHmm_") == 600


def test_schedules_come_typed_and_an_invalid_one_leaves_the_value_in_force():
    set_to = Parameters().updated({"Resync_Periodic": "2400+30"})
    assert set_to.schedule("Resync_Periodic").window(0) == Window(2400, 2430)
    assert set_to.updated({"Resync_Periodic": "soon"}) == set_to
    assert Parameters().schedule("Resync_Error_Retry_Delay").window(99) == Window(86400, 86400)


def test_dhcp_options_keep_their_order():
    assert Parameters().option_codes("DHCP_Option_To_Use") == (66, 160, 159, 150, 60, 43, 125)
    set_to = Parameters().updated({"DHCP_Option_To_Use": " 160, 66 ,160"})
    assert set_to.option_codes("DHCP_Option_To_Use") == (160, 66)
    empty = Parameters().updated({"DHCP_Option_To_Use": ""})
    assert empty.option_codes("DHCP_Option_To_Use") == ()


@pytest.mark.parametrize("text", ["66,,160", "0", "255", "66;160", "x", "1000", "-1", "６６"])
def test_an_invalid_option_list_leaves_the_value_in_force(text):
    assert Parameters().updated({"DHCP_Option_To_Use": text}) == Parameters()


def test_unknown_elements_are_ignored():
    assert Parameters().updated({"Line_Enable_9_": "No", "gpp_a": "x"}) == Parameters()


def test_updates_leave_the_original_alone_and_the_last_one_wins():
    first = Parameters().updated({"GPP_A": "1", "GPP_B": "2"})
    second = first.updated({"GPP_A": "3"})
    assert (first.raw("GPP_A"), second.raw("GPP_A"), second.raw("GPP_B")) == ("1", "3", "2")
    assert dict(second.items_set()) == {"GPP_A": "3", "GPP_B": "2"}
    assert second.without("GPP_A", "GPP_C").items_set() == {"GPP_B": "2"}
    with pytest.raises(TypeError):
        second.items_set()["GPP_A"] = "4"


def test_what_was_set_rebuilds_the_same_parameters():
    set_to = Parameters().updated({"GPP_A": "1", "Resync_Periodic": "60"})
    assert Parameters(set_to.items_set()) == set_to


def test_a_representation_never_shows_a_value():
    assert "SecretPhrase1234" not in repr(Parameters({"GPP_SA": "SecretPhrase1234"}))


def test_unknown_names_and_wrong_types_are_told():
    with pytest.raises(SpecificationError, match="Resync_Perodic"):
        Parameters().raw("Resync_Perodic")
    with pytest.raises(SpecificationError, match="Nope"):
        Parameters({"Nope": "1"})
    with pytest.raises(SpecificationError, match="holds a schedule, not a bool"):
        Parameters().flag("Resync_Periodic")
    with pytest.raises(KeyError):
        Parameters()["Nope"]


@pytest.mark.parametrize(
    ("name", "read"),
    [("Provision_Enable", Parameters.flag), ("Forced_Resync_Delay", Parameters.integer),
     ("DHCP_Option_To_Use", Parameters.option_codes), ("Resync_Periodic", Parameters.schedule)],
)  # fmt: skip
def test_a_value_stored_without_check_is_told_when_it_is_read(name, read):
    with pytest.raises(SpecificationError):
        read(Parameters({name: "?"}), name)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(list(TABLE)), st.text() | st.text("0123456789,+ xYesNo")))
def test_any_update_leaves_parameters_that_can_all_be_read(values):
    result = Parameters().updated(values)
    for name, row in TABLE.items():
        if row.kind is Kind.BOOL:
            assert result.flag(name) in (True, False)
        elif row.kind is Kind.UNSIGNED:
            assert (row.minimum or 0) <= result.integer(name) <= row.maximum
        elif row.kind is Kind.SCHEDULE:
            assert len(result.schedule(name).windows(2)) in (0, 1, 2)
        elif row.kind is Kind.TIME_HHMM:
            assert result.clock_time(name) in (None, *range(1440))
        elif row.kind is Kind.CHOICE:
            assert result.choice(name) in row.choices
        elif row.kind is Kind.SECONDS:
            assert 0 <= result.milliseconds(name) <= 64_000
        elif row.kind is Kind.RESPONSE_CODES:
            assert result.response_codes(name).match("") is None
        elif row.kind in (Kind.TIME_ZONE, Kind.TIME_OFFSET, Kind.DAYLIGHT_RULE):
            assert is_valid(row, result.raw(name))
        elif row.kind is Kind.OPTION_LIST:
            assert all(1 <= code <= 254 for code in result.option_codes(name))
        else:
            assert result.raw(name) == values.get(name, row.default)
