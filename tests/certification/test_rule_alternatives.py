"""Alternatives, conditions and assignments of a rule.

The versions and the rule about "Provisioned" are the Administration Guide's examples.
"""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.marks import needs, quick, reading, requirement, smoke
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched

RULES = ("Profile_Rule", "Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D")


@smoke
@quick
@requirement("rules.alternatives")
def test_the_first_alternative_whose_condition_is_true_wins(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    rule = '("a" eq "b")? /1.xml | ("a" eq "a")? /2.xml | ("b" eq "b")? /3.xml | /4.xml'
    lease = boot_to_lease(history, handset, Profile_Rule=rule)
    asked = fetched(history, handset, lease, 1)
    history.check("the alternative", seen=asked, due=["/2.xml"])


@requirement("rules.alternatives")
def test_the_alternative_without_condition_is_taken_if_no_other_is_true(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    rule = '("a" eq "b")? /1.xml | ("a" eq "c")? /2.xml | /3.xml'
    lease = boot_to_lease(history, handset, Profile_Rule=rule)
    asked = fetched(history, handset, lease, 1)
    history.check("the alternative", seen=asked, due=["/3.xml"])


@quick
@requirement("rules.alternatives")
def test_a_rule_without_a_true_alternative_is_skipped_and_the_next_one_followed(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule='("a" eq "b")? /1.xml | ("a" eq "c")? /2.xml',
        Profile_Rule_B="/b.xml",
    )
    asked = fetched(history, handset, lease, 1)
    history.check("the first file", seen=asked, due=["/b.xml"])


@requirement("rules.alternatives")
def test_strings_are_compared_for_equality(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    conditions = (
        '"$A" eq "Provisioned"',
        '"$A" ne "Provisioned"',
        '"$A" = "provisioned"',
        '"$A" != "provisioned"',
    )
    held = _held(conditions, handset, dhcp, tftp, history)
    history.check("eq, ne, =, !=", seen=held, due=["/yes", "/no", "/no", "/yes"])


@requirement("rules.alternatives")
def test_integers_are_compared_by_value(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    conditions = ("3 lt 10", "3 >= 10", "10 le 10", "300 > 1200")
    held = _held(conditions, handset, dhcp, tftp, history)
    history.check("lt, >=, le, >", seen=held, due=["/yes", "/no", "/yes", "/no"])


@requirement("rules.alternatives")
def test_versions_are_compared_part_by_part_and_by_build_only_at_last(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    conditions = (
        "sip7832.11-3-1MPP-110 gt sip7832.11-2-3MPP-256",
        "sip7832.11-3-2MPP0002-256 > sip7832.11-3-2MPP0001-609",
        "sip7832.11-3-2MPP0001-609 lt sip7832.11-3-2MPP0001-609",
        "sip7832.11-3-2MPP0001-609 < sip7832.11-3-2MPP0001-610",
    )
    held = _held(conditions, handset, dhcp, tftp, history)
    history.check("gt, >, lt, <", seen=held, due=["/yes", "/yes", "/no", "/yes"])


@requirement("rules.alternatives")
@pytest.mark.parametrize("operators", [("gt", "lt", "ge", "le"), (">", "<", ">=", "<=")], ids=str)
@pytest.mark.parametrize("operand", ["7", "sip7832.11-3-2MPP0001-609"])
def test_of_equal_operands_none_is_the_greater_one(
    operand: str,
    operators: tuple[str, str, str, str],
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    gt, lt, ge, le = (f"{operand} {sign} {operand}" for sign in operators)
    held = _held((gt, lt, ge, le), handset, dhcp, tftp, history)
    history.check("gt, lt, ge, le", seen=held, due=["/no", "/no", "/yes", "/yes"])


@requirement("rules.alternatives")
def test_a_single_exclamation_mark_is_the_older_form_of_ne(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    conditions = ('"a" ! "b"', '"a" ! "a"', "1 ! 2", "1 ! 1")
    held = _held(conditions, handset, dhcp, tftp, history)
    history.check("!", seen=held, due=["/yes", "/no", "/yes", "/no"])


@requirement("rules.alternatives")
def test_a_missing_left_operand_is_the_load_that_runs(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    load = handset.identity.swver
    conditions = (f"eq {load}", f"ne {load}", f">= {load}", f"> {load}")
    held = _held(conditions, handset, dhcp, tftp, history)
    history.check("eq, ne, >=, >", seen=held, due=["/yes", "/no", "/yes", "/no"])


@reading(version_mismatch="alternative-false")
@requirement("rules.alternatives")
def test_the_load_of_another_model_matches_no_comparison(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    """Its format is another one; a comparison that cannot be made does not hold, ``ne`` no more."""
    load = "sip7832.11-3-2MPP0001-609"
    conditions = (
        f"{load} eq sip8832.11-3-2MPP0001-609",
        f"{load} ne sip8832.11-3-2MPP0001-610",
        f"{load} gt sip8832.11-0-1MPP-312",
        f"{load} gt sip7832.11-0-1MPP-312",
    )
    held = _held(conditions, handset, dhcp, tftp, history)
    history.check("eq, ne, gt, gt", seen=held, due=["/no", "/no", "/no", "/yes"])


@requirement("rules.alternatives")
def test_comparisons_joined_by_and_must_all_hold(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    conditions = (
        '1 eq 1 and "a" ne "b" and 2 gt 1',
        '1 eq 1 and "a" eq "b"',
        '1 eq 2 and "a" eq "a"',
        '1 eq 1 AND "a" eq "a" AND 1 gt 2',
    )
    held = _held(conditions, handset, dhcp, tftp, history)
    history.check("all must hold", seen=held, due=["/yes", "/no", "/no", "/no"])


@requirement("rules.alternatives")
@reading(type_mismatch="condition-false", version_mismatch="alternative-false")
@pytest.mark.parametrize(
    "conditions",
    [
        ('7 eq "7"', '"7" ne 7', "7 ne 7.0", "Installed eq Installed"),
        ('"a" lt "b"', '"a" >= "a"', "1 foo 2", "1 <> 2"),
        ("2.0.1 ne Installed", '"2.0.1" eq 2.0.1', "true ne 1", '"" eq 0'),
        (
            "sip7832.11-3-1MSR3-3 eq sip7832.11-3-1MSR3-3",
            "2.0.1 ne sip7832.11-3-2MPP0001-609",
            "11-3-2MPP0001-609 ne sip7832.11-3-2MPP0001-610",
            "2.0.1.x ne 2.0.1",
        ),
    ],
)
def test_a_comparison_that_cannot_be_made_does_not_hold(
    conditions: tuple[str, str, str, str],
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    held = _held(conditions, handset, dhcp, tftp, history)
    history.check("none can be made", seen=held, due=["/no", "/no", "/no", "/no"])


@requirement("rules.alternatives")
@pytest.mark.parametrize(
    ("conditions", "due"),
    [
        (("true", "TRUE and 1 eq 1", "1 eq 1 and true", "true and 1 eq 2"), "yyyn"),
        (("-3 lt 2", "-10 gt -9", "007 eq 7", "10 GT 9"), "ynyy"),
        (('“a” eq "a"', '"" eq ""', '"a b" ne "ab"', '"and" eq "and"'), "yyyy"),
        (("2.0.1 eq 2.0.1.0", "2.0 lt 2.0.1", "10.0 gt 9.9", "2.0.0 ne 2.0"), "yyyn"),
        (("1.2 lt 1.10", "1.0.1 gt 1.1", "0.0 lt 0.1", "3.1.0 eq 3.1.1"), "ynyn"),
        (
            (
                "11-3-2MPP0001-609 lt 11-3-2MPP0002-1",
                "sip7832.11-2-9MPP0001-999 lt sip7832.11-3-1MPP-1",
                "sip7832.11-3-2MPP-609 lt sip7832.11-3-2MPP0001-609",
                "sip7832.10-9-9MPP0001-609 gt sip7832.11-0-1MPP-1",
            ),
            "yyyn",
        ),
    ],
    ids=["true", "integers", "strings", "dotted", "parts", "loads"],
)
def test_operands_of_each_kind(
    conditions: tuple[str, str, str, str],
    due: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    held = _held(conditions, handset, dhcp, tftp, history)
    names = {"y": "/yes", "n": "/no"}
    history.check("what holds", seen=held, due=[names[each] for each in due])


@needs("flash_access")
@requirement("rules.alternatives")
def test_blanks_between_the_parts_mean_nothing_and_a_comment_is_no_rule(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/yes", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=" # (1 eq 1)? /commented",
        Profile_Rule_B='  ( "a"  eq"a" )  ?  ( GPP_A  =  "x" ; )  !  [ --key  k ]  /b  |  /no ',
        Profile_Rule_C='("a"eq"b")?/no|("a"eq"a")?(GPP_A="x")!/yes|/no',
        Profile_Rule_D="/$A.xml",
        Resync_Fails_On_FNF="No",
    )
    asked = fetched(history, handset, lease, 3)
    history.check("the files", seen=asked, due=["/b", "/yes", "/x.xml"])


@requirement("rules.alternatives")
def test_a_condition_may_compare_long_lists_and_is_false_by_its_last(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    holds = " and ".join(f"{number} eq {number}" for number in range(20))
    conditions = (holds, f"{holds} and 1 eq 2", f"1 eq 2 and {holds}", f'{holds} and "$A" ne ""')
    held = _held(conditions, handset, dhcp, tftp, history)
    history.check("all must hold", seen=held, due=["/yes", "/no", "/no", "/yes"])


@requirement("rules.assignments")
def test_short_names_are_a_to_p(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    """Whatever else is no parameter's name is ignored, as elements of a profile are."""
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/a.xml", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        GPP_B="kept",
        Profile_Rule='(a = "first"; p="last";q = "x"; B = "x"; gpp_b = "x" ; b_ = "x")! /a.xml',
        Profile_Rule_B="/$A-$P-$B.xml",
    )
    asked = fetched(history, handset, lease, 2)
    history.check("what was assigned", seen=asked[1], due="/first-last-kept.xml")


@requirement("rules.assignments")
def test_an_assignment_holds_from_the_next_resync_on(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/init-prov", flat_profile())
    tftp.serve("/configs", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule='("$A" ne "Provisioned")? (GPP_A = "Provisioned";)! /init-prov | /configs',
        Resync_Periodic="600",
    )
    asked = fetched(history, handset, lease, 3, wait=1200)
    history.check("the files", seen=asked, due=["/init-prov", "/configs", "/configs"])


@requirement("rules.assignments")
def test_assignments_expand_macros_and_know_short_names(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/a.xml", flat_profile())
    lease = boot_to_lease(
        history,
        handset,
        GPP_B="4711",
        GPP_C="to be emptied",
        Profile_Rule='( User_ID_1_ = "uid$B" ; GPP_C = "" ; d = "$B" ; )! /a.xml',
        Profile_Rule_B="/$UID1-$C-$D.xml",
    )
    asked = fetched(history, handset, lease, 2)
    history.check("what was assigned", seen=asked[1], due="/uid4711--4711.xml")


@requirement("rules.assignments")
def test_an_alternative_may_assign_without_fetching(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(
        history, handset, Profile_Rule='(GPP_A = "assigned")!', Profile_Rule_B="/$A.xml"
    )
    asked = fetched(history, handset, lease, 1)
    history.check("the first file", seen=asked, due=["/assigned.xml"])


def _held(
    conditions: tuple[str, str, str, str],
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> list[str]:
    """Boot with one condition a rule; where it holds the phone asks for /yes, else for /no."""
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/yes", flat_profile())
    tftp.serve("/no", flat_profile())
    rules = {
        name: f"({condition})? /yes | /no"
        for name, condition in zip(RULES, conditions, strict=True)
    }
    lease = boot_to_lease(history, handset, GPP_A="Provisioned", **rules)
    return fetched(history, handset, lease, 4)
