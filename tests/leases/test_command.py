"""``hil leases``: what it shows, what it puts right, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hil.cli import main
from hil.leases.record import Quarantine
from hil.leases.store import LeaseStore

MAC = "00:0e:08:00:00:01"
INVENTORY = """
name: lab
kind: rack
state: state
network: {interface: lo, attach: plain, subnet: 192.0.2.0/24}
pdus:
  - {name: pdu1, driver: snmp, model: apc-rpdu, host: 127.0.0.1}
handsets:
  - {name: a01, mac: "00:0e:08:00:00:01", serial: S1, power: {pdu: pdu1, outlet: 1}}
  - {name: a02, mac: "00:0e:08:00:00:02", serial: S2, power: {pdu: pdu1, outlet: 2}}
"""


@pytest.fixture
def leases(tmp_path: Path) -> Callable[..., Result]:
    """Calls ``hil leases`` with the inventory whose state directory is that of ``store``."""
    (tmp_path / "lab.yaml").write_text(INVENTORY)

    def call(*arguments: str, testbed: bool = True) -> Result:
        where = ["--testbed", str(tmp_path / "lab.yaml")] if testbed else []
        return CliRunner().invoke(main, ["leases", *arguments, *where])

    return call


def states(told: Result) -> dict[str, str]:
    rows: list[dict[str, Any]] = json.loads(told.stdout)
    return {row["handset"]: row["state"] for row in rows}


def test_a_handset_is_taken_shown_and_given_back(leases: Callable[..., Result]) -> None:
    assert states(leases("list", "--json")) == {"a01": "free", "a02": "free"}
    assert leases("take", "a01", "--for", "30m").exit_code == 0
    assert states(leases("list", "--json")) == {"a01": "held", "a02": "free"}
    assert "by hand" in leases("list").stdout
    refused = leases("take", "a01")
    assert (refused.exit_code, "somebody else has" in refused.stderr) == (3, True)
    assert leases("release", "a01").exit_code == 0
    assert states(leases("list", "--json")) == {"a01": "free", "a02": "free"}
    assert "nobody has a01" in leases("release", "a01").stdout


def test_a_handset_of_a_living_run_is_released_by_force_alone(
    leases: Callable[..., Result], another: Callable[..., subprocess.Popen[bytes]]
) -> None:
    another("off")
    refused = leases("release", "a01")
    assert (refused.exit_code, "not yours to release" in refused.stderr) == (3, True)
    forced = leases("release", "--force", "a01")
    assert (forced.exit_code, "a01 may be without power" in forced.stderr) == (0, True)
    assert states(leases("list", "--json"))["a01"] == "free"


def test_a_long_reason_is_one_line_with_the_evidence_and_whole_in_the_json(
    leases: Callable[..., Result], store: LeaseStore
) -> None:
    reason = "the phone does not come up\n" + "    DhcpMessage(kind='OFFER')\n" * 40
    store.quarantine(
        Quarantine(
            handset="a01",
            mac=MAC,
            testbed="lab",
            reason=reason,
            since=time.time(),
            by="x",
            evidence="/runs/3",
        )
    )
    (row, _) = json.loads(leases("list", "--json").stdout)
    assert row["reason"] == reason
    (line, _) = leases("list").stdout.splitlines()
    assert "the phone does not come up DhcpMessage" in line
    assert "\N{REPLACEMENT CHARACTER}" not in line
    assert line.endswith("…; evidence: /runs/3")
    assert len(line) < 230


def test_quarantine_is_shown_with_its_reason_and_ended(
    leases: Callable[..., Result], store: LeaseStore
) -> None:
    store.quarantine(
        Quarantine(
            handset="a01",
            mac=MAC,
            testbed="lab",
            reason="no link\x1b[31m",
            since=time.time(),
            by="x",
            evidence="/runs/3",
        )
    )
    (row, _) = json.loads(leases("list", "--json").stdout)
    assert (row["state"], row["evidence"]) == ("quarantine", "/runs/3")
    shown = leases("list").stdout
    assert "no link" in shown
    assert "\x1b" not in shown
    assert leases("take", "a01").exit_code == 3
    assert "out of quarantine" in leases("release", "--quarantine", "a01").stdout
    assert leases("take", "a01").exit_code == 0


def test_reap_reclaims_the_lease_of_a_dead_run(
    leases: Callable[..., Result],
    store: LeaseStore,
    another: Callable[..., subprocess.Popen[bytes]],
) -> None:
    holder = another()
    assert json.loads(leases("reap", "--json").stdout) == []
    holder.kill()
    holder.wait()
    assert states(leases("list", "--json"))["a01"] == "reclaimable"
    told = leases("reap", "--json", "--state", str(store.state), testbed=False)
    assert (told.exit_code, json.loads(told.stdout)[0]["reaped"]) == (0, True)
    assert store.standing(MAC).lease is None


def test_without_an_inventory_nobody_reaps_a_handset_that_may_be_dark(
    leases: Callable[..., Result],
    store: LeaseStore,
    another: Callable[..., subprocess.Popen[bytes]],
) -> None:
    holder = another("off")
    holder.kill()
    holder.wait()
    told = leases("reap", "--state", str(store.state), testbed=False)
    assert (told.exit_code, "give --testbed" in told.stdout) == (3, True)
    lease = store.standing(MAC).lease
    assert lease is not None
    assert lease.power_off_since is not None
    assert "without power" in leases("list").stdout


@pytest.mark.parametrize(
    "arguments", [("take", "a99"), ("take", "a01", "--for", "ever"), ("take", "a01", "--for", "0s")]
)
def test_what_cannot_be_is_a_usage_error(
    leases: Callable[..., Result], arguments: tuple[str, ...]
) -> None:
    assert leases(*arguments).exit_code == 2


def test_a_name_is_enough_where_the_directory_knows_it(
    leases: Callable[..., Result], store: LeaseStore
) -> None:
    leases("take", "a01")
    state = ("--state", str(store.state))
    assert leases("release", "a07", *state, testbed=False).exit_code == 2
    assert leases("release", "a01", *state, testbed=False).exit_code == 0
    assert leases("release", MAC, *state, testbed=False).exit_code == 0
