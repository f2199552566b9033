"""``hil recover``: what it refuses, what it would do, and what it does on a rack."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from hil.recovery.ladder import LADDER

HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")
RACK = """\
name: lab
kind: rack
state: state
network: {interface: eth1, attach: macvlan, subnet: 192.0.2.0/24}
pdus:
  - {name: sw1, driver: poe, host: 127.0.0.1}
  - {name: cli, driver: ssh, model: cisco-ios, host: 127.0.0.1, user: u, password: x, host_key: KEY}
  - {name: pdu1, driver: snmp, model: apc-rpdu, host: 127.0.0.1}
handsets:
  - {name: a01, mac: "00:0e:08:00:01:01", serial: A1, power: {pdu: sw1, outlet: Gi1/0/7}}
  - {name: a02, mac: "00:0e:08:00:01:02", serial: A2, power: {pdu: cli, outlet: Gi1/0/8}}
  - name: a03
    mac: "00:0e:08:00:01:03"
    serial: A3
    power: {pdu: pdu1, outlet: 3}
    capabilities: {factory_reset: console}
    console: {url: "socket://127.0.0.1:1", factory_reset: reset factory}
"""


@pytest.fixture
def rack(tmp_path: Path) -> Path:
    file = tmp_path / "rack.yaml"
    file.write_text(RACK.replace("KEY", f"SHA256:{'x' * 43}"))
    return file


def recover(rack, *words):
    command = [*HIL, "recover", *words, "--testbed", str(rack)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def applying(rack, handset, *words):
    done = recover(rack, handset, "--dry-run", "--json", *words)
    assert done.returncode == 0, done.stderr
    return [row["rung"] for row in json.loads(done.stdout) if row["applies"]]


def test_which_rungs_there_are_follows_from_the_inventory(rack):
    talking = ["sip-reboot", "web-reboot"]
    assert applying(rack, "a01") == [*talking, "poe"]
    assert applying(rack, "a02") == [*talking, "poe"]
    assert applying(rack, "a03") == [*talking, "pdu", "factory-reset"]
    assert applying(rack, "a03", "--from", "pdu") == ["pdu", "factory-reset"]


def test_a_dry_run_touches_nothing_and_says_why_a_rung_is_none(rack):
    done = recover(rack, "a01", "--dry-run")

    assert [line.split()[0] for line in done.stdout.splitlines()] == [rung.name for rung in LADDER]
    assert "no PDU's outlet feeds it" in done.stdout
    assert not (rack.parent / "state").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("b99",), "no handset is called 'b99'"),
        (("a01", "--from", "bribery"), "no rung is called 'bribery'"),
        (("a01", "--from", "factory-reset"), "there is no rung for a01"),
        (("a01", "--budget", "0"), "--budget"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(rack, words, why):
    done = recover(rack, *words)

    assert done.returncode == 2
    assert why in done.stderr
    assert not (rack.parent / "state").exists()


def test_a_virtual_testbed_has_nothing_to_recover(rack):
    virtual = Path(__file__).parents[2] / "testbeds" / "virtual.yaml"
    done = recover(virtual, "v1")

    assert done.returncode == 2
    assert "as from the factory" in done.stderr


@pytest.mark.parametrize(("typed", "done"), [("\n", True), ("s\n", False), ("", False)])
def test_a_person_at_the_terminal_says_whether_it_is_done(typed, done):
    keyboard, terminal = pty.openpty()
    said = (
        "from hil.commands.recover import _person; person = _person();"
        "print(person.does('press it', 1.0))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", said],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    )
    os.close(terminal)
    with process:
        os.write(keyboard, typed.encode())
        assert process.communicate(timeout=30)[0].strip() == str(done)
        assert b"Please press it." in os.read(keyboard, 4096)
    os.close(keyboard)


def test_without_a_terminal_there_is_no_person():
    said = "from hil.commands.recover import _person; print(_person())"
    answer = subprocess.run(
        [sys.executable, "-c", said], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=30, check=True,
    )  # fmt: skip
    assert answer.stdout.strip() == "None"
