"""What is left of a scenario where not everything can be done, and how long it takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import hypothesis
from authorities import Made
from hypothesis import given

from hil.explore.scenario import Call, Fixture, Profile, Scenario
from hil.explore.scope import EVERYTHING, Scope, scope_of
from hil.explore.steps import scenarios
from hil.suite_location import suite_root
from hil.testbed.inventory import load

INVENTORY = """\
name: rack
kind: rack
network: {interface: none0, attach: plain, subnet: 192.0.2.0/24}
pdus:
  - {name: pdu1, driver: snmp, model: apc-rpdu, host: 198.51.100.5, outlets: 8, write_community: x}
handsets:
  - {name: a01, mac: "00:0e:08:11:22:33", serial: FCH12345678, power: {pdu: pdu1, outlet: 3}}
"""

RACK = Scope(watched_s=60, screen=False, loads=False, trust=False, doors=False)


def slept(scenario: Scenario) -> float:
    waits = [each for each in scenario.after if (each.on, each.does) == ("history", "sleep")]
    return sum(float(each.args[0]) for each in waits)  # type: ignore[arg-type]


@hypothesis.settings(max_examples=200, deadline=None, database=None)
@given(scenarios())
def test_nothing_is_left_that_a_rack_cannot_hold(scenario: Scenario) -> None:
    fitted = RACK.fitted(scenario)
    text = repr(fitted)
    assert slept(fitted) <= 60.01
    for absent in ("'screen'", "'https'", "https://", "'serve_load'", "Enable_Web_Server"):
        assert absent not in text
    for absent in ("Upgrade_Rule", "Admin_Password", "Provision_Enable", "Resync_At__HHmm_"):
        assert absent not in text
    assert fitted.chance == scenario.chance


@hypothesis.settings(max_examples=50, deadline=None, database=None)
@given(scenarios())
def test_where_everything_can_be_done_a_scenario_stays_as_it_is(scenario: Scenario) -> None:
    assert EVERYTHING.fitted(scenario) == scenario


def test_delays_of_hours_become_seconds_in_parameters_and_in_profiles() -> None:
    profile = Profile((("Resync_Periodic", "3600"), ("GPP_A", "3600")))
    fitted = RACK.fitted(
        Scenario(
            (Call("tftp", "serve", ("/a.xml", profile)),),
            (("Resync_Error_Retry_Delay", "30,90+60"), ("Resync_Trigger_1", "$PRVTMR ge 700")),
            (Call("history", "sleep", (0.3,)), Call("history", "sleep", (4000,))),
        )
    )
    assert dict(fitted.parameters) == {
        "Resync_Random_Delay": "0",
        "Resync_Error_Retry_Delay": "10,20+10",
        "Resync_Trigger_1": "$PRVTMR ge 20",
    }
    (served,) = fitted.before
    assert served.args[1] == Profile((("Resync_Periodic", "20"), ("GPP_A", "3600")))
    assert [each.args for each in fitted.after] == [(0.3,), (59.7,)]


def test_a_firmware_that_allows_no_short_timers_is_given_longer_ones() -> None:
    slow = replace(RACK, least_timer_s=30)
    given = Scenario((), (("Resync_Periodic", "40+5,60,0"),), ())
    assert dict(slow.fitted(given).parameters)["Resync_Periodic"] == "30+30,30,0"


def test_a_page_is_not_submitted_for_nothing() -> None:
    empty = Call("web", "submit", (), (("Admin_Password", "pw"),))
    half = Call("web", "submit", (), (("Admin_Password", "pw"), ("GPP_A", "a")))
    fitted = RACK.fitted(Scenario((), (), (empty, half)))
    assert [each.named for each in fitted.after] == [(("GPP_A", "a"),)]


def test_loads_are_kept_where_the_phone_is_declared_to_install_them() -> None:
    load_call = Call("", "serve_load", (Fixture("http"), "sip7832.11-3-2MPP0001-610", 3000))
    scenario = Scenario((load_call,), (), ())
    assert RACK.fitted(scenario).before == ()
    assert replace(RACK, loads=True).fitted(scenario).before == (load_call,)
    assert not any("upgrades" in each for each in replace(RACK, loads=True).left_out)


def test_what_is_left_out_is_said_and_on_the_virtual_testbed_nothing_is(tmp_path: Path) -> None:
    virtual = load(suite_root() / "testbeds" / "virtual.yaml")
    assert scope_of(virtual, virtual.handset()) == EVERYTHING
    assert EVERYTHING.left_out == ()
    (tmp_path / "rack.yaml").write_text(INVENTORY, encoding="utf-8")
    rack = load(tmp_path / "rack.yaml")
    scope = scope_of(rack, rack.handset(), 120)
    assert scope.watched_s == 120
    assert "whatever takes longer than 120 s" in scope.left_out
    assert len(scope.left_out) == 6


def test_https_is_kept_where_the_phone_is_said_to_trust_the_authority(tmp_path: Path) -> None:
    made = Made()
    (tmp_path / "ca.pem").write_bytes(made.certificate())
    (tmp_path / "ca.key").write_bytes(made.secret())
    (tmp_path / "ca.key").chmod(0o600)
    said = INVENTORY.replace("serial: ", "capabilities: {https: yes}, serial: ")
    authority = "authority: {certificate: ca.pem, key: {file: ca.key}}\n"
    scopes = []
    for text in (INVENTORY, INVENTORY + authority, said + authority):
        (tmp_path / "rack.yaml").write_text(text, encoding="utf-8")
        rack = load(tmp_path / "rack.yaml")
        scopes.append(scope_of(rack, rack.handset(), 120))
    assert [scope.trust for scope in scopes] == [False, False, True]
    assert any("its entry does not say https: yes" in each for each in scopes[1].left_out)
