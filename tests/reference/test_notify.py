"""SIP NOTIFY: which are challenged, which are done, which are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.reference.interpretations import Interpretations
from hil.reference.notify import (
    Accept,
    Challenge,
    NotifyAction,
    Refuse,
    decide,
    read_event,
)
from hil.reference.parameters import Parameters

KNOWN = ["resync", "check-sync", "reboot_now", "restart_now", "report"]


def decided(event, *, authenticated=False, line=1, readings=None, **values):
    names = {
        name.replace("Auth_Resync_Reboot", "Auth_Resync-Reboot"): v for name, v in values.items()
    }
    reading = Interpretations(**(readings or {}))
    return decide(event, Parameters(names), line, authenticated, reading)


@pytest.mark.parametrize("event", KNOWN)
def test_by_default_the_sender_is_challenged_and_then_obeyed(event):
    assert decided(event) == Challenge()
    assert decided(event, authenticated=True) == Accept(NotifyAction(event))


@pytest.mark.parametrize("event", KNOWN)
def test_with_auth_resync_reboot_no_nobody_is_challenged(event):
    assert decided(event, Auth_Resync_Reboot_1_="No") == Accept(NotifyAction(event))
    assert decided(event, line=2, Auth_Resync_Reboot_1_="No") == Challenge()


def test_resync_from_sip_no_refuses_what_resyncs_and_nothing_else():
    for event in ("resync", "resync;profile=/x.xml", "check-sync"):
        assert decided(event, authenticated=True, Resync_From_SIP="No") == Refuse(403)
    for event in ("reboot_now", "restart_now", "report"):
        accepted = Accept(NotifyAction(event))
        assert decided(event, authenticated=True, Resync_From_SIP="No") == accepted


@pytest.mark.parametrize("event", ["", "talk", "resync2", "message-summary", "prt-gen"])
def test_an_unknown_event_is_a_bad_event(event):
    assert decided(event, authenticated=True) == Refuse(489)


@pytest.mark.parametrize(("reading", "status"), [("489", 489), ("403", 403), ("200", 200)])
def test_another_reading_refuses_everything_alike(reading, status):
    readings = {"notify_refusal": reading}
    assert decided("talk", authenticated=True, readings=readings) == Refuse(status)
    refused = decided("resync", authenticated=True, readings=readings, Resync_From_SIP="No")
    assert refused == Refuse(status)


def test_whether_the_event_is_looked_at_before_the_challenge_is_a_reading():
    assert decided("talk") == Challenge()
    assert decided("resync", Resync_From_SIP="No") == Challenge()
    readings = {"notify_challenge": "event-first"}
    assert decided("talk", readings=readings) == Refuse(489)
    assert decided("resync", readings=readings, Resync_From_SIP="No") == Refuse(403)
    assert decided("resync", readings=readings) == Challenge()


def test_check_sync_is_no_event_where_that_is_the_reading():
    unsupported = {"check_sync": "unsupported"}
    assert decided("check-sync", authenticated=True, readings=unsupported) == Refuse(489)


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        ("resync;profile=http://10.77.10.141/profile.xml", "http://10.77.10.141/profile.xml"),
        ("Resync ; Profile = tftp://192.0.2.1/a;b.xml?x=1", "tftp://192.0.2.1/a;b.xml?x=1"),
        ('resync;profile="[--key k] /x.xml"', "[--key k] /x.xml"),
        ("resync;id=7;profile=/x.xml", "/x.xml"),
        ("resync;profile=", ""),
        ("resync", ""),
        ("RESYNC", ""),
    ],
)
def test_a_resync_may_name_a_rule(event, rule):
    assert read_event(event) == (NotifyAction.RESYNC, rule)


def test_a_rule_belongs_to_resync_alone_and_has_an_end():
    assert read_event("reboot_now;profile=/x") == (NotifyAction.REBOOT, "")
    assert read_event("resync;profile=/" + "x" * 2048) == (None, "")


@given(st.text(), st.booleans())
def test_any_event_has_an_outcome(event, authenticated):
    assert isinstance(decided(event, authenticated=authenticated), Accept | Refuse | Challenge)
