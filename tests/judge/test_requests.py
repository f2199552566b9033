"""What was on the wire, in the words of the reference."""

from __future__ import annotations

import pytest

from hil.history import events as ev
from hil.judge.names import Names
from hil.judge.requests import answer_of
from hil.judge.surroundings import Surroundings
from hil.reference.responses import Answer, HttpAnswer, NoAnswer, TftpAnswer

SECOND = 1_000_000_000


def ended(scheme: str, outcome: str, **fields) -> ev.TransferEnded:
    return ev.TransferEnded(
        scheme=scheme, path="/x", peer="", transfer=1, outcome=ev.Outcome(outcome), **fields
    )


@pytest.mark.parametrize(
    ("event", "answer"),
    [
        (ended("tftp", "complete", body=b"x"), TftpAnswer(b"x")),
        (ended("tftp", "not-found", status=1, detail="gone"), TftpAnswer(error=1, text="gone")),
        (ended("tftp", "error", status=2, detail="no"), TftpAnswer(error=2, text="no")),
        (ended("tftp", "timed-out"), NoAnswer("timed-out")),
        (ended("https", "aborted", detail="reset", status=200), NoAnswer("reset")),
        (ended("http", "complete", status=200, body=b"x"), HttpAnswer(200, b"x")),
        (
            ended("tftp", "complete", sent=9, size=9, sha256="ab" * 32),
            TftpAnswer(size=9, sha256="ab" * 32),
        ),
        (
            ended("https", "complete", status=200, sent=9, size=9, sha256="ab" * 32),
            HttpAnswer(200, size=9, sha256="ab" * 32),
        ),
        (ended("http", "not-found", status=404), HttpAnswer(404)),
        (ended("http", "error", status=0), HttpAnswer(0)),
        (
            ended(
                "http",
                "redirected",
                status=302,
                headers=(("Location", "/first"), ("location", "/second")),
            ),
            HttpAnswer(302, location="/first"),
        ),
        (
            ended("http", "complete", status=200, headers=(("Content-Encoding", "aes128gcm"),)),
            HttpAnswer(200, content_encoding="aes128gcm"),
        ),
    ],
)
def test_the_end_of_a_transfer_is_an_answer(event: ev.TransferEnded, answer: Answer) -> None:
    assert answer_of(event) == answer


# --- names


def query(at: int, name: str = "prov.example") -> ev.DnsQuery:
    return ev.DnsQuery(name=name, qtype="A", peer="", at=at)


def told(
    at: int, *answers: str, name: str = "prov.example", rcode: str = "NOERROR"
) -> ev.DnsAnswer:
    return ev.DnsAnswer(name=name, qtype="A", rcode=rcode, answers=answers, at=at)


def names(*events: ev.Event) -> Names:
    known = Names()
    for event in events:
        known.feed(event)
    return known


def test_a_name_is_known_once_it_was_told_and_until_it_is_asked_again() -> None:
    asked, answered = query(0, "PROV.example."), told(1, "alias.example", "192.0.2.7")
    assert names(asked).address_of("prov.example") == ""
    assert names(asked, answered).address_of("Prov.Example") == "192.0.2.7"
    assert names(asked, answered, query(9)).address_of("prov.example") == ""
    assert names().address_of("192.0.2.9") == "192.0.2.9"


def test_power_takes_what_a_phone_remembers() -> None:
    off = ev.PowerSwitched(outlet="1", action=ev.PowerAction.OFF)
    assert names(query(0), told(1, "192.0.2.7"), off).address_of("prov.example") == ""


@pytest.mark.parametrize(
    ("events", "failed"),
    [
        ((query(10 * SECOND), told(10 * SECOND, "192.0.2.7")), False),
        ((query(10 * SECOND),), True),
        ((query(10 * SECOND), told(10 * SECOND, rcode="NXDOMAIN")), True),
        ((query(10 * SECOND), told(13 * SECOND, "192.0.2.7")), True),
        ((query(10 * SECOND), query(13 * SECOND), told(13 * SECOND, "192.0.2.7")), True),
        ((query(10 * SECOND, "other.example"),), False),
    ],
)
def test_a_look_up_fails_without_an_answer_and_with_a_bad_or_late_one(
    events: tuple[ev.Event, ...], failed: bool
) -> None:
    assert names(*events).failed_since("prov.example", 5 * SECOND) is failed
    assert not names(*events).failed_since("prov.example", 20 * SECOND)


# --- what can be seen


def ack(**options: bytes) -> ev.DhcpMessage:
    codes = {"dns": 6, "lease": 51, "server": 54}
    given = {codes[name]: value for name, value in options.items()}
    return ev.DhcpMessage(
        direction=ev.Direction.SENT, kind="ACK", mac="", xid=1, options=given, at=SECOND
    )


LAB, OTHER = b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x09"


def test_the_lab_is_where_its_dhcp_server_is() -> None:
    lab = Surroundings.of(ack(server=LAB))
    assert lab.sees_request("http", "192.0.2.1", 80)
    assert not lab.sees_request("http", "192.0.2.1", 8080)
    assert not lab.sees_request("https", "192.0.2.1", 80)
    assert not lab.sees_request("tftp", "192.0.2.9", 69)
    assert lab.sees_message("192.0.2.1", 514)
    assert not lab.sees_message("192.0.2.1", 515)
    assert not lab.sees_message("", 514)


def test_a_lab_that_does_not_say_where_it_is_is_taken_to_see_everything() -> None:
    assert Surroundings.of(ack()).sees_request("tftp", "192.0.2.9", 69)


@pytest.mark.parametrize(
    ("dns", "answers"),
    [(LAB, True), (LAB + OTHER, True), (OTHER + LAB, False), (OTHER, False), (b"", False)],
)
def test_names_are_sure_to_be_asked_of_the_lab_only_if_dhcp_named_it_first(
    dns: bytes, answers: bool
) -> None:
    assert Surroundings.of(ack(server=LAB, dns=dns)).answers_names is answers


@pytest.mark.parametrize(
    ("lease", "ends"),
    [(b"\x00\x00\x00\x3c", 61 * SECOND), (b"\xff\xff\xff\xff", None), (b"", None)],
)
def test_a_lease_ends_after_its_time(lease: bytes, ends: int | None) -> None:
    assert Surroundings.of(ack(lease=lease)).lease_ends == ends
