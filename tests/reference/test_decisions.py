"""The decisions that a resync rests on: what the specification says, and how one is replaced."""

from __future__ import annotations

import pytest
from lives import MISSING, SERVER, Life, booted

from hil.reference import decisions as spec
from hil.reference.decisions import PROFILE_RULES, REFERENCE, Decisions, Reason
from hil.reference.identity import Identity
from hil.reference.interpretations import DEFAULT
from hil.reference.macros import MacroContext, MacroTable
from hil.reference.parameters import Parameters
from hil.reference.profile_builder import compress, encrypt, encrypt_rfc8188, flat_profile
from hil.reference.profiles import Profile
from hil.reference.provisioning_source import SourceKind, choose
from hil.reference.responses import Document
from hil.reference.rules import Fetch, RuleFailure, Skip
from hil.reference.windows import Window


def table(**parameters: str) -> MacroTable:
    known = Parameters().updated(parameters)
    return MacroTable(Identity("000e08aabbcc"), known, MacroContext(), DEFAULT)


def resolved(name: str, options: dict[int, bytes], **parameters: str) -> object:
    macros = table(**parameters)
    source = spec.provisioning_from_dhcp(options, macros.parameters, DEFAULT)
    return spec.resolve_rule(name, macros, source, DEFAULT)


def test_the_values_of_prvst() -> None:
    resyncs = set(Reason) - {Reason.FIRST}
    assert {reason.name: reason.value for reason in resyncs} == {
        "EXPLICIT": "-1",
        "POWER_UP": "0",
        "PERIODIC": "1",
        "RETRY": "2",
    }


def test_the_four_rules_in_their_order() -> None:
    expected = ("Profile_Rule", "Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D")
    assert expected == PROFILE_RULES
    assert REFERENCE.profile_rules == expected


@pytest.mark.parametrize(("value", "expected"), [("Yes", True), ("no", False), ("YES", True)])
def test_the_switches(value: str, expected: bool) -> None:
    assert spec.resync_enabled(Parameters({"Provision_Enable": value})) is expected
    assert spec.resync_on_reset(Parameters({"Resync_On_Reset": value})) is expected
    assert spec.missing_file_fails(Parameters({"Resync_Fails_On_FNF": value})) is expected


def test_all_switches_are_on_by_default() -> None:
    default = Parameters()
    assert spec.resync_enabled(default)
    assert spec.resync_on_reset(default)
    assert spec.missing_file_fails(default)


def test_the_delays() -> None:
    values = Parameters(
        {
            "Resync_Random_Delay": "40",
            "Resync_Periodic": "600,1200+30",
            "Resync_Error_Retry_Delay": "5,0",
        }
    )
    assert spec.random_delay(values, DEFAULT) == Window(0, 40)
    assert spec.periodic_delay(values, 0, DEFAULT) == Window(600, 600)
    assert spec.periodic_delay(values, 9, DEFAULT) == Window(1200, 1230)
    assert spec.retry_delay(values, 0, DEFAULT) == Window(5, 5)
    assert spec.retry_delay(values, 1, DEFAULT) is None
    twenty = DEFAULT.choose(random_delay_unit="twenty-seconds")
    assert spec.random_delay(values, twenty) == Window(0, 800)


# --- DHCP and rules


def test_the_order_of_dhcp_option_to_use_decides() -> None:
    options = {66: b"192.0.2.66", 160: b"http://192.0.2.160"}
    in_order = spec.provisioning_from_dhcp(options, Parameters(), DEFAULT)
    turned = Parameters({"DHCP_Option_To_Use": "160,66"})
    assert in_order is not None
    assert in_order == choose(options)
    assert in_order.host == "192.0.2.66"
    other = spec.provisioning_from_dhcp(options, turned, DEFAULT)
    assert other is not None
    assert (other.kind, other.host) == (SourceKind.BASE_URI, "192.0.2.160")


def test_a_rule_of_dhcp_stands_in_for_profile_rule_only_while_nobody_has_set_it() -> None:
    options = {160: b"http://192.0.2.9/$MAU/x"}
    first = resolved("Profile_Rule", options)
    assert isinstance(first, Fetch)
    assert first.url == "http://192.0.2.9:80/000E08AABBCC/x"
    mine = resolved("Profile_Rule", options, Profile_Rule="/mine")
    assert isinstance(mine, Fetch)
    assert mine.url == "http://192.0.2.9:80/mine"
    assert isinstance(resolved("Profile_Rule_B", options), Skip)


def test_a_rule_of_dhcp_names_the_server_of_the_other_rules_too() -> None:
    second = resolved("Profile_Rule_B", {160: b"https://192.0.2.9/x"}, Profile_Rule_B="/b")
    assert isinstance(second, Fetch)
    assert second.url == "https://192.0.2.9:443/b"


def test_a_rule_without_a_server_anywhere_fails() -> None:
    assert isinstance(resolved("Profile_Rule", {}), RuleFailure)


# --- profiles


def test_a_profile_is_decrypted_and_expanded() -> None:
    body = encrypt(compress(flat_profile(GPP_A="x")), "secret", salt=b"12345678")
    read = spec.read_profile(Document(body), {"key": "secret"}, Parameters(), DEFAULT)
    assert read.parameters == {"GPP_A": "x"}


def test_rfc_8188_needs_the_input_keying_material_and_wins_over_the_key() -> None:
    body = encrypt_rfc8188(flat_profile(GPP_A="x"), b"material", salt=b"0123456789abcdef")
    known = Parameters({"IKM_HTTP_Encrypt_Content": "material"})
    document = Document(body, "aes128gcm")
    read = spec.read_profile(document, {"key": "ignored"}, known, DEFAULT)
    assert read.parameters == {"GPP_A": "x"}


def test_what_a_profile_does_not_mention_keeps_its_value() -> None:
    before = Parameters({"GPP_A": "a", "GPP_B": "b", "GPP_C": "c"})
    after = spec.apply_profile(before, Profile({"GPP_B": "new"}, cleared=("GPP_C",)))
    assert after.items_set() == {"GPP_A": "a", "GPP_B": "new"}


# --- replacing one


def test_a_replaced_decision_is_the_only_difference() -> None:
    stubborn = Decisions(missing_file_fails=lambda parameters: True)
    life = Life(decisions=stubborn, Resync_Random_Delay="0", Resync_Fails_On_FNF="No")
    life.power_on().lease(10).begin(10)
    assert life.url == f"tftp://{SERVER}:69/7832-3PCC.xml"
    assert life.answer(11, MISSING).due == (71, 71, "2")


@pytest.mark.parametrize(
    ("decisions", "due"),
    [
        (Decisions(periodic_before_first_success=True), (610, 610, "1")),
        (Decisions(), None),
    ],
)
def test_the_timer_before_the_first_success_is_a_decision(
    decisions: Decisions, due: tuple[float, float, str] | None
) -> None:
    life = Life(decisions=decisions, Resync_On_Reset="No", Resync_Periodic="600")
    assert life.power_on().lease(10).due == due


def test_where_a_retry_resumes_and_whether_its_list_restarts_are_decisions() -> None:
    resumes = Life(
        decisions=Decisions(retry_resumes_at_failed_rule=True),
        Resync_Random_Delay="0",
        Profile_Rule_B="/b",
    )
    resumes.power_on().lease(10).begin(10).given(10).fails(10)
    assert resumes.begin(70).url == f"tftp://{SERVER}:69/b"
    goes_on = Life(
        decisions=Decisions(retry_index_restarts=False),
        Resync_Random_Delay="0",
        Resync_Error_Retry_Delay="5,7",
    )
    goes_on.power_on().lease(10).begin(10).fails(10).begin(15).given(15)
    assert goes_on.begin(3615).fails(3615).due == (3622, 3622, "2")


def test_the_reference_takes_none_of_them() -> None:
    assert Decisions() == REFERENCE
    life = booted(Profile_Rule_B="/b").begin(10).given(10).fails(10)
    assert life.begin(70).url == f"tftp://{SERVER}:69/7832-3PCC.xml"
