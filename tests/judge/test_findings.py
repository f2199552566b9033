"""A finding says which clause was broken, what was due, what came, and by how much."""

from __future__ import annotations

import json

from hil.history.events import Cause
from hil.judge.findings import Finding, Ledger

LATE = Finding(
    "resync.periodic",
    "the periodic resync began outside its window",
    "the periodic resync between 610.000 s and 610.000 s of lab time",
    "TftpRequest(path='/x')\nDnsQuery(name='y')",
    "12.000 s late",
    622_000_000_000,
)


def test_it_reads_as_clause_due_seen_and_margin() -> None:
    assert str(LATE).splitlines() == [
        "[resync.periodic] the periodic resync began outside its window",
        "  clause: After a successful resync the next one begins after Resync_Periodic: a number of "
        "seconds, a list taken element by element, or a range; zero disables it. "
        "(Configuration Profile Parameters, Resync Periodic)",
        "  due:  the periodic resync between 610.000 s and 610.000 s of lab time",
        "  seen: TftpRequest(path='/x')",
        "        DnsQuery(name='y')",
        "  margin: 12.000 s late",
    ]


def test_it_is_printed_without_what_it_does_not_have() -> None:
    text = str(Finding("not.in.the.catalogue", "wrong", "this", "that"))
    assert text.splitlines() == ["[not.in.the.catalogue] wrong", "  due:  this", "  seen: that"]


def test_as_json_it_has_seconds_and_its_source() -> None:
    told = json.loads(json.dumps(LATE.as_json()))
    assert told == {
        "requirement": "resync.periodic",
        "what": "the periodic resync began outside its window",
        "due": "the periodic resync between 610.000 s and 610.000 s of lab time",
        "seen": "TftpRequest(path='/x')\nDnsQuery(name='y')",
        "margin": "12.000 s late",
        "at": 622.0,
        "source": "monitor",
    }
    assert LATE.cause is Cause.DEVICE


def test_a_ledger_counts_what_held_and_keeps_what_did_not() -> None:
    ledger = Ledger()
    ledger.checked("rules.url")
    ledger.checked("rules.url")
    ledger.violated(LATE)
    assert ledger.checks == {"rules.url": 2}
    assert ledger.findings == [LATE]


def test_a_copy_of_a_ledger_goes_on_by_itself() -> None:
    ledger = Ledger()
    ledger.checked("rules.url")
    copy = ledger.copy()
    copy.checked("rules.url")
    copy.violated(LATE)
    assert (ledger.checks, ledger.findings) == ({"rules.url": 1}, [])
    assert (copy.checks, copy.findings) == ({"rules.url": 2}, [LATE])
