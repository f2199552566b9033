"""Deviations change one decision and nothing beside it, and several of them add up."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from hil.errors import UsageError
from hil.reference.identity import Identity
from hil.reference.interpretations import DEFAULT
from hil.reference.log_messages import LogKind
from hil.reference.macros import MacroContext, MacroTable
from hil.reference.parameters import Parameters
from hil.reference.provisioning_source import choose
from hil.reference.rules import Fetch, Outcome
from hil.virtual.defects import DEFECTS, firmware_with
from hil.virtual.deviations import following, judging, reading_templates
from hil.virtual.firmware import REFERENCE_FIRMWARE, Firmware

IDENTITY = Identity("000e08aabbcc")


def table(firmware: Firmware, **parameters: str) -> MacroTable:
    context = MacroContext(servip="192.0.2.1", serv="pbx.example")
    return firmware.decisions.macro_table(IDENTITY, Parameters(parameters), context, DEFAULT)


def resolved(firmware: Firmware, rule: str | None, **parameters: str) -> Outcome:
    chosen = parameters if rule is None else {**parameters, "Profile_Rule": rule}
    source = choose({66: b"192.0.2.1"})
    known = table(firmware, **chosen)
    return firmware.decisions.resolve_rule("Profile_Rule", known, source, DEFAULT)


def path(firmware: Firmware, rule: str | None, **parameters: str) -> str:
    outcome = resolved(firmware, rule, **parameters)
    assert isinstance(outcome, Fetch)
    return outcome.path


def test_every_defect_differs_from_the_reference() -> None:
    for defect in DEFECTS.values():
        assert defect.apply(REFERENCE_FIRMWARE) != REFERENCE_FIRMWARE, defect.name


def changed(firmware: Firmware) -> set[str]:
    pairs = (
        (firmware, REFERENCE_FIRMWARE),
        (firmware.decisions, REFERENCE_FIRMWARE.decisions),
        (firmware.sip, REFERENCE_FIRMWARE.sip),
        (firmware.sip.decisions, REFERENCE_FIRMWARE.sip.decisions),
    )
    return {
        f"{type(own).__name__}.{field.name}"
        for own, reference in pairs
        for field in fields(own)
        if getattr(own, field.name) != getattr(reference, field.name)
    }


def test_all_defects_at_once_leave_none_of_their_changes_out() -> None:
    together = changed(firmware_with(DEFECTS))
    for defect in DEFECTS.values():
        assert changed(defect.apply(REFERENCE_FIRMWARE)) <= together, defect.name


def test_an_unknown_defect_is_refused() -> None:
    with pytest.raises(UsageError, match="no defect is called 'perfect'"):
        firmware_with(["perfect"])


def test_defects_of_one_decision_add_up() -> None:
    both = firmware_with(["query-dropped", "last-alternative"])
    assert path(both, '("a" eq "a")? /1?x | /2?x') == "/2"
    assert path(firmware_with(["query-dropped"]), '("a" eq "a")? /1?x | /2?x') == "/1"


def test_defects_of_several_macros_add_up() -> None:
    both = table(firmware_with(["mac-upper-case", "sn-is-mac"]))
    assert both.expand("$MAC $SN $PN") == "00:0E:08:AA:BB:CC 000e08aabbcc CP-7832-3PCC"


def test_a_deviant_macro_table_keeps_its_ways_when_it_is_copied() -> None:
    deviant = table(firmware_with(["servip-is-host"]))
    moved = replace(deviant, context=MacroContext(servip="192.0.2.7", serv="other.example"))
    assert moved.expand("$SERVIP") == "other.example"


def test_a_rule_that_a_deviation_leaves_alone_stays_unset() -> None:
    firmware = following(lambda rule, known: rule.replace("no such", ""))(REFERENCE_FIRMWARE)
    url = b"http://192.0.2.1/from-dhcp.xml"
    known = table(firmware)
    outcome = firmware.decisions.resolve_rule("Profile_Rule", known, choose({66: url}), DEFAULT)
    assert isinstance(outcome, Fetch)
    assert outcome.path == "/from-dhcp.xml"


def test_a_condition_that_is_none_is_left_to_the_specification() -> None:
    firmware = judging(lambda written: written)(REFERENCE_FIRMWARE)
    rule = "(no condition)? /1 | /2"
    assert resolved(firmware, rule) == resolved(REFERENCE_FIRMWARE, rule)
    assert path(firmware, '("$A" eq "x")? /1 | /2', GPP_A="x") == "/1"


def test_templates_are_read_alike_in_rules_and_in_log_messages() -> None:
    firmware = reading_templates(lambda text: text.replace("$A", "$B"))(REFERENCE_FIRMWARE)
    values = {"GPP_A": "a", "GPP_B": "b", "Log_Request_Msg": "$A", "Syslog_Server": "192.0.2.1"}
    known = table(firmware, **values)
    message = firmware.decisions.compose_log(LogKind.REQUEST, known, "")
    assert message is not None
    assert message.text == "b"
    assert path(firmware, "/$A.xml", **values) == "/b.xml"


def test_a_firmware_is_not_changed_by_its_defects() -> None:
    firmware_with(["port-ignored"])
    outcome = resolved(REFERENCE_FIRMWARE, "http://192.0.2.1:8080/a.xml")
    assert isinstance(outcome, Fetch)
    assert outcome.port == 8080
