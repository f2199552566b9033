"""Every row of the chapter's table Macro Expansion Variables."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import MacroError, SpecificationError
from hil.reference.identity import Identity, normalise_mac
from hil.reference.interpretations import Interpretations
from hil.reference.macros import MACRO_NAMES, MacroContext, MacroTable, by_either_name
from hil.reference.parameters import Parameters

IDENTITY = Identity("000E08AABBCC", serial="88012BA01234")


def table(context=None, identity=IDENTITY, interpretations=None, **parameters):
    return MacroTable(
        identity,
        Parameters().updated(parameters),
        context or MacroContext(),
        interpretations or Interpretations(),
    )


@pytest.mark.parametrize(
    ("macro", "value"),
    [
        ("MA", "000e08aabbcc"),
        ("MAU", "000E08AABBCC"),
        ("MAC", "00:0e:08:aa:bb:cc"),
        ("PN", "CP-7832-3PCC"),
        ("PSN", "7832-3PCC"),
        ("SN", "88012BA01234"),
        ("CCERT", "Installed"),
        ("SWVER", "sip7832.11-3-2MPP0001-609"),
        ("HWVER", "2.0.1"),
        ("UPGCOND", "true"),
    ],
)
def test_what_a_phone_is(macro, value):
    assert table().lookup(macro) == value


def test_a_phone_without_client_certificate():
    phone = Identity("000e08aabbcc", ccert_installed=False)
    assert table(identity=phone).expand("$CCERT") == "Not Installed"


@pytest.mark.parametrize("letter", "ABCDEFGHIJKLMNOP")
def test_a_through_p_are_the_general_purpose_parameters(letter):
    assert table(**{f"GPP_{letter}": f"<{letter}>"}).expand(f"${letter}") == f"<{letter}>"


@pytest.mark.parametrize("line", "12")
def test_uidn_is_the_user_id_of_line_n(line):
    assert table(**{f"User_ID_{line}_": "4711"}).expand(f"$UID{line}") == "4711"


@pytest.mark.parametrize("letter", "ABCD")
def test_sa_through_sd_are_known_only_to_who_asks_for_secrets(letter):
    secret = table(**{f"GPP_S{letter}": "SecretPhrase1234"})
    assert secret.lookup(f"S{letter}") is None
    assert secret.expand(f"$S{letter}") == f"$S{letter}"
    assert secret.lookup(f"S{letter}", True) == "SecretPhrase1234"


MOMENT = MacroContext(
    ip="192.168.1.100", extip="66.43.16.52", prvst="-1", upgst="1", upgerr="http_get failed",
    prvtmr="300", upgtmr="600", regtmr1="12", regtmr2="13", scheme="http", serv="ps.example",
    servip="192.168.1.5", port="80", path="/7832-3PCC.xml", err="none",
)  # fmt: skip


@pytest.mark.parametrize(
    "field",
    [field.name for field in dataclasses.fields(MacroContext)],
)
def test_what_the_phone_is_doing(field):
    assert table(MOMENT).lookup(field.upper()) == getattr(MOMENT, field)


def test_meth_is_the_deprecated_alias_of_scheme():
    assert table(MOMENT).expand("$METH") == "http"


def test_the_default_request_message():
    template = Parameters().raw("Log_Request_Msg")
    expected = (
        "CP-7832-3PCC 00:0e:08:aa:bb:cc -- Requesting resync http://192.168.1.5:80/7832-3PCC.xml"
    )
    assert table(MOMENT).expand(template) == expected


def test_every_macro_has_a_value_even_before_anything_happened():
    for name in MACRO_NAMES:
        assert table().lookup(name, True) is not None
    assert table().expand("<$SERVIP$ERR$EXTIP>") == "<>"


def test_timers_that_never_started_and_their_other_reading():
    assert table().expand("$PRVTMR $UPGTMR $REGTMR1 $REGTMR2") == "0 0 0 0"
    late = Interpretations(timer_before_attempt="very-large", regtmr_registered="very-large")
    assert table(interpretations=late).expand("$PRVTMR") == "4294967295"
    assert table(interpretations=late).expand("$REGTMR2") == "4294967295"


def test_scheme_in_capitals_where_that_is_the_reading():
    assert table(MOMENT, interpretations=Interpretations(scheme_case="upper")).expand(
        "$SCHEME"
    ) == ("HTTP")


@pytest.mark.parametrize(
    ("given_name", "meaning"),
    [("A", "GPP_A"), ("GPP_A", "GPP_A"), ("SA", "GPP_SA"), ("UID1", "User_ID_1_"), ("MA", "MA"),
     ("Resync_Periodic", "Resync_Periodic"), ("PRVTMR", "PRVTMR")],
)  # fmt: skip
def test_parameters_go_by_either_name(given_name, meaning):
    assert by_either_name(given_name) == meaning


@pytest.mark.parametrize("name", ["", "a", "STRANGE", "$A", "gpp_a", "$", "GPP_Q"])
def test_a_name_that_is_neither_is_an_error(name):
    with pytest.raises(MacroError, match="neither"):
        by_either_name(name)


def test_values_by_either_name():
    chosen = table().with_values(
        {"GPP_A": "ABCDEF", "B": "2", "MAU": "0004F2000001", "SN": "X1", "SERVIP": "10.0.0.1",
         "SCHEME": "https", "CCERT": "Not Installed", "SA": "k"},
    )  # fmt: skip
    assert chosen.expand("$A $B $MA $MAC") == "ABCDEF 2 0004f2000001 00:04:f2:00:00:01"
    assert chosen.expand("$SN $SERVIP $METH $CCERT $SA") == "X1 10.0.0.1 https Not Installed $SA"
    assert chosen.lookup("SA", True) == "k"


@pytest.mark.parametrize(
    "values",
    [{"MA": "xyz"}, {"CCERT": "yes"}, {"UPGCOND": "false"}, {"NO": "1"}, {"Resync_Periodic": "x"},
     {"Provision_Enable": "maybe"}],
)  # fmt: skip
def test_values_that_cannot_be_are_refused(values):
    with pytest.raises(SpecificationError):
        table().with_values(values)


@pytest.mark.parametrize("text", ["00-0E-08-AA-BB-CC", "00:0e:08:aa:bb:cc", "000e08AABBCC"])
def test_a_mac_address_may_be_written_in_any_common_form(text):
    assert Identity(text) == Identity("000e08aabbcc")


@pytest.mark.parametrize(
    "text",
    ["", "000e08aabbc", "00:0e-08:aa:bb:cc", "000000000000", "ffffffffffff", "010e08aabbcc",
     "000e08aabbcg", "٠٠0e08aabbcc", "000e08aabbcc\n"],
)  # fmt: skip
def test_what_no_interface_can_have_is_no_mac_address(text):
    with pytest.raises(SpecificationError):
        Identity(text)


@settings(deadline=None)
@given(st.binary(min_size=6, max_size=6).filter(lambda b: not b[0] & 1 and any(b)))
def test_the_three_forms_of_an_address_agree(octets):
    phone = Identity(octets.hex())
    assert phone.mau.lower() == phone.ma == phone.mac.replace(":", "") == octets.hex()
    assert normalise_mac(phone.mac) == phone.mac
