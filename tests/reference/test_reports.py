"""Reports: where they go, what they say, how they are sealed, and when they are due."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ProfileError, RuleError
from hil.reference import status as pages
from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.profiles import decode
from hil.reference.reports import (
    Cause,
    changed,
    compose,
    delay,
    document,
    is_secret,
    resolve,
    split_rules,
    visible,
)
from hil.reference.rules import Fetch, RuleFailure, Skip
from hil.reference.windows import Window

SALT = bytes(range(16))
KEYED = "[--key test123 --delta]http://192.0.2.1/$MA.xml"
STATUS = "[--status] https://h.example/s"


# -- where to ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", ()),
        ("   ", ()),
        ("# http://192.0.2.1/x", ()),
        ("http://192.0.2.1/x", ("http://192.0.2.1/x",)),
        (f"{KEYED} {STATUS}", (KEYED, STATUS)),
        ("http://a/x http://b/y", ("http://a/x", "http://b/y")),
        ("http://a/$(A) [--delta]\n$B", ("http://a/$(A)", "[--delta]\n$B")),
        (
            '("$A" eq "1 | )")? http://a/x | http://b/y  [--status] http://c/z',
            ('("$A" eq "1 | )")? http://a/x | http://b/y', "[--status] http://c/z"),
        ),
        ('(a = "1";)! [--uid u --pwd "p w"] http://a/x', ('(a = "1";)! [--uid u --pwd "p w"] http://a/x',)),
        ("[--delta", ("[--delta",)),
    ],
)  # fmt: skip
def test_a_space_separates_two_rules_and_nothing_else(text, rules):
    assert split_rules(text) == rules


def test_a_third_rule_is_one_too_many():
    with pytest.raises(RuleError, match="3 destinations"):
        split_rules("http://a/x http://b/y http://c/z")


@given(st.text("ab[]()|!?\"' $#/:;\t"))
def test_any_text_can_be_split_and_nothing_of_it_is_lost(text):
    try:
        rules = split_rules(text)
    except RuleError:
        return
    commented = text.strip().startswith("#")
    assert "".join("".join(rules).split()) == ("" if commented else "".join(text.split()))


def going(rule, **parameters):
    table = MacroTable(Identity("000e08aabbcc"), Parameters(parameters))
    return resolve(rule, lookup=table.lookup)


def test_a_rule_names_its_server_with_macros_options_and_conditions():
    fetch = going(KEYED.replace("test123", "$SA"), GPP_SA="k3y")
    assert fetch.url == "http://192.0.2.1:80/000e08aabbcc.xml"
    assert fetch.options == {"key": "k3y", "delta": ""}
    assert isinstance(going('("$A" eq "1")? http://h/x'), Skip)


@pytest.mark.parametrize("rule", ["tftp://192.0.2.1/x", "192.0.2.1/x", "[--delta", "http://h"])
def test_where_no_report_can_go_is_a_reason(rule):
    assert isinstance(going(rule), RuleFailure)


# -- what ---------------------------------------------------------------------------------------------

SET = Parameters(
    {
        "Resync_Periodic": "60",
        "GPP_A": "a < b & \u00fc",
        "GPP_B": "bad\x01",
        "GPP_SA": "k3y",
        "Admin_Password": "root",
        "User_Password": "look",
        "IKM_HTTP_Encrypt_Content": "0123456789abcdef",
    }
)


def test_everything_is_reported_but_secrets():
    shown = decode(document({}, SET, None, pages.Status())).parameters
    assert (shown["Resync_Periodic"], shown["GPP_A"]) == ("60", "a < b & \u00fc")
    assert shown["GPP_B"] == "bad?"
    assert shown["Profile_Rule"] == "/$PSN.xml"
    assert set(visible(SET)) == set(shown)
    hidden = set(SET) - set(shown)
    assert {"GPP_SA", "GPP_SB", "GPP_SC", "GPP_SD", "Admin_Password", "User_Password"} < hidden
    assert "IKM_HTTP_Encrypt_Content" in hidden
    assert all(is_secret(name) for name in hidden)


def test_the_passwords_of_lines_are_secrets_whoever_adds_them():
    assert is_secret("Password_1_")
    assert not is_secret("Profile_Rule")


def test_a_delta_has_what_changed_since_the_last_report():
    before = Parameters({"GPP_A": "1", "GPP_SA": "k"})
    now = before.updated({"GPP_A": "2", "GPP_SA": "other", "GPP_C": "3"}).without("GPP_B")
    assert changed(now, before) == {"GPP_A": "2", "GPP_C": "3"}
    assert decode(document({"delta": ""}, now, before, pages.Status())).parameters == {
        "GPP_A": "2",
        "GPP_C": "3",
    }


def test_the_first_delta_has_what_is_not_a_default():
    shown = decode(document({"delta": ""}, SET, None, pages.Status())).parameters
    assert set(shown) == {"Resync_Periodic", "GPP_A", "GPP_B"}


def test_a_status_report_is_the_status_page():
    page = pages.Status(pages.Product("CP-7832-3PCC"))
    assert document({"status": ""}, SET, None, page) == pages.render(page)


def destination(**options):
    return Fetch(1, "http", "192.0.2.1", 80, "/report", {}, options)


def test_the_method_is_the_configured_one():
    plain = Parameters({"GPP_A": "x"})
    assert compose(destination(), plain, salt=SALT).method == "POST"
    put = plain.updated({"HTTP_Report_Method": "put"})
    assert compose(destination(), put, salt=SALT).method == "PUT"


@pytest.mark.peer("openssl")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl (Debian: openssl)")
def test_openssl_opens_a_report_with_a_key(tmp_path):
    report = compose(destination(key="test123"), SET, salt=SALT)
    sealed = tmp_path / "report"
    sealed.write_bytes(report.body)
    opened = subprocess.run(
        ["openssl", "enc", "-d", "-aes-256-cbc", "-k", "test123", "-in", str(sealed)],
        capture_output=True,
        check=True,
    )
    assert opened.stdout == document({}, SET, None, pages.Status())
    assert report.content_encoding == ""


def test_an_older_firmware_seals_with_md5():
    report = compose(
        destination(key="k"), SET, salt=SALT, interpretations=Interpretations(kdf_digest="md5")
    )
    older = Interpretations(kdf_digest="md5")
    assert decode(report.body, key="k", interpretations=older).parameters["Resync_Periodic"] == "60"
    with pytest.raises(ProfileError):
        decode(report.body, key="k")


def test_without_a_key_the_input_keying_material_seals_it():
    report = compose(destination(), SET, salt=SALT)
    assert report.content_encoding == "aes128gcm"
    opened = decode(report.body, content_encoding="aes128gcm", ikm="0123456789abcdef")
    assert opened.parameters["Resync_Periodic"] == "60"


def test_without_either_it_is_plain_xml():
    report = compose(destination(status=""), Parameters(), salt=SALT)
    assert report.body == pages.render(pages.Status())


# -- when ---------------------------------------------------------------------------------------------

RULE = {"Report_Rule": "http://192.0.2.1/report"}


@pytest.mark.parametrize(
    ("mode", "due"),
    [
        ("On Request", {Cause.REQUEST: 0, Cause.RESTART: 0}),
        ("On Local Change", {Cause.REQUEST: 0, Cause.LOCAL_CHANGE: 90}),
        ("Periodically", {Cause.REQUEST: 0, Cause.RESTART: 7200, Cause.REPORTED: 7200}),
    ],
)
def test_what_makes_a_report_due_and_how_soon(mode, due):
    parameters = Parameters(RULE).updated(
        {
            "Report_To_Server": mode,
            "Upload_Delay_On_Local_Change": "90",
            "Periodic_Upload_To_Server": "7200",
        }
    )
    windows = {cause: Window(seconds, seconds) for cause, seconds in due.items()}
    assert {cause: delay(cause, parameters) for cause in Cause} == {
        cause: windows.get(cause) for cause in Cause
    }


def test_the_published_default_delays():
    local = Parameters({**RULE, "Report_To_Server": "On Local Change"})
    assert delay(Cause.LOCAL_CHANGE, local) == Window(60, 60)
    periodic = Parameters({**RULE, "Report_To_Server": "Periodically"})
    assert delay(Cause.REPORTED, periodic) == Window(3600, 3600)


@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("rule", ["", "# http://192.0.2.1/x"])
def test_without_a_rule_nothing_is_ever_due(cause, rule):
    assert delay(cause, Parameters({"Report_Rule": rule})) is None
