"""Profile_Rule and Upgrade_Rule (Administration Guide 11.3, Provisioning Formats; SPA guides)."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.rules import DefaultServer, Fetch, RuleFailure, Skip, active_text, resolve

DHCP = DefaultServer("192.168.1.1")
PHONE = Identity("000e08aabbcc")


def outcome(rule, *, server=DHCP, upgrade=False, readings=None, identity=PHONE, **values):
    interpretations = readings or Interpretations()
    table = MacroTable(identity, Parameters().updated(values), interpretations=interpretations)
    return resolve(
        rule, lookup=table.lookup, server=server, upgrade=upgrade, interpretations=interpretations
    )


def url(rule, **context):
    result = outcome(rule, **context)
    return result.url if isinstance(result, Fetch) else result


def options(rule, **context):
    result = outcome(rule, **context)
    assert isinstance(result, Fetch), result
    return result.options


def reason(rule, **context):
    result = outcome(rule, **context)
    assert isinstance(result, RuleFailure), result
    return result.reason


def test_the_default_rule_asks_the_dhcp_server_for_the_product_series():
    assert url("/$PSN.xml") == "tftp://192.168.1.1:69/7832-3PCC.xml"
    base = DefaultServer("192.168.1.5", "http", 8080)
    assert url("/$PSN.xml", server=base) == "http://192.168.1.5:8080/7832-3PCC.xml"


def test_macros_expand_throughout_a_url():
    rule = "http://neptune.speak.net:8080/prov/$D/$E.cfg"
    assert url(rule, GPP_D="x", GPP_E="y") == "http://neptune.speak.net:8080/prov/x/y.cfg"
    assert url("https://p.tel.com/config?cisco$MAU").endswith("/config?cisco000E08AABBCC")


CCERT_RULE = (
    '("$CCERT" eq "Installed")? https://p.tel.com/config? | https://p.tel.com/config?cisco$MAU'
)


def test_the_first_alternative_whose_condition_holds_is_taken():
    assert url(CCERT_RULE) == "https://p.tel.com:443/config?"
    without = Identity("000e08aabbcc", ccert_installed=False)
    result = outcome(CCERT_RULE, identity=without)
    assert result.alternative == 2
    assert result.path == "/config?cisco000E08AABBCC"


def test_the_first_of_several_true_conditions_wins():
    assert outcome("(1 eq 2)? /a | (1 eq 1)? /b | (1 eq 1)? /c").path == "/b"


def test_assignments_come_with_the_alternative_that_is_taken():
    rule = (
        "(“$A” ne “Provisioned”)? (Line_Enable_1_ = “No”;)! https://ps.example/init-prov"
        " | https://ps.example/configs"
    )
    fresh, done = outcome(rule), outcome(rule, GPP_A="Provisioned")
    assert (fresh.path, fresh.assignments) == ("/init-prov", {"Line_Enable_1_": "No"})
    assert (done.path, done.assignments) == ("/configs", {})


def test_assigned_values_are_expanded_and_lower_case_letters_are_registers():
    result = outcome('( User_ID_1_ = "uid$B" ; GPP_C = "" ; d = "$MA" )! /x', GPP_B="77")
    assert result.assignments == {"User_ID_1_": "uid77", "GPP_C": "", "GPP_D": "000e08aabbcc"}


def test_assignments_do_not_show_in_their_own_url():
    assert outcome('(a = "new";)! /$A', GPP_A="old").path == "/old"


def test_an_alternative_without_url_is_skipped_but_its_assignments_are_made():
    result = outcome('(1 eq 1)? (a = "|)";)! | /other')
    assert result == Skip("alternative 1 has no URL", 1, {"GPP_A": "|)"})


@pytest.mark.parametrize("rule", ["", "  \n", "# http://192.168.1.200/a", " #/a | /b", "#$STRANGE"])
def test_an_empty_rule_and_one_commented_out_are_skipped(rule):
    assert isinstance(outcome(rule), Skip)
    assert active_text(rule) == ""


def test_a_rule_may_become_empty_by_expansion():
    assert isinstance(outcome("$A"), Skip)
    assert isinstance(outcome("$A/x", GPP_A="# "), Skip)


def test_if_no_condition_holds_the_rule_is_skipped():
    result = outcome("(1 eq 2)? /a | (2 eq 3)? /b")
    assert isinstance(result, Skip)
    assert "no alternative" in result.reason


def test_every_alternative_but_the_last_must_have_a_condition():
    assert "alternative 1 of 2 has no condition" in reason("/a | /b")
    assert "alternative 2 of 3" in reason("(1 eq 1)? /a | /b | /c")
    assert "alternative 1 of 2" in reason("| /b")


def test_white_space_is_free():
    tight = '(1 eq 1)?(a="1";)![--key k]http://h/x|/y'
    loose = ' ( 1 eq 1 ) ?\n ( a = "1" ; ) ! [ --key k ]\t http://h/x  | /y '
    assert outcome(tight) == outcome(loose)
    assert isinstance(outcome(tight), Fetch)


def test_options_combine_in_any_order():
    expected = {"alias": "a", "key": "abracadabra321", "post": "c"}
    assert options("[--alias a --key abracadabra321 --post c]http://h/x") == expected
    assert options("[--post c --key abracadabra321 --alias a] http://h/x") == expected


@pytest.mark.parametrize("flag", ["srv", "delta", "status"])
def test_options_without_argument(flag):
    assert options(f"[--{flag} --uid u]http://h/x") == {flag: "", "uid": "u"}


def test_the_key_may_be_enclosed_in_double_quotes():
    assert options('[--key "ab cd#|"]http://h/x') == {"key": "ab cd#|"}
    assert options("[--key abcd]http://h/x") == options('[--key "abcd"]http://h/x')


def test_special_characters_in_octal():
    written = r"[--uid \043me --pwd a\042\133\135\134b] http://h/x"
    assert options(written) == {"uid": "#me", "pwd": 'a"[]\\b'}
    assert options(r"[--pwd \9a\777] http://h/x") == {"pwd": r"\9a\777"}


@pytest.mark.parametrize("option", ["key", "uid", "pwd"])
def test_sa_to_sd_expand_in_the_argument_of_key_and_where_another_reading_lets_them(option):
    rule = f"[--{option} x$SA(SB)$(SB:1:2)] http://h/x"
    values = {"GPP_SA": '"]| ', "GPP_SB": "abcd"}
    expanded = {option: 'x"]| (SB)bc'}
    as_written = {option: "x$SA(SB)$(SB:1:2)"}
    assert options(rule, **values) == (expanded if option == "key" else as_written)
    wide = Interpretations(secret_macros="key-and-credentials")
    assert options(rule, readings=wide, **values) == expanded


def test_sa_to_sd_expand_nowhere_else():
    secret = {"GPP_SA": "SecretPhrase1234"}
    assert outcome("http://h/$SA", **secret).path == "/$SA"
    assert outcome('(a = "$SA";)! /x', **secret).assignments == {"GPP_A": "$SA"}
    assert isinstance(outcome('("$SA" eq "SecretPhrase1234")? /x', **secret), Skip)


def test_only_a_macro_of_the_rule_itself_is_a_key():
    secret = {"GPP_SA": "SecretPhrase1234"}
    assert options("[--key $$SA] http://h/x", **secret) == {"key": "$SA"}
    assert options("[--key $A] http://h/x", GPP_A="$SA", **secret) == {"key": "$SA"}


def test_expansion_comes_first_so_text_of_macros_may_be_grammar():
    assert outcome("(1 eq 1)?$A", GPP_A="/x | /y").path == "/x"
    assert outcome('("$A" eq "a")? /x | /y', GPP_A='x" ne "y" and "a').path == "/x"


def test_the_other_reading_expands_after_parsing():
    late = Interpretations(expansion_order="after-parsing")
    assert "printable" in reason("(1 eq 1)?$A", GPP_A="/x | /y", readings=late)
    rule = '("$A" eq "$(A:0)")? (b = "$A";)! [--key $A] /$MA'
    result = outcome(rule, GPP_A='a" ] )', readings=late)
    assert result.path == "/000e08aabbcc"
    assert (result.options, result.assignments) == ({"key": 'a" ] )'}, {"GPP_B": 'a" ] )'})


def test_conditions_compare_versions_and_timers():
    rule = "($SWVER ne sip7832.11-3-2MPP0001-609)? http://h/new.loads"
    assert isinstance(outcome(rule), Skip)
    older = Identity("000e08aabbcc", swver="sip7832.11-0-1MPP-312")
    assert outcome(rule, identity=older).path == "/new.loads"
    assert outcome("(ge 2.0.6)? /x | ($PRVTMR ge 0)? /y").path == "/y"
    assert outcome("($UPGCOND)? /x").path == "/x"


def test_what_cannot_be_compared_makes_the_alternative_false_or_the_rule_fail():
    assert outcome('($PRVTMR eq "0")? /x | /y').path == "/y"
    strict = Interpretations(type_mismatch="rule-error")
    assert "alternative 1" in reason('($PRVTMR eq "0")? /x | /y', readings=strict)
    assert outcome("($SWVER ge 2.0.6)? /x | /y").path == "/y"
    strict = Interpretations(version_mismatch="rule-error")
    assert "format" in reason("($SWVER ge 2.0.6)? /x | /y", readings=strict)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("(1 eq 1 /a", "not closed"),
        ('("a eq 1)? /a', "not closed"),
        ("(1 eq 1) /a", "'\\?' or '!'"),
        ("(1)? /a", "condition of alternative 1"),
        ('(a = "1")! (1 eq 1)? /a', "one condition and then"),
        ("(1 eq 1)? (1 eq 1)? /a", "one condition and then"),
        ("(a = 1)! /a", "name = "),
        ('(a "1")! /a', "name = "),
        ('(a = "1" b = "2")! /a', "name = "),
        ("[--key] /a", "no argument"),
        ("[--key --uid u] /a", "no argument"),
        ("[--key a", "closing bracket"),
        ('[--key "a] /a', "open quote"),
        ("[--key a[b] /a", "open quote or a bracket"),
        ("[--frobnicate x] /a", "no option --frobnicate"),
        ("[--rfc8188] /a", "no option --rfc8188"),
        ("[key k] /a", "stands where an option"),
        ("[--key a --key b] /a", "twice"),
        ("[--post q] /a", "a to p"),
        ("[--alias A] /a", "a to p"),
        ("[--key a]", "no URL"),
        ("[--srv] tftp://h/a", "TFTP"),
        ("http://h/a http://h/b", "printable"),
        ("h", "no path"),
        ("/\U000f0000", "private-use"),
    ],
)
def test_a_rule_that_cannot_be_followed_fails_with_a_reason(rule, why):
    assert re.search(why, reason(rule))


def test_srv_needs_http():
    assert url("[--srv] https://ps.example/a") == "https://ps.example:443/a"


def test_an_upgrade_rule_must_name_its_server():
    assert "no server" in reason("/sip7832.11-3-2MPP0001-609.loads", upgrade=True)
    lenient = Interpretations(upgrade_missing_server="dhcp")
    assert url("/a.loads", upgrade=True, readings=lenient) == "tftp://192.168.1.1:69/a.loads"
    named = "tftp://192.168.1.5/firmware/sip7832.11-0-1MPP-321.loads"
    assert url(named, upgrade=True).startswith("tftp://192.168.1.5:69/firmware/")


def test_an_upgrade_rule_takes_no_options_or_only_credentials():
    rule = "[--uid u --pwd p] http://h/a.loads"
    assert "not supported for upgrades" in reason(rule, upgrade=True)
    lenient = Interpretations(upgrade_options="uid-pwd")
    assert options(rule, upgrade=True, readings=lenient) == {"uid": "u", "pwd": "p"}
    assert "--key" in reason("[--key k] http://h/a.loads", upgrade=True, readings=lenient)


def test_json_shapes_are_those_of_hil_resolve():
    assert outcome('(a = "1")! [--key k] http://[::1]/x').as_json() == {
        "outcome": "fetch",
        "alternative": 1,
        "assignments": {"GPP_A": "1"},
        "options": {"key": "k"},
        "scheme": "http",
        "host": "::1",
        "port": 80,
        "path": "/x",
    }
    assert outcome("").as_json() == {
        "outcome": "skip",
        "reason": "the rule is empty",
        "assignments": {},
    }
    assert outcome("/a | /b").as_json()["outcome"] == "error"


def test_a_url_in_full_has_brackets_around_ipv6():
    assert url("http://[::1]/x") == "http://[::1]:80/x"


@pytest.mark.parametrize(
    "rule",
    [
        "(" * 65536,
        '("' * 32768,
        "[--key " + '"' * 65536,
        "(" + 'a="b";' * 10000 + ")! /x",
        "$(A" * 20000,
        "$SA" * 20000,
        "|" * 65536,
        "(1 eq 2)? /a |" * 4600,
        "(" + "1 eq 1 and " * 5900 + "1 eq 1)? /a",
        "[" + "--key a " * 8000 + "] /a",
        "http://" + "a." * 32000 + "/",
        "$A" * 32768,
    ],
    ids=lambda rule: rule[:16],
)
def test_a_hostile_rule_of_64_kib_is_answered_at_once(rule):
    started = time.process_time()
    outcome(rule, GPP_A="x" * 65536)
    assert time.process_time() - started < 1


rules = st.text() | st.lists(
    st.sampled_from(
        ["(", ")", "?", "!", "|", "[", "]", "1 eq 1", '"$A" eq ""', 'a = "1";', "--key ", "k", "$SA",
         "--srv", "http://", "h", "/x", ":80", " ", '"', "\\043", "#", "$MA", "$(", "\n", "“"]
    )
).map("".join)  # fmt: skip


@settings(deadline=None)
@given(rules, st.text(), st.booleans(), st.sampled_from([None, DHCP]))
def test_any_rule_has_one_of_three_outcomes(rule, value, upgrade, server):
    for order in ("before-parsing", "after-parsing"):
        result = outcome(
            rule,
            server=server,
            upgrade=upgrade,
            readings=Interpretations(expansion_order=order),
            GPP_A=value,
            GPP_SA=value,
        )
        assert isinstance(result, Fetch | Skip | RuleFailure)
        assert isinstance(result.as_json()["outcome"], str)


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_any_ascii_key_can_be_given_through_a_secret(key):
    assert options("[--key $SA] http://h/x", GPP_SA=key) == {"key": key}


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_any_ascii_password_can_be_written_in_octal(password):
    written = "".join(f"\\{ord(char):03o}" for char in password)
    assert options(f"[--pwd {written}] http://h/x") == {"pwd": password}
