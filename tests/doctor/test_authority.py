"""The doctor says how long the authority of a rack lasts, in time for another one to be installed."""

from __future__ import annotations

import contextlib
import datetime
import time
from pathlib import Path

import pytest
from authorities import DAY, NOW, Made

from hil.clock import WallClock
from hil.doctor.examination import examine
from hil.doctor.findings import Finding, State
from hil.doctor.rack import AUTHORITY_DAYS, checks
from hil.leases.store import LeaseStore
from hil.testbed.inventory import load

INVENTORY = """\
name: desk
kind: rack
network: {interface: eth0}
pdus:
  - {name: pdu1, driver: snmp, model: apc-rpdu, host: 127.0.0.1}
handsets:
  - {name: a01, mac: 00:0e:08:aa:bb:cc, serial: A1, power: {pdu: pdu1, outlet: 1}}
"""
LINE = "authority: {certificate: ca.pem, key: {file: ca.key}}\n"


def looked(directory: Path, made: Made) -> Finding:
    (directory / "ca.pem").write_bytes(made.certificate())
    (directory / "ca.key").write_bytes(made.secret())
    (directory / "ca.key").chmod(0o600)
    (directory / "desk.yaml").write_text(INVENTORY + LINE)
    testbed = load(directory / "desk.yaml")
    store = LeaseStore(directory / "state", time.time)
    with contextlib.closing(WallClock()) as clock:
        every = checks(testbed, testbed.handsets, store, clock)
        (finding,) = examine([check for check in every if check.name == "authority"])
    return finding


def test_it_tells_by_what_the_authority_is_recognised_and_when_it_ends(tmp_path: Path) -> None:
    finding = looked(tmp_path, Made(ends=NOW + 400 * DAY))
    assert (finding.state, finding.concerns) == (State.OK, str(tmp_path / "ca.pem"))
    assert finding.what.startswith("an authority, valid until 2")
    assert "in 399 days; SHA-256 " in finding.what


@pytest.mark.parametrize(("days", "state"), [(-1, State.TROUBLE), (+1, State.OK)])
def test_one_that_ends_soon_is_trouble_before_runs_are_refused(tmp_path, days, state) -> None:
    hour = datetime.timedelta(hours=1)
    finding = looked(tmp_path, Made(ends=NOW + (AUTHORITY_DAYS + days) * DAY + hour))
    assert finding.state is state
    if state is State.TROUBLE:
        assert finding.what == "the authority that the phones trust ends soon"
        assert f"in {AUTHORITY_DAYS - 1} days" in finding.evidence
        assert "hil testbed authority" in finding.next_step
