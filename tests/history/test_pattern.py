"""A test that asks for what cannot be is wrong itself, and the phone is not blamed for it."""

from __future__ import annotations

import ipaddress
import re
import typing
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import pytest

from hil.errors import UsageError
from hil.history import History
from hil.history import events as ev
from hil.history.pattern import Pattern

VERBS = ["all", "last", "expect", "expect_none", "wait"]
KINDS: tuple[type[ev.Event], ...] = typing.get_args(ev.AnyEvent)

OF_THE_LABORATORY = {
    # the run and the test
    ev.RunStarted,
    ev.RunEnded,
    ev.TestStarted,
    ev.TestEnded,
    ev.Conducted,
    ev.Verdict,
    ev.Checked,
    ev.Note,
    # what it is told to do, and does by itself
    ev.Configured,
    ev.FaultArmed,
    ev.HandsetPreparing,
    ev.HandsetPrepared,
    ev.Awaited,
    ev.RecoveryStep,
    ev.PowerRequested,
    ev.PowerSwitched,
    ev.PowerFailed,
    ev.WebRequested,
    ev.ConsoleFound,
    ev.ConsoleLost,
    ev.ConsoleSent,
    ev.LabFault,
    ev.WireDoubt,
    ev.WireUncounted,
}


def asked(history: History, verb: str, kind: Any, **fields: Any) -> None:
    window = {} if verb in ("all", "last") else {"within": 1.0}
    getattr(history, verb)(kind, **window, **fields)


def is_refused(history: History, verb: str, kind: Any, **fields: Any) -> str:
    """That it is the test's error, at once and without a check; what the error says."""
    with pytest.raises(UsageError) as error:
        asked(history, verb, kind, **fields)
    assert history.now() == 0, "no time passes"
    assert history.all(ev.Checked) == (), "nothing is held against the phone"
    return str(error.value)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "kind",
    [dict, object, "HttpRequest", None, ev.HttpRequest | ev.TftpRequest, ev.Outcome],
    ids=["dict", "object", "text", "none", "union", "enumeration"],
)
def test_what_is_looked_for_is_a_kind_of_event(history: History, verb: str, kind: Any) -> None:
    assert "is no kind of event" in is_refused(history, verb, kind)


@pytest.mark.parametrize("verb", VERBS)
def test_a_value_that_the_field_cannot_have_is_an_error(history: History, verb: str) -> None:
    said = is_refused(history, verb, ev.HttpRequest, path=3)
    assert said.startswith("HttpRequest.path can never be 3 (str; ")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (ev.HttpRequest, "path", b"/p"),
        (ev.HttpRequest, "path", None),
        (ev.HttpRequest, "path", Path("/p")),
        (ev.HttpRequest, "path", re.compile(b"/p")),
        (ev.HttpRequest, "path", lambda path: path == "/p"),
        (ev.HttpRequest, "peer", ipaddress.ip_address("192.0.2.7")),
        (ev.HttpRequest, "port", "80"),
        (ev.HttpRequest, "port", re.compile("80")),
        (ev.HttpRequest, "body", "text"),
        (ev.HttpRequest, "body", re.compile("text")),
        (ev.HttpRequest, "headers", {"host": "a"}),
        (ev.HttpRequest, "headers", [("host", "a")]),
        (ev.HttpRequest, "headers", (("content-length", 7),)),
        (ev.HttpRequest, "headers", (("host", "a", "b"),)),
        (ev.DhcpMessage, "direction", "recieved"),
        (ev.DhcpMessage, "direction", ev.Outcome.COMPLETE),
        (ev.DhcpMessage, "options", {66: "192.0.2.1"}),
        (ev.DhcpMessage, "options", {"66": b"192.0.2.1"}),
        (ev.TransferEnded, "outcome", "completed"),
        (ev.SyslogMessage, "severity", "info"),
        (ev.LinkChanged, "up", "yes"),
        (ev.LinkChanged, "up", 2),
        (ev.LinkChanged, "up", re.compile("True")),
        (ev.SipMessage, "handset", 1),
        (ev.RecoveryStep, "took", "long"),
    ],
)
def test_types_that_never_match(
    history: History, kind: type[ev.Event], field: str, value: object
) -> None:
    said = is_refused(history, "wait", kind, **{field: value})
    assert said.startswith(f"{kind.__name__}.{field} can never be ")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (ev.HttpRequest, "path", re.compile("^/p")),
        (ev.HttpRequest, "path", mock.ANY),
        (ev.HttpRequest, "port", HTTPStatus.OK),
        (ev.HttpRequest, "headers", ()),
        (ev.HttpRequest, "headers", (("host", "a"), ("accept", "*/*"))),
        (ev.HttpRequest, "body", bytearray(b"x")),
        (ev.DhcpMessage, "direction", "received"),
        (ev.DhcpMessage, "direction", ev.Direction.SENT),
        (ev.DhcpMessage, "direction", re.compile("sent|received")),
        (ev.DhcpMessage, "options", {66: b"192.0.2.1"}),
        (ev.SyslogMessage, "severity", None),
        (ev.SyslogMessage, "severity", 6),
        (ev.HandsetPrepared, "standby", None),
        (ev.HandsetPrepared, "standby", re.compile("sip")),
        (ev.LinkChanged, "up", True),
        (ev.RecoveryStep, "took", 3),
        (ev.RecoveryStep, "took", pytest.approx(3.0)),
        (ev.RunStarted, "identity", {"mac": "00:0e:08:aa:bb:cc", "https": True}),
    ],
)
def test_types_that_may_match(kind: type[ev.Event], field: str, value: object) -> None:
    Pattern.of(kind, {field: value})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_an_event_says_by_default_can_be_asked_for(kind: type[ev.Event]) -> None:
    for field in msgspec.structs.fields(kind):
        if field.default is not msgspec.NODEFAULT:
            Pattern.of(kind, {field.name: field.default})


def test_of_an_enumeration_it_is_said_what_there_is(history: History) -> None:
    said = is_refused(history, "expect", ev.DhcpMessage, direction="recieved")
    assert "one of 'received', 'sent'" in said


@pytest.mark.parametrize("verb", VERBS)
def test_a_predicate_is_a_function(history: History, verb: str) -> None:
    assert "a function" in is_refused(history, verb, ev.HttpRequest, where="/p")


@pytest.mark.parametrize("verb", ["expect", "expect_none"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_phone_is_not_held_to_what_the_laboratory_does(
    history: History, verb: str, kind: type[ev.Event]
) -> None:
    if kind in OF_THE_LABORATORY:
        assert "no check of the handset can rest on it" in is_refused(history, verb, kind)
    else:
        Pattern.of_handset(kind, {})


@pytest.mark.parametrize("verb", ["expect", "expect_none"])
@pytest.mark.parametrize("kind", [ev.Event, ev.LabEvent])
def test_the_phone_is_not_held_to_anything_at_all(
    history: History, verb: str, kind: type[ev.Event]
) -> None:
    assert "no check of the handset can rest on it" in is_refused(history, verb, kind)


def test_what_the_laboratory_does_can_be_awaited_and_looked_at(history: History) -> None:
    start = history.mark()
    placed = history.append(ev.PowerSwitched(outlet="3", action=ev.PowerAction.ON))
    assert history.wait(ev.PowerSwitched, within=1, after=start) == placed
    assert history.all(ev.Event) == history.all(ev.LabEvent) == (placed,)
